/* The ledger: every record is in the sums once, whatever falls between; what is damaged is refused and left as it is. */
#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "internal.h"

#include "check.h"

#define TEXT(text) mf_slice_of_cstr(text)
#define DAY_MS 86400000u

static char dir[64];
static char why[MF_LEDGER_WHY_BYTES_MAX];
static uv_loop_t loop;
static struct mf_store *store;
static struct mf_store_queue *queue;
static struct mf_ledger *ledger;
static unsigned closed;
static char seen[4096];

/* ---- a daemon's life --------------------------------------------------------------------------------- */

static void begin_store(void)
{
    char store_why[MF_STORE_WHY_BYTES_MAX] = "";
    MF_CHECK_INT(uv_loop_init(&loop), 0);
    MF_CHECK_INT(mf_store_open(dir, &store, store_why), 0);
    queue = mf_store_queue_new(&loop, store);
}

static void begin(void)
{
    begin_store();
    MF_CHECK_INT(mf_ledger_open(&loop, store, queue, dir, &ledger, why), 0);
}

static void on_closed(void *user)
{
    (void)user;
    closed++;
}

static void end_store(void)
{
    mf_store_queue_close(queue, NULL, NULL);
    (void)uv_run(&loop, UV_RUN_DEFAULT);
    MF_CHECK_INT(uv_loop_close(&loop), 0);
    mf_store_close(store);
}

static void finish(void)
{
    closed = 0;
    mf_ledger_close(ledger, on_closed, NULL);
    while (closed == 0) {
        (void)uv_run(&loop, UV_RUN_ONCE);
    }
    end_store();
}

static struct mf_ledger_run run_of(const char *worker, uint64_t day, uint64_t cpu_ns)
{
    return (struct mf_ledger_run){.tenant = TEXT(""),
                                  .worker = TEXT(worker),
                                  .hash = TEXT(worker[0] == 0 ? "" : "h1"),
                                  .began_unix_ms = day * DAY_MS + 5,
                                  .cpu_ns = cpu_ns,
                                  .wall_ns = 2 * cpu_ns,
                                  .host_wait_ns = 1,
                                  .memory_peak_bytes = cpu_ns,
                                  .bytes_in = 3,
                                  .bytes_out = 4,
                                  .subrequests = 5,
                                  .calls = 6};
}

static void add(const char *worker, uint64_t day, uint64_t cpu_ns)
{
    struct mf_ledger_run run = run_of(worker, day, cpu_ns);
    mf_ledger_add(ledger, &run);
}

/* ---- what the sums say --------------------------------------------------------------------------------- */

static int see(void *user, const struct mf_store_usage *row)
{
    size_t used = strlen(seen);
    (void)user;
    (void)snprintf(seen + used, sizeof seen - used, "%.*s/%d/%.*s:%d u%d c%lld w%lld m%lld %d>%d s%d t%d,",
                   (int)row->tenant.size, (const char *)row->tenant.data, (int)row->day,
                   (int)row->worker.size, (const char *)row->worker.data, (int)row->runs, (int)row->uniques,
                   (long long)row->cpu_ns, (long long)row->wall_ns, (long long)row->memory_peak_bytes,
                   (int)row->bytes_in, (int)row->bytes_out, (int)row->subrequests, (int)row->calls);
    return 0;
}

static const struct mf_store_usage_query everything = {.day_last = 1000000, .count_max = 1000};
static const struct mf_store_usage_query apart = {.day_last = 1000000,
                                                  .count_max = 1000,
                                                  .by_tenant = true,
                                                  .by_worker = true,
                                                  .by_day = true};

static const char *sums(const struct mf_store_usage_query *query)
{
    seen[0] = 0;
    MF_CHECK_INT(mf_store_usage_each(store, query, see, NULL), 0);
    return seen;
}

static unsigned synced;
static int sync_error;

static void on_synced(struct mf_ledger_wait *wait, int error)
{
    (void)wait;
    synced++;
    sync_error = error;
}

static void sync_now(void)
{
    struct mf_ledger_wait wait = {.done = on_synced};
    synced = 0;
    mf_ledger_sync(ledger, &wait);
    MF_CHECK_INT(synced, 0);
    while (synced == 0) {
        (void)uv_run(&loop, UV_RUN_ONCE);
    }
    MF_CHECK_INT(sync_error, 0);
}

/* ---- tests ------------------------------------------------------------------------------------------------ */

