#include "schema.h"

#include <math.h>
#include <stdio.h>

#include "names.h"

/* The keywords that say something here; each the first of its name. */
struct fields {
    const cJSON *ref, *any_of, *one_of, *all_of, *enumeration, *constant, *type, *items, *prefix, *properties;
    const cJSON *required, *additional, *patterns, *description, *format, *nullable;
};

struct field_name {
    const char *name;
    size_t offset;
};

#define FIELD(json, member)                                                                                  \
    {                                                                                                        \
        json, offsetof(struct fields, member)                                                                \
    }
static const struct field_name field_names[] = {
    FIELD("$ref", ref),
    FIELD("anyOf", any_of),
    FIELD("oneOf", one_of),
    FIELD("allOf", all_of),
    FIELD("enum", enumeration),
    FIELD("const", constant),
    FIELD("type", type),
    FIELD("items", items),
    FIELD("prefixItems", prefix),
    FIELD("properties", properties),
    FIELD("required", required),
    FIELD("additionalProperties", additional),
    FIELD("patternProperties", patterns),
    FIELD("description", description),
    FIELD("format", format),
    FIELD("nullable", nullable),
};

static bool take_step(uint64_t *steps)
{
    if (*steps == 0) {
        return false;
    }
    --*steps;
    return true;
}

/* False when the steps are used up. */
static bool read_fields(const cJSON *node, uint64_t *steps, struct fields *ret_fields)
{
    *ret_fields = (struct fields){0};
    for (const cJSON *member = node->child; member != NULL; member = member->next) {
        if (!take_step(steps)) {
            return false;
        }
        for (size_t i = 0; i < MF_COUNT_OF(field_names); i++) {
            const cJSON **slot = (const cJSON **)(void *)((char *)ret_fields + field_names[i].offset);
            if (strcmp(field_names[i].name, member->string) == 0) {
                *slot = *slot == NULL ? member : *slot;
                break;
            }
        }
    }
    return true;
}

const cJSON *mf__schema_get(const cJSON *object, const char *name, uint64_t *steps)
{
    if (!cJSON_IsObject(object)) {
        return NULL;
    }
    for (const cJSON *member = object->child; member != NULL && take_step(steps); member = member->next) {
        if (strcmp(member->string, name) == 0) {
            return member;
        }
    }
    return NULL;
}

/* ---- references: https://www.rfc-editor.org/rfc/rfc6901 --------------------------------------------- */

/* One segment of a pointer in a URI fragment: what it means, or -1 when it is longer than any name that is looked up. */
static int decode_segment(const char **at, char *out, size_t capacity)
{
    size_t size = 0;

    while (**at != '\0' && **at != '/') {
        char c = *(*at)++;
        if (c == '%' && mf_hex_digit((uint8_t)(*at)[0]) >= 0 && mf_hex_digit((uint8_t)(*at)[1]) >= 0) {
            c = (char)(mf_hex_digit((uint8_t)(*at)[0]) * 16 + mf_hex_digit((uint8_t)(*at)[1]));
            *at += 2;
        }
        if (c == '~' && (**at == '0' || **at == '1')) {
            c = *(*at)++ == '0' ? '~' : '/';
        }
        if (c == '\0' || size + 1 >= capacity) {
            return -1;
        }
        out[size++] = c;
    }
    out[size] = '\0';
    return 0;
}

static const cJSON *step_into(const cJSON *node, const char *segment, uint64_t *steps)
{
    uint64_t index;

    if (!cJSON_IsArray(node)) {
        return mf__schema_get(node, segment, steps);
    }
    if (mf_slice_parse_u64(mf_slice_of_cstr(segment), UINT32_MAX, &index) < 0) {
        return NULL;
    }
    node = node->child;
    while (node != NULL && index > 0 && take_step(steps)) {
        node = node->next;
        index--;
    }
    return index == 0 ? node : NULL;
}

const cJSON *mf__schema_resolve(const cJSON *root, const char *ref, uint64_t *steps)
{
    char segment[MF_TOOLS_NAME_BYTES_MAX];

    if (*ref++ != '#') {
        return NULL;
    }
    while (root != NULL && *ref != '\0') {
        if (*ref++ != '/' || decode_segment(&ref, segment, sizeof segment) < 0) {
            return NULL;
        }
        root = step_into(root, segment, steps);
    }
    return root;
}

