/* Digests at once and in pieces, HMAC, HKDF, PBKDF2: published vectors, hostile states, and that the long ones stop. */
#include "crypto_kit.h"

static struct mf_slice digest_of(enum mf_digest digest, struct mf_slice data)
{
    static uint8_t memory[MF_DIGEST_BYTES_MAX];
    MF_CHECK_INT(mf_digest_of(digest, data, NULL, memory), 0);
    return mf_slice_of(memory, mf_digest_bytes(digest));
}

static void digests_of_published_vectors(void)
{
    struct mf_slice abc = text_of("abc");
    MF_CHECK_HEX(digest_of(MF_DIGEST_MD5, abc), "900150983cd24fb0d6963f7d28e17f72");
    MF_CHECK_HEX(digest_of(MF_DIGEST_SHA1, abc), "a9993e364706816aba3e25717850c26c9cd0d89d");
    MF_CHECK_HEX(digest_of(MF_DIGEST_SHA256, abc),
                 "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    MF_CHECK_HEX(digest_of(MF_DIGEST_SHA384, abc),
                 "cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed"
                 "8086072ba1e7cc2358baeca134c825a7");
    MF_CHECK_HEX(
        digest_of(MF_DIGEST_SHA512, abc),
        "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd"
        "454d4423643ce80e2a9ac94fa54ca49f");
    MF_CHECK_HEX(digest_of(MF_DIGEST_SHA3_256, abc),
                 "3a985da74fe225b2045c172d6bd390bd855f086e3e9d525b46bfe24511431532");
    MF_CHECK_HEX(digest_of(MF_DIGEST_SHA256, mf_slice_of(NULL, 0)),
                 "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    MF_CHECK_HEX(
        digest_of(MF_DIGEST_SHA3_512, mf_slice_of(NULL, 0)),
        "a69f73cca23a9ac5c8b567dc185a756e97c982164fe25859e0d1dcc1475c80a615b2123af1f5f94c11e3e9402c3ac558"
        "f500199d95b6d3e301758586281dcd26");
}

/* Every way to cut a message of some blocks into two gives the digest of the whole. */
static void pieces_are_the_whole(void)
{
    uint8_t message[300];
    uint8_t first[MF_DIGEST_STATE_BYTES_MAX];
    uint8_t second[MF_DIGEST_STATE_BYTES_MAX];
    uint8_t digest[MF_DIGEST_BYTES_MAX];

    for (size_t i = 0; i < sizeof(message); i++) {
        message[i] = (uint8_t)(i * 7);
    }
    for (unsigned kind = MF_DIGEST_MD5; kind <= MF_DIGEST_SHA512; kind++) {
        for (size_t cut = 0; cut <= sizeof(message); cut++) {
            size_t size;
            MF_CHECK_INT(
                mf_digest_update(kind, mf_slice_of(NULL, 0), mf_slice_of(message, cut), NULL, first, &size),
                0);
            MF_CHECK(size <= sizeof(first));
            MF_CHECK_INT(mf_digest_update(kind, mf_slice_of(first, size),
                                          mf_slice_of(message + cut, sizeof(message) - cut), NULL, second,
                                          &size),
                         0);
            MF_CHECK_INT(mf_digest_final(kind, mf_slice_of(second, size), digest), 0);
            MF_CHECK(memcmp(digest, digest_of(kind, mf_slice_of(message, sizeof(message))).data,
                            mf_digest_bytes(kind)) == 0);
        }
    }
}

static void hostile_states_are_refused(void)
{
    uint8_t state[MF_DIGEST_STATE_BYTES_MAX];
    uint8_t digest[MF_DIGEST_BYTES_MAX];
    size_t size;

    MF_CHECK_INT(
        mf_digest_update(MF_DIGEST_SHA256, mf_slice_of(NULL, 0), text_of("abcde"), NULL, state, &size), 0);
    MF_CHECK_INT(size, 1 + 8 + 32 + 5);
    for (size_t cut = 1; cut < size; cut++) {
        MF_CHECK_INT(mf_digest_final(MF_DIGEST_SHA256, mf_slice_of(state, cut), digest), MF_E_INVALID);
    }
    MF_CHECK_INT(mf_digest_final(MF_DIGEST_SHA512, mf_slice_of(state, size), digest), MF_E_INVALID);
    MF_CHECK_INT(mf_digest_final(MF_DIGEST_SHA3_256, mf_slice_of(state, size), digest), MF_E_UNSUPPORTED);
    memset(state + 1, 0xff, 8); /* More bytes than there can be. */
    MF_CHECK_INT(mf_digest_final(MF_DIGEST_SHA256, mf_slice_of(state, size), digest), MF_E_INVALID);
    uint64_t most = MF_CRYPTO_DIGEST_BYTES_MAX;
    memcpy(state + 1, &most, 8);
    MF_CHECK_INT(mf_digest_final(MF_DIGEST_SHA256, mf_slice_of(state, 1 + 8 + 32), digest), 0);
    MF_CHECK_INT(
        mf_digest_update(MF_DIGEST_SHA256, mf_slice_of(state, 1 + 8 + 32), text_of("a"), NULL, state, &size),
        MF_E_TOO_LARGE);
}

