/* Isolates one after another and side by side: nothing of one is seen by the next, nothing is lost, and how long it takes. */
#include "engine_kit.h"

#include <fcntl.h>

#define MB (UINT64_C(1) << 20)

static long rss_kib(void)
{
    char text[128] = "";
    int fd = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
    long size = 0;
    long resident = 0;
    MF_CHECK(fd >= 0 && read(fd, text, sizeof(text) - 1) > 0);
    close(fd);
    MF_CHECK(sscanf(text, "%ld %ld", &size, &resident) == 2);
    return resident * 4;
}

static void test_nothing_is_inherited(void)
{
    static char randoms[200][32];
    for (size_t i = 0; i < MF_COUNT_OF(randoms); i++) {
        const char *text =
            kit_run("if (globalThis.leak !== undefined || Object.prototype.leak !== undefined ||"
                    " Array.prototype.flat === 1 || mf.lazy('lazy.js').next() !== 1) print('leaked');\n"
                    "globalThis.leak = 1; Object.prototype.leak = 1; Array.prototype.flat = 1;\n"
                    "Object.defineProperty(globalThis, 'print', { value: print });\n"
                    "print(Math.random())");
        MF_CHECK(strncmp(text, "0.", 2) == 0 && strlen(text) < sizeof(randoms[i]));
        strcpy(randoms[i], text);
        for (size_t k = 0; k < i; k++) {
            MF_CHECK(strcmp(randoms[i], randoms[k]) != 0);
        }
    }
}

/* ---- no byte of a run is left in the process ------------------------------------------------ */

#define NEEDLE_BYTES 24

/* The needle is never in this program's own memory: it is computed a byte at a time, here and in the script. */
static uint32_t needle_next(uint32_t *state)
{
    *state = (*state * 1103u + 12345u) % 65536u;
    return 33 + *state % 90;
}

static const char needle_script[] =
    "let x = 4242; const chars = [];\n"
    "for (let i = 0; i < 24; i++) { x = (x * 1103 + 12345) % 65536; chars.push(33 + x % 90) }\n"
    "const word = String.fromCharCode(...chars); globalThis.keep = [];\n"
    "for (let i = 0; i < 2000; i++) keep.push((word + i).split('').reverse().reverse().join(''), { [word + "
    "i]: i });\n"
    "for (let i = 0; i < 200; i++) keep.push(new Uint8Array(chars), new Uint8Array(chars.concat(chars, "
    "chars, chars)));\n"
    "keep.push((word + word).repeat(50000) + '!', mf.utf8Encode(word.repeat(20000)), BigInt(1e9) ** 100n);\n"
    "const wide = (word + '\\u6f22').repeat(5000); keep.push(wide, mf.utf8Encode(wide));\n"
    "const grown = new ArrayBuffer(4096, { maxByteLength: 1 << 20 }); grown.resize(1 << 20);\n"
    "new Uint8Array(grown).set(chars, 9000); keep.push(grown);\n"
    "const memory = new WebAssembly.Memory({ initial: 2, maximum: 9 }); memory.grow(3);\n"
    "new Uint8Array(memory.buffer).set(chars, 200000); keep.push(memory);\n"
    "for (let i = 0; i < 3e5; i++) word.concat(i).indexOf('#' + i);\n" /* Collections in between. */
    "for (let i = 0; i < 60; i++) keep.push(new Array(20000).fill(word + i));\n"
    "keep.length = 100; for (let i = 0; i < 1e5; i++) ({ i, word: word + i }).word.at(-1);\n"
    "keep.push(new RegExp(word.replace(/[^a-zA-Z]/g, '')).exec(word), JSON.stringify(keep.slice(0, 50)));\n"
    "print(word.length)";

