/* Keys: made, written and read again in every form; what they do; and every byte of them changed. */
#include "crypto_kit.h"

static const uint8_t F4[] = {1, 0, 1};
static const char *const names[] = {
#define XX(name, of_public, of_private) #name,
    MF_KEY_MAP(XX)
#undef XX
};

static struct mf_slice generate(enum mf_key_kind kind, struct mf_buf *buf)
{
    mf_buf_init(buf, MF_CRYPTO_KEY_BYTES_MAX);
    MF_CHECK_INT(mf_key_generate(kind, 1024, mf_slice_of(F4, sizeof(F4)), NULL, buf), 0);
    return mf_buf_peek(buf);
}

/* Of a private key's bytes: those of its public one, which begin them. */
static struct mf_slice public_of(enum mf_key_kind kind, struct mf_slice bytes)
{
    static const size_t parts[] = {
#define XX(name, of_public, of_private) (of_public),
        MF_KEY_MAP(XX)
#undef XX
    };
    size_t at = 0;

    for (size_t i = 0; i < parts[kind]; i++) {
        at += 2 + ((size_t)bytes.data[at] << 8 | bytes.data[at + 1]);
    }
    return mf_slice_of(bytes.data, at);
}

static struct mf_key unpack(enum mf_key_kind kind, bool is_private, struct mf_slice bytes)
{
    struct mf_key key;
    MF_CHECK_INT(mf_key_unpack(kind, is_private, bytes, &key), 0);
    return key;
}

/* |bytes| as they are written in |format|, read, checked and written again. */
static void check_form(enum mf_key_kind kind, enum mf_key_format format, struct mf_slice bytes)
{
    bool is_private = format == MF_KEY_FORMAT_PKCS8;
    struct mf_key key = unpack(kind, is_private, bytes);
    struct mf_buf form, again;

    mf_buf_init(&form, MF_CRYPTO_KEY_BYTES_MAX);
    mf_buf_init(&again, MF_CRYPTO_KEY_BYTES_MAX);
    MF_CHECK_INT(mf_key_write(&key, format, &form), 0);
    MF_CHECK_INT(mf_key_read(kind, format, mf_buf_peek(&form), &again), 0);
    MF_CHECK(mf_slice_equal(mf_buf_peek(&again), bytes));
    mf_buf_reset(&again);
    MF_CHECK_INT(mf_key_check(kind, is_private, bytes, &again), 0);
    MF_CHECK(mf_slice_equal(mf_buf_peek(&again), bytes));
    /* Cut anywhere, or with a byte behind: no key. */
    for (size_t cut = 0; cut < form.size; cut++) {
        mf_buf_reset(&again);
        MF_CHECK_INT(mf_key_read(kind, format, mf_slice_of(form.data, cut), &again), MF_E_INVALID);
        MF_CHECK_INT(again.size, 0);
    }
    MF_CHECK_INT(mf_buf_append(&form, "", 1), 0);
    MF_CHECK_INT(mf_key_read(kind, format, mf_buf_peek(&form), &again), MF_E_INVALID);
    form.size--;
    /* Any byte changed: no key, or one that is whole. */
    for (size_t i = 0; i < form.size; i++) {
        for (int bit = 0; bit < 8; bit += kind == MF_KEY_RSA ? 3 : 1) {
            form.data[i] ^= (uint8_t)(1 << bit);
            mf_buf_reset(&again);
            if (mf_key_read(kind, format, mf_buf_peek(&form), &again) == 0) {
                struct mf_key other = unpack(kind, is_private, mf_buf_peek(&again));
                MF_CHECK(other.parts[0].size > 0);
            }
            form.data[i] ^= (uint8_t)(1 << bit);
        }
    }
    mf_buf_done(&form);
    mf_buf_done(&again);
}

