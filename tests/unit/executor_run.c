/* The real mayfly-executor over a socketpair, seen with mayflyd's eyes: without a jail and with all of it. */
#include "executor_child.h"

/* ---- what works ---------------------------------------------------------------------------------------- */

#define HELLO                                                                                                \
    "export default { async fetch(request, env) { return new Response('Hello ' + env.NAME + ' ' + "          \
    "request.url + ' ' + request.method, {headers: {'x-a': 'b'}}); } }"

static void test_hello(void)
{
    struct child child;
    struct peer_run *run;

    child_start(&child);
    run = run_source(&child, 1, HELLO);
    CHECK_OK(run);
    MF_CHECK_INT(run->status, 200);
    MF_CHECK_TEXT(mf_buf_peek(&run->body), "Hello x https://example.com/a POST");
    MF_CHECK(run->done.cpu_ns > 0);
    MF_CHECK(run->done.memory_peak_bytes > 100000 && run->done.memory_peak_bytes < 64u << 20);
    MF_CHECK_INT(child.peer.layers & ~layers_wanted, 0);
    printf("  layers %#x\n", child.peer.layers);
    if (layers_wanted != 0) {
        MF_CHECK((child.peer.layers & 1u << MF_JAIL_SECCOMP) != 0);
    }
    MF_CHECK_INT(child_stop(&child), 0);
}

/* Every run sees fresh globals. */
static void test_fresh(void)
{
    struct child child;

    child_start(&child);
    for (uint32_t number = 1; number <= 200; number++) {
        struct peer_run *run =
            run_source(&child, number,
                       "globalThis.count = (globalThis.count ?? 0) + 1; Array.prototype.x = "
                       "(Array.prototype.x ?? 0) + 1; export default { fetch() { return new "
                       "Response(`${globalThis.count} ${[].x}`); } }");
        CHECK_OK(run);
        MF_CHECK_TEXT(mf_buf_peek(&run->body), "1 1");
    }
    MF_CHECK_INT(child_stop(&child), 0);
}

static void test_logs(void)
{
    struct child child;
    struct peer_run *run;

    child_start(&child);
    run = run_source(&child, 1,
                     "console.log('one', 2); export default { fetch() { console.error('three'); throw new "
                     "TypeError('no way'); } }");
    MF_CHECK(mf_slice_starts_with(mf_buf_peek(&run->log), "one 2\nthree\n"));
    MF_CHECK_INT(run->done.error, MF_E_EXCEPTION);
    MF_CHECK_INT(run->exceptions, 1);
    MF_CHECK_TEXT(run->exception.name, "TypeError");
    MF_CHECK_TEXT(run->exception.message, "no way");
    MF_CHECK_TEXT(run->exception.module, "main.js");
    MF_CHECK_INT(run->exception.line, 1);
    MF_CHECK_INT(run->exception.column, 81); /* Of "new". */
    show(run);
    run = run_source(&child, 2, "export default {\n  fetch() { return new Response('x'; }\n}");
    MF_CHECK(run->done.error == MF_E_SYNTAX || run->done.error == MF_E_STARTUP);
    MF_CHECK_INT(run->exceptions, 1);
    MF_CHECK_TEXT(run->exception.name, "SyntaxError");
    MF_CHECK_INT(run->exception.line, 2);
    show(run);
    MF_CHECK_INT(child_stop(&child), 0);
}

static void test_timers(void)
{
    struct child child;
    struct peer_run *run;

    child_start(&child);
    run =
        run_source(&child, 1,
                   "const sleep = (ms) => new Promise((r) => setTimeout(r, ms));"
                   "export default { async fetch() { const out = [];"
                   "setTimeout(() => out.push('b'), 20); setTimeout(() => out.push('a'), 10);"
                   "const id = setTimeout(() => out.push('never'), 5); clearTimeout(id);"
                   "await sleep(400); let n = 0; await new Promise((r) => { const i = setInterval(() => { if "
                   "(++n === 3) { clearInterval(i); r(); } }, 1); });"
                   "return new Response(out.join() + n); } }");
    CHECK_OK(run);
    MF_CHECK_TEXT(mf_buf_peek(&run->body), "a,b3");
    MF_CHECK(run->done.host_wait_ns > 100 * MF_NS_PER_MS);
    MF_CHECK_INT(child_stop(&child), 0);
}

