/* Ciphers: published vectors, the counter's end, tags that are wrong, and that the long ones stop. */
#include "crypto_kit.h"

static struct mf_buf out;

static struct mf_slice run(const struct mf_cipher_call *call, struct mf_slice data)
{
    mf_buf_reset(&out);
    MF_CHECK_INT(mf_cipher_run(call, data, NULL, &out), 0);
    return mf_buf_peek(&out);
}

/* There and back. */
static void check_both(struct mf_cipher_call call, struct mf_slice plain, const char *sealed)
{
    uint8_t copy[512];
    size_t size;

    call.is_encrypt = true;
    MF_CHECK_HEX(run(&call, plain), sealed);
    size = out.size;
    MF_CHECK(size <= sizeof(copy));
    memcpy(copy, out.data, size);
    call.is_encrypt = false;
    MF_CHECK(mf_slice_equal(run(&call, mf_slice_of(copy, size)), plain));
    /* Each bit that is authenticated matters. */
    if (call.cipher != MF_CIPHER_AES_CBC && call.cipher != MF_CIPHER_AES_CTR) {
        for (size_t i = 0; i < size; i++) {
            copy[i] ^= 1;
            mf_buf_reset(&out);
            MF_CHECK_INT(mf_cipher_run(&call, mf_slice_of(copy, size), NULL, &out), MF_E_CRYPTO);
            MF_CHECK_INT(out.size, 0);
            copy[i] ^= 1;
        }
    }
}

static void published_vectors(void)
{
    /* McGrew and Viega, GCM, test case 4. */
    struct mf_cipher_call gcm = {.cipher = MF_CIPHER_AES_GCM, .tag_bytes = 16};
    gcm.key = hex("feffe9928665731c6d6a8f9467308308");
    gcm.iv = hex("cafebabefacedbaddecaf888");
    gcm.additional = hex("feedfacedeadbeeffeedfacedeadbeefabaddad2");
    check_both(gcm,
               hex("d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c95956809532fcf0e244"
                   "9a6b525b16aedf5"
                   "aa0de657ba637b39"),
               "42831ec2217774244b7221b784d0d49ce3aa212f2c02a4e035c17e2329aca12e21d514b25466931c7d8f6a5aac84a"
               "a051ba30b396a0aac97"
               "3d58e0915bc94fbc3221a5db94fae95ae7121a47");
    /* RFC 3394, 4.1 and 4.6. */
    struct mf_cipher_call wrap = {.cipher = MF_CIPHER_AES_KW};
    wrap.key = hex("000102030405060708090a0b0c0d0e0f");
    check_both(wrap, hex("00112233445566778899aabbccddeeff"),
               "1fa68b0a8112b447aef34bd8fb5a7b829d3e862371d2cfe5");
    /* SP 800-38A, F.2.1 and F.5.1; the block behind is the padding's. */
    struct mf_cipher_call cbc = {.cipher = MF_CIPHER_AES_CBC};
    cbc.key = hex("2b7e151628aed2a6abf7158809cf4f3c");
    cbc.iv = hex("000102030405060708090a0b0c0d0e0f");
    cbc.is_encrypt = true;
    MF_CHECK_HEX(mf_slice_of(run(&cbc, hex("6bc1bee22e409f96e93d7e117393172a")).data, 16),
                 "7649abac8119b246cee98e9b12e9197d");
    MF_CHECK_INT(out.size, 32);
    struct mf_cipher_call ctr = {.cipher = MF_CIPHER_AES_CTR, .counter_bits = 64};
    ctr.key = cbc.key;
    ctr.iv = hex("f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff");
    check_both(ctr, hex("6bc1bee22e409f96e93d7e117393172a"), "874d6191b620e3261bef6864990db6ce");
    /* RFC 7253, appendix A. */
    struct mf_cipher_call ocb = {.cipher = MF_CIPHER_AES_OCB, .tag_bytes = 16};
    ocb.key = wrap.key;
    ocb.iv = hex("bbaa99887766554433221101");
    ocb.additional = hex("0001020304050607");
    check_both(ocb, hex("0001020304050607"), "6820b3657b6f615a5725bda0d3b4eb3a257c9af1f8f03009");
}