static void every_kind_in_every_form(void)
{
    for (unsigned kind = 0; kind < MF_KEY_COUNT; kind++) {
        struct mf_buf made;
        struct mf_slice bytes = generate(kind, &made);
        printf("   %s\n", names[kind]);
        check_form(kind, MF_KEY_FORMAT_PKCS8, bytes);
        check_form(kind, MF_KEY_FORMAT_SPKI, public_of(kind, bytes));
        if (kind != MF_KEY_RSA) {
            check_form(kind, MF_KEY_FORMAT_RAW, public_of(kind, bytes));
        }
        struct mf_key key = unpack(kind, false, public_of(kind, bytes));
        struct mf_buf out;
        mf_buf_init(&out, MF_CRYPTO_KEY_BYTES_MAX);
        MF_CHECK_INT(mf_key_write(&key, MF_KEY_FORMAT_PKCS8, &out), MF_E_INVALID);
        MF_CHECK_INT(mf_key_unpack(kind, true, public_of(kind, bytes), &key), MF_E_INVALID);
        MF_CHECK_INT(mf_key_unpack(kind, false, bytes, &key), MF_E_INVALID);
        mf_buf_done(&out);
        mf_buf_done(&made);
    }
}

/* Another curve's key is no key of this one. */
static void kinds_do_not_mix(void)
{
    struct mf_buf form, out;

    mf_buf_init(&form, MF_CRYPTO_KEY_BYTES_MAX);
    mf_buf_init(&out, MF_CRYPTO_KEY_BYTES_MAX);
    for (unsigned kind = 0; kind < MF_KEY_COUNT; kind++) {
        struct mf_buf made;
        struct mf_slice bytes = generate(kind, &made);
        struct mf_key key = unpack(kind, true, bytes);
        for (unsigned other = 0; other < MF_KEY_COUNT; other++) {
            for (unsigned format = MF_KEY_FORMAT_SPKI; format < MF_KEY_FORMAT_COUNT; format++) {
                mf_buf_reset(&form);
                mf_buf_reset(&out);
                MF_CHECK_INT(mf_key_write(&key, format, &form), 0);
                MF_CHECK_INT(mf_key_read(other, format, mf_buf_peek(&form), &out),
                             kind == other ? 0 : MF_E_INVALID);
            }
        }
        mf_buf_done(&made);
    }
    mf_buf_done(&form);
    mf_buf_done(&out);
}

static void halves_belong_together(void)
{
    struct mf_buf one, two, mixed, out;

    mf_buf_init(&mixed, MF_CRYPTO_KEY_BYTES_MAX);
    mf_buf_init(&out, MF_CRYPTO_KEY_BYTES_MAX);
    for (unsigned kind = 0; kind < MF_KEY_COUNT; kind++) {
        struct mf_slice a = generate(kind, &one);
        struct mf_slice b = generate(kind, &two);
        struct mf_slice front = public_of(kind, a), other = public_of(kind, b);
        mf_buf_reset(&mixed);
        MF_CHECK_INT(mf_buf_append_slice(&mixed, front), 0);
        MF_CHECK_INT(mf_buf_append(&mixed, b.data + other.size, b.size - other.size), 0);
        MF_CHECK_INT(mf_key_check(kind, true, mf_buf_peek(&mixed), &out), MF_E_INVALID);
        mf_buf_done(&one);
        mf_buf_done(&two);
    }
    /* A point beside its curve. */
    struct mf_slice bytes = generate(MF_KEY_P256, &one);
    one.data[10] ^= 1;
    MF_CHECK_INT(mf_key_check(MF_KEY_P256, false, public_of(MF_KEY_P256, bytes), &out), MF_E_INVALID);
    mf_buf_done(&one);
    mf_buf_done(&mixed);
    mf_buf_done(&out);
}