static void test_bodies(void)
{
    static uint8_t piece[50000];
    struct mf_msg_start limits = peer_limits();
    struct child child;
    struct peer_run *run;
    size_t sent = 0, total = 2000000;

    child_start(&child);
    limits.flags = MF_START_HAS_BODY;
    run = peer_run(&child.peer, 1);
    /* Straight through: both windows at once. */
    peer_start_kind(&child.peer, 1, limits, MF_PART_ESM,
                    "export default { fetch(request) { return new Response(request.body); } }");
    for (size_t i = 0; i < sizeof(piece); i++) {
        piece[i] = (uint8_t)(i * 31);
    }
    while (sent < total) {
        if (MF_STREAM_WINDOW_BYTES + run->request_credit - sent < sizeof(piece)) {
            uint32_t before = run->request_credit;
            PEER_WAIT(&child.peer, run->request_credit != before);
            continue;
        }
        PEER_SEND(&child.peer, stream_data, 1, .stream = 0, .bytes = mf_slice_of(piece, sizeof(piece)));
        sent += sizeof(piece);
    }
    PEER_SEND(&child.peer, stream_end, 1, .stream = 0);
    peer_wait_done(&child.peer, 1);
    CHECK_OK(run);
    MF_CHECK_INT(run->body.size, total);
    for (size_t at = 0; at < total; at += sizeof(piece)) {
        MF_CHECK(memcmp(run->body.data + at, piece, sizeof(piece)) == 0);
    }
    /* Read whole by the script. */
    peer_start_kind(&child.peer, 2, limits, MF_PART_ESM,
                    "export default { async fetch(request) { const t = await request.text(); return new "
                    "Response(t.toUpperCase()); } }");
    PEER_SEND(&child.peer, stream_data, 2, .stream = 0, .bytes = mf_slice_of_cstr("abc"));
    PEER_SEND(&child.peer, stream_data, 2, .stream = 0, .bytes = mf_slice_of_cstr("def"));
    PEER_SEND(&child.peer, stream_end, 2, .stream = 0);
    run = peer_wait_done(&child.peer, 2);
    CHECK_OK(run);
    MF_CHECK_TEXT(mf_buf_peek(&run->body), "ABCDEF");
    /* A stream that the script makes, to a slow reader: it is asked for more only when there is room. */
    run = peer_run(&child.peer, 3);
    run->holds_credit = true;
    peer_start(&child.peer, 3,
               "export default { fetch() { let n = 0; return new Response(new ReadableStream({ pull(c) { "
               "console.log(n); if (n++ === 100) c.close(); else c.enqueue(new Uint8Array(10000).fill(n)); } "
               "})); } }");
    PEER_WAIT(&child.peer, run->body.size == MF_STREAM_WINDOW_BYTES);
    while (peer_read(&child.peer, 50)) {
    }
    MF_CHECK(run->logs < 40); /* 26 chunks fill the window. */
    MF_CHECK_INT(run->dones, 0);
    run->holds_credit = false;
    mf_window_init(&run->window);
    PEER_SEND(&child.peer, stream_credit, 3, .stream = 1, .bytes = MF_STREAM_WINDOW_BYTES);
    peer_wait_done(&child.peer, 3);
    CHECK_OK(run);
    MF_CHECK_INT(run->body.size, 1000000);
    MF_CHECK_INT(run->body.data[999999], 100);
    MF_CHECK_INT(child_stop(&child), 0);
}

static void test_fetch_blocked(void)
{
    struct child child;
    struct peer_run *run;

    child_start(&child);
    run =
        run_source(&child, 1,
                   "export default { async fetch() { try { await fetch('https://example.com'); } catch (e) { "
                   "return new Response(e.message); } } }");
    CHECK_OK(run);
    MF_CHECK(
        mf_slice_starts_with(mf_buf_peek(&run->body), "This worker is not permitted to access the internet"));
    MF_CHECK_INT(run->fetches, 0);
    MF_CHECK_INT(child_stop(&child), 0);
}

