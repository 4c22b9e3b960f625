/* What runs too long or takes too much ends with its reason, and its neighbour does not notice. */
#include "engine_kit.h"

#include <time.h>

#define MB (UINT64_C(1) << 20)

static struct mf_isolate_host neighbour_host;
static struct mf_isolate *neighbour;

static void neighbour_open(void)
{
    kit_host_init(&neighbour_host);
    neighbour = kit_new(&neighbour_host, 64 * MB);
    static const char source[] = "let n = 0; export default () => ++n";
    struct mf_module module = {
        .kind = MF_MODULE_ESM, .name = mf_slice_of_cstr("main.js"), .body = mf_slice_of_cstr(source)};
    MF_CHECK_INT(mf_isolate_set_modules(neighbour, &module, 1, module.name), 0);
    MF_CHECK_INT(kit_deliver(neighbour, KIT_START, NULL, 0), 0);
}

/* The old neighbour still counts, and a new one can be born. */
static void neighbour_check(void)
{
    static int calls;
    char expected[32];
    MF_CHECK_INT(kit_deliver(neighbour, KIT_CALL, NULL, 0), 0);
    snprintf(expected, sizeof(expected), "result %d\n", ++calls);
    MF_CHECK_TEXT(mf_buf_peek(&neighbour_host.out), expected);
    mf_buf_reset(&neighbour_host.out);
    KIT_CHECK_RUN("print(6 * 7)", "42\n");
}

/* ---- a run on a thread of its own, watched ------------------------------------------------- */

struct attempt {
    struct mf_isolate_host host;
    struct mf_isolate *isolate;
    struct mf_module module;
    _Atomic int is_done;
    int rc;
};

static void *attempt_main(void *data)
{
    struct attempt *attempt = data;
    attempt->rc = kit_deliver(attempt->isolate, KIT_START, NULL, 0);
    atomic_store(&attempt->is_done, 1);
    return NULL;
}

static void sleep_ms(long ms)
{
    struct timespec time = {ms / 1000, ms % 1000 * 1000000};
    nanosleep(&time, NULL);
}

/* Starts |source|; after |terminate_ms| it is terminated with |error|. False when its thread was parked. */
static bool
attempt_run(struct attempt *attempt, const char *source, uint64_t memory, long terminate_ms, int error)
{
    pthread_t thread;
    pthread_attr_t attr;
    kit_host_init(&attempt->host);
    atomic_init(&attempt->is_done, 0);
    attempt->isolate = kit_new(&attempt->host, memory);
    attempt->module = (struct mf_module){
        .kind = MF_MODULE_ESM, .name = mf_slice_of_cstr("main.js"), .body = mf_slice_of_cstr(source)};
    MF_CHECK_INT(mf_isolate_set_modules(attempt->isolate, &attempt->module, 1, attempt->module.name), 0);
    pthread_attr_init(&attr);
    pthread_attr_setstacksize(&attr, MF_EXECUTOR_STACK_BYTES + MF_EXECUTOR_STACK_SLACK_BYTES);
    MF_CHECK_INT(pthread_create(&thread, &attr, attempt_main, attempt), 0);
    uint64_t start_ns = mf_clock_now_ns();
    bool is_terminated = false;
    while (!atomic_load(&attempt->is_done) && !atomic_load(&attempt->host.is_oom)) {
        sleep_ms(1);
        if (!is_terminated && mf_clock_now_ns() - start_ns > (uint64_t)terminate_ms * MF_NS_PER_MS) {
            mf_isolate_terminate(attempt->isolate, error);
            is_terminated = true;
        }
        if (mf_clock_now_ns() - start_ns > 60 * MF_NS_PER_S) {
            fprintf(stderr, "never ended: %s\n", source);
            exit(1);
        }
    }
    if (atomic_load(&attempt->host.is_oom)) {
        pthread_detach(thread);
        return false;
    }
    pthread_join(thread, NULL);
    return true;
}

/* ---- time ---------------------------------------------------------------------------------- */