/* How often the needle lies in memory that can be written; looks also where AddressSanitizer would not let us. */
__attribute__((no_sanitize_address)) static size_t count_needles(void)
{
    FILE *maps = fopen("/proc/self/maps", "re");
    char line[512];
    size_t found = 0;
    MF_CHECK(maps != NULL);
    while (fgets(line, sizeof(line), maps)) {
        unsigned long start = 0;
        unsigned long end = 0;
        char mode[5] = "";
        MF_CHECK(sscanf(line, "%lx-%lx %4s", &start, &end, mode) == 3);
        if (mode[0] != 'r' || mode[1] != 'w' || end - start > 64u << 20 || strstr(line, "[v")) {
            continue; /* Larger ones are address space for code and tables. */
        }
        const volatile uint8_t *bytes =
            (const volatile uint8_t *)start; /* NOLINT: addresses are the point here. */
        for (size_t i = 0; i + NEEDLE_BYTES <= end - start; i++) {
            uint32_t state = 4242;
            size_t same = 0;
            while (same < NEEDLE_BYTES && bytes[i + same] == needle_next(&state)) {
                same++;
            }
            found += same == NEEDLE_BYTES;
        }
    }
    fclose(maps);
    return found;
}

static void test_no_byte_is_left(void)
{
    struct mf_isolate_host host;
    kit_host_init(&host);
    struct mf_isolate *bystander = kit_new(&host, 64 * MB);
    struct mf_isolate *isolate = kit_new(&host, 128 * MB);
    struct mf_module module = {
        .kind = MF_MODULE_ESM, .name = mf_slice_of_cstr("main.js"), .body = mf_slice_of_cstr(needle_script)};
    MF_CHECK_INT(mf_isolate_set_modules(isolate, &module, 1, module.name), 0);
    MF_CHECK_INT(kit_deliver(isolate, KIT_START, NULL, 0), 0);
    MF_CHECK_TEXT(mf_buf_peek(&host.out), "24\n");
    size_t before = count_needles();
    mf_isolate_free(isolate);
    size_t after = count_needles();
    printf("   %zu copies while it lives, %zu after\n", before, after);
    MF_CHECK(before > 1000); /* The search can find. */
    MF_CHECK_INT(after, 0);
    mf_isolate_free(bystander);
    mf_buf_done(&host.out);
}

/* ---- counts come back to what they were ------------------------------------------------------ */

/* Each run has its own pages counted, also beside others and after collections. */
static void test_counts_are_its_own(void)
{
    struct mf_isolate_host host;
    struct mf_isolate_memory first;
    struct mf_isolate_memory memory;
    kit_host_init(&host);
    struct mf_isolate *bystander = kit_new(&host, 64 * MB);
    mf_isolate_memory(bystander, &first);
    for (int i = 0; i < 10; i++) {
        KIT_CHECK_RUN("let a = []; for (let i = 0; i < 4e5; i++) a.push({ i }); a = null;"
                      "for (let i = 0; i < 1e6; i++) [i, i, i]; print('done')",
                      "done\n");
        struct mf_isolate *isolate = kit_new(&host, 64 * MB);
        mf_isolate_memory(isolate, &memory);
        MF_CHECK(memory.heap_bytes > first.heap_bytes / 2 && memory.heap_bytes < first.heap_bytes * 2);
        MF_CHECK_INT(memory.external_bytes, 0);
        mf_isolate_free(isolate);
    }
    mf_isolate_memory(bystander, &memory);
    MF_CHECK_INT(memory.heap_bytes, first.heap_bytes);
    mf_isolate_free(bystander);
}