static void test_typescript(void)
{
    struct mf_msg_start limits = peer_limits();
    struct child child;
    struct peer_run *run;
    const char *source =
        "interface A { n: number }\nconst a: A = { n: 41 };\nexport default { fetch(r: Request): "
        "Response { return new Response(String(a.n + 1 as number)); } };\n";

    child_start(&child);
    for (uint32_t number = 1; number <= 3; number++) {
        peer_start_kind(&child.peer, number, limits, MF_PART_TYPESCRIPT, source);
        run = peer_wait_done(&child.peer, number);
        CHECK_OK(run);
        MF_CHECK_TEXT(mf_buf_peek(&run->body), "42");
        show(run);
    }
    /* Positions are those of the source. */
    peer_start_kind(&child.peer, 4, limits, MF_PART_TYPESCRIPT,
                    "type T = string;\nexport default {\n  fetch(x: T): Response {\n    const y: T = x; "
                    "throw new Error('here');\n  }\n};");
    run = peer_wait_done(&child.peer, 4);
    MF_CHECK_INT(run->done.error, MF_E_EXCEPTION);
    MF_CHECK_INT(run->exception.line, 4);
    MF_CHECK_INT(run->exception.column, 27);
    /* What cannot be stripped is transformed. */
    peer_start_kind(
        &child.peer, 5, limits, MF_PART_TYPESCRIPT,
        "enum E { A = 1, B }\nclass C { constructor(private n: number) {} get() { return this.n; } }\n"
        "export default { fetch() { return new Response(`${E.B} ${new C(7).get()}`); } };");
    run = peer_wait_done(&child.peer, 5);
    CHECK_OK(run);
    MF_CHECK_TEXT(mf_buf_peek(&run->body), "2 7");
    /* What is no TypeScript says where. */
    peer_start_kind(&child.peer, 6, limits, MF_PART_TYPESCRIPT,
                    "const a = 1;\nexport default {\n  fetch( { }\n");
    run = peer_wait_done(&child.peer, 6);
    show(run);
    MF_CHECK_INT(run->done.error, MF_E_SYNTAX);
    MF_CHECK_INT(run->exceptions, 1);
    MF_CHECK_TEXT(run->exception.name, "SyntaxError");
    MF_CHECK_TEXT(run->exception.module, "main.ts");
    MF_CHECK(run->exception.line >= 3);
    MF_CHECK_INT(child_stop(&child), 0);
}

/* ---- limits ------------------------------------------------------------------------------------------------ */

static void test_cpu(void)
{
    static const char *const bombs[] = {
        "export default { fetch() { console.log('in'); for (;;); } }",
        "export default { async fetch() { console.log('in'); for (;;) await null; } }",
        "export default { fetch() { console.log('in'); const f = () => Promise.resolve().then(f); f(); "
        "return new Promise(() => {}); } }",
        "console.log('in'); for (;;); export default {}",
        "export default { fetch() { console.log('in'); try { for (;;); } finally { for (;;); } } }",
        "export default { fetch() { console.log('in'); /(a+)+$/.test('a'.repeat(40) + 'b'); } }",
        "export default { fetch() { console.log('in'); const f = () => { try { f(); } finally { f(); } }; "
        "f(); } }",
    };
    struct mf_msg_start limits = peer_limits();
    struct child child;

    child_start(&child);
    limits.cpu_ns = 50 * MF_NS_PER_MS;
    for (uint32_t i = 0; i < MF_COUNT_OF(bombs); i++) {
        struct peer_run *run;
        peer_start_kind(&child.peer, 2 * i + 1, limits, MF_PART_ESM, bombs[i]);
        peer_start(&child.peer, 2 * i + 2, HELLO);
        CHECK_OK(peer_wait_done(&child.peer, 2 * i + 2));
        run = peer_wait_done(&child.peer, 2 * i + 1);
        show(run);
        MF_CHECK_INT(run->done.error, MF_E_LIMIT_CPU);
        MF_CHECK_TEXT(mf_buf_peek(&run->log), "in\n");
        MF_CHECK(run->done.cpu_ns >= limits.cpu_ns && run->done.cpu_ns < limits.cpu_ns + 400 * MF_NS_PER_MS);
    }
    MF_CHECK(!child.peer.is_condemned);
    MF_CHECK_INT(child_stop(&child), 0);
}

