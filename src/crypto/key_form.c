/* key_form.c - keys in the forms that files have: raw points, SubjectPublicKeyInfo (RFC 5280), PKCS#8 (RFC 5958). */
#include "der.h"
#include "key.h"

/* The contents of each kind's AlgorithmIdentifier: compared as they are, so that no other parameters are looked at. */
#define ALGORITHM_MAP(XX)                                                                                    \
    XX(RSA, "\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01\x05\x00")                                          \
    XX(P256, "\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07")                 \
    XX(P384, "\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x06\x05\x2b\x81\x04\x00\x22")                             \
    XX(P521, "\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x06\x05\x2b\x81\x04\x00\x23")                             \
    XX(ED25519, "\x06\x03\x2b\x65\x70")                                                                      \
    XX(ED448, "\x06\x03\x2b\x65\x71")                                                                        \
    XX(X25519, "\x06\x03\x2b\x65\x6e")                                                                       \
    XX(X448, "\x06\x03\x2b\x65\x6f")

#define OID_EC_BYTES 9 /* id-ecPublicKey at the front of a curve's; what follows names the curve. */

static const uint8_t ZERO = 0;
static const uint8_t ONE = 1;

static struct mf_slice algorithm_of(enum mf_key_kind kind)
{
    static const struct mf_slice algorithms[] = {
#define XX(name, text) [MF_KEY_##name] = {(const uint8_t *)(text), sizeof(text) - 1},
        ALGORITHM_MAP(XX)
#undef XX
    };

    return algorithms[kind];
}

static struct mf_slice curve_oid_of(enum mf_key_kind kind)
{
    struct mf_slice algorithm = algorithm_of(kind);

    return mf_slice_of(algorithm.data + OID_EC_BYTES, algorithm.size - OID_EC_BYTES);
}

/* Room for what a point or a private number is padded to. */
struct scratch {
    uint8_t x[KEY_CURVE_BYTES_MAX];
    uint8_t y[KEY_CURVE_BYTES_MAX];
    uint8_t d[KEY_CURVE_BYTES_MAX];
};

/* ---- public keys ---------------------------------------------------------------------------- */

static bool read_rsa_public(struct mf_slice bytes, struct mf_key *key)
{
    struct mf_slice numbers;

    return der_take(&bytes, DER_SEQUENCE, &numbers) && bytes.size == 0 &&
           der_take_uint(&numbers, &key->parts[0]) && der_take_uint(&numbers, &key->parts[1]) &&
           numbers.size == 0;
}

static int read_point(struct mf_slice point, struct scratch *scratch, struct mf_key *key)
{
    size_t bytes = key_part_bytes(key->kind);

    if (!key_is_curve(key->kind)) {
        key->parts[0] = point;
        return point.size == bytes ? 0 : MF_E_INVALID;
    }
    key->parts[0] = mf_slice_of(scratch->x, bytes);
    key->parts[1] = mf_slice_of(scratch->y, bytes);
    return key_curve_point(key->kind, point, scratch->x, scratch->y);
}

static int read_spki(struct mf_slice data, struct scratch *scratch, struct mf_key *key)
{
    struct mf_slice info;
    struct mf_slice bits;

    if (!der_take(&data, DER_SEQUENCE, &info) || data.size != 0 ||
        !der_take_same(&info, DER_SEQUENCE, algorithm_of(key->kind)) ||
        !der_take_bits(&info, DER_BITS, &bits) || info.size != 0) {
        return MF_E_INVALID;
    }
    if (key->kind == MF_KEY_RSA) {
        return read_rsa_public(bits, key) ? 0 : MF_E_INVALID;
    }
    return read_point(bits, scratch, key);
}

/* ---- private keys --------------------------------------------------------------------------- */

