/* Programs in the real mayfly-executor: out of their text, their calls as frames, what is refused. */
#include "executor_child.h"

static struct mf_msg_start limits_of(uint32_t calls)
{
    struct mf_msg_start start = peer_limits();
    start.calls = calls;
    start.flags = MF_START_CALLS_ALLOWED;
    return start;
}

static void request_parts(struct mf_buf *bundle)
{
    peer_part(bundle, MF_PART_METHOD, "", mf_slice_of_cstr("GET"));
    peer_part(bundle, MF_PART_URL, "", mf_slice_of_cstr("https://example.com/"));
    peer_part(bundle, MF_PART_HEADERS, "", mf_slice_of(NULL, 0));
}

static void start_program_with(struct child *child,
                               uint32_t number,
                               struct mf_msg_start start,
                               const char *name,
                               const char *options,
                               const char *text)
{
    struct mf_buf bundle;

    mf_buf_init(&bundle, MF_BUNDLE_BYTES_MAX);
    peer_part(&bundle, MF_PART_PROGRAM, name, mf_slice_of_cstr(text));
    peer_part(&bundle, MF_PART_OPTIONS, "", mf_slice_of_cstr(options));
    peer_part(&bundle, MF_PART_ESM, "helpers.js", mf_slice_of_cstr("export const two = 2;"));
    request_parts(&bundle);
    peer_start_bundle(&child->peer, number, start, mf_buf_peek(&bundle));
    mf_buf_done(&bundle);
}

static void start_program(struct child *child, uint32_t number, uint32_t calls, const char *text)
{
    start_program_with(child, number, limits_of(calls), "program.ts",
                       "{\"namespaces\":[{\"name\":\"codemode\"}]}", text);
}

static void answer_call(struct child *child, uint32_t run, uint32_t call, const char *json)
{
    const struct mf_slice headers = mf_slice_of("content-type\0application/json\0", 30);

    PEER_SEND(&child->peer, fetch_head, run, .fetch = call, .status = 200, .has_body = 1, .headers = headers,
              .url = mf_slice_of_cstr(""));
    PEER_SEND(&child->peer, stream_data, run, .stream = MF_STREAM_OF_FETCH_RESPONSE(call),
              .bytes = mf_slice_of_cstr(json));
    PEER_SEND(&child->peer, stream_end, run, .stream = MF_STREAM_OF_FETCH_RESPONSE(call));
}

static void test_calls(void)
{
    struct child child;
    struct peer_run *run;

    child_start(&child);
    start_program(&child, 1, 9,
                  "async (): Promise<unknown> => {\n"
                  "  const sum: number = await codemode.add({ a: 1 }, 2n);\n"
                  "  return [sum, await codemode['\xc3\xa4']()];\n"
                  "}\n");
    run = peer_run(&child.peer, 1);
    PEER_WAIT(&child.peer, run->stream_ends == 1);
    MF_CHECK_INT(run->fetch.kind, MF_FETCH_CALL);
    MF_CHECK_INT(run->fetch.fetch, 1);
    MF_CHECK_INT(run->fetch.has_body, 1);
    MF_CHECK_TEXT(run->fetch.method, "codemode");
    MF_CHECK_TEXT(run->fetch.url, "add");
    MF_CHECK_INT(run->fetch.headers.size, 0);
    MF_CHECK_TEXT(mf_buf_peek(&run->upload), "[{\"a\":1},{\"__mayfly_v1__\":\"bigint\",\"value\":\"2\"}]");
    answer_call(&child, 1, 1, "{\"ok\":3}");
    PEER_WAIT(&child.peer, run->stream_ends == 2);
    MF_CHECK_TEXT(run->fetch.url, "\xc3\xa4");
    answer_call(&child, 1, 2, "{}");
    peer_wait_done(&child.peer, 1);
    CHECK_OK(run);
    MF_CHECK_INT(run->status, 200);
    MF_CHECK_TEXT(mf_buf_peek(&run->body), "[3,{\"__mayfly_v1__\":\"undefined\"}]");
    MF_CHECK_INT(run->done.calls, 2);
    MF_CHECK_INT(run->done.subrequests, 0);
    MF_CHECK_INT(child_stop(&child), 0);
}