const cJSON *mf__schema_follow(const cJSON *root, const cJSON *node, uint64_t *steps)
{
    for (unsigned i = 0; i < MF_TOOLS_SCHEMA_DEPTH_MAX && node != NULL; i++) {
        const cJSON *ref = mf__schema_get(node, "$ref", steps);
        if (ref == NULL) {
            return node;
        }
        node = cJSON_IsString(ref) ? mf__schema_resolve(root, ref->valuestring, steps) : NULL;
    }
    return NULL;
}

/* ---- literals ---------------------------------------------------------------------------------------- */

static int write_number(struct mf_buf *out, double value)
{
    char text[40];

    if (!isfinite(value)) {
        return mf_buf_append_cstr(out, "number");
    }
    (void)snprintf(text, sizeof text, "%.15g", value);
    /* 15 digits do not say every number. */
    double read = 0;
    if (sscanf(text, "%lf", &read) != 1 || read != value) {
        (void)snprintf(text, sizeof text, "%.17g", value);
    }
    return mf_buf_append_cstr(out, text);
}

bool mf__schema_is_full(const struct mf__schema *schema)
{
    return *schema->steps == 0 || schema->out->size - schema->begin > MF_TOOLS_TYPE_BYTES_MAX;
}

/* A value as the type that only it has. */
static int write_value(struct mf__schema *schema, const cJSON *value, unsigned depth)
{
    struct mf_buf *out = schema->out;
    const char *separator = "";
    int rc;

    if (depth == 0 || mf__schema_is_full(schema) || !take_step(schema->steps)) {
        return mf_buf_append_cstr(out, "unknown");
    }
    if (cJSON_IsString(value)) {
        return mf__names_append_literal(out, mf_slice_of_cstr(value->valuestring));
    }
    if (cJSON_IsNumber(value)) {
        return write_number(out, value->valuedouble);
    }
    if (!cJSON_IsArray(value) && !cJSON_IsObject(value)) {
        return mf_buf_append_cstr(out, cJSON_IsTrue(value)    ? "true"
                                       : cJSON_IsFalse(value) ? "false"
                                                              : "null");
    }
    rc = mf_buf_append_cstr(out, cJSON_IsArray(value) ? "[" : "{");
    for (const cJSON *item = value->child; rc == 0 && item != NULL && !mf__schema_is_full(schema);
         item = item->next) {
        rc = mf_buf_append_cstr(out, separator);
        if (rc == 0 && cJSON_IsObject(value)) {
            rc = mf__names_append_literal(out, mf_slice_of_cstr(item->string));
            rc = rc < 0 ? rc : mf_buf_append_cstr(out, ":");
        }
        rc = rc < 0 ? rc : write_value(schema, item, depth - 1);
        separator = ",";
    }
    return rc < 0 ? rc : mf_buf_append_cstr(out, cJSON_IsArray(value) ? "]" : "}");
}

static int write_enum(struct mf__schema *schema, const cJSON *values)
{
    bool is_first = true;

    if (values->child == NULL) {
        int rc = mf_buf_append_cstr(schema->out, "never");
        return rc < 0 ? rc : MF__TYPE_NEVER;
    }
    for (const cJSON *value = values->child; value != NULL; value = value->next) {
        int rc = is_first ? 0 : mf_buf_append_cstr(schema->out, " | ");
        rc = rc < 0 ? rc : write_value(schema, value, MF_TOOLS_SCHEMA_DEPTH_MAX);
        if (rc < 0) {
            return rc;
        }
        if (mf__schema_is_full(schema)) {
            rc = mf_buf_append_cstr(schema->out, " | unknown");
            return rc < 0 ? rc : MF__TYPE_UNION;
        }
        is_first = false;
    }
    return values->child->next == NULL ? MF__TYPE_PLAIN : MF__TYPE_UNION;
}

/* ---- unions, intersections ----------------------------------------------------------------------------- */

/* Puts parentheses around what was written since |begin|. */
static int enclose(struct mf_buf *out, size_t begin)
{
    int rc = mf_buf_append_cstr(out, "()");

    if (rc == 0) {
        memmove(out->data + begin + 1, out->data + begin, out->size - begin - 2);
        out->data[begin] = '(';
    }
    return rc;
}

