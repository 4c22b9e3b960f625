/* upstream.h - libcurl on the loop: its sockets and timers are libuv's, its connections are kept apart by partition.
 *
 * A partition is a CURLM of its own, and with it a pool of connections: what one partition opened, no other ever uses. A
 * transfer has its connection to itself, with HTTP/2 too: one that nobody reads then stops its own socket and no other.
 *
 * Nothing is told and no handle is taken down inside a call of libcurl or of this file: both wait for the turn, a timer of
 * no delay.
 */
#ifndef MAYFLY_OUTBOUND_UPSTREAM_H
#define MAYFLY_OUTBOUND_UPSTREAM_H

#include <curl/curl.h>
#include <openssl/ssl.h>
#include <uv.h>

#include <mayfly/base.h>

struct mf__partition {
    struct mf_list link; /* upstreams->partitions, the one that was used last at the end. */
    struct mf__upstreams *upstreams;
    uint64_t hash;
    struct mf_buf name; /* What it is told apart by. */
    CURLM *multi;
    uv_timer_t timer;
    unsigned transfers;     /* Under way. */
    struct mf_list sockets; /* Open, those of waiting connections included. */
    bool is_closing;
};

struct mf__upstreams {
    uv_loop_t *loop;
    X509_STORE *trusted;
    struct mf_list partitions;
    size_t partitions_count;
    uv_timer_t turn;
    struct mf_list due; /* struct mf__transfer.due: to be resumed, told or taken down in the turn. */
    unsigned sockets;   /* Of all partitions. */
    unsigned transfers; /* Likewise. */
    unsigned handles;   /* Of libuv, open. */
    bool is_closing;
    void (*on_closed)(void *user);
    void *user;
};

/* |ca_path| (or NULL) is a PEM file of authorities that are trusted besides the system's. MF_E_CONFIG and |ret_why|
 * (MF_UPSTREAM_WHY_BYTES_MAX). */
#define MF_UPSTREAM_WHY_BYTES_MAX 512
MF_MUST_CHECK int mf__upstreams_open(uv_loop_t *loop,
                                     const char *ca_path,
                                     MF_OWN struct mf__upstreams **ret_upstreams,
                                     char *ret_why);
/* Every transfer is over or canceled. Calls back when all handles are closed and it is freed. */
void mf__upstreams_close(MF_OWN struct mf__upstreams *upstreams, void (*on_closed)(void *user), void *user);

/* The partition called |name|, made when there is none. NULL: memory or descriptors are short. */
struct mf__partition *mf__upstreams_partition(struct mf__upstreams *upstreams, struct mf_slice name);
/* Something is in |due|. */
void mf__upstreams_schedule(struct mf__upstreams *upstreams);
/* A socket was opened, or is about to be closed. False: no memory. */
bool mf__partition_opened(struct mf__partition *partition, int fd);
void mf__partition_closed(struct mf__partition *partition, int fd);
/* The peer of the open one that has this local port and this peer, as the kernel says it. */
bool mf__partition_peer(struct mf__partition *partition,
                        uint16_t local_port,
                        const char *peer,
                        uint16_t peer_port,
                        struct sockaddr_storage *ret_peer);
/* A transfer of |partition| begins or has ended. */
void mf__partition_enter(struct mf__partition *partition);
void mf__partition_leave(struct mf__partition *partition);

#endif