/* What a model writes around its code, and in it. */
static void test_texts(void)
{
    static const struct {
        const char *text, *body;
    } cases[] = {
        {"```ts\nasync () => 1 as number\n```", "1"},
        {"Here is the code:\n\n```typescript\nconst a: number = 2;\na\n```\nIt returns two.", "2"},
        {"Sure! I will use the API\n```javascript\n() => 3\n```", "3"},
        {"```\n() => 4", "4"},
        {"const x: number = 5;\nif (x > 1) return x;", "5"},
        {"async function (n: number = 6): Promise<number> { return n }", "6"},
        {"enum E { A = 7 }\nE.A", "7"},
        {"import { two } from 'helpers.js';\nimport type { T } from './types';\n<number>two", "2"},
        {"(await import('helpers.js')).two as any", "2"},
        {"{ a: 1, b: 2 }", "{\"a\":1,\"b\":2}"},
        {"/*\n```js\nold()\n```\n*/\n8", "8"},
        {"const md = `\\`\\`\\`js`;\nmd.length", "5"},
    };
    struct child child;

    child_start(&child);
    for (uint32_t i = 0; i < MF_COUNT_OF(cases); i++) {
        struct peer_run *run;
        start_program(&child, i + 1, 0, cases[i].text);
        run = peer_wait_done(&child.peer, i + 1);
        if (run->done.error != 0) {
            printf("%s\n", cases[i].text);
        }
        CHECK_OK(run);
        MF_CHECK_TEXT(mf_buf_peek(&run->body), cases[i].body);
    }
    MF_CHECK_INT(child_stop(&child), 0);
}

static void check_failure(struct child *child,
                          const char *text,
                          int error,
                          const char *message,
                          uint32_t line,
                          uint32_t column)
{
    static uint32_t number;
    struct peer_run *run;

    start_program(child, ++number, 1, text);
    run = peer_wait_done(&child->peer, number);
    MF_CHECK_INT(run->done.error, error);
    MF_CHECK_TEXT(run->done.text, message);
    MF_CHECK_INT(run->exceptions, 1);
    MF_CHECK_TEXT(run->exception.module, "program.ts");
    MF_CHECK_INT(run->exception.line, line);
    MF_CHECK_INT(run->exception.column, column);
}

/* In lines and columns of what was sent: with its fence, with its types. */
static void test_places(void)
{
    struct child child;

    child_start(&child);
    check_failure(&child, "```ts\nasync () => {\n  const a: string = 'x'; throw new Error('boom');\n}\n```",
                  MF_E_EXCEPTION, "boom", 3, 32);
    check_failure(&child, "\n```ts\nlet a = 1;\nlet b = ;\n```", MF_E_SYNTAX,
                  "Unexpected token ';'", 4, 9);
    check_failure(&child, "const a: number = 1;\nif (a) return (a as any).b.c;", MF_E_EXCEPTION,
                  "Cannot read properties of undefined (reading 'c')", 2, 28);
    check_failure(&child, "Some words:\n\n```ts\nenum E { A }\nconst e: E = E.A;\nnull.x\n```",
                  MF_E_EXCEPTION, "Cannot read properties of null (reading 'x')", 6, 6);
    check_failure(&child, "```ts\nconst a: number = 1;\nif (a) return (a as any).b.c;\n```", MF_E_EXCEPTION,
                  "Cannot read properties of undefined (reading 'c')", 3, 28);
    check_failure(&child, "enum E { A }\nconst e: E = E.A;\nnull.x", MF_E_EXCEPTION,
                  "Cannot read properties of null (reading 'x')", 3, 6);
    MF_CHECK_INT(child_stop(&child), 0);
}

static void test_refused(void)
{
    struct child child;
    struct peer_run *run;

    child_start(&child);
    start_program_with(&child, 1, peer_limits(), "program.js", "{\"namespaces\":[{\"name\":\"codemode\"}]}",
                       "async () => { try { await codemode.a() } catch (e) { return e.message } }");
    run = peer_wait_done(&child.peer, 1);
    CHECK_OK(run);
    MF_CHECK_TEXT(mf_buf_peek(&run->body), "\"There is nobody who answers calls of tools.\"");
    MF_CHECK_INT(run->fetches, 0);
    start_program(&child, 2, 2, "async () => { codemode.a(); codemode.b(); await codemode.c() }");
    run = peer_wait_done(&child.peer, 2);
    MF_CHECK_INT(run->done.error, MF_E_EXCEPTION);
    MF_CHECK_TEXT(run->done.text, "Too many calls of tools by a single run.");
    MF_CHECK_INT(run->fetches, 2);
    MF_CHECK_INT(run->done.calls, 2);
    start_program(&child, 3, 9, "async () => { codemode.late(); return 'no wait' }");
    run = peer_wait_done(&child.peer, 3);
    CHECK_OK(run);
    MF_CHECK_TEXT(mf_buf_peek(&run->body), "\"no wait\"");
    start_program(&child, 4, 9,
                  "async () => { try { await codemode.a() } catch (e) { return [e.name, e.message] } }");
    run = peer_run(&child.peer, 4);
    PEER_WAIT(&child.peer, run->stream_ends == 1);
    PEER_SEND(&child.peer, fetch_fail, 4, .fetch = 1, .error = MF_E_CALL_REFUSED,
              .text = mf_slice_of_cstr("released"));
    peer_wait_done(&child.peer, 4);
    MF_CHECK_TEXT(mf_buf_peek(&run->body), "[\"Error\",\"released\"]");
    MF_CHECK_INT(child_stop(&child), 0);
}

