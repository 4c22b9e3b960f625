/* mayfly-runtime-harness: engine and runtime without executor and daemon, for the tests of this folder.
 *
 *   mayfly-runtime-harness [--no-snapshot] [--flags V8_FLAGS]                runs the cases on standard input
 *   mayfly-runtime-harness [...] --bench COUNT main.js                       prints what a run costs
 *
 * Input, repeated: "<key> <argument> <size>\n", then size bytes and "\n". "run - 0" runs what came before it. Output: one JSON
 * object a line, "done" last.
 */
#include "harness.h"

#include <mayfly/crypto.h>

#include <mayfly/snapshot.h>

#define STACK_BYTES ((size_t)MF_EXECUTOR_STACK_BYTES - 65536)

/* ---- one run ------------------------------------------------------------------------------- */

static struct mf_value text_value(struct mf_slice text)
{
    return mf_value_of(MF_VALUE_UTF8, text);
}

static int deliver(struct mf_isolate *isolate, uint32_t event, const struct mf_value *args, size_t count)
{
    mf_isolate_enter(isolate, STACK_BYTES);
    int error = mf_isolate_deliver(isolate, event, args, count);
    mf_isolate_leave(isolate);
    return error;
}

static int deliver_start(struct mf_isolate *isolate, const struct harness_case *test)
{
    const struct mf_value args[] = {
        text_value(test->date),
        text_value(test->flags),
        text_value(test->entrypoint),
        text_value(test->env),
        text_value(test->props),
        text_value(test->method),
        text_value(test->url),
        mf_value_of(MF_VALUE_LATIN1, test->headers),
        mf_value_bool(test->has_body),
        text_value(test->program),
        mf_value_number(0),
    };
    return deliver(isolate, MF_EVENT_START, args, MF_COUNT_OF(args));
}

static int deliver_strip(struct mf_isolate *isolate, const struct harness_case *test)
{
    const struct mf_value args[] = {
        text_value(test->modules[0].body),
        text_value(test->modules[0].name),
        mf_value_bool(test->is_transform),
    };
    return deliver(isolate, MF_EVENT_STRIP, args, MF_COUNT_OF(args));
}

static struct mf_slice call_headers(const struct harness_case *test)
{
    static const char json[] = "content-type\0application/json";
    static const char bytes[] = "content-type\0application/octet-stream";
    return mf_slice_equal_cstr(test->answer_type, "bytes") ? mf_slice_of(bytes, sizeof bytes)
                                                           : mf_slice_of(json, sizeof json);
}

static int
deliver_event(struct harness *harness, struct mf_isolate *isolate, const struct harness_event *event)
{
    struct mf_value args[7] = {mf_value_number(event->number)};
    size_t count = 1;
    const struct harness_call *call;
    switch (event->kind) {
    case MF_EVENT_BODY_DATA:
        args[count++] = mf_value_of(MF_VALUE_BYTES, event->bytes);
        break;
    case MF_EVENT_FETCH_FAIL:
        args[count++] = text_value(event->bytes);
        args[count++] = mf_value_bool(!mf_slice_equal_cstr(harness->test->fetch, "limit"));
        harness->fetches_open--;
        break;
    case MF_EVENT_BODY_ERROR:
        args[count++] = text_value(event->bytes);
        break;
    case MF_EVENT_FETCH_HEAD:
        args[count++] = mf_value_number(200);
        args[count++] = mf_value_of(MF_VALUE_LATIN1, mf_slice_of_cstr("Fine"));
        call = harness_call(harness, event->number);
        args[count++] = call != NULL
                            ? mf_value_of(MF_VALUE_LATIN1, call_headers(harness->test))
                            : mf_value_of(MF_VALUE_LATIN1,
                                          mf_slice_of("X-Echo\0yes\0set-cookie\0a\0set-cookie\0b\0", 37));
        args[count++] = text_value(mf_slice_of_cstr("https://echo.example/"));
        args[count++] = mf_value_bool(false);
        args[count++] = mf_value_bool(true);
        break;
    default:
        break;
    }
    return deliver(isolate, event->kind, args, count);
}

static void run_turns(struct harness *harness, struct mf_isolate *isolate, int error)
{
    struct harness_event *event;
    size_t turns = 1;
    while (error == 0 && !harness->is_finished && turns < HARNESS_TURNS_MAX &&
           harness_next(harness, &event)) {
        error = deliver_event(harness, isolate, event);
        mf_free(event);
        turns++;
    }
    print_begin("done");
    print_text("code", mf_slice_of_cstr(error == 0 ? "" : mf_error_code(error)));
    print_number("isHang", error == 0 && !harness->is_finished);
    print_number("turns", (double)turns);
    print_number("timeMs", (double)harness->now_ms);
    print_end();
    fflush(stdout);
}

