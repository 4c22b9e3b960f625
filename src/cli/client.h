/* client.h - one HTTP call to the daemon, over TCP, TLS or a unix socket (libcurl). */
#ifndef MAYFLY_CLI_CLIENT_H
#define MAYFLY_CLI_CLIENT_H

#include <curl/curl.h>
#include <signal.h>

#include "options.h"

struct mf_cli_call {
    const char *url;      /* Of the daemon: http://..., https://... or unix:PATH. */
    const char *ca_path;  /* Or NULL. */
    const char *path;     /* "/v1/run". */
    const char *method;   /* NULL: POST with a body, else GET. */
    struct mf_slice body; /* JSON; data NULL: none. */
    uint64_t wait_ms_max; /* 0: as long as something comes now and then. */
    /* With it, the body of an answer that is a success is told as it comes, and not held; false ends the call. */
    bool (*on_bytes)(void *user, struct mf_slice bytes);
    void *user;
    const volatile sig_atomic_t *is_stopped; /* Not 0: the call ends. May be NULL. */
    const char *progress; /* What to say on standard error while it waits; NULL: nothing. */
};

struct mf_cli_answer {
    int status;
    bool is_problem; /* application/problem+json. */
    struct mf_buf body;
    bool is_unreachable; /* There was no answer at all. */
};

/* Who calls, from here on, in each call of this process: the token in |token_file|, or |token| where that is NULL; and for which tenant.
 * All but the file may be NULL. MF_E_INVALID with a sentence. */
MF_MUST_CHECK int
mf_cli_authorize(const char *token_file, const char *token, const char *tenant, char *ret_why);
/* The headers that say so, NULL behind the last; valid until mf_cli_forget. */
const char *const *mf_cli_identity(void);
/* Wipes the token. */
void mf_cli_forget(void);

/* Below zero with a sentence in |ret_why| (MF_CLI_WHY_BYTES_MAX). |ret_answer| is always to be _done. */
MF_MUST_CHECK int
mf_cli_call(const struct mf_cli_call *call, struct mf_cli_answer *ret_answer, char *ret_why);
/* The status, and whether it is a problem, of the transfer that |curl| has just done. */
void mf_cli_answer_read_head(struct mf_cli_answer *answer, CURL *curl);
void mf_cli_answer_done(struct mf_cli_answer *answer);

#endif