static void check_terminated(const char *source)
{
    struct attempt attempt;
    uint64_t start_ns = mf_clock_now_ns();
    MF_CHECK(attempt_run(&attempt, source, 128 * MB, 100, MF_E_LIMIT_CPU));
    uint64_t took_ms = (mf_clock_now_ns() - start_ns) / MF_NS_PER_MS;
    if (attempt.rc != MF_E_LIMIT_CPU) {
        fprintf(stderr, "ended with %d: %s\n%s", attempt.rc, source, kit_text(&attempt.host));
        exit(1);
    }
    mf_isolate_terminate(attempt.isolate, MF_E_CANCELED); /* The first reason stays. */
    MF_CHECK_INT(kit_deliver(attempt.isolate, KIT_ECHO, NULL, 0), MF_E_LIMIT_CPU);
    mf_isolate_free(attempt.isolate);
    const char *text = kit_text(&attempt.host);
    MF_CHECK_TEXT(mf_slice_of_cstr(text), "start\n");
    MF_CHECK(took_ms < 3000);
    neighbour_check();
}

static void test_loops_end(void)
{
    check_terminated("print('start'); for (;;) {}");
    check_terminated(
        "print('start'); try { for (;;) {} } catch (e) { print('caught') } finally { print('finally') }");
    check_terminated("print('start'); for (;;) { try { for (;;) {} } catch {} finally { continue } }");
    check_terminated(
        "print('start'); (async () => { try { for (;;) await null } finally { print('no') } })()");
    check_terminated("print('start'); const f = () => Promise.resolve().then(f); f()");
    check_terminated("print('start'); const f = () => { f.p = f().p }; for (;;) try { f() } catch {}");
    check_terminated("print('start'); /(a+)+$/.test('a'.repeat(40) + '!'); print('no')");
    check_terminated("print('start'); for (;;) Promise.reject(new Error('x'))");
    check_terminated("print('start'); const f = () => { try { f() } finally { f() } }; f()");
    check_terminated("print('start'); [1, 2].sort(() => { for (;;) {} })");
    check_terminated("print('start'); JSON.stringify({ toJSON() { for (;;) {} } })");
    check_terminated("print('start'); new Proxy({}, { get() { for (;;) {} } }).x");
    check_terminated("print('start'); import('./main.js'); for (;;) await 0");
    check_terminated(
        "print('start'); const g = function* () { try { for (;;) yield 1 } finally { for (;;) {} } };"
        "for (const x of g()) break;");
    check_terminated(
        "print('start'); globalThis.onreject = () => { for (;;) {} }; Promise.reject(1); await null;");
    check_terminated("print('start'); Error.prepareStackTrace = () => { for (;;) {} }; new Error('x').stack");
    check_terminated("print('start'); export default { then(f) { f(this) } }; for (;;) { const p = "
                     "Promise.withResolvers();"
                     " p.resolve(p); await p.promise.catch(() => 0) }");
}

static void test_wasm_loop_ends(void)
{
    /* (module (func (export "f") (loop br 0))) */
    static const uint8_t wasm[] = {0, 97, 115, 109, 1,   0, 0, 0,  1, 4, 1, 96, 0, 0,  3,  2, 1,  0,
                                   7, 5,  1,   1,   102, 0, 0, 10, 9, 1, 7, 0,  3, 64, 12, 0, 11, 11};
    static const char source[] =
        "import w from 'w.wasm'; print('start'); try { new WebAssembly.Instance(w).exports.f() }"
        " finally { print('no') }";
    struct attempt attempt;
    (void)wasm;
    struct mf_module modules[] = {
        {.kind = MF_MODULE_ESM, .name = mf_slice_of_cstr("main.js"), .body = mf_slice_of_cstr(source)},
        {.kind = MF_MODULE_WASM, .name = mf_slice_of_cstr("w.wasm"), .body = mf_slice_of(wasm, sizeof(wasm))},
    };
    kit_host_init(&attempt.host);
    atomic_init(&attempt.is_done, 0);
    attempt.isolate = kit_new(&attempt.host, 64 * MB);
    MF_CHECK_INT(mf_isolate_set_modules(attempt.isolate, modules, 2, modules[0].name), 0);
    pthread_t thread;
    MF_CHECK_INT(pthread_create(&thread, NULL, attempt_main, &attempt), 0);
    sleep_ms(200);
    MF_CHECK_INT(atomic_load(&attempt.is_done), 0);
    mf_isolate_terminate(attempt.isolate, MF_E_LIMIT_WALL);
    pthread_join(thread, NULL);
    MF_CHECK_INT(attempt.rc, MF_E_LIMIT_WALL);
    mf_isolate_free(attempt.isolate);
    MF_CHECK_TEXT(mf_slice_of_cstr(kit_text(&attempt.host)), "start\n");
    neighbour_check();
}

