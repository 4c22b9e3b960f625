/* workspace_read.c - GET of a file: its bytes as they come from the store, as fast as the client takes them.
 *
 *   OPENING --opened, first piece--> [READING <--drained or sent--> SENDING] --all sent--> gone
 *
 * From its opening to its end the file is pinned: what the client gets is what the file was then. One job at most is with the
 * store; the client may leave meanwhile, and the reader is freed when both are gone. */
#include <stdio.h>

#include <mayfly/http.h>

#include "workspace_call.h"
#include "workspace_tidy.h"

struct reader {
    struct mf_store_job job;
    struct mf_api *api;
    struct mf_exchange *exchange; /* NULL: it has ended. */
    struct mf__wscall *call;      /* Until the head is sent. */
    struct mf_inode file;
    bool is_open; /* Pinned. */
    bool is_busy; /* The job is with the store. */
    bool is_head; /* No bytes are wanted. */
    bool is_full; /* The client has to take what it has first. */
    uint64_t offset;
    uint64_t end;
    struct mf_buf piece;
    char range[64]; /* The request's Range, or "". */
    char if_range[MF__ETAG_BYTES_MAX];
};

/* ---- which bytes ------------------------------------------------------------------------------------------ */

/* "bytes=0-499", "bytes=500-", "bytes=-500" (RFC 9110, section 14). 1: a part; 0: all of it, also when the header is of a kind that
 * nobody has to know; MF_E_API_RANGE. */
static int read_range(const char *text, uint64_t size, uint64_t *ret_begin, uint64_t *ret_end)
{
    static const char unit[] = "bytes=";
    struct mf_slice rest = mf_slice_of_cstr(text);
    const uint8_t *dash;
    uint64_t first = 0;
    uint64_t last = 0;

    if (strncmp(text, unit, sizeof unit - 1) != 0) {
        return 0;
    }
    rest = mf_slice_of(rest.data + sizeof unit - 1, rest.size - (sizeof unit - 1));
    dash = memchr(rest.data, '-', rest.size);
    if (dash == NULL) {
        return 0;
    }
    struct mf_slice left = mf_slice_of(rest.data, (size_t)(dash - rest.data));
    struct mf_slice right = mf_slice_of(dash + 1, rest.size - left.size - 1);
    bool has_last = mf_slice_parse_u64(right, UINT64_MAX / 2, &last) == 0;
    if ((right.size > 0 && !has_last) || (left.size == 0 && !has_last)) {
        return 0;
    }
    if (left.size == 0) {
        if (last == 0 || size == 0) {
            return MF_E_API_RANGE;
        }
        *ret_begin = last < size ? size - last : 0;
        *ret_end = size;
        return 1;
    }
    if (mf_slice_parse_u64(left, UINT64_MAX / 2, &first) < 0 || (has_last && last < first)) {
        return 0;
    }
    if (first >= size) {
        return MF_E_API_RANGE;
    }
    *ret_begin = first;
    *ret_end = has_last && last < size ? last + 1 : size;
    return 1;
}

/* ---- the life ------------------------------------------------------------------------------------------------ */

static void free_reader(struct reader *reader)
{
    if (reader->is_open) {
        mf_workspace_close(reader->api->store, &reader->file);
        mf__tidy_ask(reader->api->tidy); /* It may have been the last one to hold it. */
    }
    if (reader->call != NULL) {
        mf__wscall_free(reader->call);
    }
    mf_buf_done(&reader->piece);
    mf_free(reader);
}

static void fail(struct reader *reader, int error)
{
    struct mf_exchange *exchange = reader->exchange;

    reader->exchange = NULL;
    if (exchange != NULL && reader->call != NULL) {
        mf__workspace_problem(exchange, error, mf_slice_of(NULL, 0), mf_slice_of(NULL, 0),
                              mf_slice_of(NULL, 0));
    } else if (exchange != NULL) {
        mf_exchange_destroy(exchange);
    }
    free_reader(reader);
}

static int append_header(struct mf_buf *headers, const char *name, const char *value)
{
    return mf_headers_append(headers, mf_slice_of_cstr(name), mf_slice_of_cstr(value));
}

