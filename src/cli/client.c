#include "client.h"

#include <stdio.h>

#include <curl/curl.h>

#define CONNECT_MS 5000L
#define POLL_MS 100
#define PROGRESS_AFTER_MS 300 /* Shorter waits would only flicker. */
#define URL_BYTES_MAX 4096
#define SILENCE_S 30L /* Then nobody is there any more. */

/* "Authorization: Bearer ..." and "mayfly-tenant: ...", or empty. */
static char authorization[MF_TOKEN_BYTES_MAX + 64];
static char acting_for[MF_STORE_TENANT_BYTES_MAX + 32];

/* The first line, without its end. */
static int read_token(const char *path, char token[MF_TOKEN_BYTES_MAX + 2], char *why)
{
    FILE *file = fopen(path, "re");

    token[0] = '\0';
    if (file == NULL || fgets(token, MF_TOKEN_BYTES_MAX + 2, file) == NULL) {
        (void)snprintf(why, MF_CLI_WHY_BYTES_MAX, "no token can be read from %.200s", path);
    }
    if (file != NULL) {
        (void)fclose(file);
    }
    token[strcspn(token, "\r\n")] = '\0';
    return token[0] == '\0' ? MF_E_INVALID : 0;
}

/* What a header can hold, and nothing that would end it. */
static bool is_printable(const char *text, size_t bytes_max)
{
    size_t size = strlen(text);

    for (size_t i = 0; i < size; i++) {
        if (text[i] <= ' ' || text[i] > '~') {
            return false;
        }
    }
    return size <= bytes_max;
}

int mf_cli_authorize(const char *token_file, const char *token, const char *tenant, char *ret_why)
{
    char line[MF_TOKEN_BYTES_MAX + 2] = "";
    int rc = 0;

    (void)snprintf(ret_why, MF_CLI_WHY_BYTES_MAX, "the token file is empty");
    if (token_file != NULL) {
        rc = read_token(token_file, line, ret_why);
        token = line;
    }
    if (rc == 0 && token != NULL && token[0] != '\0') {
        if (!is_printable(token, MF_TOKEN_BYTES_MAX)) {
            (void)snprintf(ret_why, MF_CLI_WHY_BYTES_MAX, "that is no access token");
            rc = MF_E_INVALID;
        } else {
            (void)snprintf(authorization, sizeof authorization, "Authorization: Bearer %s", token);
        }
    }
    mf_wipe(line, sizeof line);
    if (rc == 0 && tenant != NULL) {
        if (!is_printable(tenant, MF_STORE_TENANT_BYTES_MAX)) {
            (void)snprintf(ret_why, MF_CLI_WHY_BYTES_MAX, "--tenant wants the name of a tenant");
            rc = MF_E_INVALID;
        } else {
            /* An empty one is the operator's own; libcurl sends an empty header for a semicolon. */
            (void)snprintf(acting_for, sizeof acting_for,
                           tenant[0] == '\0' ? "mayfly-tenant;" : "mayfly-tenant: %s", tenant);
        }
    }
    return rc;
}

const char *const *mf_cli_identity(void)
{
    static const char *lines[3];
    size_t count = 0;

    if (authorization[0] != '\0') {
        lines[count++] = authorization;
    }
    if (acting_for[0] != '\0') {
        lines[count++] = acting_for;
    }
    lines[count] = NULL;
    return lines;
}

void mf_cli_forget(void)
{
    mf_wipe(authorization, sizeof authorization);
}

/* Whose body it is. */
struct sink {
    CURL *curl;
    const struct mf_cli_call *call;
    struct mf_cli_answer *answer;
};

static size_t on_body(char *data, size_t unit, size_t count, void *user)
{
    const struct sink *sink = user;
    long status = 0;

    (void)curl_easy_getinfo(sink->curl, CURLINFO_RESPONSE_CODE, &status);
    if (sink->call->on_bytes != NULL && status == 200) {
        return sink->call->on_bytes(sink->call->user, mf_slice_of(data, unit * count)) ? unit * count : 0;
    }
    return mf_buf_append(&sink->answer->body, data, unit * count) < 0 ? 0 : unit * count;
}