static void test_terminated_while_parked(void)
{
    struct mf_isolate_host host;
    kit_host_init(&host);
    struct mf_isolate *isolate = kit_new(&host, 64 * MB);
    struct mf_module module = {.kind = MF_MODULE_ESM,
                               .name = mf_slice_of_cstr("main.js"),
                               .body = mf_slice_of_cstr("export default () => print('never')")};
    MF_CHECK_INT(mf_isolate_set_modules(isolate, &module, 1, module.name), 0);
    MF_CHECK_INT(kit_deliver(isolate, KIT_START, NULL, 0), 0);
    mf_isolate_terminate(isolate, MF_E_CANCELED);
    MF_CHECK_INT(kit_deliver(isolate, KIT_CALL, NULL, 0), MF_E_CANCELED);
    mf_isolate_enter(isolate, KIT_STACK_BYTES);
    MF_CHECK_INT(mf_isolate_deliver(isolate, KIT_CALL, NULL, 0), MF_E_CANCELED);
    mf_isolate_leave(isolate);
    mf_isolate_free(isolate);
    MF_CHECK_INT(host.out.size, 0);
    /* One that never ran. */
    isolate = kit_new(&host, 64 * MB);
    mf_isolate_terminate(isolate, MF_E_LIMIT_WALL);
    MF_CHECK_INT(kit_deliver(isolate, KIT_START, NULL, 0), MF_E_LIMIT_WALL);
    mf_isolate_free(isolate);
}

/* The terminating thread meets every moment of a turn. */
static void test_terminate_at_any_moment(void)
{
    static const char source[] =
        "print('a'); await null; for (let i = 0; i < 3e4; i++) { try { await i } finally {} } print('b')";
    for (long i = 0; i < 60; i++) {
        struct attempt attempt;
        MF_CHECK(attempt_run(&attempt, source, 64 * MB, i % 12, MF_E_CANCELED));
        MF_CHECK(attempt.rc == 0 || attempt.rc == MF_E_CANCELED);
        mf_isolate_free(attempt.isolate);
        const char *text = kit_text(&attempt.host);
        MF_CHECK(attempt.rc != 0 || strcmp(text, "a\nb\n") == 0);
    }
    neighbour_check();
}

/* Also that of a handler of the runtime's own, whose exceptions the script never sees. */
static void test_terminate_in_a_handler(void)
{
    static const char source[] = "for (;;) Promise.reject(new Error('x'))";
    for (long i = 0; i < 40; i++) {
        struct attempt attempt;
        MF_CHECK(attempt_run(&attempt, source, 64 * MB, i % 8, MF_E_CANCELED));
        MF_CHECK(attempt.rc == MF_E_CANCELED);
        mf_isolate_free(attempt.isolate);
        mf_buf_done(&attempt.host.out);
    }
    neighbour_check();
}

/* ---- memory -------------------------------------------------------------------------------- */

static int parked_count;

/* Ends with limit.memory, with an exception that the script sees, or with a parked thread. */
static void check_bomb(const char *source)
{
    struct attempt *attempt = mf_new(sizeof(*attempt)); /* A parked one keeps it. */
    uint64_t start_ns = mf_clock_now_ns();
    bool is_back = attempt_run(attempt, source, 64 * MB, 50000, MF_E_LIMIT_CPU);
    double took_ms = (double)(mf_clock_now_ns() - start_ns) / 1e6;
    struct mf_isolate_memory memory;
    mf_isolate_memory(attempt->isolate, &memory);
    printf("   %-6s %6.0f ms, peak %4" PRIu64 " MiB: %.70s\n",
           !is_back                           ? "parked"
           : attempt->rc == 0                 ? "threw"
           : attempt->rc == MF_E_LIMIT_MEMORY ? "limit"
                                              : "OTHER",
           took_ms, memory.peak_bytes / MB, source);
    fflush(stdout);
    /* Small blocks of malloc are never refused: some more than the last limit. */
    MF_CHECK(memory.peak_bytes <= 2 * 64 * MB + MF_ENGINE_HEAP_SLACK_BYTES + 32 * MB);
    if (is_back) {
        if (attempt->rc == 0) {
            const char *text = kit_text(&attempt->host);
            MF_CHECK(strstr(text, "RangeError") != NULL);
        } else {
            MF_CHECK_INT(attempt->rc, MF_E_LIMIT_MEMORY);
        }
        mf_isolate_free(attempt->isolate);
        mf_buf_done(&attempt->host.out);
        mf_free(attempt);
    } else {
        parked_count++;
    }
    neighbour_check();
}

