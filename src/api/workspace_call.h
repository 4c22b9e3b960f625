/* workspace_call.h - one call on a workspace: its parameters, one question to the store, an answer as JSON.
 *
 *   mf__wscall_begin -> [mf__wscall_path, parameters] -> mf__wscall_submit or _submit_json -> work(call, store) -> the answer
 *
 * Use:      embed it at the front of a larger struct where a call needs more; |release| then frees what that has.
 * Threads:  [loop]; |work| on the worker: it may touch the call, but not |exchange| and |api|.
 * Owns:     what is read of the request lies in the call's arena: the client may leave at any time, |exchange| is NULL then.
 */
#ifndef MAYFLY_API_WORKSPACE_CALL_H
#define MAYFLY_API_WORKSPACE_CALL_H

#include <mayfly/workspace.h>

#include "internal.h"
#include "intake.h"
#include "json.h"
#include "precondition.h"
#include "parameters.h"

#define MF__ETAG_BYTES_MAX 48

struct mf__wscall {
    struct mf_store_job job;
    struct mf_api *api;
    struct mf_exchange *exchange;
    struct mf__owed *owed; /* Of its Idempotency-Key, or NULL. */
    struct mf_arena *arena;
    struct mf_workspace_ref ref;
    struct mf_slice path; /* Decoded. */
    struct mf__params query;
    struct mf__precondition precondition;
    int status;                    /* Of the answer; 204: without a body. */
    const char *type;              /* Of the body; application/json unless something else is said. */
    struct mf_buf body;            /* The answer, written by |work|. */
    char etag[MF__ETAG_BYTES_MAX]; /* Of the answer, or "". */
    struct mf_buf detail;          /* Of the problem, */
    struct mf_buf param;           /* the field of the body that it is about, */
    struct mf_buf members;         /* and more members, as mf__problem has them. */
    bool is_change;                /* It may leave garbage. */
    bool is_again;                 /* |work| wants another turn, behind those who wait. */

    struct mf__intake intake; /* Of a body. */
    bool has_intake;
    bool is_body_optional;
    int error; /* Of |read|. */
    int (*read)(struct mf__wscall *call, const cJSON *root);
    int (*work)(struct mf__wscall *call, struct mf_store *store);
    void (*release)(struct mf__wscall *call); /* Or NULL. */
};

/* A call of |size| bytes on the workspace that the path names, if it names one. |known|: its parameters. NULL: it was answered with what is
 * wrong. The exchange is listened to; who takes a body listens anew. */
MF_OWN struct mf__wscall *
mf__wscall_begin(struct mf_api *api, struct mf_exchange *exchange, size_t size, const char *const *known);
/* |path| from what stands behind the |index|-th segment; "/" when that is nothing. Below zero: it was answered and is gone. */
MF_MUST_CHECK int mf__wscall_path(struct mf__wscall *call, unsigned index);
/* The body first, as JSON of at most |bytes_max|: |read| ([any]; NULL for no body, which only |is_optional| allows) puts what it finds
 * into the call, or says what is wrong in |detail| and |param|. Then as mf__wscall_submit. */
void mf__wscall_submit_json(MF_OWN struct mf__wscall *call,
                            size_t bytes_max,
                            bool is_optional,
                            int (*read)(struct mf__wscall *call, const cJSON *root),
                            int (*work)(struct mf__wscall *call, struct mf_store *store));
/* To the store, then the answer; both end the call. */
void mf__wscall_submit(MF_OWN struct mf__wscall *call,
                       int (*work)(struct mf__wscall *call, struct mf_store *store));
/* Only answers, with what |work| wrote. */
void mf__wscall_answer(struct mf__wscall *call);
/* Answers and ends it. With a parameter at fault: what mf__params says of it. */
void mf__wscall_refuse(MF_OWN struct mf__wscall *call, int error);
void mf__wscall_free(MF_OWN struct mf__wscall *call);
/* An answer that is a problem, with "errno" where the error is one of files. */
void mf__workspace_problem(struct mf_exchange *exchange,
                           int error,
                           struct mf_slice detail,
                           struct mf_slice param,
                           struct mf_slice members);

/* "limit", 1 to MF_WORKSPACE_PAGE_MAX. */
MF_MUST_CHECK int mf__wscall_limit(struct mf__wscall *call, size_t *ret_limit);
/* An octal mode, or MF_WORKSPACE_MODE_DEFAULT when |text| has no data. MF_E_API_FIELD. */
MF_MUST_CHECK int mf__workspace_mode(struct mf_slice text, uint32_t *ret_mode);

/* {"bytes", "inodes"}; what is not there stays as it is. |quota| may be NULL. */
MF_MUST_CHECK int mf__workspace_read_quota(struct mf__wscall *call,
                                           const cJSON *quota,
                                           uint64_t *ret_bytes_max,
                                           uint64_t *ret_inodes_max);

/* "revision-inode" in quotes: changes with what the file holds. */
void mf__workspace_etag(const struct mf_inode *inode, char ret_etag[MF__ETAG_BYTES_MAX]);
/* A mf_workspace_ask over a struct mf__precondition. */
int mf__workspace_may(void *precondition, const struct mf_inode *before);
/* "type":"file","size":1,... without braces. */
MF_MUST_CHECK int mf__workspace_append_inode(struct mf_buf *out, const struct mf_inode *inode);
/* {"name":...} */
MF_MUST_CHECK int mf__workspace_append_info(struct mf_buf *out, const struct mf_workspace_info *info);

#endif
