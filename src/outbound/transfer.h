/* transfer.h - one request to one checked address and its answer, by libcurl: the mechanism, no policy.
 *
 * Use:      mf__transfer_start; its events, the last of which is on_done; or mf__transfer_cancel.
 * Threads:  [loop]
 * Owns:     a transfer is freed after on_done, or by mf__transfer_cancel; its pointer is dead then. What stands in the spec is
 *           copied, but for the addresses' memory while mf__transfer_start runs.
 * Limits:   MF_UPSTREAM_*.
 * Fails:    on_done says MF_E_UPSTREAM_*. No event comes inside a function of this file.
 */
#ifndef MAYFLY_OUTBOUND_TRANSFER_H
#define MAYFLY_OUTBOUND_TRANSFER_H

#include <sys/socket.h>

#include <mayfly/outbound.h>

#include "upstream.h"

struct mf__transfer;

enum mf__phase {
    MF__PHASE_CONNECT, /* To one of the addresses. */
    MF__PHASE_TLS,
    MF__PHASE_WAIT, /* The request goes out or has gone; nothing has come. */
    MF__PHASE_BODY, /* The answer's head has come. */
};

struct mf__transfer_events {
    /* Whether this very address may be used, asked when a connection is made and again, with what the kernel says its peer
     * is, before a request is sent on it. */
    bool (*may_use)(void *user, const struct sockaddr *address);
    void (*on_head)(void *user, const struct mf_egress_answer *head);
    /* All of |bytes| is taken. False: no more until mf__transfer_resume. */
    bool (*on_body)(void *user, struct mf_slice bytes);
    /* Up to |size| bytes of the request's body to |space|. 0 with *ret_is_end false: mf__transfer_feed comes when there are
     * more. MF_E_*: the body broke off. */
    int64_t (*on_read)(void *user, uint8_t *space, size_t size, bool *ret_is_end);
    /* The request must be sent again from its first byte: false when that cannot be. */
    bool (*on_rewind)(void *user);
    /* |error| 0: the answer is whole. */
    void (*on_done)(void *user, int error);
};

struct mf__transfer_spec {
    struct mf_slice partition;
    const char *url;  /* http or https, with host and port as they were checked. */
    const char *host; /* As in |url|; IPv6 with its brackets. */
    uint16_t port;
    bool is_address;                          /* |host| is one, not a name. */
    const struct sockaddr_storage *addresses; /* Connections go to one of these. */
    size_t addresses_count;
    const char *method;
    struct mf_slice headers; /* name NUL value NUL; cleaned, none of the connection's own. */
    bool has_body;
    uint64_t body_bytes; /* UINT64_MAX: not known. */
    /* The handshake of a WebSocket is made. After an answer 101 both bodies are what goes over the connection, as it is; with
     * any other answer nothing of the request's is sent. */
    bool is_websocket;
};

/* MF_E_NO_MEMORY, MF_E_AGAIN (descriptors are short): nothing was started. */
MF_MUST_CHECK int mf__transfer_start(struct mf__upstreams *upstreams,
                                     const struct mf__transfer_spec *spec,
                                     const struct mf__transfer_events *events,
                                     void *user,
                                     struct mf__transfer **ret_transfer);
void mf__transfer_cancel(MF_OWN struct mf__transfer *transfer);
/* There is room for the answer's body again. */
void mf__transfer_resume(struct mf__transfer *transfer);
/* There are bytes of the request's body again, or its end. */
void mf__transfer_feed(struct mf__transfer *transfer);

enum mf__phase mf__transfer_phase(const struct mf__transfer *transfer);
/* When the phase began, and when the last byte went or came. */
uint64_t mf__transfer_phase_ns(const struct mf__transfer *transfer);
uint64_t mf__transfer_moved_ns(const struct mf__transfer *transfer);
/* It waits for its owner: for mf__transfer_resume, or for mf__transfer_feed before the head came. */
bool mf__transfer_is_held(const struct mf__transfer *transfer);

/* upstream.c: curl reads nothing more from its socket. */
void mf__transfer_unread(struct mf__transfer *transfer);
/* upstream.c: curl says that it is over. */
void mf__transfer_finished(struct mf__transfer *transfer, CURLcode code);
/* upstream.c: the turn. */
void mf__transfer_turn(struct mf__transfer *transfer);
struct mf__transfer *mf__transfer_of_due(struct mf_list *due);

#endif
