/* How the engine starts, and what stops it. V8 starts once in a process, so each case has one of its own. */
#include "engine_kit.h"

static struct mf_slice snapshot;

static struct mf_engine_options options_of(void)
{
    struct mf_engine_options options = {0};
    options.program = &kit_program;
    options.snapshot = snapshot;
    options.memory_bytes_max = UINT64_C(1) << 30;
    return options;
}

static void in_a_process(void (*test)(void))
{
    fflush(stdout);
    pid_t child = fork();
    MF_CHECK(child >= 0);
    if (child == 0) {
        test();
        _exit(0);
    }
    int status = -1;
    MF_CHECK(waitpid(child, &status, 0) == child);
    MF_CHECK_INT(status, 0);
}

static void start_jitless(void)
{
    struct mf_engine_options options = options_of();
    options.is_jitless = true;
    MF_CHECK_INT(mf_engine_init(&options), 0);
    KIT_CHECK_RUN(
        "let s = 0; for (let i = 0; i < 1e5; i++) s += i; print(s, /a+b/.test('aab'), typeof WebAssembly)",
        "4999950000 true undefined\n");
}

static void start_with_flags(void)
{
    struct mf_engine_options options = options_of();
    options.v8_flags = " --max-lazy  --stack-trace-limit=2 ";
    MF_CHECK_INT(mf_engine_init(&options), 0);
    KIT_CHECK_RUN("const f = (n) => n ? f(n - 1) : new Error().stack.split('\\n').length; print(f(9))",
                  "3\n");
}

static void start_with_unknown_flag(void)
{
    struct mf_engine_options options = options_of();
    options.v8_flags = "--max-lazy --no-such-flag";
    MF_CHECK_INT(mf_engine_init(&options), MF_E_CONFIG);
}

static void start_with_a_word(void)
{
    struct mf_engine_options options = options_of();
    options.v8_flags = "script.js";
    MF_CHECK_INT(mf_engine_init(&options), MF_E_CONFIG);
}

/* A blob of another program, a torn one, and what is no blob. */
static void start_with_wrong_snapshot(void)
{
    struct mf_engine_options options = options_of();
    options.snapshot.size = 7;
    MF_CHECK_INT(mf_engine_init(&options), MF_E_CONFIG);
    options.snapshot.size = snapshot.size / 2;
    MF_CHECK_INT(mf_engine_init(&options), MF_E_CONFIG);
    uint8_t *other = mf_try_alloc(snapshot.size);
    MF_CHECK(other != NULL);
    memcpy(other, snapshot.data, snapshot.size);
    options.snapshot = mf_slice_of(other, snapshot.size);
    for (size_t i = 0; i < 40; i++) { /* The header and the first sizes. */
        other[i] ^= 0x80;
        MF_CHECK_INT(mf_engine_init(&options), MF_E_CONFIG);
        other[i] ^= 0x80;
    }
    struct mf_constant constants[] = {{"START", KIT_START}, {"HALF", 0.25}};
    struct mf_engine_program program = kit_program;
    program.constants = constants;
    options.program = &program;
    MF_CHECK_INT(mf_engine_init(&options), MF_E_CONFIG);
    options.program = &kit_program;
    MF_CHECK_INT(mf_engine_init(&options), 0);
    KIT_CHECK_RUN("print('fine')", "fine\n");
}

static void start_without_snapshot(void)
{
    struct mf_engine_options options = options_of();
    options.snapshot = mf_slice_of(NULL, 0);
    MF_CHECK_INT(mf_engine_init(&options), 0);
    KIT_CHECK_RUN("print(mf.lazy('lazy.js').next())", "1\n");
}

/* The process's budget: isolates are refused before V8 would die of it, and possible again when others are gone. */
static void start_with_little_memory(void)
{
    struct mf_engine_options options = options_of();
    options.memory_bytes_max = UINT64_C(64) << 20;
    MF_CHECK_INT(mf_engine_init(&options), 0);
    struct mf_isolate_options isolate_options = {UINT64_C(64) << 20, false};
    static struct mf_isolate *isolates[256];
    for (int round = 0; round < 2; round++) {
        size_t count = 0;
        int rc = 0;
        while (count < MF_COUNT_OF(isolates) &&
               (rc = mf_isolate_new(&isolate_options, &isolates[count])) == 0) {
            count++;
        }
        MF_CHECK_INT(rc, MF_E_NO_MEMORY);
        MF_CHECK(count > 5 && count < 100);
        while (count > 0) {
            mf_isolate_free(isolates[--count]);
        }
    }
    mf_isolate_free(NULL);
}

int main(void)
{
    kit_scripts[0].text = mf_slice_of_cstr(kit_runtime);
    kit_scripts[1].text = mf_slice_of_cstr(kit_lazy);
    snapshot = kit_make_snapshot();
    MF_CHECK(strncmp(mf_engine_version(), "13.", 3) == 0 || strlen(mf_engine_version()) > 4);
    void (*const tests[])(void) = {
        start_jitless,           start_with_flags,          start_with_unknown_flag,
        start_with_a_word,       start_with_wrong_snapshot, start_without_snapshot,
        start_with_little_memory};
    for (size_t i = 0; i < MF_COUNT_OF(tests); i++) {
        in_a_process(tests[i]);
        printf("ok %zu\n", i);
    }
    return 0;
}
