#include "session.h"

#include <stdio.h>

#include <curl/curl.h>

#define CONNECT_MS 5000L
#define BUFFER_BYTES 524288L

struct mf_cli_session {
    CURL *curl;
    struct curl_slist *common; /* Headers of all requests. */
    const char *url;           /* As the user gave it. */
    const char *ca_path;
    bool is_unix;
    struct mf_buf target; /* Of the request under way. */
};

/* One request. */
struct transfer {
    struct mf_cli_session *session;
    const struct mf_cli_request *request;
    struct mf_cli_answer *answer;
    int broken; /* What a callback broke off with. */
};

int mf_cli_session_new(const char *url,
                       const char *ca_path,
                       struct mf_cli_session **ret_session,
                       char *ret_why)
{
    struct mf_slice base = mf_slice_of_cstr(url);
    struct mf_cli_session *session;

    if (!mf_slice_starts_with(base, "http://") && !mf_slice_starts_with(base, "https://") &&
        !mf_slice_starts_with(base, "unix:")) {
        (void)snprintf(ret_why, MF_CLI_WHY_BYTES_MAX,
                       "the daemon's URL must begin with http://, https:// or unix:, not %.100s", url);
        return MF_E_INVALID;
    }
    session = mf_new(sizeof *session);
    session->url = url;
    session->ca_path = ca_path;
    session->is_unix = mf_slice_starts_with(base, "unix:");
    mf_buf_init(&session->target, MF_CLI_TARGET_BYTES_MAX);
    if (curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK) {
        session->curl = curl_easy_init();
    }
    session->common = curl_slist_append(NULL, "Accept: application/json, */*;q=0.5");
    for (const char *const *line = mf_cli_identity(); *line != NULL; line++) {
        session->common = curl_slist_append(session->common, *line);
    }
    if (session->curl == NULL || session->common == NULL) {
        mf_cli_session_free(session);
        (void)snprintf(ret_why, MF_CLI_WHY_BYTES_MAX, "no memory");
        return MF_E_NO_MEMORY;
    }
    *ret_session = session;
    return 0;
}

void mf_cli_session_free(struct mf_cli_session *session)
{
    if (session == NULL) {
        return;
    }
    for (struct curl_slist *header = session->common; header != NULL; header = header->next) {
        mf_wipe(header->data, strlen(header->data));
    }
    curl_slist_free_all(session->common);
    curl_easy_cleanup(session->curl);
    curl_global_cleanup();
    mf_buf_done(&session->target);
    mf_free(session);
}

/* ---- what libcurl calls ---------------------------------------------------------------------------- */

static size_t on_read(char *space, size_t unit, size_t count, void *user)
{
    struct transfer *transfer = user;
    const struct mf_cli_body *body = &transfer->request->body;
    int64_t size = body->read(body->user, (uint8_t *)space, unit * count);

    if (size < 0) {
        transfer->broken = (int)size;
        return CURL_READFUNC_ABORT;
    }
    return (size_t)size;
}

static size_t on_write(char *data, size_t unit, size_t count, void *user)
{
    struct transfer *transfer = user;
    struct mf_slice bytes = mf_slice_of(data, unit * count);
    long status = 0;
    int rc;

    (void)curl_easy_getinfo(transfer->session->curl, CURLINFO_RESPONSE_CODE, &status);
    if (transfer->request->on_bytes != NULL && status >= 200 && status < 300) {
        rc = transfer->request->on_bytes(transfer->request->user, bytes);
    } else {
        rc = mf_buf_append_slice(&transfer->answer->body, bytes);
    }
    transfer->broken = rc < 0 ? rc : 0;
    return rc < 0 ? 0 : bytes.size;
}

/* ---- one request ---------------------------------------------------------------------------------------- */

static int make_target(struct mf_cli_session *session, struct mf_slice path)
{
    struct mf_slice base = mf_slice_of_cstr(session->is_unix ? "http://localhost" : session->url);
    int rc;

    while (base.size > 0 && base.data[base.size - 1] == '/') {
        base.size--;
    }
    mf_buf_reset(&session->target);
    rc = mf_buf_append_slice(&session->target, base);
    rc = rc < 0 ? rc : mf_buf_append_slice(&session->target, path);
    return rc < 0 ? rc : mf_buf_append(&session->target, "", 1);
}