/* Native code that does not listen: its run ends all the same, a neighbour finishes, the executor leaves. */
static void test_stuck(void)
{
    struct mf_msg_start limits = peer_limits();
    struct child child;
    struct peer_run *run, *neighbour;

    child_start(&child);
    neighbour = peer_run(&child.peer, 2);
    peer_start(&child.peer, 2,
               "export default { async fetch() { console.log('in'); await new Promise((r) => setTimeout(r, "
               "1500)); return new Response('alive'); } }");
    PEER_WAIT(&child.peer, neighbour->logs == 1);
    limits.cpu_ns = 50 * MF_NS_PER_MS;
    peer_start_kind(&child.peer, 1, limits, MF_PART_ESM,
                    "export default { fetch() { console.log('in'); "
                    "'a'.repeat(4e6).lastIndexOf('a'.repeat(2e6) + 'b'); return new Response('?'); } }");
    run = peer_wait_done(&child.peer, 1);
    show(run);
    MF_CHECK_INT(run->done.error, MF_E_LIMIT_CPU);
    MF_CHECK_TEXT(mf_buf_peek(&run->log), "in\n");
    MF_CHECK(run->done.cpu_ns >= limits.cpu_ns + MF_RUN_CPU_GRACE_MS * MF_NS_PER_MS);
    PEER_WAIT(&child.peer, child.peer.is_condemned);
    CHECK_OK(peer_wait_done(&child.peer, 2));
    while (!child.peer.is_closed) {
        MF_CHECK(peer_read(&child.peer, PEER_WAIT_MS));
    }
    MF_CHECK_INT(child_stop(&child), 0);
}

static void test_hang(void)
{
    struct child child;
    struct peer_run *run;

    child_start(&child);
    run = run_source(&child, 1, "export default { fetch() { return new Promise(() => {}); } }");
    MF_CHECK_INT(run->done.error, MF_E_HANG);
    MF_CHECK(mf_slice_starts_with(run->done.text, "The Workers runtime canceled this request"));
    run = run_source(&child, 2,
                     "await new Promise(() => {}); export default { fetch() { return new Response('x'); } }");
    show(run);
    MF_CHECK(run->done.error == MF_E_HANG || run->done.error == MF_E_STARTUP);
    run = run_source(&child, 3,
                     "export default { fetch(r, e, ctx) { ctx.waitUntil(new Promise(() => {})); return new "
                     "Response('x'); } }");
    MF_CHECK_INT(run->done.error, 0);
    MF_CHECK_TEXT(mf_buf_peek(&run->body), "x");
    MF_CHECK_INT(child_stop(&child), 0);
}

static void test_cancel(void)
{
    struct child child;

    child_start(&child);
    peer_start(&child.peer, 1, "export default { fetch() { console.log('in'); for (;;); } }");
    PEER_WAIT(&child.peer, peer_run(&child.peer, 1)->logs == 1);
    PEER_SEND(&child.peer, cancel, 1, .error = MF_E_CANCELED);
    MF_CHECK_INT(peer_wait_done(&child.peer, 1)->done.error, MF_E_CANCELED);
    peer_start(&child.peer, 2,
               "export default { async fetch() { console.log('in'); await new Promise((r) => setTimeout(r, "
               "1e8)); } }");
    PEER_WAIT(&child.peer, peer_run(&child.peer, 2)->logs == 1);
    PEER_SEND(&child.peer, cancel, 2, .error = MF_E_LIMIT_WALL);
    MF_CHECK_INT(peer_wait_done(&child.peer, 2)->done.error, MF_E_LIMIT_WALL);
    MF_CHECK_INT(child_stop(&child), 0);
}

