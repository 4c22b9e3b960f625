/* usage.c - GET /v1/usage: sums of what runs have used, by tenant, day and worker, with their prices. */
#include <stdio.h>
#include <time.h>

#include "internal.h"
#include "query.h"
#include "usage_row.h"

#define SECONDS_PER_DAY 86400
#define SECONDS_PER_MONTH (30 * SECONDS_PER_DAY) /* Of a price. */
#define AFTER_BYTES_MAX (2 * MF_STORE_NAME_BYTES_MAX + MF__USAGE_DATE_BYTES + 8)

enum usage_form { FORM_JSON, FORM_NDJSON, FORM_CSV };

struct usage {
    struct mf_ledger_wait wait;
    struct mf_store_job job;
    struct mf_api *api;
    struct mf_config *config;     /* Its prices. */
    struct mf_exchange *exchange; /* NULL: the client is gone. */
    enum usage_form form;
    struct mf_store_usage_query query;
    struct mf_store_usage after;
    char after_text[AFTER_BYTES_MAX];
    char tenant[MF_STORE_TENANT_BYTES_MAX + 1]; /* Whose, unless it is of all. */
    size_t rows_max;
    size_t count;
    char next[AFTER_BYTES_MAX];
    struct mf_buf body;
    char why[128];
};

static void free_usage(struct usage *usage)
{
    mf_config_unref(usage->config);
    mf_buf_done(&usage->body);
    mf_free(usage);
}

/* ---- dates ---------------------------------------------------------------------------------------------- */

/* "2026-11-26", from 1970 on, a day that there is. */
static int read_date(struct mf_slice text, uint64_t *ret_day)
{
    char again[MF__USAGE_DATE_BYTES];
    uint64_t year, month, day;

    if (text.size != MF__USAGE_DATE_BYTES - 1 || text.data[4] != '-' || text.data[7] != '-' ||
        mf_slice_parse_u64(mf_slice_of(text.data, 4), 9999, &year) < 0 ||
        mf_slice_parse_u64(mf_slice_of(text.data + 5, 2), 12, &month) < 0 ||
        mf_slice_parse_u64(mf_slice_of(text.data + 8, 2), 31, &day) < 0 || year < 1970) {
        return MF_E_API_FIELD;
    }
    struct tm utc = {.tm_year = (int)year - 1900, .tm_mon = (int)month - 1, .tm_mday = (int)day};
    uint64_t days = (uint64_t)timegm(&utc) / SECONDS_PER_DAY;
    mf__usage_write_date(days, again);
    if (!mf_slice_equal_cstr(text, again)) {
        return MF_E_API_FIELD; /* The 31st of February. */
    }
    *ret_day = days;
    return 0;
}

/* ---- the query ------------------------------------------------------------------------------------------ */

static int refuse(struct usage *usage, const char *why)
{
    (void)snprintf(usage->why, sizeof usage->why, "%s", why);
    return MF_E_API_FIELD;
}

static int read_groups(struct usage *usage, struct mf_slice list)
{
    struct mf_store_usage_query *query = &usage->query;

    while (list.size > 0) {
        size_t size = 0;
        while (size < list.size && list.data[size] != ',') {
            size++;
        }
        struct mf_slice name = mf_slice_of(list.data, size);
        bool *by = mf_slice_equal_cstr(name, "tenant")   ? &query->by_tenant
                   : mf_slice_equal_cstr(name, "worker") ? &query->by_worker
                   : mf_slice_equal_cstr(name, "day")    ? &query->by_day
                                                         : NULL;
        if (by == NULL || *by) {
            return refuse(usage, "groupBy is a list of tenant, worker and day, each once.");
        }
        *by = true;
        size += size < list.size ? 1 : 0;
        list = mf_slice_of(list.data + size, list.size - size);
    }
    return 0;
}

static int read_form(struct usage *usage, struct mf_slice name)
{
    static const char *const names[] = {[FORM_JSON] = "json", [FORM_NDJSON] = "ndjson", [FORM_CSV] = "csv"};

    for (unsigned form = 0; form < MF_COUNT_OF(names); form++) {
        if (mf_slice_equal_cstr(name, names[form])) {
            usage->form = (enum usage_form)form;
            return 0;
        }
    }
    return refuse(usage, "format is json, ndjson or csv.");
}