static void test_bombs(void)
{
    static const char *const bombs[] = {
        "const a = []; for (;;) a.push({})",
        "const a = []; for (;;) a.push(new Array(1000).fill({}))",
        "const a = []; try { for (;;) a.push([{}]) } catch (e) { print('caught') } finally { for (;;) "
        "a.push({}) }",
        "const a = []; for (;;) a.push('x'.repeat(2 ** 20) + a.length)",
        "const a = []; for (;;) a.push('x'.repeat(2 ** 29 - 100))",
        "let s = 'x'; for (;;) s = (s + s).replace('x', 'y')",
        "const a = []; for (let i = 0;; i++) { a.push(('x'.repeat(2 ** 24) + i).split('').length) }",
        "print([...'.'.repeat(5e8)].length)",
        "Array(2e8).fill(0)",
        "Array(2e8).fill(0).map((x) => ({ x }))",
        "Array.from({ length: 1e9 }, (_, i) => i)",
        "const a = []; a.length = 4e9; for (let i = 0; i < 4e9; i++) a[i] = i",
        "const m = new Map(); for (let i = 0;; i++) m.set(i, i)",
        "const m = new Set(); for (let i = 0;; i++) m.add(i)",
        "const o = {}; for (let i = 0;; i++) o['k' + i] = i",
        "new ArrayBuffer(2 ** 33)",
        "const a = []; for (;;) a.push(new ArrayBuffer(1e8))",
        "const a = []; for (;;) a.push(new ArrayBuffer(100))",
        "const a = []; for (;;) a.push(new Uint8Array(60))",
        "const a = []; for (;;) a.push(new ArrayBuffer(1e6, { maxByteLength: 1e7 }))",
        "const a = []; for (;;) { const b = new ArrayBuffer(1, { maxByteLength: 1e9 }); b.resize(1e7); "
        "a.push(b.transfer()) }",
        "const a = []; for (;;) { const b = new ArrayBuffer(1e5); a.push(b.transfer(2e5)) }",
        "new ArrayBuffer(1, { maxByteLength: 1e15 })",
        "new WebAssembly.Memory({ initial: 1, maximum: 65536 }).grow(60000)",
        "const a = []; for (;;) a.push(new WebAssembly.Memory({ initial: 100, maximum: 65536 }))",
        "new WebAssembly.Memory({ initial: 60000 })",
        "new WebAssembly.Table({ element: 'anyfunc', initial: 1e7 }).grow(1e7)",
        "const a = []; for (;;) a.push(new WebAssembly.Table({ element: 'anyfunc', initial: 1e6 }))",
        "const a = []; for (let n = 1n;; n <<= 10000n) a.push(n)",
        "const a = []; for (let i = 0;; i++) a.push(new Promise(() => a))",
        "const f = async () => { await null; f(); f() }; f()",
        "const a = []; for (;;) { const g = (function* () { yield a })(); g.next(); a.push(g) }",
        "let s = '['.repeat(1e7); JSON.parse(s + ']'.repeat(1e7))",
        "JSON.parse('[' + '{\"a\":1},'.repeat(4e6) + '1]')",
        "const o = { toString() { return 'x'.repeat(1e8) } }; const a = []; for (;;) "
        "a.push(`${o}${a.length}`)",
        "const a = []; for (;;) a.push(Symbol('x'.repeat(1000)))",
        "const a = []; for (let i = 0;; i++) a.push(new WeakRef({}), new FinalizationRegistry(() => 0))",
        "const a = [1]; for (;;) a.push(...a)",
        "const a = []; for (;;) a.push(mf.structuredClone(new Array(1000).fill({ a })))",
        "mf.structuredClone(new Array(1e7).fill('x'.repeat(1000)))",
        "mf.utf8Encode('\\u6f22'.repeat(1e8))",
        "const a = []; for (;;) a.push(mf.utf8Encode('x'.repeat(1e6)))",
        "const a = []; for (;;) a.push(new Intl.DateTimeFormat('de', { dateStyle: 'full' }))",
        "const a = []; for (;;) a.push('abc'.repeat(1000).normalize('NFD').split('a'))",
    };
    for (size_t i = 0; i < MF_COUNT_OF(bombs); i++) {
        check_bomb(bombs[i]);
    }
    printf("   %zu bombs, %d parked threads\n", MF_COUNT_OF(bombs), parked_count);
}

