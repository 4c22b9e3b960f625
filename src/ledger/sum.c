/* sum.c - see internal.h: from the files into the sums of the store. */
#include "internal.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#define MS_PER_DAY UINT64_C(86400000)
#define RECORD_BYTES_LEAST 79 /* Of one without texts: bounds how many fit a piece. */
#define ROWS_MAX (MF_LEDGER_SUM_BYTES_MAX / RECORD_BYTES_LEAST + 1)

/* Rows of one piece, found again by a hash of their key. */
struct sums {
    struct mf_store_usage *rows;
    size_t count;
    struct mf_map *by_key;
};

/* ---- rows ------------------------------------------------------------------------------------------- */

static uint64_t key_of(const struct mf_store_usage *row)
{
    const uint64_t parts[] = {mf_hash(row->tenant), mf_hash(row->worker), mf_hash(row->hash), row->day};

    return mf_hash(mf_slice_of(parts, sizeof parts));
}

static bool is_same(const struct mf_store_usage *a, const struct mf_store_usage *b)
{
    return a->day == b->day && mf_slice_equal(a->tenant, b->tenant) && mf_slice_equal(a->worker, b->worker) &&
           mf_slice_equal(a->hash, b->hash);
}

/* The row with the key of |like|. Two keys of one hash have two rows each time, which the store adds up as well. */
static struct mf_store_usage *row_of(struct sums *sums, const struct mf_store_usage *like)
{
    uint64_t key = key_of(like);
    struct mf_store_usage *row = mf_map_get(sums->by_key, key);

    if (row != NULL && is_same(row, like)) {
        return row;
    }
    MF_ASSERT(sums->count < ROWS_MAX);
    bool is_new = row == NULL;
    row = &sums->rows[sums->count++];
    *row = *like;
    if (is_new && mf_map_put(sums->by_key, key, row) < 0) {
        return row; /* Not found again: one row more. */
    }
    return row;
}

/* An executor that was taken over may have said any number. */
static void add_to(uint64_t *sum, uint64_t more)
{
    *sum = more > UINT64_MAX - *sum ? UINT64_MAX : *sum + more;
}

static void add(struct sums *sums, const struct mf_ledger_run *run)
{
    const struct mf_store_usage like = {.tenant = run->tenant,
                                        .worker = run->worker,
                                        .hash = run->hash,
                                        .day = run->began_unix_ms / MS_PER_DAY};
    struct mf_store_usage *row = row_of(sums, &like);

    row->runs += run->is_more ? 0 : 1;
    add_to(&row->cpu_ns, run->cpu_ns);
    add_to(&row->wall_ns, run->wall_ns);
    add_to(&row->host_wait_ns, run->host_wait_ns);
    add_to(&row->bytes_in, run->bytes_in);
    add_to(&row->bytes_out, run->bytes_out);
    add_to(&row->subrequests, run->subrequests);
    add_to(&row->calls, run->calls);
    if (row->memory_peak_bytes < run->memory_peak_bytes) {
        row->memory_peak_bytes = run->memory_peak_bytes;
    }
}

/* ---- a piece ------------------------------------------------------------------------------------------- */

/* The records of |bytes|; *ret_size is where the last whole one ends. */
static int add_records(struct mf_store *store,
                       struct mf_slice bytes,
                       const struct mf_store_usage_mark *from,
                       size_t *ret_size)
{
    struct sums sums = {.rows = mf_try_alloc(ROWS_MAX * sizeof(struct mf_store_usage)),
                        .by_key = mf_map_new(ROWS_MAX)};
    struct mf_store_usage_mark to = *from;
    struct mf_ledger_run run;
    size_t at = 0;
    int size = 0;
    int rc = sums.rows == NULL ? MF_E_NO_MEMORY : 0;

    while (rc == 0 && at < bytes.size) {
        size = mf__ledger_decode(mf_slice_of(bytes.data + at, bytes.size - at), &run);
        if (size <= 0) {
            break;
        }
        add(&sums, &run);
        at += (size_t)size;
    }
    if (rc == 0 && (size < 0 || at == 0)) {
        rc = MF_E_STORE_FILE; /* It was whole when it was written. */
    }
    to.offset += at;
    if (rc == 0) {
        rc = mf_store_usage_add(store, sums.rows, sums.count, from, &to);
    }
    mf_map_free(sums.by_key);
    mf_free(sums.rows);
    *ret_size = at;
    return rc;
}

/* On the disk first: the sums must not know of what a fall of the machine could still take. */
static int sum_piece(struct mf_store *store, int fd, const struct mf_store_usage_mark *from, uint64_t end)
{
    uint64_t left = end - from->offset;
    size_t size = left < MF_LEDGER_SUM_BYTES_MAX ? (size_t)left : MF_LEDGER_SUM_BYTES_MAX;
    uint8_t *bytes = mf_try_alloc(size);
    size_t summed;
    int rc;

    if (bytes == NULL) {
        return MF_E_NO_MEMORY;
    }
    if (fdatasync(fd) < 0 || pread(fd, bytes, size, (off_t)from->offset) != (ssize_t)size) {
        rc = MF_E_STORE;
    } else {
        rc = add_records(store, mf_slice_of(bytes, size), from, &summed);
    }
    mf_free(bytes);
    return rc;
}

/* The segment at |from| is summed up: the next one, and this one is not needed any more. */
static int next_segment(struct mf_store *store, const char *dir, const struct mf_store_usage_mark *from)
{
    struct mf_store_usage_mark to = {.segment = from->segment + 1, .offset = 0};
    char path[LEDGER_PATH_BYTES_MAX];
    int rc = mf_store_usage_add(store, NULL, 0, from, &to);

    if (rc < 0) {
        return rc;
    }
    mf__segment_path(dir, from->segment, path);
    if (from->segment > 0 && unlink(path) < 0 && errno != ENOENT) {
        mf_log(MF_LOG_WARN, -errno, NULL, "%s is not needed any more and could not be deleted", path);
    }
    return 1;
}

int mf__ledger_sum(struct mf_store *store, const char *dir, const struct mf_store_usage_mark *until)
{
    struct mf_store_usage_mark from;
    char path[LEDGER_PATH_BYTES_MAX];
    struct stat about;
    int rc = mf_store_usage_mark(store, &from);

    if (rc < 0 || (from.segment == until->segment && from.offset == until->offset)) {
        return rc;
    }
    if (from.segment == 0) {
        return next_segment(store, dir, &from);
    }
    mf__segment_path(dir, from.segment, path);
    int fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0 && errno == ENOENT && from.segment < until->segment) {
        mf_log(MF_LOG_WARN, 0, NULL, "%s is gone, and with it what was not summed up", path);
        return next_segment(store, dir, &from);
    }
    if (fd < 0 || fstat(fd, &about) < 0) {
        rc = MF_E_STORE;
    } else {
        uint64_t end = from.segment == until->segment ? until->offset : (uint64_t)about.st_size;
        bool is_over = from.segment < until->segment && from.offset == end;
        rc = is_over                                              ? next_segment(store, dir, &from)
             : from.offset > end || (uint64_t)about.st_size < end ? MF_E_STORE_FILE
                                                                  : sum_piece(store, fd, &from, end);
        rc = rc == 0 ? 1 : rc;
    }
    if (fd >= 0) {
        (void)close(fd);
    }
    return rc;
}
