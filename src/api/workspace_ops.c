/* workspace_ops.c - changes as JSON: a batch of operations, and the edits of one file. Each call is one transaction. */
#include <stdio.h>

#include "workspace_call.h"

struct change {
    struct mf__wscall call;
    struct mf_arena *ops_arena; /* Operations and what they carry. */
    bool is_edit;               /* PATCH of one file; else a batch. */
    struct mf_workspace_op *ops;
    size_t count;
    struct mf_workspace_result *results;
    struct mf_workspace_outcome outcome;
};

static void release(struct mf__wscall *call)
{
    struct change *change = MF_CONTAINER_OF(call, struct change, call);

    mf_arena_free(change->ops_arena);
}

/* ---- reading ------------------------------------------------------------------------------------------- */

#define POINTER_BYTES_MAX 64

static int refuse(struct change *change, const char *pointer, const char *why)
{
    return mf__json_refuse(&change->call.param, &change->call.detail, pointer, "%s", why);
}

static int copy_text(struct change *change, const cJSON *object, const char *name, struct mf_slice *ret_text)
{
    const cJSON *string = mf__json_get(object, name);

    return string == NULL ? 0 : mf_arena_copy(change->ops_arena, mf__json_text(string), ret_text);
}

/* |text| as it is, or |base64|: one of the two. */
static int read_bytes(struct change *change,
                      const cJSON *object,
                      const char *pointer,
                      const char *text,
                      const char *base64,
                      struct mf_slice *ret_bytes)
{
    const cJSON *encoded = mf__json_get(object, base64);
    struct mf_buf bytes;
    int rc;

    if ((encoded != NULL) == (mf__json_get(object, text) != NULL)) {
        return mf__json_refuse(&change->call.param, &change->call.detail, pointer,
                               "It needs %s or %s, and not both.", text, base64);
    }
    if (encoded == NULL) {
        return copy_text(change, object, text, ret_bytes);
    }
    mf_buf_init(&bytes, MF_HTTP_BODY_BYTES_MAX);
    rc = mf_buf_append_base64_decoded(&bytes, mf__json_text(encoded));
    if (rc == MF_E_INVALID) {
        rc = refuse(change, pointer, "Its base64 is not valid.");
    }
    if (rc == 0) {
        rc = mf_arena_copy(change->ops_arena, mf_buf_peek(&bytes), ret_bytes);
    }
    mf_buf_done(&bytes);
    return rc;
}

static int
read_edit(struct change *change, const cJSON *object, const char *pointer, struct mf_workspace_edit *edit)
{
    static const struct mf_json_field fields[] = {{"search", "s", false},  {"all", "b", false},
                                                  {"offset", "n", false},  {"length", "n", false},
                                                  {"replace", "s", false}, {"replaceBase64", "s", false}};
    int rc = mf__json_check(object, pointer, fields, MF_COUNT_OF(fields), &change->call.param,
                            &change->call.detail);

    if (rc < 0) {
        return rc;
    }
    const cJSON *offset = mf__json_get(object, "offset");
    const cJSON *length = mf__json_get(object, "length");
    const cJSON *search = mf__json_get(object, "search");
    edit->is_range = offset != NULL;
    edit->is_all = cJSON_IsTrue(mf__json_get(object, "all"));
    if ((offset != NULL) == (search != NULL) || (length != NULL) != (offset != NULL)) {
        return refuse(change, pointer, "It needs search, or offset and length.");
    }
    if (offset != NULL && length != NULL) {
        edit->offset = (uint64_t)offset->valuedouble;
        edit->size = (uint64_t)length->valuedouble;
    }
    rc = copy_text(change, object, "search", &edit->search);
    if (rc == 0 && search != NULL && edit->search.size == 0) {
        rc = refuse(change, pointer, "What it searches for is empty.");
    }
    return rc < 0 ? rc : read_bytes(change, object, pointer, "replace", "replaceBase64", &edit->replace);
}

static int
read_edits(struct change *change, const cJSON *object, const char *pointer, struct mf_workspace_op *op)
{
    const cJSON *list = mf__json_get(object, "edits");
    struct mf_workspace_edit *edits;
    char at[POINTER_BYTES_MAX + 32];
    size_t count = (size_t)cJSON_GetArraySize(list);
    int rc = 0;

    if (list == NULL || count == 0 || count > MF_WORKSPACE_EDITS_MAX) {
        return mf__json_refuse(&change->call.param, &change->call.detail, pointer,
                               "It needs edits, 1 to %d of them.", MF_WORKSPACE_EDITS_MAX);
    }
    edits = mf_arena_try_alloc(change->ops_arena, count * sizeof *edits);
    if (edits == NULL) {
        return MF_E_TOO_LARGE;
    }
    op->edits = edits;
    const cJSON *item;
    cJSON_ArrayForEach(item, list)
    {
        (void)snprintf(at, sizeof at, "%s/edits/%zu", pointer, op->edits_count);
        rc = read_edit(change, item, at, &edits[op->edits_count]);
        if (rc < 0) {
            break;
        }
        op->edits_count++;
    }
    return rc;
}

