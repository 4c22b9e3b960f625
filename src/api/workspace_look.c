/* workspace_look.c - what is in a workspace: stat, list, find, glob, grep. All but stat answer a page at a time. */
#include "workspace_call.h"

struct look {
    struct mf__wscall call;
    struct mf_workspace_search search;
    size_t limit;
    bool follow;
    size_t written;
    struct mf_buf next;

    /* Of grep. */
    struct mf_workspace_grep_options options;
    struct mf_workspace_grep *grep;
    struct mf_buf skipped;
    unsigned steps;
};

static void release(struct mf__wscall *call)
{
    struct look *look = MF_CONTAINER_OF(call, struct look, call);

    mf_workspace_grep_free(look->grep);
    mf_buf_done(&look->next);
    mf_buf_done(&look->skipped);
}

static struct look *begin(struct mf_api *api, struct mf_exchange *exchange, const char *const *known)
{
    struct mf__wscall *call = mf__wscall_begin(api, exchange, sizeof(struct look), known);
    struct look *look;
    struct mf_slice path;

    if (call == NULL) {
        return NULL;
    }
    look = MF_CONTAINER_OF(call, struct look, call);
    call->release = release;
    path = mf__params_get(&call->query, "path");
    call->path = path.data == NULL ? mf_slice_of_cstr("/") : path;
    call->ref.snapshot = mf__params_get(&call->query, "snapshot");
    mf_buf_init(&look->next, MF_FS_PATH_BYTES_MAX + 32);
    mf_buf_init(&look->skipped, MF_WORKSPACE_ANSWER_BYTES_MAX);
    look->search.path = call->path;
    look->search.after = mf__params_get(&call->query, "after");
    return look;
}

static int refuse(struct look *look, const char *param, const char *why)
{
    look->call.query.param = param;
    look->call.query.why = why;
    return MF_E_API_FIELD;
}

/* ---- entries -------------------------------------------------------------------------------------------- */

/* {"path":"/a","type":"file",...}; a link with its target. */
static int write_entry(struct look *look, const struct mf_workspace_entry *entry)
{
    struct mf_buf *out = &look->call.body;
    int rc = mf_buf_append_cstr(out, "{\"path\":");

    rc = rc < 0 ? rc : mf_buf_append_json_string(out, entry->path);
    rc = rc < 0 ? rc : mf_buf_append_cstr(out, ",");
    rc = rc < 0 ? rc : mf__workspace_append_inode(out, &entry->inode);
    if (rc == 0 && entry->inode.kind == MF_INODE_SYMLINK) {
        rc = mf_buf_append_cstr(out, ",\"target\":");
        rc = rc < 0 ? rc : mf_buf_append_json_string(out, entry->target);
    }
    return rc < 0 ? rc : mf_buf_append_cstr(out, "}");
}

static int on_entry(void *user, const struct mf_workspace_entry *entry)
{
    struct look *look = user;
    int rc = look->written++ == 0 ? 0 : mf_buf_append_cstr(&look->call.body, ",");

    return rc < 0 ? rc : write_entry(look, entry);
}

static int end_page(struct look *look)
{
    struct mf_buf *out = &look->call.body;
    int rc = mf_buf_append_cstr(out, "],\"next\":");

    if (rc == 0) {
        rc = look->next.size > 0 ? mf_buf_append_json_string(out, mf_buf_peek(&look->next))
                                 : mf_buf_append_cstr(out, "null");
    }
    return rc < 0 ? rc : mf_buf_append_cstr(out, "}\n");
}

static int find_work(struct mf__wscall *call, struct mf_store *store)
{
    struct look *look = MF_CONTAINER_OF(call, struct look, call);
    int rc = mf_buf_append_cstr(&call->body, "{\"entries\":[");

    look->search.count = look->limit;
    if (rc == 0) {
        rc = mf_workspace_find(store, &call->ref, &look->search, on_entry, look, &look->next);
    }
    return rc < 0 ? rc : end_page(look);
}

