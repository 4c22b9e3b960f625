/* key_curve.c - keys of P-256, P-384 and P-521. Only these curves are ever computed with. */
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/obj_mac.h>
#include <openssl/params.h>

#include "key.h"

const char *key_curve_name(enum mf_key_kind kind)
{
    return kind == MF_KEY_P256 ? SN_X9_62_prime256v1 : kind == MF_KEY_P384 ? SN_secp384r1 : SN_secp521r1;
}

static EC_GROUP *group_of(enum mf_key_kind kind)
{
    return EC_GROUP_new_by_curve_name(kind == MF_KEY_P256   ? NID_X9_62_prime256v1
                                      : kind == MF_KEY_P384 ? NID_secp384r1
                                                            : NID_secp521r1);
}

/* A curve and what is computed on it. */
struct curve {
    EC_GROUP *group;
    BN_CTX *context;
    EC_POINT *point;
    BIGNUM *x;
    BIGNUM *y;
    BIGNUM *d;
};

static int curve_open(enum mf_key_kind kind, struct curve *curve)
{
    memset(curve, 0, sizeof(*curve));
    curve->group = group_of(kind);
    curve->context = BN_CTX_new();
    curve->x = BN_new();
    curve->y = BN_new();
    curve->d = BN_new();
    curve->point = curve->group != NULL ? EC_POINT_new(curve->group) : NULL;
    bool is_open = curve->point != NULL && curve->context != NULL && curve->x != NULL && curve->y != NULL &&
                   curve->d != NULL;
    return is_open ? 0 : MF_E_NO_MEMORY;
}

static void curve_close(struct curve *curve)
{
    BN_free(curve->x);
    BN_free(curve->y);
    BN_clear_free(curve->d);
    EC_POINT_free(curve->point);
    BN_CTX_free(curve->context);
    EC_GROUP_free(curve->group);
}

/* The coordinates of curve->point; it is not the point at infinity. */
static int write_point(struct curve *curve, int bytes, uint8_t *ret_x, uint8_t *ret_y)
{
    if (EC_POINT_get_affine_coordinates(curve->group, curve->point, curve->x, curve->y, curve->context) !=
            1 ||
        BN_bn2binpad(curve->x, ret_x, bytes) != bytes || BN_bn2binpad(curve->y, ret_y, bytes) != bytes) {
        return MF_E_INVALID;
    }
    return 0;
}

int key_curve_point(enum mf_key_kind kind, struct mf_slice point, uint8_t *ret_x, uint8_t *ret_y)
{
    struct curve curve;
    size_t bytes = key_part_bytes(kind);
    bool is_whole = point.size == 1 + 2 * bytes && point.data[0] == 4;
    bool is_compressed = point.size == 1 + bytes && (point.data[0] == 2 || point.data[0] == 3);
    int error = curve_open(kind, &curve);

    /* Says no to a point that is not on the curve; all points of these curves but infinity have their whole order. */
    if (error == 0 &&
        ((!is_whole && !is_compressed) ||
         EC_POINT_oct2point(curve.group, curve.point, point.data, point.size, curve.context) != 1)) {
        error = MF_E_INVALID;
    }
    if (error == 0) {
        error = write_point(&curve, (int)bytes, ret_x, ret_y);
    }
    curve_close(&curve);
    return error;
}

/* Sets curve->point to |d| times the generator. */
static int point_of_private(struct curve *curve, struct mf_slice d)
{
    const BIGNUM *order = EC_GROUP_get0_order(curve->group);

    if (BN_bin2bn(d.data, (int)d.size, curve->d) == NULL) {
        return MF_E_NO_MEMORY;
    }
    if (BN_is_zero(curve->d) || BN_cmp(curve->d, order) >= 0) {
        return MF_E_INVALID;
    }
    BN_set_flags(curve->d, BN_FLG_CONSTTIME);
    return EC_POINT_mul(curve->group, curve->point, curve->d, NULL, NULL, curve->context) == 1 ? 0
                                                                                               : MF_E_INVALID;
}

static int point_of_public(struct curve *curve, const struct mf_key *key)
{
    if (BN_bin2bn(key->parts[0].data, (int)key->parts[0].size, curve->x) == NULL ||
        BN_bin2bn(key->parts[1].data, (int)key->parts[1].size, curve->y) == NULL) {
        return MF_E_NO_MEMORY;
    }
    int is_on_it =
        EC_POINT_set_affine_coordinates(curve->group, curve->point, curve->x, curve->y, curve->context);
    return is_on_it == 1 ? 0 : MF_E_INVALID;
}

