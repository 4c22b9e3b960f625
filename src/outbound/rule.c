/* rule.c - one rule of a policy: its action and what goes with it, and what does not go together. */
#include "headers.h"
#include "reader.h"

/* The members of a rule, in the order of the array in mf__read_rule. */
enum {
    RULE_MATCH,
    RULE_ACTION,
    RULE_ALLOW_HTTP,
    RULE_REDACT,
    RULE_ADDRESSES,
    RULE_HEADERS,
    RULE_PLACEHOLDERS,
    RULE_MEMBERS
};

/* ---- action -------------------------------------------------------------------------------------------- */

static void read_rewrite_scheme(struct reader *reader,
                                const cJSON *value,
                                const char *pointer,
                                struct mf__rewrite *rewrite)
{
    bool is_https = cJSON_IsString(value) && strcmp(value->valuestring, "https") == 0;

    if (value == NULL) {
        return;
    }
    if (!is_https && (!cJSON_IsString(value) || strcmp(value->valuestring, "http") != 0)) {
        mf__fault_add(reader->faults, pointer, "must be \"https\" or \"http\".");
        return;
    }
    rewrite->has_scheme = true;
    rewrite->is_https = is_https;
}

static void
read_rewrite_host(struct reader *reader, const cJSON *value, const char *pointer, struct mf__rewrite *rewrite)
{
    struct mf_slice text;
    int rc;

    if (value == NULL) {
        return;
    }
    text = mf__read_text(reader, value, pointer, 4 * MF__HOST_BYTES_MAX);
    if (text.size == 0) {
        return;
    }
    rc = mf__host_parse_written(text, &rewrite->host);
    if (rc == MF_E_NO_MEMORY) {
        reader->error = rc;
    } else if (rc < 0) {
        mf__fault_add(reader->faults, pointer, "must be one host, by name or address.");
    } else {
        rewrite->has_host = true;
    }
}

static void
read_rewrite(struct reader *reader, const cJSON *value, const char *pointer, struct mf__rule *rule)
{
    struct member members[] = {
        {"scheme", false, NULL}, {"host", false, NULL}, {"port", false, NULL}, {"path", false, NULL}};
    struct mf__rewrite *rewrite = &rule->rewrite;
    char at[MF__POINTER_BYTES_MAX];

    rule->has_rewrite = true;
    if (!mf__read_members(reader, value, pointer, members, MF_COUNT_OF(members))) {
        return;
    }
    if (value->child == NULL) {
        mf__fault_add(reader->faults, pointer, "must have a scheme, host, port or path.");
    }
    mf__pointer_join(at, pointer, "scheme");
    read_rewrite_scheme(reader, members[0].value, at, rewrite);
    mf__pointer_join(at, pointer, "host");
    read_rewrite_host(reader, members[1].value, at, rewrite);
    mf__pointer_join(at, pointer, "port");
    if (members[2].value != NULL) {
        rewrite->port = mf__read_port(reader, members[2].value, at);
        rewrite->has_port = rewrite->port != 0;
    }
    mf__pointer_join(at, pointer, "path");
    if (members[3].value != NULL) {
        rewrite->path = mf__read_path(reader, members[3].value, at);
        rewrite->has_path = rewrite->path.size > 0;
    }
}

/* {"secret": "github"}, or an array of such. */
static void read_one_inject(struct reader *reader, const cJSON *value, const char *pointer, void *user)
{
    struct mf__rule *rule = user;
    struct member members[] = {{"secret", true, NULL}};
    struct mf_slice name;
    char at[MF__POINTER_BYTES_MAX];

    if (!mf__read_members(reader, value, pointer, members, MF_COUNT_OF(members)) ||
        members[0].value == NULL) {
        return;
    }
    mf__pointer_join(at, pointer, "secret");
    name = mf__read_name(reader, members[0].value, at);
    for (size_t i = 0; name.size > 0 && i < rule->secrets_count; i++) {
        if (mf_slice_equal(rule->secrets[i], name)) {
            mf__fault_add(reader->faults, at, "stands there twice.");
            return;
        }
    }
    if (name.size > 0) {
        rule->secrets[rule->secrets_count++] = name;
    }
}

static void read_worker(struct reader *reader, const cJSON *value, const char *pointer, struct mf__rule *rule)
{
    struct member members[] = {{"worker", true, NULL}};
    char at[MF__POINTER_BYTES_MAX];

    rule->action = MF__ACTION_INTERCEPT;
    if (mf__read_members(reader, value, pointer, members, MF_COUNT_OF(members)) && members[0].value != NULL) {
        mf__pointer_join(at, pointer, "worker");
        rule->worker = mf__read_name(reader, members[0].value, at);
    }
}