static void records_are_summed_up(void)
{
    struct mf_ledger_run more = run_of("w", 3, 10);
    begin();
    add("", 3, 100);
    add("", 3, 200);
    add("w", 3, 1000);
    more.is_more = true;
    mf_ledger_add(ledger, &more);
    add("w", 4, 1);
    sync_now();
    MF_CHECK_TEXT(TEXT(sums(&apart)), "/3/:2 u2 c300 w600 m200 6>8 s10 t12,/3/w:1 u1 c1010 w2020 m1000 6>8 "
                                      "s10 t12,/4/w:1 u1 c1 w2 m1 3>4 s5 t6,");
    MF_CHECK_TEXT(TEXT(sums(&everything)), "/0/:4 u4 c1311 w2622 m1000 15>20 s25 t30,");
    sync_now(); /* Nothing twice. */
    MF_CHECK_TEXT(TEXT(sums(&everything)), "/0/:4 u4 c1311 w2622 m1000 15>20 s25 t30,");
    add("w", 4, 1);
    finish(); /* What nobody synced is summed up at the end. */
    begin();
    MF_CHECK_TEXT(TEXT(sums(&everything)), "/0/:5 u4 c1312 w2624 m1000 18>24 s30 t36,");
    finish();
}

static void pages(void)
{
    struct mf_store_usage_query query = apart;
    struct mf_store_usage after = {.tenant = TEXT(""), .day = 3, .worker = TEXT("")};
    begin();
    query.count_max = 1;
    query.after = &after;
    MF_CHECK_TEXT(TEXT(sums(&query)), "/3/w:1 u1 c1010 w2020 m1000 6>8 s10 t12,");
    query = everything;
    query.day_first = 4;
    MF_CHECK_TEXT(TEXT(sums(&query)), "/0/:2 u1 c2 w4 m1 6>8 s10 t12,");
    query.tenant = TEXT("other");
    MF_CHECK_TEXT(TEXT(sums(&query)), "");
    finish();
}

static void path_of(uint64_t segment, char *path)
{
    mf__segment_path(dir, segment, path);
}

/* A segment as a process that was killed left it: |count| records of worker |name|, and |tail| bytes of one more. */
static void leave_segment(uint64_t segment, const char *name, unsigned count, size_t tail)
{
    char path[LEDGER_PATH_BYTES_MAX];
    struct mf_buf bytes;
    struct mf_ledger_run run = run_of(name, 9, 1);
    mf_buf_init(&bytes, 1 << 20);
    for (unsigned i = 0; i < count; i++) {
        MF_CHECK_INT(mf__ledger_encode(&bytes, &run), 0);
    }
    size_t whole = bytes.size;
    MF_CHECK_INT(mf__ledger_encode(&bytes, &run), 0);
    path_of(segment, path);
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    MF_CHECK(fd >= 0 && write(fd, bytes.data, whole + tail) == (ssize_t)(whole + tail));
    (void)close(fd);
    mf_buf_done(&bytes);
}

static uint64_t marked_segment(void)
{
    struct mf_store_usage_mark mark;
    MF_CHECK_INT(mf_store_usage_mark(store, &mark), 0);
    return mark.segment;
}

/* As kill -9 and a fall of the machine leave it. */
static void what_was_left_is_summed_up(void)
{
    static const size_t tails[] = {0, 3, 40, 78};
    char path[LEDGER_PATH_BYTES_MAX];
    for (size_t i = 0; i < MF_COUNT_OF(tails); i++) {
        char name[16];
        char wanted[128];
        begin();
        uint64_t next = marked_segment() + 1;
        finish();
        (void)snprintf(name, sizeof name, "left%u", (unsigned)i);
        leave_segment(next, name, 3, 0);
        leave_segment(next + 1, name, 2, tails[i]);
        begin();
        sync_now();
        (void)snprintf(wanted, sizeof wanted, "/9/%s:5 u1 c5 ", name);
        MF_CHECK(strstr(sums(&apart), wanted) != NULL);
        path_of(next, path);
        MF_CHECK_INT(access(path, F_OK), -1); /* Deleted once it is in the sums. */
        finish();
    }
}

static void refuses(const char *what)
{
    begin_store();
    MF_CHECK_INT(mf_ledger_open(&loop, store, queue, dir, &ledger, why), MF_E_STORE_FILE);
    MF_CHECK(strstr(why, what) != NULL);
    end_store();
}