/* What "next" of the page before said: "tenant/2026-11-26/worker". */
static int read_after(struct usage *usage, struct mf_slice text)
{
    struct mf_store_usage *after = &usage->after;
    struct mf_slice parts[3] = {{NULL, 0}, {NULL, 0}, {NULL, 0}};
    size_t begin = 0;
    size_t count = 0;

    if (text.size >= sizeof usage->after_text) {
        return refuse(usage, "after is what next said.");
    }
    if (text.size > 0) {
        memcpy(usage->after_text, text.data, text.size);
    }
    for (size_t i = 0; i <= text.size && count < 3; i++) {
        if (i == text.size || text.data[i] == '/') {
            parts[count++] = mf_slice_of(usage->after_text + begin, i - begin);
            begin = i + 1;
        }
    }
    if (count != 3 || begin != text.size + 1 || (parts[1].size > 0 && read_date(parts[1], &after->day) < 0)) {
        return refuse(usage, "after is what next said.");
    }
    after->tenant = parts[0];
    after->worker = parts[2];
    usage->query.after = after;
    return 0;
}

static int read_parameter(struct usage *usage, struct mf_slice name, struct mf_slice value)
{
    uint64_t number;

    if (mf_slice_equal_cstr(name, "from") || mf_slice_equal_cstr(name, "to")) {
        uint64_t *day = mf_slice_equal_cstr(name, "to") ? &usage->query.day_last : &usage->query.day_first;
        return read_date(value, day) < 0 ? refuse(usage, "from and to are days: 2026-11-26.") : 0;
    }
    if (mf_slice_equal_cstr(name, "groupBy")) {
        return read_groups(usage, value);
    }
    if (mf_slice_equal_cstr(name, "format")) {
        return read_form(usage, value);
    }
    if (mf_slice_equal_cstr(name, "after")) {
        return read_after(usage, value);
    }
    if (mf_slice_equal_cstr(name, "tenant") && mf__caller_is_for_all(usage->exchange) &&
        value.size < sizeof usage->tenant) {
        if (value.size > 0) {
            memcpy(usage->tenant, value.data, value.size);
        }
        usage->query.tenant = mf_slice_of(usage->tenant, value.size);
        return 0;
    }
    if (mf_slice_equal_cstr(name, "limit")) {
        if (mf_slice_parse_u64(value, MF_USAGE_ROWS_MAX, &number) < 0 || number == 0) {
            return refuse(usage, "limit is not a number from 1 to 10000.");
        }
        usage->rows_max = (size_t)number;
        return 0;
    }
    return refuse(usage,
                  "The parameters are from, to, groupBy, format, limit and after; for an admin also tenant.");
}

static int read_query(struct usage *usage, struct mf_slice text)
{
    struct mf_buf name;
    struct mf_buf value;
    size_t cursor = 0;
    int rc;

    mf_buf_init(&name, 32);
    mf_buf_init(&value, AFTER_BYTES_MAX);
    do {
        rc = mf__query_next(text, &cursor, &name, &value);
        if (rc > 0 && read_parameter(usage, mf_buf_peek(&name), mf_buf_peek(&value)) < 0) {
            rc = MF_E_API_FIELD;
        }
    } while (rc > 0);
    mf_buf_done(&name);
    mf_buf_done(&value);
    if (rc == 0 && (usage->query.day_first > usage->query.day_last ||
                    usage->query.day_last - usage->query.day_first >= MF_USAGE_DAYS_MAX)) {
        rc = refuse(usage, "to is not before from, and not ten years behind it.");
    }
    return rc;
}

/* ---- a row ---------------------------------------------------------------------------------------------- */

/* Units of money, of which the config's prices are millionths. */
struct cost {
    double workers;
    double runs;
    double cpu;
    double storage;
    double total;
};

static struct cost cost_of(const struct mf_config *config, const struct mf_store_usage *row)
{
    double cpu_ms = (double)row->cpu_ns / (double)MF_NS_PER_MS;
    double gb_months = (double)row->storage_byte_s / 1e9 / SECONDS_PER_MONTH;
    struct cost cost = {.workers = (double)row->uniques * (double)config->price_worker_day_micros / 1e6,
                        .runs = (double)row->runs * (double)config->price_million_runs_micros / 1e12,
                        .cpu = cpu_ms * (double)config->price_million_cpu_ms_micros / 1e12,
                        .storage = gb_months * (double)config->price_gb_month_micros / 1e6};

    cost.total = cost.workers + cost.runs + cost.cpu + cost.storage;
    return cost;
}

