/* mayfly/store.h - what the daemon remembers: one interface, an embedded SQLite file behind it.
 *
 * Use:      mf_store_open at start; the functions below from libuv's worker threads, by way of a mf_store_queue;
 *           mf_store_close once the queue is closed.
 * Threads:  [any, blocking] mf_store_*: they touch the disk and are serialised inside. [loop] mf_store_queue_*.
 * Owns:     rows and their slices are borrowed for the call, in both directions. The store holds a lock on its directory:
 *           two daemons cannot share one.
 * Limits:   MF_STORE_*.
 * Fails:    MF_E_STORE_FILE at open: damaged, not ours, made by a newer Mayfly, or in use; the file is left as it is.
 *           MF_E_STORE, MF_E_STORE_FULL later. A call that fails has changed nothing: each is one transaction, and when it
 *           returns 0 it is on the disk.
 * Not here: what a record means (vault, outbound, api). Nothing outside src/store writes SQL.
 */
#ifndef MAYFLY_STORE_H
#define MAYFLY_STORE_H

#include <uv.h>

#include <mayfly/base.h>

struct mf_store;

#define MF_STORE_WHY_BYTES_MAX 1024

/* Opens or makes <dir>/mayfly.db; makes |dir|, 0700, where it is missing. |ret_why| (MF_STORE_WHY_BYTES_MAX) gets a
 * sentence on error. */
MF_MUST_CHECK int mf_store_open(const char *dir, MF_OWN struct mf_store **ret_store, char *ret_why);
void mf_store_close(MF_OWN struct mf_store *store); /* NULL is fine. */
/* The file grows no further than this: MF_E_STORE_FULL. One that is larger already stays as large. */
MF_MUST_CHECK int mf_store_set_bytes_max(struct mf_store *store, uint64_t bytes_max);

/* What a stored thing may be called: 1 to MF_STORE_NAME_BYTES_MAX of A-Z a-z 0-9 . _ -, the first a letter or digit. */
bool mf_store_name_is_valid(struct mf_slice name);

/* ---- secrets: sealed records (vault.h) ---------------------------------------------------------- */

struct mf_store_secret {
    struct mf_slice tenant; /* "": the one tenant of a daemon without tokens. */
    struct mf_slice name;
    struct mf_slice kind;
    struct mf_slice key_id;
    struct mf_slice record; /* Encrypted; the store never sees more. */
    uint64_t version;
    uint64_t created_ms;
    uint64_t updated_ms;
    uint64_t used_ms; /* 0: never. */
};

/* Makes it, or replaces it whole. */
MF_MUST_CHECK int mf_store_secret_put(struct mf_store *store, const struct mf_store_secret *row);
/* Replaces all of them or none: a change of key. */
MF_MUST_CHECK int
mf_store_secrets_replace(struct mf_store *store, const struct mf_store_secret *rows, size_t count);
/* MF_E_SECRET_UNKNOWN; MF_E_SECRET_IN_USE, and |ret_users| has the names of outbounds that use it, each with a NUL
 * behind it. */
MF_MUST_CHECK int mf_store_secret_delete(struct mf_store *store,
                                         struct mf_slice tenant,
                                         struct mf_slice name,
                                         struct mf_buf *ret_users);
/* Only the times of use; names that are gone are passed over. */
MF_MUST_CHECK int
mf_store_secrets_used(struct mf_store *store, const struct mf_store_secret *rows, size_t count);
/* Calls |on_row| for each, in the order of tenant and name; a row below zero ends it and is returned. */
MF_MUST_CHECK int mf_store_secrets_each(struct mf_store *store,
                                        int (*on_row)(void *user, const struct mf_store_secret *row),
                                        void *user);

/* ---- outbounds: policies as JSON text (outbound.h) ------------------------------------------------ */

struct mf_store_outbound {
    struct mf_slice tenant;
    struct mf_slice name;
    struct mf_slice policy;
    uint64_t version;
    uint64_t created_ms;
    uint64_t updated_ms;
};

/* What a policy uses, each name once. */
struct mf_store_uses {
    const struct mf_slice *secrets;
    size_t secrets_count;
    const struct mf_slice *workers;
    size_t workers_count;
};