/* What every answer about the file has. The bytes are somebody's: no browser may take them for a page of this daemon's. */
static void write_headers(const struct reader *reader, struct mf_buf *headers)
{
    struct mf_http_date date = {.second = 0};
    char mode[8];
    char etag[MF__ETAG_BYTES_MAX];
    struct mf_slice modified = mf_http_date_at(&date, reader->file.changed_ms);
    int rc = append_header(headers, "content-type", "application/octet-stream");

    mf__workspace_etag(&reader->file, etag);
    (void)snprintf(mode, sizeof mode, "%04o", reader->file.mode);
    rc = rc < 0 ? rc : append_header(headers, "x-content-type-options", "nosniff");
    rc = rc < 0 ? rc : append_header(headers, "content-security-policy", "sandbox");
    rc = rc < 0 ? rc : append_header(headers, "cache-control", "no-cache");
    rc = rc < 0 ? rc : append_header(headers, "accept-ranges", "bytes");
    rc = rc < 0 ? rc : append_header(headers, "etag", etag);
    rc = rc < 0 ? rc : mf_headers_append(headers, mf_slice_of_cstr("last-modified"), modified);
    rc = rc < 0 ? rc : append_header(headers, "mayfly-mode", mode);
    MF_ASSERT(rc == 0); /* All are short. */
}

/* 304, 412 and 416 have no body of the file's. 1: answered. */
static int answer_without(struct reader *reader)
{
    struct mf_exchange *exchange = reader->exchange;
    struct mf_buf headers;
    char etag[MF__ETAG_BYTES_MAX];
    const struct mf__precondition *asked = &reader->call->precondition;
    int rc;

    mf__workspace_etag(&reader->file, etag);
    rc = mf__precondition_check(asked, etag);
    if (rc < 0 && (asked->has_match || asked->is_too_long)) {
        fail(reader, MF_E_API_PRECONDITION);
        return 1;
    }
    if (rc == 0) {
        return 0;
    }
    mf_buf_init(&headers, 1024);
    write_headers(reader, &headers);
    reader->exchange = NULL;
    mf_exchange_reply(exchange, 304, mf_buf_peek(&headers), mf_slice_of(NULL, 0));
    mf_buf_done(&headers);
    free_reader(reader);
    return 1;
}

static void refuse_range(struct reader *reader)
{
    struct mf_exchange *exchange = reader->exchange;
    char range[64];
    const struct mf__problem problem = {.error = MF_E_API_RANGE, .range = range};

    (void)snprintf(range, sizeof range, "bytes */%llu", (unsigned long long)reader->file.size);
    reader->exchange = NULL;
    mf__problem_reply(exchange, &problem);
    free_reader(reader);
}

static void step(struct reader *reader);
static void send_piece(struct reader *reader);

/* The first answer of the store: the head. */
static void begin_answer(struct reader *reader)
{
    struct mf_buf headers;
    char text[96];
    int part = 0;
    int rc;

    if (answer_without(reader) != 0) {
        return;
    }
    mf__workspace_etag(&reader->file, text);
    if (reader->if_range[0] == '\0' || strcmp(reader->if_range, text) == 0) {
        part = read_range(reader->range, reader->file.size, &reader->offset, &reader->end);
    }
    if (part < 0) {
        refuse_range(reader);
        return;
    }
    mf_buf_init(&headers, 1024);
    write_headers(reader, &headers);
    if (part > 0) {
        (void)snprintf(text, sizeof text, "bytes %llu-%llu/%llu", (unsigned long long)reader->offset,
                       (unsigned long long)(reader->end - 1), (unsigned long long)reader->file.size);
        rc = append_header(&headers, "content-range", text);
        MF_ASSERT(rc == 0); /* It is short. */
    }
    mf__wscall_free(reader->call);
    reader->call = NULL;
    rc = mf_exchange_respond(reader->exchange, part > 0 ? 206 : 200, mf_buf_peek(&headers),
                             (int64_t)(reader->end - reader->offset));
    mf_buf_done(&headers);
    if (rc < 0) {
        fail(reader, rc);
        return;
    }
    if (reader->is_head) {
        reader->offset = reader->end;
    }
    if (reader->piece.size > 0) {
        send_piece(reader);
    } else {
        step(reader);
    }
}

/* ---- jobs ------------------------------------------------------------------------------------------------------ */

static int read_work(struct mf_store *store, struct mf_store_job *job)
{
    struct reader *reader = MF_CONTAINER_OF(job, struct reader, job);
    uint64_t left = reader->end - reader->offset;

    /* Up to the end of a chunk, so that each is read once. */
    uint64_t size = MF_WORKSPACE_PIECE_BYTES - reader->offset % MF_FS_CHUNK_BYTES;
    return mf_workspace_file_read(store, &reader->file, reader->offset, (size_t)(size < left ? size : left),
                                  &reader->piece);
}

