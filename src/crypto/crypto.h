/* What the files of this room give each other. */
#ifndef MAYFLY_CRYPTO_ROOM_H
#define MAYFLY_CRYPTO_ROOM_H

#include <mayfly/crypto.h>

static inline bool is_stopped(const struct mf_crypto_stop *stop)
{
    return stop != NULL && stop->is_asked(stop->data);
}

/* Empties OpenSSL's queue of errors, which would keep them for whoever looks next on this thread, and gives |error|. */
int crypto_fail(int error);

#endif