/* Garbage is no bomb: far more than the limit passes through. */
static void test_garbage_is_collected(void)
{
    KIT_CHECK_RUN("let s = 0; for (let i = 0; i < 3e6; i++) s += [i, { i }].length; print(s)", "6000000\n");
    KIT_CHECK_RUN("let s = 0; for (let i = 0; i < 300; i++) s += new Uint8Array(4e6).length; print(s)",
                  "1200000000\n");
    KIT_CHECK_RUN(
        "let n = 0; for (let i = 0; i < 300; i++) n += new WebAssembly.Memory({ initial: 64, maximum: 1000 })"
        ".buffer.byteLength; print(n)",
        "1258291200\n");
    KIT_CHECK_RUN(
        "let n = 0; for (let i = 0; i < 200; i++) n += ('x'.repeat(2e6) + i).split('x').length; print(n)",
        "400000200\n");
}

static void test_memory_is_counted(void)
{
    struct mf_isolate_host host;
    kit_host_init(&host);
    struct mf_isolate *isolate = kit_new(&host, 128 * MB);
    struct mf_module module = {
        .kind = MF_MODULE_ESM,
        .name = mf_slice_of_cstr("main.js"),
        .body = mf_slice_of_cstr("globalThis.a = new Uint8Array(10 << 20); globalThis.m ="
                                 " new WebAssembly.Memory({ initial: 160, maximum: 1000 });"
                                 "globalThis.s = new Array(1 << 20).fill(0.5)")};
    MF_CHECK_INT(mf_isolate_set_modules(isolate, &module, 1, module.name), 0);
    struct mf_isolate_memory before;
    struct mf_isolate_memory after;
    mf_isolate_memory(isolate, &before);
    MF_CHECK_INT(kit_deliver(isolate, KIT_START, NULL, 0), 0);
    mf_isolate_memory(isolate, &after);
    printf("   heap %" PRIu64 " KiB, then %" PRIu64 " KiB and %" PRIu64 " KiB external\n",
           before.heap_bytes >> 10, after.heap_bytes >> 10, after.external_bytes >> 10);
    MF_CHECK(before.heap_bytes > 256 * 1024 && before.heap_bytes < 8 * MB);
    MF_CHECK_INT(before.external_bytes, 0);
    MF_CHECK_INT(after.external_bytes, 20 * MB);
    MF_CHECK(after.heap_bytes >= before.heap_bytes + 8 * MB && after.heap_bytes < 60 * MB);
    MF_CHECK(after.peak_bytes >= after.heap_bytes + after.external_bytes);
    mf_isolate_free(isolate);
    mf_buf_done(&host.out);
}

int main(int argc, char **argv)
{
    kit_init(true);
    neighbour_open();
    if (argc > 1) {
        check_bomb(argv[1]);
        return 0;
    }
    MF_RUN(test_loops_end);
    MF_RUN(test_wasm_loop_ends);
    MF_RUN(test_terminated_while_parked);
    MF_RUN(test_terminate_at_any_moment);
    MF_RUN(test_terminate_in_a_handler);
    MF_RUN(test_memory_is_counted);
    MF_RUN(test_garbage_is_collected);
    MF_RUN(test_bombs);
    fflush(stdout);
    _exit(0); /* Parked threads hold isolates that cannot be freed. */
}