static void send_piece(struct reader *reader)
{
    int rc = mf_exchange_write(reader->exchange, mf_buf_peek(&reader->piece), &reader->is_full);

    reader->offset += reader->piece.size;
    mf_buf_reset(&reader->piece);
    if (rc == MF_E_CANCELED) {
        return; /* on_abort comes. */
    }
    if (rc < 0) {
        fail(reader, rc);
        return;
    }
    step(reader);
}

static void read_done(struct mf_store_job *job, int error)
{
    struct reader *reader = MF_CONTAINER_OF(job, struct reader, job);

    reader->is_busy = false;
    if (reader->exchange == NULL) {
        free_reader(reader);
    } else if (error < 0) {
        fail(reader, error);
    } else {
        send_piece(reader);
    }
}

static void step(struct reader *reader)
{
    int rc;

    if (reader->offset == reader->end) {
        struct mf_exchange *exchange = reader->exchange;
        reader->exchange = NULL;
        mf_exchange_end(exchange);
        free_reader(reader);
        return;
    }
    if (reader->is_busy || reader->is_full) {
        return;
    }
    reader->job = (struct mf_store_job){.work = read_work, .done = read_done};
    rc = mf_store_queue_submit(reader->api->queue, &reader->job);
    if (rc < 0) {
        fail(reader, rc);
        return;
    }
    reader->is_busy = true;
}

static int open_work(struct mf_store *store, struct mf_store_job *job)
{
    struct reader *reader = MF_CONTAINER_OF(job, struct reader, job);
    int rc = mf_workspace_open(store, &reader->call->ref, reader->call->path, &reader->file);

    reader->is_open = rc == 0;
    reader->end = reader->file.size;
    /* Nearly always all of it is wanted: the first piece comes along, and for most files is all there is. */
    if (rc == 0 && !reader->is_head && reader->range[0] == '\0' &&
        !reader->call->precondition.has_none_match) {
        rc = read_work(store, job);
    }
    return rc;
}

static void open_done(struct mf_store_job *job, int error)
{
    struct reader *reader = MF_CONTAINER_OF(job, struct reader, job);

    reader->is_busy = false;
    if (reader->exchange == NULL) {
        free_reader(reader);
    } else if (error < 0) {
        fail(reader, error);
    } else {
        begin_answer(reader);
    }
}

/* ---- the client -------------------------------------------------------------------------------------------------- */

static void on_drain(struct mf_exchange *exchange, void *user)
{
    struct reader *reader = user;

    (void)exchange;
    reader->is_full = false;
    step(reader);
}

static void on_abort(struct mf_exchange *exchange, void *user, int error)
{
    struct reader *reader = user;

    (void)exchange;
    (void)error;
    reader->exchange = NULL;
    if (!reader->is_busy) {
        free_reader(reader);
    }
}

static const struct mf_exchange_events events = {.on_drain = on_drain, .on_abort = on_abort};

static void copy_header(const struct mf_request *request, const char *name, char *ret_text, size_t size)
{
    struct mf_slice value = mf_request_header(request, name);

    if (value.size > 0 && value.size < size) { /* A longer one is of a kind that nobody has to know. */
        memcpy(ret_text, value.data, value.size);
        ret_text[value.size] = '\0';
    }
}

void mf__workspace_file_get(struct mf_api *api, struct mf_exchange *exchange)
{
    static const char *const known[] = {"snapshot", NULL};
    const struct mf_request *request = mf_exchange_request(exchange);
    struct mf__wscall *call = mf__wscall_begin(api, exchange, sizeof *call, known);
    struct reader *reader;
    int rc;

    if (call == NULL || mf__wscall_path(call, 4) < 0) {
        return;
    }
    call->ref.snapshot = mf__params_get(&call->query, "snapshot");
    reader = mf_new(sizeof *reader);
    reader->api = api;
    reader->exchange = exchange;
    reader->call = call;
    reader->is_head = mf_slice_equal_cstr(request->method, "HEAD");
    mf_buf_init(&reader->piece, MF_WORKSPACE_PIECE_BYTES);
    copy_header(request, "range", reader->range, sizeof reader->range);
    copy_header(request, "if-range", reader->if_range, sizeof reader->if_range);
    if (mf_request_header(request, "if-range").data != NULL && reader->if_range[0] == '\0') {
        reader->range[0] = '\0'; /* It cannot be the file's. */
    }
    mf_exchange_listen(exchange, &events, reader);
    reader->job = (struct mf_store_job){.work = open_work, .done = open_done};
    rc = mf_store_queue_submit(api->queue, &reader->job);
    reader->is_busy = rc == 0;
    if (rc < 0) {
        fail(reader, rc);
    }
}
