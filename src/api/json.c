#include "json.h"

#include <math.h>
#include <stdio.h>
#include <time.h>

static _Thread_local bool is_secret;

static void free_memory(void *memory)
{
    if (is_secret) {
        mf_free_wiped(memory);
    } else {
        mf_free(memory);
    }
}

void mf__json_init(void)
{
    cJSON_Hooks hooks = {.malloc_fn = mf_try_alloc, .free_fn = free_memory};

    cJSON_InitHooks(&hooks);
}

void mf__json_secret_begin(void)
{
    is_secret = true;
}

void mf__json_secret_end(void)
{
    is_secret = false;
}

/* Walks the text once: nesting, and NUL written as an escape. Brackets inside strings do not count. */
static int scan(struct mf_slice text, struct mf_buf *ret_why)
{
    size_t depth = 0;
    bool in_string = false;

    for (size_t i = 0; i < text.size; i++) {
        uint8_t c = text.data[i];
        if (c == 0) {
            mf_ignore(mf_buf_append_cstr(ret_why, "The body has a NUL byte."));
            return MF_E_API_JSON;
        }
        if (in_string) {
            if (c == '"') {
                in_string = false;
            } else if (c < 0x20) {
                mf_ignore(mf_buf_printf(ret_why, "A control character stands in a string, at byte %zu.", i));
                return MF_E_API_JSON;
            } else if (c == '\\') {
                if (text.size - i >= 6 && memcmp(text.data + i, "\\u0000", 6) == 0) {
                    mf_ignore(
                        mf_buf_printf(ret_why, "NUL (\\u0000) is not supported in strings, at byte %zu.", i));
                    return MF_E_API_JSON;
                }
                i++;
            }
        } else if (c == '"') {
            in_string = true;
        } else if (c == '{' || c == '[') {
            if (++depth > MF_JSON_DEPTH_MAX) {
                mf_ignore(mf_buf_printf(ret_why, "The body nests deeper than %d levels.", MF_JSON_DEPTH_MAX));
                return MF_E_API_JSON;
            }
        } else if ((c == '}' || c == ']') && depth > 0) {
            depth--;
        }
    }
    return 0;
}

int mf__json_parse(struct mf_slice text, MF_OWN cJSON **ret_root, struct mf_buf *ret_why)
{
    const char *end = NULL;
    cJSON *root;
    int rc;

    if (!mf_slice_is_utf8(text)) {
        mf_ignore(mf_buf_append_cstr(ret_why, "The body is not valid UTF-8."));
        return MF_E_API_JSON;
    }
    rc = scan(text, ret_why);
    if (rc < 0) {
        return rc;
    }
    root = cJSON_ParseWithLengthOpts((const char *)text.data, text.size, &end, false);
    if (root == NULL) {
        size_t at = end == NULL ? 0 : (size_t)((const uint8_t *)end - text.data);
        mf_ignore(mf_buf_printf(ret_why, "The body is not valid JSON, at byte %zu.", at));
        return MF_E_API_JSON;
    }
    for (const uint8_t *rest = (const uint8_t *)end; rest < text.data + text.size; rest++) {
        if (*rest != ' ' && *rest != '\t' && *rest != '\n' && *rest != '\r') {
            mf_ignore(mf_buf_printf(ret_why, "Something follows the JSON value, at byte %zu.",
                                    (size_t)(rest - text.data)));
            cJSON_Delete(root);
            return MF_E_API_JSON;
        }
    }
    *ret_root = root;
    return 0;
}

int mf__json_refuse(struct mf_buf *ret_param,
                    struct mf_buf *ret_why,
                    const char *pointer,
                    const char *format,
                    ...)
{
    char text[512];
    va_list args;

    va_start(args, format);
    (void)vsnprintf(text, sizeof text, format, args);
    va_end(args);
    mf_buf_reset(ret_param);
    mf_buf_reset(ret_why);
    /* What does not fit is left out; the refusal stands. */
    mf_ignore(mf_buf_append_cstr(ret_param, pointer));
    mf_ignore(mf_buf_append_cstr(ret_why, text));
    return MF_E_API_FIELD;
}

