/* rule_match.c - "match" of a rule: scheme, host, port, method, path. What is a list is kept sorted, so that two matches
 * can be compared. */
#include <stdlib.h>

#include "headers.h"
#include "path.h"
#include "reader.h"

/* ---- order ----------------------------------------------------------------------------------------- */

static int compare_slices(struct mf_slice a, struct mf_slice b)
{
    size_t size = a.size < b.size ? a.size : b.size;
    int order = size == 0 ? 0 : memcmp(a.data, b.data, size);

    return order != 0 ? order : (a.size > b.size) - (a.size < b.size);
}

static int compare_methods(const void *a, const void *b)
{
    return compare_slices(*(const struct mf_slice *)a, *(const struct mf_slice *)b);
}

static int compare_ports(const void *a, const void *b)
{
    return *(const uint16_t *)a - *(const uint16_t *)b;
}

static int compare_hosts(const void *a, const void *b)
{
    const struct mf__pattern *x = a;
    const struct mf__pattern *y = b;

    if (x->kind != y->kind) {
        return (int)x->kind - (int)y->kind;
    }
    return compare_slices(mf_slice_of(x->host.text, x->host.size), mf_slice_of(y->host.text, y->host.size));
}

/* The index of one that equals the one before it, or |count|. */
static size_t sort(void *array, size_t count, size_t size, int (*compare)(const void *a, const void *b))
{
    if (count > 1) {
        qsort(array, count, size, compare);
    }
    for (size_t i = 1; i < count; i++) {
        if (compare((char *)array + (i - 1) * size, (char *)array + i * size) == 0) {
            return i;
        }
    }
    return count;
}

/* ---- hosts ----------------------------------------------------------------------------------------- */

static void read_host(struct reader *reader, const cJSON *value, const char *pointer, void *user)
{
    struct mf__match *match = user;
    struct mf__pattern *pattern = &match->hosts[match->hosts_count];
    struct mf_slice text = mf__read_text(reader, value, pointer, 4 * MF__HOST_BYTES_MAX);
    int rc;

    if (text.size == 0) {
        return;
    }
    if (mf_slice_equal_cstr(text, "*")) {
        pattern->kind = MF__PATTERN_ANY;
        match->hosts_count++;
        return;
    }
    pattern->kind = mf_slice_starts_with(text, "*.") ? MF__PATTERN_BELOW : MF__PATTERN_EXACT;
    if (pattern->kind == MF__PATTERN_BELOW) {
        text = mf_slice_of(text.data + 2, text.size - 2);
    }
    rc = mf__host_parse_written(text, &pattern->host);
    if (rc == MF_E_NO_MEMORY) {
        reader->error = rc;
    } else if (rc < 0 || (pattern->kind == MF__PATTERN_BELOW && pattern->host.kind != MF__HOST_NAME)) {
        mf__fault_add(reader->faults, pointer,
                      "must be a host: a name, *.name for every name below it, *, or an address in its usual "
                      "spelling; without scheme, port or path, and without a dot at the end.");
    } else {
        match->hosts_count++;
    }
}

static void
read_hosts(struct reader *reader, const cJSON *value, const char *pointer, struct mf__match *match)
{
    match->hosts = mf__read_array(reader, value, MF_OUTBOUND_HOSTS_MAX, sizeof *match->hosts);
    if (value == NULL || match->hosts == NULL) {
        return;
    }
    mf__read_each(reader, value, pointer, MF_OUTBOUND_HOSTS_MAX, read_host, match);
    size_t same = sort(match->hosts, match->hosts_count, sizeof *match->hosts, compare_hosts);
    if (same < match->hosts_count) {
        mf__fault_add(reader->faults, pointer, "has %s twice.",
                      match->hosts[same].kind == MF__PATTERN_ANY ? "*" : match->hosts[same].host.text);
    }
}

/* ---- the others -------------------------------------------------------------------------------------- */

static void
read_scheme(struct reader *reader, const cJSON *value, const char *pointer, struct mf__match *match)
{
    match->schemes = MF__SCHEME_HTTP | MF__SCHEME_HTTPS;
    if (value == NULL) {
        return;
    }
    if (cJSON_IsString(value) && strcmp(value->valuestring, "https") == 0) {
        match->schemes = MF__SCHEME_HTTPS;
    } else if (cJSON_IsString(value) && strcmp(value->valuestring, "http") == 0) {
        match->schemes = MF__SCHEME_HTTP;
    } else {
        mf__fault_add(reader->faults, pointer, "must be \"https\" or \"http\".");
    }
}

static void read_one_port(struct reader *reader, const cJSON *value, const char *pointer, void *user)
{
    struct mf__match *match = user;
    uint16_t port = mf__read_port(reader, value, pointer);

    if (port != 0) {
        match->ports[match->ports_count++] = port;
    }
}

static void
read_ports(struct reader *reader, const cJSON *value, const char *pointer, struct mf__match *match)
{
    match->is_any_port = cJSON_IsString(value) && strcmp(value->valuestring, "*") == 0;
    if (value == NULL || match->is_any_port) {
        return;
    }
    match->ports = mf__read_array(reader, value, MF_OUTBOUND_PORTS_MAX, sizeof *match->ports);
    if (match->ports == NULL) {
        return;
    }
    mf__read_each(reader, value, pointer, MF_OUTBOUND_PORTS_MAX, read_one_port, match);
    if (sort(match->ports, match->ports_count, sizeof *match->ports, compare_ports) < match->ports_count) {
        mf__fault_add(reader->faults, pointer, "has a port twice.");
    }
}

