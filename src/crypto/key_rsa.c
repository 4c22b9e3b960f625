/* key_rsa.c - RSA keys: that their numbers belong together, making them, giving them to OpenSSL. */
#include <openssl/core_names.h>
#include <openssl/param_build.h>
#include <openssl/rsa.h>

#include "key.h"

enum { N, E, D, P, Q, DP, DQ, QI, NUMBERS };

struct numbers {
    BIGNUM *of[NUMBERS];
};

static void numbers_free(struct numbers *numbers)
{
    for (size_t i = 0; i < NUMBERS; i++) {
        BN_clear_free(numbers->of[i]);
    }
}

static int numbers_of(const struct mf_key *key, struct numbers *ret_numbers)
{
    memset(ret_numbers, 0, sizeof(*ret_numbers));
    for (size_t i = 0; i < key_parts(MF_KEY_RSA, key->is_private); i++) {
        if (key->parts[i].size > MF_CRYPTO_KEY_BYTES_MAX) {
            return MF_E_INVALID;
        }
        ret_numbers->of[i] = BN_bin2bn(key->parts[i].data, (int)key->parts[i].size, NULL);
        if (ret_numbers->of[i] == NULL) {
            return MF_E_NO_MEMORY;
        }
    }
    return 0;
}

/* ---- checks --------------------------------------------------------------------------------- */

/* Before anything is computed: how much it can cost depends on these sizes. */
static bool is_public(const struct numbers *numbers)
{
    const BIGNUM *n = numbers->of[N];
    const BIGNUM *e = numbers->of[E];

    return BN_num_bits(n) >= MF_CRYPTO_RSA_BITS_MIN && BN_num_bits(n) <= MF_CRYPTO_RSA_BITS_MAX &&
           BN_is_odd(n) && BN_num_bits(e) >= 2 && BN_num_bits(e) <= MF_CRYPTO_RSA_EXPONENT_BITS_MAX &&
           BN_is_odd(e);
}

/* For one of the primes: it is odd, |reduced| is d modulo prime - 1 and e's inverse there. */
static bool
is_half(const struct numbers *numbers, const BIGNUM *prime, const BIGNUM *reduced, BN_CTX *context)
{
    BN_CTX_start(context);
    BIGNUM *less = BN_CTX_get(context);
    BIGNUM *rest = BN_CTX_get(context);
    bool is = rest != NULL && BN_is_odd(prime) && BN_num_bits(prime) >= 2 &&
              BN_sub(less, prime, BN_value_one()) == 1 && BN_mod(rest, numbers->of[D], less, context) == 1 &&
              BN_cmp(rest, reduced) == 0 && BN_mod_mul(rest, numbers->of[E], reduced, less, context) == 1 &&
              BN_is_one(rest);
    BN_CTX_end(context);
    return is;
}

/* Whether the primes are prime is not asked: that takes long, and a key of a script's own that does not work harms nobody:
 * OpenSSL checks what the Chinese remainder gives before it lets it out. */
static bool is_private(const struct numbers *numbers, BN_CTX *context)
{
    const BIGNUM *n = numbers->of[N];

    for (size_t i = D; i < NUMBERS; i++) {
        if (BN_is_zero(numbers->of[i]) || BN_cmp(numbers->of[i], n) >= 0) {
            return false;
        }
    }
    BN_CTX_start(context);
    BIGNUM *product = BN_CTX_get(context);
    bool is = product != NULL && BN_mul(product, numbers->of[P], numbers->of[Q], context) == 1 &&
              BN_cmp(product, n) == 0 && is_half(numbers, numbers->of[P], numbers->of[DP], context) &&
              is_half(numbers, numbers->of[Q], numbers->of[DQ], context) &&
              BN_cmp(numbers->of[QI], numbers->of[P]) < 0 &&
              BN_mod_mul(product, numbers->of[QI], numbers->of[Q], numbers->of[P], context) == 1 &&
              BN_is_one(product);
    BN_CTX_end(context);
    return is;
}

static struct mf_slice without_zeros(struct mf_slice number)
{
    while (number.size > 0 && number.data[0] == 0) {
        number = mf_slice_of(number.data + 1, number.size - 1);
    }
    return number;
}

int key_rsa_check(const struct mf_key *key, struct mf_buf *out)
{
    struct mf_key clean = *key;
    struct numbers numbers;
    BN_CTX *context = BN_CTX_new();

    for (size_t i = 0; i < key_parts(MF_KEY_RSA, key->is_private); i++) {
        clean.parts[i] = without_zeros(key->parts[i]);
    }
    int error = numbers_of(&clean, &numbers);
    if (error == 0 && context == NULL) {
        error = MF_E_NO_MEMORY;
    }
    if (error == 0 && (!is_public(&numbers) || (key->is_private && !is_private(&numbers, context)))) {
        error = MF_E_INVALID;
    }
    if (error == 0) {
        error = key_pack(&clean, out);
    }
    numbers_free(&numbers);
    BN_CTX_free(context);
    return error;
}

/* ---- OpenSSL's ------------------------------------------------------------------------------ */

