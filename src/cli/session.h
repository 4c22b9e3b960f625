/* session.h - requests to the daemon one after the other over a connection that is kept, whose bodies are streamed both ways (libcurl).
 *
 * Use:     mf_cli_session_new, mf_cli_send for each request, mf_cli_session_free. For one call with JSON both ways: client.h.
 * Threads: one.
 * Limits:  an answer that nobody streams has MF_CLI_ANSWER_BYTES_MAX; a transfer in which nothing moves for MF_CLI_STALL_S is given up. */
#ifndef MAYFLY_CLI_SESSION_H
#define MAYFLY_CLI_SESSION_H

#include "client.h"

struct mf_cli_session;

struct mf_cli_body {
    /* Up to |size| bytes; 0 at the end, below zero breaks off. NULL: there is none. */
    int64_t (*read)(void *user, uint8_t *space, size_t size);
    void *user;
    int64_t bytes; /* In all; -1: nobody knows. */
    const char *type;
};

struct mf_cli_request {
    const char *method;
    struct mf_slice path; /* "/v1/...", encoded. */
    struct mf_cli_body body;
    const char *header; /* Another one, "Name: value", or NULL. */
    /* The bytes of a good answer, as they come; below zero breaks off. NULL: they are in |ret_answer|. */
    int (*on_bytes)(void *user, struct mf_slice bytes);
    void *user;
};

/* Below zero with a sentence in |ret_why| (MF_CLI_WHY_BYTES_MAX). Its requests say who calls as mf_cli_authorize was told. */
MF_MUST_CHECK int mf_cli_session_new(const char *url,
                                     const char *ca_path,
                                     MF_OWN struct mf_cli_session **ret_session,
                                     char *ret_why);
void mf_cli_session_free(MF_OWN struct mf_cli_session *session); /* NULL is fine. */

/* Below zero when there was no answer, or when a callback broke off: what it returned. |ret_answer| is always to be _done; its body is what
 * was not streamed. */
MF_MUST_CHECK int mf_cli_send(struct mf_cli_session *session,
                              const struct mf_cli_request *request,
                              struct mf_cli_answer *ret_answer,
                              char *ret_why);

#endif
