/* engine_kit.h - a runtime of thirty lines for the engine's tests: print() for the script, text out for the test. */
#ifndef MAYFLY_TESTS_ENGINE_KIT_H
#define MAYFLY_TESTS_ENGINE_KIT_H

#include <pthread.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <mayfly/engine.h>

#include "check.h"

#define KIT_STACK_BYTES (MF_EXECUTOR_STACK_BYTES - 65536)

struct mf_isolate_host {
    struct mf_buf out;
    _Atomic int is_oom;
};

enum { KIT_START = 1, KIT_CALL = 2, KIT_ECHO = 3, KIT_THROW = 4 };

/* START evaluates the main module and prints what it rejects with; CALL calls its default export; ECHO prints the
 * arguments' types and values. print is the guest's only function; internals are shown to it as `mf` on purpose. */
static const char kit_runtime[] =
    "const { ops } = internals;\n"
    "const inspect = (v) => typeof v === 'string' ? v : v instanceof Uint8Array ? `bytes(${v})` : "
    "String(v);\n"
    "globalThis.print = (...args) => ops.print(args.map(inspect).join(' '));\n"
    "globalThis.mf = internals;\n"
    "let main;\n"
    "const failed = (e) => { const at = internals.describeError(e);\n"
    "  print(`rejected ${e}`); if (at) print(`  at ${at.module}:${at.line}:${at.column}`); };\n"
    "internals.setDispatcher((event, ...args) => {\n"
    "  if (event === 1) internals.evaluateMain().then((ns) => { main = ns; if (args[0]) print('ready'); }, "
    "failed);\n"
    "  else if (event === 2) new Promise((r) => r(main.default(...args))).then((v) => print('result', v), "
    "failed);\n"
    "  else if (event === 3) print(...args.map((a) => `${typeof a}:${inspect(a)}`));\n"
    "  else throw new Error('thrown by the dispatcher');\n"
    "});\n"
    "internals.setRejectionHandler((kind, promise, reason) => { if (globalThis.onreject) onreject(kind, "
    "reason); });\n"
    "internals.define('cloudflare:workers', { env: { NAME: 'x' }, WorkerEntrypoint: class {} });\n";

static const char kit_lazy[] = "let count = 0; return { next() { return ++count; }, kit: primordials };\n";

static inline void kit_op_print(struct mf_op_call *call)
{
    struct mf_slice text;
    if (mf_op_arg_utf8(call, 0, &text) < 0 || !mf_op_host(call)) {
        return;
    }
    struct mf_buf *out = &mf_op_host(call)->out;
    if (mf_buf_append_slice(out, text) < 0 || mf_buf_append_cstr(out, "\n") < 0) {
        mf_op_throw(call, MF_OP_RANGE_ERROR, "print: too much");
    }
}

/* Tests that need more ops define KIT_OPS before they include this. */
#ifndef KIT_OPS
#define KIT_OPS
#endif

static const struct mf_op kit_ops[] = {{"print", kit_op_print}, KIT_OPS};
static const struct mf_constant kit_constants[] = {{"START", KIT_START}, {"HALF", 0.5}};
static struct mf_engine_script kit_scripts[] = {
    {"kit.js", {NULL, 0}, false},
    {"lazy.js", {NULL, 0}, true},
};
static const struct mf_engine_asset kit_assets[] = {{"five", {(const uint8_t *)"12345", 5}}};
#ifndef KIT_STATE_FREE
#define KIT_STATE_FREE NULL
#endif
static const struct mf_engine_program kit_program = {
    kit_ops,     MF_COUNT_OF(kit_ops),     kit_constants, MF_COUNT_OF(kit_constants),
    kit_scripts, MF_COUNT_OF(kit_scripts), kit_assets,    MF_COUNT_OF(kit_assets),
    KIT_STATE_FREE,
};

