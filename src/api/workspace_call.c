#include "workspace_call.h"

#include "idempotency.h"
#include "workspace_tidy.h"

#include <stdio.h>

#define MEMBERS_BYTES_MAX 4096
#define HEADERS_BYTES_MAX 512

/* ---- what is shown -------------------------------------------------------------------------------- */

void mf__workspace_etag(const struct mf_inode *inode, char ret_etag[MF__ETAG_BYTES_MAX])
{
    (void)snprintf(ret_etag, MF__ETAG_BYTES_MAX, "\"%llx-%llx\"", (unsigned long long)inode->revision,
                   (unsigned long long)inode->id);
}

int mf__workspace_may(void *precondition, const struct mf_inode *before)
{
    char etag[MF__ETAG_BYTES_MAX];

    if (before != NULL) {
        mf__workspace_etag(before, etag);
    }
    return mf__precondition_check(precondition, before == NULL ? NULL : etag);
}

static const char *type_of(const struct mf_inode *inode)
{
    return inode->kind == MF_INODE_FILE        ? "file"
           : inode->kind == MF_INODE_DIRECTORY ? "directory"
                                               : "symlink";
}

int mf__workspace_append_inode(struct mf_buf *out, const struct mf_inode *inode)
{
    int rc = mf_buf_printf(out, "\"type\":\"%s\",\"size\":%llu,\"mode\":\"%04o\",\"revision\":%llu",
                           type_of(inode), (unsigned long long)inode->size, inode->mode,
                           (unsigned long long)inode->revision);

    if (rc == 0 && inode->kind == MF_INODE_FILE) {
        char etag[MF__ETAG_BYTES_MAX];
        mf__workspace_etag(inode, etag);
        rc = mf_buf_append_cstr(out, ",\"etag\":");
        rc = rc < 0 ? rc : mf_buf_append_json_string(out, mf_slice_of_cstr(etag));
    }
    if (rc == 0) {
        rc = mf_buf_append_cstr(out, ",\"createdAt\":");
    }
    if (rc == 0) {
        rc = mf__json_append_time(out, inode->created_ms);
    }
    if (rc == 0) {
        rc = mf_buf_append_cstr(out, ",\"modifiedAt\":");
    }
    return rc < 0 ? rc : mf__json_append_time(out, inode->changed_ms);
}

int mf__workspace_append_info(struct mf_buf *out, const struct mf_workspace_info *info)
{
    int rc = mf_buf_append_cstr(out, "{\"name\":");

    if (rc == 0) {
        rc = mf_buf_append_json_string(out, info->name);
    }
    if (rc == 0) {
        rc = mf_buf_printf(out,
                           ",\"revision\":%llu,\"usage\":{\"bytes\":%llu,\"inodes\":%llu},"
                           "\"quota\":{\"bytes\":%llu,\"inodes\":%llu},\"createdAt\":",
                           (unsigned long long)info->revision, (unsigned long long)info->bytes,
                           (unsigned long long)info->inodes, (unsigned long long)info->bytes_max,
                           (unsigned long long)info->inodes_max);
    }
    if (rc == 0) {
        rc = mf__json_append_time(out, info->created_ms);
    }
    if (rc == 0) {
        rc = mf_buf_append_cstr(out, ",\"updatedAt\":");
    }
    if (rc == 0) {
        rc = mf__json_append_time(out, info->updated_ms);
    }
    return rc < 0 ? rc : mf_buf_append_cstr(out, "}");
}

bool mf__workspace_errno(int error, char ret_text[MF__ERRNO_BYTES_MAX])
{
    const char *code = mf_error_code(error);
    size_t size = strlen(code);

    if (strncmp(code, "fs.", 3) != 0 || size - 3 >= MF__ERRNO_BYTES_MAX) {
        return false;
    }
    for (size_t i = 3; i <= size; i++) {
        ret_text[i - 3] = (char)(code[i] >= 'a' && code[i] <= 'z' ? code[i] - 'a' + 'A' : code[i]);
    }
    return true;
}

