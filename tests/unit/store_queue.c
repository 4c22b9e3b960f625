/* The queue: in order, one at a time, bounded, callbacks on the loop and never from inside a call; brief jobs share a wait for the disk. */
#include <errno.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <mayfly/store_fs.h>

#include "check.h"

struct test_job {
    struct mf_store_job job;
    unsigned number;
    int result;
    bool close_in_done;
    bool again_in_done;
};

static uv_loop_t loop;
static uv_thread_t loop_thread;
static struct mf_store *store;
static struct mf_store_queue *queue;
static unsigned worked[8];
static unsigned worked_count;
static unsigned done[8];
static unsigned done_count;
static bool is_in_call;
static unsigned closed;
static uv_sem_t hold;

static int work(struct mf_store *with, struct mf_store_job *job)
{
    struct test_job *test = MF_CONTAINER_OF(job, struct test_job, job);
    uv_thread_t here = uv_thread_self();
    MF_CHECK(with == store && !uv_thread_equal(&here, &loop_thread));
    worked[worked_count++] = test->number;
    return test->result;
}

static void on_closed(void *user)
{
    MF_CHECK(user == &loop && !is_in_call);
    closed++;
}

static void close_queue(void)
{
    is_in_call = true;
    mf_store_queue_close(queue, on_closed, &loop);
    is_in_call = false;
}

static void job_done(struct mf_store_job *job, int error)
{
    struct test_job *test = MF_CONTAINER_OF(job, struct test_job, job);
    uv_thread_t here = uv_thread_self();
    MF_CHECK(uv_thread_equal(&here, &loop_thread) && !is_in_call);
    MF_CHECK_INT(error, test->result);
    done[done_count++] = test->number;
    if (test->again_in_done) {
        test->again_in_done = false;
        test->number += 100;
        MF_CHECK_INT(mf_store_queue_submit(queue, job), 0);
    }
    if (test->close_in_done) {
        close_queue();
    }
}

static struct test_job make_job(unsigned number, int result)
{
    return (struct test_job){.job = {.work = work, .done = job_done}, .number = number, .result = result};
}

static void begin(void)
{
    queue = mf_store_queue_new(&loop, store);
    worked_count = 0;
    done_count = 0;
    closed = 0;
}

static void submit(struct test_job *job, int expected)
{
    is_in_call = true;
    MF_CHECK_INT(mf_store_queue_submit(queue, &job->job), expected);
    is_in_call = false;
}

static void in_order(void)
{
    struct test_job jobs[4];
    begin();
    for (unsigned i = 0; i < 4; i++) {
        jobs[i] = make_job(i, i == 2 ? MF_E_STORE : 0);
        submit(&jobs[i], 0);
    }
    MF_CHECK_INT(mf_store_queue_waiting(queue), 4);
    jobs[1].again_in_done = true;
    (void)uv_run(&loop, UV_RUN_DEFAULT);
    static const unsigned expected[] = {0, 1, 2, 3, 101};
    MF_CHECK_INT(done_count, 5);
    MF_CHECK(memcmp(done, expected, sizeof expected) == 0 && memcmp(worked, expected, sizeof expected) == 0);
    close_queue();
    (void)uv_run(&loop, UV_RUN_DEFAULT);
    MF_CHECK_INT(closed, 1);
}

static void closing_finishes_what_waits(void)
{
    struct test_job jobs[3];
    begin();
    for (unsigned i = 0; i < 3; i++) {
        jobs[i] = make_job(i, 0);
        submit(&jobs[i], 0);
    }
    close_queue();
    struct test_job late = make_job(9, 0);
    submit(&late, MF_E_CLOSED);
    (void)uv_run(&loop, UV_RUN_DEFAULT);
    MF_CHECK_INT(done_count, 3);
    MF_CHECK_INT(closed, 1);
}

static void closed_from_a_callback(void)
{
    struct test_job last = make_job(0, 0);
    begin();
    last.close_in_done = true;
    submit(&last, 0);
    (void)uv_run(&loop, UV_RUN_DEFAULT);
    MF_CHECK_INT(closed, 1);
}

static int held_work(struct mf_store *with, struct mf_store_job *job)
{
    (void)with;
    (void)job;
    uv_sem_wait(&hold);
    return 0;
}

static void count_done(struct mf_store_job *job, int error)
{
    (void)job;
    MF_CHECK_INT(error, 0);
    done_count++;
}