static struct mf_isolate *new_isolate(struct harness *harness, const struct harness_case *test)
{
    struct mf_isolate_options options = {test->memory_bytes_max * 2, test->is_tool};
    struct mf_isolate_limits limits = {test->memory_bytes_max, true};
    struct mf_isolate *isolate = NULL;
    if (mf_isolate_new(&options, &isolate) < 0) {
        fputs("harness: no isolate\n", stderr);
        exit(3);
    }
    mf_isolate_attach(isolate, (struct mf_isolate_host *)(void *)&harness->base, &limits);
    return isolate;
}

static void run_case(struct harness_case *test)
{
    struct harness harness;
    harness_init(&harness, test);
    struct mf_isolate *isolate = new_isolate(&harness, test);
    int error = 0;
    if (test->is_tool) {
        error = deliver_strip(isolate, test);
    } else {
        error = mf_isolate_set_modules(isolate, test->modules, test->modules_count, test->main);
        error = error < 0 ? error : deliver_start(isolate, test);
    }
    run_turns(&harness, isolate, error);
    mf_isolate_free(isolate);
    harness_done(&harness);
}

/* ---- input --------------------------------------------------------------------------------- */

static void reset_case(struct harness_case *test)
{
    mf_arena_free(test->arena);
    memset(test, 0, sizeof(*test));
    test->arena = mf_arena_new(HARNESS_BYTES_MAX);
    test->main = mf_slice_of_cstr("main.js");
    test->date = mf_slice_of_cstr("2026-01-01");
    test->flags = mf_slice_of_cstr("[]");
    test->env = mf_slice_of_cstr("{}");
    test->props = mf_slice_of_cstr("{}");
    test->method = mf_slice_of_cstr("GET");
    test->url = mf_slice_of_cstr("https://example.com/");
    test->memory_bytes_max = UINT64_C(128) << 20;
}

static bool set_field(struct harness_case *test, const char *key, struct mf_slice value)
{
    const struct {
        const char *name;
        struct mf_slice *slice;
    } fields[] = {
        {"main", &test->main},
        {"date", &test->date},
        {"flags", &test->flags},
        {"entrypoint", &test->entrypoint},
        {"env", &test->env},
        {"props", &test->props},
        {"method", &test->method},
        {"url", &test->url},
        {"headers", &test->headers},
        {"fetch", &test->fetch},
        {"bodyError", &test->body_error},
        {"program", &test->program},
        {"answer", &test->answer},
        {"answerType", &test->answer_type},
    };
    for (size_t i = 0; i < MF_COUNT_OF(fields); i++) {
        if (strcmp(fields[i].name, key) == 0) {
            *fields[i].slice = value;
            return true;
        }
    }
    return false;
}

static int kind_of(const char *name)
{
    static const char *const names[] = {"esm", "cjs", "text", "data", "json", "wasm"};
    for (size_t i = 0; i < MF_COUNT_OF(names); i++) {
        if (strcmp(names[i], name) == 0) {
            return (int)i;
        }
    }
    return 0;
}

/* |argument| is "<kind>:<name>" for a module. */
static bool set_case(struct harness_case *test, const char *key, const char *argument, struct mf_slice value)
{
    if (strcmp(key, "module") == 0) {
        const char *colon = strchr(argument, ':');
        char kind[8] = "";
        struct mf_slice name;
        if (colon == NULL || (size_t)(colon - argument) >= sizeof(kind) ||
            test->modules_count == HARNESS_MODULES_MAX ||
            mf_arena_copy(test->arena, mf_slice_of_cstr(colon + 1), &name) < 0) {
            return false;
        }
        memcpy(kind, argument, (size_t)(colon - argument));
        test->modules[test->modules_count++] =
            (struct mf_module){.kind = (enum mf_module_kind)kind_of(kind), .name = name, .body = value};
        return true;
    }
    if (strcmp(key, "mappings") == 0 && test->modules_count > 0) { /* Of the module before. */
        test->modules[test->modules_count - 1].mappings = value;
        return true;
    }
    if (strcmp(key, "piece") == 0 && test->pieces_count < HARNESS_PIECES_MAX) {
        test->pieces[test->pieces_count++] = value;
        test->has_body = true;
        return true;
    }
    if (strcmp(key, "slow") == 0) {
        test->is_slow = true;
    } else if (strcmp(key, "emptyBody") == 0) {
        test->has_body = true;
    } else if (strcmp(key, "stopAfter") == 0) {
        test->stop_after = (uint32_t)atoi(argument);
    } else if (strcmp(key, "tool") == 0) {
        test->is_tool = true;
        test->memory_bytes_max = UINT64_C(512) << 20;
    } else if (strcmp(key, "transform") == 0) {
        test->is_transform = true;
    } else {
        return set_field(test, key, value);
    }
    return true;
}

