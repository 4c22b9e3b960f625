/* Signatures as Standard Webhooks has them, and files of keys. */
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "webhook.h"

#include <mayfly/post.h>

#include "check.h"

/* The example of the specification's own libraries. */
#define KEY "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
#define ID "msg_p5jXN8AQM9LWM0D4loKWxJek"
#define SIGNED "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
#define OTHER_KEY "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="

static char path[] = "/tmp/mayfly-webhook-XXXXXX";
static char why[MF_POST_WHY_BYTES_MAX];

static int read_keys(const char *text, size_t size, struct mf__webhook_keys **ret_keys)
{
    FILE *file = fopen(path, "w");

    MF_CHECK(file != NULL && fwrite(text, 1, size, file) == size && fclose(file) == 0);
    MF_CHECK(chmod(path, 0600) == 0);
    why[0] = '\0';
    return mf__webhook_keys_read(path, "/field", ret_keys, why);
}

static void expect_signed(const char *text, const char *expected)
{
    struct mf__webhook_keys *keys;
    struct mf_buf out;

    mf_buf_init(&out, 256);
    MF_CHECK_INT(read_keys(text, strlen(text), &keys), 0);
    MF_CHECK_INT(mf__webhook_sign(keys, ID, 1614265330, mf_slice_of_cstr("{\"test\": 2432232314}"), &out), 0);
    MF_CHECK(mf_slice_equal_cstr(mf_buf_peek(&out), expected));
    mf_buf_done(&out);
    mf__webhook_keys_free(keys);
}

static void one_key(void)
{
    expect_signed(KEY, SIGNED);
    expect_signed("\r\n " KEY " \r\n\n", SIGNED);
}

static void two_keys(void)
{
    struct mf__webhook_keys *keys;
    struct mf_buf out;
    const char *text = OTHER_KEY "\n" KEY "\n";

    mf_buf_init(&out, 256);
    MF_CHECK_INT(read_keys(text, strlen(text), &keys), 0);
    MF_CHECK_INT(mf__webhook_sign(keys, ID, 1614265330, mf_slice_of_cstr("{\"test\": 2432232314}"), &out), 0);
    MF_CHECK_INT((int)out.size, 2 * (int)strlen(SIGNED) + 1);
    MF_CHECK(mf_slice_ends_with(mf_buf_peek(&out), " " SIGNED));
    MF_CHECK(!mf_slice_starts_with(mf_buf_peek(&out), SIGNED));
    mf_buf_done(&out);
    mf__webhook_keys_free(keys);
}

static void expect_refused(const char *text, size_t size, const char *sentence)
{
    struct mf__webhook_keys *keys;

    MF_CHECK_INT(read_keys(text, size, &keys), MF_E_CONFIG);
    MF_CHECK(strstr(why, "/field: ") == why && strstr(why, sentence) != NULL);
    MF_CHECK(strstr(why, "MfKQ") == NULL);
}

static void files_that_are_none(void)
{
    expect_refused("", 0, "no key");
    expect_refused("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", 32, "whsec_");
    expect_refused(KEY "=", strlen(KEY) + 1, "base64");
    expect_refused("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaQ=", 38, "24 to 64"); /* 23 bytes. */
    expect_refused(KEY "\n" KEY "\n" KEY, 3 * strlen(KEY) + 2, "more than two");
    expect_refused(KEY "\0", strlen(KEY) + 1, "NUL");
}

int main(void)
{
    int fd = mkstemp(path);

    MF_CHECK(fd >= 0 && close(fd) == 0);
    MF_RUN(one_key);
    MF_RUN(two_keys);
    MF_RUN(files_that_are_none);
    MF_CHECK(unlink(path) == 0);
    return 0;
}