static void
read_action_object(struct reader *reader, const cJSON *value, const char *pointer, struct mf__rule *rule)
{
    struct member members[] = {
        {"rewrite", false, NULL}, {"inject", false, NULL}, {"interceptor", false, NULL}};
    char at[MF__POINTER_BYTES_MAX];

    if (!mf__read_members(reader, value, pointer, members, MF_COUNT_OF(members))) {
        return;
    }
    if (value->child == NULL) {
        mf__fault_add(reader->faults, pointer, "must have rewrite, inject or interceptor.");
    }
    if (members[2].value != NULL && (members[0].value != NULL || members[1].value != NULL)) {
        mf__fault_add(reader->faults, pointer,
                      "has interceptor and something else; an interceptor does it all.");
    }
    mf__pointer_join(at, pointer, "rewrite");
    if (members[0].value != NULL) {
        read_rewrite(reader, members[0].value, at, rule);
    }
    mf__pointer_join(at, pointer, "inject");
    rule->secrets = mf__read_array(reader, members[1].value, MF_OUTBOUND_SECRETS_MAX, sizeof *rule->secrets);
    if (rule->secrets != NULL) {
        mf__read_each(reader, members[1].value, at, MF_OUTBOUND_SECRETS_MAX, read_one_inject, rule);
    }
    mf__pointer_join(at, pointer, "interceptor");
    if (members[2].value != NULL) {
        read_worker(reader, members[2].value, at, rule);
    }
}

static void read_action(struct reader *reader, const cJSON *value, const char *pointer, struct mf__rule *rule)
{
    rule->action = MF__ACTION_ALLOW;
    if (cJSON_IsString(value) && strcmp(value->valuestring, "allow") == 0) {
        return;
    }
    if (cJSON_IsString(value) && strcmp(value->valuestring, "deny") == 0) {
        rule->action = MF__ACTION_DENY;
        return;
    }
    if (!cJSON_IsObject(value)) {
        mf__fault_add(reader->faults, pointer,
                      "must be \"allow\", \"deny\", or an object with rewrite, inject or interceptor.");
        return;
    }
    read_action_object(reader, value, pointer, rule);
}

/* ---- what goes with it ----------------------------------------------------------------------------------- */

static void read_redact(struct reader *reader, const cJSON *value, const char *pointer, struct mf__rule *rule)
{
    static const char *const names[] = {
        [MF__REDACT_REPLACE] = "redact", [MF__REDACT_BLOCK] = "block", [MF__REDACT_OFF] = "off"};

    for (size_t i = 0; value != NULL && cJSON_IsString(value) && i < MF_COUNT_OF(names); i++) {
        if (strcmp(value->valuestring, names[i]) == 0) {
            rule->redact = (enum mf__redact_mode)i;
            return;
        }
    }
    if (value != NULL) {
        mf__fault_add(reader->faults, pointer, "must be \"redact\", \"block\" or \"off\".");
    }
}

static void read_range(struct reader *reader, const cJSON *value, const char *pointer, void *user)
{
    struct mf__rule *rule = user;
    struct mf_slice text = mf__read_text(reader, value, pointer, 64);

    if (text.size > 0 && mf__range_parse(text, &rule->ranges[rule->ranges_count]) < 0) {
        mf__fault_add(
            reader->faults, pointer,
            "must be an address range such as \"10.0.0.0/8\" or \"fd00::/8\", without bits behind its "
            "prefix.");
    } else if (text.size > 0) {
        rule->ranges_count++;
    }
}

static struct mf_slice lower_copy(struct reader *reader, const char *text)
{
    struct mf_slice kept = {NULL, 0};
    char *to;

    if (mf_arena_copy(reader->arena, mf_slice_of_cstr(text), &kept) < 0) {
        reader->error = MF_E_NO_MEMORY;
        return kept;
    }
    to = (char *)(uintptr_t)kept.data; /* Our own copy of a moment ago. */
    for (size_t i = 0; i < kept.size; i++) {
        to[i] = (char)(to[i] >= 'A' && to[i] <= 'Z' ? to[i] + 32 : to[i]);
    }
    return kept;
}

