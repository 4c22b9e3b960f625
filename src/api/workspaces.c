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
    struct mf__intake intake;
    struct mf_buf param;
    int error;
    uint64_t bytes_max;
    uint64_t inodes_max;
};

static void release_put(struct mf__wscall *call)
{
    struct put *put = MF_CONTAINER_OF(call, struct put, call);

    mf__intake_done(&put->intake);
    mf_buf_done(&put->param);
}

static int read_quota(struct put *put, const cJSON *root)
{
    static const struct mf_json_field fields[] = {{"quota", "o", false}};
    static const struct mf_json_field quota_fields[] = {{"bytes", "n", false}, {"inodes", "n", false}};
    struct mf_buf *why = &put->call.detail;
    int rc = mf__json_check(root, "", fields, MF_COUNT_OF(fields), &put->param, why);
    const cJSON *quota = rc < 0 ? NULL : mf__json_get(root, "quota");

    if (rc < 0 || quota == NULL) {
        return rc;
    }
    rc = mf__json_check(quota, "/quota", quota_fields, MF_COUNT_OF(quota_fields), &put->param, why);
    const cJSON *bytes = rc < 0 ? NULL : mf__json_get(quota, "bytes");
    const cJSON *inodes = rc < 0 ? NULL : mf__json_get(quota, "inodes");
    if (bytes != NULL) {
        put->bytes_max = (uint64_t)bytes->valuedouble;
        if (put->bytes_max == 0 || put->bytes_max > MF_WORKSPACE_BYTES_MAX) {
            rc = mf__json_refuse(&put->param, why, "/quota/bytes", "It must be from 1 to %llu.",
                                 (unsigned long long)MF_WORKSPACE_BYTES_MAX);
        }
    }
    if (rc == 0 && inodes != NULL) {
        put->inodes_max = (uint64_t)inodes->valuedouble;
        if (put->inodes_max == 0 || put->inodes_max > MF_WORKSPACE_INODES_MAX) {
            rc = mf__json_refuse(&put->param, why, "/quota/inodes", "It must be from 1 to %d.",
                                 MF_WORKSPACE_INODES_MAX);
        }
    }
    return rc;
}

/* No body is a workspace with the default quota. */
static void read_put(struct mf__intake *intake)
{
    struct put *put = MF_CONTAINER_OF(intake, struct put, intake);
    cJSON *root = NULL;

    if (intake->body.size == 0) {
        return;
    }
    put->error = mf__json_parse(mf_buf_peek(&intake->body), &root, &put->call.detail);
    if (put->error == 0) {
        put->error = read_quota(put, root);
    }
    cJSON_Delete(root);
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

static void put_read(struct mf__intake *intake, int error)
{
    struct put *put = MF_CONTAINER_OF(intake, struct put, intake);

    put->call.exchange = intake->exchange;
    error = error < 0 ? error : put->error;
    if (error < 0) {
        if (put->call.exchange != NULL) {
            mf__workspace_problem(put->call.exchange, error, mf_buf_peek(&put->call.detail),
                                  mf_buf_peek(&put->param), mf_slice_of(NULL, 0));
            put->call.exchange = NULL;
        }
        mf__wscall_free(&put->call);
        return;
    }
    mf__wscall_hear(&put->call);
    mf__wscall_submit(&put->call, put_work);
}

void mf__workspace_put(struct mf_api *api, struct mf_exchange *exchange)
{
    struct mf__wscall *call = mf__wscall_begin(api, exchange, sizeof(struct put), no_parameters);
    struct put *put;

    if (call == NULL) {
        return;
    }
    put = MF_CONTAINER_OF(call, struct put, call);
    mf_buf_init(&put->param, MF_API_FAULT_BYTES_MAX);
    mf__intake_begin(&put->intake, api, exchange, PUT_BYTES_MAX, read_put, put_read);
    call->release = release_put;
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
