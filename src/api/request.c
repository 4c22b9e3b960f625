#include "request.h"

#include <stdio.h>

#include <mayfly/wire.h>

#include "json.h"

#define DEFAULT_URL "http://worker.local/"

static int append(struct mf_buf *bundle, enum mf_part_kind kind, struct mf_slice body)
{
    return mf_bundle_append(bundle, kind, mf_slice_of_cstr(""), body);
}

int mf__request_default(struct mf_buf *bundle, struct mf_slice query)
{
    struct mf_buf url;
    int rc = append(bundle, MF_PART_METHOD, mf_slice_of_cstr("GET"));

    mf_buf_init(&url, MF_HTTP_TARGET_BYTES_MAX + sizeof DEFAULT_URL);
    if (rc == 0) {
        rc = mf_buf_append_cstr(&url, DEFAULT_URL);
    }
    if (rc == 0 && query.size > 0) {
        rc = mf_buf_append_cstr(&url, "?");
    }
    if (rc == 0) {
        rc = mf_buf_append_slice(&url, query);
    }
    if (rc == 0) {
        rc = append(bundle, MF_PART_URL, mf_buf_peek(&url));
    }
    mf_buf_done(&url);
    return rc;
}

static bool is_token(const char *text)
{
    if (*text == '\0' || strlen(text) > 64) {
        return false;
    }
    for (const char *c = text; *c != '\0'; c++) {
        bool is_alnum = (*c >= 'a' && *c <= 'z') || (*c >= 'A' && *c <= 'Z') || (*c >= '0' && *c <= '9');
        if (!is_alnum && strchr("!#$%&'*+-.^_`|~", *c) == NULL) {
            return false;
        }
    }
    return true;
}

static int refuse_header(struct mf_buf *param, struct mf_buf *why, const char *name)
{
    char path[160];
    (void)snprintf(path, sizeof path, "/request/headers/%.100s", name);
    return mf__json_refuse(param, why, path, "%s is not a valid header.", path);
}

/* UTF-8 to the bytes that a header carries; a character past U+00FF cannot stand in one. */
static int append_header(struct mf_buf *headers, const char *name, const char *value)
{
    struct mf_buf bytes;
    int rc = 0;

    mf_buf_init(&bytes, MF_HTTP_HEADER_BYTES_MAX);
    for (const uint8_t *c = (const uint8_t *)value; rc == 0 && *c != 0; c++) {
        uint8_t byte = *c;
        if (byte >= 0x80) {
            if ((byte != 0xc2 && byte != 0xc3) || c[1] == 0) {
                rc = MF_E_INVALID;
                break;
            }
            byte = (uint8_t)((byte << 6) | (c[1] & 0x3f));
            c++;
        }
        rc = mf_buf_append(&bytes, &byte, 1);
    }
    if (rc == 0) {
        rc = mf_headers_append(headers, mf_slice_of_cstr(name), mf_buf_peek(&bytes));
    }
    mf_buf_done(&bytes);
    return rc;
}

/* {"name": "value"} or [["name", "value"], ...]. */
static int read_headers(struct mf_buf *bundle, const cJSON *headers, struct mf_buf *param, struct mf_buf *why)
{
    struct mf_buf list;
    bool is_array = cJSON_IsArray(headers);
    size_t count = 0;
    int rc = 0;

    mf_buf_init(&list, MF_HEADERS_ENCODED_BYTES_MAX);
    for (const cJSON *item = headers->child; rc == 0 && item != NULL; item = item->next) {
        const cJSON *name = is_array ? cJSON_GetArrayItem(item, 0) : NULL;
        const cJSON *value = is_array ? cJSON_GetArrayItem(item, 1) : item;
        const char *name_text = is_array ? (cJSON_IsString(name) ? name->valuestring : "") : item->string;
        if (++count > MF_HEADERS_COUNT_MAX || !cJSON_IsString(value) ||
            (is_array && (!cJSON_IsArray(item) || cJSON_GetArraySize(item) != 2)) ||
            append_header(&list, name_text, value->valuestring) < 0) {
            rc = refuse_header(param, why, name_text);
        }
    }
    if (rc == 0) {
        rc = append(bundle, MF_PART_HEADERS, mf_buf_peek(&list));
    }
    mf_buf_done(&list);
    return rc;
}