void mf__workspace_problem(struct mf_exchange *exchange,
                           int error,
                           struct mf_slice detail,
                           struct mf_slice param,
                           struct mf_slice members)
{
    struct mf__problem problem = {.error = error, .detail = detail, .param = param};
    struct mf_buf all;
    char name[MF__ERRNO_BYTES_MAX];

    mf_buf_init(&all, MEMBERS_BYTES_MAX + 64);
    if (error == MF_E_OVERLOADED || error == MF_E_AGAIN) {
        problem.retry_after_s = 1;
    }
    if (mf__workspace_errno(error, name)) {
        mf_ignore(mf_buf_printf(&all, ",\"errno\":\"%s\"", name)); /* The code says the same. */
    }
    mf_ignore(mf_buf_append_slice(&all, members)); /* Likewise: the problem stands without them. */
    problem.members = mf_buf_peek(&all);
    mf__problem_reply(exchange, &problem);
    mf_buf_done(&all);
}

/* ---- the life of a call ----------------------------------------------------------------------------- */

static void on_abort(struct mf_exchange *exchange, void *user, int error)
{
    struct mf__wscall *call = user;

    (void)exchange;
    (void)error;
    call->exchange = NULL;
}

static const struct mf_exchange_events events = {.on_abort = on_abort};

void mf__wscall_free(MF_OWN struct mf__wscall *call)
{
    mf__idempotency_drop(call->owed, call->exchange);
    if (call->release != NULL) {
        call->release(call);
    }
    if (call->has_intake) {
        mf__intake_done(&call->intake);
    }
    mf_buf_done(&call->body);
    mf_buf_done(&call->detail);
    mf_buf_done(&call->param);
    mf_buf_done(&call->members);
    mf_arena_free(call->arena);
    mf_free(call);
}

void mf__wscall_refuse(MF_OWN struct mf__wscall *call, int error)
{
    struct mf_slice detail = mf_buf_peek(&call->detail);
    struct mf_slice param = mf_buf_peek(&call->param);

    if (call->query.why != NULL) {
        detail = mf_slice_of_cstr(call->query.why);
        param = mf_slice_of_cstr(call->query.param == NULL ? "" : call->query.param);
    }
    if (call->exchange != NULL) {
        mf__workspace_problem(call->exchange, error, detail, param, mf_buf_peek(&call->members));
    }
    mf__wscall_free(call);
}

struct mf__wscall *
mf__wscall_begin(struct mf_api *api, struct mf_exchange *exchange, size_t size, const char *const *known)
{
    const struct mf_request *request = mf_exchange_request(exchange);
    bool has_name = mf__route_rest(exchange, 2).size > 0; /* The list of all has none. */
    struct mf_slice name = has_name ? mf__route_segment(exchange, 2) : mf_slice_of(NULL, 0);
    struct mf__wscall *call = mf_new(size);
    int rc = !has_name || mf_store_name_is_valid(name) ? 0 : MF_E_API_NAME;

    call->api = api;
    call->exchange = exchange;
    call->arena = mf_arena_new(MF_WORKSPACE_QUERY_BYTES_MAX);
    call->status = 200;
    call->type = "application/json";
    mf_buf_init(&call->body, MF_WORKSPACE_ANSWER_BYTES_MAX);
    mf_buf_init(&call->detail, MF_API_FAULT_BYTES_MAX);
    mf_buf_init(&call->param, MF_API_FAULT_BYTES_MAX);
    mf_buf_init(&call->members, MEMBERS_BYTES_MAX);
    call->owed = mf__idempotency_owe(exchange);
    mf_exchange_listen(exchange, &events, call);
    if (rc == 0) {
        rc = mf_arena_copy(call->arena, mf__caller_tenant(exchange), &call->ref.tenant);
    }
    if (rc == 0) {
        rc = mf_arena_copy(call->arena, name, &call->ref.name);
    }
    if (rc == 0) {
        rc = mf__params_read(&call->query, call->arena, request->query, known);
    }
    mf__precondition_read(request, &call->precondition);
    if (rc < 0) {
        mf__wscall_refuse(call, rc);
        return NULL;
    }
    return call;
}