static void read_method(struct reader *reader, const cJSON *value, const char *pointer, void *user)
{
    struct mf__match *match = user;
    struct mf_slice method = mf__read_text(reader, value, pointer, MF_OUTBOUND_METHOD_BYTES_MAX);

    if (method.size == 0) {
        return;
    }
    if (!mf__method_is_valid(method)) {
        mf__fault_add(reader->faults, pointer, "must be a method that can be fetched with, such as \"GET\".");
        return;
    }
    match->methods[match->methods_count++] = method;
}

static void
read_methods(struct reader *reader, const cJSON *value, const char *pointer, struct mf__match *match)
{
    match->methods = mf__read_array(reader, value, MF_OUTBOUND_METHODS_MAX, sizeof *match->methods);
    if (match->methods == NULL) {
        return;
    }
    mf__read_each(reader, value, pointer, MF_OUTBOUND_METHODS_MAX, read_method, match);
    if (sort(match->methods, match->methods_count, sizeof *match->methods, compare_methods) <
        match->methods_count) {
        mf__fault_add(reader->faults, pointer, "has a method twice.");
    }
}

static struct mf_slice
keep(struct reader *reader, struct mf_slice path, int (*read)(struct mf_slice path, struct mf_buf *out))
{
    struct mf_slice kept = {NULL, 0};
    struct mf_buf text;

    mf_buf_init(&text, MF_OUTBOUND_PATH_BYTES_MAX);
    if (read(path, &text) < 0 || mf_arena_copy(reader->arena, mf_buf_peek(&text), &kept) < 0) {
        reader->error = MF_E_NO_MEMORY;
    }
    mf_buf_done(&text);
    return kept;
}

static void read_path(struct reader *reader, const cJSON *value, const char *pointer, struct mf__match *match)
{
    struct mf_slice path;

    if (value == NULL) {
        return;
    }
    path = mf__read_path(reader, value, pointer);
    if (path.size > 0) {
        match->has_path = true;
        match->path_plain = keep(reader, path, mf__path_read_plain);
        match->path_loose = keep(reader, path, mf__path_read_loose);
    }
}

static uint64_t mix(uint64_t hash, const void *bytes, size_t size)
{
    uint64_t pair[2] = {hash, mf_hash(mf_slice_of(bytes, size))};

    return mf_hash(mf_slice_of(pair, sizeof pair));
}

static uint64_t hash_match(const struct mf__match *match)
{
    uint64_t hash = match->schemes | (match->is_any_port ? 4u : 0) | (match->has_path ? 8u : 0);

    for (size_t i = 0; i < match->hosts_count; i++) {
        hash =
            mix(hash + (uint64_t)match->hosts[i].kind, match->hosts[i].host.text, match->hosts[i].host.size);
    }
    hash = mix(hash, match->ports, match->ports_count * sizeof *match->ports);
    for (size_t i = 0; i < match->methods_count; i++) {
        hash = mix(hash, match->methods[i].data, match->methods[i].size);
    }
    return mix(hash, match->path_plain.data, match->path_plain.size);
}

void mf__read_match(struct reader *reader, const cJSON *value, const char *pointer, struct mf__match *match)
{
    struct member members[] = {{"scheme", false, NULL},
                               {"host", true, NULL},
                               {"port", false, NULL},
                               {"method", false, NULL},
                               {"path", false, NULL}};
    char at[MF__POINTER_BYTES_MAX];

    if (!mf__read_members(reader, value, pointer, members, MF_COUNT_OF(members))) {
        return;
    }
    mf__pointer_join(at, pointer, "scheme");
    read_scheme(reader, members[0].value, at, match);
    mf__pointer_join(at, pointer, "host");
    read_hosts(reader, members[1].value, at, match);
    mf__pointer_join(at, pointer, "port");
    read_ports(reader, members[2].value, at, match);
    mf__pointer_join(at, pointer, "method");
    read_methods(reader, members[3].value, at, match);
    mf__pointer_join(at, pointer, "path");
    read_path(reader, members[4].value, at, match);
    match->hash = hash_match(match);
}

bool mf__match_equal(const struct mf__match *a, const struct mf__match *b)
{
    if (a->hash != b->hash || a->schemes != b->schemes || a->hosts_count != b->hosts_count ||
        a->is_any_port != b->is_any_port || a->ports_count != b->ports_count ||
        a->methods_count != b->methods_count || a->has_path != b->has_path ||
        !mf_slice_equal(a->path_plain, b->path_plain)) {
        return false;
    }
    for (size_t i = 0; i < a->ports_count; i++) {
        if (a->ports[i] != b->ports[i]) {
            return false;
        }
    }
    for (size_t i = 0; i < a->methods_count; i++) {
        if (!mf_slice_equal(a->methods[i], b->methods[i])) {
            return false;
        }
    }
    for (size_t i = 0; i < a->hosts_count; i++) {
        if (compare_hosts(&a->hosts[i], &b->hosts[i]) != 0) {
            return false;
        }
    }
    return true;
}
