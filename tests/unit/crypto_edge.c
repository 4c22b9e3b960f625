/* The edges that implementations were found to get wrong, after the families of Project Wycheproof: numbers at and past the
 * order, other encodings of the same number, points of small order, paddings. */
#include "crypto_kit.h"

/* P-256: p - 1 and so on do not matter here, the order does. */
#define ORDER "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551"

struct pair {
    struct mf_buf memory;
    struct mf_key private;
    struct mf_key public;
};

/* The public key's bytes begin the private one's. */
static void pair_make(enum mf_key_kind kind, struct pair *pair)
{
    static const uint8_t f4[] = {1, 0, 1};
    size_t parts = kind <= MF_KEY_P521 ? 2 : 1;
    size_t end = 0;

    mf_buf_init(&pair->memory, MF_CRYPTO_KEY_BYTES_MAX);
    MF_CHECK_INT(mf_key_generate(kind, 1024, mf_slice_of(f4, 3), NULL, &pair->memory), 0);
    for (size_t i = 0; i < parts; i++) {
        end += 2 + ((size_t)pair->memory.data[end] << 8 | pair->memory.data[end + 1]);
    }
    MF_CHECK_INT(mf_key_unpack(kind, true, mf_buf_peek(&pair->memory), &pair->private), 0);
    MF_CHECK_INT(mf_key_unpack(kind, false, mf_slice_of(pair->memory.data, end), &pair->public), 0);
}

static bool
is_valid(const struct mf_sign_call *call, const struct pair *pair, const uint8_t *signature, size_t size)
{
    bool is = true;
    MF_CHECK_INT(mf_verify(call, &pair->public, mf_slice_of(signature, size), text_of("message"), NULL, &is),
                 0);
    return is;
}

/* a += b, or a -= b; big endian, of one size. The carry falls off. */
static void add(uint8_t *a, const uint8_t *b, size_t size, int sign)
{
    int carry = 0;
    for (size_t i = size; i-- > 0;) {
        int sum = a[i] + sign * b[i] + carry;
        a[i] = (uint8_t)sum;
        carry = sum < 0 ? -1 : sum >> 8;
    }
}

static void ecdsa_numbers(void)
{
    struct mf_sign_call call = {MF_SCHEME_ECDSA, MF_DIGEST_SHA256, 0};
    struct pair pair;
    struct mf_buf out;
    uint8_t bad[64];
    const uint8_t *order = hex(ORDER).data;

    pair_make(MF_KEY_P256, &pair);
    mf_buf_init(&out, 1024);
    MF_CHECK_INT(mf_sign(&call, &pair.private, text_of("message"), NULL, &out), 0);
    MF_CHECK(is_valid(&call, &pair, out.data, 64));
    for (int half = 0; half < 2; half++) { /* r, then s: 0, the order, and more than it. */
        memcpy(bad, out.data, 64);
        memset(bad + 32 * half, 0, 32);
        MF_CHECK(!is_valid(&call, &pair, bad, 64));
        memcpy(bad + 32 * half, order, 32);
        MF_CHECK(!is_valid(&call, &pair, bad, 64));
        memset(bad + 32 * half, 0xff, 32);
        MF_CHECK(!is_valid(&call, &pair, bad, 64));
    }
    memset(bad, 0, 64);
    MF_CHECK(!is_valid(&call, &pair, bad, 64));
    bad[31] = 1; /* r = s = 1, and r = 1 with s = 0. */
    MF_CHECK(!is_valid(&call, &pair, bad, 64));
    bad[63] = 1;
    MF_CHECK(!is_valid(&call, &pair, bad, 64));
    /* Its mirror image is a signature, too: ECDSA is like that. */
    memcpy(bad, out.data, 32);
    memcpy(bad + 32, order, 32);
    add(bad + 32, out.data + 32, 32, -1);
    MF_CHECK(is_valid(&call, &pair, bad, 64));
    mf_buf_done(&out);
    mf_buf_done(&pair.memory);
}

