/* strip.c - see strip.h. */
#include "strip.h"

#define TOOL_CPU_NS ((uint64_t)MF_TYPESCRIPT_WARM_MS_MAX * MF_NS_PER_MS)

static struct mf_strip *strip_of(struct mf_runtime_host *host)
{
    return MF_CONTAINER_OF(host, struct mf_strip, base);
}

/* The answer to STRIP, inside the turn. */
static void on_stripped(struct mf_runtime_host *host, const struct mf_runtime_stripped *stripped)
{
    struct mf_strip *strip = strip_of(host);

    mf_buf_reset(&strip->text);
    mf_buf_reset(&strip->mappings);
    strip->has_result = true;
    strip->result = stripped->error > 0 ? MF_E_INTERNAL : stripped->error;
    strip->line = stripped->line;
    strip->column = stripped->column;
    if (mf_buf_append_slice(&strip->text, stripped->text) < 0 ||
        mf_buf_append_slice(&strip->mappings, stripped->mappings) < 0) {
        strip->result = MF_E_NO_MEMORY;
    }
}

/* The tool has no console, timers, bodies or fetch: only |stripped| is ever called in it. */
static const struct mf_runtime_calls tool_calls = {.stripped = on_stripped};

void mf_strip_init(struct mf_strip *strip, struct mf_watchdog *watchdog)
{
    *strip = (struct mf_strip){.base = {.calls = &tool_calls}, .watchdog = watchdog};
    mf_strip_cache_init(&strip->cache);
    mf_buf_init(&strip->text, 4 * (size_t)MF_TYPESCRIPT_BYTES_MAX);
    mf_buf_init(&strip->mappings, 4 * (size_t)MF_TYPESCRIPT_BYTES_MAX);
    mf_list_init(&strip->watch.list);
    MF_ASSERT(pthread_mutex_init(&strip->mutex, NULL) == 0);
}

void mf_strip_done(struct mf_strip *strip)
{
    mf_isolate_free(strip->tool);
    mf_buf_done(&strip->text);
    mf_buf_done(&strip->mappings);
    mf_strip_cache_done(&strip->cache);
    pthread_mutex_destroy(&strip->mutex);
}

/* Locked. One turn of the tool; an error that ended it costs the tool its life. */
static int
deliver(struct mf_strip *strip, uint64_t cpu_ns, uint32_t event, const struct mf_value *args, size_t count)
{
    int error;

    strip->has_result = false;
    mf_isolate_enter(strip->tool, MF_EXECUTOR_STACK_BYTES);
    mf_watchdog_begin(strip->watchdog, &strip->watch, strip->tool, cpu_ns, strip->subject);
    error = mf_isolate_deliver(strip->tool, event, args, count);
    mf_watchdog_end(strip->watchdog, &strip->watch);
    mf_isolate_leave(strip->tool);
    if (error < 0) {
        mf_isolate_free(strip->tool);
        strip->tool = NULL;
        strip->is_warm = false;
    }
    return error;
}

/* Locked. */
static int make_tool(struct mf_strip *strip)
{
    const struct mf_isolate_options options = {.heap_bytes_max = MF_TYPESCRIPT_MEMORY_BYTES_MAX,
                                               .is_tool = true};
    const struct mf_isolate_limits limits = {.memory_bytes_max = MF_TYPESCRIPT_MEMORY_BYTES_MAX};
    int error;

    if (strip->is_warm) {
        return 0;
    }
    error = mf_isolate_new(&options, &strip->tool);
    if (error < 0) {
        strip->tool = NULL;
        return error;
    }
    mf_isolate_attach(strip->tool, (struct mf_isolate_host *)&strip->base, &limits);
    error = deliver(strip, TOOL_CPU_NS, MF_EVENT_WARM, NULL, 0);
    strip->is_warm = error == 0;
    return error;
}

bool mf_strip_warm(struct mf_strip *strip)
{
    bool must_warm;
    int error = 0;

    if (pthread_mutex_trylock(&strip->mutex) != 0) {
        return false; /* A run is at it, or was. */
    }
    must_warm = !strip->is_warm;
    if (must_warm) {
        error = make_tool(strip);
    }
    pthread_mutex_unlock(&strip->mutex);
    if (error < 0) {
        mf_log(MF_LOG_WARN, error, NULL, "the TypeScript stripper could not be made ready");
    }
    return must_warm && error == 0;
}

