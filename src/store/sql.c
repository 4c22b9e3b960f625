/* sql.c - statements in a straight line: the first error stays, everything after it does nothing, the end reports it. */
#include <stdio.h>

#include "internal.h"

int mf__store_refuse(char *ret_why, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    (void)vsnprintf(ret_why, MF_STORE_WHY_BYTES_MAX, format, args);
    va_end(args);
    return MF_E_STORE_FILE;
}

int mf__sql_error(sqlite3 *db, int code, const char *doing)
{
    switch (code & 0xff) {
    case SQLITE_OK:
    case SQLITE_ROW:
    case SQLITE_DONE:
        return 0;
    case SQLITE_FULL:
        return MF_E_STORE_FULL;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return MF_E_AGAIN;
    case SQLITE_NOMEM:
        return MF_E_NO_MEMORY;
    case SQLITE_TOOBIG:
        return MF_E_TOO_LARGE;
    default:
        /* SQLite's own sentence may quote what was bound only in constraints, and ours are on names. */
        mf_log(MF_LOG_ERROR, MF_E_STORE, NULL, "store: %s: %s (%d)", doing, sqlite3_errmsg(db),
               sqlite3_extended_errcode(db));
        return MF_E_STORE;
    }
}

int mf__sql_run(sqlite3 *db, const char *sql)
{
    return mf__sql_error(db, sqlite3_exec(db, sql, NULL, NULL, NULL), "statement");
}

static void keep(struct sql *sql, int code, const char *doing)
{
    if (code != SQLITE_OK) {
        sql->error = mf__sql_error(sql->db, code, doing);
    }
}

void mf__sql_prepare(struct sql *sql, sqlite3 *db, const char *text)
{
    *sql = (struct sql){.db = db};
    keep(sql, sqlite3_prepare_v2(db, text, -1, &sql->statement, NULL), "prepare");
}

static struct store_kept *kept_of(struct mf_store *store, const char *text)
{
    for (size_t i = 0; i < store->kept_count; i++) {
        if (store->kept[i].text == text) {
            return &store->kept[i];
        }
    }
    MF_ASSERT(store->kept_count < STORE_KEPT_MAX); /* Literals of ours. */
    store->kept[store->kept_count].text = text;
    return &store->kept[store->kept_count++];
}

void mf__sql_reuse(struct sql *sql, struct mf_store *store, const char *text)
{
    struct store_kept *kept = kept_of(store, text);

    if (kept->is_busy) { /* A callback of its own rows asks again. */
        mf__sql_prepare(sql, store->db, text);
        return;
    }
    *sql = (struct sql){.db = store->db, .statement = kept->statement};
    if (kept->statement == NULL) {
        keep(sql, sqlite3_prepare_v3(store->db, text, -1, SQLITE_PREPARE_PERSISTENT, &kept->statement, NULL),
             "prepare");
        sql->statement = kept->statement;
    }
    if (sql->statement != NULL) {
        kept->is_busy = true;
        sql->kept = kept;
    }
}

int mf__sql_do(struct mf_store *store, const char *text)
{
    struct sql sql;

    mf__sql_reuse(&sql, store, text);
    (void)mf__sql_step(&sql);
    return mf__sql_end(&sql);
}

void mf__sql_drop_kept(struct mf_store *store)
{
    for (size_t i = 0; i < store->kept_count; i++) {
        MF_ASSERT(!store->kept[i].is_busy);
        (void)sqlite3_finalize(store->kept[i].statement);
    }
    store->kept_count = 0;
}

void mf__sql_bind_text(struct sql *sql, struct mf_slice text)
{
    if (sql->error == 0) {
        /* A NULL pointer would bind NULL, and "" is a text. */
        const char *data = text.size == 0 ? "" : (const char *)text.data;
        keep(sql,
             sqlite3_bind_text64(sql->statement, ++sql->bound, data, text.size, SQLITE_STATIC, SQLITE_UTF8),
             "bind");
    }
}

