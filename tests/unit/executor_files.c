/* What a run asks of its workspaces: in an event and on the run's own thread, in order, in parts, and cut short. */
#include "executor_child.h"

#define ENTRY_BYTES 64u

static void start(struct child *child, uint32_t number, uint32_t flags, const char *body)
{
    struct mf_msg_start limits = peer_limits();
    struct mf_buf bundle;
    char source[4096];

    snprintf(source, sizeof source,
             "import fs from 'node:fs'; import fsp from 'node:fs/promises'; const out = []; export default { "
             "async fetch() { %s; return new Response(out.join()); } }",
             body);
    limits.flags = flags;
    mf_buf_init(&bundle, MF_BUNDLE_BYTES_MAX);
    peer_bundle(&bundle, MF_PART_ESM, "main.js", mf_slice_of_cstr(source));
    peer_part(&bundle, MF_PART_WORKSPACES, "", mf_slice_of_cstr("[{\"name\":\"w\"}]"));
    peer_start_bundle(&child->peer, number, limits, mf_buf_peek(&bundle));
    mf_buf_done(&bundle);
}

/* The answer of a READ: a file's entry, and its bytes. In parts of |part_bytes|. */
static void answer(struct child *child, uint32_t number, uint32_t op, struct mf_slice text, size_t part_bytes)
{
    uint8_t entry[ENTRY_BYTES] = {1};
    struct mf_buf bytes;
    size_t sent = 0;

    for (unsigned i = 0; i < 8; i++) {
        entry[8 + i] = (uint8_t)(text.size >> 8 * i);
    }
    mf_buf_init(&bytes, MF_RUN_FILE_OP_BYTES_MAX);
    MF_CHECK_INT(mf_buf_append(&bytes, entry, sizeof entry), 0);
    MF_CHECK_INT(mf_buf_append_slice(&bytes, text), 0);
    while (sent < bytes.size) {
        size_t size = bytes.size - sent < part_bytes ? bytes.size - sent : part_bytes;
        PEER_SEND(&child->peer, files_answer, number, .op = op, .is_more = sent + size < bytes.size,
                  .bytes = mf_slice_of(bytes.data + sent, size));
        sent += size;
    }
    mf_buf_done(&bytes);
}

static void test_both_ways(void)
{
    struct child child;
    struct peer_run *run;

    child_start(&child);
    start(&child, 1, MF_START_FILES_ALLOWED,
          "out.push(fs.readFileSync('/a', 'utf8')); const b = fsp.readFile('/b', 'utf8'), c = "
          "fsp.readFile('/c', "
          "'utf8'); out.push(fs.readFileSync('/d', 'utf8')); out.push(await c, await b)");
    run = peer_run(&child.peer, 1);
    PEER_WAIT(&child.peer, run->files == 1);
    answer(&child, 1, 1, mf_slice_of_cstr("one"), 7); /* Byte by byte, nearly. */
    PEER_WAIT(&child.peer, run->files == 4);
    answer(&child, 1, 4, mf_slice_of_cstr("four"), 1000);
    answer(&child, 1, 3, mf_slice_of_cstr("three"), 1000);
    PEER_SEND(&child.peer, files_answer, 1, .op = 2, .bytes = mf_slice_of_cstr("ENOENT"), .is_error = 1);
    run = peer_wait_done(&child.peer, 1);
    MF_CHECK_INT(run->done.error, MF_E_EXCEPTION);
    MF_CHECK(run->done.host_wait_ns > 0);
    start(&child, 2, MF_START_FILES_ALLOWED,
          "fs.writeFileSync('/a', new Uint8Array(1e6)); out.push('whole')"); /* In more than one frame. */
    run = peer_run(&child.peer, 2);
    PEER_WAIT(&child.peer, run->files == 1);
    MF_CHECK(run->files_bytes > 1000000);
    answer(&child, 2, 1, mf_slice_of_cstr(""), 1000);
    CHECK_OK(peer_wait_done(&child.peer, 2));
    MF_CHECK_TEXT(mf_buf_peek(&run->body), "whole");
    MF_CHECK_INT(child_stop(&child), 0);
}