/* Makes it (version 1) or replaces it (version + 1). When something of |uses| does not exist it is MF_E_SECRET_UNKNOWN or
 * MF_E_WORKER_UNKNOWN and *ret_missing is its index; from then on none of it can be deleted. *ret_version may tell a new one (1)
 * from a replaced one. */
MF_MUST_CHECK int mf_store_outbound_put(struct mf_store *store,
                                        struct mf_slice tenant,
                                        struct mf_slice name,
                                        struct mf_slice policy,
                                        const struct mf_store_uses *uses,
                                        uint64_t now_ms,
                                        uint64_t *ret_version,
                                        size_t *ret_missing);
/* MF_E_NOT_FOUND. |on_row| is called once. */
MF_MUST_CHECK int mf_store_outbound_get(struct mf_store *store,
                                        struct mf_slice tenant,
                                        struct mf_slice name,
                                        int (*on_row)(void *user, const struct mf_store_outbound *row),
                                        void *user);
/* MF_E_NOT_FOUND; MF_E_OUTBOUND_IN_USE, and |ret_users| has the names of workers that name it, each with a NUL behind it. */
MF_MUST_CHECK int mf_store_outbound_delete(struct mf_store *store,
                                           struct mf_slice tenant,
                                           struct mf_slice name,
                                           struct mf_buf *ret_users);
/* All of them, of all tenants, in the order of tenant and name. */
MF_MUST_CHECK int mf_store_outbound_list(struct mf_store *store,
                                         int (*on_row)(void *user, const struct mf_store_outbound *row),
                                         void *user);

/* ---- workers: code under its hash, in versions (api) ------------------------------------------------- */

struct mf_store_worker {
    struct mf_slice name;
    uint64_t version;  /* That the rest speaks of: the one in use, where nothing else is said. */
    uint64_t current;  /* The one in use. */
    uint64_t revision; /* 1, and 1 more with every change of what is in use. */
    uint64_t created_ms;
    uint64_t updated_ms;
    struct mf_slice hash;
    uint64_t bytes;       /* Of its code. */
    uint64_t version_ms;  /* When this version was put. */
    struct mf_slice code; /* Of mf_store_worker_get with |wants_code|. */
};
typedef int mf_store_worker_cb(void *user, const struct mf_store_worker *row);

/* Asked before a change, with what is there: below zero ends it, and is returned. |before| NULL: there is no such worker.
 * [worker] */
struct mf_store_worker_ask {
    int (*may)(void *user, const struct mf_store_worker *before);
    void *user;
};

struct mf_store_worker_put {
    struct mf_slice tenant;
    struct mf_slice name;
    struct mf_slice hash;
    struct mf_slice code;
    struct mf_slice outbound; /* That the code names; data NULL: none. */
    uint64_t now_ms;
    uint64_t versions_max; /* The oldest that is not in use goes. */
};

/* Makes it or gives it another version, which is in use from then on; changes nothing when that code is in use already.
 * |on_row| is called with what is there now. MF_E_OUTBOUND_UNKNOWN. From then on the outbound cannot be deleted. */
MF_MUST_CHECK int mf_store_worker_put(struct mf_store *store,
                                      const struct mf_store_worker_put *put,
                                      const struct mf_store_worker_ask *ask,
                                      mf_store_worker_cb *on_row,
                                      void *user);
/* Puts |version| in use. MF_E_WORKER_UNKNOWN, MF_E_WORKER_VERSION. */
MF_MUST_CHECK int mf_store_worker_use(struct mf_store *store,
                                      struct mf_slice tenant,
                                      struct mf_slice name,
                                      uint64_t version,
                                      uint64_t now_ms,
                                      const struct mf_store_worker_ask *ask,
                                      mf_store_worker_cb *on_row,
                                      void *user);
/* |version| 0: the one in use. Likewise. */
MF_MUST_CHECK int mf_store_worker_get(struct mf_store *store,
                                      struct mf_slice tenant,
                                      struct mf_slice name,
                                      uint64_t version,
                                      bool wants_code,
                                      mf_store_worker_cb *on_row,
                                      void *user);
