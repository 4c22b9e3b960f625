/* put.h - a call on a stored resource: its small JSON body, then an answer that may have to wait for the store.
 *
 *   mf__put_begin -> on_ready(put), with put->root when there is a body -> one mf__put_reply_... -> gone
 *
 * The client may leave at any time: |exchange| is NULL then, and the reply only ends the put. What came as a body is wiped
 * as soon as on_ready returned, as it may hold secrets. */
#ifndef MAYFLY_API_PUT_H
#define MAYFLY_API_PUT_H

#include "internal.h"
#include "json.h"

struct mf__put {
    struct mf_api *api;
    struct mf_exchange *exchange; /* NULL: the client is gone. */
    struct mf_slice name;         /* The third segment of the path, which is a valid name; in |name_text|. */
    struct mf_slice tenant;       /* Whose call it is; in |tenant_text|, so that it outlives the exchange. */
    char tenant_text[MF_STORE_TENANT_BYTES_MAX + 1];
    char name_text[MF_STORE_NAME_BYTES_MAX + 1];
    struct mf__owed *owed; /* Of its Idempotency-Key, or NULL. */
    const cJSON *root;     /* The body, in on_ready only. */
    void *user;            /* The resource's. */

    /* Of put.c. */
    void (*on_ready)(struct mf__put *put);
    uint8_t *body; /* mf_vault_memory of |body_capacity|, or NULL. */
    size_t body_size;
    size_t body_capacity; /* Counted in api->bytes_held as long as |body| is there. */
};

/* Checks the name (MF_E_API_NAME) and, where |body_bytes_max| > 0, that the body is JSON; answers
 * itself when either is not so. |on_ready| then owns the put until its reply. */
void mf__put_begin(struct mf_api *api,
                   struct mf_exchange *exchange,
                   size_t body_bytes_max,
                   void (*on_ready)(struct mf__put *put));
/* The same for a path of two segments: there is no name. */
void mf__put_begin_nameless(struct mf_api *api,
                            struct mf_exchange *exchange,
                            size_t body_bytes_max,
                            void (*on_ready)(struct mf__put *put));
/* Each ends the put. */
void mf__put_reply_json(MF_OWN struct mf__put *put, int status, struct mf_slice body);
void mf__put_reply_problem(MF_OWN struct mf__put *put, const struct mf__problem *problem);
void mf__put_reply_error(MF_OWN struct mf__put *put, int error);
/* Something in use: |users| are names, each with a NUL behind it, of things of |kind| ("outbounds"). */
void mf__put_reply_used(MF_OWN struct mf__put *put, int error, const char *kind, struct mf_slice users);
/* The same for what has things of its own: |kinds| of them. */
void mf__put_reply_has(MF_OWN struct mf__put *put, int error, struct mf_slice kinds);
/* 204, without a body. */
void mf__put_reply_empty(MF_OWN struct mf__put *put);

#endif