static void a_full_queue_says_so(void)
{
    enum { COUNT = MF_STORE_JOBS_MAX + 1 }; /* One of them is with the worker. */
    struct mf_store_job *jobs = mf_new((COUNT + 1) * sizeof *jobs);
    begin();
    for (unsigned i = 0; i < COUNT; i++) {
        jobs[i] = (struct mf_store_job){.work = held_work, .done = count_done};
        MF_CHECK_INT(mf_store_queue_submit(queue, &jobs[i]), 0);
    }
    jobs[COUNT] = jobs[0];
    MF_CHECK_INT(mf_store_queue_submit(queue, &jobs[COUNT]), MF_E_OVERLOADED);
    for (unsigned i = 0; i < COUNT; i++) {
        uv_sem_post(&hold);
    }
    close_queue();
    (void)uv_run(&loop, UV_RUN_DEFAULT);
    MF_CHECK_INT(done_count, COUNT);
    MF_CHECK_INT(closed, 1);
    mf_free(jobs);
}

/* ---- rounds ------------------------------------------------------------------------------------------- */

static unsigned syncs;
static bool is_disk_broken;
static unsigned syncs_at_done[8];
static int errors_at_done[8];

/* SQLite's. */
int fdatasync(int fd);
int fdatasync(int fd)
{
    syncs++;
    if (is_disk_broken) {
        errno = EIO;
        return -1;
    }
    return (int)syscall(SYS_fdatasync, fd);
}

static int lazy_work(struct mf_store *with, struct mf_store_job *job)
{
    struct mf_inode inode = {.kind = MF_INODE_FILE, .inodes = 1};
    int rc = mf_store_fs_begin(with, MF_STORE_FS_WRITE_LAZY);

    if (rc == 0) {
        rc = mf_store_fs_end(with, mf_store_inode_new(with, &inode, mf_slice_of(NULL, 0)));
    }
    worked_count++;
    job->needs_sync = rc == 0;
    return rc;
}

static int read_work(struct mf_store *with, struct mf_store_job *job)
{
    (void)with;
    (void)job;
    worked_count++;
    return 0;
}

static void note_done(struct mf_store_job *job, int error)
{
    (void)job;
    errors_at_done[done_count] = error;
    syncs_at_done[done_count++] = syncs;
}

/* One that the worker has at once, and behind it |count| that it finds waiting. */
static void run_round(const struct mf_store_job *jobs, unsigned count)
{
    struct mf_store_job first = {.work = read_work, .done = note_done};
    struct mf_store_job copies[4];

    begin();
    syncs = 0;
    MF_CHECK_INT(mf_store_queue_submit(queue, &first), 0);
    for (unsigned i = 0; i < count; i++) {
        copies[i] = jobs[i];
        MF_CHECK_INT(mf_store_queue_submit(queue, &copies[i]), 0);
    }
    MF_CHECK_INT(mf_store_queue_waiting(queue), count + 1);
    close_queue();
    (void)uv_run(&loop, UV_RUN_DEFAULT);
    MF_CHECK_INT(done_count, count + 1);
    MF_CHECK_INT(worked_count, count + 1);
    MF_CHECK_INT(closed, 1);
}

#define LAZY                                                                                                 \
    {                                                                                                        \
        .work = lazy_work, .done = note_done, .is_brief = true                                               \
    }

static void brief_jobs_share_a_wait(void)
{
    const struct mf_store_job three[] = {LAZY, LAZY, LAZY};
    unsigned least = 3;

    /* A machine that is busy elsewhere may end a round early. */
    for (unsigned tries = 0; tries < 100 && least > 1; tries++) {
        run_round(three, 3);
        MF_CHECK_INT(syncs_at_done[0], 0);
        MF_CHECK(syncs_at_done[1] >= 1); /* None is told before the disk has it. */
        least = syncs < least ? syncs : least;
    }
    MF_CHECK_INT(least, 1);
}

static void others_do_not(void)
{
    struct mf_store_job three[] = {LAZY, LAZY, LAZY};

    three[1].is_brief = false;
    run_round(three, 3);
    MF_CHECK_INT(syncs, 3);
    for (unsigned i = 1; i <= 3; i++) {
        MF_CHECK_INT(syncs_at_done[i], i);
    }
}

static void only_those_that_wrote_hear_of_a_broken_disk(void)
{
    const struct mf_store_job three[] = {
        LAZY, {.work = read_work, .done = note_done, .is_brief = true}, LAZY};

    is_disk_broken = true;
    run_round(three, 3);
    is_disk_broken = false;
    MF_CHECK_INT(errors_at_done[1], MF_E_STORE);
    MF_CHECK_INT(errors_at_done[2], 0);
    MF_CHECK_INT(errors_at_done[3], MF_E_STORE);
}