static void submit(struct look *look, int rc)
{
    if (rc == 0) {
        rc = mf__wscall_limit(&look->call, &look->limit);
    }
    if (rc < 0) {
        mf__wscall_refuse(&look->call, rc);
    } else {
        mf__wscall_submit(&look->call, find_work);
    }
}

void mf__workspace_list(struct mf_api *api, struct mf_exchange *exchange)
{
    static const char *const known[] = {"path", "recursive", "limit", "after", "snapshot", NULL};
    struct look *look = begin(api, exchange, known);
    bool is_recursive = false;
    int rc;

    if (look != NULL) {
        rc = mf__params_bool(&look->call.query, "recursive", &is_recursive);
        look->search.levels_max = is_recursive ? 0 : 1;
        submit(look, rc);
    }
}

void mf__workspace_glob(struct mf_api *api, struct mf_exchange *exchange)
{
    static const char *const known[] = {"pattern", "path", "limit", "after", "snapshot", NULL};
    struct look *look = begin(api, exchange, known);

    if (look != NULL) {
        look->search.glob = mf__params_get(&look->call.query, "pattern");
        submit(look, look->search.glob.size > 0 ? 0 : refuse(look, "pattern", "It is missing."));
    }
}

static int read_kinds(struct look *look)
{
    struct mf_slice type = mf__params_get(&look->call.query, "type");

    if (type.data == NULL) {
        return 0;
    }
    if (mf_slice_equal_cstr(type, "file")) {
        look->search.kinds = 1u << MF_INODE_FILE;
    } else if (mf_slice_equal_cstr(type, "directory")) {
        look->search.kinds = 1u << MF_INODE_DIRECTORY;
    } else if (mf_slice_equal_cstr(type, "symlink")) {
        look->search.kinds = 1u << MF_INODE_SYMLINK;
    } else {
        return refuse(look, "type", "It must be file, directory or symlink.");
    }
    return 0;
}

void mf__workspace_find(struct mf_api *api, struct mf_exchange *exchange)
{
    static const char *const known[] = {"path",    "name",     "pattern", "type",          "maxDepth",
                                        "sizeMin", "sizeMax",  "limit",   "modifiedAfter", "modifiedBefore",
                                        "after",   "snapshot", NULL};
    struct look *look = begin(api, exchange, known);
    struct mf__params *query;
    uint64_t levels = 0;
    int rc;

    if (look == NULL) {
        return;
    }
    query = &look->call.query;
    look->search.name = mf__params_get(query, "name");
    look->search.glob = mf__params_get(query, "pattern");
    rc = read_kinds(look);
    rc = rc < 0 ? rc : mf__params_number(query, "maxDepth", 1, MF_FS_DEPTH_MAX, &levels);
    rc = rc < 0 ? rc : mf__params_number(query, "sizeMin", 0, INT64_MAX, &look->search.size_min);
    rc = rc < 0 ? rc : mf__params_number(query, "sizeMax", 1, INT64_MAX, &look->search.size_max);
    rc = rc < 0 ? rc : mf__params_number(query, "modifiedAfter", 0, INT64_MAX, &look->search.changed_min_ms);
    rc = rc < 0 ? rc : mf__params_number(query, "modifiedBefore", 1, INT64_MAX, &look->search.changed_max_ms);
    look->search.levels_max = (unsigned)levels;
    submit(look, rc);
}

/* ---- one ------------------------------------------------------------------------------------------------------ */

static int stat_work(struct mf__wscall *call, struct mf_store *store)
{
    struct look *look = MF_CONTAINER_OF(call, struct look, call);
    struct mf_workspace_entry entry = {.target = mf_slice_of(NULL, 0)};
    struct mf_buf target;
    int rc;

    mf_buf_init(&target, MF_FS_PATH_BYTES_MAX);
    rc = mf_workspace_stat(store, &call->ref, call->path, look->follow, &entry.inode, &look->next, &target);
    entry.path = mf_buf_peek(&look->next);
    entry.target = mf_buf_peek(&target);
    rc = rc < 0 ? rc : write_entry(look, &entry);
    mf_buf_done(&target);
    return rc < 0 ? rc : mf_buf_append_cstr(&call->body, "\n");
}