int mf__wscall_path(struct mf__wscall *call, unsigned index)
{
    struct mf_slice rest = mf__route_rest(call->exchange, index);
    int rc = mf__path_unescape(call->arena, rest, &call->path);

    if (rc < 0) {
        mf_ignore(mf_buf_append_cstr(&call->detail,
                                     "The path is not percent-encoded as it should be, or a name "
                                     "in it has a slash.")); /* It is short. */
        mf__wscall_refuse(call, MF_E_FS_EINVAL);
        return MF_E_FS_EINVAL;
    }
    if (call->path.size == 0) {
        call->path = mf_slice_of_cstr("/");
    }
    return 0;
}

void mf__wscall_answer(struct mf__wscall *call)
{
    struct mf_buf headers;
    int rc = 0;

    if (call->exchange == NULL && call->owed == NULL) {
        return;
    }
    mf_buf_init(&headers, HEADERS_BYTES_MAX);
    if (call->status != 204) {
        rc = mf_headers_append(&headers, mf_slice_of_cstr("content-type"), mf_slice_of_cstr(call->type));
    }
    if (rc == 0) {
        rc = mf_headers_append(&headers, mf_slice_of_cstr("x-content-type-options"),
                               mf_slice_of_cstr("nosniff"));
    }
    if (rc == 0) {
        rc = mf_headers_append(&headers, mf_slice_of_cstr("cache-control"), mf_slice_of_cstr("no-store"));
    }
    if (rc == 0 && call->etag[0] != '\0') {
        rc = mf_headers_append(&headers, mf_slice_of_cstr("etag"), mf_slice_of_cstr(call->etag));
    }
    MF_ASSERT(rc == 0); /* All are short. */
    if (call->exchange != NULL) {
        mf_exchange_reply(call->exchange, call->status, mf_buf_peek(&headers), mf_buf_peek(&call->body));
    }
    mf__idempotency_settle(call->owed, call->exchange, call->status, mf_buf_peek(&headers),
                           mf_buf_peek(&call->body));
    call->owed = NULL;
    mf_buf_done(&headers);
}

static int do_work(struct mf_store *store, struct mf_store_job *job)
{
    struct mf__wscall *call = MF_CONTAINER_OF(job, struct mf__wscall, job);

    return call->work(call, store);
}

static void work_done(struct mf_store_job *job, int error)
{
    struct mf__wscall *call = MF_CONTAINER_OF(job, struct mf__wscall, job);

    if (call->is_change) {
        mf__tidy_ask(call->api->tidy);
    }
    if (error < 0) {
        mf__wscall_refuse(call, error);
        return;
    }
    if (call->is_again && call->exchange != NULL) {
        call->is_again = false;
        mf__wscall_submit(call, call->work);
        return;
    }
    mf__wscall_answer(call);
    mf__wscall_free(call);
}

void mf__wscall_submit(MF_OWN struct mf__wscall *call,
                       int (*work)(struct mf__wscall *call, struct mf_store *store))
{
    int rc;

    call->work = work;
    call->job = (struct mf_store_job){.work = do_work, .done = work_done};
    rc = mf_store_queue_submit(call->api->queue, &call->job);
    if (rc < 0) {
        mf__wscall_refuse(call, rc);
    }
}

/* ---- a body ------------------------------------------------------------------------------------------- */

/* [any] */
static void read_body(struct mf__intake *intake)
{
    struct mf__wscall *call = MF_CONTAINER_OF(intake, struct mf__wscall, intake);
    cJSON *root = NULL;

    if (intake->body.size > 0 || !call->is_body_optional) {
        call->error = mf__json_parse(mf_buf_peek(&intake->body), &root, &call->detail);
    }
    if (call->error == 0) {
        call->error = call->read(call, root);
    }
    cJSON_Delete(root);
    mf_buf_done(&intake->body);
}