/* Where the call goes: |url| gets the address, |ret_unix| the socket or NULL. */
static int resolve(const struct mf_cli_call *call, char *url, const char **ret_unix, char *why)
{
    struct mf_slice base = mf_slice_of_cstr(call->url);
    bool is_unix = mf_slice_starts_with(base, "unix:");
    int size;

    if (!is_unix && !mf_slice_starts_with(base, "http://") && !mf_slice_starts_with(base, "https://")) {
        (void)snprintf(why, MF_CLI_WHY_BYTES_MAX,
                       "the daemon's URL must begin with http://, https:// or unix:, not %.100s", call->url);
        return MF_E_INVALID;
    }
    while (base.size > 0 && base.data[base.size - 1] == '/') {
        base.size--;
    }
    size = is_unix
               ? snprintf(url, URL_BYTES_MAX, "http://localhost%s", call->path)
               : snprintf(url, URL_BYTES_MAX, "%.*s%s", (int)base.size, (const char *)base.data, call->path);
    if (size < 0 || size >= URL_BYTES_MAX) {
        (void)snprintf(why, MF_CLI_WHY_BYTES_MAX, "the daemon's URL is too long");
        return MF_E_INVALID;
    }
    *ret_unix = is_unix ? call->url + strlen("unix:") : NULL;
    return 0;
}

static CURLcode set_options(CURL *curl,
                            const struct mf_cli_call *call,
                            struct sink *sink,
                            const char *url,
                            const char *unix_path,
                            struct curl_slist *headers)
{
    CURLcode code = curl_easy_setopt(curl, CURLOPT_URL, url);

#define SET(option, value) (code = code == CURLE_OK ? curl_easy_setopt(curl, option, value) : code)
    SET(CURLOPT_PROTOCOLS_STR, "http,https");
    SET(CURLOPT_PROXY, ""); /* A daemon on this machine is not behind the proxy that the environment names. */
    SET(CURLOPT_NOSIGNAL, 1L);
    SET(CURLOPT_CONNECTTIMEOUT_MS, CONNECT_MS);
    SET(CURLOPT_TIMEOUT_MS, (long)call->wait_ms_max);
    SET(CURLOPT_HTTPHEADER, headers);
    SET(CURLOPT_WRITEFUNCTION, on_body);
    SET(CURLOPT_WRITEDATA, sink);
    if (call->wait_ms_max == 0) { /* The daemon says something every 10 s. */
        SET(CURLOPT_LOW_SPEED_LIMIT, 1L);
        SET(CURLOPT_LOW_SPEED_TIME, SILENCE_S);
    }
    if (unix_path != NULL) {
        SET(CURLOPT_UNIX_SOCKET_PATH, unix_path);
    }
    if (call->ca_path != NULL) {
        SET(CURLOPT_CAINFO, call->ca_path);
    }
    if (call->method != NULL) {
        SET(CURLOPT_CUSTOMREQUEST, call->method);
    }
    if (call->body.data != NULL) {
        SET(CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)call->body.size);
        SET(CURLOPT_POSTFIELDS, (const char *)call->body.data);
    }
#undef SET
    return code;
}

static void show_progress(const struct mf_cli_call *call, uint64_t begin_ns, bool *is_shown)
{
    uint64_t waited_ms = (mf_clock_now_ns() - begin_ns) / MF_NS_PER_MS;

    if (call->progress == NULL || waited_ms < PROGRESS_AFTER_MS) {
        return;
    }
    (void)fprintf(stderr, "\r%s %.1f s", call->progress, (double)waited_ms / 1000.0);
    (void)fflush(stderr);
    *is_shown = true;
}

