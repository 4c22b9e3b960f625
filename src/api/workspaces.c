/* workspaces.c - /v1/workspaces: what there is, how much each holds and may hold. Its files: workspace_files.c and others. */
#include "workspace_call.h"

#define PUT_BYTES_MAX 4096

static const char *const no_parameters[] = {NULL};

static int write_info(struct mf__wscall *call, const struct mf_workspace_info *info)
{
    int rc = mf__workspace_append_info(&call->body, info);

    return rc < 0 ? rc : mf_buf_append_cstr(&call->body, "\n");
}

/* ---- one ------------------------------------------------------------------------------------------ */

static int get_work(struct mf__wscall *call, struct mf_store *store)
{
    struct mf_workspace_info info;
    int rc = mf_workspace_get(store, &call->ref, &info);

    return rc < 0 ? rc : write_info(call, &info);
}

void mf__workspace_get(struct mf_api *api, struct mf_exchange *exchange)
{
    struct mf__wscall *call = mf__wscall_begin(api, exchange, sizeof *call, no_parameters);

    if (call != NULL) {
        mf__wscall_submit(call, get_work);
    }
}

static int delete_work(struct mf__wscall *call, struct mf_store *store)
{
    return mf_workspace_delete(store, &call->ref);
}

void mf__workspace_delete(struct mf_api *api, struct mf_exchange *exchange)
{
    struct mf__wscall *call = mf__wscall_begin(api, exchange, sizeof *call, no_parameters);

    if (call != NULL) {
        call->status = 204;
        call->is_change = true;
        mf__wscall_submit(call, delete_work);
    }
}

/* ---- put -------------------------------------------------------------------------------------------- */

struct put {
    struct mf__wscall call;
    uint64_t bytes_max;
    uint64_t inodes_max;
};

static int read_put(struct mf__wscall *call, const cJSON *root)
{
    static const struct mf_json_field fields[] = {{"quota", "o", false}};
    struct put *put = MF_CONTAINER_OF(call, struct put, call);
    int rc =
        root == NULL ? 0 : mf__json_check(root, "", fields, MF_COUNT_OF(fields), &call->param, &call->detail);

    return root == NULL || rc < 0 ? rc
                                  : mf__workspace_read_quota(call, mf__json_get(root, "quota"),
                                                             &put->bytes_max, &put->inodes_max);
}

static int put_work(struct mf__wscall *call, struct mf_store *store)
{
    struct put *put = MF_CONTAINER_OF(call, struct put, call);
    struct mf_workspace_info info;
    bool is_new = false;
    int rc = mf_workspace_put(store, &call->ref, put->bytes_max, put->inodes_max, mf_clock_unix_ms(), &info,
                              &is_new);

    call->status = is_new ? 201 : 200;
    return rc < 0 ? rc : write_info(call, &info);
}

/* No body is a workspace with the default quota. */
void mf__workspace_put(struct mf_api *api, struct mf_exchange *exchange)
{
    struct mf__wscall *call = mf__wscall_begin(api, exchange, sizeof(struct put), no_parameters);

    if (call != NULL) {
        mf__wscall_submit_json(call, PUT_BYTES_MAX, true, read_put, put_work);
    }
}

/* ---- all of them --------------------------------------------------------------------------------------- */

struct list {
    struct mf__wscall call;
    size_t limit;
    size_t count;
    char last[MF_STORE_NAME_BYTES_MAX + 1];
};

/* One more row than were asked for says that there are more. */
static int write_item(void *user, const struct mf_workspace_info *info)
{
    struct list *list = user;
    int rc = 0;

    if (list->count++ == list->limit) {
        return 0;
    }
    memcpy(list->last, info->name.data, info->name.size);
    list->last[info->name.size] = '\0';
    if (list->count > 1) {
        rc = mf_buf_append_cstr(&list->call.body, ",");
    }
    return rc < 0 ? rc : mf__workspace_append_info(&list->call.body, info);
}

static int list_work(struct mf__wscall *call, struct mf_store *store)
{
    struct list *list = MF_CONTAINER_OF(call, struct list, call);
    struct mf_slice after = mf__params_get(&call->query, "after");
    int rc = mf_buf_append_cstr(&call->body, "{\"workspaces\":[");

    if (rc == 0) {
        rc = mf_workspace_list(store, call->ref.tenant, after, list->limit + 1, write_item, list);
    }
    if (rc == 0) {
        rc = mf_buf_append_cstr(&call->body, "],\"next\":");
    }
    if (rc == 0) {
        rc = list->count > list->limit ? mf_buf_append_json_string(&call->body, mf_slice_of_cstr(list->last))
                                       : mf_buf_append_cstr(&call->body, "null");
    }
    return rc < 0 ? rc : mf_buf_append_cstr(&call->body, "}\n");
}

void mf__workspaces_list(struct mf_api *api, struct mf_exchange *exchange)
{
    static const char *const known[] = {"limit", "after", NULL};
    struct mf__wscall *call = mf__wscall_begin(api, exchange, sizeof(struct list), known);
    struct list *list;
    int rc;

    if (call == NULL) {
        return;
    }
    list = MF_CONTAINER_OF(call, struct list, call);
    rc = mf__wscall_limit(call, &list->limit);
    if (rc < 0) {
        mf__wscall_refuse(call, rc);
    } else {
        mf__wscall_submit(call, list_work);
    }
}
