/* websocket.h - the opening handshake of a WebSocket: what a request that asks for one says besides what the worker said, and whether the
 * answer took it. What goes over the connection afterwards is between the worker and the server. Pure.
 *
 * Source: RFC 6455 section 4. */
#ifndef MAYFLY_OUTBOUND_WEBSOCKET_H
#define MAYFLY_OUTBOUND_WEBSOCKET_H

#include <mayfly/base.h>

#define MF__WEBSOCKET_KEY_CHARS 24 /* 16 bytes in base64. */

struct mf__websocket_key {
    char text[MF__WEBSOCKET_KEY_CHARS + 1];
};

/* The worker's headers ask for a WebSocket. */
bool mf__websocket_is_asked(struct mf_slice headers);
/* A header of the handshake that is ours to say: what the worker says of it is not sent. */
bool mf__websocket_is_ours(struct mf_slice name);
/* At random. */
void mf__websocket_key(struct mf__websocket_key *ret_key);
/* |headers| of a 101 (without those of the connection) answer |key|. */
bool mf__websocket_accepts(const struct mf__websocket_key *key, struct mf_slice headers);

#endif
