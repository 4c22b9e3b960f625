/* usage.c - the sums of what runs have used, a row for each tenant, day and worker's code. */
#include "internal.h"

#define SECONDS_PER_DAY UINT64_C(86400)

/* 63 bits are enough for honest numbers; an executor that was taken over may have said others. */
#define SUM_MAX "9000000000000000000"
#define ADD(column)                                                                                          \
    column " = CASE WHEN " column " > " SUM_MAX " - excluded." column " THEN " SUM_MAX " ELSE " column       \
           " + excluded." column " END"
/* Rows are never deleted, so the greatest number is the newest. */
#define CHANGED_NEWEST "(SELECT coalesce(max(changed), 0) FROM usage)"
#define TOTAL(column) "CAST(TOTAL(" column ") AS INTEGER)"

static int read_mark(struct mf_store *store, struct mf_store_usage_mark *ret_mark)
{
    struct sql sql;

    mf__sql_prepare(&sql, store->db, "SELECT segment, offset FROM usage_mark");
    if (mf__sql_step(&sql)) {
        ret_mark->segment = mf__sql_column_u64(&sql, 0);
        ret_mark->offset = mf__sql_column_u64(&sql, 1);
        (void)mf__sql_step(&sql);
    }
    return mf__sql_end(&sql);
}

int mf_store_usage_mark(struct mf_store *store, struct mf_store_usage_mark *ret_mark)
{
    struct mf_store_usage_mark mark = {0};
    int rc = mf__store_begin(store);

    if (rc < 0) {
        return rc;
    }
    rc = mf__store_end(store, read_mark(store, &mark));
    if (rc == 0) {
        *ret_mark = mark;
    }
    return rc;
}

static uint64_t bounded(uint64_t number)
{
    return number > INT64_MAX / 2 ? INT64_MAX / 2 : number;
}

static int add_rows(struct mf_store *store, const struct mf_store_usage *rows, size_t count)
{
    struct sql sql;

    mf__sql_prepare(&sql, store->db,
                    "INSERT INTO usage (tenant, day, worker, hash, runs, cpu_ns, wall_ns, host_wait_ns,"
                    " memory_peak_bytes, bytes_in, bytes_out, subrequests, calls, storage_byte_s, changed)"
                    " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, " CHANGED_NEWEST " + 1)"
                    " ON CONFLICT (tenant, day, worker, hash) DO UPDATE SET changed = excluded.changed, " ADD("runs") ", " ADD(
                        "cpu_ns") ", " ADD("wall_ns") ", " ADD("host_wait_ns") ","
                                                                               " memory_peak_bytes = "
                                                                               "max(memory_peak_bytes, "
                                                                               "excluded.memory_peak_bytes),"
                                                                               " " ADD("bytes_in") ", " ADD("bytes_out") ", " ADD(
                                                                                   "subrequests") ", " ADD("c"
                                                                                                           "a"
                                                                                                           "l"
                                                                                                           "l"
                                                                                                           "s") ", " ADD("storage_byte_"
                                                                                                                         "s"));
    for (size_t i = 0; i < count && sql.error == 0; i++) {
        const struct mf_store_usage *row = &rows[i];
        const uint64_t numbers[] = {
            row->runs,     row->cpu_ns,    row->wall_ns,     row->host_wait_ns, row->memory_peak_bytes,
            row->bytes_in, row->bytes_out, row->subrequests, row->calls,        row->storage_byte_s};
        mf__sql_bind_text(&sql, row->tenant);
        mf__sql_bind_u64(&sql, bounded(row->day));
        mf__sql_bind_text(&sql, row->worker);
        mf__sql_bind_text(&sql, row->hash);
        for (size_t number = 0; number < MF_COUNT_OF(numbers); number++) {
            mf__sql_bind_u64(&sql, bounded(numbers[number]));
        }
        (void)mf__sql_step(&sql);
        mf__sql_rewind(&sql);
    }
    return mf__sql_end(&sql);
}

