#include "modules.h"

#include <stdio.h>
#include <stdlib.h>

#include <mayfly/wire.h>

#include "call.h"
#include "compatibility.h"
#include "json.h"

/* The fields of a module object: Cloudflare's, and ours for TypeScript. */
static const struct module_field {
    const char *name;
    enum mf_part_kind kind; /* 0: known, and refused. */
    bool is_base64;
    bool is_any_json;
} module_fields[] = {
    {"js", MF_PART_ESM, false, false},
    {"ts", MF_PART_TYPESCRIPT, false, false},
    {"cjs", MF_PART_CJS, false, false},
    {"text", MF_PART_TEXT, false, false},
    {"data", MF_PART_DATA, true, false},
    {"json", MF_PART_JSON, false, true},
    {"py", 0, false, false},
    {"wasm", MF_PART_WASM, true, false},
};

/* Writes to |fault| what is wrong with module |name|. */
static int refuse(struct mf__call_fault *fault, const char *name, const char *format, ...) MF_PRINTF(3, 4);

static int refuse(struct mf__call_fault *fault, const char *name, const char *format, ...)
{
    char text[MF_MODULE_NAME_BYTES_MAX + 512];
    va_list args;

    va_start(args, format);
    (void)vsnprintf(text, sizeof text, format, args);
    va_end(args);
    mf_buf_reset(&fault->param);
    mf_buf_reset(&fault->why);
    /* What does not fit is left out; the refusal stands. */
    mf_ignore(mf_buf_printf(&fault->param, "%s/modules%s%s", fault->at, *name == '\0' ? "" : "/", name));
    mf_ignore(mf_buf_append_cstr(&fault->why, text));
    return MF_E_API_CODE;
}

static const struct module_field *find_field(const char *name)
{
    for (size_t i = 0; i < MF_COUNT_OF(module_fields); i++) {
        if (strcmp(module_fields[i].name, name) == 0) {
            return &module_fields[i];
        }
    }
    return NULL;
}

static int refuse_python(struct mf__call_fault *fault, const char *name, bool is_main)
{
    if (is_main) {
        return refuse(fault, name, "Python modules are not supported by Mayfly: \"%s\".", name);
    }
    return refuse(fault, name, "Module \"%s\" is a Python module, but the main module isn't a Python module.",
                  name);
}

/* A plain string: its kind is in the name's ending. */
static int read_string(struct mf_buf *bundle, const cJSON *item, bool is_main, struct mf__call_fault *fault)
{
    struct mf_slice name = mf_slice_of_cstr(item->string);
    bool is_typescript = mf_slice_ends_with(name, ".ts") || mf_slice_ends_with(name, ".tsx") ||
                         mf_slice_ends_with(name, ".jsx");

    if (mf_slice_ends_with(name, ".js")) {
        return mf_bundle_append(bundle, MF_PART_ESM, name, mf__json_text(item));
    }
    if (mf_slice_ends_with(name, ".py")) {
        return refuse_python(fault, item->string, is_main);
    }
    return refuse(
        fault, item->string,
        "Module name must end with '.js' or '.py' (or the content must be an object indicating the type "
        "explicitly). Got: %s%s",
        item->string,
        is_typescript ? ". If you're trying to load TypeScript, bundle it first with "
                        "'@cloudflare/worker-bundler' and pass the generated JavaScript modules."
                      : "");
}

static int append_base64(struct mf_buf *bundle,
                         enum mf_part_kind kind,
                         const cJSON *item,
                         struct mf_slice text,
                         struct mf__call_fault *fault)
{
    struct mf_buf bytes;
    int rc;

    mf_buf_init(&bytes, MF_CODE_BYTES_MAX);
    rc = mf_buf_append_base64_decoded(&bytes, text);
    if (rc == MF_E_INVALID) {
        rc = refuse(fault, item->string, "Module '%s' is not valid base64.", item->string);
    } else if (rc == 0) {
        rc = mf_bundle_append(bundle, kind, mf_slice_of_cstr(item->string), mf_buf_peek(&bytes));
    }
    mf_buf_done(&bytes);
    return rc;
}

static int append_any_json(struct mf_buf *bundle, const cJSON *item, const cJSON *value)
{
    char *text = cJSON_PrintUnformatted(value);
    int rc;

    if (text == NULL) {
        return MF_E_NO_MEMORY;
    }
    rc = mf_bundle_append(bundle, MF_PART_JSON, mf_slice_of_cstr(item->string), mf_slice_of_cstr(text));
    cJSON_free(text);
    return rc;
}