static bool read_rsa_private(struct mf_slice bytes, struct mf_key *key)
{
    struct mf_slice numbers;
    struct mf_slice version;

    if (!der_take(&bytes, DER_SEQUENCE, &numbers) || bytes.size != 0 || !der_take_uint(&numbers, &version) ||
        version.size != 0) {
        return false; /* Version 1 has more than two primes. */
    }
    for (size_t i = 0; i < key_parts(MF_KEY_RSA, true); i++) {
        if (!der_take_uint(&numbers, &key->parts[i])) {
            return false;
        }
    }
    return numbers.size == 0;
}

/* RFC 5915. The curve may be named again, the public point may be there. */
static int read_curve_private(struct mf_slice bytes, struct scratch *scratch, struct mf_key *key)
{
    size_t part_bytes = key_part_bytes(key->kind);
    struct mf_slice fields;
    struct mf_slice number;
    struct mf_slice tagged;
    struct mf_slice point;

    if (!der_take(&bytes, DER_SEQUENCE, &fields) || bytes.size != 0 ||
        !der_take_same(&fields, DER_INTEGER, mf_slice_of(&ONE, 1)) ||
        !der_take(&fields, DER_OCTETS, &number) || number.size > part_bytes) {
        return MF_E_INVALID;
    }
    memset(scratch->d, 0, part_bytes);
    if (number.size > 0) {
        memcpy(scratch->d + part_bytes - number.size, number.data, number.size);
    }
    key->parts[2] = mf_slice_of(scratch->d, part_bytes);
    if (der_take(&fields, DER_CONTEXT(0), &tagged) && !mf_slice_equal(tagged, curve_oid_of(key->kind))) {
        return MF_E_INVALID;
    }
    if (der_take(&fields, DER_CONTEXT(1), &tagged)) {
        if (!der_take_bits(&tagged, DER_BITS, &point) || tagged.size != 0) {
            return MF_E_INVALID;
        }
        int error = read_point(point, scratch, key);
        if (error < 0) {
            return error;
        }
    }
    return fields.size == 0 ? 0 : MF_E_INVALID;
}

/* RFC 8410: an octet string within the octet string. */
static bool read_okp_private(struct mf_slice bytes, struct mf_key *key)
{
    return der_take(&bytes, DER_OCTETS, &key->parts[1]) && bytes.size == 0;
}

static int read_pkcs8(struct mf_slice data, struct scratch *scratch, struct mf_key *key)
{
    struct mf_slice info;
    struct mf_slice inner;
    struct mf_slice skipped;
    struct mf_slice point;
    bool is_v2;

    if (!der_take(&data, DER_SEQUENCE, &info) || data.size != 0) {
        return MF_E_INVALID;
    }
    is_v2 = der_take_same(&info, DER_INTEGER, mf_slice_of(&ONE, 1));
    if ((!is_v2 && !der_take_same(&info, DER_INTEGER, mf_slice_of(&ZERO, 1))) ||
        !der_take_same(&info, DER_SEQUENCE, algorithm_of(key->kind)) ||
        !der_take(&info, DER_OCTETS, &inner)) {
        return MF_E_INVALID;
    }
    (void)der_take(&info, DER_CONTEXT(0), &skipped); /* Attributes. */
    if (is_v2 && der_take_bits(&info, DER_CONTEXT_PLAIN(1), &point) && !key_is_curve(key->kind) &&
        key->kind != MF_KEY_RSA) {
        key->parts[0] = point;
    }
    if (info.size != 0) {
        return MF_E_INVALID;
    }
    if (key->kind == MF_KEY_RSA) {
        return read_rsa_private(inner, key) ? 0 : MF_E_INVALID;
    }
    if (key_is_curve(key->kind)) {
        return read_curve_private(inner, scratch, key);
    }
    return read_okp_private(inner, key) ? 0 : MF_E_INVALID;
}

