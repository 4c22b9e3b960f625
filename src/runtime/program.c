/* The tables that the engine is given: ops, constants, scripts, assets. */
#include <mayfly/crypto.h>

#include "ops.h"
#include "state.h"

#include "scripts.h" /* Made in the build folder by embed.mjs. */

static const struct mf_op ops[] = {
#define XX(name, function) {#name, op_##function},
    MF_RUNTIME_OP_MAP(XX)
#undef XX
};

/* clang-format off */
static const struct mf_constant constants[] = {
#define XX(name, number) {"EVENT_" #name, MF_EVENT_##name},
    MF_EVENT_MAP(XX)
#undef XX
#define XX(name) {"CONSOLE_" #name, MF_CONSOLE_##name},
    XX(DEBUG) XX(INFO) XX(LOG) XX(WARN) XX(ERROR)
#undef XX
#define XX(name) {"E_" #name, MF_E_##name},
    XX(EXCEPTION) XX(STARTUP) XX(SYNTAX) XX(UNSUPPORTED) XX(INTERNAL)
#undef XX
#define XX(name, bytes, block) {"DIGEST_" #name, MF_DIGEST_##name},
    MF_DIGEST_MAP(XX)
#undef XX
#define XX(name) {"CIPHER_" #name, MF_CIPHER_##name},
    MF_CIPHER_MAP(XX)
#undef XX
#define XX(name, of_public, of_private) {"KEY_" #name, MF_KEY_##name},
    MF_KEY_MAP(XX)
#undef XX
#define XX(name) {"KEY_FORMAT_" #name, MF_KEY_FORMAT_##name},
    MF_KEY_FORMAT_MAP(XX)
#undef XX
#define XX(name) {"SCHEME_" #name, MF_SCHEME_##name},
    MF_SCHEME_MAP(XX)
#undef XX
#define XX(name) {#name, MF_##name},
    XX(COMPRESS_WRITE_BYTES_MAX) XX(RUN_FILE_DESCRIPTORS_MAX) XX(WORKSPACE_PIECE_BYTES) XX(FS_CHUNK_BYTES)
    XX(RUN_TEXT_BYTES_MAX) XX(CALL_NAME_BYTES_MAX) XX(RUN_LOG_BYTES_MAX) XX(STREAM_CHUNK_BYTES_MAX) XX(RANDOM_BYTES_MAX)
    XX(CRYPTO_PBKDF2_ITERATIONS_MAX) XX(CRYPTO_PBKDF2_BYTES_MAX) XX(CRYPTO_KEY_BYTES_MAX)
    XX(CRYPTO_RSA_BITS_MIN) XX(CRYPTO_RSA_GENERATE_BITS_MAX)
#undef XX
};
/* clang-format on */

const struct mf_engine_program mf_runtime_program = {
    .ops = ops,
    .ops_count = MF_COUNT_OF(ops),
    .constants = constants,
    .constants_count = MF_COUNT_OF(constants),
    .scripts = scripts,
    .scripts_count = MF_COUNT_OF(scripts),
    .assets = assets,
    .assets_count = MF_COUNT_OF(assets),
    .state_free = op_state_free,
};
