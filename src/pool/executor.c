/* executor.c - one executor process, from spawn to reap. Its states are drawn in internal.h.
 *
 *   state      takes runs  has runs  frames are handled  has a slot
 *   STARTING   no          no        yes                 yes
 *   READY      yes         yes       yes                 yes
 *   CONDEMNED  no          yes       yes                 no
 *   DYING      no          no        until it was killed no
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "internal.h"

const char *mf_executor_state_name(enum mf_executor_state state)
{
    switch (state) {
    case MF_EXECUTOR_STARTING:
        return "starting";
    case MF_EXECUTOR_READY:
        return "ready";
    case MF_EXECUTOR_CONDEMNED:
        return "condemned";
    case MF_EXECUTOR_DYING:
        return "dying";
    }
    return "?";
}

/* The table at the top, as far as it can be seen. */
static void check(const struct executor *executor)
{
    bool has_runs = executor->runs_count > 0;
    MF_ASSERT(has_runs == !mf_list_is_empty(&executor->runs));
    MF_ASSERT(mf_map_count(executor->runs_by_number) >= executor->runs_count); /* And ghosts. */
    switch (executor->state) {
    case MF_EXECUTOR_STARTING:
        MF_ASSERT(!has_runs && executor->slot && !executor->is_channel_closed);
        break;
    case MF_EXECUTOR_READY:
        MF_ASSERT(executor->slot && !executor->is_channel_closed);
        break;
    case MF_EXECUTOR_CONDEMNED:
        MF_ASSERT(has_runs && !executor->slot && !executor->is_channel_closed);
        break;
    case MF_EXECUTOR_DYING:
        MF_ASSERT(!has_runs && !executor->slot);
        break;
    }
}

/* ---- the end -------------------------------------------------------------------------------- */

static void free_executor(struct executor *executor)
{
    struct mf_pool *pool = executor->pool;
    mf_list_remove(&executor->link);
    mf_list_remove(&executor->dirty);
    mf_frame_reader_done(&executor->reader);
    mf_buf_done(&executor->out);
    mf_map_free(executor->runs_by_number);
    mf_free(executor);
    if (pool) {
        mf__pool_executor_gone(pool);
    }
}

static void on_handle_closed(uv_handle_t *handle)
{
    struct executor *executor = handle->data;
    MF_ASSERT(executor->handles_open > 0);
    if (--executor->handles_open == 0) {
        free_executor(executor);
    }
}

static void close_fd(int *fd)
{
    if (*fd >= 0) {
        (void)close(*fd);
        *fd = -1;
    }
}

/* Every handle that was initialised closes; the last one frees. */
static void close_handles(struct executor *executor)
{
    uv_close((uv_handle_t *)&executor->timer, on_handle_closed);
    if (executor->channel_fd >= 0) {
        uv_close((uv_handle_t *)&executor->channel_poll, on_handle_closed);
    }
    if (executor->log_fd >= 0) {
        uv_close((uv_handle_t *)&executor->log_poll, on_handle_closed);
    }
    if (executor->pid_fd >= 0) {
        uv_close((uv_handle_t *)&executor->pid_poll, on_handle_closed);
    }
    close_fd(&executor->channel_fd);
    close_fd(&executor->log_fd);
    close_fd(&executor->pid_fd);
}

static void send_kill(const struct executor *executor)
{
    if (!executor->is_reaped) {
        (void)syscall(SYS_pidfd_send_signal, executor->pid_fd, SIGKILL, NULL, 0);
    }
}

static void close_channel(struct executor *executor)
{
    executor->is_channel_closed = true;
    (void)uv_poll_stop(&executor->channel_poll);
    mf_list_remove(&executor->dirty);
}

/* Says once, in the log and in the counters, why it ends. */
static void blame(struct executor *executor, int error, const char *why)
{
    if (executor->is_blamed || executor->is_asked_to_end) {
        return;
    }
    executor->is_blamed = true;
    mf_log(MF_LOG_ERROR, error, NULL, "executor %d: %s", (int)executor->pid, why);
    mf__pool_note_crash(executor->pool, error, why);
}

/* The runs first, so that nobody is given to it again; then the slot. A condemned one ends by itself when it has no run:
 * a START that crossed its end has not begun, and moves. After any other death no run is tried on a second executor. */
