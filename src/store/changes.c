/* changes.c - what was changed in a workspace, in order, for those who keep a copy of it. */
#include "internal.h"

int mf_store_change_new(struct mf_store *store, uint64_t workspace, const struct mf_store_change *row)
{
    struct sql sql;

    mf__sql_reuse(&sql, store,
                  "INSERT INTO workspace_changes (workspace, draft, revision, number, kind, path, source)"
                  " VALUES (?, ?, ?, ?, ?, ?, ?)");
    mf__sql_bind_u64(&sql, workspace);
    mf__sql_bind_u64(&sql, row->draft);
    mf__sql_bind_u64(&sql, row->revision);
    mf__sql_bind_u64(&sql, row->number);
    mf__sql_bind_u64(&sql, (uint64_t)row->kind);
    mf__sql_bind_text(&sql, row->path);
    if (row->kind == MF_CHANGE_RENAME) {
        mf__sql_bind_text(&sql, row->from);
    } else {
        mf__sql_bind_null(&sql);
    }
    (void)mf__sql_step(&sql);
    return mf__sql_end(&sql);
}

int mf_store_changes_last(struct mf_store *store, uint64_t workspace, uint64_t draft, uint64_t *ret_number)
{
    uint64_t numbers[] = {workspace, draft};
    int rc;

    *ret_number = 0;
    /* Not max(number), which looks at each of them: a draft has one revision, so the last one in order is it. */
    rc = mf__sql_numbers(store,
                         "SELECT number FROM workspace_changes WHERE workspace = ? AND draft = ?"
                         " ORDER BY revision DESC, number DESC LIMIT 1",
                         numbers, MF_COUNT_OF(numbers), ret_number);
    return rc < 0 ? rc : 0;
}

int mf_store_changes_publish(struct mf_store *store, uint64_t workspace, uint64_t draft, uint64_t revision)
{
    uint64_t numbers[] = {revision, workspace, draft};
    int rc = mf__sql_numbers(
        store, "UPDATE workspace_changes SET draft = 0, revision = ? WHERE workspace = ? AND draft = ?",
        numbers, MF_COUNT_OF(numbers), NULL);
    return rc < 0 ? rc : 0;
}

int mf_store_changes_trim(struct mf_store *store, struct mf_store_workspace *row)
{
    uint64_t look[] = {row->id, row->changes / 2};
    uint64_t last = 0;
    int rc = mf__sql_numbers(store,
                             "SELECT revision FROM workspace_changes WHERE workspace = ? AND draft = 0"
                             " ORDER BY revision, number LIMIT 1 OFFSET ?",
                             look, MF_COUNT_OF(look), &last);
    if (rc <= 0) {
        return rc;
    }
    uint64_t cut[] = {row->id, last};
    rc = mf__sql_numbers(store,
                         "DELETE FROM workspace_changes WHERE workspace = ? AND draft = 0 AND revision <= ?",
                         cut, MF_COUNT_OF(cut), NULL);
    if (rc < 0) {
        return rc;
    }
    row->changes -= (uint64_t)sqlite3_changes(store->db);
    row->changes_since = last;
    return 0;
}

int mf_store_changes_each(struct mf_store *store,
                          uint64_t workspace,
                          uint64_t revision,
                          uint64_t number,
                          size_t count,
                          int (*on_row)(void *user, const struct mf_store_change *row),
                          void *user)
{
    struct sql sql;
    int rc = 0;

    mf__sql_reuse(&sql, store,
                  "SELECT revision, number, kind, path, source FROM workspace_changes"
                  " WHERE workspace = ? AND draft = 0 AND (revision, number) > (?, ?)"
                  " ORDER BY revision, number LIMIT ?");
    mf__sql_bind_u64(&sql, workspace);
    mf__sql_bind_u64(&sql, revision);
    mf__sql_bind_u64(&sql, number);
    mf__sql_bind_u64(&sql, count);
    while (rc == 0 && mf__sql_step(&sql)) {
        struct mf_store_change row = {.revision = mf__sql_column_u64(&sql, 0),
                                      .number = mf__sql_column_u64(&sql, 1),
                                      .kind = (enum mf_change_kind)mf__sql_column_u64(&sql, 2),
                                      .path = mf__sql_column(&sql, 3),
                                      .from = mf__sql_column(&sql, 4)};
        rc = on_row(user, &row);
    }
    int error = mf__sql_end(&sql);
    return rc < 0 ? rc : error;
}
