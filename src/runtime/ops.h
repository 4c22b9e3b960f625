/* The native ops of the runtime's JavaScript, by what they are for. Each reads its arguments without running script,
 * then asks the host; without a host (the snapshot is being made) it does nothing.
 */
#ifndef MAYFLY_RUNTIME_OPS_H
#define MAYFLY_RUNTIME_OPS_H

#include <mayfly/runtime.h>

/* clang-format off */
#define MF_RUNTIME_OP_MAP(XX)             \
    /* ops_run.c: the run itself */       \
    XX(log, log)                          \
    XX(exception, exception)              \
    XX(timerSet, timer_set)               \
    XX(timerClear, timer_clear)           \
    XX(respond, respond)                  \
    XX(waitUntil, wait_until)             \
    XX(finish, finish)                    \
    XX(stripped, stripped)                \
    /* ops_stream.c: bodies and fetch */  \
    XX(bodyWrite, body_write)             \
    XX(bodyWriteText, body_write_text)    \
    XX(bodyEnd, body_end)                 \
    XX(bodyAbort, body_abort)             \
    XX(bodyPull, body_pull)               \
    XX(bodyCancel, body_cancel)           \
    XX(bodyCopy, body_copy)               \
    XX(fetch, fetch)                      \
    XX(fetchAbort, fetch_abort)           \
    /* ops_files.c: workspaces */         \
    XX(files, files)                      \
    XX(filesWait, files_wait)             \
    /* ops_compress.c */                  \
    XX(compressOpen, compress_open)       \
    XX(compressWrite, compress_write)     \
    XX(compressRead, compress_read)       \
    XX(compressUnused, compress_unused)   \
    XX(compressCode, compress_code)       \
    XX(compressParams, compress_params)   \
    XX(compressReset, compress_reset)     \
    XX(compressClose, compress_close)     \
    XX(crc32, crc32)                      \
    /* ops_url.c */                       \
    XX(urlSplit, url_split)               \
    /* ops_random.c */                    \
    XX(random, random)                    \
    XX(uuid, uuid)                        \
    /* ops_crypto.c */                    \
    XX(cryptoEqual, crypto_equal)         \
    XX(cryptoDigest, crypto_digest)       \
    XX(cryptoDigestUpdate, crypto_digest_update) \
    XX(cryptoDigestFinal, crypto_digest_final) \
    XX(cryptoHmac, crypto_hmac)           \
    XX(cryptoHkdf, crypto_hkdf)           \
    XX(cryptoPbkdf2, crypto_pbkdf2) \
    XX(cryptoCipher, crypto_cipher) \
    XX(cryptoKeyCheck, crypto_key_check) \
    XX(cryptoKeyRead, crypto_key_read) \
    XX(cryptoKeyWrite, crypto_key_write) \
    XX(cryptoKeyGenerate, crypto_key_generate) \
    XX(cryptoSign, crypto_sign) \
    XX(cryptoVerify, crypto_verify) \
    XX(cryptoRsaOaep, crypto_rsa_oaep) \
    XX(cryptoAgree, crypto_agree)
/* clang-format on */

#define XX(name, function) void op_##function(struct mf_op_call *call);
MF_RUNTIME_OP_MAP(XX)
#undef XX

/* The host of |call|, or NULL. */
static inline struct mf_runtime_host *op_host(struct mf_op_call *call)
{
    return (struct mf_runtime_host *)(void *)mf_op_host(call);
}

/* Throws |error|'s sentence in the script when it is one. */
static inline void op_check(struct mf_op_call *call, int error)
{
    if (error < 0) {
        mf_op_throw(call, MF_OP_ERROR, mf_error_message(error));
    }
}

#endif