/* Each bomb ends its own run; a neighbour that sleeps through it answers. */
static void test_memory(void)
{
    static const char *const bombs[] = {
        "export default { fetch() { console.log('in'); const a = []; for (;;) a.push(new "
        "Array(1000).fill({})); } }",
        "export default { fetch() { console.log('in'); const a = []; for (;;) a.push(new "
        "Uint8Array(1e6).fill(1)); } }",
        "export default { fetch() { console.log('in'); [...'.'.repeat(5e8)].length; } }",
        "export default { fetch() { console.log('in'); let s = 'x'; for (;;) s = (s + s).replace('x', 'y'); "
        "} }",
        "export default { fetch() { console.log('in'); const m = new Map(); for (let i = 0; ; i++) m.set(i, "
        "{i}); } }",
        "export default { fetch() { console.log('in'); Array(2e8).fill(0).map((x) => ({x})); } }",
    };

    for (size_t i = 0; i < MF_COUNT_OF(bombs); i++) {
        struct child child;
        struct peer_run *run, *neighbour;

        child_start(&child);
        neighbour = peer_run(&child.peer, 2);
        peer_start(&child.peer, 2,
                   "export default { async fetch() { console.log('in'); await new Promise((r) => "
                   "setTimeout(r, 200)); return new Response('alive'); } }");
        PEER_WAIT(&child.peer, neighbour->logs == 1);
        peer_start(&child.peer, 1, bombs[i]);
        run = peer_wait_done(&child.peer, 1);
        show(run);
        /* Some get their RangeError before the limit; none gets away, none takes the neighbour along. */
        MF_CHECK(run->done.error == MF_E_LIMIT_MEMORY || run->done.error == MF_E_EXCEPTION);
        MF_CHECK(mf_slice_starts_with(mf_buf_peek(&run->log), "in\n"));
        peer_wait_done(&child.peer, 2);
        CHECK_OK(neighbour);
        MF_CHECK_TEXT(mf_buf_peek(&neighbour->body), "alive");
        printf("  condemned: %d\n", child.peer.is_condemned);
        if (child.peer.is_condemned) { /* It leaves by itself when its last run is done. */
            while (!child.peer.is_closed) {
                MF_CHECK(peer_read(&child.peer, PEER_WAIT_MS));
            }
        }
        MF_CHECK_INT(child_stop(&child), 0);
    }
}

/* Two hundred runs wait in one process; the last to come is the first to answer. */
static void test_parked(void)
{
    struct child child;
    struct peer_run *run;

    child_start(&child);
    for (uint32_t number = 1; number <= 200; number++) {
        peer_start(&child.peer, number,
                   "export default { async fetch() { console.log('in'); await new Promise((r) => "
                   "setTimeout(r, 1e7)); } }");
    }
    for (uint32_t number = 1; number <= 200; number++) {
        PEER_WAIT(&child.peer, peer_run(&child.peer, number)->logs == 1);
    }
    run = run_source(&child, 300, HELLO);
    CHECK_OK(run);
    {
        char path[64], line[256];
        FILE *file;
        snprintf(path, sizeof(path), "/proc/%d/status", (int)child.pid);
        file = fopen(path, "r");
        while (file != NULL && fgets(line, sizeof(line), file) != NULL) {
            unsigned threads;
            if (sscanf(line, "Threads: %u", &threads) == 1) {
                printf("  threads with 200 parked runs: %u\n", threads);
                MF_CHECK(threads < 30);
            }
            if (strncmp(line, "VmRSS", 5) == 0) {
                printf("  %s", line);
            }
        }
        if (file != NULL) {
            fclose(file);
        }
    }
    for (uint32_t number = 1; number <= 200; number++) {
        PEER_SEND(&child.peer, cancel, number, .error = MF_E_CANCELED);
    }
    for (uint32_t number = 1; number <= 200; number++) {
        MF_CHECK_INT(peer_wait_done(&child.peer, number)->done.error, MF_E_CANCELED);
    }
    MF_CHECK_INT(child_stop(&child), 0);
}

static void test_drain(void)
{
    struct child child;

    child_start(&child);
    peer_start(&child.peer, 1,
               "export default { async fetch() { console.log('in'); await new Promise((r) => setTimeout(r, "
               "100)); return new Response('late'); } }");
    PEER_WAIT(&child.peer, peer_run(&child.peer, 1)->logs == 1);
    PEER_SEND(&child.peer, drain, 0, .unused = 0);
    CHECK_OK(peer_wait_done(&child.peer, 1));
    while (!child.peer.is_closed) {
        MF_CHECK(peer_read(&child.peer, PEER_WAIT_MS));
    }
    MF_CHECK_INT(child_stop(&child), 0);
}

static void test_wrong_daemon(void)
{
    struct child child;

    child_start(&child);
    MF_CHECK_INT(mf_buf_append_cstr(&child.peer.out, "GET / HTTP/1.1\r\n\r\n"), 0);
    peer_flush(&child.peer);
    while (!child.peer.is_closed) {
        MF_CHECK(peer_read(&child.peer, PEER_WAIT_MS));
    }
    MF_CHECK_INT(child_stop(&child), 1);
}