static int write_list(struct mf__schema *schema, const cJSON *list, bool is_union, unsigned indent)
{
    size_t count = 0;
    int kind = MF__TYPE_UNKNOWN;

    for (const cJSON *item = list->child; item != NULL; item = item->next, count++) {
        int rc = count == 0 ? 0 : mf_buf_append_cstr(schema->out, is_union ? " | " : " & ");
        size_t begin = schema->out->size;
        if (rc == 0 && count > 0 && mf__schema_is_full(schema)) {
            rc = mf_buf_append_cstr(schema->out, "unknown");
            return rc < 0 ? rc : is_union ? MF__TYPE_UNION : MF__TYPE_INTERSECTION;
        }
        kind = rc < 0 ? rc : mf__schema_write(schema, item, indent);
        if (kind == MF__TYPE_UNION && !is_union && list->child->next != NULL) {
            rc = enclose(schema->out, begin);
        }
        if (kind < 0 || rc < 0) {
            return kind < 0 ? kind : rc;
        }
    }
    if (count == 0) {
        int rc = mf_buf_append_cstr(schema->out, "unknown");
        return rc < 0 ? rc : MF__TYPE_UNKNOWN;
    }
    return count == 1 ? kind : is_union ? MF__TYPE_UNION : MF__TYPE_INTERSECTION;
}

/* Whether any of |list| says more than which properties are required. */
static bool says_type(const cJSON *list, uint64_t *steps)
{
    for (const cJSON *item = list->child; item != NULL; item = item->next) {
        for (const cJSON *member = item->child; cJSON_IsObject(item) && member != NULL;
             member = member->next) {
            bool is_object = strcmp(member->string, "type") == 0 && cJSON_IsString(member) &&
                             strcmp(member->valuestring, "object") == 0;
            if (!take_step(steps)) {
                return true;
            }
            for (size_t i = 0; !is_object && i < MF_COUNT_OF(field_names); i++) {
                size_t offset = field_names[i].offset;
                bool is_type = offset < offsetof(struct fields, required);
                if (is_type && strcmp(member->string, field_names[i].name) == 0) {
                    return true;
                }
            }
        }
        if (cJSON_IsBool(item)) {
            return true;
        }
    }
    return false;
}

/* ---- arrays -------------------------------------------------------------------------------------------- */

static int write_tuple(struct mf__schema *schema, const cJSON *items, unsigned indent)
{
    int rc = mf_buf_append_cstr(schema->out, "[");

    for (const cJSON *item = items->child; rc >= 0 && item != NULL && !mf__schema_is_full(schema);
         item = item->next) {
        rc = item == items->child ? 0 : mf_buf_append_cstr(schema->out, ", ");
        rc = rc < 0 ? rc : mf__schema_write(schema, item, indent);
    }
    rc = rc < 0 ? rc : mf_buf_append_cstr(schema->out, "]");
    return rc < 0 ? rc : MF__TYPE_PLAIN;
}

static int write_array(struct mf__schema *schema, const struct fields *fields, unsigned indent)
{
    size_t begin = schema->out->size;
    int kind;
    int rc = 0;

    if (cJSON_IsArray(fields->prefix) || cJSON_IsArray(fields->items)) {
        return write_tuple(schema, cJSON_IsArray(fields->prefix) ? fields->prefix : fields->items, indent);
    }
    kind = mf__schema_write(schema, fields->items, indent);
    if (kind == MF__TYPE_UNION || kind == MF__TYPE_INTERSECTION) {
        rc = enclose(schema->out, begin);
    }
    rc = kind < 0 ? kind : rc < 0 ? rc : mf_buf_append_cstr(schema->out, "[]");
    return rc < 0 ? rc : MF__TYPE_PLAIN;
}

/* ---- objects -------------------------------------------------------------------------------------------- */

static int write_indent(struct mf_buf *out, unsigned indent)
{
    return mf_buf_printf(out, "%*s", (int)indent, "");
}