/* What V8 made of the code |hash|; |digest| is the caller's, over all else. */
struct mf_store_code_cache {
    struct mf_slice tenant;
    struct mf_slice hash;
    struct mf_slice build;
    struct mf_slice digest;
    struct mf_slice parts;
};
typedef int mf_store_code_cache_cb(void *user, const struct mf_store_code_cache *row);
/* In the place of one that there was. Nothing happens when the code is gone. [worker] */
MF_MUST_CHECK int mf_store_code_cache_put(struct mf_store *store, const struct mf_store_code_cache *row);
/* 0 without a call: there is none. [worker] */
MF_MUST_CHECK int mf_store_code_cache_get(struct mf_store *store,
                                          struct mf_slice tenant,
                                          struct mf_slice hash,
                                          mf_store_code_cache_cb *on_row,
                                          void *user);
/* [worker] */
MF_MUST_CHECK int
mf_store_code_cache_delete(struct mf_store *store, struct mf_slice tenant, struct mf_slice hash);
/* All of its versions, the newest first. MF_E_WORKER_UNKNOWN. */
MF_MUST_CHECK int mf_store_worker_versions(struct mf_store *store,
                                           struct mf_slice tenant,
                                           struct mf_slice name,
                                           mf_store_worker_cb *on_row,
                                           void *user);
/* In the order of names, those behind |after|, at most |count|. */
MF_MUST_CHECK int mf_store_worker_list(struct mf_store *store,
                                       struct mf_slice tenant,
                                       struct mf_slice after,
                                       size_t count,
                                       mf_store_worker_cb *on_row,
                                       void *user);
/* MF_E_WORKER_UNKNOWN; MF_E_WORKER_IN_USE, and |ret_users| has the names of outbounds, each with a NUL behind it. */
MF_MUST_CHECK int mf_store_worker_delete(struct mf_store *store,
                                         struct mf_slice tenant,
                                         struct mf_slice name,
                                         const struct mf_store_worker_ask *ask,
                                         struct mf_buf *ret_users);
/* Which of |names| there are. */
MF_MUST_CHECK int mf_store_workers_exist(struct mf_store *store,
                                         struct mf_slice tenant,
                                         const struct mf_slice *names,
                                         size_t count,
                                         bool *ret_exist);

/* ---- usage: sums of what runs have used, by day (ledger) --------------------------------------------- */

/* Up to where the ledger's files are in the sums: |offset| bytes of |segment|. Both 0: nothing is. */
struct mf_store_usage_mark {
    uint64_t segment;
    uint64_t offset;
};

struct mf_store_usage {
    struct mf_slice tenant;
    struct mf_slice worker; /* Empty: code that came with its request. */
    struct mf_slice hash;   /* Of its code. Not in sums. */
    uint64_t changed;       /* In mf_store_usage_changed only. */
    uint64_t day;           /* Since 1970, UTC. */
    uint64_t runs;
    uint64_t uniques; /* In sums only: workers by name, code and day; a run without a name is one. */
    uint64_t cpu_ns;
    uint64_t wall_ns;
    uint64_t host_wait_ns;
    uint64_t memory_peak_bytes; /* The greatest. */
    uint64_t bytes_in;
    uint64_t bytes_out;
    uint64_t subrequests;
    uint64_t calls;
    uint64_t storage_byte_s; /* Bytes times seconds that a tenant's workers and workspaces lay there. */
};

MF_MUST_CHECK int mf_store_usage_mark(struct mf_store *store, struct mf_store_usage_mark *ret_mark);
/* Adds |rows| and moves the mark in one transaction. MF_E_INVALID, and nothing is added, when the mark is not at |from|. A sum that
 * would not fit 63 bits stays at the greatest number. */
MF_MUST_CHECK int mf_store_usage_add(struct mf_store *store,
                                     const struct mf_store_usage *rows,
                                     size_t count,
                                     const struct mf_store_usage_mark *from,
                                     const struct mf_store_usage_mark *to);

/* Adds what every tenant has stored since this was last called, as of |now_s| (seconds since 1970), to the sums: as many bytes as there
 * are now, for at most MF_USAGE_STORAGE_STEP_S, so that neither a daemon that stood still nor a clock that was set is billed. */
