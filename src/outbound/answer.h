/* answer.h - the head of an upstream's answer, line by line as libcurl gives it, checked as strictly as our own server checks
 * a request: what two parsers could read in two ways is refused. Pure.
 *
 * Sources: RFC 9112 sections 2.2, 4, 5, 6; RFC 9110 sections 5.6.2, 8.6, 15.2. */
#ifndef MAYFLY_OUTBOUND_ANSWER_H
#define MAYFLY_OUTBOUND_ANSWER_H

#include <mayfly/base.h>

struct mf__answer {
    int status; /* 0: a status line comes next. */
    bool is_http1;
    bool may_switch;  /* A WebSocket was asked for: 101 is a final answer. */
    bool is_switched; /* The answer's Upgrade header says so. */
    bool is_complete; /* The final head; what comes now are trailers. */
    bool is_chunked;
    bool is_length_known;
    uint64_t body_bytes;
    size_t bytes;           /* Of all heads, interim ones included. */
    unsigned informational; /* Interim heads so far. */
    unsigned count;         /* Headers of this head. */
    struct mf_buf reason;
    struct mf_buf headers; /* name NUL value NUL; without those of the connection. */
};

void mf__answer_init(struct mf__answer *answer);
void mf__answer_done(struct mf__answer *answer);
/* One line with its line end. 1: the final head is complete. MF_E_UPSTREAM_RESPONSE, MF_E_UPSTREAM_HEADERS (too many, too
 * large, interim answers without end). Lines behind the head are trailers, which nobody reads: they are dropped. */
MF_MUST_CHECK int mf__answer_line(struct mf__answer *answer, struct mf_slice line);

#endif