static int
write_comment(struct mf_buf *out, struct mf_slice description, struct mf_slice format, unsigned indent)
{
    bool is_both = description.size > 0 && format.size > 0;
    int rc = 0;

    if (description.size == 0 && format.size == 0) {
        return 0;
    }
    rc = write_indent(out, indent);
    rc = rc < 0 ? rc : mf_buf_append_cstr(out, "/** ");
    if (rc == 0 && is_both) {
        out->size--; /* The blank. */
        rc = mf_buf_printf(out, "\n%*s * ", (int)indent, "");
    }
    rc = rc < 0 ? rc : mf__names_append_comment(out, description);
    if (rc == 0 && is_both) {
        rc = mf_buf_printf(out, "\n%*s * ", (int)indent, "");
    }
    if (rc == 0 && format.size > 0) {
        rc = mf_buf_append_cstr(out, "@format ");
        rc = rc < 0 ? rc : mf__names_append_comment(out, format);
    }
    if (rc == 0 && is_both) {
        rc = mf_buf_printf(out, "\n%*s", (int)indent, "");
    }
    return rc < 0 ? rc : mf_buf_append_cstr(out, " */\n");
}

static struct mf_slice text_of(const cJSON *string)
{
    return cJSON_IsString(string) ? mf_slice_of_cstr(string->valuestring) : mf_slice_of(NULL, 0);
}

int mf__schema_write_property(struct mf__schema *schema,
                              struct mf_slice name,
                              const cJSON *node,
                              bool is_required,
                              struct mf_slice description,
                              unsigned indent)
{
    struct fields fields = {0};
    int rc = 0;

    if (cJSON_IsObject(node) && read_fields(node, schema->steps, &fields)) {
        struct mf_slice own = text_of(fields.description);
        rc = write_comment(schema->out, own.size > 0 ? own : description, text_of(fields.format), indent);
    } else {
        rc = write_comment(schema->out, description, mf_slice_of(NULL, 0), indent);
    }
    rc = rc < 0 ? rc : write_indent(schema->out, indent);
    rc = rc < 0 ? rc : mf__names_append_property(schema->out, name);
    rc = rc < 0 ? rc : mf_buf_append_cstr(schema->out, is_required ? ": " : "?: ");
    rc = rc < 0 ? rc : mf__schema_write(schema, node, indent);
    return rc < 0 ? rc : mf_buf_append_cstr(schema->out, ";\n");
}

/* "[key: string]: T", which beside named properties can only be unknown: T then stands in a comment. */
static int write_index(struct mf__schema *schema, const cJSON *additional, bool is_alone, unsigned indent)
{
    static const char prefix[] = "[key: string]: ";
    struct mf_buf *out = schema->out;
    size_t begin = out->size;
    char type[64];
    size_t type_begin;
    int kind;
    int rc = write_indent(out, indent);

    rc = rc < 0 ? rc : mf_buf_append_cstr(out, prefix);
    type_begin = out->size;
    kind = rc < 0 ? rc : mf__schema_write(schema, cJSON_IsObject(additional) ? additional : NULL, indent);
    if (kind < 0 || is_alone || kind == MF__TYPE_UNKNOWN) {
        return kind < 0 ? kind : mf_buf_append_cstr(out, ";\n");
    }
    size_t size = out->size - type_begin;
    bool is_short = size < sizeof type && memchr(out->data + type_begin, '\n', size) == NULL;
    if (is_short) {
        memcpy(type, out->data + type_begin, size);
    }
    out->size = begin;
    rc = write_indent(out, indent);
    if (rc == 0 && is_short) {
        rc = mf_buf_append_cstr(out, "/** others: ");
        rc = rc < 0 ? rc : mf__names_append_comment(out, mf_slice_of(type, size));
        rc = rc < 0 ? rc : mf_buf_printf(out, " */\n%*s", (int)indent, "");
    }
    return rc < 0 ? rc : mf_buf_printf(out, "%sunknown;\n", prefix);
}

static int read_required(const cJSON *list, uint64_t *steps, struct mf__names *ret_required)
{
    int rc = 0;

    if (!cJSON_IsArray(list)) {
        return 0;
    }
    for (const cJSON *item = list->child; rc >= 0 && item != NULL && take_step(steps); item = item->next) {
        rc = cJSON_IsString(item) ? mf__names_add(ret_required, mf_slice_of_cstr(item->valuestring), 0) : 0;
    }
    return rc < 0 ? rc : 0;
}