/* Fields that an operation may have besides "op". */
static const struct op_row {
    const char *name;
    enum mf_workspace_op_kind kind;
    struct mf_json_field fields[8];
} op_rows[] = {
    {"mkdir",
     MF_WORKSPACE_MKDIR,
     {{"op", "s", true}, {"path", "s", true}, {"parents", "b", false}, {"mode", "s", false}}},
    {"rm",
     MF_WORKSPACE_RM,
     {{"op", "s", true},
      {"path", "s", true},
      {"recursive", "b", false},
      {"force", "b", false},
      {"ifMatch", "s", false}}},
    {"mv",
     MF_WORKSPACE_MV,
     {{"op", "s", true},
      {"from", "s", true},
      {"to", "s", true},
      {"parents", "b", false},
      {"exclusive", "b", false}}},
    {"cp",
     MF_WORKSPACE_CP,
     {{"op", "s", true},
      {"from", "s", true},
      {"to", "s", true},
      {"parents", "b", false},
      {"exclusive", "b", false},
      {"recursive", "b", false}}},
    {"symlink",
     MF_WORKSPACE_SYMLINK,
     {{"op", "s", true}, {"path", "s", true}, {"target", "s", true}, {"parents", "b", false}}},
    {"write",
     MF_WORKSPACE_WRITE,
     {{"op", "s", true},
      {"path", "s", true},
      {"text", "s", false},
      {"base64", "s", false},
      {"parents", "b", false},
      {"exclusive", "b", false},
      {"mode", "s", false},
      {"ifMatch", "s", false}}},
    {"append",
     MF_WORKSPACE_PATCH,
     {{"op", "s", true},
      {"path", "s", true},
      {"text", "s", false},
      {"base64", "s", false},
      {"parents", "b", false},
      {"mode", "s", false}}},
    {"truncate", MF_WORKSPACE_TRUNCATE, {{"op", "s", true}, {"path", "s", true}, {"size", "n", true}}},
    {"edit",
     MF_WORKSPACE_EDIT,
     {{"op", "s", true}, {"path", "s", true}, {"edits", "a", true}, {"ifMatch", "s", false}}},
    {"chmod", MF_WORKSPACE_CHMOD, {{"op", "s", true}, {"path", "s", true}, {"mode", "s", true}}},
};

static const struct op_row *find_row(const cJSON *object)
{
    const cJSON *name = cJSON_IsObject(object) ? mf__json_get(object, "op") : NULL;

    for (size_t i = 0; cJSON_IsString(name) && i < MF_COUNT_OF(op_rows); i++) {
        if (mf_slice_equal_cstr(mf__json_text(name), op_rows[i].name)) {
            return &op_rows[i];
        }
    }
    return NULL;
}

static bool is_true(const cJSON *object, const char *name)
{
    return cJSON_IsTrue(mf__json_get(object, name));
}

static unsigned read_flags(const cJSON *object, enum mf_workspace_op_kind kind)
{
    unsigned flags = 0;

    flags |= is_true(object, "parents") ? (unsigned)MF_WORKSPACE_PARENTS : 0u;
    flags |= is_true(object, "recursive") ? (unsigned)MF_WORKSPACE_RECURSIVE : 0u;
    flags |= is_true(object, "force") ? (unsigned)MF_WORKSPACE_FORCE : 0u;
    flags |= is_true(object, "exclusive") ? (unsigned)MF_WORKSPACE_EXCLUSIVE : 0u;
    flags |= kind == MF_WORKSPACE_PATCH ? (unsigned)MF_WORKSPACE_APPEND : 0u;
    flags |= kind == MF_WORKSPACE_TRUNCATE ? (unsigned)MF_WORKSPACE_EXISTING : 0u;
    return flags;
}

static int
read_match(struct change *change, const cJSON *object, const char *pointer, struct mf_workspace_op *op)
{
    const cJSON *etag = mf__json_get(object, "ifMatch");
    struct mf__precondition *precondition;
    struct mf_workspace_ask *ask;
    struct mf_slice text;

    if (etag == NULL) {
        return 0;
    }
    text = mf__json_text(etag);
    precondition = mf_arena_try_alloc(change->ops_arena, sizeof *precondition);
    ask = mf_arena_try_alloc(change->ops_arena, sizeof *ask);
    if (precondition == NULL || ask == NULL) {
        return MF_E_TOO_LARGE;
    }
    if (text.size >= sizeof precondition->match || memchr(text.data, 0, text.size) != NULL) {
        return refuse(change, pointer, "ifMatch is no etag of a file.");
    }
    precondition->has_match = true;
    memcpy(precondition->match, text.data, text.size);
    *ask = (struct mf_workspace_ask){.may = mf__workspace_may, .user = precondition};
    op->ask = ask;
    return 0;
}