int key_curve_check(const struct mf_key *key, struct mf_buf *out)
{
    uint8_t x[KEY_CURVE_BYTES_MAX];
    uint8_t y[KEY_CURVE_BYTES_MAX];
    struct mf_key clean = *key;
    struct curve curve;
    size_t bytes = key_part_bytes(key->kind);
    bool is_known = !key->is_private || key->parts[0].size + key->parts[1].size > 0;

    if ((is_known && (key->parts[0].size != bytes || key->parts[1].size != bytes)) ||
        (key->is_private && key->parts[2].size != bytes)) {
        return MF_E_INVALID;
    }
    int error = curve_open(key->kind, &curve);
    if (error == 0) {
        error = key->is_private ? point_of_private(&curve, key->parts[2]) : point_of_public(&curve, key);
    }
    if (error == 0) {
        error = write_point(&curve, (int)bytes, x, y);
    }
    curve_close(&curve);
    if (error < 0) {
        return error;
    }
    clean.parts[0] = mf_slice_of(x, bytes);
    clean.parts[1] = mf_slice_of(y, bytes);
    if (is_known &&
        (!mf_slice_equal(clean.parts[0], key->parts[0]) || !mf_slice_equal(clean.parts[1], key->parts[1]))) {
        return MF_E_INVALID; /* Of another private key; or a coordinate that was not reduced. */
    }
    return key_pack(&clean, out);
}

int key_curve_generate(enum mf_key_kind kind, struct mf_buf *out)
{
    uint8_t d[KEY_CURVE_BYTES_MAX];
    struct mf_key key = {.kind = kind, .is_private = true};
    struct curve curve;
    int bytes = (int)key_part_bytes(kind);
    int error = curve_open(kind, &curve);

    /* From 0 to the order less one; 0 comes up never. */
    if (error == 0 && (BN_priv_rand_range(curve.d, EC_GROUP_get0_order(curve.group)) != 1 ||
                       BN_bn2binpad(curve.d, d, bytes) != bytes)) {
        error = MF_E_INTERNAL;
    }
    curve_close(&curve);
    if (error == 0) {
        key.parts[2] = mf_slice_of(d, (size_t)bytes);
        error = key_curve_check(&key, out);
    }
    mf_wipe(d, sizeof(d));
    return error;
}

int key_curve_load(const struct mf_key *key, EVP_PKEY **ret_key)
{
    uint8_t point[1 + 2 * KEY_CURVE_BYTES_MAX] = {4};
    uint8_t native[KEY_CURVE_BYTES_MAX];
    size_t bytes = key_part_bytes(key->kind);
    OSSL_PARAM params[4];
    size_t count = 0;
    EVP_PKEY *loaded = NULL;
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);

    memcpy(point + 1, key->parts[0].data, bytes);
    memcpy(point + 1 + bytes, key->parts[1].data, bytes);
    params[count++] = OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME,
                                                       (char *)(uintptr_t)key_curve_name(key->kind), 0);
    params[count++] = OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, point, 1 + 2 * bytes);
    if (key->is_private) {
        /* OpenSSL takes numbers in the machine's byte order. */
        BIGNUM *d = BN_bin2bn(key->parts[2].data, (int)bytes, NULL);
        mf_ignore(d != NULL ? BN_bn2nativepad(d, native, (int)bytes) : 0); /* It has as many bytes. */
        BN_clear_free(d);
        params[count++] = OSSL_PARAM_construct_BN(OSSL_PKEY_PARAM_PRIV_KEY, native, bytes);
    }
    params[count] = OSSL_PARAM_construct_end();
    int error = MF_E_INVALID;
    if (context != NULL && EVP_PKEY_fromdata_init(context) == 1 &&
        EVP_PKEY_fromdata(context, &loaded, key->is_private ? EVP_PKEY_KEYPAIR : EVP_PKEY_PUBLIC_KEY,
                          params) == 1) {
        *ret_key = loaded;
        error = 0;
    }
    EVP_PKEY_CTX_free(context);
    mf_wipe(native, sizeof(native));
    return error;
}