MF_MUST_CHECK int mf_store_usage_storage(struct mf_store *store, uint64_t now_s);

struct mf_store_usage_query {
    struct mf_slice tenant; /* data NULL: all. */
    uint64_t day_first;
    uint64_t day_last;
    bool by_tenant; /* What is not asked for is empty, or 0, in the rows. */
    bool by_worker;
    bool by_day;
    const struct mf_store_usage
        *after; /* Only rows behind this one's tenant, day and worker; NULL: from the first. */
    size_t count_max;
};
/* Sums, in the order of tenant, day, worker. */
MF_MUST_CHECK int mf_store_usage_each(struct mf_store *store,
                                      const struct mf_store_usage_query *query,
                                      int (*on_row)(void *user, const struct mf_store_usage *row),
                                      void *user);

#define MF_STORE_ID_CHARS 32

/* Where whoever is told of changes stands: up to the change |cursor|. */
struct mf_store_usage_push {
    char id[MF_STORE_ID_CHARS + 1]; /* Of this store, by which a receiver can tell several apart. */
    uint64_t cursor;
};
/* At most |count_max| rows, of a worker's code each, that have changed since |ret_push->cursor|, the one that changed first first.
 * Each change of a row has a number of its own, and greater ones than all before: what is said of a row with such a number is always
 * the same. |ret_push| is set before the first row comes. */
MF_MUST_CHECK int mf_store_usage_changed(struct mf_store *store,
                                         size_t count_max,
                                         struct mf_store_usage_push *ret_push,
                                         int (*on_row)(void *user, const struct mf_store_usage *row),
                                         void *user);
/* Changes up to |cursor| are known; it never goes back. */
MF_MUST_CHECK int mf_store_usage_pushed(struct mf_store *store, uint64_t cursor);

/* ---- tenants and tokens (tenant) ---------------------------------------------------------------------- */

struct mf_store_tenant {
    struct mf_slice name;
    struct mf_slice quotas; /* mf_quotas_write (tenant.h). */
    uint64_t created_ms;
    uint64_t updated_ms;
};

struct mf_store_token {
    struct mf_slice id;
    struct mf_slice tenant; /* Empty: the operator's own. */
    struct mf_slice name;
    struct mf_slice scopes;    /* Words with blanks between. */
    struct mf_slice digest;    /* Of its newest key; the key itself is nowhere. */
    struct mf_slice previous;  /* Of the key before, as long as it may hold; or empty. */
    uint64_t previous_ends_ms; /* 0: there is none. */
    uint64_t created_ms;
    uint64_t rotated_ms; /* When the newest key was made. */
    uint64_t expires_ms; /* 0: never. */
    uint64_t used_ms;    /* 0: never. */
};
typedef int mf_store_tenant_cb(void *user, const struct mf_store_tenant *row);
typedef int mf_store_token_cb(void *user, const struct mf_store_token *row);

/* Rows behind |after|, at most |count|; of tokens those of |tenant| only, unless its data is NULL. */
struct mf_store_page {
    struct mf_slice tenant;
    struct mf_slice after;
    size_t count;
};

/* Makes it, or gives it other quotas; |on_row| is called with what is there now, whose two times are the same when it is new. */
MF_MUST_CHECK int mf_store_tenant_put(struct mf_store *store,
                                      struct mf_slice name,
                                      struct mf_slice quotas,
                                      uint64_t now_ms,
                                      mf_store_tenant_cb *on_row,
                                      void *user);
/* MF_E_TENANT_UNKNOWN. */
MF_MUST_CHECK int
mf_store_tenant_get(struct mf_store *store, struct mf_slice name, mf_store_tenant_cb *on_row, void *user);
/* In the order of names. */
MF_MUST_CHECK int mf_store_tenants_each(struct mf_store *store,
                                        const struct mf_store_page *page,
                                        mf_store_tenant_cb *on_row,
                                        void *user);
/* With its tokens. MF_E_TENANT_UNKNOWN; MF_E_TENANT_IN_USE, and |ret_users| has the kinds of what it still has ("workers"), each with
 * a NUL behind it. Its sums of usage stay. */
