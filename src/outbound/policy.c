#include "policy.h"

#include "reader.h"

const char *mf__action_name(enum mf__action action)
{
    static const char *const names[] = {
        [MF__ACTION_ALLOW] = "allow", [MF__ACTION_DENY] = "deny", [MF__ACTION_INTERCEPT] = "interceptor"};
    return names[action];
}

void mf_policy_ref(struct mf_policy *policy)
{
    unsigned before = atomic_fetch_add_explicit(&policy->refs, 1, memory_order_relaxed);
    MF_ASSERT(before > 0);
}

void mf_policy_unref(MF_OWN struct mf_policy *policy)
{
    if (policy == NULL || atomic_fetch_sub_explicit(&policy->refs, 1, memory_order_acq_rel) > 1) {
        return;
    }
    mf_arena_free(policy->arena);
    mf_free(policy);
}

struct mf_slice mf_policy_secret(const struct mf_policy *policy, size_t index)
{
    return index < policy->secrets_count ? policy->secrets[index] : mf_slice_of(NULL, 0);
}

struct mf_slice mf_policy_worker(const struct mf_policy *policy, size_t index)
{
    return index < policy->workers_count ? policy->workers[index] : mf_slice_of(NULL, 0);
}

/* ---- reading --------------------------------------------------------------------------------------------- */

/* Policies are read whole: what memory is used stays within a few times the JSON's. */
#define ARENA_BYTES_MAX 67108864

/* Adds |name| to the set of at most MF_OUTBOUND_POLICY_NAMES_MAX. Its order is that of the rules. */
static bool add_name(struct mf_slice *names, size_t *count, struct mf_slice name)
{
    for (size_t i = 0; i < *count; i++) {
        if (mf_slice_equal(names[i], name)) {
            return true;
        }
    }
    if (*count == MF_OUTBOUND_POLICY_NAMES_MAX) {
        return false;
    }
    names[(*count)++] = name;
    return true;
}

static bool gather_of_rule(struct mf_policy *policy, const struct mf__rule *rule)
{
    bool fits = true;

    for (size_t k = 0; fits && k < rule->secrets_count; k++) {
        fits = add_name(policy->secrets, &policy->secrets_count, rule->secrets[k]);
    }
    for (size_t k = 0; fits && k < rule->placeholders_count; k++) {
        fits = add_name(policy->secrets, &policy->secrets_count, rule->placeholders[k]);
    }
    return fits &&
           (rule->worker.size == 0 || add_name(policy->workers, &policy->workers_count, rule->worker));
}

static void gather_names(struct reader *reader, struct mf_policy *policy, const char *pointer)
{
    size_t size = MF_OUTBOUND_POLICY_NAMES_MAX * sizeof *policy->secrets;
    bool fits = true;

    policy->secrets = mf_arena_try_alloc(policy->arena, size);
    policy->workers = mf_arena_try_alloc(policy->arena, size);
    if (policy->secrets == NULL || policy->workers == NULL) {
        reader->error = MF_E_NO_MEMORY;
        return;
    }
    for (size_t i = 0; fits && i < policy->rules_count; i++) {
        fits = gather_of_rule(policy, &policy->rules[i]);
    }
    if (!fits) {
        mf__fault_add(reader->faults, pointer, "names more than %d secrets or workers.",
                      MF_OUTBOUND_POLICY_NAMES_MAX);
    }
}

/* The first match wins, so that the second of two equal ones is a mistake: it would never be met. */
static void check_ambiguous(struct reader *reader, const struct mf_policy *policy, const char *pointer)
{
    char at[MF__POINTER_BYTES_MAX];

    for (size_t i = 1; i < policy->rules_count; i++) {
        for (size_t k = 0; k < i; k++) {
            if (policy->rules[i].match.hosts_count == 0 ||
                !mf__match_equal(&policy->rules[i].match, &policy->rules[k].match)) {
                continue;
            }
            mf__pointer_index(at, pointer, i);
            mf__fault_add(reader->faults, at,
                          "matches exactly what rule %zu matches: which of the two is meant is not clear.",
                          k);
            break;
        }
    }
}