static void hmac_of_published_vectors(void)
{
    uint8_t mac[MF_DIGEST_BYTES_MAX]; /* RFC 2202 and 4231, cases 1, 2 and 6. */

    MF_CHECK_INT(mf_hmac(MF_DIGEST_MD5, text_of("Jefe"), text_of("what do ya want for nothing?"), NULL, mac),
                 0);
    MF_CHECK_HEX(mf_slice_of(mac, 16), "750c783e6ab0b503eaa86e310a5db738");
    MF_CHECK_INT(mf_hmac(MF_DIGEST_SHA1, text_of("Jefe"), text_of("what do ya want for nothing?"), NULL, mac),
                 0);
    MF_CHECK_HEX(mf_slice_of(mac, 20), "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79");
    MF_CHECK_INT(mf_hmac(MF_DIGEST_SHA256, hex("0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b"),
                         text_of("Hi There"), NULL, mac),
                 0);
    MF_CHECK_HEX(mf_slice_of(mac, 32), "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
    uint8_t key[131];
    memset(key, 0xaa, sizeof(key));
    struct mf_slice message = text_of("Test Using Larger Than Block-Size Key - Hash Key First");
    MF_CHECK_INT(mf_hmac(MF_DIGEST_SHA512, mf_slice_of(key, sizeof(key)), message, NULL, mac), 0);
    MF_CHECK_HEX(
        mf_slice_of(mac, 64),
        "80b24263c7c1a3ebb71493c1dd7be8b49b46d1f41b4aeec1121b013783f8f3526b56d037e05f2598bd0fd2215d6a1e52"
        "95e64f73f63f0aec8b915a985d786598");
    MF_CHECK_INT(mf_hmac(MF_DIGEST_SHA256, mf_slice_of(NULL, 0), mf_slice_of(NULL, 0), NULL, mac), 0);
    MF_CHECK_HEX(mf_slice_of(mac, 32), "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad");
    MF_CHECK_INT(mf_hmac(MF_DIGEST_SHA3_256, message, message, NULL, mac), MF_E_UNSUPPORTED);
}

static void hkdf_of_published_vectors(void)
{
    struct mf_buf out; /* RFC 5869, A.1 and A.3. */

    mf_buf_init(&out, 1 << 20);
    MF_CHECK_INT(mf_hkdf(MF_DIGEST_SHA256, hex("0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b"),
                         hex("000102030405060708090a0b0c"), hex("f0f1f2f3f4f5f6f7f8f9"), 42, NULL, &out),
                 0);
    MF_CHECK_HEX(mf_buf_peek(&out),
                 "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865");
    mf_buf_reset(&out);
    MF_CHECK_INT(mf_hkdf(MF_DIGEST_SHA256, hex("0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b"),
                         mf_slice_of(NULL, 0), mf_slice_of(NULL, 0), 42, NULL, &out),
                 0);
    MF_CHECK_HEX(mf_buf_peek(&out),
                 "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8");
    mf_buf_reset(&out);
    MF_CHECK_INT(mf_hkdf(MF_DIGEST_SHA1, text_of("k"), text_of("s"), text_of("i"), 255 * 20, NULL, &out), 0);
    MF_CHECK_INT(out.size, 255 * 20);
    MF_CHECK_INT(mf_hkdf(MF_DIGEST_SHA1, text_of("k"), text_of("s"), text_of("i"), 255 * 20 + 1, NULL, &out),
                 MF_E_CRYPTO);
    mf_buf_reset(&out);
    MF_CHECK_INT(mf_hkdf(MF_DIGEST_SHA1, text_of("k"), text_of("s"), text_of("i"), 0, NULL, &out), 0);
    MF_CHECK_INT(out.size, 0);
    mf_buf_done(&out);
}

static void pbkdf2_of_published_vectors(void)
{
    struct mf_buf out; /* RFC 6070 and RFC 7914. */

    mf_buf_init(&out, 1 << 20);
    MF_CHECK_INT(mf_pbkdf2(MF_DIGEST_SHA1, text_of("password"), text_of("salt"), 1, 20, NULL, &out), 0);
    MF_CHECK_INT(mf_pbkdf2(MF_DIGEST_SHA1, text_of("password"), text_of("salt"), 4096, 20, NULL, &out), 0);
    MF_CHECK_HEX(mf_buf_peek(&out),
                 "0c60c80f961f0e71f3a9b524af6012062fe037a64b007901b765489abead49d926f721d065a429c1");
    mf_buf_reset(&out);
    MF_CHECK_INT(mf_pbkdf2(MF_DIGEST_SHA1, text_of("passwordPASSWORDpassword"),
                           text_of("saltSALTsaltSALTsaltSALTsaltSALTsalt"), 4096, 25, NULL, &out),
                 0);
    MF_CHECK_HEX(mf_buf_peek(&out), "3d2eec4fe41c849b80c8d83662c0e44a8b291a964cf2f07038");
    mf_buf_reset(&out);
    MF_CHECK_INT(mf_pbkdf2(MF_DIGEST_SHA256, text_of("passwd"), text_of("salt"), 1, 64, NULL, &out), 0);
    MF_CHECK_HEX(mf_buf_peek(&out), "55ac046e56e3089fec1691c22544b605f94185216dde0465e68b9d57c20dacbc"
                                    "49ca9cccf179b645991664b39d77ef317c71b845b1e30bd509112041d3a19783");
    MF_CHECK_INT(mf_pbkdf2(MF_DIGEST_SHA256, text_of("p"), text_of("s"), 0, 1, NULL, &out), MF_E_INVALID);
    MF_CHECK_INT(mf_pbkdf2(MF_DIGEST_SHA256, text_of("p"), text_of("s"), MF_CRYPTO_PBKDF2_ITERATIONS_MAX + 1,
                           1, NULL, &out),
                 MF_E_INVALID);
    MF_CHECK_INT(mf_pbkdf2(MF_DIGEST_SHA256, text_of("p"), text_of("s"), 1, MF_CRYPTO_PBKDF2_BYTES_MAX + 1,
                           NULL, &out),
                 MF_E_INVALID);
    mf_buf_done(&out);
}

/* Each of them, and soon: no slice is longer than said. */
static void long_ones_stop(void)
{
    size_t size = 8 * MF_CRYPTO_SLICE_BYTES;
    uint8_t *data = mf_new(size);
    uint8_t digest[MF_DIGEST_BYTES_MAX], state[MF_DIGEST_STATE_BYTES_MAX];
    size_t state_size;
    struct mf_buf out;

    mf_buf_init(&out, 1 << 20);
    for (int after = 1; after <= 3; after++) {
        struct stop_after stop = stop_after(after);
        stop.stop.data = &stop;
#define MF_CHECK_STOPS(call)                                                                                 \
    do {                                                                                                     \
        stop.looks = 0;                                                                                      \
        MF_CHECK_INT(call, MF_E_CANCELED);                                                                   \
        MF_CHECK_INT(stop.looks, after);                                                                     \
    } while (0)
        struct mf_slice much = mf_slice_of(data, size);
        MF_CHECK_STOPS(mf_digest_of(MF_DIGEST_SHA256, much, &stop.stop, digest));
        MF_CHECK_STOPS(mf_digest_of(MF_DIGEST_SHA3_256, much, &stop.stop, digest));
        MF_CHECK_STOPS(
            mf_digest_update(MF_DIGEST_MD5, mf_slice_of(NULL, 0), much, &stop.stop, state, &state_size));
        MF_CHECK_STOPS(mf_hmac(MF_DIGEST_SHA1, text_of("k"), much, &stop.stop, digest));
        MF_CHECK_STOPS(mf_hmac(MF_DIGEST_SHA1, much, text_of("m"), &stop.stop, digest));
        MF_CHECK_STOPS(mf_hkdf(MF_DIGEST_SHA512, text_of("k"), text_of("s"), much, 64, &stop.stop, &out));
        MF_CHECK_STOPS(
            mf_hkdf(MF_DIGEST_SHA512, text_of("k"), text_of("s"), text_of("i"), 255 * 64, &stop.stop, &out));
        MF_CHECK_STOPS(
            mf_pbkdf2(MF_DIGEST_SHA256, text_of("p"), text_of("s"), 1000000, 32, &stop.stop, &out));
        MF_CHECK_STOPS(mf_pbkdf2(MF_DIGEST_SHA256, text_of("p"), text_of("s"), 1, 65536, &stop.stop, &out));
        MF_CHECK_STOPS(mf_pbkdf2(MF_DIGEST_SHA256, text_of("p"), much, 1, 32, &stop.stop, &out));
    }
    mf_free(data);
    mf_buf_done(&out);
}

static void equal_is_equal(void)
{
    MF_CHECK(mf_crypto_equal(text_of("abc"), text_of("abc")));
    MF_CHECK(!mf_crypto_equal(text_of("abc"), text_of("abd")));
    MF_CHECK(!mf_crypto_equal(text_of("abc"), text_of("ab")));
    MF_CHECK(mf_crypto_equal(mf_slice_of(NULL, 0), mf_slice_of(NULL, 0)));
}

int main(void)
{
    MF_CHECK_INT(mf_crypto_init(), 0);
    MF_RUN(digests_of_published_vectors);
    MF_RUN(pieces_are_the_whole);
    MF_RUN(hostile_states_are_refused);
    MF_RUN(hmac_of_published_vectors);
    MF_RUN(hkdf_of_published_vectors);
    MF_RUN(pbkdf2_of_published_vectors);
    MF_RUN(long_ones_stop);
    MF_RUN(equal_is_equal);
    return 0;
}
