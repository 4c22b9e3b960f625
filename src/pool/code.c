/* code.c - parts of a bundle that many runs share. */
#include <mayfly/pool.h>

struct mf_code {
    unsigned refs;
    struct mf_buf parts;
};

struct mf_code *mf_code_new(struct mf_buf *parts)
{
    struct mf_code *code = mf_try_alloc(sizeof *code);
    if (!code) {
        return NULL;
    }
    code->refs = 1;
    code->parts = *parts;
    mf_buf_init(parts, parts->bytes_max);
    return code;
}

void mf_code_ref(struct mf_code *code)
{
    code->refs++;
}

void mf_code_unref(struct mf_code *code)
{
    if (!code) {
        return;
    }
    MF_ASSERT(code->refs > 0);
    if (--code->refs == 0) {
        mf_buf_done(&code->parts);
        mf_free(code);
    }
}

struct mf_slice mf_code_parts(const struct mf_code *code)
{
    return mf_buf_peek(&code->parts);
}
