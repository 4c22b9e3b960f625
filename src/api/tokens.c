/* tokens.c - /v1/tokens: a key is shown once, when it is made, and never again. Changes are on the disk before they count, and count
 * before they are answered. */
#include <stdio.h>

#include "page.h"
#include "put.h"

#define INFO_BYTES_MAX 1024

/* One change of one token. */
struct change {
    struct mf_store_job job;
    struct mf__put *put;
    bool is_for_all;                /* Whoever's token it is. */
    char by[MF_TOKEN_ID_CHARS + 1]; /* The token that asks. */
    char id[MF_TOKEN_ID_CHARS + 1];
    char name[MF_STORE_NAME_BYTES_MAX + 1];
    char scopes[MF_SCOPES_BYTES_MAX];
    uint8_t digest[MF_TOKEN_DIGEST_BYTES];
    char key[MF_TOKEN_CHARS + 1]; /* What nobody is shown again. */
    uint64_t now_ms;
    uint64_t ends_ms; /* The token, or its older key. */
    struct mf_buf body;
};

static MF_OWN struct change *change_new(struct mf__put *put)
{
    struct change *change = mf_new(sizeof *change);

    change->put = put;
    change->is_for_all = mf__caller_is_for_all(put->exchange);
    change->now_ms = mf_clock_unix_ms();
    memcpy(change->by, mf__caller(put->exchange)->token, sizeof change->by);
    mf_buf_init(&change->body, INFO_BYTES_MAX);
    return change;
}

static void free_change(MF_OWN struct change *change)
{
    mf_wipe(change->body.data, change->body.size);
    mf_buf_done(&change->body);
    mf_free_wiped(change);
}

/* Who opened the door to whom, for those who look into it later. */
static void note(const struct change *change, const char *id, const char *what, const char *tenant)
{
    mf_log(MF_LOG_INFO, 0, NULL, "token %s was %s%s by %s", id, what, tenant,
           change->by[0] == '\0' ? "the operator" : change->by);
}

static struct mf_slice tenant_of(const struct change *change)
{
    return change->is_for_all ? mf_slice_of(NULL, 0) : change->put->tenant;
}

static void refuse_field(MF_OWN struct mf__put *put, struct mf_slice param, struct mf_slice why)
{
    const struct mf__problem problem = {.error = MF_E_API_FIELD, .param = param, .detail = why};

    mf__put_reply_problem(put, &problem);
}

/* ---- what is shown ---------------------------------------------------------------------------------- */

static int append_scopes(struct mf_buf *out, struct mf_slice scopes)
{
    int rc = mf_buf_append_cstr(out, ",\"scopes\":[");

    for (size_t begin = 0; rc == 0 && begin < scopes.size;) {
        size_t end = begin;
        while (end < scopes.size && scopes.data[end] != ' ') {
            end++;
        }
        rc = mf_buf_append_cstr(out, begin == 0 ? "" : ",");
        rc = rc < 0 ? rc : mf_buf_append_json_string(out, mf_slice_of(scopes.data + begin, end - begin));
        begin = end + 1;
    }
    return rc < 0 ? rc : mf_buf_append_cstr(out, "]");
}

static int append_time(struct mf_buf *out, const char *name, uint64_t unix_ms)
{
    int rc = mf_buf_printf(out, ",\"%s\":", name);

    if (rc < 0) {
        return rc;
    }
    return unix_ms == 0 ? mf_buf_append_cstr(out, "null") : mf__json_append_time(out, unix_ms);
}