static int append_keys_json(struct usage *usage, const struct mf_store_usage *row, const char *date)
{
    struct mf_buf *out = &usage->body;
    int rc = 0;

    if (usage->query.by_tenant) {
        rc = mf_buf_append_cstr(out, "\"tenant\":");
        rc = rc < 0 ? rc : mf_buf_append_json_string(out, row->tenant);
        rc = rc < 0 ? rc : mf_buf_append_cstr(out, ",");
    }
    if (rc == 0 && usage->query.by_day) {
        rc = mf_buf_printf(out, "\"day\":\"%s\",", date);
    }
    if (rc == 0 && usage->query.by_worker) {
        rc = mf_buf_append_cstr(out, "\"worker\":");
        rc = rc < 0                  ? rc
             : row->worker.size == 0 ? mf_buf_append_cstr(out, "null")
                                     : mf_buf_append_json_string(out, row->worker);
        rc = rc < 0 ? rc : mf_buf_append_cstr(out, ",");
    }
    return rc;
}

static int append_json(struct usage *usage, const struct mf_store_usage *row, const char *date)
{
    struct mf_buf *out = &usage->body;
    struct cost cost = cost_of(usage->config, row);
    int rc = mf_buf_append_cstr(out, usage->form == FORM_JSON && usage->count > 1 ? ",{" : "{");

    rc = rc < 0 ? rc : append_keys_json(usage, row, date);
    rc = rc < 0 ? rc : mf__usage_append_numbers(out, row);
    return rc < 0 ? rc
                  : mf_buf_printf(out,
                                  ",\"cost\":{\"uniqueWorkers\":%.12g,\"invocations\":%.12g,\"cpu\":%.12g,"
                                  "\"storage\":%.12g,\"total\":%.12g}}%s",
                                  cost.workers, cost.runs, cost.cpu, cost.storage, cost.total,
                                  usage->form == FORM_NDJSON ? "\n" : "");
}

/* Names have neither commas nor quotes (mf_store_name_is_valid), so none is needed here. */
static int append_csv(struct usage *usage, const struct mf_store_usage *row, const char *date)
{
    struct mf_buf *out = &usage->body;
    struct cost cost = cost_of(usage->config, row);
    int rc = mf_buf_append_slice(out, row->tenant);

    rc = rc < 0 ? rc : mf_buf_printf(out, ",%s,", date);
    rc = rc < 0 ? rc : mf_buf_append_slice(out, row->worker);
    for (size_t i = 0; rc == 0 && i < MF__USAGE_NUMBERS_COUNT; i++) {
        rc = mf_buf_append_cstr(out, ",");
        rc = rc < 0 ? rc : mf__usage_append_number(out, row, i);
    }
    return rc < 0 ? rc : mf_buf_printf(out, ",%.12g\r\n", cost.total);
}

/* One more row than were asked for says that there are more. */
static int on_row(void *user, const struct mf_store_usage *row)
{
    struct usage *usage = user;
    char date[MF__USAGE_DATE_BYTES] = "";

    if (usage->count++ == usage->rows_max) {
        return 0;
    }
    if (usage->query.by_day) {
        mf__usage_write_date(row->day, date);
    }
    (void)snprintf(usage->next, sizeof usage->next, "%.*s/%s/%.*s", (int)row->tenant.size,
                   (const char *)row->tenant.data, date, (int)row->worker.size,
                   (const char *)row->worker.data);
    return usage->form == FORM_CSV ? append_csv(usage, row, date) : append_json(usage, row, date);
}

/* ---- the answer ------------------------------------------------------------------------------------------ */

static int append_head(struct usage *usage)
{
    static const char *const keys[] = {"tenant", "day", "worker"};
    const bool by[] = {usage->query.by_tenant, usage->query.by_day, usage->query.by_worker};
    struct mf_buf *out = &usage->body;
    char from[MF__USAGE_DATE_BYTES];
    char to[MF__USAGE_DATE_BYTES];
    const char *comma = "";
    int rc;

    if (usage->form == FORM_NDJSON) {
        return 0;
    }
    if (usage->form == FORM_CSV) {
        rc = mf_buf_append_cstr(out, "tenant,day,worker");
        for (size_t i = 0; rc == 0 && i < MF__USAGE_NUMBERS_COUNT; i++) {
            rc = mf_buf_printf(out, ",%s", mf__usage_number_names[i]);
        }
        return rc < 0 ? rc : mf_buf_append_cstr(out, ",cost\r\n");
    }
    mf__usage_write_date(usage->query.day_first, from);
    mf__usage_write_date(usage->query.day_last, to);
    rc = mf_buf_printf(out, "{\"from\":\"%s\",\"to\":\"%s\",\"groupBy\":[", from, to);
    for (size_t i = 0; rc == 0 && i < MF_COUNT_OF(keys); i++) {
        if (by[i]) {
            rc = mf_buf_printf(out, "%s\"%s\"", comma, keys[i]);
            comma = ",";
        }
    }
    return rc < 0 ? rc : mf_buf_append_cstr(out, "],\"rows\":[");
}

