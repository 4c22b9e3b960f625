/* round.c - the transactions of several jobs as one: what many of them change, such as a root and a workspace's row, goes into the log once,
 * and so does the commit. Each is a savepoint within it, so that one that fails takes back its own changes only. */
#include "internal.h"

static _Thread_local const struct mf_store *round_of;

bool mf__store_is_in_round(const struct mf_store *store)
{
    return round_of == store;
}

static void begin(struct mf_store *store)
{
    round_of = store;
    store->is_round_open = false;
    store->is_round_urgent = false;
    store->round_error = 0;
}

void mf__store_round_begin(struct mf_store *store)
{
    MF_ASSERT(round_of == NULL);
    uv_mutex_lock(&store->lock);
    begin(store);
}

bool mf__store_round_try(struct mf_store *store)
{
    MF_ASSERT(round_of == NULL);
    if (uv_mutex_trylock(&store->lock) != 0) {
        return false;
    }
    begin(store);
    (void)sqlite3_busy_timeout(store->db, 0);
    return true;
}

int mf__store_part_begin(struct mf_store *store, enum mf_store_fs_access access)
{
    int rc = store->round_error;

    if (rc == 0 && !store->is_round_open) {
        rc = mf__store_set_lazy(store, true);
        rc = rc < 0 ? rc : mf__sql_do(store, "BEGIN");
        store->is_round_open = rc == 0;
    }
    store->has_savepoint = rc == 0 && access != MF_STORE_FS_READ;
    if (store->has_savepoint) {
        store->is_round_urgent = store->is_round_urgent || access == MF_STORE_FS_WRITE;
        rc = mf__sql_do(store, "SAVEPOINT part");
    }
    return rc;
}

int mf__store_part_end(struct mf_store *store, int error)
{
    int rc = 0;

    if (sqlite3_get_autocommit(store->db) != 0) { /* No room, no memory: it has rolled back by itself. */
        store->is_round_open = false;
        store->round_error = error < 0 ? error : MF_E_STORE;
        return store->round_error;
    }
    if (store->has_savepoint) {
        rc = error < 0 ? mf__sql_do(store, "ROLLBACK TO part") : 0;
        rc = rc < 0 ? rc : mf__sql_do(store, "RELEASE part");
    }
    store->round_error = rc; /* What cannot be taken back must not be committed. */
    return error < 0 ? error : rc;
}

int mf__store_round_end(struct mf_store *store)
{
    int rc = store->round_error;
    bool is_urgent = store->is_round_urgent;

    if (store->is_round_open && rc == 0) {
        rc = mf__sql_do(store, "COMMIT");
    }
    if (rc < 0 && sqlite3_get_autocommit(store->db) == 0) {
        mf_ignore(
            mf__sql_run(store->db, "ROLLBACK")); /* It was logged; the first error is the one to tell. */
    }
    (void)sqlite3_busy_timeout(store->db, MF_STORE_BUSY_MS_MAX); /* Only another number: it costs nothing. */
    round_of = NULL;
    uv_mutex_unlock(&store->lock);
    return rc == 0 && is_urgent ? mf_store_sync(store) : rc;
}