static int slow_work(struct mf_store *with, struct mf_store_job *job)
{
    uint64_t end_ns = mf_clock_now_ns() + MF_STORE_ROUND_NS_MAX;

    while (mf_clock_now_ns() < end_ns) {
    }
    return lazy_work(with, job);
}

static void a_slow_one_ends_the_round(void)
{
    struct mf_store_job three[] = {LAZY, LAZY, LAZY};

    three[0].work = slow_work;
    run_round(three, 3);
    MF_CHECK_INT(syncs_at_done[1], 1);
    MF_CHECK(syncs_at_done[2] >= 2);
}

/* ---- on the loop itself ---------------------------------------------------------------------------------- */

static int tried_work(struct mf_store *with, struct mf_store_job *job)
{
    struct test_job *test = MF_CONTAINER_OF(job, struct test_job, job);
    uv_thread_t here = uv_thread_self();
    struct mf_inode inode;
    int rc = mf_store_fs_begin(with, MF_STORE_FS_READ);

    MF_CHECK(job->is_tried && uv_thread_equal(&here, &loop_thread));
    worked_count++;
    rc = rc < 0 ? rc : mf_store_fs_end(with, mf_store_inode_get(with, INT64_MAX, &inode));
    return rc == MF_E_NOT_FOUND ? test->result : MF_E_STORE;
}

static int tried_slowly(struct mf_store *with, struct mf_store_job *job)
{
    uint64_t end_ns = mf_clock_now_ns() + MF_STORE_TRY_NS_MAX;

    while (mf_clock_now_ns() <= end_ns) {
    }
    return tried_work(with, job);
}

static bool try_one(int result)
{
    struct test_job test = {.job = {.work = tried_work}, .result = result};
    bool is_done = mf_store_queue_try(queue, &test.job);

    MF_CHECK(!test.job.is_tried);
    MF_CHECK(!is_done || test.job.error == result);
    return is_done;
}

static void an_idle_queue_works_on_the_loop(void)
{
    begin();
    MF_CHECK(try_one(0));
    MF_CHECK(try_one(MF_E_FS_ENOENT));
    MF_CHECK_INT(worked_count, 2);
    MF_CHECK(!try_one(MF_E_AGAIN)); /* Too much: it is for the worker. */
    MF_CHECK_INT(worked_count, 3);
    MF_CHECK(try_one(0));
    close_queue();
    MF_CHECK(!try_one(0));
    (void)uv_run(&loop, UV_RUN_DEFAULT);
}

static void nothing_is_tried_before_what_waits(void)
{
    struct test_job first = make_job(1, 0);

    begin();
    submit(&first, 0);
    MF_CHECK(!try_one(0));
    (void)uv_run(&loop, UV_RUN_DEFAULT);
    MF_CHECK(try_one(0));
    close_queue();
    (void)uv_run(&loop, UV_RUN_DEFAULT);
}

static void the_loop_does_not_wait_for_the_store(void)
{
    begin();
    MF_CHECK_INT(mf_store_fs_begin(store, MF_STORE_FS_WRITE), 0);
    MF_CHECK(!try_one(0));
    MF_CHECK_INT(mf_store_fs_end(store, 0), 0);
    MF_CHECK(try_one(0));
    close_queue();
    (void)uv_run(&loop, UV_RUN_DEFAULT);
}

static void after_a_slow_one_none_is_tried(void)
{
    struct test_job slow = {.job = {.work = tried_slowly}};

    begin();
    MF_CHECK(mf_store_queue_try(queue, &slow.job));
    MF_CHECK(!try_one(0));
    close_queue();
    (void)uv_run(&loop, UV_RUN_DEFAULT);
}

/* ---- a round is one transaction ------------------------------------------------------------------------- */

static uint64_t made[4]; /* Inodes, by the job; their sizes say which made it. */
static unsigned made_count;
static bool is_log_broken;

/* SQLite's. */
ssize_t pwrite64(int fd, const void *bytes, size_t size, off64_t offset);
ssize_t pwrite64(int fd, const void *bytes, size_t size, off64_t offset)
{
    if (is_log_broken) {
        errno = EIO;
        return -1;
    }
    return syscall(SYS_pwrite64, fd, bytes, size, offset);
}