/* Locked. |is_transform|: rewrite what has no JavaScript of its own (enums, namespaces, parameter properties). */
static int strip_once(struct mf_strip *strip,
                      struct mf_slice name,
                      struct mf_slice source,
                      uint64_t cpu_ns,
                      bool is_transform)
{
    const struct mf_value args[] = {
        mf_value_of(MF_VALUE_UTF8, source),
        mf_value_of(MF_VALUE_UTF8, name),
        mf_value_bool(is_transform),
    };
    int error = deliver(strip, cpu_ns, MF_EVENT_STRIP, args, MF_COUNT_OF(args));

    if (error < 0) {
        return error;
    }
    return strip->has_result ? strip->result : MF_E_INTERNAL;
}

/* Locked. A tool that a large module has blown up is given back. */
static void trim_tool(struct mf_strip *strip)
{
    struct mf_isolate_memory memory = {0};

    if (strip->tool == NULL) {
        return;
    }
    mf_isolate_memory(strip->tool, &memory);
    if (memory.heap_bytes + memory.external_bytes > MF_TYPESCRIPT_IDLE_BYTES_MAX) {
        mf_isolate_free(strip->tool);
        strip->tool = NULL;
        strip->is_warm = false;
    }
    if (strip->text.capacity + strip->mappings.capacity > MF_TYPESCRIPT_BYTES_MAX) {
        mf_buf_done(&strip->text);
        mf_buf_done(&strip->mappings);
    }
}

static uint64_t left_of(uint64_t cpu_ns, uint64_t since_ns)
{
    uint64_t used_ns = mf_clock_thread_cpu_ns() - since_ns;

    return used_ns < cpu_ns ? cpu_ns - used_ns : 0;
}

/* Locked. Strip-only first, which keeps every position; the transform only for what cannot be stripped. */
static int strip_twice(struct mf_strip *strip, struct mf_slice name, struct mf_slice source, uint64_t cpu_ns)
{
    uint64_t since_ns = mf_clock_thread_cpu_ns();
    int error = strip_once(strip, name, source, cpu_ns, false);

    if (error == MF_E_UNSUPPORTED) {
        error = strip_once(strip, name, source, left_of(cpu_ns, since_ns), true);
    }
    return error;
}

/* Locked. */
static void tell_error(struct mf_strip *strip, int error, struct mf_strip_error *ret_error)
{
    if (error != MF_E_SYNTAX && error != MF_E_UNSUPPORTED) {
        return;
    }
    ret_error->line = strip->line;
    ret_error->column = strip->column;
    if (mf_buf_append_slice(&ret_error->message, mf_buf_peek(&strip->text)) < 0) {
        mf_buf_reset(&ret_error->message);
    }
}

int mf_strip_module(struct mf_strip *strip,
                    struct mf_slice name,
                    struct mf_slice source,
                    uint64_t cpu_ns,
                    void *subject,
                    struct mf_stripped **ret_stripped,
                    struct mf_strip_error *ret_error,
                    uint64_t *ret_idle_cpu_ns)
{
    struct mf_stripped *stripped;
    uint64_t since_ns = mf_clock_thread_cpu_ns();
    int error;

    if (source.size > MF_TYPESCRIPT_BYTES_MAX) {
        return MF_E_TOO_LARGE;
    }
    stripped = mf_strip_cache_get(&strip->cache, name, source);
    if (stripped != NULL) {
        *ret_stripped = stripped;
        return 0;
    }
    pthread_mutex_lock(&strip->mutex);
    strip->subject = subject;
    error = make_tool(strip);
    *ret_idle_cpu_ns += mf_clock_thread_cpu_ns() - since_ns;
    if (error == 0) {
        error = strip_twice(strip, name, source, cpu_ns);
    }
    strip->subject = NULL;
    if (error == 0) {
        stripped = mf_strip_cache_put(&strip->cache, name, source, mf_buf_peek(&strip->text),
                                      mf_buf_peek(&strip->mappings));
        error = stripped == NULL ? MF_E_NO_MEMORY : 0;
    }
    tell_error(strip, error, ret_error);
    trim_tool(strip);
    pthread_mutex_unlock(&strip->mutex);
    if (error < 0) {
        return error == MF_E_UNSUPPORTED ? MF_E_SYNTAX : error;
    }
    *ret_stripped = stripped;
    return 0;
}

void *mf_strip_lose_tool(struct mf_strip *strip)
{
    void *subject = strip->subject;

    mf_watchdog_end(strip->watchdog, &strip->watch); /* Fine when it had not begun. */
    strip->subject = NULL;
    strip->tool = NULL; /* Lost with this thread. */
    strip->is_warm = false;
    pthread_mutex_unlock(&strip->mutex); /* This thread took it, and will never come back to give it. */
    return subject;
}