static int
read_op(struct change *change, const cJSON *object, const char *pointer, struct mf_workspace_op *op)
{
    const struct op_row *row = find_row(object);
    size_t fields = 0;
    int rc;

    if (row == NULL) {
        return refuse(change, pointer,
                      "op must be mkdir, rm, mv, cp, symlink, write, append, truncate, edit or chmod.");
    }
    while (fields < MF_COUNT_OF(row->fields) && row->fields[fields].name != NULL) {
        fields++;
    }
    rc = mf__json_check(object, pointer, row->fields, fields, &change->call.param, &change->call.detail);
    if (rc < 0) {
        return rc;
    }
    op->kind = row->kind;
    op->flags = read_flags(object, row->kind);
    rc = copy_text(change, object, mf__json_get(object, "from") != NULL ? "from" : "path", &op->path);
    rc = rc < 0 ? rc : copy_text(change, object, "to", &op->to);
    rc = rc < 0 ? rc : copy_text(change, object, "target", &op->to);
    rc = rc < 0 ? rc : read_match(change, object, pointer, op);
    if (rc == 0) {
        const cJSON *mode = mf__json_get(object, "mode");
        if (mf__workspace_mode(mode == NULL ? mf_slice_of(NULL, 0) : mf__json_text(mode), &op->mode) < 0) {
            rc = refuse(change, pointer, "mode must be an octal number of at most four digits, such as 755.");
        }
    }
    if (rc == 0 && row->kind == MF_WORKSPACE_TRUNCATE) {
        op->size = (uint64_t)mf__json_get(object, "size")->valuedouble;
    }
    if (rc == 0 && (row->kind == MF_WORKSPACE_WRITE || row->kind == MF_WORKSPACE_PATCH)) {
        rc = read_bytes(change, object, pointer, "text", "base64", &op->bytes);
    }
    return rc < 0 || row->kind != MF_WORKSPACE_EDIT ? rc : read_edits(change, object, pointer, op);
}

static int make_room(struct change *change, size_t count)
{
    change->ops = mf_arena_try_alloc(change->ops_arena, count * sizeof *change->ops);
    change->results = mf_arena_try_alloc(change->ops_arena, count * sizeof *change->results);
    return change->ops == NULL || change->results == NULL ? MF_E_TOO_LARGE : 0;
}

static int read_batch(struct change *change, const cJSON *root)
{
    static const struct mf_json_field fields[] = {{"ops", "a", true}};
    char pointer[POINTER_BYTES_MAX];
    int rc = mf__json_check(root, "", fields, MF_COUNT_OF(fields), &change->call.param, &change->call.detail);
    const cJSON *list = rc < 0 ? NULL : mf__json_get(root, "ops");
    size_t count = (size_t)cJSON_GetArraySize(list);
    const cJSON *item;

    if (rc < 0) {
        return rc;
    }
    if (count > MF_WORKSPACE_OPS_MAX) {
        return mf__json_refuse(&change->call.param, &change->call.detail, "/ops", "There are more than %d.",
                               MF_WORKSPACE_OPS_MAX);
    }
    rc = make_room(change, count + 1);
    if (rc < 0) {
        return rc;
    }
    cJSON_ArrayForEach(item, list)
    {
        (void)snprintf(pointer, sizeof pointer, "/ops/%zu", change->count);
        rc = read_op(change, item, pointer, &change->ops[change->count]);
        if (rc < 0) {
            break;
        }
        change->count++;
    }
    return rc;
}

static int read_patch(struct change *change, const cJSON *root)
{
    static const struct mf_json_field fields[] = {{"edits", "a", true}};
    struct mf_workspace_ask *ask = mf_arena_try_alloc(change->ops_arena, sizeof *ask);
    int rc = mf__json_check(root, "", fields, MF_COUNT_OF(fields), &change->call.param, &change->call.detail);

    if (rc == 0) {
        rc = ask == NULL ? MF_E_TOO_LARGE : make_room(change, 1);
    }
    if (rc < 0) {
        return rc;
    }
    *ask = (struct mf_workspace_ask){.may = mf__workspace_may, .user = &change->call.precondition};
    change->count = 1;
    change->ops[0] =
        (struct mf_workspace_op){.kind = MF_WORKSPACE_EDIT, .path = change->call.path, .ask = ask};
    return read_edits(change, root, "", &change->ops[0]);
}

