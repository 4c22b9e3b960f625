/* mayfly/post.h - one HTTP POST after the other to a place that the operator named: a collector, a receiver of usage.
 *
 * Use:      mf_post_new, mf_post_send for each request, mf_post_free; mf_post_backoff_ms between two tries. From the loop, which may not
 *           block: mf_poster_open, mf_poster_send, mf_poster_close, with a thread of its own.
 * Threads:  [any], one at a time: struct mf_post, whose _send blocks. [loop] struct mf_poster. mf_post_new is the loop's: libcurl is
 *           set up by the first one.
 * Owns:     all of a request is borrowed until it is over. Headers, which may be credentials, are wiped at the end.
 * Limits:   MF_POST_*, and the time that each request brings.
 * Fails:    an outcome is no error: whoever sends decides whether to try again.
 * Not here: what guests send (outbound): this goes where the config says, without any policy. No redirect is followed, no proxy used.
 */
#ifndef MAYFLY_POST_H
#define MAYFLY_POST_H

#include <sys/types.h>

#include <uv.h>

#include <mayfly/base.h>

/* ---- what is sent ------------------------------------------------------------------------------------- */

struct mf_post_headers;

MF_OWN struct mf_post_headers *mf_post_headers_new(void);
/* "Name: value"; "Name:" leaves out one of libcurl's own. MF_E_NO_MEMORY. */
MF_MUST_CHECK int mf_post_headers_add(struct mf_post_headers *headers, const char *line);
void mf_post_headers_free(MF_OWN struct mf_post_headers *headers); /* NULL is fine. */

/* The whole of a file with a secret, and a NUL behind it: how many bytes. MF_E_CONFIG and |ret_why| ("|field|: ...", nothing of the
 * content) when it cannot be read, is no regular file, may be read by everybody, has more than |bytes_max| or a NUL. |ret_text| has
 * room for one more than that, and is to be wiped either way. Blocks. */
MF_MUST_CHECK ssize_t
mf_post_read_secret(const char *path, const char *field, size_t bytes_max, char *ret_text, char *ret_why);

#define MF_POST_WHY_BYTES_MAX 512

/* ---- a request ------------------------------------------------------------------------------------------ */

struct mf_post_request {
    const char *url;
    const struct mf_post_headers *headers;
    struct mf_slice body;
    const char *ca_path; /* Authorities that are trusted besides the system's; NULL: none. */
    uint32_t timeout_ms;
    bool (*is_over)(
        void *user); /* Asked now and then, by the thread that sends: true ends the request. May be NULL. */
    void *user;
    struct mf_buf *answer; /* Gets as much as it holds; NULL: nobody reads it. */
};

struct mf_post_outcome {
    bool is_taken;     /* 2xx. */
    int status;        /* 0: there was no answer. */
    uint64_t retry_ms; /* What Retry-After asks for; 0: nothing. */
    char why[96];      /* "it answered 503" */
};

struct mf_post; /* Keeps its connection for the next request. */

MF_OWN struct mf_post *mf_post_new(void); /* NULL: no memory. */
void mf_post_send(struct mf_post *post,
                  const struct mf_post_request *request,
                  struct mf_post_outcome *ret_outcome);
void mf_post_free(MF_OWN struct mf_post *post); /* NULL is fine. */

/* The |tries|-th wait, from 0: what was asked for, or twice the one before; and as much again at random, so that many do not come
 * back at once. At most |most_ms|. */
uint64_t mf_post_backoff_ms(unsigned tries, uint64_t asked_ms, uint64_t least_ms, uint64_t most_ms);

/* ---- from the loop ---------------------------------------------------------------------------------------- */

struct mf_poster;

MF_MUST_CHECK int mf_poster_open(uv_loop_t *loop, MF_OWN struct mf_poster **ret_poster);
/* One at a time: the next one when |done| came, or from within it. |request->is_over| is the poster's own. */
void mf_poster_send(struct mf_poster *poster,
                    const struct mf_post_request *request,
                    void (*done)(void *user, const struct mf_post_outcome *outcome),
                    void *user);
/* A request under way is ended, which may take a second, and its |done| does not come any more. */
void mf_poster_close(MF_OWN struct mf_poster *poster, void (*on_closed)(void *user), void *user);

#endif