static void chacha_of_rfc_8439(void)
{
    struct mf_cipher_call chacha = {
        .cipher = MF_CIPHER_CHACHA20_POLY1305, .tag_bytes = 16, .is_encrypt = true};
    chacha.key = hex("808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9f");
    chacha.iv = hex("070000004041424344454647");
    chacha.additional = hex("50515253c0c1c2c3c4c5c6c7");
    struct mf_slice sealed =
        run(&chacha, text_of("Ladies and Gentlemen of the class of '99: If I could offer you only one "
                             "tip for the future, sunscreen would be it."));
    MF_CHECK_INT(sealed.size, 114 + 16);
    MF_CHECK_HEX(mf_slice_of(sealed.data, 16), "d31a8d34648e60db7b86afbc53ef7ec2");
    MF_CHECK_HEX(mf_slice_of(sealed.data + 114, 16), "1ae10b594f09e26a7e902ecbd0600691");
}

/* Every width of counter: it wraps within itself, block by block as the one with 128 bits would. */
static void counters_wrap_in_their_bits(void)
{
    uint8_t plain[16 * 5 + 3] = {0};
    uint8_t iv[16];
    struct mf_cipher_call ctr = {.cipher = MF_CIPHER_AES_CTR, .is_encrypt = true};
    ctr.key = hex("2b7e151628aed2a6abf7158809cf4f3c");

    for (uint32_t bits = 3; bits <= 128; bits++) {
        for (unsigned before = 0; before <= 6; before++) { /* Blocks before the counter is all ones. */
            memset(iv, 0xa5, sizeof(iv));
            for (uint32_t bit = 0; bit < bits; bit++) {
                iv[15 - bit / 8] |= (uint8_t)(1 << bit % 8);
            }
            iv[15] = (uint8_t)(iv[15] - before);
            ctr.iv = mf_slice_of(iv, 16);
            ctr.counter_bits = bits;
            uint8_t whole[sizeof(plain)];
            memcpy(whole, run(&ctr, mf_slice_of(plain, sizeof(plain))).data, sizeof(plain));
            for (unsigned block = 0; block * 16 < sizeof(plain); block++) {
                uint8_t counter[16];
                memcpy(counter, iv, 16);
                if (block > before) {
                    for (uint32_t bit = 0; bit < bits; bit++) {
                        counter[15 - bit / 8] &= (uint8_t) ~(1 << bit % 8);
                    }
                    counter[15] = (uint8_t)(counter[15] + block - before - 1);
                } else {
                    counter[15] = (uint8_t)(counter[15] + block);
                }
                size_t size = sizeof(plain) - block * 16 < 16 ? sizeof(plain) - block * 16 : 16;
                struct mf_cipher_call one = ctr;
                one.iv = mf_slice_of(counter, 16);
                one.counter_bits = 128;
                MF_CHECK(memcmp(run(&one, mf_slice_of(plain, size)).data, whole + block * 16, size) == 0);
            }
        }
    }
    ctr.iv = mf_slice_of(iv, 16);
    ctr.counter_bits = 2;
    MF_CHECK_INT(mf_cipher_run(&ctr, mf_slice_of(plain, 64), NULL, &out), 0);
    MF_CHECK_INT(mf_cipher_run(&ctr, mf_slice_of(plain, 65), NULL, &out), MF_E_CRYPTO);
    ctr.counter_bits = 0;
    MF_CHECK_INT(mf_cipher_run(&ctr, mf_slice_of(plain, 1), NULL, &out), MF_E_INVALID);
    ctr.counter_bits = 129;
    MF_CHECK_INT(mf_cipher_run(&ctr, mf_slice_of(plain, 1), NULL, &out), MF_E_INVALID);
}