/* S + L is S to the curve; taking it would let anybody make another signature of one. */
static void ed25519_is_not_malleable(void)
{
    static const uint8_t l[32] = {0x10, 0,    0,    0,    0,    0,    0,    0,    0,    0,    0,
                                  0,    0,    0,    0,    0,    0x14, 0xde, 0xf9, 0xde, 0xa2, 0xf7,
                                  0x9c, 0xd6, 0x58, 0x12, 0x63, 0x1a, 0x5c, 0xf5, 0xd3, 0xed};
    struct mf_sign_call call = {MF_SCHEME_EDDSA, 0, 0};
    struct pair pair;
    struct mf_buf out;
    uint8_t s[32];

    pair_make(MF_KEY_ED25519, &pair);
    mf_buf_init(&out, 1024);
    MF_CHECK_INT(mf_sign(&call, &pair.private, text_of("message"), NULL, &out), 0);
    MF_CHECK(is_valid(&call, &pair, out.data, 64));
    for (size_t i = 0; i < 32; i++) {
        s[i] = out.data[63 - i];
    }
    add(s, l, 32, 1);
    for (size_t i = 0; i < 32; i++) {
        out.data[63 - i] = s[i];
    }
    MF_CHECK(!is_valid(&call, &pair, out.data, 64));
    /* A key or an R of small order signs anything: neither is believed. */
    uint8_t zeros[64] = {0};
    uint8_t small[34] = {0, 32, 1};
    MF_CHECK(!is_valid(&call, &pair, zeros, 64));
    MF_CHECK_INT(mf_key_unpack(MF_KEY_ED25519, false, mf_slice_of(small, sizeof(small)), &pair.public), 0);
    zeros[0] = 1;
    MF_CHECK(!is_valid(&call, &pair, zeros, 64));
    mf_buf_done(&out);
    mf_buf_done(&pair.memory);
}

static void rsa_signatures_have_one_form(void)
{
    static const enum mf_scheme schemes[] = {MF_SCHEME_RSA_PKCS1, MF_SCHEME_RSA_PSS};
    struct pair pair;

    pair_make(MF_KEY_RSA, &pair);
    for (size_t i = 0; i < MF_COUNT_OF(schemes); i++) {
        struct mf_sign_call call = {schemes[i], MF_DIGEST_SHA256, 32};
        struct mf_sign_call other = {schemes[i], MF_DIGEST_SHA384, 32};
        struct mf_buf out;
        uint8_t bad[129] = {0};
        mf_buf_init(&out, 1024);
        MF_CHECK_INT(mf_sign(&call, &pair.private, text_of("message"), NULL, &out), 0);
        MF_CHECK(is_valid(&call, &pair, out.data, 128));
        MF_CHECK(!is_valid(&other, &pair, out.data, 128));
        memcpy(bad + 1, out.data, 128);
        MF_CHECK(!is_valid(&call, &pair, bad, 129)); /* A zero before it, a zero behind it. */
        memcpy(bad, out.data, 128);
        bad[128] = 0;
        MF_CHECK(!is_valid(&call, &pair, bad, 129));
        add(bad, pair.public.parts[0].data, 128, 1); /* s + n, where it fits. */
        MF_CHECK(!is_valid(&call, &pair, bad, 128));
        memset(bad, 0, sizeof(bad));
        MF_CHECK(!is_valid(&call, &pair, bad, 128));
        bad[127] = 1;
        MF_CHECK(!is_valid(&call, &pair, bad, 128));
        if (schemes[i] == MF_SCHEME_RSA_PSS) {
            struct mf_sign_call shorter = {schemes[i], MF_DIGEST_SHA256, 31};
            MF_CHECK(!is_valid(&shorter, &pair, out.data, 128));
        }
        mf_buf_done(&out);
    }
    mf_buf_done(&pair.memory);
}

