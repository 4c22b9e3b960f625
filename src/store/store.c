/* store.c - opening and closing. In order: the directory, its lock, the file's header, a new file if there is none, the
 * connection, the file's integrity, its schema. Nothing is written to a file before all checks before it went well. */
#include <unistd.h>

#include "internal.h"

static int configure(sqlite3 *db)
{
    int rc;

    (void)sqlite3_busy_timeout(db, MF_STORE_BUSY_MS_MAX);
    (void)sqlite3_limit(db, SQLITE_LIMIT_LENGTH, MF_STORE_VALUE_BYTES_MAX);
    (void)sqlite3_limit(db, SQLITE_LIMIT_ATTACHED, 0);
    (void)sqlite3_extended_result_codes(db, 1);
    (void)sqlite3_db_config(db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    (void)sqlite3_db_config(db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
    (void)sqlite3_db_config(db, SQLITE_DBCONFIG_DQS_DML, 0, NULL);
    (void)sqlite3_db_config(db, SQLITE_DBCONFIG_DQS_DDL, 0, NULL);
    rc = sqlite3_db_config(db, SQLITE_DBCONFIG_ENABLE_FKEY, 1, NULL);
    if (rc != SQLITE_OK) {
        return mf__sql_error(db, rc, "foreign keys");
    }
    /* secure_delete: what was deleted or replaced leaves no copy in free pages. */
    return mf__sql_run(db,
                       "PRAGMA synchronous = FULL; PRAGMA secure_delete = ON; PRAGMA cell_size_check = ON;"
                       "PRAGMA temp_store = MEMORY; PRAGMA cache_size = -8192");
}

static int open_db(const char *path, int more_flags, sqlite3 **ret_db, char *ret_why)
{
    int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_NOFOLLOW | more_flags;
    sqlite3 *db = NULL;
    int code = sqlite3_open_v2(path, &db, flags, NULL);

    if (code != SQLITE_OK || configure(db) < 0) {
        int rc = mf__store_refuse(ret_why, "%s cannot be opened: %s", path,
                                  db == NULL ? "no memory" : sqlite3_errmsg(db));
        (void)sqlite3_close(db);
        return rc;
    }
    *ret_db = db;
    return 0;
}

/* The whole schema in a file of another name, which then takes its place: a start that is cut off leaves no half one. */
static int make_fresh(const struct store_paths *paths, const char *dir, char *ret_why)
{
    sqlite3 *db = NULL;
    int rc = mf__store_begin_fresh(paths->fresh, ret_why);

    if (rc == 0) {
        rc = open_db(paths->fresh, 0, &db, ret_why);
    }
    if (rc < 0) {
        return rc;
    }
    char *sql = sqlite3_mprintf("PRAGMA application_id = %d", STORE_APPLICATION_ID);
    if (sql == NULL || mf__sql_run(db, sql) < 0) {
        rc = mf__store_refuse(ret_why, "%s cannot be written: %s", paths->fresh, sqlite3_errmsg(db));
    }
    sqlite3_free(sql);
    if (rc == 0) {
        rc = mf__store_migrate(db, paths->fresh, ret_why);
    }
    if (sqlite3_close(db) != SQLITE_OK && rc == 0) {
        rc = mf__store_refuse(ret_why, "%s cannot be closed", paths->fresh);
    }
    return rc < 0 ? rc : mf__store_publish(paths, dir, ret_why);
}

/* "ok" from integrity_check, and no row from foreign_key_check. */
static int check_integrity(sqlite3 *db, const char *path, char *ret_why)
{
    static const char *const checks[] = {"PRAGMA integrity_check(1)", "PRAGMA foreign_key_check"};

    for (size_t i = 0; i < MF_COUNT_OF(checks); i++) {
        struct sql sql;
        bool is_good = true;
        mf__sql_prepare(&sql, db, checks[i]);
        while (is_good && mf__sql_step(&sql)) {
            is_good = i == 0 && mf_slice_equal_cstr(mf__sql_column(&sql, 0), "ok");
        }
        if (mf__sql_end(&sql) < 0 || !is_good) {
            return mf__store_refuse(ret_why, "%s is damaged; it was left as it is: restore it from a copy",
                                    path);
        }
    }
    return 0;
}

static int begin_wal(sqlite3 *db, const char *path, char *ret_why)
{
    struct sql sql;
    bool is_wal = false;

    mf__sql_prepare(&sql, db, "PRAGMA journal_mode = WAL");
    if (mf__sql_step(&sql)) {
        is_wal = mf_slice_equal_cstr(mf__sql_column(&sql, 0), "wal");
    }
    if (mf__sql_end(&sql) < 0 || !is_wal) {
        return mf__store_refuse(ret_why, "%s: no write-ahead log there (a network file system?): %s", path,
                                sqlite3_errmsg(db));
    }
    return 0;
}

static int open_checked(const struct store_paths *paths, const char *dir, sqlite3 **ret_db, char *ret_why)
{
    sqlite3 *db = NULL;
    int rc = mf__store_probe(paths, ret_why);

    if (rc == 0) {
        rc = make_fresh(paths, dir, ret_why);
    }
    if (rc >= 0) {
        rc = open_db(paths->db, 0, &db, ret_why);
    }
    if (rc < 0) {
        return rc;
    }
    /* Should a check fail, closing must not move a log into the damaged file. */
    (void)sqlite3_db_config(db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
    rc = check_integrity(db, paths->db, ret_why);
    if (rc == 0) {
        rc = mf__store_migrate(db, paths->db, ret_why);
    }
    if (rc == 0) {
        rc = begin_wal(db, paths->db, ret_why);
    }
    if (rc < 0) {
        (void)sqlite3_close(db);
        return rc;
    }
    (void)sqlite3_db_config(db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 0, NULL);
    *ret_db = db;
    return 0;
}

int mf_store_open(const char *dir, MF_OWN struct mf_store **ret_store, char *ret_why)
{
    struct store_paths paths;
    struct mf_store *store;
    sqlite3 *db = NULL;
    int lock_fd = -1;
    int rc = mf__store_paths(dir, &paths, ret_why);

    if (rc == 0) {
        rc = mf__store_make_dir(dir, ret_why);
    }
    if (rc == 0) {
        rc = mf__store_lock(&paths, &lock_fd, ret_why);
    }
    if (rc < 0) {
        return rc;
    }
    rc = open_checked(&paths, dir, &db, ret_why);
    if (rc < 0) {
        (void)close(lock_fd);
        return rc;
    }
    store = mf_new(sizeof *store);
    store->db = db;
    store->lock_fd = lock_fd;
    rc = uv_mutex_init(&store->lock);
    MF_ASSERT(rc == 0); /* Fails only without memory. */
    rc = uv_mutex_init(&store->pins_lock);
    MF_ASSERT(rc == 0); /* Likewise. */
    rc = mf_store_fs_recover(store);
    if (rc < 0) {
        rc = mf__store_refuse(ret_why, "%s: what the last run left under way cannot be cleared: %s", paths.db,
                              sqlite3_errmsg(db));
        mf_store_close(store);
        return rc;
    }
    *ret_store = store;
    return 0;
}

int mf_store_set_bytes_max(struct mf_store *store, uint64_t bytes_max)
{
    struct sql sql;
    uint64_t page = 0;
    char *text;
    int rc;

    uv_mutex_lock(&store->lock);
    mf__sql_prepare(&sql, store->db, "PRAGMA page_size");
    page = mf__sql_step(&sql) ? mf__sql_column_u64(&sql, 0) : 0;
    rc = mf__sql_end(&sql);
    if (rc == 0) {
        MF_ASSERT(page > 0);
        /* It takes no parameters. SQLite cannot count further than to 4,294,967,294 pages. */
        uint64_t pages = bytes_max / page < UINT32_MAX - 1 ? bytes_max / page : UINT32_MAX - 1;
        text = sqlite3_mprintf("PRAGMA max_page_count = %llu", (unsigned long long)pages);
        rc = text == NULL ? MF_E_NO_MEMORY : mf__sql_run(store->db, text);
        sqlite3_free(text);
    }
    uv_mutex_unlock(&store->lock);
    return rc;
}

void mf_store_close(MF_OWN struct mf_store *store)
{
    if (store == NULL) {
        return;
    }
    mf__sql_drop_kept(store);
    int code = sqlite3_close(store->db);
    MF_ASSERT(code == SQLITE_OK); /* A statement that nobody ended is a bug. */
    uv_mutex_destroy(&store->pins_lock);
    uv_mutex_destroy(&store->lock);
    (void)close(store->lock_fd);
    mf_free(store);
}

bool mf_store_name_is_valid(struct mf_slice name)
{
    if (name.size == 0 || name.size > MF_STORE_NAME_BYTES_MAX) {
        return false;
    }
    for (size_t i = 0; i < name.size; i++) {
        uint8_t c = name.data[i];
        bool is_alnum = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
        if (!is_alnum && (i == 0 || (c != '.' && c != '_' && c != '-'))) {
            return false;
        }
    }
    return true;
}