static int read_body(struct mf__wscall *call, const cJSON *root)
{
    struct change *change = MF_CONTAINER_OF(call, struct change, call);

    return change->is_edit ? read_patch(change, root) : read_batch(change, root);
}

/* ---- answers ---------------------------------------------------------------------------------------------- */

static int write_result(struct mf_buf *out, const struct mf_workspace_result *result)
{
    int rc = mf_buf_printf(out, "{\"created\":%s", result->is_new ? "true" : "false");

    if (rc == 0 && result->inode.id != 0) {
        rc = mf_buf_append_cstr(out, ",");
        rc = rc < 0 ? rc : mf__workspace_append_inode(out, &result->inode);
    }
    return rc < 0 ? rc : mf_buf_append_cstr(out, "}");
}

static int write_batch(struct change *change)
{
    struct mf_buf *out = &change->call.body;
    int rc =
        mf_buf_printf(out, "{\"revision\":%llu,\"results\":[", (unsigned long long)change->outcome.revision);

    for (size_t i = 0; rc == 0 && i < change->count; i++) {
        rc = i == 0 ? 0 : mf_buf_append_cstr(out, ",");
        rc = rc < 0 ? rc : write_result(out, &change->results[i]);
    }
    return rc < 0 ? rc : mf_buf_append_cstr(out, "]}\n");
}

static int write_patch(struct change *change)
{
    struct mf_buf *out = &change->call.body;
    const struct mf_inode *inode = &change->results[0].inode;
    int rc = mf_buf_append_cstr(out, "{\"path\":");

    mf__workspace_etag(inode, change->call.etag);
    rc = rc < 0 ? rc : mf_buf_append_json_string(out, change->call.path);
    rc = rc < 0 ? rc : mf_buf_append_cstr(out, ",");
    rc = rc < 0 ? rc : mf__workspace_append_inode(out, inode);
    return rc < 0 ? rc : mf_buf_append_cstr(out, "}\n");
}

/* Which one, and why. */
static void tell_failure(struct change *change, int error)
{
    struct mf__wscall *call = &change->call;
    const struct mf_workspace_result *result = &change->results[change->outcome.failed];

    if (!change->is_edit) {
        mf_ignore(mf_buf_printf(&call->members, ",\"index\":%zu", change->outcome.failed)); /* It fits. */
    }
    if (error == MF_E_WORKSPACE_EDIT) {
        const struct mf_workspace_edit *edit = &change->ops[change->outcome.failed].edits[result->edit];
        mf_ignore(mf_buf_printf(&call->members, ",\"edit\":%zu,\"found\":%llu", result->edit,
                                (unsigned long long)result->found)); /* Likewise. */
        mf_ignore(mf_buf_append_cstr(
            &call->detail, edit->is_range       ? "The range does not lie within the file."
                           : result->found == 0 ? "What it searches for is not in the file."
                                                : "What it searches for is there more than once: make it "
                                                  "longer, or say all.")); /* Likewise. */
    }
}

static int apply_work(struct mf__wscall *call, struct mf_store *store)
{
    struct change *change = MF_CONTAINER_OF(call, struct change, call);
    int rc = mf_workspace_apply(store, &call->ref, change->ops, change->count, mf_clock_unix_ms(),
                                change->results, &change->outcome);

    if (rc < 0) {
        if (rc != MF_E_WORKSPACE_UNKNOWN) {
            tell_failure(change, rc);
        }
        return rc;
    }
    return change->is_edit ? write_patch(change) : write_batch(change);
}

static void begin(struct mf_api *api, struct mf_exchange *exchange, bool is_edit)
{
    static const char *const known[] = {NULL};
    struct mf__wscall *call = mf__wscall_begin(api, exchange, sizeof(struct change), known);
    struct change *change;

    if (call == NULL || (is_edit && mf__wscall_path(call, 4) < 0)) {
        return;
    }
    change = MF_CONTAINER_OF(call, struct change, call);
    change->is_edit = is_edit;
    call->is_change = true;
    /* What is decoded is no larger than the body; operations and results are small. */
    change->ops_arena = mf_arena_new(2 * (size_t)MF_HTTP_BODY_BYTES_MAX);
    call->release = release;
    mf__wscall_submit_json(call, api->config->body_bytes_max, false, read_body, apply_work);
}

void mf__workspace_ops(struct mf_api *api, struct mf_exchange *exchange)
{
    begin(api, exchange, false);
}

void mf__workspace_file_patch(struct mf_api *api, struct mf_exchange *exchange)
{
    begin(api, exchange, true);
}