static int append_tail(struct usage *usage)
{
    struct mf_buf *out = &usage->body;
    int rc;

    if (usage->form != FORM_JSON) {
        return 0;
    }
    rc = mf_buf_append_cstr(out, "],\"next\":");
    if (rc == 0) {
        rc = usage->count > usage->rows_max ? mf_buf_append_json_string(out, mf_slice_of_cstr(usage->next))
                                            : mf_buf_append_cstr(out, "null");
    }
    return rc < 0 ? rc : mf_buf_append_cstr(out, "}\n");
}

static int work(struct mf_store *store, struct mf_store_job *job)
{
    struct usage *usage = MF_CONTAINER_OF(job, struct usage, job);
    int rc = append_head(usage);

    usage->query.count_max = usage->rows_max + 1;
    if (rc == 0) {
        rc = mf_store_usage_each(store, &usage->query, on_row, usage);
    }
    return rc < 0 ? rc : append_tail(usage);
}

static int reply(struct usage *usage)
{
    static const char *const types[] = {[FORM_JSON] = "application/json",
                                        [FORM_NDJSON] = "application/x-ndjson",
                                        [FORM_CSV] = "text/csv; charset=utf-8; header=present"};
    struct mf_buf headers;
    int rc;

    mf_buf_init(&headers, 512);
    rc = mf_headers_append(&headers, mf_slice_of_cstr("content-type"), mf_slice_of_cstr(types[usage->form]));
    if (rc == 0) {
        rc = mf_headers_append(&headers, mf_slice_of_cstr("cache-control"), mf_slice_of_cstr("no-store"));
    }
    if (rc == 0 && usage->form != FORM_JSON && usage->count > usage->rows_max) {
        rc = mf_headers_append(&headers, mf_slice_of_cstr("mayfly-next"), mf_slice_of_cstr(usage->next));
    }
    if (rc == 0) {
        mf_exchange_reply(usage->exchange, 200, mf_buf_peek(&headers), mf_buf_peek(&usage->body));
    }
    mf_buf_done(&headers);
    return rc;
}

static void end(struct usage *usage, int error)
{
    if (usage->exchange != NULL && error == 0) {
        error = reply(usage);
    }
    if (usage->exchange != NULL && error < 0) {
        mf__problem_reply_error(usage->exchange, error);
    }
    free_usage(usage);
}

static void done(struct mf_store_job *job, int error)
{
    end(MF_CONTAINER_OF(job, struct usage, job), error);
}

static void synced(struct mf_ledger_wait *wait, int error)
{
    struct usage *usage = MF_CONTAINER_OF(wait, struct usage, wait);

    usage->job = (struct mf_store_job){.work = work, .done = done};
    error = error < 0 ? error : mf_store_queue_submit(usage->api->queue, &usage->job);
    if (error < 0) {
        end(usage, error);
    }
}

/* ---- what the exchange says -------------------------------------------------------------------------------- */

static void on_abort(struct mf_exchange *exchange, void *user, int error)
{
    struct usage *usage = user;

    (void)exchange;
    (void)error;
    usage->exchange = NULL;
}

static const struct mf_exchange_events events = {.on_abort = on_abort};

void mf__usage_get(struct mf_api *api, struct mf_exchange *exchange)
{
    struct usage *usage = mf_new(sizeof *usage);
    uint64_t today = mf_clock_unix_ms() / 1000 / SECONDS_PER_DAY;
    int rc;

    usage->api = api;
    usage->config = mf_config_ref(api->config);
    usage->exchange = exchange;
    usage->rows_max = MF_USAGE_ROWS_DEFAULT;
    usage->query = (struct mf_store_usage_query){.day_first = today, .day_last = today};
    if (!mf__caller_is_for_all(exchange)) {
        memcpy(usage->tenant, mf__caller(exchange)->tenant, sizeof usage->tenant);
        usage->query.tenant = mf_slice_of_cstr(usage->tenant);
    }
    usage->wait.done = synced;
    rc = read_query(usage, mf_exchange_request(exchange)->query);
    mf_buf_init(&usage->body, (usage->rows_max + 1) * MF__USAGE_ROW_BYTES_MAX);
    if (rc < 0) {
        struct mf__problem problem = {.error = MF_E_API_FIELD, .detail = mf_slice_of_cstr(usage->why)};
        mf__problem_reply(exchange, &problem);
        free_usage(usage);
        return;
    }
    mf_exchange_listen(exchange, &events, usage);
    mf_ledger_sync(api->ledger, &usage->wait);
}