/* RFC 7748, 5.2; then points whose multiples are all zero. */
static void x25519_points(void)
{
    static const char *const small[] = {
        "0000000000000000000000000000000000000000000000000000000000000000",
        "0100000000000000000000000000000000000000000000000000000000000000",
        "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
        "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    };
    struct mf_buf bytes, out;
    struct mf_key own, peer;
    uint8_t packed[34] = {0, 32};

    mf_buf_init(&bytes, 1024);
    mf_buf_init(&out, 1024);
    struct mf_slice der = hex(
        "302e020100300506032b656e04220420a546e36bf0527c9d3b16154b82465edd62144c0ac1fc5a18506a2244ba449ac4");
    MF_CHECK_INT(mf_key_read(MF_KEY_X25519, MF_KEY_FORMAT_PKCS8, der, &bytes), 0);
    MF_CHECK_INT(mf_key_unpack(MF_KEY_X25519, true, mf_buf_peek(&bytes), &own), 0);
    memcpy(packed + 2, hex("e6db6867583030db3594c1a424b15f7c726624ec26b3353b10a903a6d0ab1c4c").data, 32);
    MF_CHECK_INT(mf_key_unpack(MF_KEY_X25519, false, mf_slice_of(packed, 34), &peer), 0);
    MF_CHECK_INT(mf_agree(&own, &peer, &out), 0);
    MF_CHECK_HEX(mf_buf_peek(&out), "c3da55379de9c6908e94ea4df28d084f32eccf03491c71f754b4075577a28552");
    for (size_t i = 0; i < MF_COUNT_OF(small); i++) {
        memcpy(packed + 2, hex(small[i]).data, 32);
        MF_CHECK_INT(mf_key_unpack(MF_KEY_X25519, false, mf_slice_of(packed, 34), &peer), 0);
        MF_CHECK_INT(mf_agree(&own, &peer, &out), MF_E_CRYPTO);
    }
    mf_buf_done(&bytes);
    mf_buf_done(&out);
}

/* The last byte says how many are padding: 1 to 16, all the same. */
static void cbc_paddings(void)
{
    struct mf_cipher_call cbc = {.cipher = MF_CIPHER_AES_CBC, .is_encrypt = true};
    struct mf_buf out;
    uint8_t block[32];

    cbc.key = hex("2b7e151628aed2a6abf7158809cf4f3c");
    cbc.iv = hex("00000000000000000000000000000000");
    mf_buf_init(&out, 1024);
    for (unsigned last = 0; last <= 255; last++) {
        for (int is_broken = 0; is_broken <= 1; is_broken++) {
            memset(block, (int)last,
                   16); /* The block whose padding it shall be; the one behind it is cut off again. */
            block[14] ^= (uint8_t)is_broken;
            cbc.is_encrypt = true;
            mf_buf_reset(&out);
            MF_CHECK_INT(mf_cipher_run(&cbc, mf_slice_of(block, 16), NULL, &out), 0);
            memcpy(block, out.data, 16);
            cbc.is_encrypt = false;
            mf_buf_reset(&out);
            bool is_padding = last >= 1 && last <= 16 && (!is_broken || last == 1);
            MF_CHECK_INT(mf_cipher_run(&cbc, mf_slice_of(block, 16), NULL, &out),
                         is_padding ? 0 : MF_E_CRYPTO);
            MF_CHECK_INT(out.size, is_padding ? 16 - last : 0);
        }
    }
    /* No whole blocks, or none at all. */
    MF_CHECK_INT(mf_cipher_run(&cbc, mf_slice_of(block, 15), NULL, &out), MF_E_CRYPTO);
    MF_CHECK_INT(mf_cipher_run(&cbc, mf_slice_of(NULL, 0), NULL, &out), MF_E_CRYPTO);
    mf_buf_done(&out);
}

static void gcm_vectors_and_tags(void)
{
    struct mf_cipher_call gcm = {.cipher = MF_CIPHER_AES_GCM};
    struct mf_buf sealed, opened;
    uint8_t iv[200] = {0};

    gcm.key = hex("feffe9928665731c6d6a8f9467308308");
    mf_buf_init(&sealed, 1024);
    mf_buf_init(&opened, 1024);
    for (size_t size = 0; size <= sizeof(iv); size++) {
        for (uint32_t tag = 4; tag <= 16; tag += 4) {
            gcm.iv = mf_slice_of(iv, size);
            gcm.tag_bytes = tag;
            gcm.is_encrypt = true;
            mf_buf_reset(&sealed);
            int error = mf_cipher_run(&gcm, text_of("text"), NULL, &sealed);
            MF_CHECK_INT(error, size >= 1 && size <= 128 ? 0 : MF_E_CRYPTO);
            if (error < 0) {
                continue;
            }
            MF_CHECK_INT(sealed.size, 4 + tag);
            gcm.is_encrypt = false;
            mf_buf_reset(&opened);
            MF_CHECK_INT(mf_cipher_run(&gcm, mf_buf_peek(&sealed), NULL, &opened), 0);
            MF_CHECK_TEXT(mf_buf_peek(&opened), "text");
            iv[0] ^= 1;
            mf_buf_reset(&opened);
            MF_CHECK_INT(mf_cipher_run(&gcm, mf_buf_peek(&sealed), NULL, &opened), MF_E_CRYPTO);
            iv[0] ^= 1;
            MF_CHECK_INT(mf_cipher_run(&gcm, mf_slice_of(sealed.data, tag - 1), NULL, &opened), MF_E_CRYPTO);
        }
    }
    mf_buf_done(&sealed);
    mf_buf_done(&opened);
}

int main(void)
{
    MF_CHECK_INT(mf_crypto_init(), 0);
    MF_RUN(ecdsa_numbers);
    MF_RUN(ed25519_is_not_malleable);
    MF_RUN(rsa_signatures_have_one_form);
    MF_RUN(x25519_points);
    MF_RUN(cbc_paddings);
    MF_RUN(gcm_vectors_and_tags);
    return 0;
}