static int write_members(struct mf__schema *schema, const struct fields *fields, unsigned indent)
{
    struct mf__names required = {0};
    struct mf__names written = {0};
    bool is_cut = false;
    int rc = read_required(fields->required, schema->steps, &required);

    if (rc == 0 && cJSON_IsObject(fields->properties)) {
        for (const cJSON *item = fields->properties->child; rc >= 0 && item != NULL; item = item->next) {
            struct mf_slice name = mf_slice_of_cstr(item->string);
            is_cut = mf__schema_is_full(schema);
            if (is_cut || !take_step(schema->steps)) {
                break;
            }
            rc = mf__names_add(&written, name, 0);
            if (rc == 1) {
                rc = mf__schema_write_property(schema, name, item, mf__names_value(&required, name) != NULL,
                                               mf_slice_of(NULL, 0), indent);
            }
        }
    }
    bool is_open = cJSON_IsTrue(fields->additional) || cJSON_IsObject(fields->additional) ||
                   (cJSON_IsObject(fields->patterns) && fields->patterns->child != NULL);
    if (rc >= 0 && (is_cut || is_open)) {
        rc = write_index(schema, is_cut ? NULL : fields->additional, written.count == 0, indent);
    }
    mf__names_done(&required);
    mf__names_done(&written);
    return rc < 0 ? rc : 0;
}

static int write_object(struct mf__schema *schema, const struct fields *fields, unsigned indent)
{
    struct mf_buf *out = schema->out;
    int rc = mf_buf_append_cstr(out, "{\n");
    size_t begin = out->size;

    rc = rc < 0 ? rc : write_members(schema, fields, indent + 4);
    if (rc == 0 && out->size == begin) {
        out->size = begin - 2;
        rc = mf_buf_append_cstr(out, cJSON_IsFalse(fields->additional) ? "{}" : "Record<string, unknown>");
    } else if (rc == 0) {
        rc = write_indent(out, indent);
        rc = rc < 0 ? rc : mf_buf_append_cstr(out, "}");
    }
    return rc < 0 ? rc : MF__TYPE_PLAIN;
}

/* ---- "type" ------------------------------------------------------------------------------------------------- */

static int
write_type_name(struct mf__schema *schema, const struct fields *fields, const char *type, unsigned indent)
{
    static const char *const names[][2] = {{"string", "string"},
                                           {"number", "number"},
                                           {"integer", "number"},
                                           {"boolean", "boolean"},
                                           {"null", "null"}};

    for (size_t i = 0; i < MF_COUNT_OF(names); i++) {
        if (strcmp(type, names[i][0]) == 0) {
            int rc = mf_buf_append_cstr(schema->out, names[i][1]);
            return rc < 0 ? rc : MF__TYPE_PLAIN;
        }
    }
    if (strcmp(type, "array") == 0) {
        return write_array(schema, fields, indent);
    }
    if (strcmp(type, "object") == 0) {
        return write_object(schema, fields, indent);
    }
    int rc = mf_buf_append_cstr(schema->out, "unknown");
    return rc < 0 ? rc : MF__TYPE_UNKNOWN;
}

static int write_type(struct mf__schema *schema, const struct fields *fields, unsigned indent)
{
    const cJSON *type = fields->type;
    size_t count = 0;
    int kind = MF__TYPE_UNKNOWN;

    if (!cJSON_IsArray(type)) {
        const char *name = cJSON_IsString(type) ? type->valuestring : "";
        if (cJSON_IsObject(fields->properties) && strcmp(name, "array") != 0) {
            name = type == NULL || *name == '\0' ? "object" : name;
        } else if (type == NULL && (fields->items != NULL || fields->prefix != NULL)) {
            name = "array";
        }
        return write_type_name(schema, fields, name, indent);
    }
    for (const cJSON *item = type->child; item != NULL && !mf__schema_is_full(schema);
         item = item->next, count++) {
        int rc = count == 0 ? 0 : mf_buf_append_cstr(schema->out, " | ");
        kind = rc < 0
                   ? rc
                   : write_type_name(schema, fields, cJSON_IsString(item) ? item->valuestring : "", indent);
        if (kind < 0) {
            return kind;
        }
    }
    if (count == 0) {
        int rc = mf_buf_append_cstr(schema->out, "unknown");
        return rc < 0 ? rc : MF__TYPE_UNKNOWN;
    }
    return count == 1 ? kind : MF__TYPE_UNION;
}