/* Each of RSA's numbers made another one. */
static void rsa_numbers_are_checked(void)
{
    struct mf_buf made, out;
    struct mf_slice bytes = generate(MF_KEY_RSA, &made);
    struct mf_key key = unpack(MF_KEY_RSA, true, bytes);

    mf_buf_init(&out, MF_CRYPTO_KEY_BYTES_MAX);
    for (size_t i = 0; i < 8; i++) {
        uint8_t *last = (uint8_t *)(uintptr_t)key.parts[i].data + key.parts[i].size - 1;
        for (int by = 1; by <= 2; by++) {
            *last ^= (uint8_t)by;
            MF_CHECK_INT(mf_key_check(MF_KEY_RSA, true, bytes, &out), MF_E_INVALID);
            *last ^= (uint8_t)by;
        }
    }
    MF_CHECK_INT(mf_key_check(MF_KEY_RSA, true, bytes, &out), 0);
    /* Zeros in front are taken off; an exponent that is too long, even or 1 is none. */
    static const struct {
        const char *exponent;
        int expected;
    } exponents[] = {{"03", 0},
                     {"000003", 0},
                     {"01", MF_E_INVALID},
                     {"010000", MF_E_INVALID},
                     {"", MF_E_INVALID},
                     {"800000000000000001", MF_E_INVALID}};
    for (size_t i = 0; i < MF_COUNT_OF(exponents); i++) {
        struct mf_slice e = hex(exponents[i].exponent);
        struct mf_buf packed;
        mf_buf_init(&packed, 4096);
        MF_CHECK_INT(mf_buf_append(&packed, bytes.data, 2 + key.parts[0].size), 0);
        MF_CHECK_INT(mf_buf_append(&packed, (uint8_t[]){0, (uint8_t)e.size}, 2), 0);
        MF_CHECK_INT(mf_buf_append_slice(&packed, e), 0);
        mf_buf_reset(&out);
        MF_CHECK_INT(mf_key_check(MF_KEY_RSA, false, mf_buf_peek(&packed), &out), exponents[i].expected);
        mf_buf_done(&packed);
    }
    mf_buf_done(&made);
    mf_buf_done(&out);
}

static void signatures_of_every_scheme(void)
{
    static const struct {
        enum mf_key_kind kind;
        struct mf_sign_call call;
        size_t bytes;
    } tries[] = {
        {MF_KEY_RSA, {MF_SCHEME_RSA_PKCS1, MF_DIGEST_SHA256, 0}, 128},
        {MF_KEY_RSA, {MF_SCHEME_RSA_PSS, MF_DIGEST_SHA384, 20}, 128},
        {MF_KEY_RSA, {MF_SCHEME_RSA_PSS, MF_DIGEST_SHA1, 0}, 128},
        {MF_KEY_P256, {MF_SCHEME_ECDSA, MF_DIGEST_SHA256, 0}, 64},
        {MF_KEY_P384, {MF_SCHEME_ECDSA, MF_DIGEST_SHA512, 0}, 96},
        {MF_KEY_P521, {MF_SCHEME_ECDSA, MF_DIGEST_SHA1, 0}, 132},
        {MF_KEY_ED25519, {MF_SCHEME_EDDSA, 0, 0}, 64},
        {MF_KEY_ED448, {MF_SCHEME_EDDSA, 0, 0}, 114},
    };
    struct mf_slice message = text_of("message");

    for (size_t i = 0; i < MF_COUNT_OF(tries); i++) {
        struct mf_buf made, out;
        struct mf_slice bytes = generate(tries[i].kind, &made);
        struct mf_key key = unpack(tries[i].kind, true, bytes);
        struct mf_key public = unpack(tries[i].kind, false, public_of(tries[i].kind, bytes));
        bool is_valid = false;
        mf_buf_init(&out, 1024);
        MF_CHECK_INT(mf_sign(&tries[i].call, &key, message, NULL, &out), 0);
        MF_CHECK_INT(out.size, tries[i].bytes);
        MF_CHECK_INT(mf_verify(&tries[i].call, &public, mf_buf_peek(&out), message, NULL, &is_valid), 0);
        MF_CHECK(is_valid);
        MF_CHECK_INT(mf_verify(&tries[i].call, &public, mf_buf_peek(&out), text_of("other"), NULL, &is_valid),
                     0);
        MF_CHECK(!is_valid);
        for (size_t cut = 0; cut < out.size; cut++) {
            MF_CHECK_INT(
                mf_verify(&tries[i].call, &public, mf_slice_of(out.data, cut), message, NULL, &is_valid), 0);
            MF_CHECK(!is_valid);
        }
        out.data[out.size / 3] ^= 4;
        MF_CHECK_INT(mf_verify(&tries[i].call, &public, mf_buf_peek(&out), message, NULL, &is_valid), 0);
        MF_CHECK(!is_valid);
        MF_CHECK_INT(mf_sign(&tries[i].call, &public, message, NULL, &out), MF_E_INVALID);
        for (unsigned scheme = 0; scheme < MF_SCHEME_COUNT; scheme++) {
            struct mf_sign_call other = {scheme, MF_DIGEST_SHA256, 0};
            bool is_rsa = tries[i].kind == MF_KEY_RSA && scheme <= MF_SCHEME_RSA_PSS;
            mf_buf_reset(&out);
            MF_CHECK_INT(mf_sign(&other, &key, message, NULL, &out),
                         is_rsa || scheme == tries[i].call.scheme ? 0 : MF_E_INVALID);
        }
        mf_buf_done(&made);
        mf_buf_done(&out);
    }
}

