/* tenants.c - /v1/tenants: those whom the operator serves, and what each may have. A change is on the disk before it counts. */
#include <stdio.h>

#include "page.h"
#include "put.h"
#include "quotas.h"

#define INFO_BYTES_MAX 2048
#define USERS_BYTES_MAX 256

struct change {
    struct mf_store_job job;
    struct mf__put *put;
    struct mf_config *config; /* For the worker thread. */
    char quotas[MF_QUOTAS_BYTES_MAX];
    uint64_t now_ms;
    bool is_new; /* Its place was taken for this call. */
    bool is_made;
    struct mf_buf body;
    struct mf_buf users;
};

static MF_OWN struct change *change_new(struct mf__put *put)
{
    struct change *change = mf_new(sizeof *change);

    change->put = put;
    change->config = mf_config_ref(put->api->config);
    change->now_ms = mf_clock_unix_ms();
    mf_buf_init(&change->body, INFO_BYTES_MAX);
    mf_buf_init(&change->users, USERS_BYTES_MAX);
    return change;
}

static void free_change(MF_OWN struct change *change)
{
    mf_config_unref(change->config);
    mf_buf_done(&change->body);
    mf_buf_done(&change->users);
    mf_free(change);
}

static void end(MF_OWN struct change *change, int error)
{
    if (error == MF_E_TENANT_IN_USE) {
        mf__put_reply_has(change->put, error, mf_buf_peek(&change->users));
    } else if (error < 0) {
        mf__put_reply_error(change->put, error);
    } else if (change->body.size > 0) {
        mf__put_reply_json(change->put, change->is_made ? 201 : 200, mf_buf_peek(&change->body));
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
        end(change, rc);
    }
}

/* ---- what is shown ---------------------------------------------------------------------------------- */

static int append_info(struct mf_buf *out, const struct mf_config *config, const struct mf_store_tenant *row)
{
    struct mf_quotas quotas;
    int rc = mf_buf_append_cstr(out, "{\"name\":");

    mf_quotas_read(row->quotas, &quotas);
    rc = rc < 0 ? rc : mf_buf_append_json_string(out, row->name);
    rc = rc < 0 ? rc : mf_buf_append_cstr(out, ",\"quotas\":");
    rc = rc < 0 ? rc : mf__quotas_append(out, &quotas);
    rc = rc < 0 ? rc : mf_buf_append_cstr(out, ",\"effective\":");
    mf__quotas_apply(config, &quotas);
    rc = rc < 0 ? rc : mf__quotas_append(out, &quotas);
    rc = rc < 0 ? rc : mf_buf_append_cstr(out, ",\"createdAt\":");
    rc = rc < 0 ? rc : mf__json_append_time(out, row->created_ms);
    rc = rc < 0 ? rc : mf_buf_append_cstr(out, ",\"updatedAt\":");
    rc = rc < 0 ? rc : mf__json_append_time(out, row->updated_ms);
    return rc < 0 ? rc : mf_buf_append_cstr(out, "}");
}

static int on_item(void *user, const struct mf_store_tenant *row)
{
    struct mf__page *page = user;
    int rc = mf__page_item(page, row->name);

    return rc <= 0 ? rc : append_info(&page->body, page->config, row);
}

static int each(struct mf_store *store, struct mf__page *page)
{
    return mf_store_tenants_each(store, &page->rows, on_item, page);
}

void mf__tenants_list(struct mf_api *api, struct mf_exchange *exchange)
{
    mf__page_begin(api, exchange, "tenants", mf_slice_of(NULL, 0), INFO_BYTES_MAX, each);
}

static int write_info(void *user, const struct mf_store_tenant *row)
{
    struct change *change = user;
    int rc = append_info(&change->body, change->config, row);

    change->is_made = row->created_ms == row->updated_ms;
    return rc < 0 ? rc : mf_buf_append_cstr(&change->body, "\n");
}