/* An object: exactly one of its fields says what it is. */
static int read_object(struct mf_buf *bundle, const cJSON *item, bool is_main, struct mf__call_fault *fault)
{
    const struct module_field *field = NULL;
    const cJSON *value = NULL;
    size_t count = 0;

    for (const cJSON *member = item->child; member != NULL; member = member->next) {
        const struct module_field *found = find_field(member->string);
        if (found == NULL) {
            return refuse(fault, item->string, "Module '%s' has a property that is not known: '%.100s'.",
                          item->string, member->string);
        }
        field = found;
        value = member;
        count++;
    }
    if (count != 1) {
        return refuse(
            fault, item->string,
            "Each module must contain exactly one of 'js', 'cjs', 'text', 'data', 'json', 'py', or 'wasm'. "
            "Module '%s' contained %zu properties.",
            item->string, count);
    }
    if (field->kind == 0) {
        return refuse_python(fault, item->string, is_main);
    }
    if (field->is_any_json) {
        return append_any_json(bundle, item, value);
    }
    if (!cJSON_IsString(value)) {
        return refuse(fault, item->string, "Module '%s': '%s' must be a string.", item->string, field->name);
    }
    if (field->is_base64) {
        return append_base64(bundle, field->kind, item, mf__json_text(value), fault);
    }
    if (field->kind == MF_PART_TYPESCRIPT && strlen(value->valuestring) > MF_TYPESCRIPT_BYTES_MAX) {
        return refuse(fault, item->string, "Module '%s' is larger than %d bytes, the limit for TypeScript.",
                      item->string, MF_TYPESCRIPT_BYTES_MAX);
    }
    return mf_bundle_append(bundle, field->kind, mf_slice_of_cstr(item->string), mf__json_text(value));
}

static int read_one(struct mf_buf *bundle, const cJSON *item, const char *main, struct mf__call_fault *fault)
{
    bool is_main = strcmp(item->string, main) == 0;
    size_t size = strlen(item->string);

    if (size == 0 || size > MF_MODULE_NAME_BYTES_MAX) {
        return refuse(fault, "", "A module's name has 1 to %d bytes.", MF_MODULE_NAME_BYTES_MAX);
    }
    if (cJSON_IsString(item)) {
        return read_string(bundle, item, is_main, fault);
    }
    if (cJSON_IsObject(item)) {
        return read_object(bundle, item, is_main, fault);
    }
    return refuse(fault, item->string, "Module '%s' must be a string or an object.", item->string);
}

static int hash_order(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a;
    uint64_t y = *(const uint64_t *)b;
    return x < y ? -1 : x > y;
}

/* JSON may name a key twice; which one would count is nobody's guess, so it is refused. */
static int check_names(const cJSON *modules, size_t count, struct mf__call_fault *fault)
{
    uint64_t *hashes = count == 0 ? NULL : mf_try_alloc(count * sizeof *hashes);
    size_t i = 0;
    int rc = 0;

    if (count == 0) {
        return 0;
    }
    if (hashes == NULL) {
        return MF_E_NO_MEMORY;
    }
    for (const cJSON *item = modules->child; item != NULL; item = item->next) {
        hashes[i++] = mf_hash(mf_slice_of_cstr(item->string));
    }
    qsort(hashes, count, sizeof *hashes, hash_order);
    for (i = 1; rc == 0 && i < count; i++) {
        if (hashes[i] == hashes[i - 1]) {
            rc = refuse(fault, "", "Two modules have the same name.");
        }
    }
    mf_free(hashes);
    return rc;
}

static int check_size(uint64_t size, uint64_t bytes_max, struct mf__call_fault *fault)
{
    if (size <= bytes_max) {
        return 0;
    }
    return refuse(fault, "",
                  "Dynamic Worker code size (%llu bytes) exceeds the maximum allowed size of %llu bytes.",
                  (unsigned long long)size, (unsigned long long)bytes_max);
}

/* The bodies' bytes as they are in the bundle from |from| on. */
static uint64_t bodies_size(const struct mf_buf *bundle, size_t from)
{
    struct mf_slice parts = mf_slice_of(bundle->data + from, bundle->size - from);
    struct mf_part part;
    size_t cursor = 0;
    uint64_t size = 0;

    while (mf_bundle_next(parts, &cursor, &part) > 0) {
        size += part.body.size;
    }
    return size;
}

/* All of |modules|; what was appended from |from| on is the code. */
static int read_all(struct mf_buf *bundle,
                    const cJSON *modules,
                    const char *main,
                    size_t from,
                    uint64_t bytes_max,
                    struct mf__call_fault *fault)
{
    size_t count = (size_t)cJSON_GetArraySize(modules);
    int rc;

    if (count > MF_MODULES_COUNT_MAX) {
        return refuse(fault, "", "There are %zu modules; the limit is %d.", count, MF_MODULES_COUNT_MAX);
    }
    rc = check_names(modules, count, fault);
    for (const cJSON *item = modules == NULL ? NULL : modules->child; rc == 0 && item != NULL;
         item = item->next) {
        rc = read_one(bundle, item, main, fault);
    }
    if (rc == MF_E_TOO_LARGE) {
        return check_size(MF_BUNDLE_BYTES_MAX, bytes_max, fault);
    }
    return rc < 0 ? rc : check_size(bodies_size(bundle, from), bytes_max, fault);
}