/* All but the brace behind it. */
static int append_info(struct mf_buf *out, const struct mf_store_token *row)
{
    int rc = mf_buf_append_cstr(out, "{\"id\":");

    rc = rc < 0 ? rc : mf_buf_append_json_string(out, row->id);
    rc = rc < 0 ? rc : mf_buf_append_cstr(out, ",\"tenant\":");
    rc = rc < 0 ? rc : mf_buf_append_json_string(out, row->tenant);
    rc = rc < 0 ? rc : mf_buf_append_cstr(out, ",\"name\":");
    rc = rc < 0 ? rc : mf_buf_append_json_string(out, row->name);
    rc = rc < 0 ? rc : append_scopes(out, row->scopes);
    rc = rc < 0 ? rc : append_time(out, "createdAt", row->created_ms);
    rc = rc < 0 ? rc : append_time(out, "rotatedAt", row->rotated_ms);
    rc = rc < 0 ? rc : append_time(out, "expiresAt", row->expires_ms);
    rc = rc < 0 ? rc : append_time(out, "lastUsedAt", row->used_ms);
    return rc < 0 ? rc : append_time(out, "previousKeyEndsAt", row->previous_ends_ms);
}

static int append_with_key(struct change *change, const struct mf_store_token *row)
{
    int rc = append_info(&change->body, row);

    return rc < 0 ? rc : mf_buf_printf(&change->body, ",\"token\":\"%s\"}\n", change->key);
}

static void end(MF_OWN struct change *change, int status, int error)
{
    if (error < 0) {
        mf__put_reply_error(change->put, error);
    } else if (change->body.size > 0) {
        mf__put_reply_json(change->put, status, mf_buf_peek(&change->body));
    } else {
        mf__put_reply_empty(change->put);
    }
    free_change(change);
}

static void submit(MF_OWN struct change *change,
                   int (*work)(struct mf_store *store, struct mf_store_job *job),
                   void (*done)(struct mf_store_job *job, int error))
{
    int rc;

    change->job = (struct mf_store_job){.work = work, .done = done};
    rc = mf_store_queue_submit(change->put->api->queue, &change->job);
    if (rc < 0) {
        end(change, 0, rc);
    }
}

/* ---- list and get --------------------------------------------------------------------------------------- */

static int on_item(void *user, const struct mf_store_token *row)
{
    struct mf__page *page = user;
    int rc = mf__page_item(page, row->id);

    if (rc <= 0) {
        return rc;
    }
    rc = append_info(&page->body, row);
    return rc < 0 ? rc : mf_buf_append_cstr(&page->body, "}");
}

static int each(struct mf_store *store, struct mf__page *page)
{
    return mf_store_tokens_each(store, &page->rows, on_item, page);
}

void mf__tokens_list(struct mf_api *api, struct mf_exchange *exchange)
{
    struct mf_slice all = mf_slice_of(NULL, 0);

    mf__page_begin(api, exchange, "tokens",
                   mf__caller_is_for_all(exchange) ? all : mf__caller_tenant(exchange), INFO_BYTES_MAX, each);
}

static int write_info(void *user, const struct mf_store_token *row)
{
    struct change *change = user;
    int rc = append_info(&change->body, row);

    return rc < 0 ? rc : mf_buf_append_cstr(&change->body, "}\n");
}

static int get_work(struct mf_store *store, struct mf_store_job *job)
{
    struct change *change = MF_CONTAINER_OF(job, struct change, job);

    return mf_store_token_get(store, tenant_of(change), change->put->name, write_info, change);
}

static void get_done(struct mf_store_job *job, int error)
{
    end(MF_CONTAINER_OF(job, struct change, job), 200, error);
}

static void get_ready(struct mf__put *put)
{
    submit(change_new(put), get_work, get_done);
}

void mf__tokens_get(struct mf_api *api, struct mf_exchange *exchange)
{
    mf__put_begin(api, exchange, 0, get_ready);
}