static void cycle(struct mf_isolate_host *host, double *ret_new_us, double *ret_run_us, double *ret_free_us)
{
    static const char source[] =
        "export default async (n) => { let s = 0; for (let i = 0; i < n; i++) s += i;"
        " return JSON.stringify({ s }) }";
    struct mf_module module = {
        .kind = MF_MODULE_ESM, .name = mf_slice_of_cstr("main.js"), .body = mf_slice_of_cstr(source)};
    struct mf_value ten = mf_value_number(10);
    struct mf_isolate_options options = {512 * MB, false};
    struct mf_isolate_limits limits = {64 * MB, true};
    struct mf_isolate *isolate = NULL;
    uint64_t start_ns = mf_clock_now_ns();
    MF_CHECK_INT(mf_isolate_new(&options, &isolate), 0);
    uint64_t made_ns = mf_clock_now_ns();
    mf_isolate_attach(isolate, host, &limits);
    MF_CHECK_INT(mf_isolate_set_modules(isolate, &module, 1, module.name), 0);
    mf_isolate_enter(isolate, KIT_STACK_BYTES);
    MF_CHECK_INT(mf_isolate_deliver(isolate, KIT_START, NULL, 0), 0);
    MF_CHECK_INT(mf_isolate_deliver(isolate, KIT_CALL, &ten, 1), 0);
    mf_isolate_leave(isolate);
    uint64_t ran_ns = mf_clock_now_ns();
    mf_isolate_free(isolate);
    *ret_new_us = (double)(made_ns - start_ns) / 1e3;
    *ret_run_us = (double)(ran_ns - made_ns) / 1e3;
    *ret_free_us = (double)(mf_clock_now_ns() - ran_ns) / 1e3;
    MF_CHECK_TEXT(mf_buf_peek(&host->out), "result {\"s\":45}\n");
    mf_buf_reset(&host->out);
}

static int by_size(const void *a, const void *b)
{
    double x = *(const double *)a;
    double y = *(const double *)b;
    return x < y ? -1 : x > y;
}

#define CYCLES 2000

static void test_memory_stays_flat(void)
{
    static double times_us[3][CYCLES];
    struct mf_isolate_host host;
    long early_kib = 0;
    kit_host_init(&host);
    for (size_t i = 0; i < CYCLES; i++) {
        cycle(&host, &times_us[0][i], &times_us[1][i], &times_us[2][i]);
        if (i == CYCLES / 10) {
            early_kib = rss_kib();
        }
    }
    long late_kib = rss_kib();
    mf_buf_done(&host.out);
    for (size_t i = 0; i < 3; i++) {
        qsort(times_us[i], CYCLES, sizeof(double), by_size);
    }
    printf("   p50: new %.0f us, standby to result %.0f us, free %.0f us; RSS %ld KiB, then %ld KiB\n",
           times_us[0][CYCLES / 2], times_us[1][CYCLES / 2], times_us[2][CYCLES / 2], early_kib, late_kib);
#ifndef __SANITIZE_ADDRESS__ /* It keeps freed blocks on purpose. */
    MF_CHECK(late_kib < early_kib + early_kib / 20);
#endif
}

/* ---- threads ------------------------------------------------------------------------------- */

static void *cycle_thread(void *data)
{
    struct mf_isolate_host host;
    double ignored[3];
    (void)data;
    kit_host_init(&host);
    for (int i = 0; i < 200; i++) {
        cycle(&host, &ignored[0], &ignored[1], &ignored[2]);
    }
    mf_buf_done(&host.out);
    return NULL;
}

static void start_thread(pthread_t *ret_thread, void *(*run)(void *data), void *data)
{
    pthread_attr_t attr;
    pthread_attr_init(&attr);
    pthread_attr_setstacksize(&attr, MF_EXECUTOR_STACK_BYTES + MF_EXECUTOR_STACK_SLACK_BYTES);
    MF_CHECK_INT(pthread_create(ret_thread, &attr, run, data), 0);
    pthread_attr_destroy(&attr);
}

static void test_many_threads(void)
{
    pthread_t threads[4];
    for (size_t i = 0; i < MF_COUNT_OF(threads); i++) {
        start_thread(&threads[i], cycle_thread, NULL);
    }
    for (size_t i = 0; i < MF_COUNT_OF(threads); i++) {
        pthread_join(threads[i], NULL);
    }
}