int mf_key_read(enum mf_key_kind kind, enum mf_key_format format, struct mf_slice data, struct mf_buf *out)
{
    struct mf_key key = {.kind = kind, .is_private = format == MF_KEY_FORMAT_PKCS8};
    struct scratch scratch;
    int error = MF_E_INVALID;

    if (data.size > MF_CRYPTO_KEY_BYTES_MAX) {
        return MF_E_INVALID;
    }
    switch (format) {
    case MF_KEY_FORMAT_RAW:
        error = kind == MF_KEY_RSA ? MF_E_INVALID : read_point(data, &scratch, &key);
        break;
    case MF_KEY_FORMAT_SPKI:
        error = read_spki(data, &scratch, &key);
        break;
    case MF_KEY_FORMAT_PKCS8:
        error = read_pkcs8(data, &scratch, &key);
        break;
    case MF_KEY_FORMAT_COUNT:
        break;
    }
    if (error == 0) {
        error = key_check(&key, out);
    }
    mf_wipe(&scratch, sizeof(scratch));
    return error < 0 ? crypto_fail(error) : 0;
}

/* ---- writing -------------------------------------------------------------------------------- */

static void put_point(struct der_writer *writer, const struct mf_key *key)
{
    static const uint8_t uncompressed = 4;

    if (key_is_curve(key->kind)) {
        der_put(writer, key->parts[1]);
        der_put(writer, key->parts[0]);
        der_put(writer, mf_slice_of(&uncompressed, 1));
    } else {
        der_put(writer, key->parts[0]);
    }
}

static void put_bit_string(struct der_writer *writer, size_t mark)
{
    der_put(writer, mf_slice_of(&ZERO, 1)); /* No unused bits. */
    der_put_header(writer, DER_BITS, mark);
}

static void put_spki(struct der_writer *writer, const struct mf_key *key)
{
    if (key->kind == MF_KEY_RSA) {
        der_put_uint(writer, key->parts[1]);
        der_put_uint(writer, key->parts[0]);
        der_put_header(writer, DER_SEQUENCE, 0);
    } else {
        put_point(writer, key);
    }
    put_bit_string(writer, 0);
    der_put_element(writer, DER_SEQUENCE, algorithm_of(key->kind));
    der_put_header(writer, DER_SEQUENCE, 0);
}

static void put_private(struct der_writer *writer, const struct mf_key *key)
{
    if (key->kind == MF_KEY_RSA) {
        for (size_t i = key_parts(MF_KEY_RSA, true); i-- > 0;) {
            der_put_uint(writer, key->parts[i]);
        }
        der_put_element(writer, DER_INTEGER, mf_slice_of(&ZERO, 1));
        der_put_header(writer, DER_SEQUENCE, 0);
    } else if (key_is_curve(key->kind)) {
        put_point(writer, key);
        put_bit_string(writer, 0);
        der_put_header(writer, DER_CONTEXT(1), 0);
        der_put_element(writer, DER_OCTETS, key->parts[2]);
        der_put_element(writer, DER_INTEGER, mf_slice_of(&ONE, 1));
        der_put_header(writer, DER_SEQUENCE, 0);
    } else {
        der_put_element(writer, DER_OCTETS, key->parts[1]);
    }
}

static void put_pkcs8(struct der_writer *writer, const struct mf_key *key)
{
    put_private(writer, key);
    der_put_header(writer, DER_OCTETS, 0);
    der_put_element(writer, DER_SEQUENCE, algorithm_of(key->kind));
    der_put_element(writer, DER_INTEGER, mf_slice_of(&ZERO, 1));
    der_put_header(writer, DER_SEQUENCE, 0);
}

int mf_key_write(const struct mf_key *key, enum mf_key_format format, struct mf_buf *out)
{
    struct der_writer writer;
    bool is_raw_rsa = format == MF_KEY_FORMAT_RAW && key->kind == MF_KEY_RSA;

    if (is_raw_rsa || (format == MF_KEY_FORMAT_PKCS8 && !key->is_private)) {
        return MF_E_INVALID;
    }
    der_begin(&writer);
    if (format == MF_KEY_FORMAT_RAW) {
        put_point(&writer, key);
    } else if (format == MF_KEY_FORMAT_SPKI) {
        put_spki(&writer, key);
    } else {
        put_pkcs8(&writer, key);
    }
    int error = mf_buf_append_slice(out, der_written(&writer));
    mf_wipe(&writer, sizeof(writer));
    return error;
}
