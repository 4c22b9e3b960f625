/* Ops of randomness: straight from the kernel, nothing kept, so that neither a snapshot nor a fork can repeat it. */
#include "ops.h"

/* random(view): fills the view; crypto.getRandomValues. */
void op_random(struct mf_op_call *call)
{
    uint8_t random[MF_RANDOM_BYTES_MAX];
    struct mf_slice view;
    if (mf_op_arg_bytes(call, 0, &view) < 0) {
        return;
    }
    if (view.size > sizeof(random)) {
        mf_op_throw(call, MF_OP_RANGE_ERROR, "More random bytes than one call may ask for.");
        return;
    }
    mf_random_bytes(random, view.size);
    (void)!mf_op_fill(call, 0, mf_slice_of(random, view.size)); /* Throws by itself. */
}

/* uuid(): a version 4 UUID as text. */
void op_uuid(struct mf_op_call *call)
{
    static const char hex[] = "0123456789abcdef";
    uint8_t random[16];
    char text[36];
    size_t at = 0;
    mf_random_bytes(random, sizeof(random));
    random[6] = (uint8_t)((random[6] & 0x0f) | 0x40);
    random[8] = (uint8_t)((random[8] & 0x3f) | 0x80);
    for (size_t i = 0; i < sizeof(random); i++) {
        if (i == 4 || i == 6 || i == 8 || i == 10) {
            text[at++] = '-';
        }
        text[at++] = hex[random[i] >> 4];
        text[at++] = hex[random[i] & 15];
    }
    mf_op_return(call, mf_value_of(MF_VALUE_LATIN1, mf_slice_of(text, sizeof(text))));
}