static OSSL_PARAM *params_of(const struct numbers *numbers)
{
    static const char *const names[NUMBERS] = {
        [N] = OSSL_PKEY_PARAM_RSA_N,          [E] = OSSL_PKEY_PARAM_RSA_E,
        [D] = OSSL_PKEY_PARAM_RSA_D,          [P] = OSSL_PKEY_PARAM_RSA_FACTOR1,
        [Q] = OSSL_PKEY_PARAM_RSA_FACTOR2,    [DP] = OSSL_PKEY_PARAM_RSA_EXPONENT1,
        [DQ] = OSSL_PKEY_PARAM_RSA_EXPONENT2, [QI] = OSSL_PKEY_PARAM_RSA_COEFFICIENT1,
    };
    OSSL_PARAM_BLD *builder = OSSL_PARAM_BLD_new();
    OSSL_PARAM *params = NULL;
    bool is_built = builder != NULL;

    for (size_t i = 0; is_built && i < NUMBERS && numbers->of[i] != NULL; i++) {
        is_built = OSSL_PARAM_BLD_push_BN(builder, names[i], numbers->of[i]) == 1;
    }
    if (is_built) {
        params = OSSL_PARAM_BLD_to_param(builder);
    }
    OSSL_PARAM_BLD_free(builder);
    return params;
}

int key_rsa_load(const struct mf_key *key, EVP_PKEY **ret_key)
{
    struct numbers numbers;
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(NULL, "RSA", NULL);
    OSSL_PARAM *params = NULL;
    EVP_PKEY *loaded = NULL;
    int error = numbers_of(key, &numbers);

    if (error == 0 && !is_public(&numbers)) {
        error = MF_E_INVALID;
    }
    if (error == 0) {
        params = params_of(&numbers);
        error = params != NULL && context != NULL ? 0 : MF_E_NO_MEMORY;
    }
    if (error == 0 &&
        (EVP_PKEY_fromdata_init(context) != 1 ||
         EVP_PKEY_fromdata(context, &loaded, key->is_private ? EVP_PKEY_KEYPAIR : EVP_PKEY_PUBLIC_KEY,
                           params) != 1)) {
        error = MF_E_INVALID;
    }
    OSSL_PARAM_free(params);
    EVP_PKEY_CTX_free(context);
    numbers_free(&numbers);
    if (error == 0) {
        *ret_key = loaded;
    }
    return error;
}

/* ---- making --------------------------------------------------------------------------------- */

/* Asked at every candidate and every round of its test, some milliseconds apart. */
static int goes_on(EVP_PKEY_CTX *context)
{
    return is_stopped(EVP_PKEY_CTX_get_app_data(context)) ? 0 : 1;
}

static int pack_generated(const EVP_PKEY *made, struct mf_buf *out)
{
    static const char *const names[NUMBERS] = {
        OSSL_PKEY_PARAM_RSA_N,         OSSL_PKEY_PARAM_RSA_E,
        OSSL_PKEY_PARAM_RSA_D,         OSSL_PKEY_PARAM_RSA_FACTOR1,
        OSSL_PKEY_PARAM_RSA_FACTOR2,   OSSL_PKEY_PARAM_RSA_EXPONENT1,
        OSSL_PKEY_PARAM_RSA_EXPONENT2, OSSL_PKEY_PARAM_RSA_COEFFICIENT1,
    };
    struct mf_key key = {.kind = MF_KEY_RSA, .is_private = true};
    uint8_t memory[NUMBERS][MF_CRYPTO_RSA_GENERATE_BITS_MAX / 8];
    int error = 0;

    for (size_t i = 0; error == 0 && i < NUMBERS; i++) {
        BIGNUM *number = NULL;
        if (EVP_PKEY_get_bn_param(made, names[i], &number) != 1 ||
            BN_num_bytes(number) > (int)sizeof(memory[i])) {
            error = MF_E_INTERNAL;
        } else {
            key.parts[i] = mf_slice_of(memory[i], (size_t)BN_bn2bin(number, memory[i]));
        }
        BN_clear_free(number);
    }
    if (error == 0) {
        error = key_pack(&key, out);
    }
    mf_wipe(memory, sizeof(memory));
    return error;
}

int key_rsa_generate(uint32_t bits,
                     struct mf_slice exponent,
                     const struct mf_crypto_stop *stop,
                     struct mf_buf *out)
{
    BIGNUM *e =
        exponent.size <= MF_CRYPTO_KEY_BYTES_MAX ? BN_bin2bn(exponent.data, (int)exponent.size, NULL) : NULL;
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(NULL, "RSA", NULL);
    EVP_PKEY *made = NULL;
    int error = MF_E_CRYPTO;

    if (e != NULL && context != NULL && bits >= MF_CRYPTO_RSA_BITS_MIN &&
        bits <= MF_CRYPTO_RSA_GENERATE_BITS_MAX && BN_is_odd(e) && BN_num_bits(e) >= 2 &&
        BN_num_bits(e) <= MF_CRYPTO_RSA_EXPONENT_BITS_MAX && EVP_PKEY_keygen_init(context) == 1 &&
        EVP_PKEY_CTX_set_rsa_keygen_bits(context, (int)bits) == 1 &&
        EVP_PKEY_CTX_set1_rsa_keygen_pubexp(context, e) == 1) {
        EVP_PKEY_CTX_set_app_data(context, (void *)(uintptr_t)stop);
        EVP_PKEY_CTX_set_cb(context, goes_on);
        if (EVP_PKEY_keygen(context, &made) == 1) {
            error = pack_generated(made, out);
        } else if (is_stopped(stop)) {
            error = MF_E_CANCELED;
        }
    }
    EVP_PKEY_free(made);
    EVP_PKEY_CTX_free(context);
    BN_free(e);
    return error;
}