static void damage_is_refused(void)
{
    char path[LEDGER_PATH_BYTES_MAX];
    struct stat before, after;
    uint8_t byte = 0xff;
    begin();
    uint64_t next = marked_segment() + 1;
    finish();
    leave_segment(next, "damaged", 3, 0);
    path_of(next, path);
    int fd = open(path, O_WRONLY);
    MF_CHECK(fd >= 0 && pwrite(fd, &byte, 1, 40) == 1);
    (void)close(fd);
    MF_CHECK_INT(stat(path, &before), 0);
    refuses("is damaged");
    MF_CHECK_INT(stat(path, &after), 0);
    MF_CHECK_INT(before.st_size, after.st_size);
    leave_segment(next, "damaged", 3, 30); /* Not the last one. */
    leave_segment(next + 1, "damaged", 1, 0);
    refuses("is damaged");
    path_of(next + 1, path);
    MF_CHECK_INT(unlink(path), 0);
    path_of(next, path);
    MF_CHECK_INT(unlink(path), 0);
    begin();
    MF_CHECK(strstr(sums(&apart), "damaged") == NULL);
    finish();
}

/* No file may grow: records wait, nothing new is taken on, and none is lost. */
static void no_room(void)
{
    struct rlimit was, little = {1, RLIM_INFINITY};
    struct mf_ledger_state state;
    begin();
    MF_CHECK_INT(getrlimit(RLIMIT_FSIZE, &was), 0);
    little.rlim_max = was.rlim_max;
    MF_CHECK_INT(setrlimit(RLIMIT_FSIZE, &little), 0);
    add("full", 12, 1);
    add("full", 12, 1);
    MF_CHECK(mf_ledger_check(ledger) < 0);
    mf_ledger_state(ledger, &state);
    MF_CHECK(state.pending_bytes > 0);
    MF_CHECK_INT(setrlimit(RLIMIT_FSIZE, &was), 0);
    add("full", 12, 1);
    MF_CHECK_INT(mf_ledger_check(ledger), 0);
    sync_now();
    MF_CHECK(strstr(sums(&apart), "/12/full:3 u1 c3") != NULL);
    mf_ledger_state(ledger, &state);
    MF_CHECK_INT(state.lost, 0);
    finish();
}

/* More than one segment, and more than one piece in each. */
static void many(void)
{
    enum { COUNT = 150000 };
    begin();
    uint64_t first = marked_segment();
    for (unsigned i = 0; i < COUNT; i++) {
        add(i % 3 == 0 ? "many" : "many-2", 20, 1);
    }
    sync_now();
    MF_CHECK(strstr(sums(&apart), "/20/many:50000 u1 c50000") != NULL);
    MF_CHECK(strstr(sums(&apart), "/20/many-2:100000 u1 c100000") != NULL);
    MF_CHECK(marked_segment() > first + 1);
    finish();
}

static void sums_stay_in_bounds(void)
{
    begin();
    for (int i = 0; i < 3; i++) {
        add("huge", 30, UINT64_MAX);
        add("huge", 30, UINT64_MAX);
        sync_now();
    }
    MF_CHECK(strstr(sums(&apart), "/30/huge:6 u1 c9000000000000000000 w9000000000000000000 ") != NULL);
    finish();
}

static void records_are_read_as_hostile(void)
{
    struct mf_ledger_run run = run_of("worker", 1, 1), got;
    struct mf_buf bytes;
    mf_buf_init(&bytes, 4096);
    MF_CHECK_INT(mf__ledger_encode(&bytes, &run), 0);
    MF_CHECK_INT(mf__ledger_decode(mf_buf_peek(&bytes), &got), (int)bytes.size);
    MF_CHECK_TEXT(got.worker, "worker");
    MF_CHECK_INT(got.calls, 6);
    for (size_t size = 0; size < bytes.size; size++) {
        MF_CHECK_INT(mf__ledger_decode(mf_slice_of(bytes.data, size), &got), 0);
    }
    for (size_t bit = 0; bit < 8 * bytes.size; bit++) {
        bytes.data[bit / 8] ^= (uint8_t)(1u << bit % 8);
        MF_CHECK(mf__ledger_decode(mf_buf_peek(&bytes), &got) <= 0);
        bytes.data[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    mf_buf_done(&bytes);
}

int main(void)
{
    char command[128];
    (void)signal(SIGXFSZ, SIG_IGN);
    (void)snprintf(dir, sizeof dir, "/tmp/mayfly-ledger-XXXXXX");
    MF_CHECK(mkdtemp(dir) != NULL);
    MF_RUN(records_are_read_as_hostile);
    MF_RUN(records_are_summed_up);
    MF_RUN(pages);
    MF_RUN(what_was_left_is_summed_up);
    MF_RUN(damage_is_refused);
    MF_RUN(no_room);
    MF_RUN(many);
    MF_RUN(sums_stay_in_bounds);
    (void)snprintf(command, sizeof command, "rm -r %s", dir);
    MF_CHECK_INT(system(command), 0);
    return 0;
}
