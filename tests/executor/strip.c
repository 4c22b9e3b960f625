/* TypeScript parts through an executor whose tool isolate is a fake: cache, transform, errors, limits, a lost tool. */
#include "fake.h"

static atomic_int strips; /* How often the tool was asked. */

static void answer(struct mf_isolate *isolate, int error, const char *text, uint32_t line, uint32_t column)
{
    struct mf_runtime_stripped stripped = {
        .error = error, .text = mf_slice_of_cstr(text), .line = line, .column = column};

    isolate->calls->stripped(isolate->host, &stripped);
}

/* Sources are orders: "plain", "transform", "wrong", "spin", "oom", "silent", "throw". Answers with the script "hello". */
static int tool(struct mf_isolate *isolate, uint32_t event, const struct mf_value *args, size_t count)
{
    struct mf_slice source;

    if (event == MF_EVENT_WARM) {
        return 0;
    }
    MF_CHECK_INT(event, MF_EVENT_STRIP);
    MF_CHECK_INT(count, 3);
    MF_CHECK_TEXT(args[1].as.bytes, "main.ts");
    source = args[0].as.bytes;
    atomic_fetch_add(&strips, 1);
    if (mf_slice_starts_with(source, "spin")) {
        return fake_spin(isolate);
    }
    if (mf_slice_starts_with(source, "oom")) {
        fake_oom(isolate);
    }
    if (mf_slice_starts_with(source, "silent")) {
        return 0;
    }
    if (mf_slice_starts_with(source, "throw")) {
        return MF_E_INTERNAL;
    }
    if (mf_slice_starts_with(source, "wrong")) {
        answer(isolate, MF_E_SYNTAX, "Expected ','", 3, 9);
    } else if (mf_slice_starts_with(source, "transform") && !args[2].as.boolean) {
        answer(isolate, MF_E_UNSUPPORTED, "an enum", 1, 1);
    } else if (mf_slice_starts_with(source, "neither")) {
        answer(isolate, MF_E_UNSUPPORTED, "import =", 2, 4);
    } else {
        answer(isolate, 0, "hello", 0, 0);
    }
    return 0;
}
fake_fn fake_tool = tool;

static int script_hello(struct mf_isolate *isolate, uint32_t event, const struct mf_value *args, size_t count)
{
    (void)event, (void)args, (void)count;
    return fake_answer(isolate);
}

static int script_park(struct mf_isolate *isolate, uint32_t event, const struct mf_value *args, size_t count)
{
    (void)event, (void)args, (void)count;
    fake_log(isolate, "parked");
    return isolate->calls->timer_set(isolate->host, 1, 3600000);
}

const struct fake_script fake_scripts[] = {{"hello", script_hello}, {"park", script_park}, {NULL, NULL}};

static struct peer_run *
run_typescript(struct fake *fake, uint32_t number, const char *source, uint64_t cpu_ns)
{
    struct mf_msg_start limits = peer_limits();

    limits.cpu_ns = cpu_ns;
    peer_start_kind(&fake->peer, number, limits, MF_PART_TYPESCRIPT, source);
    return peer_wait_done(&fake->peer, number);
}

