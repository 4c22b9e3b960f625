#include "json.h"

#define NUL_ESCAPE "\\u0000"
#define NUL_ESCAPE_BYTES 6

/* U+FDD0 to U+FDEF are noncharacters: in UTF-8 they are EF B7 90 to EF B7 AF. */
#define STAND_IN_FIRST 0x90
#define STAND_IN_LAST 0xaf

/* Where the next \u0000 begins, at or after |from|; text.size when there is none. An escaped backslash is skipped whole. */
static size_t find_nul(struct mf_slice text, size_t from)
{
    for (size_t i = from; i < text.size; i++) {
        if (text.data[i] != '\\') {
            continue;
        }
        if (text.size - i >= NUL_ESCAPE_BYTES && memcmp(text.data + i, NUL_ESCAPE, NUL_ESCAPE_BYTES) == 0) {
            return i;
        }
        i++;
    }
    return text.size;
}

static bool holds_escape(struct mf_slice text, uint8_t last)
{
    char lower[] = "\\ufdd0";

    lower[4] = last < 0xa0 ? 'd' : 'e';
    lower[5] = "0123456789abcdef"[last & 0xf];
    for (size_t i = 0; i + sizeof lower - 1 <= text.size; i++) {
        if (text.data[i] == '\\' &&
            mf_slice_equal_nocase(mf_slice_of(text.data + i, sizeof lower - 1), lower)) {
            return true;
        }
    }
    return false;
}

/* A noncharacter that |text| does not hold, neither as bytes nor as an escape. */
static int choose_stand_in(struct mf_slice text, uint8_t *ret_bytes)
{
    uint8_t bytes[3] = {0xef, 0xb7, 0};

    for (unsigned last = STAND_IN_FIRST; last <= STAND_IN_LAST; last++) {
        bytes[2] = (uint8_t)last;
        if (memmem(text.data, text.size, bytes, sizeof bytes) == NULL && !holds_escape(text, (uint8_t)last)) {
            memcpy(ret_bytes, bytes, sizeof bytes);
            return 0;
        }
    }
    return MF_E_UNSUPPORTED;
}

static int replace_nuls(struct mf_slice text, const uint8_t *stand_in, struct mf_buf *out)
{
    size_t from = 0;
    int rc = 0;

    while (rc == 0 && from < text.size) {
        size_t at = find_nul(text, from);
        rc = mf_buf_append(out, text.data + from, at - from);
        if (rc == 0 && at < text.size) {
            rc = mf_buf_append(out, stand_in, 3);
            at += NUL_ESCAPE_BYTES;
        }
        from = at;
    }
    return rc;
}

static int parse(struct mf_slice text, struct mf_cli_json *ret_json)
{
    cJSON *root = cJSON_ParseWithLength((const char *)text.data, text.size);

    if (!cJSON_IsObject(root)) {
        cJSON_Delete(root);
        return MF_E_INVALID;
    }
    ret_json->root = root;
    return 0;
}

int mf_cli_json_read(struct mf_slice text, struct mf_cli_json *ret_json)
{
    struct mf_cli_json json = {NULL, {0, 0, 0}};
    struct mf_buf replaced;
    int rc;

    if (text.size == 0) {
        return MF_E_INVALID;
    }
    mf_buf_init(&replaced, text.size);
    if (find_nul(text, 0) == text.size) {
        rc = parse(text, &json);
    } else {
        rc = choose_stand_in(text, json.nul);
        if (rc == 0) {
            rc = replace_nuls(text, json.nul, &replaced);
        }
        if (rc == 0) {
            rc = parse(mf_buf_peek(&replaced), &json);
        }
    }
    mf_buf_done(&replaced);
    if (rc == 0) {
        *ret_json = json;
    }
    return rc;
}

void mf_cli_json_done(struct mf_cli_json *json)
{
    cJSON_Delete(json->root);
    json->root = NULL;
}

int mf_cli_json_append(const struct mf_cli_json *json, const cJSON *string, struct mf_buf *out)
{
    const char *text = cJSON_IsString(string) ? string->valuestring : "";
    struct mf_slice rest = mf_slice_of_cstr(text);
    int rc = 0;

    while (rc == 0 && json->nul[0] != 0 && rest.size > 0) {
        const uint8_t *at = memmem(rest.data, rest.size, json->nul, sizeof json->nul);
        if (at == NULL) {
            break;
        }
        rc = mf_buf_append(out, rest.data, (size_t)(at - rest.data));
        if (rc == 0) {
            rc = mf_buf_append(out, "", 1);
        }
        rest = mf_slice_of(at + sizeof json->nul, rest.size - (size_t)(at - rest.data) - sizeof json->nul);
    }
    return rc < 0 ? rc : mf_buf_append_slice(out, rest);
}
