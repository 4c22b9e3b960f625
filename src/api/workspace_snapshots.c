/* workspace_snapshots.c - snapshots and forks of a workspace, and what was changed in it. */
#include "workspace_call.h"

#define BODY_BYTES_MAX 4096

static const char *const no_parameters[] = {NULL};

struct snapshots {
    struct mf__wscall call;
    struct mf_slice name; /* Of a new snapshot, or of the fork. */
    uint64_t bytes_max;
    uint64_t inodes_max;
    size_t count;
};

static struct snapshots *begin(struct mf_api *api, struct mf_exchange *exchange, bool has_snapshot)
{
    struct mf__wscall *call = mf__wscall_begin(api, exchange, sizeof(struct snapshots), no_parameters);
    int rc;

    if (call == NULL) {
        return NULL;
    }
    if (has_snapshot) {
        rc = mf_arena_copy(call->arena, mf__route_segment(exchange, 4), &call->ref.snapshot);
        if (rc < 0) {
            mf__wscall_refuse(call, rc);
            return NULL;
        }
    }
    return MF_CONTAINER_OF(call, struct snapshots, call);
}

static int write_snapshot(struct mf_buf *out, const struct mf_workspace_snapshot *row)
{
    int rc = mf_buf_append_cstr(out, "{\"name\":");

    rc = rc < 0 ? rc : mf_buf_append_json_string(out, row->name);
    rc = rc < 0 ? rc
                : mf_buf_printf(out, ",\"revision\":%llu,\"bytes\":%llu,\"inodes\":%llu,\"createdAt\":",
                                (unsigned long long)row->revision, (unsigned long long)row->bytes,
                                (unsigned long long)row->inodes);
    rc = rc < 0 ? rc : mf__json_append_time(out, row->created_ms);
    return rc < 0 ? rc : mf_buf_append_cstr(out, "}");
}

/* ---- list -------------------------------------------------------------------------------------------- */

static int list_row(void *user, const struct mf_workspace_snapshot *row)
{
    struct snapshots *list = user;
    int rc = list->count++ == 0 ? 0 : mf_buf_append_cstr(&list->call.body, ",");

    return rc < 0 ? rc : write_snapshot(&list->call.body, row);
}

static int list_work(struct mf__wscall *call, struct mf_store *store)
{
    int rc = mf_buf_append_cstr(&call->body, "{\"snapshots\":[");

    rc = rc < 0 ? rc
                : mf_workspace_snapshots(store, &call->ref, list_row,
                                         MF_CONTAINER_OF(call, struct snapshots, call));
    return rc < 0 ? rc : mf_buf_append_cstr(&call->body, "]}\n");
}

void mf__workspace_snapshots_get(struct mf_api *api, struct mf_exchange *exchange)
{
    struct snapshots *list = begin(api, exchange, false);

    if (list != NULL) {
        mf__wscall_submit(&list->call, list_work);
    }
}

/* ---- make --------------------------------------------------------------------------------------------- */

/* "name" and, of a fork, "snapshot" and "quota". */
static int
read_name(struct snapshots *one, const cJSON *root, const struct mf_json_field *fields, size_t count)
{
    struct mf__wscall *call = &one->call;
    int rc = mf__json_check(root, "", fields, count, &call->param, &call->detail);

    if (rc < 0) {
        return rc;
    }
    rc = mf_arena_copy(call->arena, mf__json_text(mf__json_get(root, "name")), &one->name);
    return rc < 0 || mf_store_name_is_valid(one->name) ? rc : MF_E_API_NAME;
}

static int read_snapshot(struct mf__wscall *call, const cJSON *root)
{
    static const struct mf_json_field fields[] = {{"name", "s", true}};

    return read_name(MF_CONTAINER_OF(call, struct snapshots, call), root, fields, MF_COUNT_OF(fields));
}