/* Runs the one transfer to its end. */
static CURLcode perform(CURLM *multi, const struct mf_cli_call *call)
{
    uint64_t begin_ns = mf_clock_now_ns();
    bool is_shown = false;
    CURLMcode rc = CURLM_OK;
    CURLMsg *message = NULL;
    int running = 1;
    int left;

    while (rc == CURLM_OK) {
        if (call->is_stopped != NULL && *call->is_stopped != 0) {
            return CURLE_ABORTED_BY_CALLBACK;
        }
        rc = curl_multi_perform(multi, &running);
        if (rc != CURLM_OK || running == 0) {
            break;
        }
        rc = curl_multi_poll(multi, NULL, 0, POLL_MS, NULL);
        show_progress(call, begin_ns, &is_shown);
    }
    if (is_shown) {
        (void)fputs("\r\033[K", stderr);
    }
    if (rc == CURLM_OK) {
        message = curl_multi_info_read(multi, &left);
    }
    return message == NULL || message->msg != CURLMSG_DONE ? CURLE_OUT_OF_MEMORY : message->data.result;
}

static int explain(CURLcode code, const struct mf_cli_call *call, char *why)
{
    if (code == CURLE_COULDNT_CONNECT || code == CURLE_COULDNT_RESOLVE_HOST) {
        (void)snprintf(why, MF_CLI_WHY_BYTES_MAX, "cannot reach %.200s: is mayflyd running there?",
                       call->url);
    } else if (code == CURLE_WRITE_ERROR) {
        (void)snprintf(why, MF_CLI_WHY_BYTES_MAX, "the daemon's answer is larger than %d bytes",
                       MF_CLI_ANSWER_BYTES_MAX);
    } else {
        (void)snprintf(why, MF_CLI_WHY_BYTES_MAX, "%.200s: %s", call->url, curl_easy_strerror(code));
    }
    return MF_E_CLOSED;
}

void mf_cli_answer_read_head(struct mf_cli_answer *answer, CURL *curl)
{
    const char *type = NULL;
    long status = 0;

    (void)curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
    (void)curl_easy_getinfo(curl, CURLINFO_CONTENT_TYPE, &type);
    answer->status = (int)status;
    answer->is_problem =
        type != NULL && mf_slice_starts_with(mf_slice_of_cstr(type), "application/problem+json");
}

static struct curl_slist *make_headers(void)
{
    const char *const lines[] = {"Accept: application/json", "Content-Type: application/json", authorization,
                                 acting_for};
    struct curl_slist *headers = NULL;

    for (size_t i = 0; i < MF_COUNT_OF(lines); i++) {
        struct curl_slist *longer = lines[i][0] == '\0' ? headers : curl_slist_append(headers, lines[i]);
        if (longer == NULL) {
            curl_slist_free_all(headers);
            return NULL;
        }
        headers = longer;
    }
    return headers;
}

int mf_cli_call(const struct mf_cli_call *call, struct mf_cli_answer *ret_answer, char *ret_why)
{
    char url[URL_BYTES_MAX];
    const char *unix_path;
    struct curl_slist *headers = NULL;
    CURL *curl = NULL;
    CURLM *multi = NULL;
    CURLcode code = CURLE_OUT_OF_MEMORY;
    struct sink sink = {.call = call, .answer = ret_answer};
    int rc;

    memset(ret_answer, 0, sizeof *ret_answer);
    mf_buf_init(&ret_answer->body, MF_CLI_ANSWER_BYTES_MAX);
    rc = resolve(call, url, &unix_path, ret_why);
    if (rc < 0) {
        return rc;
    }
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
        return explain(CURLE_FAILED_INIT, call, ret_why);
    }
    curl = curl_easy_init();
    multi = curl_multi_init();
    headers = make_headers();
    if (curl != NULL && multi != NULL && headers != NULL) {
        sink.curl = curl;
        code = set_options(curl, call, &sink, url, unix_path, headers);
    }
    if (code == CURLE_OK && curl_multi_add_handle(multi, curl) == CURLM_OK) {
        code = perform(multi, call);
        mf_cli_answer_read_head(ret_answer, curl);
        (void)curl_multi_remove_handle(multi, curl);
    }
    ret_answer->is_unreachable = code != CURLE_OK && ret_answer->status == 0;
    rc = code == CURLE_OK ? 0 : explain(code, call, ret_why);
    curl_slist_free_all(headers);
    curl_easy_cleanup(curl);
    (void)curl_multi_cleanup(multi);
    curl_global_cleanup();
    return rc;
}

void mf_cli_answer_done(struct mf_cli_answer *answer)
{
    mf_buf_done(&answer->body);
}