static void odd_parameters(void)
{
    struct mf_buf made, out;
    struct mf_slice bytes = generate(MF_KEY_RSA, &made);
    struct mf_key key = unpack(MF_KEY_RSA, true, bytes);
    static const uint32_t salts[] = {
        128, 95, 1024, 1025, INT32_MAX, (uint32_t)INT32_MAX + 1, UINT32_MAX - 1, UINT32_MAX};

    mf_buf_init(&out, 1 << 20);
    for (size_t i = 0; i < MF_COUNT_OF(salts); i++) {
        struct mf_sign_call call = {MF_SCHEME_RSA_PSS, MF_DIGEST_SHA256, salts[i]};
        bool is_valid = true;
        MF_CHECK_INT(mf_sign(&call, &key, text_of("m"), NULL, &out), MF_E_CRYPTO);
        MF_CHECK_INT(mf_verify(&call, &key, mf_slice_of(bytes.data, 128), text_of("m"), NULL, &is_valid), 0);
        MF_CHECK(!is_valid);
    }
    /* OAEP: what fits, with and without a label; the label matters. */
    struct mf_key public = unpack(MF_KEY_RSA, false, public_of(MF_KEY_RSA, bytes));
    uint8_t sealed[128];
    MF_CHECK_INT(mf_rsa_oaep(true, MF_DIGEST_SHA256, &public, text_of("label"), text_of("secret"), &out), 0);
    MF_CHECK_INT(out.size, 128);
    memcpy(sealed, out.data, 128);
    mf_buf_reset(&out);
    MF_CHECK_INT(mf_rsa_oaep(false, MF_DIGEST_SHA256, &key, text_of("label"), mf_slice_of(sealed, 128), &out),
                 0);
    MF_CHECK_TEXT(mf_buf_peek(&out), "secret");
    MF_CHECK_INT(mf_rsa_oaep(false, MF_DIGEST_SHA256, &key, text_of("labe"), mf_slice_of(sealed, 128), &out),
                 MF_E_CRYPTO);
    MF_CHECK_INT(mf_rsa_oaep(false, MF_DIGEST_SHA1, &key, text_of("label"), mf_slice_of(sealed, 128), &out),
                 MF_E_CRYPTO);
    MF_CHECK_INT(
        mf_rsa_oaep(false, MF_DIGEST_SHA256, &public, text_of("label"), mf_slice_of(sealed, 128), &out),
        MF_E_INVALID);
    MF_CHECK_INT(mf_rsa_oaep(true, MF_DIGEST_SHA512, &public, mf_slice_of(NULL, 0), text_of("x"), &out),
                 MF_E_CRYPTO);
    MF_CHECK_INT(
        mf_rsa_oaep(true, MF_DIGEST_SHA256, &public, mf_slice_of(NULL, 0), mf_slice_of(bytes.data, 63), &out),
        MF_E_CRYPTO);
    mf_buf_done(&made);
    mf_buf_done(&out);
}