/* A header that a rule may strip or set; false with a fault. */
static bool check_header_name(struct reader *reader, const char *name, const char *pointer)
{
    struct mf_buf probe;
    int rc;

    mf_buf_init(&probe, 4096);
    rc = mf_http_headers_append(&probe, mf_slice_of_cstr(name), mf_slice_of_cstr(""));
    mf_buf_done(&probe);
    if (rc < 0) {
        mf__fault_add(reader->faults, pointer, "must be the name of a header.");
        return false;
    }
    if (mf__headers_is_daemons(mf_slice_of_cstr(name))) {
        mf__fault_add(reader->faults, pointer, "is a header that only the daemon writes.");
        return false;
    }
    return true;
}

static void read_strip(struct reader *reader, const cJSON *value, const char *pointer, void *user)
{
    struct mf__rule *rule = user;

    if (!cJSON_IsString(value)) {
        mf__fault_add(reader->faults, pointer, "must be the name of a header.");
    } else if (check_header_name(reader, value->valuestring, pointer)) {
        rule->strip[rule->strip_count++] = lower_copy(reader, value->valuestring);
    }
}

static void
read_set_value(struct reader *reader, const cJSON *value, const char *pointer, struct mf__rule *rule)
{
    struct mf__header_set *set = &rule->set[rule->set_count];
    struct mf_buf probe;
    int rc;

    if (!cJSON_IsString(value)) {
        mf__fault_add(reader->faults, pointer, "must be a string.");
        return;
    }
    if (strstr(value->valuestring, "{{secret:") != NULL) {
        mf__fault_add(reader->faults, pointer, "holds a placeholder; secrets are injected, not set.");
        return;
    }
    if (!check_header_name(reader, value->string, pointer)) {
        return;
    }
    mf_buf_init(&probe, MF_HTTP_HEADER_BYTES_MAX);
    rc =
        mf_http_headers_append(&probe, mf_slice_of_cstr(value->string), mf_slice_of_cstr(value->valuestring));
    mf_buf_done(&probe);
    set->name = lower_copy(reader, value->string);
    for (size_t i = 0; i < rule->set_count; i++) {
        if (mf_slice_equal(rule->set[i].name, set->name)) {
            mf__fault_add(reader->faults, pointer, "stands there twice.");
            return;
        }
    }
    if (rc < 0) {
        mf__fault_add(reader->faults, pointer, "must be what a header's value may be.");
        return;
    }
    if (mf_arena_copy(reader->arena, mf_slice_of_cstr(value->valuestring), &set->value) < 0) {
        reader->error = MF_E_NO_MEMORY;
    }
    rule->set_count++;
}

static void read_set(struct reader *reader, const cJSON *value, const char *pointer, struct mf__rule *rule)
{
    char at[MF__POINTER_BYTES_MAX];
    size_t count = cJSON_IsObject(value) ? (size_t)cJSON_GetArraySize(value) : 0;

    if (value == NULL) {
        return;
    }
    if (count == 0 || count > MF_OUTBOUND_HEADERS_MAX) {
        mf__fault_add(reader->faults, pointer, "must be an object with 1 to %d headers.",
                      MF_OUTBOUND_HEADERS_MAX);
        return;
    }
    rule->set = mf_arena_try_alloc(reader->arena, count * sizeof *rule->set);
    if (rule->set == NULL) {
        reader->error = MF_E_NO_MEMORY;
    }
    for (const cJSON *item = value->child; item != NULL && reader->error == 0; item = item->next) {
        mf__pointer_join(at, pointer, item->string);
        read_set_value(reader, item, at, rule);
    }
}

static void
read_headers(struct reader *reader, const cJSON *value, const char *pointer, struct mf__rule *rule)
{
    struct member members[] = {{"strip", false, NULL}, {"set", false, NULL}};
    char at[MF__POINTER_BYTES_MAX];

    if (value == NULL || !mf__read_members(reader, value, pointer, members, MF_COUNT_OF(members))) {
        return;
    }
    mf__pointer_join(at, pointer, "strip");
    rule->strip = mf__read_array(reader, members[0].value, MF_OUTBOUND_HEADERS_MAX, sizeof *rule->strip);
    if (rule->strip != NULL) {
        mf__read_each(reader, members[0].value, at, MF_OUTBOUND_HEADERS_MAX, read_strip, rule);
    }
    mf__pointer_join(at, pointer, "set");
    read_set(reader, members[1].value, at, rule);
}

/* ---- the whole ------------------------------------------------------------------------------------------- */