void mf__sql_bind_blob(struct sql *sql, struct mf_slice bytes)
{
    if (sql->error == 0) {
        const void *data = bytes.size == 0 ? (const void *)"" : bytes.data;
        keep(sql, sqlite3_bind_blob64(sql->statement, ++sql->bound, data, bytes.size, SQLITE_STATIC), "bind");
    }
}

void mf__sql_bind_u64(struct sql *sql, uint64_t number)
{
    MF_ASSERT(number <= INT64_MAX); /* Versions and milliseconds. */
    if (sql->error == 0) {
        keep(sql, sqlite3_bind_int64(sql->statement, ++sql->bound, (sqlite3_int64)number), "bind");
    }
}

void mf__sql_bind_null(struct sql *sql)
{
    if (sql->error == 0) {
        keep(sql, sqlite3_bind_null(sql->statement, ++sql->bound), "bind");
    }
}

bool mf__sql_step(struct sql *sql)
{
    int code;

    if (sql->error < 0) {
        return false;
    }
    code = sqlite3_step(sql->statement);
    if (code != SQLITE_ROW && code != SQLITE_DONE) {
        keep(sql, code, "step");
    }
    return code == SQLITE_ROW;
}

struct mf_slice mf__sql_column(struct sql *sql, int index)
{
    const void *data = sqlite3_column_blob(sql->statement, index);

    return mf_slice_of(data, (size_t)sqlite3_column_bytes(sql->statement, index));
}

uint64_t mf__sql_column_u64(struct sql *sql, int index)
{
    sqlite3_int64 number = sqlite3_column_int64(sql->statement, index);

    return number < 0 ? 0 : (uint64_t)number;
}

void mf__sql_rewind(struct sql *sql)
{
    if (sql->error == 0) {
        (void)sqlite3_reset(sql->statement); /* It repeats the error of the step, which is kept already. */
        sql->bound = 0;
    }
}

int mf__sql_end(struct sql *sql)
{
    if (sql->kept != NULL) {
        (void)sqlite3_reset(sql->statement); /* Likewise. */
        (void)sqlite3_clear_bindings(sql->statement);
        sql->kept->is_busy = false;
        sql->kept = NULL;
    } else {
        (void)sqlite3_finalize(sql->statement); /* Likewise. */
    }
    sql->statement = NULL;
    return sql->error;
}

int mf__sql_numbers(struct mf_store *store,
                    const char *text,
                    const uint64_t *numbers,
                    size_t count,
                    uint64_t *ret_number)
{
    struct sql sql;
    int rows = 0;

    mf__sql_reuse(&sql, store, text);
    for (size_t i = 0; i < count; i++) {
        mf__sql_bind_u64(&sql, numbers[i]);
    }
    if (mf__sql_step(&sql)) {
        rows = 1;
        if (ret_number != NULL) {
            *ret_number = mf__sql_column_u64(&sql, 0);
        }
    }
    int rc = mf__sql_end(&sql);
    return rc < 0 ? rc : rows;
}

int mf__store_users(struct mf_store *store,
                    const char *text,
                    struct mf_slice tenant,
                    struct mf_slice name,
                    int in_use,
                    struct mf_buf *ret_users)
{
    struct sql sql;
    int rc = 0;

    mf__sql_prepare(&sql, store->db, text);
    mf__sql_bind_text(&sql, tenant);
    mf__sql_bind_text(&sql, name);
    while (mf__sql_step(&sql)) {
        rc = in_use;
        /* As many names as fit; the refusal stands with fewer. */
        if (mf_buf_append_slice(ret_users, mf__sql_column(&sql, 0)) == 0) {
            mf_ignore(mf_buf_append(ret_users, "", 1));
        }
    }
    int error = mf__sql_end(&sql);
    return error < 0 ? error : rc;
}

int mf__store_begin(struct mf_store *store)
{
    return mf_store_fs_begin(store, MF_STORE_FS_WRITE);
}

int mf__store_end(struct mf_store *store, int error)
{
    return mf_store_fs_end(store, error);
}