/* What the token that asks is; the operator's own has neither id nor name. */
void mf__tokens_self(struct mf_api *api, struct mf_exchange *exchange)
{
    const struct mf_caller *caller = mf__caller(exchange);
    char scopes[MF_SCOPES_BYTES_MAX];
    struct mf_buf body;
    int rc;

    (void)api;
    mf_scopes_write(caller->scopes, scopes);
    mf_buf_init(&body, INFO_BYTES_MAX);
    rc = caller->token[0] == '\0' ? mf_buf_append_cstr(&body, "{\"id\":null")
                                  : mf_buf_printf(&body, "{\"id\":\"%s\"", caller->token);
    rc = rc < 0 ? rc : mf_buf_append_cstr(&body, ",\"tenant\":");
    rc = rc < 0 ? rc : mf_buf_append_json_string(&body, mf__caller_tenant(exchange));
    rc = rc < 0 ? rc : append_scopes(&body, mf_slice_of_cstr(scopes));
    rc = rc < 0 ? rc : mf_buf_append_cstr(&body, "}\n");
    MF_ASSERT(rc == 0); /* All of it is short. */
    mf__json_reply(exchange, 200, mf_buf_peek(&body));
    mf_buf_done(&body);
}

/* ---- make ------------------------------------------------------------------------------------------------ */

static struct mf_store_token row_of(const struct change *change)
{
    return (struct mf_store_token){.id = mf_slice_of_cstr(change->id),
                                   .tenant = change->put->tenant,
                                   .name = mf_slice_of_cstr(change->name),
                                   .scopes = mf_slice_of_cstr(change->scopes),
                                   .digest = mf_slice_of(change->digest, sizeof change->digest),
                                   .previous = mf_slice_of_cstr(""),
                                   .created_ms = change->now_ms,
                                   .rotated_ms = change->now_ms,
                                   .expires_ms = change->ends_ms};
}

static int make_work(struct mf_store *store, struct mf_store_job *job)
{
    struct change *change = MF_CONTAINER_OF(job, struct change, job);
    struct mf_store_token row = row_of(change);

    return mf_store_token_add(store, &row);
}

static void make_done(struct mf_store_job *job, int error)
{
    struct change *change = MF_CONTAINER_OF(job, struct change, job);
    struct mf_tenants *tenants = change->put->api->tenants;
    struct mf_store_token row = row_of(change);

    if (error == 0) {
        error = mf_tenants_set_token(tenants, &row);
    }
    if (error == 0) {
        note(change, change->id, "made for ",
             change->put->tenant.size == 0 ? "the operator" : change->put->tenant_text);
        error = append_with_key(change, &row);
    } else {
        mf_tenants_drop_token(tenants, row.id);
    }
    end(change, 201, error);
}

/* Below zero: |ret_why| says why, |ret_index| which. */
static int read_scopes(const cJSON *list,
                       const struct change *change,
                       uint32_t mine,
                       uint32_t *ret_scopes,
                       int *ret_index,
                       const char **ret_why)
{
    uint32_t scopes = 0;
    int index = 0;

    for (const cJSON *item = list->child; item != NULL; item = item->next, index++) {
        uint32_t more = cJSON_IsString(item) ? mf_scope_of(mf__json_text(item)) : 0;
        scopes |= more;
        *ret_index = index;
        if (more == 0) {
            *ret_why = "is no scope; docs/tenants.md lists them.";
            return MF_E_API_FIELD;
        }
        if ((more & ~mine) != 0) {
            *ret_why = "is more than the token that asks may do itself.";
            return MF_E_API_FIELD;
        }
        if (change->put->tenant.size > 0 && (more & (MF_SCOPE_ADMIN | MF_SCOPE_METRICS)) != 0) {
            *ret_why = "is about all tenants, and for the operator's own tokens only.";
            return MF_E_API_FIELD;
        }
    }
    *ret_index = -1;
    *ret_why = "must name at least one scope.";
    *ret_scopes = scopes;
    return scopes == 0 ? MF_E_API_FIELD : 0;
}