static int run_cases(void)
{
    static struct harness_case test;
    char key[32];
    char argument[256];
    size_t size;
    reset_case(&test);
    while (scanf("%31s %255s %zu", key, argument, &size) == 3) {
        uint8_t *bytes = mf_arena_try_alloc(test.arena, size + 1);
        if (bytes == NULL || getchar() != '\n' || fread(bytes, 1, size, stdin) != size || getchar() != '\n') {
            fputs("harness: bad input\n", stderr);
            return 2;
        }
        if (strcmp(key, "run") == 0) {
            run_case(&test);
            reset_case(&test);
        } else if (!set_case(&test, key, argument, mf_slice_of(bytes, size))) {
            fprintf(stderr, "harness: unknown key %s\n", key);
            return 2;
        }
    }
    mf_arena_free(test.arena);
    return 0;
}

/* ---- bench --------------------------------------------------------------------------------- */

static int compare(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a;
    uint64_t y = *(const uint64_t *)b;
    return x < y ? -1 : x > y;
}

static void print_times(const char *name, uint64_t *times, size_t count)
{
    qsort(times, count, sizeof(*times), compare);
    fprintf(stderr, "%-24s p50 %8.1f us   p95 %8.1f us\n", name, (double)times[count / 2] / 1e3,
            (double)times[count * 95 / 100] / 1e3);
}

static int bench(size_t count, const char *path)
{
    static struct harness_case test;
    static uint8_t source[1 << 20];
    FILE *file = fopen(path, "rbe");
    if (file == NULL || count == 0) {
        perror(path);
        return 2;
    }
    size_t size = fread(source, 1, sizeof(source), file);
    fclose(file);
    reset_case(&test);
    test.url = mf_slice_of_cstr("https://example.com/path?a=b");
    test.modules[0] = (struct mf_module){
        .kind = MF_MODULE_ESM, .name = mf_slice_of_cstr("main.js"), .body = mf_slice_of(source, size)};
    test.modules_count = 1;
    uint64_t *made = mf_new(count * sizeof(*made));
    uint64_t *ran = mf_new(count * sizeof(*ran));
    uint64_t *freed = mf_new(count * sizeof(*freed));
    for (size_t i = 0; i < count; i++) {
        struct harness harness;
        harness_init(&harness, &test);
        uint64_t start = mf_clock_thread_cpu_ns();
        struct mf_isolate *isolate = new_isolate(&harness, &test);
        uint64_t ready = mf_clock_thread_cpu_ns();
        int error = mf_isolate_set_modules(isolate, test.modules, 1, test.main);
        error = error < 0 ? error : deliver_start(isolate, &test);
        ran[i] = mf_clock_thread_cpu_ns() - ready;
        run_turns(&harness, isolate, error);
        uint64_t end = mf_clock_thread_cpu_ns();
        mf_isolate_free(isolate);
        freed[i] = mf_clock_thread_cpu_ns() - end;
        made[i] = ready - start;
        harness_done(&harness);
    }
    fprintf(stderr, "snapshot and code caches %zu bytes\n", mf_snapshot_blob().size);
    print_times("isolate ready", made, count);
    print_times("first turn", ran, count);
    print_times("isolate freed", freed, count);
    mf_free(made);
    mf_free(ran);
    mf_free(freed);
    return 0;
}

int main(int argc, char **argv)
{
    struct mf_engine_options options = {0};
    options.program = &mf_runtime_program;
    options.snapshot = mf_snapshot_blob();
    options.memory_bytes_max = UINT64_C(4) << 30;
    int first = 1;
    if (argc > first && strcmp(argv[first], "--no-snapshot") == 0) {
        options.snapshot = mf_slice_of(NULL, 0);
        first++;
    }
    if (argc > first + 1 && strcmp(argv[first], "--flags") == 0) {
        options.v8_flags = argv[first + 1];
        first += 2;
    }
    bool is_bench = argc > first + 2 && strcmp(argv[first], "--bench") == 0;
    int error = mf_engine_init(&options);
    if (error == 0) {
        error = mf_crypto_init();
    }
    if (error < 0) {
        fprintf(stderr, "harness: %s\n", mf_error_message(error));
        return 3;
    }
    return is_bench ? bench((size_t)atoi(argv[first + 1]), argv[first + 2]) : run_cases();
}