void mf__workspace_stat(struct mf_api *api, struct mf_exchange *exchange)
{
    static const char *const known[] = {"path", "follow", "snapshot", NULL};
    struct look *look = begin(api, exchange, known);
    int rc;

    if (look == NULL) {
        return;
    }
    look->follow = true;
    rc = mf__params_bool(&look->call.query, "follow", &look->follow);
    if (rc < 0) {
        mf__wscall_refuse(&look->call, rc);
    } else {
        mf__wscall_submit(&look->call, stat_work);
    }
}

/* ---- grep ------------------------------------------------------------------------------------------------------ */

static int append_lines(struct mf_buf *out, const char *name, struct mf_slice lines)
{
    const char *comma = "";
    int rc = mf_buf_printf(out, ",\"%s\":[", name);

    while (rc == 0 && lines.size > 0) {
        const uint8_t *end = memchr(lines.data, '\n', lines.size);
        size_t size = end == NULL ? lines.size : (size_t)(end - lines.data);
        rc = mf_buf_append_cstr(out, comma);
        rc = rc < 0 ? rc : mf_buf_append_json_string(out, mf_slice_of(lines.data, size));
        size = end == NULL ? size : size + 1;
        lines = mf_slice_of(lines.data + size, lines.size - size);
        comma = ",";
    }
    return rc < 0 ? rc : mf_buf_append_cstr(out, "]");
}

static int on_match(void *user, const struct mf_workspace_match *match)
{
    struct look *look = user;
    struct mf_buf *out = &look->call.body;
    int rc = mf_buf_append_cstr(out, look->written++ == 0 ? "{\"path\":" : ",{\"path\":");

    rc = rc < 0 ? rc : mf_buf_append_json_string(out, match->path);
    rc = rc < 0
             ? rc
             : mf_buf_printf(out, ",\"line\":%llu,\"column\":%zu,\"text\":", (unsigned long long)match->line,
                             match->column + 1);
    rc = rc < 0 ? rc : mf_buf_append_json_string(out, match->text);
    if (look->options.context > 0) {
        rc = rc < 0 ? rc : append_lines(out, "before", match->before);
        rc = rc < 0 ? rc : append_lines(out, "after", match->after);
    }
    return rc < 0 ? rc : mf_buf_append_cstr(out, "}");
}

static int on_skip(void *user, struct mf_slice path, uint64_t line)
{
    struct look *look = user;
    struct mf_buf *out = &look->skipped;
    int rc = mf_buf_append_cstr(out, out->size == 0 ? "{\"path\":" : ",{\"path\":");

    rc = rc < 0 ? rc : mf_buf_append_json_string(out, path);
    if (rc == 0 && line > 0) {
        rc = mf_buf_printf(out, ",\"line\":%llu", (unsigned long long)line);
    }
    return rc < 0 ? rc : mf_buf_append_cstr(out, "}");
}

static int end_grep(struct look *look, bool is_over)
{
    struct mf_buf *out = &look->call.body;
    int rc = mf_buf_append_cstr(out, "],\"skipped\":[");

    if (is_over) {
        mf_buf_reset(&look->next);
    }
    rc = rc < 0 ? rc : mf_buf_append_slice(out, mf_buf_peek(&look->skipped));
    return rc < 0 ? rc : end_page(look);
}

static int grep_work(struct mf__wscall *call, struct mf_store *store)
{
    static const struct mf_workspace_grep_events events = {.on_match = on_match, .on_skip = on_skip};
    struct look *look = MF_CONTAINER_OF(call, struct look, call);
    enum mf_workspace_grep_end end = MF_WORKSPACE_GREP_MORE;
    bool is_first = look->steps++ == 0;
    int rc = 0;

    if (is_first) {
        look->options.count = look->limit;
        rc = mf_workspace_grep_new(&look->options, &look->grep, &call->detail);
        rc = rc < 0 ? rc : mf_buf_append_cstr(&call->body, "{\"matches\":[");
        rc = rc < 0 ? rc : mf_buf_append_slice(&look->next, look->search.after);
    }
    if (rc == 0) {
        rc = mf_workspace_grep_step(store, &call->ref, look->grep, &look->search, &look->next, &events, look,
                                    &end);
    }
    if (rc < 0) {
        return rc;
    }
    call->is_again = end == MF_WORKSPACE_GREP_MORE && look->steps < MF_WORKSPACE_GREP_STEPS_MAX;
    return call->is_again ? 0 : end_grep(look, end == MF_WORKSPACE_GREP_OVER);
}