static void wrong_sizes_are_refused(void)
{
    uint8_t bytes[4096] = {0};
    static const size_t sizes[] = {0, 1, 15, 16, 17, 23, 24, 25, 31, 32, 33, 200};

    for (unsigned cipher = 0; cipher < MF_CIPHER_COUNT; cipher++) {
        for (size_t k = 0; k < MF_COUNT_OF(sizes); k++) {
            for (size_t v = 0; v < MF_COUNT_OF(sizes); v++) {
                for (uint32_t tag = 0; tag <= 17; tag++) {
                    struct mf_cipher_call call = {.cipher = cipher, .tag_bytes = tag, .counter_bits = 32};
                    call.key = mf_slice_of(bytes, sizes[k]);
                    call.iv = mf_slice_of(bytes, sizes[v]);
                    for (int is_encrypt = 0; is_encrypt <= 1; is_encrypt++) {
                        call.is_encrypt = is_encrypt;
                        mf_buf_reset(&out);
                        int error = mf_cipher_run(&call, mf_slice_of(bytes, 64), NULL, &out);
                        MF_CHECK(error == 0 || error == MF_E_INVALID || error == MF_E_CRYPTO);
                        MF_CHECK(error == 0 || out.size == 0);
                        bool is_key = sizes[k] == 16 || sizes[k] == 24 || sizes[k] == 32;
                        MF_CHECK(error < 0 || is_key);
                    }
                }
            }
        }
    }
    struct mf_cipher_call wrap = {
        .cipher = MF_CIPHER_AES_KW, .is_encrypt = true, .key = mf_slice_of(bytes, 16)};
    MF_CHECK_INT(mf_cipher_run(&wrap, mf_slice_of(bytes, 8), NULL, &out), MF_E_CRYPTO);
    MF_CHECK_INT(mf_cipher_run(&wrap, mf_slice_of(bytes, 17), NULL, &out), MF_E_CRYPTO);
}

static void long_ones_stop(void)
{
    size_t size = 8 * MF_CRYPTO_SLICE_BYTES;
    uint8_t *data = mf_new(size);
    uint8_t bytes[32] = {0};
    struct stop_after stop = stop_after(2);
    stop.stop.data = &stop;

    for (unsigned cipher = 0; cipher < MF_CIPHER_COUNT; cipher++) {
        size_t iv = cipher == MF_CIPHER_AES_CBC || cipher == MF_CIPHER_AES_CTR ? 16 : 12;
        struct mf_cipher_call call = {
            .cipher = cipher, .is_encrypt = true, .tag_bytes = 16, .counter_bits = 128};
        call.key = mf_slice_of(bytes, 32);
        call.iv = mf_slice_of(bytes, cipher == MF_CIPHER_AES_KW ? 0 : iv);
        stop.looks = 0;
        mf_buf_reset(&out);
        int error = mf_cipher_run(&call, mf_slice_of(data, size), &stop.stop, &out);
        MF_CHECK_INT(error, cipher == MF_CIPHER_AES_KW ? MF_E_CRYPTO : MF_E_CANCELED);
        MF_CHECK_INT(out.size, 0);
    }
    /* What is only authenticated is cut as well. */
    struct mf_cipher_call gcm = {.cipher = MF_CIPHER_AES_GCM, .is_encrypt = true, .tag_bytes = 16};
    gcm.key = mf_slice_of(bytes, 32);
    gcm.iv = mf_slice_of(bytes, 12);
    gcm.additional = mf_slice_of(data, size);
    stop.looks = 0;
    MF_CHECK_INT(mf_cipher_run(&gcm, mf_slice_of(NULL, 0), &stop.stop, &out), MF_E_CANCELED);
    mf_free(data);
}

int main(void)
{
    MF_CHECK_INT(mf_crypto_init(), 0);
    mf_buf_init(&out, 64 << 20);
    MF_RUN(published_vectors);
    MF_RUN(chacha_of_rfc_8439);
    MF_RUN(counters_wrap_in_their_bits);
    MF_RUN(wrong_sizes_are_refused);
    MF_RUN(long_ones_stop);
    mf_buf_done(&out);
    return 0;
}