static void
read_rules(struct reader *reader, const cJSON *value, const char *pointer, struct mf_policy *policy)
{
    char at[MF__POINTER_BYTES_MAX];
    size_t count = cJSON_IsArray(value) ? (size_t)cJSON_GetArraySize(value) : 0;
    const cJSON *item = value->child;

    if (!cJSON_IsArray(value)) {
        mf__fault_add(reader->faults, pointer, "must be an array.");
        return;
    }
    if (count > MF_OUTBOUND_RULES_MAX) {
        mf__fault_add(reader->faults, pointer, "must have at most %d rules.", MF_OUTBOUND_RULES_MAX);
        return;
    }
    policy->rules = mf__read_array(reader, value, MF_OUTBOUND_RULES_MAX, sizeof *policy->rules);
    for (; item != NULL && reader->error == 0; item = item->next, policy->rules_count++) {
        mf__pointer_index(at, pointer, policy->rules_count);
        mf__read_rule(reader, item, at, &policy->rules[policy->rules_count]);
    }
    if (reader->error == 0) {
        check_ambiguous(reader, policy, pointer);
    }
}

int mf_policy_read(const struct cJSON *json,
                   const char *pointer,
                   MF_OWN struct mf_policy **ret_policy,
                   struct mf_policy_faults *faults)
{
    struct mf_policy *policy = mf_new(sizeof *policy);
    struct member members[] = {{"rules", true, NULL}};
    struct reader reader = {.arena = mf_arena_new(ARENA_BYTES_MAX), .faults = faults};
    size_t before = faults->count + faults->left_out;
    char at[MF__POINTER_BYTES_MAX];

    policy->arena = reader.arena;
    atomic_init(&policy->refs, 1);
    if (mf__read_members(&reader, json, pointer, members, MF_COUNT_OF(members)) && members[0].value != NULL) {
        mf__pointer_join(at, pointer, "rules");
        read_rules(&reader, members[0].value, at, policy);
    }
    if (reader.error == 0) {
        gather_names(&reader, policy, pointer);
    }
    if (reader.error == 0 && faults->count + faults->left_out > before) {
        reader.error = MF_E_OUTBOUND_POLICY;
    }
    if (reader.error < 0) {
        mf_policy_unref(policy);
        return reader.error;
    }
    *ret_policy = policy;
    return 0;
}

/* ---- what it names --------------------------------------------------------------------------------------- */

static bool exists(bool (*has)(void *user, struct mf_slice name), void *user, struct mf_slice name)
{
    return has != NULL && has(user, name);
}

static void check_names(const struct mf_slice *names,
                        size_t count,
                        const struct mf_policy_names *known,
                        const char *pointer,
                        struct mf_policy_faults *faults)
{
    char at[MF__POINTER_BYTES_MAX];

    for (size_t i = 0; i < count; i++) {
        if (!exists(known->has_secret, known->user, names[i])) {
            mf__pointer_index(at, pointer, i);
            mf__fault_add(faults, at, "names a secret that does not exist: %s.", (const char *)names[i].data);
        }
    }
}

static void check_rule_names(const struct mf__rule *rule,
                             const struct mf_policy_names *names,
                             const char *pointer,
                             struct mf_policy_faults *faults)
{
    char at[MF__POINTER_BYTES_MAX];

    mf__pointer_join(at, pointer, "placeholders");
    check_names(rule->placeholders, rule->placeholders_count, names, at, faults);
    mf__pointer_join(at, pointer, "action");
    if (rule->worker.size > 0 && !exists(names->has_worker, names->user, rule->worker)) {
        mf__fault_add(faults, at, "names a worker that does not exist: %s.", (const char *)rule->worker.data);
    }
    for (size_t i = 0; i < rule->secrets_count; i++) {
        if (!exists(names->has_secret, names->user, rule->secrets[i])) {
            mf__fault_add(faults, at, "names a secret that does not exist: %s.",
                          (const char *)rule->secrets[i].data);
        }
    }
}

int mf_policy_check(const struct mf_policy *policy,
                    const struct mf_policy_names *names,
                    const char *pointer,
                    struct mf_policy_faults *faults)
{
    size_t before = faults->count + faults->left_out;
    char rules[MF__POINTER_BYTES_MAX];
    char at[MF__POINTER_BYTES_MAX];

    mf__pointer_join(rules, pointer, "rules");
    for (size_t i = 0; i < policy->rules_count; i++) {
        mf__pointer_index(at, rules, i);
        check_rule_names(&policy->rules[i], names, at, faults);
    }
    return faults->count + faults->left_out > before ? MF_E_OUTBOUND_POLICY : 0;
}