static void
check_unused(struct reader *reader, const struct member *members, const char *pointer, uint32_t mask)
{
    char at[MF__POINTER_BYTES_MAX];

    for (unsigned i = 0; i < RULE_MEMBERS; i++) {
        if ((mask & (1u << i)) != 0 && members[i].value != NULL) {
            mf__pointer_join(at, pointer, members[i].name);
            mf__fault_add(reader->faults, at, "has no use with this action.");
        }
    }
}

/* A secret goes to hosts that the policy names: never to "*", nor to all of "*.com". */
static bool hosts_are_named(const struct mf__match *match)
{
    for (size_t i = 0; i < match->hosts_count; i++) {
        const struct mf__pattern *pattern = &match->hosts[i];
        if (pattern->kind == MF__PATTERN_ANY ||
            (pattern->kind == MF__PATTERN_BELOW && strchr(pattern->host.text, '.') == NULL)) {
            return false;
        }
    }
    return true;
}

static void check_rule(struct reader *reader,
                       const struct member *members,
                       const char *pointer,
                       const struct mf__rule *rule)
{
    bool may_be_http =
        rule->rewrite.has_scheme ? !rule->rewrite.is_https : rule->match.schemes == MF__SCHEME_HTTP;
    bool uses_secrets = rule->secrets_count > 0 || rule->placeholders_count > 0;
    char at[MF__POINTER_BYTES_MAX];

    if (rule->action == MF__ACTION_DENY) {
        check_unused(reader, members, pointer, ~(1u << RULE_MATCH | 1u << RULE_ACTION));
    } else if (may_be_http && !rule->allows_http) {
        mf__fault_add(reader->faults, pointer, "sends over http, which needs \"allowHttp\": true.");
    }
    if (rule->action == MF__ACTION_INTERCEPT) {
        check_unused(reader, members, pointer,
                     1u << RULE_REDACT | 1u << RULE_ADDRESSES | 1u << RULE_HEADERS | 1u << RULE_PLACEHOLDERS);
    }
    if (uses_secrets && !rule->rewrite.has_host && !hosts_are_named(&rule->match)) {
        mf__pointer_join(at, pointer, "match");
        mf__fault_add(
            reader->faults, at,
            "must name its hosts (\"api.example.com\", \"*.example.com\"): the rule sends a secret.");
    }
}

void mf__read_rule(struct reader *reader, const cJSON *value, const char *pointer, struct mf__rule *rule)
{
    struct member members[RULE_MEMBERS] = {[RULE_MATCH] = {"match", true, NULL},
                                           [RULE_ACTION] = {"action", true, NULL},
                                           [RULE_ALLOW_HTTP] = {"allowHttp", false, NULL},
                                           [RULE_REDACT] = {"redact", false, NULL},
                                           [RULE_ADDRESSES] = {"addresses", false, NULL},
                                           [RULE_HEADERS] = {"headers", false, NULL},
                                           [RULE_PLACEHOLDERS] = {"placeholders", false, NULL}};
    char at[MF__POINTER_BYTES_MAX];

    if (!mf__read_members(reader, value, pointer, members, RULE_MEMBERS)) {
        return;
    }
    if (members[RULE_MATCH].value != NULL) {
        mf__pointer_join(at, pointer, "match");
        mf__read_match(reader, members[RULE_MATCH].value, at, &rule->match);
    }
    if (members[RULE_ACTION].value != NULL) {
        mf__pointer_join(at, pointer, "action");
        read_action(reader, members[RULE_ACTION].value, at, rule);
    }
    mf__pointer_join(at, pointer, "allowHttp");
    rule->allows_http = mf__read_bool(reader, members[RULE_ALLOW_HTTP].value, at);
    mf__pointer_join(at, pointer, "redact");
    read_redact(reader, members[RULE_REDACT].value, at, rule);
    mf__pointer_join(at, pointer, "addresses");
    rule->ranges =
        mf__read_array(reader, members[RULE_ADDRESSES].value, MF_OUTBOUND_RANGES_MAX, sizeof *rule->ranges);
    if (rule->ranges != NULL) {
        mf__read_each(reader, members[RULE_ADDRESSES].value, at, MF_OUTBOUND_RANGES_MAX, read_range, rule);
    }
    mf__pointer_join(at, pointer, "headers");
    read_headers(reader, members[RULE_HEADERS].value, at, rule);
    mf__pointer_join(at, pointer, "placeholders");
    rule->placeholders_count = mf__read_names(reader, members[RULE_PLACEHOLDERS].value, at,
                                              MF_OUTBOUND_SECRETS_MAX, &rule->placeholders);
    if (reader->error == 0) {
        check_rule(reader, members, pointer, rule);
    }
}