int mf__modules_read(struct mf_buf *bundle,
                     const cJSON *code,
                     uint64_t bytes_max,
                     struct mf__call_fault *fault)
{
    const cJSON *main = mf__json_get(code, "mainModule");
    const cJSON *modules = mf__json_get(code, "modules");
    bool has_main = mf__json_get(modules, main->valuestring) != NULL;
    int rc;

    if (modules->child == NULL) {
        return refuse(fault, "", "Dynamic Worker code must contain at least one module.");
    }
    rc = read_all(bundle, modules, main->valuestring, bundle->size, bytes_max, fault);
    if (rc == 0 && !has_main) {
        rc =
            refuse(fault, "",
                   "Failed to start Worker:\nUncaught TypeError: Main module name is not present in bundle.");
    }
    if (rc == 0) {
        rc = mf_bundle_append(bundle, MF_PART_MAIN, mf_slice_of_cstr(""), mf__json_text(main));
    }
    return rc;
}

int mf__modules_read_program(struct mf_buf *bundle,
                             struct mf_slice name,
                             struct mf_slice program,
                             const cJSON *modules,
                             uint64_t bytes_max,
                             struct mf__call_fault *fault)
{
    size_t from = bundle->size;
    int rc;

    if (modules != NULL && mf__json_get(modules, (const char *)name.data) != NULL) {
        return refuse(fault, "", "'%s' is the program's own name; no module can have it.", name.data);
    }
    rc = mf_bundle_append(bundle, MF_PART_PROGRAM, name, program);
    if (rc == MF_E_TOO_LARGE) {
        return check_size(MF_BUNDLE_BYTES_MAX, bytes_max, fault);
    }
    return rc < 0 ? rc : read_all(bundle, modules, "", from, bytes_max, fault);
}

static int read_flags(struct mf_buf *bundle, const cJSON *flags, struct mf__call_fault *fault)
{
    struct mf_slice names[MF_COMPATIBILITY_FLAGS_MAX];
    size_t count = 0;
    char *text;
    int rc;

    for (const cJSON *item = flags->child; item != NULL; item = item->next) {
        if (!cJSON_IsString(item) || count == MF_COMPATIBILITY_FLAGS_MAX) {
            return mf__call_refuse(fault, "/compatibilityFlags", "must be at most %d strings.",
                                   MF_COMPATIBILITY_FLAGS_MAX);
        }
        names[count++] = mf__json_text(item);
    }
    rc = mf__compatibility_check_flags(names, count, &fault->why);
    if (rc < 0) {
        mf_ignore(mf_buf_printf(&fault->param, "%s/compatibilityFlags", fault->at));
        return rc;
    }
    text = cJSON_PrintUnformatted(flags);
    if (text == NULL) {
        return MF_E_NO_MEMORY;
    }
    rc = mf_bundle_append(bundle, MF_PART_FLAGS, mf_slice_of_cstr(""), mf_slice_of_cstr(text));
    cJSON_free(text);
    return rc;
}

/* What JavaScript's String() makes of |value|, as Cloudflare's loader does with a date; NULL is undefined. */
static int coerce(const cJSON *value, struct mf_buf *out)
{
    char *text = NULL;
    int rc;

    if (value == NULL) {
        return mf_buf_append_cstr(out, "undefined");
    }
    if (cJSON_IsString(value)) {
        return mf_buf_append_slice(out, mf__json_text(value));
    }
    if (cJSON_IsObject(value) || cJSON_IsArray(value)) {
        return mf_buf_append_cstr(out, cJSON_IsObject(value) ? "[object Object]" : "[object Array]");
    }
    text = cJSON_PrintUnformatted(value);
    rc = text == NULL ? MF_E_NO_MEMORY : mf_buf_append_cstr(out, text);
    cJSON_free(text);
    return rc;
}

static int read_date(struct mf_buf *bundle, const cJSON *date, struct mf__call_fault *fault)
{
    struct mf_buf text;
    int rc;

    mf_buf_init(&text, MF_HTTP_BODY_BYTES_MAX);
    rc = coerce(date, &text);
    if (rc == 0) {
        rc = mf__compatibility_check_date(mf_buf_peek(&text), mf_clock_unix_ms(), &fault->why);
        if (rc < 0) {
            mf_ignore(mf_buf_printf(&fault->param, "%s/compatibilityDate", fault->at));
        }
    }
    if (rc == 0) {
        rc = mf_bundle_append(bundle, MF_PART_DATE, mf_slice_of_cstr(""), mf_buf_peek(&text));
    }
    mf_buf_done(&text);
    return rc;
}

int mf__modules_read_compatibility(struct mf_buf *bundle, const cJSON *code, struct mf__call_fault *fault)
{
    const cJSON *flags = mf__json_get(code, "compatibilityFlags");
    int rc = read_date(bundle, mf__json_get(code, "compatibilityDate"), fault);

    if (rc == 0 && flags != NULL) {
        rc = read_flags(bundle, flags, fault);
    }
    return rc;
}