static void body_read(struct mf__intake *intake, int error)
{
    struct mf__wscall *call = MF_CONTAINER_OF(intake, struct mf__wscall, intake);

    call->exchange = intake->exchange;
    error = error < 0 ? error : call->error;
    if (error < 0) {
        mf__wscall_refuse(call, error);
        return;
    }
    if (call->exchange != NULL) {
        mf_exchange_listen(call->exchange, &events, call);
    }
    mf__wscall_submit(call, call->work);
}

void mf__wscall_submit_json(MF_OWN struct mf__wscall *call,
                            size_t bytes_max,
                            bool is_optional,
                            int (*read)(struct mf__wscall *call, const cJSON *root),
                            int (*work)(struct mf__wscall *call, struct mf_store *store))
{
    const struct mf_request *request = mf_exchange_request(call->exchange);

    if (!mf_slice_equal_nocase(mf__intake_type(request), "application/json") &&
        (request->has_body || !is_optional)) {
        mf_ignore(mf_buf_append_cstr(&call->detail, "Send it as application/json.")); /* It is short. */
        mf__wscall_refuse(call, MF_E_API_TYPE);
        return;
    }
    call->read = read;
    call->work = work;
    call->is_body_optional = is_optional;
    call->has_intake = true;
    mf__intake_begin(&call->intake, call->api, call->exchange, bytes_max, read_body, body_read);
}

/* ---- parameters --------------------------------------------------------------------------------------- */

int mf__wscall_limit(struct mf__wscall *call, size_t *ret_limit)
{
    uint64_t limit = MF_WORKSPACE_PAGE_DEFAULT;
    int rc = mf__params_number(&call->query, "limit", 1, MF_WORKSPACE_PAGE_MAX, &limit);

    *ret_limit = (size_t)limit;
    return rc;
}

int mf__workspace_mode(struct mf_slice text, uint32_t *ret_mode)
{
    uint32_t mode = 0;

    if (text.data == NULL) {
        *ret_mode = MF_WORKSPACE_MODE_DEFAULT;
        return 0;
    }
    if (text.size == 0 || text.size > 4) {
        return MF_E_API_FIELD;
    }
    for (size_t i = 0; i < text.size; i++) {
        if (text.data[i] < '0' || text.data[i] > '7') {
            return MF_E_API_FIELD;
        }
        mode = mode * 8 + (uint32_t)(text.data[i] - '0');
    }
    *ret_mode = mode;
    return 0;
}

static int read_maximum(struct mf__wscall *call,
                        const cJSON *quota,
                        const char *name,
                        const char *pointer,
                        uint64_t max,
                        uint64_t *ret_number)
{
    const cJSON *number = mf__json_get(quota, name);

    if (number == NULL) {
        return 0;
    }
    if (number->valuedouble < 1 || number->valuedouble > (double)max) {
        return mf__json_refuse(&call->param, &call->detail, pointer, "It must be from 1 to %llu.",
                               (unsigned long long)max);
    }
    *ret_number = (uint64_t)number->valuedouble;
    return 0;
}

int mf__workspace_read_quota(struct mf__wscall *call,
                             const cJSON *quota,
                             uint64_t *ret_bytes_max,
                             uint64_t *ret_inodes_max)
{
    static const struct mf_json_field fields[] = {{"bytes", "n", false}, {"inodes", "n", false}};
    int rc;

    if (quota == NULL) {
        return 0;
    }
    rc = mf__json_check(quota, "/quota", fields, MF_COUNT_OF(fields), &call->param, &call->detail);
    if (rc == 0) {
        rc = read_maximum(call, quota, "bytes", "/quota/bytes", MF_WORKSPACE_BYTES_MAX, ret_bytes_max);
    }
    return rc < 0 ? rc
                  : read_maximum(call, quota, "inodes", "/quota/inodes", MF_WORKSPACE_INODES_MAX,
                                 ret_inodes_max);
}