static CURLcode
set_options(struct mf_cli_session *session, struct transfer *transfer, struct curl_slist *headers)
{
    const struct mf_cli_request *request = transfer->request;
    CURL *curl = session->curl;
    CURLcode code = CURLE_OK;

    curl_easy_reset(curl); /* The connection stays. */
#define SET(option, value) (code = code == CURLE_OK ? curl_easy_setopt(curl, option, value) : code)
    SET(CURLOPT_URL, (const char *)session->target.data);
    SET(CURLOPT_PATH_AS_IS, 1L);
    SET(CURLOPT_PROTOCOLS_STR, "http,https");
    SET(CURLOPT_PROXY, ""); /* As in client.c. */
    SET(CURLOPT_NOSIGNAL, 1L);
    SET(CURLOPT_CONNECTTIMEOUT_MS, CONNECT_MS);
    SET(CURLOPT_LOW_SPEED_LIMIT, 1L);
    SET(CURLOPT_LOW_SPEED_TIME, (long)MF_CLI_STALL_S);
    SET(CURLOPT_BUFFERSIZE, BUFFER_BYTES);
    SET(CURLOPT_UPLOAD_BUFFERSIZE, BUFFER_BYTES);
    SET(CURLOPT_HTTPHEADER, headers);
    SET(CURLOPT_WRITEFUNCTION, on_write);
    SET(CURLOPT_WRITEDATA, transfer);
    if (request->body.read != NULL) {
        SET(CURLOPT_UPLOAD, 1L);
        SET(CURLOPT_READFUNCTION, on_read);
        SET(CURLOPT_READDATA, transfer);
        SET(CURLOPT_INFILESIZE_LARGE, (curl_off_t)request->body.bytes);
    }
    SET(CURLOPT_CUSTOMREQUEST, request->method);
    if (session->is_unix) {
        SET(CURLOPT_UNIX_SOCKET_PATH, session->url + strlen("unix:"));
    }
    if (session->ca_path != NULL) {
        SET(CURLOPT_CAINFO, session->ca_path);
    }
#undef SET
    return code;
}

static int explain(CURLcode code, const struct transfer *transfer, char *why)
{
    const char *url = transfer->session->url;

    if (transfer->broken < 0) {
        if (transfer->broken == MF_E_TOO_LARGE) {
            (void)snprintf(why, MF_CLI_WHY_BYTES_MAX, "the daemon's answer is larger than %d bytes",
                           MF_CLI_ANSWER_BYTES_MAX);
        }
        return transfer->broken; /* Whoever broke off knows why. */
    }
    if (code == CURLE_COULDNT_CONNECT || code == CURLE_COULDNT_RESOLVE_HOST) {
        (void)snprintf(why, MF_CLI_WHY_BYTES_MAX, "cannot reach %.200s: is mayflyd running there?", url);
    } else {
        (void)snprintf(why, MF_CLI_WHY_BYTES_MAX, "%.200s: %s", url, curl_easy_strerror(code));
    }
    return MF_E_CLOSED;
}

/* The common ones, and this request's own; NULL: no memory. */
static struct curl_slist *make_headers(struct mf_cli_session *session, const struct mf_cli_request *request)
{
    struct curl_slist *headers = NULL;
    char type[128];

    for (const struct curl_slist *one = session->common; one != NULL; one = one->next) {
        headers = curl_slist_append(headers, one->data);
    }
    if (request->body.type != NULL) {
        (void)snprintf(type, sizeof type, "Content-Type: %s", request->body.type);
        headers = curl_slist_append(headers, type);
    }
    return request->header == NULL ? headers : curl_slist_append(headers, request->header);
}

int mf_cli_send(struct mf_cli_session *session,
                const struct mf_cli_request *request,
                struct mf_cli_answer *ret_answer,
                char *ret_why)
{
    struct transfer transfer = {.session = session, .request = request, .answer = ret_answer};
    struct curl_slist *headers = make_headers(session, request);
    CURLcode code;

    memset(ret_answer, 0, sizeof *ret_answer);
    mf_buf_init(&ret_answer->body, MF_CLI_ANSWER_BYTES_MAX);
    if (make_target(session, request->path) < 0) {
        (void)snprintf(ret_why, MF_CLI_WHY_BYTES_MAX, "a path is too long");
        curl_slist_free_all(headers);
        return MF_E_INVALID;
    }
    code = headers == NULL ? CURLE_OUT_OF_MEMORY : set_options(session, &transfer, headers);
    if (code == CURLE_OK) {
        code = curl_easy_perform(session->curl);
        mf_cli_answer_read_head(ret_answer, session->curl);
    }
    for (struct curl_slist *header = headers; header != NULL; header = header->next) {
        mf_wipe(header->data, strlen(header->data));
    }
    curl_slist_free_all(headers);
    /* A refusal that came before all was sent is an answer all the same. */
    if (code == CURLE_OK || (transfer.broken == 0 && ret_answer->status >= 400)) {
        return 0;
    }
    return explain(code, &transfer, ret_why);
}