static int move_mark(struct mf_store *store,
                     const struct mf_store_usage_mark *from,
                     const struct mf_store_usage_mark *to)
{
    struct sql sql;
    int rc;

    mf__sql_prepare(&sql, store->db,
                    "UPDATE usage_mark SET segment = ?, offset = ? WHERE segment = ? AND offset = ?");
    mf__sql_bind_u64(&sql, to->segment);
    mf__sql_bind_u64(&sql, to->offset);
    mf__sql_bind_u64(&sql, from->segment);
    mf__sql_bind_u64(&sql, from->offset);
    (void)mf__sql_step(&sql);
    rc = mf__sql_end(&sql);
    return rc == 0 && sqlite3_changes(store->db) != 1 ? MF_E_INVALID : rc;
}

int mf_store_usage_add(struct mf_store *store,
                       const struct mf_store_usage *rows,
                       size_t count,
                       const struct mf_store_usage_mark *from,
                       const struct mf_store_usage_mark *to)
{
    int rc = mf__store_begin(store);

    if (rc < 0) {
        return rc;
    }
    rc = move_mark(store, from, to);
    if (rc == 0) {
        rc = add_rows(store, rows, count);
    }
    return mf__store_end(store, rc);
}

/* ---- what is stored ------------------------------------------------------------------------------------- */

static int read_until(struct mf_store *store, uint64_t *ret_until_s)
{
    struct sql sql;

    mf__sql_prepare(&sql, store->db, "SELECT until_s FROM usage_storage");
    if (mf__sql_step(&sql)) {
        *ret_until_s = mf__sql_column_u64(&sql, 0);
        (void)mf__sql_step(&sql);
    }
    return mf__sql_end(&sql);
}

static int write_until(struct mf_store *store, uint64_t until_s)
{
    struct sql sql;

    mf__sql_prepare(&sql, store->db, "UPDATE usage_storage SET until_s = ?");
    mf__sql_bind_u64(&sql, bounded(until_s));
    (void)mf__sql_step(&sql);
    return mf__sql_end(&sql);
}

/* From |begin_s| to |end_s|, which are of one day. */
static int add_storage(struct mf_store *store, uint64_t begin_s, uint64_t end_s)
{
    struct sql sql;

    mf__sql_prepare(&sql, store->db,
                    "INSERT INTO usage (tenant, day, worker, hash, runs, cpu_ns, wall_ns, host_wait_ns,"
                    " memory_peak_bytes, bytes_in, bytes_out, subrequests, calls, storage_byte_s, changed)"
                    " SELECT tenant, ?1, '', '', 0, 0, 0, 0, 0, 0, 0, 0, 0, sum(bytes) * ?2,"
                    " " CHANGED_NEWEST " + row_number() OVER (ORDER BY tenant) FROM"
                    " (SELECT tenant, bytes FROM worker_bytes UNION ALL"
                    "  SELECT w.tenant, i.size FROM workspaces w JOIN inodes i ON i.id = w.root)"
                    " GROUP BY tenant HAVING sum(bytes) > 0"
                    " ON CONFLICT (tenant, day, worker, hash) DO UPDATE SET changed = excluded.changed,"
                    " " ADD("storage_byte_s"));
    mf__sql_bind_u64(&sql, begin_s / SECONDS_PER_DAY);
    mf__sql_bind_u64(&sql, end_s - begin_s);
    (void)mf__sql_step(&sql);
    return mf__sql_end(&sql);
}

int mf_store_usage_storage(struct mf_store *store, uint64_t now_s)
{
    uint64_t until_s = 0;
    int rc = mf__store_begin(store);

    if (rc < 0) {
        return rc;
    }
    rc = read_until(store, &until_s);
    if (rc == 0 && until_s < now_s) {
        uint64_t begin_s =
            now_s - until_s > MF_USAGE_STORAGE_STEP_S ? now_s - MF_USAGE_STORAGE_STEP_S : until_s;
        uint64_t midnight_s = now_s / SECONDS_PER_DAY * SECONDS_PER_DAY;
        begin_s = until_s == 0 ? now_s : begin_s; /* The first look of all. */
        if (begin_s < midnight_s) {
            rc = add_storage(store, begin_s, midnight_s);
            begin_s = midnight_s;
        }
        rc = rc < 0 || begin_s == now_s ? rc : add_storage(store, begin_s, now_s);
    }
    if (rc == 0 && until_s != now_s) { /* A clock that was set back begins anew. */
        rc = write_until(store, now_s);
    }
    return mf__store_end(store, rc);
}