/* RFC 8032, 7.1, test 2. */
static void ed25519_of_rfc_8032(void)
{
    struct mf_slice der = hex(
        "302e020100300506032b6570042204204ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb");
    struct mf_sign_call call = {MF_SCHEME_EDDSA, 0, 0};
    struct mf_buf bytes, out;

    mf_buf_init(&bytes, MF_CRYPTO_KEY_BYTES_MAX);
    mf_buf_init(&out, 1024);
    MF_CHECK_INT(mf_key_read(MF_KEY_ED25519, MF_KEY_FORMAT_PKCS8, der, &bytes), 0);
    struct mf_key key = unpack(MF_KEY_ED25519, true, mf_buf_peek(&bytes));
    MF_CHECK_HEX(key.parts[0], "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c");
    MF_CHECK_INT(mf_sign(&call, &key, hex("72"), NULL, &out), 0);
    MF_CHECK_HEX(mf_buf_peek(&out), "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
                                    "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00");
    mf_buf_done(&bytes);
    mf_buf_done(&out);
}

static void secrets_agree(void)
{
    static const enum mf_key_kind kinds[] = {MF_KEY_P256, MF_KEY_P384, MF_KEY_P521, MF_KEY_X25519,
                                             MF_KEY_X448};

    for (size_t i = 0; i < MF_COUNT_OF(kinds); i++) {
        struct mf_buf one, two, first, second;
        struct mf_slice a = generate(kinds[i], &one), b = generate(kinds[i], &two);
        struct mf_key own = unpack(kinds[i], true, a), peer = unpack(kinds[i], true, b);
        struct mf_key own_public = unpack(kinds[i], false, public_of(kinds[i], a));
        struct mf_key peer_public = unpack(kinds[i], false, public_of(kinds[i], b));
        mf_buf_init(&first, 128);
        mf_buf_init(&second, 128);
        MF_CHECK_INT(mf_agree(&own, &peer_public, &first), 0);
        MF_CHECK_INT(mf_agree(&peer, &own_public, &second), 0);
        MF_CHECK(first.size >= 32 && mf_slice_equal(mf_buf_peek(&first), mf_buf_peek(&second)));
        MF_CHECK_INT(mf_agree(&own_public, &peer_public, &first), MF_E_INVALID);
        peer_public.kind = kinds[(i + 1) % MF_COUNT_OF(kinds)];
        MF_CHECK_INT(mf_agree(&own, &peer_public, &first), MF_E_INVALID);
        mf_buf_done(&one);
        mf_buf_done(&two);
        mf_buf_done(&first);
        mf_buf_done(&second);
    }
    /* A point of small order gives zeros, which are no secret. */
    struct mf_buf made, out;
    struct mf_slice bytes = generate(MF_KEY_X25519, &made);
    struct mf_key own = unpack(MF_KEY_X25519, true, bytes);
    uint8_t zeros[34] = {0, 32};
    struct mf_key zero = unpack(MF_KEY_X25519, false, mf_slice_of(zeros, sizeof(zeros)));
    mf_buf_init(&out, 128);
    MF_CHECK_INT(mf_agree(&own, &zero, &out), MF_E_CRYPTO);
    mf_buf_done(&made);
    mf_buf_done(&out);
}