static int read_url(struct mf_buf *bundle, const cJSON *url, struct mf_buf *param, struct mf_buf *why)
{
    struct mf_slice text = url == NULL ? mf_slice_of_cstr(DEFAULT_URL) : mf__json_text(url);

    if (text.size > MF_HTTP_TARGET_BYTES_MAX) {
        return mf__json_refuse(param, why, "/request/url", "/request/url is longer than %d bytes.",
                               MF_HTTP_TARGET_BYTES_MAX);
    }
    /* The runtime parses it, and refuses the rest; here only what it can never be, so that the error names the field. */
    if (!mf_slice_starts_with(text, "http://") && !mf_slice_starts_with(text, "https://")) {
        return mf__json_refuse(param, why, "/request/url",
                               "/request/url must be an absolute http or https URL.");
    }
    return append(bundle, MF_PART_URL, text);
}

static int read_body(struct mf_buf *body,
                     bool *ret_has_body,
                     const cJSON *request,
                     struct mf_buf *param,
                     struct mf_buf *why)
{
    const cJSON *text = mf__json_get(request, "body");
    const cJSON *base64 = mf__json_get(request, "bodyBase64");
    const cJSON *method = mf__json_get(request, "method");
    int rc = 0;

    if (cJSON_IsNull(text)) {
        text = NULL;
    }
    if (text == NULL && base64 == NULL) {
        return 0;
    }
    if (text != NULL && base64 != NULL) {
        return mf__json_refuse(param, why, "/request/bodyBase64",
                               "A request has body or bodyBase64, not both.");
    }
    if (method == NULL || strcmp(method->valuestring, "GET") == 0 ||
        strcmp(method->valuestring, "HEAD") == 0) {
        return mf__json_refuse(param, why, "/request/body",
                               "A request with a body needs a method other than GET or HEAD.");
    }
    rc = text != NULL ? mf_buf_append_slice(body, mf__json_text(text))
                      : mf_buf_append_base64_decoded(body, mf__json_text(base64));
    if (rc == MF_E_INVALID) {
        return mf__json_refuse(param, why, "/request/bodyBase64", "/request/bodyBase64 is not valid base64.");
    }
    *ret_has_body = rc == 0;
    return rc;
}

int mf__request_read(struct mf_buf *bundle,
                     struct mf_buf *body,
                     bool *ret_has_body,
                     const cJSON *request,
                     struct mf_buf *ret_param,
                     struct mf_buf *ret_why)
{
    static const struct mf_json_field fields[] = {{"method", "s", false},
                                                  {"url", "s", false},
                                                  {"headers", "oa", false},
                                                  {"body", "s0", false},
                                                  {"bodyBase64", "s", false}};
    const cJSON *method;
    const cJSON *headers;
    int rc;

    *ret_has_body = false;
    if (request == NULL) {
        return mf__request_default(bundle, mf_slice_of_cstr(""));
    }
    rc = mf__json_check(request, "/request", fields, MF_COUNT_OF(fields), ret_param, ret_why);
    if (rc < 0) {
        return rc;
    }
    method = mf__json_get(request, "method");
    if (method != NULL && !is_token(method->valuestring)) {
        return mf__json_refuse(ret_param, ret_why, "/request/method",
                               "/request/method is not a valid method.");
    }
    rc = append(bundle, MF_PART_METHOD, method == NULL ? mf_slice_of_cstr("GET") : mf__json_text(method));
    if (rc == 0) {
        rc = read_url(bundle, mf__json_get(request, "url"), ret_param, ret_why);
    }
    headers = mf__json_get(request, "headers");
    if (rc == 0 && headers != NULL) {
        rc = read_headers(bundle, headers, ret_param, ret_why);
    }
    if (rc == 0) {
        rc = read_body(body, ret_has_body, request, ret_param, ret_why);
    }
    return rc;
}

int mf__request_parts(struct mf_buf *bundle,
                      struct mf_slice method,
                      struct mf_slice url,
                      struct mf_slice headers)
{
    int rc = append(bundle, MF_PART_METHOD, method);

    if (rc == 0) {
        rc = append(bundle, MF_PART_URL, url);
    }
    return rc < 0 ? rc : append(bundle, MF_PART_HEADERS, headers);
}
