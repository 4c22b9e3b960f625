/* A hostile upstream: secrets and text are the input's, and so is where the text is cut. The fast search must say what the slow
 * one says, byte for byte, whatever the cuts. Input: u8 secrets (1 to 3), u8 size of each, u8 step, the secrets, the text. */
#include "redact.h"

#include "redact_reference.h"

#define TEXT_BYTES_MAX 2048 /* The slow one is slow. */
#define OUT_BYTES_MAX 65536

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
run(struct mf__needles *needles, struct mf_slice text, size_t step, struct mf_buf *out, uint64_t *ret_count)
{
    struct mf__redact *redact = mf__redact_new(needles, false);
    int error = 0;

    for (size_t at = 0; error == 0 && at < text.size; at += step) {
        size_t left = text.size - at;
        error = mf__redact_feed(redact, mf_slice_of(text.data + at, left < step ? left : step), out);
    }
    if (error == 0) {
        error = mf__redact_end(redact, out);
    }
    MF_ASSERT(error == 0);
    *ret_count = mf__redact_count(redact);
    mf__redact_free(redact);
}

static bool take(struct mf_slice *input, size_t size, struct mf_slice *ret_part)
{
    if (input->size < size) {
        return false;
    }
    *ret_part = mf_slice_of(input->data, size);
    *input = mf_slice_of(input->data + size, input->size - size);
    return true;
}

static void compare(const struct mf_slice *secrets, size_t count, struct mf_slice text, size_t step)
{
    struct mf__needles *needles = mf__needles_new();
    struct mf_buf expected;
    struct mf_buf found;
    uint64_t expected_count = 0;
    uint64_t found_count = 0;
    int error = 0;

    mf_buf_init(&expected, OUT_BYTES_MAX);
    mf_buf_init(&found, OUT_BYTES_MAX);
    for (size_t i = 0; error == 0 && i < count; i++) {
        error = mf__needles_add(needles, secrets[i], NULL);
    }
    if (error == 0) {
        error = mf__needles_compile(needles);
    }
    MF_ASSERT(error == 0);
    reference_redact(secrets, count, text, &expected, &expected_count);
    run(needles, text, step, &found, &found_count);
    MF_ASSERT(mf_slice_equal(mf_buf_peek(&found), mf_buf_peek(&expected)));
    MF_ASSERT(found_count == expected_count);
    mf_buf_reset(&found);
    error = mf__redact_text(needles, text, true, &found, NULL);
    MF_ASSERT(error == (expected_count > 0 ? MF_E_OUTBOUND_ECHO : 0));
    mf_buf_done(&expected);
    mf_buf_done(&found);
    mf__needles_unref(needles);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct mf_slice input = mf_slice_of(data, size);
    struct mf_slice head;
    struct mf_slice secrets[3];
    size_t count;

    if (!take(&input, 3, &head)) {
        return 0;
    }
    count = 1 + head.data[0] % 3;
    for (size_t i = 0; i < count; i++) {
        if (!take(&input, MF_REDACT_SECRET_BYTES_MIN + head.data[1] % 24, &secrets[i])) {
            return 0;
        }
    }
    if (input.size <= TEXT_BYTES_MAX) {
        compare(secrets, count, input, 1 + (size_t)head.data[2]);
    }
    return 0;
}