/* RFC 5915's optional parts, compressed points, attributes; and the curve named otherwise. */
static void forms_of_others(void)
{
    struct mf_buf made, out;
    struct mf_slice bytes = generate(MF_KEY_P256, &made);
    struct mf_key key = unpack(MF_KEY_P256, true, bytes);
    uint8_t der[256], point[33];

    mf_buf_init(&out, MF_CRYPTO_KEY_BYTES_MAX);
    static const char head[] = "3041020100301306072a8648ce3d020106082a8648ce3d030107042730250201010420";
    memcpy(der, hex(head).data, sizeof(head) / 2);
    memcpy(der + sizeof(head) / 2, key.parts[2].data, 32);
    MF_CHECK_INT(mf_key_read(MF_KEY_P256, MF_KEY_FORMAT_PKCS8, mf_slice_of(der, sizeof(head) / 2 + 32), &out),
                 0);
    MF_CHECK(mf_slice_equal(mf_buf_peek(&out), bytes)); /* The public part was computed. */
    point[0] = (uint8_t)(2 | (key.parts[1].data[31] & 1));
    memcpy(point + 1, key.parts[0].data, 32);
    mf_buf_reset(&out);
    MF_CHECK_INT(mf_key_read(MF_KEY_P256, MF_KEY_FORMAT_RAW, mf_slice_of(point, 33), &out), 0);
    MF_CHECK(mf_slice_equal(mf_buf_peek(&out), public_of(MF_KEY_P256, bytes)));
    point[0] = 4;
    MF_CHECK_INT(mf_key_read(MF_KEY_P256, MF_KEY_FORMAT_RAW, mf_slice_of(point, 33), &out), MF_E_INVALID);
    MF_CHECK_INT(mf_key_read(MF_KEY_P256, MF_KEY_FORMAT_RAW, mf_slice_of("", 1), &out),
                 MF_E_INVALID); /* Infinity. */
    der[8 + 6] ^= 1;            /* Another algorithm. */
    MF_CHECK_INT(mf_key_read(MF_KEY_P256, MF_KEY_FORMAT_PKCS8, mf_slice_of(der, sizeof(head) / 2 + 32), &out),
                 MF_E_INVALID);
    mf_buf_done(&made);
    mf_buf_done(&out);
}

static void making_rsa_keys_stops(void)
{
    struct mf_buf out;
    struct mf_slice f4 = mf_slice_of(F4, sizeof(F4));

    mf_buf_init(&out, MF_CRYPTO_KEY_BYTES_MAX);
    for (int after = 1; after <= 40; after += 13) {
        struct stop_after stop = stop_after(after);
        stop.stop.data = &stop;
        uint64_t begin = mf_clock_thread_cpu_ns();
        MF_CHECK_INT(mf_key_generate(MF_KEY_RSA, 4096, f4, &stop.stop, &out), MF_E_CANCELED);
        MF_CHECK(mf_clock_thread_cpu_ns() - begin < 2 * MF_NS_PER_S);
        MF_CHECK_INT(out.size, 0);
    }
    static const uint8_t exponents[][3] = {{0, 0, 0}, {0, 0, 1}, {1, 0, 0}};
    for (size_t i = 0; i < MF_COUNT_OF(exponents); i++) {
        MF_CHECK_INT(mf_key_generate(MF_KEY_RSA, 1024, mf_slice_of(exponents[i], 3), NULL, &out),
                     MF_E_CRYPTO);
    }
    MF_CHECK_INT(mf_key_generate(MF_KEY_RSA, 0, f4, NULL, &out), MF_E_CRYPTO);
    MF_CHECK_INT(mf_key_generate(MF_KEY_RSA, MF_CRYPTO_RSA_GENERATE_BITS_MAX + 8, f4, NULL, &out),
                 MF_E_CRYPTO);
    MF_CHECK_INT(mf_key_generate(MF_KEY_RSA, UINT32_MAX, f4, NULL, &out), MF_E_CRYPTO);
    MF_CHECK_INT(mf_key_generate(MF_KEY_RSA, 1024, mf_slice_of(NULL, 0), NULL, &out), MF_E_CRYPTO);
    mf_buf_done(&out);
}

int main(void)
{
    MF_CHECK_INT(mf_crypto_init(), 0);
    MF_RUN(every_kind_in_every_form);
    MF_RUN(kinds_do_not_mix);
    MF_RUN(halves_belong_together);
    MF_RUN(rsa_numbers_are_checked);
    MF_RUN(signatures_of_every_scheme);
    MF_RUN(odd_parameters);
    MF_RUN(ed25519_of_rfc_8032);
    MF_RUN(secrets_agree);
    MF_RUN(forms_of_others);
    MF_RUN(making_rsa_keys_stops);
    return 0;
}