static int
read_make(struct change *change, const cJSON *root, struct mf_buf *ret_param, struct mf_buf *ret_why)
{
    static const struct mf_json_field fields[] = {
        {"name", "s", true}, {"scopes", "a", true}, {"expiresInSeconds", "n", false}};
    const cJSON *life = mf__json_get(root, "expiresInSeconds");
    uint32_t scopes;
    const char *why;
    int index;
    int rc = mf__json_check(root, "", fields, MF_COUNT_OF(fields), ret_param, ret_why);

    if (rc < 0) {
        return rc;
    }
    struct mf_slice name = mf__json_text(mf__json_get(root, "name"));
    if (!mf_store_name_is_valid(name)) {
        return mf__json_refuse(ret_param, ret_why, "/name", "name %s", mf_error_message(MF_E_API_NAME));
    }
    memcpy(change->name, name.data, name.size);
    rc = read_scopes(mf__json_get(root, "scopes"), change, mf__caller(change->put->exchange)->scopes, &scopes,
                     &index, &why);
    if (rc < 0) {
        char pointer[32] = "/scopes";
        if (index >= 0) {
            (void)snprintf(pointer, sizeof pointer, "/scopes/%d", index);
        }
        return mf__json_refuse(ret_param, ret_why, pointer, "%s %s", pointer + 1, why);
    }
    mf_scopes_write(scopes, change->scopes);
    if (life != NULL && (life->valuedouble < 1 || life->valuedouble > MF_TOKEN_LIFE_S_MAX)) {
        return mf__json_refuse(ret_param, ret_why, "/expiresInSeconds",
                               "expiresInSeconds must be from 1 to %d.", MF_TOKEN_LIFE_S_MAX);
    }
    change->ends_ms = life == NULL ? 0 : change->now_ms + (uint64_t)life->valuedouble * 1000;
    return 0;
}

static void make_ready(struct mf__put *put)
{
    struct change *change = change_new(put);
    struct mf_buf param;
    struct mf_buf why;
    int rc;

    mf_buf_init(&param, MF_API_FAULT_BYTES_MAX);
    mf_buf_init(&why, MF_API_FAULT_BYTES_MAX);
    rc = mf_tenants_is_on(put->api->tenants) ? read_make(change, put->root, &param, &why) : MF_E_AUTH_OFF;
    if (rc == 0) {
        struct mf_store_token kept = row_of(change);
        mf_token_make(change->id, change->key);
        mf_token_digest(mf_slice_of_cstr(change->key), change->digest);
        kept.id = mf_slice_of_cstr(change->id);
        kept.expires_ms = 1; /* It holds its place, and opens nothing yet. */
        rc = mf_tenants_scopes_of(put->api->tenants, mf_slice_of(NULL, 0), kept.id) != 0
                 ? MF_E_EXISTS
                 : mf_tenants_set_token(put->api->tenants, &kept);
    }
    if (rc == 0) {
        submit(change, make_work, make_done);
    } else if (rc == MF_E_API_FIELD) {
        refuse_field(put, mf_buf_peek(&param), mf_buf_peek(&why));
        free_change(change);
    } else {
        end(change, 0, rc);
    }
    mf_buf_done(&param);
    mf_buf_done(&why);
}

void mf__tokens_post(struct mf_api *api, struct mf_exchange *exchange)
{
    mf__put_begin_nameless(api, exchange, MF_TOKEN_PUT_BYTES_MAX, make_ready);
}

/* ---- rotate ----------------------------------------------------------------------------------------------- */

static int rotated(void *user, const struct mf_store_token *row)
{
    return append_with_key(user, row);
}

static int rotate_work(struct mf_store *store, struct mf_store_job *job)
{
    struct change *change = MF_CONTAINER_OF(job, struct change, job);

    return mf_store_token_rotate(store, tenant_of(change), change->put->name,
                                 mf_slice_of(change->digest, sizeof change->digest), change->ends_ms,
                                 change->now_ms, rotated, change);
}

static void rotate_done(struct mf_store_job *job, int error)
{
    struct change *change = MF_CONTAINER_OF(job, struct change, job);

    if (error == 0) {
        note(change, change->id, "given a new key", "");
        mf_tenants_rotate_token(change->put->api->tenants, change->put->name, change->digest,
                                change->ends_ms);
    }
    end(change, 200, error);
}

