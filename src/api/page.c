#include "page.h"

#include "query.h"

static void free_page(struct mf__page *page)
{
    mf_buf_done(&page->body);
    mf_config_unref(page->config_ref);
    mf_free(page);
}

int mf__page_item(struct mf__page *page, struct mf_slice key)
{
    int rc;

    if (++page->count == page->rows.count) {
        return 0;
    }
    MF_ASSERT(key.size < sizeof page->last);
    memcpy(page->last, key.data, key.size);
    page->last[key.size] = '\0';
    rc = page->count == 1 ? 0 : mf_buf_append_cstr(&page->body, ",");
    return rc < 0 ? rc : 1;
}

static int work(struct mf_store *store, struct mf_store_job *job)
{
    struct mf__page *page = MF_CONTAINER_OF(job, struct mf__page, job);
    int rc = mf_buf_printf(&page->body, "{\"%s\":[", page->things);

    if (rc == 0) {
        rc = page->each(store, page);
    }
    if (rc == 0) {
        rc = mf_buf_append_cstr(&page->body, "],\"next\":");
    }
    if (rc == 0) {
        rc = page->count >= page->rows.count
                 ? mf_buf_append_json_string(&page->body, mf_slice_of_cstr(page->last))
                 : mf_buf_append_cstr(&page->body, "null");
    }
    return rc < 0 ? rc : mf_buf_append_cstr(&page->body, "}\n");
}

static void done(struct mf_store_job *job, int error)
{
    struct mf__page *page = MF_CONTAINER_OF(job, struct mf__page, job);

    if (page->exchange != NULL && error == 0) {
        mf__json_reply(page->exchange, 200, mf_buf_peek(&page->body));
    } else if (page->exchange != NULL) {
        mf__problem_reply_error(page->exchange, error);
    }
    free_page(page);
}

/* ---- the query ------------------------------------------------------------------------------------ */

static int read_parameter(struct mf__page *page, struct mf_slice name, struct mf_slice value)
{
    uint64_t limit;

    if (mf_slice_equal_cstr(name, "limit")) {
        if (mf_slice_parse_u64(value, MF_TENANT_PAGE_MAX, &limit) < 0 || limit == 0) {
            return MF_E_API_FIELD;
        }
        page->rows.count = (size_t)limit + 1;
        return 0;
    }
    if (!mf_slice_equal_cstr(name, "after") || !mf_store_name_is_valid(value)) {
        return MF_E_API_FIELD;
    }
    memcpy(page->after, value.data, value.size);
    page->rows.after = mf_slice_of(page->after, value.size);
    return 0;
}

static int read_query(struct mf__page *page, struct mf_slice query)
{
    struct mf_buf name;
    struct mf_buf value;
    size_t cursor = 0;
    int rc;

    mf_buf_init(&name, 32);
    mf_buf_init(&value, MF_STORE_NAME_BYTES_MAX);
    do {
        rc = mf__query_next(query, &cursor, &name, &value);
        if (rc > 0 && read_parameter(page, mf_buf_peek(&name), mf_buf_peek(&value)) < 0) {
            rc = MF_E_API_FIELD;
        }
    } while (rc > 0);
    mf_buf_done(&name);
    mf_buf_done(&value);
    return rc;
}

/* ---- what the exchange says ---------------------------------------------------------------------------- */

static void on_abort(struct mf_exchange *exchange, void *user, int error)
{
    struct mf__page *page = user;

    (void)exchange;
    (void)error;
    page->exchange = NULL;
}

static void on_body(struct mf_exchange *exchange, void *user, struct mf_slice bytes)
{
    (void)exchange;
    (void)user;
    (void)bytes;
}

static void on_other(struct mf_exchange *exchange, void *user)
{
    (void)exchange;
    (void)user;
}

static const struct mf_exchange_events events = {.on_body = on_body,
                                                 .on_body_end = on_other,
                                                 .on_drain = on_other,
                                                 .on_abort = on_abort};

void mf__page_begin(struct mf_api *api,
                    struct mf_exchange *exchange,
                    const char *things,
                    struct mf_slice tenant,
                    size_t item_bytes_max,
                    int (*each)(struct mf_store *store, struct mf__page *page))
{
    struct mf__page *page = mf_new(sizeof *page);
    int rc;

    page->api = api;
    page->exchange = exchange;
    page->things = things;
    page->each = each;
    page->config_ref = mf_config_ref(api->config);
    page->config = page->config_ref;
    page->job = (struct mf_store_job){.work = work, .done = done};
    page->rows.count = MF_TENANT_PAGE_DEFAULT + 1;
    page->rows.after = mf_slice_of_cstr("");
    if (tenant.data != NULL) {
        memcpy(page->tenant, tenant.data, tenant.size);
        page->rows.tenant = mf_slice_of(page->tenant, tenant.size);
    }
    rc = read_query(page, mf_exchange_request(exchange)->query);
    mf_buf_init(&page->body, page->rows.count * item_bytes_max + 256);
    mf_exchange_listen(exchange, &events, page);
    if (rc == 0) {
        rc = mf_store_queue_submit(api->queue, &page->job);
    }
    if (rc < 0) {
        struct mf__problem problem = {.error = rc};
        if (rc == MF_E_API_FIELD) {
            problem.detail = mf_slice_of_cstr("The parameters are limit, a number from 1 to 1000, and after, "
                                              "what next said.");
        }
        mf__problem_reply(exchange, &problem);
        free_page(page);
    }
}
