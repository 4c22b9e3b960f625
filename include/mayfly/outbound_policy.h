/* mayfly/outbound_policy.h - what fetch() may reach: policies read from JSON, named, explained. The pure half of the
 * outbound room; nothing here sends anything.
 *
 * Use:      mf_policy_read a policy, mf_policy_check what it names, put it into mf_outbounds under a name or give it to a run.
 *           A run holds a reference, so that it ends with the policy that it began with.
 * Threads:  [any] a policy is immutable; its references are counted atomically. [loop] mf_outbounds.
 * Owns:     mf_policy_ref and _unref; a policy keeps no pointer into the JSON that it was read from.
 * Limits:   MF_OUTBOUND_*.
 * Fails:    MF_E_OUTBOUND_POLICY with a list of faults, each with the JSON pointer of its field.
 * Not here: sending (outbound.h), secrets (vault), the disk (store). docs/outbound.md is the reference of the JSON.
 */
#ifndef MAYFLY_OUTBOUND_POLICY_H
#define MAYFLY_OUTBOUND_POLICY_H

#include <mayfly/base.h>

struct cJSON;
struct mf_policy;
struct mf_vault;

/* ---- faults --------------------------------------------------------------------------------------- */

/* What is wrong with a policy, all of it, up to MF_OUTBOUND_FAULTS_MAX. */
struct mf_policy_faults {
    size_t count;       /* Of those that are listed. */
    size_t left_out;    /* Found and not listed. */
    struct mf_buf list; /* pointer NUL sentence NUL, repeated. */
};

void mf_policy_faults_init(struct mf_policy_faults *faults);
void mf_policy_faults_done(struct mf_policy_faults *faults);
/* Walks: *cursor starts at 0; false at the end. */
bool mf_policy_faults_next(const struct mf_policy_faults *faults,
                           size_t *cursor,
                           struct mf_slice *ret_pointer,
                           struct mf_slice *ret_sentence);

/* ---- policies --------------------------------------------------------------------------------------- */

/* |json| is the policy's object and |pointer| where it stands ("" or "/code/globalOutbound"). MF_E_OUTBOUND_POLICY and
 * |faults|, MF_E_NO_MEMORY. The caller holds the one reference. */
MF_MUST_CHECK int mf_policy_read(const struct cJSON *json,
                                 const char *pointer,
                                 MF_OWN struct mf_policy **ret_policy,
                                 struct mf_policy_faults *faults);
void mf_policy_ref(struct mf_policy *policy);
void mf_policy_unref(MF_OWN struct mf_policy *policy); /* NULL is fine. */

/* The secrets that it injects or lets placeholders stand for; the workers that it hands over to. Each once, from
 * |index| 0 on; data is NULL past the last. */
struct mf_slice mf_policy_secret(const struct mf_policy *policy, size_t index);
struct mf_slice mf_policy_worker(const struct mf_policy *policy, size_t index);

struct mf_policy_names {
    bool (*has_secret)(void *user, struct mf_slice name); /* NULL: there are none. */
    bool (*has_worker)(void *user, struct mf_slice name);
    void *user;
};
/* MF_E_OUTBOUND_POLICY and |faults| when it names a secret or a worker that does not exist. */
MF_MUST_CHECK int mf_policy_check(const struct mf_policy *policy,
                                  const struct mf_policy_names *names,
                                  const char *pointer,
                                  struct mf_policy_faults *faults);

struct mf_policy_request {
    struct mf_slice method;
    struct mf_slice url;
    struct mf_slice headers; /* name NUL value NUL, repeated. */
};
/* [loop] What this request would meet, for the operator: one JSON object with the rule, the action, why, and by name what would be
 * injected. Nothing is resolved or sent, and no secret is used. A request that cannot be sent at all is an answer too.
 * |vault| NULL: there are no secrets. */
MF_MUST_CHECK int mf_policy_explain(const struct mf_policy *policy,
                                    struct mf_vault *vault,
                                    struct mf_slice tenant,
                                    const struct mf_policy_request *asked,
                                    struct mf_buf *out);

/* ---- policies by name ------------------------------------------------------------------------------- */

struct mf_outbounds;

struct mf_outbound {
    struct mf_slice tenant;
    struct mf_slice name;
    struct mf_slice json; /* The policy's text, as it was put. */
    struct mf_policy *policy;
    uint64_t version; /* 1, and 1 more with every change. */
    uint64_t created_ms;
    uint64_t updated_ms;
};

MF_OWN struct mf_outbounds *mf_outbounds_new(void);
void mf_outbounds_free(MF_OWN struct mf_outbounds *outbounds); /* NULL is fine. */
/* 1 to MF_OUTBOUND_NAME_BYTES_MAX of A-Z a-z 0-9 . _ -, the first a letter or digit. */
bool mf_outbound_name_is_valid(struct mf_slice name);
/* Borrowed until the next change; NULL when there is none. */
const struct mf_outbound *
mf_outbounds_get(const struct mf_outbounds *outbounds, struct mf_slice tenant, struct mf_slice name);
/* Of |tenant|, in the order of names, |index| from 0 on; NULL past the last. */
const struct mf_outbound *
mf_outbounds_at(const struct mf_outbounds *outbounds, struct mf_slice tenant, size_t index);
/* Puts all of |outbound| in (copied, the policy gets a reference), in place of what had its name. MF_E_TOO_MANY past
 * MF_OUTBOUNDS_MAX of one tenant or MF_OUTBOUNDS_ALL_MAX, MF_E_NO_MEMORY. */
MF_MUST_CHECK int mf_outbounds_put(struct mf_outbounds *outbounds, const struct mf_outbound *outbound);
/* False when there was none. Runs that hold its policy keep it. */
bool mf_outbounds_remove(struct mf_outbounds *outbounds, struct mf_slice tenant, struct mf_slice name);

#endif
