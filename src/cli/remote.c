#include "remote.h"

static const char name_chars[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-";

bool mf_cli_place_read(const char *text, struct mf_cli_place *ret_place)
{
    size_t size = strspn(text, name_chars);

    if (size == 0 || size > MF_STORE_NAME_BYTES_MAX || text[size] != ':' || text[0] == '.') {
        return false;
    }
    memcpy(ret_place->name, text, size);
    ret_place->name[size] = '\0';
    ret_place->path = text[size + 1] == '\0' ? "/" : text + size + 1;
    return true;
}

int mf_cli_append_encoded(struct mf_buf *out, struct mf_slice text, bool keeps_slashes)
{
    int rc = 0;

    for (size_t i = 0; rc == 0 && i < text.size; i++) {
        uint8_t c = text.data[i];
        bool is_plain =
            c != '\0' && (strchr(name_chars, c) != NULL || c == '~' || (keeps_slashes && c == '/'));
        rc = is_plain ? mf_buf_append(out, &c, 1) : mf_buf_printf(out, "%%%02X", c);
    }
    return rc;
}

int mf_cli_remote_url(struct mf_buf *out, const struct mf_cli_place *place, const char *what)
{
    struct mf_slice path = mf_slice_of_cstr(place->path);
    bool is_in_path = mf_slice_ends_with(mf_slice_of_cstr(what), "/");
    int rc = mf_buf_printf(out, "/v1/workspaces/%s%s", place->name, what);

    if (rc == 0 && !is_in_path) {
        rc = mf_buf_append_cstr(out, "?path=");
    }
    while (is_in_path && path.size > 0 && path.data[0] == '/') {
        path = mf_slice_of(path.data + 1, path.size - 1);
    }
    return rc < 0 ? rc : mf_cli_append_encoded(out, path, is_in_path);
}

static enum mf_cli_exit
read_answer(struct mf_cli_remote *remote, const struct mf_cli_answer *answer, struct mf_cli_json *ret_json)
{
    struct mf_slice body = mf_buf_peek(&answer->body);

    if (answer->status < 200 || answer->status > 299) {
        return mf_cli_report_refusal(answer, remote->output);
    }
    if (body.size > 0 && mf_cli_json_read(body, ret_json) < 0) {
        mf_cli_say(remote->output, "this is not the answer of a mayflyd", "");
        return MF_CLI_EXIT_DAEMON;
    }
    return MF_CLI_EXIT_OK;
}

/* |ret_status| gets the HTTP status when there was an answer; |may_miss|: 404 is none that must be told. */
static enum mf_cli_exit send_request(struct mf_cli_remote *remote,
                                     struct mf_cli_request *request,
                                     const struct mf_buf *url,
                                     bool may_miss,
                                     bool *ret_is_missing,
                                     struct mf_cli_json *ret_json)
{
    char why[MF_CLI_WHY_BYTES_MAX] = "";
    struct mf_cli_answer answer;
    enum mf_cli_exit status = MF_CLI_EXIT_DAEMON;
    int rc;

    memset(ret_json, 0, sizeof *ret_json);
    request->path = mf_buf_peek(url);
    rc = mf_cli_send(remote->session, request, &answer, why);
    mf_cli_progress_clear(&remote->progress);
    if (rc == 0 && may_miss && answer.status == 404) {
        struct mf_cli_json problem = {0};
        *ret_is_missing = mf_cli_json_read(mf_buf_peek(&answer.body), &problem) == 0 &&
                          strcmp(mf_cli_resource_text(problem.root, "code"), "fs.enoent") == 0;
        mf_cli_json_done(&problem);
    }
    if (rc < 0) {
        if (*why != '\0') {
            mf_cli_say(remote->output, why, "");
        }
    } else if (may_miss && *ret_is_missing) {
        status = MF_CLI_EXIT_OK;
    } else {
        status = read_answer(remote, &answer, ret_json);
    }
    mf_cli_answer_done(&answer);
    return status;
}

enum mf_cli_exit mf_cli_remote_send(struct mf_cli_remote *remote,
                                    struct mf_cli_request *request,
                                    const struct mf_buf *url,
                                    struct mf_cli_json *ret_json)
{
    return send_request(remote, request, url, false, NULL, ret_json);
}

/* A body that is in memory. */
struct memory {
    struct mf_slice rest;
};

static int64_t read_memory(void *user, uint8_t *space, size_t size)
{
    struct memory *memory = user;
    size_t taken = size < memory->rest.size ? size : memory->rest.size;

    if (taken > 0) {
        memcpy(space, memory->rest.data, taken);
    }
    memory->rest = mf_slice_of(memory->rest.data + taken, memory->rest.size - taken);
    return (int64_t)taken;
}

enum mf_cli_exit mf_cli_remote_json(struct mf_cli_remote *remote,
                                    const char *method,
                                    const struct mf_buf *url,
                                    struct mf_slice body,
                                    struct mf_cli_json *ret_json)
{
    struct memory memory = {body};
    struct mf_cli_request request = {.method = method};

    if (body.data != NULL) {
        request.body = (struct mf_cli_body){
            .read = read_memory, .user = &memory, .bytes = (int64_t)body.size, .type = "application/json"};
    }
    return mf_cli_remote_send(remote, &request, url, ret_json);
}

enum mf_cli_exit mf_cli_remote_stat(struct mf_cli_remote *remote,
                                    const struct mf_cli_place *place,
                                    bool *ret_is_missing,
                                    struct mf_cli_json *ret_json)
{
    struct mf_cli_request request = {.method = "GET"};
    struct mf_buf url;
    enum mf_cli_exit status = MF_CLI_EXIT_USAGE;

    memset(ret_json, 0, sizeof *ret_json);
    mf_buf_init(&url, MF_CLI_TARGET_BYTES_MAX);
    if (mf_cli_remote_url(&url, place, "/stat") < 0) {
        mf_cli_say(remote->output, "the path is too long", "");
    } else {
        status = send_request(remote, &request, &url, true, ret_is_missing, ret_json);
    }
    mf_buf_done(&url);
    return status;
}

/* One page; |next| is what to ask for after it, empty when it was the last. */
static enum mf_cli_exit read_page(struct mf_cli_remote *remote,
                                  const struct mf_buf *url,
                                  int (*on_entry)(void *user, const cJSON *entry),
                                  void *user,
                                  struct mf_buf *next)
{
    struct mf_slice none = {NULL, 0};
    struct mf_cli_json json;
    enum mf_cli_exit status = mf_cli_remote_json(remote, "GET", url, none, &json);
    const cJSON *entry;

    mf_buf_reset(next);
    if (status == MF_CLI_EXIT_OK) {
        cJSON_ArrayForEach(entry, cJSON_GetObjectItemCaseSensitive(json.root, "entries"))
        {
            status = on_entry(user, entry) < 0 ? MF_CLI_EXIT_OTHER : MF_CLI_EXIT_OK;
            if (status != MF_CLI_EXIT_OK) {
                break;
            }
        }
        if (mf_buf_append_cstr(next, mf_cli_resource_text(json.root, "next")) < 0) {
            status = MF_CLI_EXIT_DAEMON;
        }
    }
    mf_cli_json_done(&json);
    return status;
}

enum mf_cli_exit mf_cli_remote_each(struct mf_cli_remote *remote,
                                    const struct mf_cli_place *place,
                                    bool is_recursive,
                                    int (*on_entry)(void *user, const cJSON *entry),
                                    void *user)
{
    enum mf_cli_exit status = MF_CLI_EXIT_OK;
    struct mf_buf url;
    struct mf_buf next;
    int rc;

    mf_buf_init(&url, MF_CLI_TARGET_BYTES_MAX);
    mf_buf_init(&next, MF_CLI_TARGET_BYTES_MAX);
    do {
        mf_buf_reset(&url);
        rc = mf_cli_remote_url(&url, place, "/list");
        rc = rc < 0 ? rc
                    : mf_buf_append_cstr(&url, is_recursive ? "&limit=1000&recursive=true" : "&limit=1000");
        rc = rc < 0 || next.size == 0 ? rc : mf_buf_append_cstr(&url, "&after=");
        rc = rc < 0 ? rc : mf_cli_append_encoded(&url, mf_buf_peek(&next), false);
        if (rc < 0) {
            mf_cli_say(remote->output, "the path is too long", "");
            status = MF_CLI_EXIT_USAGE;
        } else {
            status = read_page(remote, &url, on_entry, user, &next);
        }
    } while (status == MF_CLI_EXIT_OK && next.size > 0);
    mf_buf_done(&next);
    mf_buf_done(&url);
    return status;
}