static int make_work(struct mf__wscall *call, struct mf_store *store)
{
    struct snapshots *one = MF_CONTAINER_OF(call, struct snapshots, call);
    struct mf_workspace_snapshot snapshot;
    int rc = mf_workspace_snapshot_new(store, &call->ref, one->name, mf_clock_unix_ms(), &snapshot);

    call->status = 201;
    rc = rc < 0 ? rc : write_snapshot(&call->body, &snapshot);
    return rc < 0 ? rc : mf_buf_append_cstr(&call->body, "\n");
}

void mf__workspace_snapshots_post(struct mf_api *api, struct mf_exchange *exchange)
{
    struct snapshots *one = begin(api, exchange, false);

    if (one != NULL) {
        mf__wscall_submit_json(&one->call, BODY_BYTES_MAX, false, read_snapshot, make_work);
    }
}

static int read_fork(struct mf__wscall *call, const cJSON *root)
{
    static const struct mf_json_field fields[] = {
        {"name", "s", true}, {"snapshot", "s", false}, {"quota", "o", false}};
    struct snapshots *one = MF_CONTAINER_OF(call, struct snapshots, call);
    int rc = read_name(one, root, fields, MF_COUNT_OF(fields));
    const cJSON *snapshot = rc < 0 ? NULL : mf__json_get(root, "snapshot");

    if (snapshot != NULL) {
        rc = mf_arena_copy(call->arena, mf__json_text(snapshot), &call->ref.snapshot);
        if (rc == 0 && call->ref.snapshot.size == 0) {
            rc = mf__json_refuse(&call->param, &call->detail, "/snapshot", "It is empty.");
        }
    }
    return rc < 0 ? rc
                  : mf__workspace_read_quota(call, mf__json_get(root, "quota"), &one->bytes_max,
                                             &one->inodes_max);
}

static int write_info(struct mf__wscall *call, const struct mf_workspace_info *info)
{
    int rc = mf__workspace_append_info(&call->body, info);

    return rc < 0 ? rc : mf_buf_append_cstr(&call->body, "\n");
}

static int fork_work(struct mf__wscall *call, struct mf_store *store)
{
    struct snapshots *one = MF_CONTAINER_OF(call, struct snapshots, call);
    struct mf_workspace_info info;
    int rc = mf_workspace_fork(store, &call->ref, one->name, one->bytes_max, one->inodes_max,
                               mf_clock_unix_ms(), &info);

    call->status = 201;
    return rc < 0 ? rc : write_info(call, &info);
}

void mf__workspace_fork(struct mf_api *api, struct mf_exchange *exchange)
{
    struct snapshots *one = begin(api, exchange, false);

    if (one != NULL) {
        mf__wscall_submit_json(&one->call, BODY_BYTES_MAX, false, read_fork, fork_work);
    }
}

/* ---- one ------------------------------------------------------------------------------------------------- */

static int restore_work(struct mf__wscall *call, struct mf_store *store)
{
    struct mf_workspace_info info;
    int rc = mf_workspace_restore(store, &call->ref, mf_clock_unix_ms(), &info);

    return rc < 0 ? rc : write_info(call, &info);
}

void mf__workspace_restore(struct mf_api *api, struct mf_exchange *exchange)
{
    struct snapshots *one = begin(api, exchange, true);

    if (one != NULL) {
        one->call.is_change = true;
        mf__wscall_submit(&one->call, restore_work);
    }
}

static int delete_work(struct mf__wscall *call, struct mf_store *store)
{
    return mf_workspace_snapshot_delete(store, &call->ref);
}

void mf__workspace_snapshot_delete(struct mf_api *api, struct mf_exchange *exchange)
{
    struct snapshots *one = begin(api, exchange, true);

    if (one != NULL) {
        one->call.is_change = true;
        one->call.status = 204;
        mf__wscall_submit(&one->call, delete_work);
    }
}

/* ---- changes ----------------------------------------------------------------------------------------------- */