static void leave_service(struct executor *executor, int error)
{
    bool is_orderly = executor->state == MF_EXECUTOR_CONDEMNED && executor->is_gone;
    bool has_lost = false;
    MF_LIST_FOR_EACH(link, &executor->runs)
    {
        struct mf_run *run = MF_CONTAINER_OF(link, struct mf_run, link);
        if (is_orderly && mf__run_may_move(run)) {
            mf__run_move(run);
        } else {
            has_lost = true;
            mf__run_fail(run, error);
        }
    }
    executor->is_asked_to_end = executor->is_asked_to_end || (is_orderly && !has_lost);
    executor->state = MF_EXECUTOR_DYING;
    if (executor->slot) {
        mf__pool_vacate(executor, !executor->is_asked_to_end);
    }
}

void mf__executor_kill(struct executor *executor, int error, const char *why)
{
    if (executor->is_channel_closed) {
        return;
    }
    close_channel(executor);
    (void)uv_timer_stop(&executor->timer);
    send_kill(executor);
    if (why) {
        blame(executor, error, why);
    }
    leave_service(executor, error);
    check(executor);
}

void mf__executor_attacked(struct executor *executor, const char *format, ...)
{
    char what[256];
    char why[320];
    va_list args;
    va_start(args, format);
    (void)vsnprintf(what, sizeof what, format, args);
    va_end(args);
    (void)snprintf(why, sizeof why, "it broke the protocol and was killed: %s", what);
    executor->pool->attacks++;
    executor->is_asked_to_end = false;
    mf__executor_kill(executor, MF_E_EXECUTOR_PROTOCOL, why);
}

static void on_timer(uv_timer_t *timer);

/* No runs are left: it may go by itself, in a short while. */
static void tell_to_end(struct executor *executor)
{
    struct mf_msg_drain message = {0};
    executor->is_asked_to_end = true;
    executor->state = MF_EXECUTOR_DYING;
    (void)uv_timer_start(&executor->timer, on_timer, executor->pool->times.exit_ms, 0);
    mf__channel_queued(executor, mf_encode_drain(mf__channel_out(executor), 0, &message));
}

void mf__executor_condemn(struct executor *executor, uint64_t drain_ms, const char *why)
{
    if (executor->state != MF_EXECUTOR_READY && executor->state != MF_EXECUTOR_STARTING) {
        return;
    }
    mf_log(MF_LOG_INFO, 0, NULL, "executor %d takes no more runs: %s", (int)executor->pid, why);
    executor->state = MF_EXECUTOR_CONDEMNED;
    mf__pool_vacate(executor, false);
    if (executor->runs_count == 0) {
        tell_to_end(executor);
    } else {
        (void)uv_timer_start(&executor->timer, on_timer, drain_ms, 0);
        mf__pool_trim_condemned(executor->pool);
    }
    check(executor);
}

void mf__executor_run_left(struct executor *executor)
{
    if (executor->runs_count == 0 && executor->owner != 0) {
        executor->idle_ns = mf_clock_now_ns();
    }
    if (executor->domain == MF_POOL_DOMAIN_MAKERS && executor->state == MF_EXECUTOR_READY) {
        executor->slot->was_filled = false; /* What comes is no restart. */
        mf__executor_condemn(executor, executor->pool->times.exit_ms, "it has made its code cache");
        return;
    }
    if (executor->state == MF_EXECUTOR_CONDEMNED && executor->runs_count == 0) {
        tell_to_end(executor);
    }
}

static void on_timer(uv_timer_t *timer)
{
    struct executor *executor = timer->data;
    switch (executor->state) {
    case MF_EXECUTOR_STARTING:
        mf__executor_kill(executor, MF_E_NO_EXECUTOR, "it did not become ready in time");
        break;
    case MF_EXECUTOR_CONDEMNED:
        mf_log(MF_LOG_WARN, 0, NULL, "executor %d is killed: its last runs did not finish in time",
               (int)executor->pid);
        executor->is_asked_to_end = true;
        mf__executor_kill(executor, MF_E_EXECUTOR_LOST, NULL);
        break;
    case MF_EXECUTOR_DYING:
        mf__executor_kill(executor, MF_E_EXECUTOR_LOST, NULL);
        break;
    case MF_EXECUTOR_READY:
        MF_UNREACHABLE("a ready executor has no timer");
    }
}

/* Its last words explain an exit, not a signal. */
static void describe_end(const struct executor *executor, const siginfo_t *info, char *why, size_t why_bytes)
{
    const char *words = executor->log.last;
    const char *joint = words[0] ? ": " : "";
    if (executor->log.is_last_of_jail) {
        (void)snprintf(why, why_bytes, "%.500s", words);
    } else if (info->si_code == CLD_EXITED) {
        (void)snprintf(why, why_bytes, "it ended with exit status %d%s%.400s", info->si_status, joint, words);
    } else {
        (void)snprintf(why, why_bytes, "it was ended by signal %d (%s)%s%.400s", info->si_status,
                       strsignal(info->si_status), joint, words);
    }
}

