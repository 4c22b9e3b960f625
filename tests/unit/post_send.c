/* Waits between two tries, and requests that nobody answers. */
#include <mayfly/post.h>

#include "check.h"

static void waits_double_and_end(void)
{
    for (unsigned tries = 0; tries < 80; tries++) {
        uint64_t ms = mf_post_backoff_ms(tries, 0, 1000, 300000);
        uint64_t least = tries < 9 ? UINT64_C(1000) << tries : 300000;
        MF_CHECK(ms >= (least < 300000 ? least : 300000) && ms <= 2 * least && ms <= 300000);
    }
    MF_CHECK(mf_post_backoff_ms(0, 5000, 1000, 300000) == 5000);
    MF_CHECK(mf_post_backoff_ms(0, UINT64_MAX, 1000, 300000) == 300000);
}

struct look {
    struct mf_poster *poster;
    unsigned count;
};

static void send_one(struct look *look, struct mf_post_headers *headers);
static struct mf_post_headers *some_headers;

static void closed(void *user)
{
    struct look *look = user;

    look->poster = NULL;
}

static void done(void *user, const struct mf_post_outcome *outcome)
{
    struct look *look = user;

    MF_CHECK(!outcome->is_taken && outcome->status == 0 && outcome->why[0] != '\0');
    if (++look->count < 3) {
        send_one(look, some_headers); /* From within it. */
    } else {
        mf_poster_close(look->poster, closed, look);
    }
}

static void send_one(struct look *look, struct mf_post_headers *headers)
{
    const struct mf_post_request request = {
        .url = "http://127.0.0.1:1/", .headers = headers, .body = mf_slice_of_cstr("{}"), .timeout_ms = 5000};

    mf_poster_send(look->poster, &request, done, look);
}

static void nobody_there(void)
{
    struct look look = {.count = 0};
    uv_loop_t loop;

    some_headers = mf_post_headers_new();
    MF_CHECK_INT(mf_post_headers_add(some_headers, "x-key: value"), 0);
    MF_CHECK_INT(uv_loop_init(&loop), 0);
    MF_CHECK_INT(mf_poster_open(&loop, &look.poster), 0);
    send_one(&look, some_headers);
    (void)uv_run(&loop, UV_RUN_DEFAULT);
    MF_CHECK(look.count == 3 && look.poster == NULL);
    MF_CHECK_INT(uv_loop_close(&loop), 0);
    mf_post_headers_free(some_headers);
}

int main(void)
{
    MF_RUN(waits_double_and_end);
    MF_RUN(nobody_there);
    return 0;
}