static void test_strip(void)
{
    struct fake fake;
    struct peer_run *run;

    fake_start(&fake);
    atomic_store(&strips, 0);
    for (uint32_t number = 1; number <= 5; number++) {
        MF_CHECK_INT(run_typescript(&fake, number, "plain", MF_NS_PER_S)->done.error, 0);
    }
    MF_CHECK_INT(atomic_load(&strips), 1); /* The rest came from the cache. */
    MF_CHECK_INT(run_typescript(&fake, 6, "transform", MF_NS_PER_S)->done.error, 0);
    MF_CHECK_INT(atomic_load(&strips), 3);

    run = run_typescript(&fake, 7, "wrong", MF_NS_PER_S);
    MF_CHECK_INT(run->done.error, MF_E_SYNTAX);
    MF_CHECK_TEXT(run->done.text,
                  "Failed to start Worker:\nUncaught SyntaxError: Expected ','\n  at main.ts:3:9");
    MF_CHECK_INT(run->exceptions, 1);
    MF_CHECK_TEXT(run->exception.name, "SyntaxError");
    MF_CHECK_TEXT(run->exception.message, "Expected ','");
    MF_CHECK_TEXT(run->exception.module, "main.ts");
    MF_CHECK_INT(run->exception.line, 3);
    MF_CHECK_INT(run->exception.column, 9);
    run = run_typescript(&fake, 8, "neither", MF_NS_PER_S);
    MF_CHECK_INT(run->done.error, MF_E_SYNTAX);
    MF_CHECK_TEXT(run->exception.message, "import =");
    MF_CHECK_INT(run_typescript(&fake, 9, "silent", MF_NS_PER_S)->done.error, MF_E_INTERNAL);
    MF_CHECK_INT(run_typescript(&fake, 10, "throw", MF_NS_PER_S)->done.error, MF_E_INTERNAL);
    MF_CHECK_INT(run_typescript(&fake, 11, "plain again", MF_NS_PER_S)->done.error, 0); /* With a new tool. */
    fake_stop(&fake);
    fake_check_no_isolate_left();
}

static void test_limits(void)
{
    struct fake fake;
    struct peer_run *run;
    char *large = malloc(MF_TYPESCRIPT_BYTES_MAX + 2);

    fake_start(&fake);
    run = run_typescript(&fake, 1, "spin", 30 * MF_NS_PER_MS);
    MF_CHECK_INT(run->done.error, MF_E_LIMIT_CPU);
    MF_CHECK(run->done.cpu_ns >= 30 * MF_NS_PER_MS && run->done.cpu_ns < 430 * MF_NS_PER_MS);
    MF_CHECK_INT(run_typescript(&fake, 2, "plain", MF_NS_PER_S)->done.error, 0);
    memset(large, ' ', MF_TYPESCRIPT_BYTES_MAX + 1);
    large[MF_TYPESCRIPT_BYTES_MAX + 1] = 0;
    MF_CHECK_INT(run_typescript(&fake, 3, large, MF_NS_PER_S)->done.error, MF_E_TOO_LARGE);
    MF_CHECK(!fake.peer.is_condemned);
    fake_stop(&fake);
    fake_check_no_isolate_left();
    free(large);
}

/* The tool's heap is gone with its thread: that run ends, another can still be stripped, the executor leaves after them. */
static void test_oom(void)
{
    struct mf_msg_start limits = peer_limits();
    struct fake fake;

    fake_start(&fake);
    peer_start(&fake.peer, 1, "park");
    PEER_WAIT(&fake.peer, peer_run(&fake.peer, 1)->logs == 1);
    /* One whose bundle comes only after the tool was lost. */
    {
        struct mf_buf bundle;
        mf_buf_init(&bundle, 4096);
        peer_bundle(&bundle, MF_PART_TYPESCRIPT, "main.ts", mf_slice_of_cstr("plain"));
        limits.bundle_bytes = bundle.size;
        MF_CHECK_INT(mf_encode_start(&fake.peer.out, 2, &limits), 0);
        peer_flush(&fake.peer);
        MF_CHECK_INT(run_typescript(&fake, 3, "oom", MF_NS_PER_S)->done.error, MF_E_LIMIT_MEMORY);
        MF_CHECK(fake.peer.is_condemned);
        PEER_SEND(&fake.peer, bundle, 2, .bytes = mf_buf_peek(&bundle));
        MF_CHECK_INT(peer_wait_done(&fake.peer, 2)->done.error, 0);
        mf_buf_done(&bundle);
    }
    PEER_SEND(&fake.peer, cancel, 1, .error = MF_E_CANCELED);
    peer_wait_done(&fake.peer, 1);
    MF_CHECK_INT(fake_join(&fake), 0);
    sem_wait(&fake_parked);
    fake_stop(&fake);
    MF_CHECK_INT(atomic_load(&fake_live), 1);
}

int main(void)
{
    MF_RUN(test_strip);
    MF_RUN(test_limits);
    MF_RUN(test_oom);
    return 0;
}
