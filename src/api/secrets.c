/* secrets.c - /v1/secrets: values go in and never come out; what is shown is name, kind, hosts, version and times. */
#include "put.h"

/* The largest list: every secret with all the hosts that it may have. */
#define INFO_BYTES_MAX (512 + (MF_SECRET_HOSTS_MAX * (MF_SECRET_HOST_BYTES_MAX + 3)))
#define LIST_BYTES_MAX ((size_t)MF_SECRETS_COUNT_MAX * INFO_BYTES_MAX)
#define FAULTS_BYTES_MAX 32768

/* ---- what is shown ---------------------------------------------------------------------------- */

static int append_times(struct mf_buf *out, const struct mf_secret_info *info)
{
    int rc = mf_buf_printf(out, "],\"version\":%llu,\"createdAt\":", (unsigned long long)info->version);

    if (rc == 0) {
        rc = mf__json_append_time(out, info->created_ms);
    }
    if (rc == 0) {
        rc = mf_buf_append_cstr(out, ",\"updatedAt\":");
    }
    if (rc == 0) {
        rc = mf__json_append_time(out, info->updated_ms);
    }
    if (rc == 0) {
        rc = mf_buf_append_cstr(out, ",\"lastUsedAt\":");
    }
    if (rc == 0) {
        rc = info->used_ms == 0 ? mf_buf_append_cstr(out, "null") : mf__json_append_time(out, info->used_ms);
    }
    return rc < 0 ? rc : mf_buf_append_cstr(out, "}");
}

static int append_info(struct mf_buf *out, const struct mf_secret_info *info)
{
    int rc = mf_buf_append_cstr(out, "{\"name\":");

    if (rc == 0) {
        rc = mf_buf_append_json_string(out, info->name);
    }
    if (rc == 0) {
        rc = mf_buf_printf(out, ",\"kind\":\"%s\",\"hosts\":[", mf_secret_kind_name(info->kind));
    }
    for (size_t i = 0; rc == 0 && i < info->hosts_count; i++) {
        rc = i == 0 ? 0 : mf_buf_append_cstr(out, ",");
        if (rc == 0) {
            rc = mf_buf_append_json_string(out, info->hosts[i]);
        }
    }
    return rc < 0 ? rc : append_times(out, info);
}

static void reply_info(MF_OWN struct mf__put *put, int status, const struct mf_secret_info *info)
{
    struct mf_buf body;
    int rc;

    mf_buf_init(&body, INFO_BYTES_MAX);
    rc = append_info(&body, info);
    if (rc == 0) {
        rc = mf_buf_append_cstr(&body, "\n");
    }
    if (rc == 0) {
        mf__put_reply_json(put, status, mf_buf_peek(&body));
    } else {
        mf__put_reply_error(put, rc);
    }
    mf_buf_done(&body);
}

void mf__secrets_get(struct mf_api *api, struct mf_exchange *exchange)
{
    struct mf_secret_info info;
    struct mf_buf body;
    size_t cursor = 0;
    bool is_first = true;
    int rc;

    mf_buf_init(&body, LIST_BYTES_MAX);
    rc = mf_buf_append_cstr(&body, "{\"secrets\":[");
    while (rc == 0 && mf_vault_next(api->vault, mf__caller_tenant(exchange), &cursor, &info)) {
        rc = is_first ? 0 : mf_buf_append_cstr(&body, ",");
        if (rc == 0) {
            rc = append_info(&body, &info);
        }
        is_first = false;
    }
    if (rc == 0) {
        rc = mf_buf_append_cstr(&body, "]}\n");
    }
    if (rc == 0) {
        mf__json_reply(exchange, 200, mf_buf_peek(&body));
    } else {
        mf__problem_reply_error(exchange, rc);
    }
    mf_buf_done(&body);
}

static void get_ready(struct mf__put *put)
{
    struct mf_secret_info info;
    int rc = mf_vault_info(put->api->vault, put->tenant, put->name, &info);

    if (rc < 0) {
        mf__put_reply_error(put, rc);
    } else {
        reply_info(put, 200, &info);
    }
}

void mf__secret_get(struct mf_api *api, struct mf_exchange *exchange)
{
    mf__put_begin(api, exchange, 0, get_ready);
}

/* ---- put ------------------------------------------------------------------------------------------ */

static void put_done(void *user, int error, const struct mf_secret_info *info)
{
    struct mf__put *put = user;

    if (error < 0) {
        mf__put_reply_error(put, error);
    } else {
        reply_info(put, info->version == 1 ? 201 : 200, info);
    }
}

/* {"type": ..., "errors": [{"pointer": ..., "detail": ...}, ...]} */
static void refuse_faults(MF_OWN struct mf__put *put, int error, struct mf_slice faults)
{
    struct mf__problem problem = {.error = error};
    struct mf_buf members;

    mf_buf_init(&members, FAULTS_BYTES_MAX + 32);
    if (mf_buf_append_cstr(&members, ",\"errors\":[") == 0 && mf_buf_append_slice(&members, faults) == 0 &&
        mf_buf_append_cstr(&members, "]") == 0) {
        problem.members = mf_buf_peek(&members);
        problem.detail =
            mf_slice_of_cstr("The secret is not valid and nothing was changed; errors says what is wrong.");
    }
    mf__put_reply_problem(put, &problem);
    mf_buf_done(&members);
}

static void put_ready(struct mf__put *put)
{
    struct mf_secret *secret = NULL;
    struct mf_buf faults;
    int rc;

    mf_buf_init(&faults, FAULTS_BYTES_MAX);
    rc = mf_secret_read(put->root, &secret, &faults);
    if (rc == MF_E_API_FIELD) {
        refuse_faults(put, rc, mf_buf_peek(&faults));
    } else if (rc < 0) {
        mf__put_reply_error(put, rc);
    } else {
        rc = mf_vault_put(put->api->vault, put->tenant, put->name, secret, put_done, put);
        if (rc < 0) {
            mf__put_reply_error(put, rc);
        }
    }
    mf_buf_done(&faults);
}

void mf__secret_put(struct mf_api *api, struct mf_exchange *exchange)
{
    mf__put_begin(api, exchange, MF_SECRET_PUT_BYTES_MAX, put_ready);
}

/* ---- delete ----------------------------------------------------------------------------------------- */

static void delete_done(void *user, int error, struct mf_slice users)
{
    struct mf__put *put = user;

    if (error == MF_E_SECRET_IN_USE) {
        mf__put_reply_used(put, error, "outbounds", users);
    } else if (error < 0) {
        mf__put_reply_error(put, error);
    } else {
        mf__put_reply_empty(put);
    }
}

static void delete_ready(struct mf__put *put)
{
    int rc = mf_vault_delete(put->api->vault, put->tenant, put->name, delete_done, put);

    if (rc < 0) {
        mf__put_reply_error(put, rc);
    }
}

void mf__secret_delete(struct mf_api *api, struct mf_exchange *exchange)
{
    mf__put_begin(api, exchange, 0, delete_ready);
}