MF_MUST_CHECK int
mf_store_tenant_delete(struct mf_store *store, struct mf_slice name, struct mf_buf *ret_users);

/* What the tenant has on the disk: all versions of its workers, and what its workspaces hold. */
MF_MUST_CHECK int mf_store_tenant_bytes(struct mf_store *store,
                                        struct mf_slice name,
                                        uint64_t *ret_worker_bytes,
                                        uint64_t *ret_workspace_bytes);

/* A new one. MF_E_EXISTS: its id is taken. MF_E_TENANT_UNKNOWN. */
MF_MUST_CHECK int mf_store_token_add(struct mf_store *store, const struct mf_store_token *row);
/* |tenant|: only if it is this one's; data NULL: whoever's it is. MF_E_TOKEN_UNKNOWN. */
MF_MUST_CHECK int mf_store_token_get(struct mf_store *store,
                                     struct mf_slice tenant,
                                     struct mf_slice id,
                                     mf_store_token_cb *on_row,
                                     void *user);
/* In the order of ids. */
MF_MUST_CHECK int mf_store_tokens_each(struct mf_store *store,
                                       const struct mf_store_page *page,
                                       mf_store_token_cb *on_row,
                                       void *user);
/* Gives it a new key; the newest so far holds until |previous_ends_ms|, and the one before it no more. |on_row| is called with what
 * is there now. MF_E_TOKEN_UNKNOWN. */
MF_MUST_CHECK int mf_store_token_rotate(struct mf_store *store,
                                        struct mf_slice tenant,
                                        struct mf_slice id,
                                        struct mf_slice digest,
                                        uint64_t previous_ends_ms,
                                        uint64_t now_ms,
                                        mf_store_token_cb *on_row,
                                        void *user);
MF_MUST_CHECK int mf_store_token_delete(struct mf_store *store, struct mf_slice tenant, struct mf_slice id);
/* Only the times of use; ids that are gone are passed over. */
MF_MUST_CHECK int
mf_store_tokens_used(struct mf_store *store, const struct mf_store_token *rows, size_t count);

/* ---- the queue: from the loop to a worker thread and back ------------------------------------------- */

/* One call of the store. The caller owns the memory, from _submit until |done|. */
struct mf_store_job {
    /* [worker] Plain data only: nothing that the loop thread may change meanwhile. */
    int (*work)(struct mf_store *store, struct mf_store_job *job);
    /* [loop] With what |work| returned; never from inside _submit. The job may be freed or submitted again. */
    void (*done)(struct mf_store_job *job, int error);
    bool is_brief; /* It may share a round with others: |done| of all of them when the last one has worked. */
    bool
        needs_sync; /* Of |work|: what it has committed is to be on the disk before |done|. One wait for all of a round. */
    bool
        is_tried; /* The queue's: |work| is on the loop, where MF_E_AGAIN says that it is too much for there. */
    struct mf_list link; /* The queue's. */
    int error;           /* The queue's. */
};

/* Waits for the disk: all that was committed lazily (store_fs.h) is on it then. */
MF_MUST_CHECK int mf_store_sync(struct mf_store *store);

struct mf_store_queue;

/* One worker thread at a time runs its jobs, in the order of _submit: what was said first is done first. */
MF_OWN struct mf_store_queue *mf_store_queue_new(uv_loop_t *loop, struct mf_store *store);
/* MF_E_OVERLOADED when MF_STORE_JOBS_MAX wait; MF_E_CLOSED after _close. |done| is called only after a 0. */
MF_MUST_CHECK int mf_store_queue_submit(struct mf_store_queue *queue, struct mf_store_job *job);
/* True: |work| was done, here and at once, with job->error; |done| is not called. False: it is to be submitted, as a job is before it, somebody
 * has the store, or it is too much for the loop. Only for what reads few pages and writes none. */
bool mf_store_queue_try(struct mf_store_queue *queue, struct mf_store_job *job);
size_t mf_store_queue_waiting(const struct mf_store_queue *queue);
/* Takes nothing more, finishes what it has, frees itself, then calls back; never from inside the call. */
void mf_store_queue_close(MF_OWN struct mf_store_queue *queue, void (*on_closed)(void *user), void *user);

#endif