/* ---- a schema -------------------------------------------------------------------------------------------------- */

/* anyOf, oneOf, allOf; beside properties of their own the two are one object. */
static int
write_combination(struct mf__schema *schema, const struct fields *fields, const cJSON *list, unsigned indent)
{
    bool is_union = list != fields->all_of;
    bool has_own = cJSON_IsObject(fields->properties) && fields->properties->child != NULL;
    size_t begin;
    int kind;
    int rc;

    if (!has_own) {
        return write_list(schema, list, is_union, indent);
    }
    if (!says_type(list, schema->steps)) {
        return write_object(schema, fields, indent);
    }
    rc = write_object(schema, fields, indent);
    rc = rc < 0 ? rc : mf_buf_append_cstr(schema->out, " & ");
    begin = schema->out->size;
    kind = rc < 0 ? rc : write_list(schema, list, is_union, indent);
    rc = kind == MF__TYPE_UNION ? enclose(schema->out, begin) : kind < 0 ? kind : 0;
    return rc < 0 ? rc : MF__TYPE_INTERSECTION;
}

static int write_known(struct mf__schema *schema, const struct fields *fields, unsigned indent)
{
    const cJSON *combination = cJSON_IsArray(fields->any_of)   ? fields->any_of
                               : cJSON_IsArray(fields->one_of) ? fields->one_of
                               : cJSON_IsArray(fields->all_of) ? fields->all_of
                                                               : NULL;

    if (fields->ref != NULL) {
        const cJSON *target = cJSON_IsString(fields->ref)
                                  ? mf__schema_resolve(schema->root, fields->ref->valuestring, schema->steps)
                                  : NULL;
        return mf__schema_write(schema, target, indent);
    }
    if (combination != NULL) {
        return write_combination(schema, fields, combination, indent);
    }
    if (cJSON_IsArray(fields->enumeration)) {
        return write_enum(schema, fields->enumeration);
    }
    if (fields->constant != NULL) {
        int rc = write_value(schema, fields->constant, MF_TOOLS_SCHEMA_DEPTH_MAX);
        return rc < 0 ? rc : MF__TYPE_PLAIN;
    }
    return write_type(schema, fields, indent);
}

static bool is_open_already(const struct mf__schema *schema, const cJSON *node)
{
    for (unsigned i = 0; i < schema->depth; i++) {
        if (schema->seen[i] == node) {
            return true;
        }
    }
    return false;
}

void mf__schema_begin(struct mf__schema *schema, struct mf_buf *out, const cJSON *root, uint64_t *steps)
{
    *schema = (struct mf__schema){.out = out, .root = root, .steps = steps, .begin = out->size};
}

int mf__schema_write(struct mf__schema *schema, const cJSON *node, unsigned indent)
{
    struct fields fields;
    int kind;
    int rc;

    if (cJSON_IsFalse(node)) {
        rc = mf_buf_append_cstr(schema->out, "never");
        return rc < 0 ? rc : MF__TYPE_NEVER;
    }
    if (!cJSON_IsObject(node) || schema->depth == MF_TOOLS_SCHEMA_DEPTH_MAX ||
        is_open_already(schema, node) || mf__schema_is_full(schema) ||
        !read_fields(node, schema->steps, &fields)) {
        rc = mf_buf_append_cstr(schema->out, "unknown");
        return rc < 0 ? rc : MF__TYPE_UNKNOWN;
    }
    schema->seen[schema->depth++] = node;
    kind = write_known(schema, &fields, indent);
    schema->depth--;
    if (kind >= 0 && kind != MF__TYPE_UNKNOWN && kind != MF__TYPE_NEVER && cJSON_IsTrue(fields.nullable)) {
        rc = mf_buf_append_cstr(schema->out, " | null");
        return rc < 0 ? rc : MF__TYPE_UNION;
    }
    return kind;
}