static int get_work(struct mf_store *store, struct mf_store_job *job)
{
    struct change *change = MF_CONTAINER_OF(job, struct change, job);

    return mf_store_tenant_get(store, change->put->name, write_info, change);
}

static void get_done(struct mf_store_job *job, int error)
{
    struct change *change = MF_CONTAINER_OF(job, struct change, job);

    change->is_made = false;
    end(change, error);
}

static void get_ready(struct mf__put *put)
{
    submit(change_new(put), get_work, get_done);
}

void mf__tenant_get(struct mf_api *api, struct mf_exchange *exchange)
{
    mf__put_begin(api, exchange, 0, get_ready);
}

/* ---- put ------------------------------------------------------------------------------------------------ */

static int put_work(struct mf_store *store, struct mf_store_job *job)
{
    struct change *change = MF_CONTAINER_OF(job, struct change, job);

    return mf_store_tenant_put(store, change->put->name, mf_slice_of_cstr(change->quotas), change->now_ms,
                               write_info, change);
}

static void put_done(struct mf_store_job *job, int error)
{
    struct change *change = MF_CONTAINER_OF(job, struct change, job);
    struct mf_tenants *tenants = change->put->api->tenants;
    const struct mf_store_tenant row = {.name = change->put->name,
                                        .quotas = mf_slice_of_cstr(change->quotas)};

    if (error == 0) {
        error = mf_tenants_set_tenant(tenants, &row);
    } else if (change->is_new) {
        mf_tenants_drop_tenant(tenants, row.name);
    }
    end(change, error);
}

static void put_ready(struct mf__put *put)
{
    struct change *change = change_new(put);
    struct mf_quotas quotas;
    struct mf_buf param;
    struct mf_buf why;
    int rc;

    mf_buf_init(&param, MF_API_FAULT_BYTES_MAX);
    mf_buf_init(&why, MF_API_FAULT_BYTES_MAX);
    rc = mf_tenants_is_on(put->api->tenants)
             ? mf__quotas_read(put->root, change->config, &quotas, &param, &why)
             : MF_E_AUTH_OFF;
    if (rc == 0) {
        mf_quotas_write(&quotas, change->quotas);
        change->is_new = !mf_tenants_exists(put->api->tenants, put->name);
    }
    if (rc == 0 && change->is_new) {
        const struct mf_store_tenant row = {.name = put->name, .quotas = mf_slice_of_cstr("")};
        rc = mf_tenants_set_tenant(put->api->tenants, &row); /* Its place; nobody can be it yet. */
    }
    if (rc == 0) {
        submit(change, put_work, put_done);
    } else if (rc == MF_E_API_FIELD) {
        const struct mf__problem problem = {
            .error = rc, .param = mf_buf_peek(&param), .detail = mf_buf_peek(&why)};
        mf__put_reply_problem(put, &problem);
        free_change(change);
    } else {
        end(change, rc);
    }
    mf_buf_done(&param);
    mf_buf_done(&why);
}

void mf__tenant_put(struct mf_api *api, struct mf_exchange *exchange)
{
    mf__put_begin(api, exchange, MF_TOKEN_PUT_BYTES_MAX, put_ready);
}

/* ---- delete ---------------------------------------------------------------------------------------------- */

static int delete_work(struct mf_store *store, struct mf_store_job *job)
{
    struct change *change = MF_CONTAINER_OF(job, struct change, job);

    return mf_store_tenant_delete(store, change->put->name, &change->users);
}

static void delete_done(struct mf_store_job *job, int error)
{
    struct change *change = MF_CONTAINER_OF(job, struct change, job);

    if (error == 0) {
        mf_tenants_drop_tenant(change->put->api->tenants, change->put->name);
    }
    end(change, error);
}

static void delete_ready(struct mf__put *put)
{
    submit(change_new(put), delete_work, delete_done);
}

void mf__tenant_delete(struct mf_api *api, struct mf_exchange *exchange)
{
    mf__put_begin(api, exchange, 0, delete_ready);
}