/* ---- how fast ------------------------------------------------------------------------------------------------ */

static int compare(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

    return (x > y) - (x < y);
}

#define TIMED 300

/* From the first byte of START to RESPONSE and DONE, with a pause in which the standby isolates come back. Printed, not
 * judged: machines differ. */
static void show_times(enum mf_part_kind kind, const char *label, bool has_unique_source)
{
    static uint64_t response_ns[TIMED], done_ns[TIMED], cpu_ns[TIMED];
    struct child child;

    child_start(&child);
    for (uint32_t i = 0; i < TIMED; i++) {
        char source[512];
        uint64_t since_ns;
        struct peer_run *run;

        snprintf(source, sizeof(source), "%s // %u", HELLO, has_unique_source ? i : 0);
        PEER_WAIT(&child.peer, child.peer.standby > 0 || i > 0);
        peer_read(&child.peer, 6);
        since_ns = mf_clock_now_ns();
        peer_start_kind(&child.peer, i + 1, peer_limits(), kind, source);
        run = peer_wait_done(&child.peer, i + 1);
        CHECK_OK(run);
        response_ns[i] = run->response_ns - since_ns;
        done_ns[i] = run->done_ns - since_ns;
        cpu_ns[i] = run->done.cpu_ns;
    }
    qsort(response_ns, TIMED, sizeof(uint64_t), compare);
    qsort(done_ns, TIMED, sizeof(uint64_t), compare);
    qsort(cpu_ns, TIMED, sizeof(uint64_t), compare);
    printf("  %s: START to RESPONSE p50 %.3f ms, p95 %.3f, p99 %.3f; to DONE p50 %.3f; CPU p50 %.3f\n", label,
           (double)response_ns[TIMED / 2] / 1e6, (double)response_ns[TIMED * 95 / 100] / 1e6,
           (double)response_ns[TIMED * 99 / 100] / 1e6, (double)done_ns[TIMED / 2] / 1e6,
           (double)cpu_ns[TIMED / 2] / 1e6);
    MF_CHECK_INT(child_stop(&child), 0);
}

static void show_rate(void)
{
    struct child child;
    uint32_t started = 0, count = 1500;
    uint64_t since_ns;

    child_start(&child);
    since_ns = mf_clock_now_ns();
    for (uint32_t done = 1; done <= count; done++) {
        while (started < count && started < done + 7) {
            peer_start(&child.peer, ++started, HELLO);
        }
        peer_wait_done(&child.peer, done);
    }
    printf("  8 at once: %.0f runs a second\n", (double)count * 1e9 / (double)(mf_clock_now_ns() - since_ns));
    MF_CHECK_INT(child_stop(&child), 0);
}

int main(int argc, char **argv)
{
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    const int rounds = 1; /* Sanitizers need more of the kernel than the jail gives. */
#else
    const int rounds = 2;
#endif

    find_executor();
    signal(SIGPIPE, SIG_IGN);
    setvbuf(stdout, NULL, _IOLBF, 0);
    if (argc > 1 && strcmp(argv[1], "times") == 0) {
        show_times(MF_PART_ESM, "JavaScript", true);
        show_times(MF_PART_TYPESCRIPT, "TypeScript, new each time", true);
        show_times(MF_PART_TYPESCRIPT, "TypeScript, seen before", false);
        show_rate();
        return 0;
    }
    for (int round = 0; round < rounds; round++) {
        layers_wanted = round == 0 ? 0 : MF_JAIL_ALL;
        printf("jail: %s\n", round == 0 ? "none" : "all");
        MF_RUN(test_hello);
        MF_RUN(test_fresh);
        MF_RUN(test_logs);
        MF_RUN(test_timers);
        MF_RUN(test_bodies);
        MF_RUN(test_fetch_blocked);
        MF_RUN(test_typescript);
        MF_RUN(test_cpu);
        MF_RUN(test_stuck);
        MF_RUN(test_hang);
        MF_RUN(test_cancel);
        MF_RUN(test_memory);
        MF_RUN(test_parked);
        MF_RUN(test_drain);
        MF_RUN(test_wrong_daemon);
    }
    return 0;
}