static int make_inode(struct mf_store *with, int error)
{
    struct mf_inode inode = {.kind = MF_INODE_FILE, .inodes = 1, .size = 100 + made_count};
    int rc = mf_store_fs_begin(with, MF_STORE_FS_WRITE_LAZY);

    rc = rc < 0 ? rc
                : mf_store_fs_end(
                      with, mf_store_inode_new(with, &inode, mf_slice_of(NULL, 0)) < 0 ? MF_E_STORE : error);
    made[made_count++] = inode.id;
    worked_count++;
    return rc;
}

static int good_work(struct mf_store *with, struct mf_store_job *job)
{
    int rc = make_inode(with, 0);

    job->needs_sync = rc == 0;
    return rc;
}

static int bad_work(struct mf_store *with, struct mf_store_job *job)
{
    (void)job;
    return make_inode(with, MF_E_INVALID);
}

static bool is_there(unsigned number)
{
    struct mf_inode inode;

    MF_CHECK_INT(mf_store_fs_begin(store, MF_STORE_FS_READ), 0);
    int rc = mf_store_inode_get(store, made[number], &inode);
    MF_CHECK_INT(mf_store_fs_end(store, 0), 0);
    return rc == 0 && inode.size == 100 + number;
}

static void one_that_fails_takes_back_its_own(void)
{
    const struct mf_store_job three[] = {{.work = good_work, .done = note_done, .is_brief = true},
                                         {.work = bad_work, .done = note_done, .is_brief = true},
                                         {.work = good_work, .done = note_done, .is_brief = true}};

    made_count = 0;
    run_round(three, 3);
    MF_CHECK_INT(errors_at_done[1], 0);
    MF_CHECK_INT(errors_at_done[2], MF_E_INVALID);
    MF_CHECK_INT(errors_at_done[3], 0);
    MF_CHECK(is_there(0) && !is_there(1) && is_there(2));
}

/* Also one that only read: it may have seen what never was. */
static void what_cannot_be_committed_fails_all_of_them(void)
{
    const struct mf_store_job three[] = {{.work = good_work, .done = note_done, .is_brief = true},
                                         {.work = read_work, .done = note_done, .is_brief = true},
                                         {.work = good_work, .done = note_done, .is_brief = true}};

    bool has_read_failed = false;

    /* A machine that is busy elsewhere may end a round early. */
    for (unsigned tries = 0; tries < 100 && !has_read_failed; tries++) {
        made_count = 0;
        is_log_broken = true;
        run_round(three, 3);
        is_log_broken = false;
        MF_CHECK_INT(errors_at_done[1], MF_E_STORE);
        MF_CHECK_INT(errors_at_done[3], MF_E_STORE);
        has_read_failed = errors_at_done[2] == MF_E_STORE;
    }
    MF_CHECK(has_read_failed);
    MF_CHECK(!is_there(0) && !is_there(1));
    made_count = 0;
    run_round(three, 3);
    MF_CHECK(errors_at_done[1] == 0 && is_there(0) && is_there(1));
}

int main(void)
{
    char dir[64];
    char why[MF_STORE_WHY_BYTES_MAX];
    (void)snprintf(dir, sizeof dir, "/tmp/mayfly-queue-XXXXXX");
    MF_CHECK(mkdtemp(dir) != NULL);
    MF_CHECK_INT(mf_store_open(dir, &store, why), 0);
    MF_CHECK(uv_loop_init(&loop) == 0 && uv_sem_init(&hold, 0) == 0);
    loop_thread = uv_thread_self();
    MF_RUN(in_order);
    MF_RUN(closing_finishes_what_waits);
    MF_RUN(closed_from_a_callback);
    MF_RUN(a_full_queue_says_so);
    MF_RUN(brief_jobs_share_a_wait);
    MF_RUN(others_do_not);
    MF_RUN(only_those_that_wrote_hear_of_a_broken_disk);
    MF_RUN(a_slow_one_ends_the_round);
    MF_RUN(an_idle_queue_works_on_the_loop);
    MF_RUN(nothing_is_tried_before_what_waits);
    MF_RUN(the_loop_does_not_wait_for_the_store);
    MF_RUN(after_a_slow_one_none_is_tried);
    MF_RUN(one_that_fails_takes_back_its_own);
    MF_RUN(what_cannot_be_committed_fails_all_of_them);
    MF_CHECK(uv_loop_close(&loop) == 0);
    mf_store_close(store);
    char command[128];
    (void)snprintf(command, sizeof command, "rm -rf '%s'", dir);
    return system(command) == 0 ? 0 : 1;
}
