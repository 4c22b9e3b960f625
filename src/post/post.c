/* post.c - one request, and what became of it. */
#include "internal.h"

#include <stdio.h>

#include <openssl/ssl.h>

struct mf_post {
    CURL *curl;
};

static size_t on_answer(char *data, size_t unit, size_t count, void *user)
{
    struct mf_buf *answer = user;

    if (answer != NULL) {
        size_t room = answer->bytes_max - answer->size;
        mf_ignore(mf_buf_append(answer, data, unit * count < room ? unit * count : room));
    }
    return unit * count; /* The rest is of no interest. */
}

static int on_progress(void *user, curl_off_t total, curl_off_t now, curl_off_t up_total, curl_off_t up_now)
{
    const struct mf_post_request *request = user;

    (void)total;
    (void)now;
    (void)up_total;
    (void)up_now;
    return request->is_over != NULL && request->is_over(request->user) ? 1 : 0;
}

/* Besides those of the system, which are there already. */
static CURLcode on_tls(CURL *curl, void *context, void *user)
{
    (void)curl;
    return SSL_CTX_load_verify_locations(context, user, NULL) == 1 ? CURLE_OK : CURLE_SSL_CACERT_BADFILE;
}

static CURLcode set_options(CURL *curl, const struct mf_post_request *request)
{
    CURLcode code = CURLE_OK;

    curl_easy_reset(curl); /* Its connection stays. */
#define SET(option, value) (code = code == CURLE_OK ? curl_easy_setopt(curl, option, value) : code)
    SET(CURLOPT_URL, request->url);
    SET(CURLOPT_PROTOCOLS_STR, "http,https");
    SET(CURLOPT_FOLLOWLOCATION, 0L); /* Credentials go to the place that was named. */
    SET(CURLOPT_PROXY, "");
    SET(CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
    SET(CURLOPT_NOSIGNAL, 1L);
    SET(CURLOPT_TIMEOUT_MS, (long)request->timeout_ms);
    SET(CURLOPT_HTTPHEADER, request->headers->first);
    SET(CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)request->body.size);
    SET(CURLOPT_POSTFIELDS, (const char *)request->body.data);
    SET(CURLOPT_WRITEFUNCTION, on_answer);
    SET(CURLOPT_WRITEDATA, request->answer);
    SET(CURLOPT_NOPROGRESS, 0L);
    SET(CURLOPT_XFERINFOFUNCTION, on_progress);
    SET(CURLOPT_XFERINFODATA, request);
    if (request->ca_path != NULL) {
        SET(CURLOPT_SSL_CTX_FUNCTION, on_tls);
        SET(CURLOPT_SSL_CTX_DATA, request->ca_path);
    }
#undef SET
    return code;
}

static struct mf_post_outcome judge(CURL *curl, CURLcode code)
{
    struct mf_post_outcome outcome = {.is_taken = false};
    curl_off_t retry_s = 0;
    long status = 0;

    if (code != CURLE_OK) {
        (void)snprintf(outcome.why, sizeof outcome.why, "%.80s", curl_easy_strerror(code));
        return outcome;
    }
    (void)curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
    (void)curl_easy_getinfo(curl, CURLINFO_RETRY_AFTER, &retry_s);
    outcome.status = (int)status;
    outcome.is_taken = status >= 200 && status < 300;
    outcome.retry_ms = retry_s <= 0           ? 0
                       : retry_s > UINT32_MAX ? UINT64_C(1000) * UINT32_MAX
                                              : (uint64_t)retry_s * 1000;
    (void)snprintf(outcome.why, sizeof outcome.why, "it answered %ld", status);
    return outcome;
}

void mf_post_send(struct mf_post *post,
                  const struct mf_post_request *request,
                  struct mf_post_outcome *ret_outcome)
{
    CURLcode code = set_options(post->curl, request);

    code = code == CURLE_OK ? curl_easy_perform(post->curl) : code;
    *ret_outcome = judge(post->curl, code);
}

MF_OWN struct mf_post *mf_post_new(void)
{
    struct mf_post *post = mf_new(sizeof *post);

    post->curl = curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK ? curl_easy_init() : NULL;
    if (post->curl == NULL) {
        mf_free(post);
        return NULL;
    }
    return post;
}

void mf_post_free(MF_OWN struct mf_post *post)
{
    if (post != NULL) {
        curl_easy_cleanup(post->curl);
        mf_free(post);
    }
}

uint64_t mf_post_backoff_ms(unsigned tries, uint64_t asked_ms, uint64_t least_ms, uint64_t most_ms)
{
    uint64_t ms = tries < 32 ? least_ms << tries : most_ms;
    uint64_t random;

    mf_random_bytes(&random, sizeof random);
    ms = ms > most_ms ? most_ms : ms;
    ms += random % ms;
    ms = ms < asked_ms ? asked_ms : ms;
    return ms > most_ms ? most_ms : ms;
}