/* ---- sums ---------------------------------------------------------------------------------------------- */

static void bind_query(struct sql *sql, const struct mf_store_usage_query *query)
{
    const struct mf_store_usage first = {0};
    const struct mf_store_usage *after = query->after != NULL ? query->after : &first;

    mf__sql_bind_u64(sql, query->by_tenant);
    mf__sql_bind_u64(sql, query->by_day);
    mf__sql_bind_u64(sql, query->by_worker);
    mf__sql_bind_u64(sql, query->tenant.data == NULL);
    mf__sql_bind_text(sql, query->tenant.data == NULL ? mf_slice_of_cstr("") : query->tenant);
    mf__sql_bind_u64(sql, bounded(query->day_first));
    mf__sql_bind_u64(sql, bounded(query->day_last));
    mf__sql_bind_u64(sql, query->after == NULL);
    mf__sql_bind_text(sql, after->tenant.data == NULL ? mf_slice_of_cstr("") : after->tenant);
    mf__sql_bind_u64(sql, bounded(after->day));
    mf__sql_bind_text(sql, after->worker.data == NULL ? mf_slice_of_cstr("") : after->worker);
    mf__sql_bind_u64(sql, query->count_max);
}

int mf_store_usage_each(struct mf_store *store,
                        const struct mf_store_usage_query *query,
                        int (*on_row)(void *user, const struct mf_store_usage *row),
                        void *user)
{
    struct sql sql;
    int rc = mf__store_begin(store);

    if (rc < 0) {
        return rc;
    }
    mf__sql_prepare(
        &sql, store->db,
        "SELECT CASE ?1 WHEN 0 THEN '' ELSE tenant END AS t, CASE ?2 WHEN 0 THEN 0 ELSE day END AS d,"
        " CASE ?3 WHEN 0 THEN '' ELSE worker END AS w, " TOTAL(
            "runs") ","
                    " " TOTAL("CASE worker WHEN '' THEN runs ELSE 1 END") ", " TOTAL("cpu_ns") ", " TOTAL(
                        "wall_ns") ","
                                   " " TOTAL("host_wait_ns") ", MAX(memory_peak_bytes), " TOTAL("bytes_in") ", " TOTAL(
                                       "bytes_out") ","
                                                    " " TOTAL("subrequests") ", " TOTAL("calls") ", " TOTAL(
                                                        "storage_byte_s") " FROM usage"
                                                                          " WHERE (?4 OR tenant = ?5) AND "
                                                                          "day BETWEEN "
                                                                          "?6 AND ?7"
                                                                          " GROUP BY t, d, w HAVING ?8 OR "
                                                                          "(t, d, w) > "
                                                                          "(?9, ?10, ?11) ORDER BY t, d, w "
                                                                          "LIMIT ?12");
    bind_query(&sql, query);
    while (rc == 0 && mf__sql_step(&sql)) {
        struct mf_store_usage row = {.tenant = mf__sql_column(&sql, 0),
                                     .day = mf__sql_column_u64(&sql, 1),
                                     .worker = mf__sql_column(&sql, 2),
                                     .runs = mf__sql_column_u64(&sql, 3),
                                     .uniques = mf__sql_column_u64(&sql, 4),
                                     .cpu_ns = mf__sql_column_u64(&sql, 5),
                                     .wall_ns = mf__sql_column_u64(&sql, 6),
                                     .host_wait_ns = mf__sql_column_u64(&sql, 7),
                                     .memory_peak_bytes = mf__sql_column_u64(&sql, 8),
                                     .bytes_in = mf__sql_column_u64(&sql, 9),
                                     .bytes_out = mf__sql_column_u64(&sql, 10),
                                     .subrequests = mf__sql_column_u64(&sql, 11),
                                     .calls = mf__sql_column_u64(&sql, 12),
                                     .storage_byte_s = mf__sql_column_u64(&sql, 13)};
        rc = on_row(user, &row);
    }
    int error = mf__sql_end(&sql);
    return mf__store_end(store, rc < 0 ? rc : error);
}