static void on_pid(uv_poll_t *poll, int status, int events)
{
    struct executor *executor = poll->data;
    siginfo_t info;
    char why[MF_JAIL_WHY_BYTES_MAX];
    (void)status;
    (void)events;
    memset(&info, 0, sizeof info);
    if (waitid(P_PIDFD, (id_t)executor->pid_fd, &info, WEXITED | WNOHANG | __WALL) < 0 && errno != ECHILD) {
        return;
    }
    if (info.si_pid == 0 && errno != ECHILD) {
        return; /* Not yet. */
    }
    executor->is_reaped = true;
    executor->is_gone = true;
    mf__channel_read_rest(executor);
    mf__log_read(executor);
    describe_end(executor, &info, why, sizeof why);
    int error = executor->log.is_last_of_jail ? MF_E_JAIL : MF_E_NO_EXECUTOR;
    blame(executor, executor->was_ready ? MF_E_EXECUTOR_LOST : error, why);
    if (!executor->is_channel_closed) {
        close_channel(executor);
    }
    if (executor->state != MF_EXECUTOR_DYING) {
        leave_service(executor, MF_E_EXECUTOR_LOST);
    }
    check(executor);
    close_handles(executor);
}

/* ---- the start ------------------------------------------------------------------------------ */

#define ARGS_MAX 24
#define NUMBER_BYTES 24

struct arguments {
    const char *argv[ARGS_MAX + 1];
    char numbers[ARGS_MAX][NUMBER_BYTES];
    size_t count;
};

static void add_text(struct arguments *arguments, const char *text)
{
    MF_ASSERT(arguments->count < ARGS_MAX);
    arguments->argv[arguments->count++] = text;
}

static void add_number(struct arguments *arguments, const char *name, uint64_t number)
{
    add_text(arguments, name);
    char *text = arguments->numbers[arguments->count];
    (void)snprintf(text, NUMBER_BYTES, "%" PRIu64, number);
    add_text(arguments, text);
}

static void make_arguments(const struct mf_pool *pool, unsigned domain, struct arguments *arguments)
{
    memset(arguments, 0, sizeof *arguments);
    add_text(arguments, "mayfly-executor");
    add_number(arguments, "--channel-fd", 3);
    add_number(arguments, "--standby", domain == MF_POOL_DOMAIN_MAKERS ? 0 : pool->standby_count);
    add_number(arguments, "--threads-max", pool->threads_max);
    add_number(arguments, "--runs-max", pool->runs_max);
    add_number(arguments, "--memory-bytes", pool->memory_bytes_max);
    add_number(arguments, "--heap-bytes", pool->heap_bytes_max);
    add_number(arguments, "--jail-layers", pool->layers);
    add_number(arguments, "--jail-required", pool->layers_required);
    add_number(arguments, "--jail-given", pool->layers & JAIL_NAMESPACES);
    if (pool->is_jitless) {
        add_text(arguments, "--jitless");
    }
    if (pool->v8_flags) {
        add_text(arguments, "--v8-flags");
        add_text(arguments, pool->v8_flags);
    }
}

static void no_wait(int fd)
{
    int flags = fcntl(fd, F_GETFL);
    MF_ASSERT(flags >= 0 && fcntl(fd, F_SETFL, flags | O_NONBLOCK) == 0);
}

static void widen(int fd)
{
    int size = MF_POOL_SOCKET_BYTES; /* The kernel may give less: then the channel only wakes more often. */
    (void)setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof size);
}

/* |their| ends go to the child, |executor|'s stay. */
static int open_pipes(struct executor *executor, int *their_channel, int *their_log)
{
    int channel[2];
    int log[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, channel) < 0) {
        return -errno;
    }
    if (pipe2(log, O_CLOEXEC) < 0) {
        int error = -errno;
        (void)close(channel[0]);
        (void)close(channel[1]);
        return error;
    }
    widen(channel[0]);
    widen(channel[1]);
    no_wait(channel[0]);
    no_wait(log[0]);
    executor->channel_fd = channel[0];
    executor->log_fd = log[0];
    *their_channel = channel[1];
    *their_log = log[1];
    return 0;
}

