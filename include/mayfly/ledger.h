/* mayfly/ledger.h - what runs have used, for whoever bills them: a record of each is in a file before the run's answer is over,
 * and is added to the store's sums later, exactly once.
 *
 * Use:      mf_ledger_open; mf_ledger_check before a run is taken on; mf_ledger_add when it ends; mf_ledger_sync before sums are
 *           read; mf_ledger_close before the store's queue is closed.
 * Threads:  [loop] everything; files are read, and brought to the disk, in jobs of the store's queue.
 * Owns:     slices are borrowed for the call. The files in <dir>/usage/ are the ledger's; the store's lock is over them too.
 * Limits:   MF_LEDGER_*.
 * Fails:    a record that cannot be written (no room on the disk) waits in memory and is tried again every MF_LEDGER_SYNC_MS;
 *           until then mf_ledger_check is below zero and nothing new is taken on. After mf_ledger_add a record survives the death of
 *           this process; after the next sync, at the latest MF_LEDGER_SYNC_MS later, that of the machine.
 * Not here: sums (store), prices (api), metrics (meter).
 */
#ifndef MAYFLY_LEDGER_H
#define MAYFLY_LEDGER_H

#include <uv.h>

#include <mayfly/base.h>
#include <mayfly/store.h>

struct mf_ledger;

#define MF_LEDGER_WHY_BYTES_MAX 4096

/* One run, or the rest of one. A response that is over before its run is (waitUntil) is a record of its own: |is_more| says that
 * the run was counted already. Both have the time at which the run began, so that both are of one day. */
struct mf_ledger_run {
    struct mf_slice tenant; /* At most MF_STORE_NAME_BYTES_MAX, as |worker|. */
    struct mf_slice worker; /* Empty: code that came with its request. */
    struct mf_slice hash;   /* Of a worker's code: at most MF_LEDGER_HASH_BYTES_MAX. */
    bool is_more;
    uint64_t began_unix_ms;
    uint64_t cpu_ns;
    uint64_t wall_ns;
    uint64_t host_wait_ns;
    uint64_t memory_peak_bytes;
    uint64_t bytes_in;
    uint64_t bytes_out;
    uint32_t subrequests;
    uint32_t calls; /* Of tools. */
};

struct mf_ledger_state {
    uint64_t records;     /* Added since the start. */
    size_t pending_bytes; /* Could not be written yet. */
    uint64_t lost;        /* Records for which not even memory was left. */
    int error;            /* 0, or why nothing new is taken on. */
};

/* Blocks: reads what an earlier process left. A record that a fall of the machine cut off at the very end of the last file is
 * dropped, with a log line; MF_E_STORE_FILE and |ret_why| (MF_LEDGER_WHY_BYTES_MAX) for anything else that is not as it was
 * written. */
MF_MUST_CHECK int mf_ledger_open(uv_loop_t *loop,
                                 struct mf_store *store,
                                 struct mf_store_queue *queue,
                                 const char *dir,
                                 MF_OWN struct mf_ledger **ret_ledger,
                                 char *ret_why);
/* 0, or MF_E_STORE_FULL or MF_E_STORE: records wait, take on nothing that would make more. */
MF_MUST_CHECK int mf_ledger_check(const struct mf_ledger *ledger);
void mf_ledger_add(struct mf_ledger *ledger, const struct mf_ledger_run *run);
void mf_ledger_state(const struct mf_ledger *ledger, struct mf_ledger_state *ret_state);

struct mf_ledger_wait {
    struct mf_list link; /* The ledger's. */
    /* Never from inside mf_ledger_sync. |error| below zero: the sums are as old as they were. */
    void (*done)(struct mf_ledger_wait *wait, int error);
};
/* All that was added, and has lain in the store, until now is on the disk and in the store's sums when |wait->done| comes. */
void mf_ledger_sync(struct mf_ledger *ledger, struct mf_ledger_wait *wait);
/* Sums up what is left, then calls back. Whoever waits is told. */
void mf_ledger_close(MF_OWN struct mf_ledger *ledger, void (*on_closed)(void *user), void *user);

#endif