/* No more than may be open are: the rest waits in the isolate, and a thread that waits takes its turn among them. */
static void test_many(void)
{
    struct child child;
    struct peer_run *run;

    child_start(&child);
    start(&child, 1, MF_START_FILES_ALLOWED,
          "const all = Array.from({ length: 40 }, () => fsp.readFile('/f', 'utf8')); "
          "out.push(fs.readFileSync('/g', "
          "'utf8')); out.push((await Promise.all(all)).join(''))");
    run = peer_run(&child.peer, 1);
    PEER_WAIT(&child.peer, run->files == MF_RUN_FILE_OPS_OPEN_MAX);
    peer_read(&child.peer, 200); /* Were there more, they would come. */
    MF_CHECK_INT(run->files, MF_RUN_FILE_OPS_OPEN_MAX);
    for (uint32_t op = 1; op <= 41; op++) {
        PEER_WAIT(&child.peer, run->files >= op);
        answer(&child, 1, op, mf_slice_of_cstr(op == MF_RUN_FILE_OPS_OPEN_MAX + 1 ? "sync" : "x"), 1000);
    }
    CHECK_OK(peer_wait_done(&child.peer, 1));
    MF_CHECK_TEXT(mf_buf_peek(&run->body), "sync,xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx");
    MF_CHECK_INT(child_stop(&child), 0);
}

static void test_refused(void)
{
    struct child child;
    struct peer_run *run;

    child_start(&child);
    start(&child, 1, 0, "try { fs.readFileSync('/a') } catch (e) { out.push(e.message) }");
    CHECK_OK(peer_wait_done(&child.peer, 1));
    run = peer_run(&child.peer, 1);
    MF_CHECK_TEXT(mf_buf_peek(&run->body), "The run has no workspace.");
    MF_CHECK_INT(run->files, 0);
    MF_CHECK_INT(child_stop(&child), 0);
}

/* A run that is canceled while its thread waits ends at once; the answer that crossed is ignored. */
static void test_cancel(void)
{
    struct child child;

    child_start(&child);
    for (uint32_t number = 1; number <= 20; number++) {
        struct peer_run *run = peer_run(&child.peer, number);
        start(&child, number, MF_START_FILES_ALLOWED,
              number % 2 == 0 ? "try { fs.readFileSync('/a') } catch {} for (;;);"
                              : "fsp.readFile('/a'); fs.readFileSync('/b')");
        PEER_WAIT(&child.peer, run->files == (number % 2 == 0 ? 1 : 2));
        PEER_SEND(&child.peer, cancel, number, .error = MF_E_CANCELED);
        if (number % 4 == 0) {
            answer(&child, number, 1, mf_slice_of_cstr("late"), 1000);
        }
        MF_CHECK_INT(peer_wait_done(&child.peer, number)->done.error, MF_E_CANCELED);
    }
    start(&child, 21, MF_START_FILES_ALLOWED, "out.push(fs.readFileSync('/a', 'utf8'))");
    PEER_WAIT(&child.peer, peer_run(&child.peer, 21)->files == 1);
    answer(&child, 21, 1, mf_slice_of_cstr("still there"), 1000);
    CHECK_OK(peer_wait_done(&child.peer, 21));
    MF_CHECK_INT(child_stop(&child), 0);
}

/* An answer to what was never asked: the executor ends. */
static void test_wrong_daemon(void)
{
    struct child child;

    child_start(&child);
    start(&child, 1, MF_START_FILES_ALLOWED, "fs.readFileSync('/a')");
    PEER_WAIT(&child.peer, peer_run(&child.peer, 1)->files == 1);
    PEER_SEND(&child.peer, files_answer, 1, .op = 2, .bytes = mf_slice_of_cstr("x"));
    while (!child.peer.is_closed) {
        peer_read(&child.peer, 100);
    }
    MF_CHECK(child_stop(&child) != 0);
}

int main(void)
{
    find_executor();
    signal(SIGPIPE, SIG_IGN);
    setvbuf(stdout, NULL, _IOLBF, 0);
    MF_RUN(test_both_ways);
    MF_RUN(test_many);
    MF_RUN(test_refused);
    MF_RUN(test_cancel);
    MF_RUN(test_wrong_daemon);
    return 0;
}