static int spawn(struct executor *executor, char *why)
{
    static const char *const environment[] = {"TZ=UTC", "LANG=C.UTF-8", NULL};
    const struct mf_pool *pool = executor->pool;
    struct arguments arguments;
    int their_channel = -1;
    int their_log = -1;
    make_arguments(pool, executor->domain, &arguments);
    int error = open_pipes(executor, &their_channel, &their_log);
    if (error < 0) {
        (void)snprintf(why, MF_JAIL_WHY_BYTES_MAX, "socketpair or pipe: %s", strerror(-error));
        return MF_E_NO_EXECUTOR;
    }
    struct mf_jail_spawn options = {.path = pool->executor_path,
                                    .argv = arguments.argv,
                                    .envp = environment,
                                    .channel_fd = their_channel,
                                    .log_fd = their_log,
                                    .layers = pool->layers,
                                    .layers_required = pool->layers_required,
                                    .outer_uid = pool->outer_uid,
                                    .outer_gid = pool->outer_gid};
    error = mf_jail_spawn(&options, &executor->pid, &executor->pid_fd, &executor->layers_spawned, why);
    (void)close(their_channel);
    (void)close(their_log);
    if (error < 0 && error != MF_E_JAIL) {
        (void)snprintf(why, MF_JAIL_WHY_BYTES_MAX, "%s: %s", pool->executor_path, mf_error_message(error));
    }
    return error;
}

static int open_poll(struct executor *executor, uv_poll_t *poll, int *fd, int events, uv_poll_cb on_event)
{
    int error = uv_poll_init(executor->pool->loop, poll, *fd);
    if (error < 0) {
        close_fd(fd); /* Marks the handle as one that must not be closed. */
        return error;
    }
    poll->data = executor;
    executor->handles_open++;
    return uv_poll_start(poll, events, on_event);
}

static int open_handles(struct executor *executor)
{
    (void)uv_timer_init(executor->pool->loop, &executor->timer);
    executor->timer.data = executor;
    executor->handles_open++;
    int channel =
        open_poll(executor, &executor->channel_poll, &executor->channel_fd, UV_READABLE, mf__channel_on_poll);
    int log = open_poll(executor, &executor->log_poll, &executor->log_fd, UV_READABLE, mf__log_on_poll);
    int pid = open_poll(executor, &executor->pid_poll, &executor->pid_fd, UV_READABLE, on_pid);
    return channel < 0 ? channel : log < 0 ? log : pid;
}

static struct executor *new_executor(struct mf_pool *pool, struct pool_slot *slot)
{
    struct executor *executor = mf_new(sizeof *executor);
    executor->pool = pool;
    executor->slot = slot;
    executor->domain = slot->domain;
    executor->pid_fd = -1;
    executor->channel_fd = -1;
    executor->log_fd = -1;
    executor->spawned_ns = mf_clock_now_ns();
    executor->runs_by_number = mf_map_new(pool->runs_max);
    mf_frame_reader_init(&executor->reader, MF_TO_DAEMON);
    mf_buf_init(&executor->out, MF_CHANNEL_QUEUE_BYTES_MAX);
    mf_list_init(&executor->link);
    mf_list_init(&executor->dirty);
    mf_list_init(&executor->bundles);
    mf_list_init(&executor->runs);
    return executor;
}

int mf__executor_spawn(struct mf_pool *pool,
                       struct pool_slot *slot,
                       struct executor **ret_executor,
                       char *why)
{
    struct executor *executor = new_executor(pool, slot);
    int error = spawn(executor, why);
    if (error < 0) {
        close_fd(&executor->channel_fd);
        close_fd(&executor->log_fd);
        executor->pool = NULL;
        free_executor(executor);
        return error;
    }
    error = open_handles(executor);
    if (error < 0) {
        (void)snprintf(why, MF_JAIL_WHY_BYTES_MAX, "uv_poll: %s", uv_strerror(error));
        (void)kill(executor->pid, SIGKILL);
        (void)waitpid(executor->pid, NULL, __WALL);
        executor->pool = NULL; /* It is freed when its handles are closed, and the pool never knew it. */
        close_handles(executor);
        return MF_E_NO_EXECUTOR;
    }
    (void)uv_timer_start(&executor->timer, on_timer, pool->times.start_ms, 0);
    mf_list_push_back(&pool->executors, &executor->link);
    mf_log(MF_LOG_DEBUG, 0, NULL, "executor %d was started", (int)executor->pid);
    *ret_executor = executor;
    check(executor);
    return 0;
}

void mf__executor_look(struct executor *executor)
{
    char text[128];
    unsigned long long pages = 0;
    (void)snprintf(text, sizeof text, "/proc/%d/statm", (int)executor->pid);
    int fd = open(text, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return;
    }
    ssize_t got = read(fd, text, sizeof text - 1);
    (void)close(fd);
    if (got > 0) {
        text[got] = 0;
        if (sscanf(text, "%*u %llu", &pages) == 1) {
            executor->rss_bytes = pages * (uint64_t)sysconf(_SC_PAGESIZE);
        }
    }
}