/* All at once; the executor keeps to what may be open. */
static void test_storm(void)
{
    struct child child;
    struct peer_run *run;
    uint32_t answered = 0;

    child_start(&child);
    start_program(
        &child, 1, MF_RUN_CALLS_MAX,
        "async () => { const list = Array.from({ length: 10001 }, (_, i) => codemode.f(i).catch(() => -1));\n"
        "  return (await Promise.all(list)).reduce((sum, n) => sum + n, 0) }");
    run = peer_run(&child.peer, 1);
    PEER_WAIT(&child.peer, run->fetches == MF_RUN_CALLS_OPEN_MAX);
    peer_read(&child.peer, 50);
    MF_CHECK_INT(run->fetches, MF_RUN_CALLS_OPEN_MAX);
    while (answered < MF_RUN_CALLS_MAX) {
        PEER_WAIT(&child.peer, run->fetch.fetch > answered);
        MF_CHECK(run->fetches - answered <= MF_RUN_CALLS_OPEN_MAX);
        answer_call(&child, 1, ++answered, "{\"ok\":2}");
    }
    peer_wait_done(&child.peer, 1);
    CHECK_OK(run);
    MF_CHECK_TEXT(mf_buf_peek(&run->body), "19999"); /* One was one too many. */
    MF_CHECK_INT(run->done.calls, MF_RUN_CALLS_MAX);
    MF_CHECK_INT(child_stop(&child), 0);
}

/* Neither values nor text keep a run from its limits. */
static void test_limits(void)
{
    static const struct {
        const char *text;
        int error;
    } cases[] = {
        {"async () => { const list = []; list[4e9] = 1; return list }", MF_E_LIMIT_CPU},
        {"() => new Proxy({}, { get() { for (;;); }, ownKeys: () => ['a'], getOwnPropertyDescriptor: () => "
         "({ enumerable: true, configurable: true }) })",
         MF_E_LIMIT_CPU},
        {"for (;;);", MF_E_LIMIT_CPU},
        {"async () => codemode.f({ get a() { for (;;); } })", MF_E_LIMIT_CPU},
        {"async () => { await new Promise(() => {}) }", MF_E_HANG},
    };
    struct child child;
    struct mf_msg_start start = limits_of(9);

    start.cpu_ns = MF_NS_PER_S / 2;
    child_start(&child);
    for (uint32_t i = 0; i < MF_COUNT_OF(cases); i++) {
        struct peer_run *run;
        start_program_with(&child, i + 1, start, "program.js", "{\"namespaces\":[{\"name\":\"codemode\"}]}",
                           cases[i].text);
        run = peer_wait_done(&child.peer, i + 1);
        if (run->done.error != MF_E_LIMIT_MEMORY ||
            cases[i].error != MF_E_LIMIT_CPU) { /* Whichever is first. */
            MF_CHECK_INT(run->done.error, cases[i].error);
        }
    }
    MF_CHECK_INT(child_stop(&child), 0);
}

/* Bundles that no daemon sends: the executor leaves. */
static void test_wrong_bundles(void)
{
    static const enum mf_part_kind kinds[][4] = {
        {MF_PART_PROGRAM, MF_PART_PROGRAM},
        {MF_PART_MAIN, MF_PART_PROGRAM},
        {MF_PART_PROGRAM, MF_PART_MAIN},
        {MF_PART_ESM, MF_PART_PROGRAM},
        {MF_PART_PROGRAM, MF_PART_OPTIONS, MF_PART_OPTIONS},
        {MF_PART_MAIN, MF_PART_ESM, MF_PART_OPTIONS},
    };

    for (size_t i = 0; i < MF_COUNT_OF(kinds); i++) {
        struct child child;
        struct mf_buf bundle;
        child_start(&child);
        mf_buf_init(&bundle, MF_BUNDLE_BYTES_MAX);
        for (size_t k = 0; k < MF_COUNT_OF(kinds[i]) && kinds[i][k] != 0; k++) {
            const char *body = kinds[i][k] == MF_PART_MAIN      ? "a"
                               : kinds[i][k] == MF_PART_OPTIONS ? "{}"
                                                                : "1";
            peer_part(&bundle, kinds[i][k], kinds[i][k] == MF_PART_PROGRAM ? "p" : "a",
                      mf_slice_of_cstr(body));
        }
        request_parts(&bundle);
        peer_start_bundle(&child.peer, 1, limits_of(1), mf_buf_peek(&bundle));
        PEER_WAIT(&child.peer, child.peer.is_closed || peer_run(&child.peer, 1)->dones > 0);
        MF_CHECK(child.peer.is_closed || peer_run(&child.peer, 1)->done.error != 0);
        mf_buf_done(&bundle);
        (void)child_stop(&child);
    }
}

int main(void)
{
    find_executor();
    signal(SIGPIPE, SIG_IGN);
    setvbuf(stdout, NULL, _IOLBF, 0);
    MF_RUN(test_calls);
    MF_RUN(test_texts);
    MF_RUN(test_places);
    MF_RUN(test_refused);
    MF_RUN(test_storm);
    MF_RUN(test_limits);
    MF_RUN(test_wrong_bundles);
    return 0;
}