void mf__workspace_grep(struct mf_api *api, struct mf_exchange *exchange)
{
    static const char *const known[] = {"pattern", "path",    "regex", "ignoreCase", "word", "include",
                                        "limit",   "context", "after", "snapshot",   NULL};
    struct look *look = begin(api, exchange, known);
    struct mf__params *query;
    struct mf_slice include;
    uint64_t context = 0;
    int rc;

    if (look == NULL) {
        return;
    }
    query = &look->call.query;
    look->options.pattern = mf__params_get(query, "pattern");
    include = mf__params_get(query, "include");
    /* As grep has it: without a slash it is about names, wherever they stand. */
    if (include.size > 0 && memchr(include.data, '/', include.size) == NULL) {
        look->search.name = include;
    } else {
        look->search.glob = include;
    }
    rc = look->options.pattern.size > 0 ? 0 : refuse(look, "pattern", "It is missing.");
    rc = rc < 0 ? rc : mf__params_bool(query, "regex", &look->options.is_regex);
    rc = rc < 0 ? rc : mf__params_bool(query, "ignoreCase", &look->options.ignores_case);
    rc = rc < 0 ? rc : mf__params_bool(query, "word", &look->options.is_word);
    rc = rc < 0 ? rc : mf__params_number(query, "context", 0, MF_WORKSPACE_GREP_CONTEXT_MAX, &context);
    rc = rc < 0 ? rc : mf__wscall_limit(&look->call, &look->limit);
    look->options.context = (unsigned)context;
    if (rc < 0) {
        mf__wscall_refuse(&look->call, rc);
    } else {
        mf__wscall_submit(&look->call, grep_work);
    }
}

/* ---- diff ------------------------------------------------------------------------------------------------------ */

struct diff {
    struct mf__wscall call; /* Its path and snapshot are the first file's. */
    struct mf_slice to;
    struct mf_slice to_snapshot;
    uint64_t context;
};

static int diff_work(struct mf__wscall *call, struct mf_store *store)
{
    struct diff *diff = MF_CONTAINER_OF(call, struct diff, call);
    struct mf_workspace_ref to = call->ref;

    to.snapshot = diff->to_snapshot;
    return mf_workspace_diff(store, &call->ref, call->path, &to, diff->to, (size_t)diff->context,
                             &call->body);
}

void mf__workspace_diff(struct mf_api *api, struct mf_exchange *exchange)
{
    static const char *const known[] = {"from", "to", "fromSnapshot", "toSnapshot", "context", NULL};
    struct mf__wscall *call = mf__wscall_begin(api, exchange, sizeof(struct diff), known);
    struct diff *diff;
    int rc;

    if (call == NULL) {
        return;
    }
    diff = MF_CONTAINER_OF(call, struct diff, call);
    call->type = "text/plain; charset=utf-8";
    call->path = mf__params_get(&call->query, "from");
    diff->to = mf__params_get(&call->query, "to");
    diff->to = diff->to.data == NULL ? call->path : diff->to;
    call->ref.snapshot = mf__params_get(&call->query, "fromSnapshot");
    diff->to_snapshot = mf__params_get(&call->query, "toSnapshot");
    diff->context = 3;
    rc = mf__params_number(&call->query, "context", 0, MF_WORKSPACE_DIFF_CONTEXT_MAX, &diff->context);
    if (rc == 0 && call->path.size == 0) {
        call->query.param = "from";
        call->query.why = "It is missing.";
        rc = MF_E_API_FIELD;
    }
    if (rc < 0) {
        mf__wscall_refuse(call, rc);
    } else {
        mf__wscall_submit(call, diff_work);
    }
}