struct relay {
    struct mf_isolate *isolate;
    int rc;
};

static void *relay_thread(void *data)
{
    struct relay *relay = data;
    relay->rc = kit_deliver(relay->isolate, KIT_CALL, NULL, 0);
    return NULL;
}

/* Each turn on another thread, deep recursion in each: the stack limit is that thread's. */
static void test_turns_wander(void)
{
    static const char source[] =
        "let n = 0; const f = () => 1 + f();\n"
        "export default () => { try { f() } catch (e) { return `${++n} ${e.name}` } }";
    struct mf_module module = {
        .kind = MF_MODULE_ESM, .name = mf_slice_of_cstr("main.js"), .body = mf_slice_of_cstr(source)};
    struct mf_isolate_host host;
    kit_host_init(&host);
    struct relay relay = {kit_new(&host, 64 * MB), 0};
    MF_CHECK_INT(mf_isolate_set_modules(relay.isolate, &module, 1, module.name), 0);
    MF_CHECK_INT(kit_deliver(relay.isolate, KIT_START, NULL, 0), 0);
    for (int i = 1; i <= 8; i++) {
        char expected[64];
        pthread_t thread;
        start_thread(&thread, relay_thread, &relay);
        pthread_join(thread, NULL);
        MF_CHECK_INT(relay.rc, 0);
        snprintf(expected, sizeof(expected), "result %d RangeError\n", i);
        MF_CHECK_TEXT(mf_buf_peek(&host.out), expected);
        mf_buf_reset(&host.out);
    }
    mf_isolate_free(relay.isolate);
    mf_buf_done(&host.out);
}

/* ---- clock --------------------------------------------------------------------------------- */

static void test_clock(void)
{
    static const char source[] = "const start = Date.now(); export default async () => {\n"
                                 "  const a = Date.now(), c = mf.clock(), d = new Date().getTime();\n"
                                 "  for (let i = 0, s = ''; i < 3e5; i++) s = [s, i].length + '';\n"
                                 "  await null; return `${Date.now() === a} ${mf.clock() === c && c === d && "
                                 "a === c} ${a > start} ${a - start < 60000}` }";
    struct mf_module module = {
        .kind = MF_MODULE_ESM, .name = mf_slice_of_cstr("main.js"), .body = mf_slice_of_cstr(source)};
    for (int is_frozen = 0; is_frozen < 2; is_frozen++) {
        struct mf_isolate_options options = {512 * MB, false};
        struct mf_isolate_limits limits = {64 * MB, is_frozen != 0};
        struct mf_isolate *isolate = NULL;
        struct mf_isolate_host host;
        kit_host_init(&host);
        MF_CHECK_INT(mf_isolate_new(&options, &isolate), 0);
        mf_isolate_attach(isolate, &host, &limits);
        MF_CHECK_INT(mf_isolate_set_modules(isolate, &module, 1, module.name), 0);
        MF_CHECK_INT(kit_deliver(isolate, KIT_START, NULL, 0), 0);
        uint64_t ms = mf_clock_unix_ms();
        while (mf_clock_unix_ms() < ms + 3) {
        }
        MF_CHECK_INT(kit_deliver(isolate, KIT_CALL, NULL, 0), 0);
        MF_CHECK_TEXT(mf_buf_peek(&host.out),
                      is_frozen ? "result true true true true\n" : "result false false true true\n");
        mf_isolate_free(isolate);
        mf_buf_done(&host.out);
    }
}

int main(void)
{
    kit_init(true);
    MF_RUN(test_nothing_is_inherited);
    MF_RUN(test_no_byte_is_left);
    MF_RUN(test_counts_are_its_own);
    MF_RUN(test_memory_stays_flat);
    MF_RUN(test_many_threads);
    MF_RUN(test_turns_wander);
    MF_RUN(test_clock);
    return 0;
}