/* ---- what has changed ------------------------------------------------------------------------------------ */

static int read_push(struct mf_store *store, struct mf_store_usage_push *ret_push)
{
    struct sql sql;

    mf__sql_prepare(&sql, store->db, "SELECT store, cursor FROM usage_push");
    if (mf__sql_step(&sql)) {
        struct mf_slice id = mf__sql_column(&sql, 0);
        size_t size = id.size < sizeof ret_push->id ? id.size : sizeof ret_push->id - 1;
        memcpy(ret_push->id, id.data, size);
        ret_push->id[size] = '\0';
        ret_push->cursor = mf__sql_column_u64(&sql, 1);
        (void)mf__sql_step(&sql);
    }
    return mf__sql_end(&sql);
}

static int read_changed(struct mf_store *store,
                        uint64_t cursor,
                        size_t count_max,
                        int (*on_row)(void *user, const struct mf_store_usage *row),
                        void *user)
{
    struct sql sql;
    int rc = 0;

    mf__sql_prepare(&sql, store->db,
                    "SELECT changed, tenant, day, worker, hash, runs, cpu_ns, wall_ns, host_wait_ns,"
                    " memory_peak_bytes, bytes_in, bytes_out, subrequests, calls, storage_byte_s"
                    " FROM usage WHERE changed > ? ORDER BY changed LIMIT ?");
    mf__sql_bind_u64(&sql, cursor);
    mf__sql_bind_u64(&sql, count_max);
    while (rc == 0 && mf__sql_step(&sql)) {
        struct mf_store_usage row = {.changed = mf__sql_column_u64(&sql, 0),
                                     .tenant = mf__sql_column(&sql, 1),
                                     .day = mf__sql_column_u64(&sql, 2),
                                     .worker = mf__sql_column(&sql, 3),
                                     .hash = mf__sql_column(&sql, 4),
                                     .runs = mf__sql_column_u64(&sql, 5),
                                     .cpu_ns = mf__sql_column_u64(&sql, 6),
                                     .wall_ns = mf__sql_column_u64(&sql, 7),
                                     .host_wait_ns = mf__sql_column_u64(&sql, 8),
                                     .memory_peak_bytes = mf__sql_column_u64(&sql, 9),
                                     .bytes_in = mf__sql_column_u64(&sql, 10),
                                     .bytes_out = mf__sql_column_u64(&sql, 11),
                                     .subrequests = mf__sql_column_u64(&sql, 12),
                                     .calls = mf__sql_column_u64(&sql, 13),
                                     .storage_byte_s = mf__sql_column_u64(&sql, 14)};
        row.uniques = row.worker.size == 0 ? row.runs : 1;
        rc = on_row(user, &row);
    }
    int error = mf__sql_end(&sql);
    return rc < 0 ? rc : error;
}

int mf_store_usage_changed(struct mf_store *store,
                           size_t count_max,
                           struct mf_store_usage_push *ret_push,
                           int (*on_row)(void *user, const struct mf_store_usage *row),
                           void *user)
{
    int rc = mf__store_begin(store);

    if (rc < 0) {
        return rc;
    }
    *ret_push = (struct mf_store_usage_push){.cursor = 0};
    rc = read_push(store, ret_push);
    if (rc == 0) {
        rc = read_changed(store, ret_push->cursor, count_max, on_row, user);
    }
    return mf__store_end(store, rc);
}

int mf_store_usage_pushed(struct mf_store *store, uint64_t cursor)
{
    struct sql sql;
    int rc = mf__store_begin(store);

    if (rc < 0) {
        return rc;
    }
    mf__sql_prepare(&sql, store->db, "UPDATE usage_push SET cursor = max(cursor, ?)");
    mf__sql_bind_u64(&sql, bounded(cursor));
    (void)mf__sql_step(&sql);
    return mf__store_end(store, mf__sql_end(&sql));
}