/* The snapshot is made in a child, as V8 starts once in a process. */
static inline struct mf_slice kit_make_snapshot(void)
{
    int fd = memfd_create("snapshot", MFD_CLOEXEC);
    MF_CHECK(fd >= 0);
    pid_t child = fork();
    MF_CHECK(child >= 0);
    if (child == 0) {
        struct mf_buf blob;
        mf_buf_init(&blob, 64u << 20);
        int rc = mf_engine_make_snapshot(&kit_program, &blob);
        _exit(rc == 0 && write(fd, blob.data, blob.size) == (ssize_t)blob.size ? 0 : 1);
    }
    int status = -1;
    MF_CHECK(waitpid(child, &status, 0) == child);
    MF_CHECK_INT(status, 0);
    off_t size = lseek(fd, 0, SEEK_END);
    MF_CHECK(size > 0);
    void *map = mmap(NULL, (size_t)size, PROT_READ, MAP_PRIVATE, fd, 0);
    MF_CHECK(map != MAP_FAILED);
    close(fd);
    return mf_slice_of(map, (size_t)size);
}

static inline void kit_on_oom(struct mf_isolate_host *host, const char *where)
{
    (void)where;
    atomic_store(&host->is_oom, 1);
}

static inline void kit_init(bool has_snapshot)
{
    kit_scripts[0].text = mf_slice_of_cstr(kit_runtime);
    kit_scripts[1].text = mf_slice_of_cstr(kit_lazy);
    struct mf_engine_options options = {0};
    options.program = &kit_program;
    if (has_snapshot) {
        options.snapshot = kit_make_snapshot();
    }
    options.memory_bytes_max = UINT64_C(4) << 30;
    MF_CHECK_INT(mf_engine_init(&options), 0);
    mf_engine_set_oom_handler(kit_on_oom);
}

static inline void kit_host_init(struct mf_isolate_host *host)
{
    mf_buf_init(&host->out, 1u << 20);
    atomic_init(&host->is_oom, 0);
}

static inline struct mf_isolate *kit_new(struct mf_isolate_host *host, uint64_t memory_bytes_max)
{
    struct mf_isolate_options options = {UINT64_C(512) << 20, false};
    struct mf_isolate *isolate = NULL;
    MF_CHECK_INT(mf_isolate_new(&options, &isolate), 0);
    struct mf_isolate_limits limits = {memory_bytes_max, true};
    mf_isolate_attach(isolate, host, &limits);
    return isolate;
}

static inline int
kit_deliver(struct mf_isolate *isolate, uint32_t event, const struct mf_value *args, size_t count)
{
    mf_isolate_enter(isolate, KIT_STACK_BYTES);
    int rc = mf_isolate_deliver(isolate, event, args, count);
    mf_isolate_leave(isolate);
    return rc;
}

/* One module is enough for most tests. The text lives until the next call. */
static inline const char *kit_text(struct mf_isolate_host *host)
{
    static _Thread_local char text[1 << 16];
    size_t size = host->out.size < sizeof(text) - 1 ? host->out.size : sizeof(text) - 1;
    if (size > 0) {
        memcpy(text, host->out.data, size);
    }
    text[size] = '\0';
    mf_buf_done(&host->out);
    return text;
}

static inline const char *
kit_run_modules(const struct mf_module *modules, size_t count, const char *main, int expected_rc)
{
    struct mf_isolate_host host;
    kit_host_init(&host);
    struct mf_isolate *isolate = kit_new(&host, UINT64_C(256) << 20);
    MF_CHECK_INT(mf_isolate_set_modules(isolate, modules, count, mf_slice_of_cstr(main)), 0);
    MF_CHECK_INT(kit_deliver(isolate, KIT_START, NULL, 0), expected_rc);
    mf_isolate_free(isolate);
    return kit_text(&host);
}

static inline const char *kit_run(const char *source)
{
    struct mf_module module = {.kind = MF_MODULE_ESM, .name = mf_slice_of_cstr("main.js"), .body = mf_slice_of_cstr(source)};
    return kit_run_modules(&module, 1, "main.js", 0);
}

#define KIT_CHECK_RUN(source, expected)                                                                      \
    do {                                                                                                     \
        const char *kit_got = kit_run(source);                                                               \
        MF_CHECK_TEXT(mf_slice_of_cstr(kit_got), expected);                                                  \
    } while (0)

#endif