static int
read_rotate(struct change *change, const cJSON *root, struct mf_buf *ret_param, struct mf_buf *ret_why)
{
    static const struct mf_json_field fields[] = {{"overlapSeconds", "n", false}};
    uint64_t seconds = MF_TOKEN_OVERLAP_S_DEFAULT;

    if (root != NULL) {
        const cJSON *overlap = mf__json_get(root, "overlapSeconds");
        int rc = mf__json_check(root, "", fields, MF_COUNT_OF(fields), ret_param, ret_why);
        if (rc < 0) {
            return rc;
        }
        if (overlap != NULL && overlap->valuedouble > MF_TOKEN_OVERLAP_S_MAX) {
            return mf__json_refuse(ret_param, ret_why, "/overlapSeconds",
                                   "overlapSeconds must be from 0 to %d.", MF_TOKEN_OVERLAP_S_MAX);
        }
        seconds = overlap == NULL ? seconds : (uint64_t)overlap->valuedouble;
    }
    change->ends_ms = seconds == 0 ? 0 : change->now_ms + seconds * 1000;
    return 0;
}

static void rotate_ready(struct mf__put *put)
{
    struct change *change = change_new(put);
    uint32_t scopes = mf_tenants_scopes_of(put->api->tenants, tenant_of(change), put->name);
    struct mf_buf param;
    struct mf_buf why;
    int rc;

    mf_buf_init(&param, MF_API_FAULT_BYTES_MAX);
    mf_buf_init(&why, MF_API_FAULT_BYTES_MAX);
    rc = scopes == 0 ? MF_E_TOKEN_UNKNOWN : read_rotate(change, put->root, &param, &why);
    if (rc == MF_E_API_FIELD) {
        refuse_field(put, mf_buf_peek(&param), mf_buf_peek(&why));
        free_change(change);
    } else if (rc == 0 && (scopes & ~mf__caller(put->exchange)->scopes) != 0) {
        /* Whoever has the key may do what the token may. */
        const struct mf__problem problem = {
            .error = MF_E_AUTH_SCOPE,
            .detail = mf_slice_of_cstr("The token may do more than the one that asks for its new key.")};
        mf__put_reply_problem(put, &problem);
        free_change(change);
    } else if (rc < 0) {
        end(change, 0, rc);
    } else {
        memcpy(change->id, put->name_text, MF_TOKEN_ID_CHARS);
        mf_token_make(change->id, change->key);
        mf_token_digest(mf_slice_of_cstr(change->key), change->digest);
        submit(change, rotate_work, rotate_done);
    }
    mf_buf_done(&param);
    mf_buf_done(&why);
}

void mf__tokens_rotate(struct mf_api *api, struct mf_exchange *exchange)
{
    bool has_body = mf_exchange_request(exchange)->has_body;

    mf__put_begin(api, exchange, has_body ? MF_TOKEN_PUT_BYTES_MAX : 0, rotate_ready);
}

/* ---- revoke ------------------------------------------------------------------------------------------------ */

static int delete_work(struct mf_store *store, struct mf_store_job *job)
{
    struct change *change = MF_CONTAINER_OF(job, struct change, job);

    return mf_store_token_delete(store, tenant_of(change), change->put->name);
}

static void delete_done(struct mf_store_job *job, int error)
{
    struct change *change = MF_CONTAINER_OF(job, struct change, job);

    if (error == 0) {
        note(change, change->put->name_text, "revoked", "");
        mf_tenants_drop_token(change->put->api->tenants, change->put->name);
    }
    end(change, 0, error);
}

static void delete_ready(struct mf__put *put)
{
    submit(change_new(put), delete_work, delete_done);
}

void mf__tokens_delete(struct mf_api *api, struct mf_exchange *exchange)
{
    mf__put_begin(api, exchange, 0, delete_ready);
}