static bool has_type(const cJSON *item, char type)
{
    switch (type) {
    case 's':
        return cJSON_IsString(item);
    case 'n':
        /* Past 2^53 a double no longer says which whole number was meant. */
        return cJSON_IsNumber(item) && item->valuedouble >= 0 && item->valuedouble <= 9007199254740992.0 &&
               floor(item->valuedouble) == item->valuedouble;
    case 'b':
        return cJSON_IsBool(item);
    case 'o':
        return cJSON_IsObject(item);
    case 'a':
        return cJSON_IsArray(item);
    case '0':
        return cJSON_IsNull(item);
    default:
        return type == '*';
    }
}

static const char *type_words(char type)
{
    switch (type) {
    case 's':
        return "a string";
    case 'n':
        return "a whole number";
    case 'b':
        return "true or false";
    case 'o':
        return "an object";
    case 'a':
        return "an array";
    case '0':
        return "null";
    default:
        return "anything";
    }
}

static int
check_type(const cJSON *item, const char *path, const char *types, struct mf_buf *param, struct mf_buf *why)
{
    char words[96] = "";

    for (const char *type = types; *type != '\0'; type++) {
        size_t used = strlen(words);
        if (has_type(item, *type)) {
            return 0;
        }
        (void)snprintf(words + used, sizeof words - used, "%s%s", used == 0 ? "" : " or ", type_words(*type));
    }
    return mf__json_refuse(param, why, path, "%s must be %s.", path, words);
}

int mf__json_check(const cJSON *object,
                   const char *pointer,
                   const struct mf_json_field *fields,
                   size_t count,
                   struct mf_buf *ret_param,
                   struct mf_buf *ret_why)
{
    char path[256];
    uint64_t seen = 0;

    MF_ASSERT(count <= 64);
    if (!cJSON_IsObject(object)) {
        return mf__json_refuse(ret_param, ret_why, pointer, "%s must be an object.",
                               *pointer == '\0' ? "The body" : pointer);
    }
    for (const cJSON *item = object->child; item != NULL; item = item->next) {
        size_t i = 0;
        while (i < count && strcmp(fields[i].name, item->string) != 0) {
            i++;
        }
        (void)snprintf(path, sizeof path, "%s/%.150s", pointer, item->string);
        if (i == count) {
            return mf__json_refuse(ret_param, ret_why, path, "%s is not a field that is known here.", path);
        }
        if ((seen & (UINT64_C(1) << i)) != 0) {
            return mf__json_refuse(ret_param, ret_why, path, "%s stands there twice.", path);
        }
        seen |= UINT64_C(1) << i;
        int rc = check_type(item, path, fields[i].types, ret_param, ret_why);
        if (rc < 0) {
            return rc;
        }
    }
    for (size_t i = 0; i < count; i++) {
        if (fields[i].is_required && (seen & (UINT64_C(1) << i)) == 0) {
            (void)snprintf(path, sizeof path, "%s/%s", pointer, fields[i].name);
            return mf__json_refuse(ret_param, ret_why, path, "%s is missing.", path);
        }
    }
    return 0;
}

const cJSON *mf__json_get(const cJSON *object, const char *name)
{
    return cJSON_GetObjectItemCaseSensitive(object, name);
}

struct mf_slice mf__json_text(const cJSON *string)
{
    return mf_slice_of_cstr(string->valuestring);
}

int mf__json_append_time(struct mf_buf *out, uint64_t unix_ms)
{
    time_t seconds = (time_t)(unix_ms / 1000);
    struct tm utc;
    char text[32];

    if (gmtime_r(&seconds, &utc) == NULL || strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &utc) == 0) {
        return MF_E_INVALID;
    }
    return mf_buf_printf(out, "\"%s.%03uZ\"", text, (unsigned)(unix_ms % 1000));
}