struct changes {
    struct mf__wscall call;
    uint64_t since;
    uint64_t number;
    size_t limit;
    size_t count;
    uint64_t last_revision;
    uint64_t last_number;
};

/* One more row than were asked for says that there are more. */
static int write_change(void *user, const struct mf_store_change *row)
{
    static const char *const kinds[] = {[MF_CHANGE_PUT] = "put",
                                        [MF_CHANGE_DELETE] = "delete",
                                        [MF_CHANGE_RENAME] = "rename",
                                        [MF_CHANGE_TREE] = "tree"};
    struct changes *changes = user;
    struct mf_buf *out = &changes->call.body;
    int rc;

    if (changes->count++ == changes->limit) {
        return 0;
    }
    changes->last_revision = row->revision;
    changes->last_number = row->number;
    rc = mf_buf_printf(out, "%s{\"revision\":%llu,\"kind\":\"%s\",\"path\":", changes->count == 1 ? "" : ",",
                       (unsigned long long)row->revision, kinds[row->kind]);
    rc = rc < 0 ? rc : mf_buf_append_json_string(out, row->path);
    if (rc == 0 && row->kind == MF_CHANGE_RENAME) {
        rc = mf_buf_append_cstr(out, ",\"from\":");
        rc = rc < 0 ? rc : mf_buf_append_json_string(out, row->from);
    }
    return rc < 0 ? rc : mf_buf_append_cstr(out, "}");
}

static int changes_work(struct mf__wscall *call, struct mf_store *store)
{
    struct changes *changes = MF_CONTAINER_OF(call, struct changes, call);
    uint64_t revision = 0;
    int rc = mf_buf_append_cstr(&call->body, "{\"changes\":[");

    rc = rc < 0 ? rc
                : mf_workspace_changes(store, &call->ref, changes->since, changes->number, changes->limit + 1,
                                       write_change, changes, &revision);
    rc = rc < 0 ? rc
                : mf_buf_printf(&call->body, "],\"revision\":%llu,\"next\":", (unsigned long long)revision);
    if (rc < 0) {
        return rc;
    }
    return changes->count <= changes->limit
               ? mf_buf_append_cstr(&call->body, "null}\n")
               : mf_buf_printf(&call->body, "\"%llu.%llu\"}\n", (unsigned long long)changes->last_revision,
                               (unsigned long long)changes->last_number);
}

/* "12": behind revision 12; "12.3": behind its third change, the next of a page. */
static int read_since(struct changes *changes, struct mf_slice text)
{
    const uint8_t *dot = text.size == 0 ? NULL : memchr(text.data, '.', text.size);
    size_t digits = dot == NULL ? text.size : (size_t)(dot - text.data);
    int rc = mf_slice_parse_u64(mf_slice_of(text.data, digits), INT64_MAX, &changes->since);

    changes->number = INT64_MAX;
    if (rc == 0 && dot != NULL) {
        rc = mf_slice_parse_u64(mf_slice_of(dot + 1, text.size - digits - 1), INT64_MAX, &changes->number);
    }
    return rc;
}

void mf__workspace_changes(struct mf_api *api, struct mf_exchange *exchange)
{
    static const char *const known[] = {"since", "limit", NULL};
    struct mf__wscall *call = mf__wscall_begin(api, exchange, sizeof(struct changes), known);
    struct changes *changes;
    struct mf_slice since;
    int rc;

    if (call == NULL) {
        return;
    }
    changes = MF_CONTAINER_OF(call, struct changes, call);
    since = mf__params_get(&call->query, "since");
    rc = mf__wscall_limit(call, &changes->limit);
    if (rc == 0 && read_since(changes, since.data == NULL ? mf_slice_of_cstr("0") : since) < 0) {
        call->query.param = "since";
        call->query.why = "It must be a revision, or next of the page before.";
        rc = MF_E_API_FIELD;
    }
    if (rc < 0) {
        mf__wscall_refuse(call, rc);
    } else {
        mf__wscall_submit(call, changes_work);
    }
}
