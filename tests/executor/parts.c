/* The executor's small parts, each alone: heap, timers, options, outbox, cache of stripped sources, bodies, cutting text. */
#include <fcntl.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include "heap.h"
#include "options.h"
#include "outbox.h"
#include "session.h"
#include "strip_cache.h"
#include "timers.h"

#include "check.h"

/* ---- heap ------------------------------------------------------------------------------------------------ */

static uint32_t seed = 1;

static uint32_t some_number(void)
{
    seed = seed * 1664525u + 1013904223u;
    return seed >> 8;
}

static void test_heap(void)
{
    static struct mf_heap_node nodes[500];
    struct mf_heap heap;
    uint64_t last = 0;
    size_t left = 500;

    mf_heap_init(&heap, 500);
    for (size_t i = 0; i < 500; i++) {
        mf_heap_node_init(&nodes[i]);
        mf_heap_remove(&heap, &nodes[i]); /* In no heap: nothing happens. */
        MF_CHECK_INT(mf_heap_push(&heap, &nodes[i], some_number() % 50), 0);
    }
    {
        struct mf_heap_node extra;
        mf_heap_node_init(&extra);
        MF_CHECK_INT(mf_heap_push(&heap, &extra, 0), MF_E_TOO_MANY);
    }
    for (size_t i = 0; i < 200; i++) {
        size_t victim = some_number() % 500;
        left -= nodes[victim].index != MF_HEAP_NOWHERE;
        mf_heap_remove(&heap, &nodes[victim]);
    }
    for (uint64_t sequence = 0; left > 0; left--) {
        struct mf_heap_node *node = mf_heap_peek(&heap);
        MF_CHECK(node->key >= last);
        MF_CHECK(node->key > last || node->sequence >= sequence); /* First in, first out. */
        last = node->key;
        sequence = node->sequence;
        mf_heap_remove(&heap, node);
    }
    MF_CHECK(mf_heap_peek(&heap) == NULL);
    mf_heap_done(&heap);
}

/* ---- timers ------------------------------------------------------------------------------------------------- */

static uint32_t next_due(struct mf_list *events)
{
    struct mf_list *item = mf_list_pop_front(events);

    MF_CHECK(item != NULL);
    return MF_CONTAINER_OF(MF_CONTAINER_OF(item, struct mf_notice, list), struct mf_timer, event)->id;
}

static void test_timers(void)
{
    struct mf_timers timers;
    struct mf_list events;

    mf_list_init(&events);
    mf_timers_init(&timers);
    mf_timers_clear(&timers, 1);
    MF_CHECK(mf_timers_next_ns(&timers) == MF_DEADLINE_NEVER);
    MF_CHECK_INT(mf_timers_set(&timers, 1, 30), 0);
    MF_CHECK_INT(mf_timers_set(&timers, 2, 10), 0);
    MF_CHECK_INT(mf_timers_set(&timers, 3, 10), 0);
    MF_CHECK_INT(mf_timers_set(&timers, 4, 20), 0);
    MF_CHECK_INT(mf_timers_set(&timers, 5, 5), 0);
    mf_timers_clear(&timers, 5);
    MF_CHECK_INT(mf_timers_set(&timers, 4, 40), 0); /* Set anew. */
    MF_CHECK_INT(mf_timers_count(&timers), 4);
    MF_CHECK_INT((long long)mf_timers_next_ns(&timers), 10);
    mf_timers_expire(&timers, 9, &events);
    MF_CHECK(mf_list_is_empty(&events));
    mf_timers_expire(&timers, 30, &events);
    MF_CHECK_INT(next_due(&events), 2);
    mf_timers_clear(&timers, 3); /* Due, not told: it leaves the queue. */
    MF_CHECK_INT(next_due(&events), 1);
    MF_CHECK(mf_list_is_empty(&events));
    MF_CHECK_INT((long long)mf_timers_next_ns(&timers), 40);
    mf_timers_expire(&timers, 50, &events);
    mf_timers_done(&timers); /* With one that is due and two that were told. */
    MF_CHECK(mf_list_is_empty(&events));
}

/* ---- options ---------------------------------------------------------------------------------------------------- */

static int parse(struct mf_executor_options *options, const char **wrong, const char *const *args)
{
    static char copies[16][64];
    char *argv[17];
    int argc = 0;

    for (; args[argc] != NULL; argc++) {
        snprintf(copies[argc], sizeof(copies[argc]), "%s", args[argc]);
        argv[argc] = copies[argc];
    }
    argv[argc] = NULL;
    return mf_executor_options_parse(argc, argv, options, wrong);
}

static void test_options(void)
{
    struct mf_executor_options options;
    const char *wrong = "";

    MF_CHECK_INT(parse(&options, &wrong,
                       (const char *const[]){"x", "--channel-fd", "3", "--standby", "0", "--threads-max", "1",
                                             "--memory-bytes", "8589934592", "--jail-layers", "16383",
                                             "--jitless", "--v8-flags", "--a --b", NULL}),
                 0);
    MF_CHECK_INT(options.channel_fd, 3);
    MF_CHECK_INT(options.standby, 0);
    MF_CHECK_INT(options.threads_max, 1);
    MF_CHECK_INT(options.threads_base, 1);
    MF_CHECK_INT((long long)options.memory_bytes, 8589934592);
    MF_CHECK_INT(options.jail_layers, 16383);
    MF_CHECK_INT(options.jail_required, 0);
    MF_CHECK(options.is_jitless);
    MF_CHECK(strcmp(options.v8_flags, "--a --b") == 0);
    MF_CHECK_INT(parse(&options, &wrong, (const char *const[]){"x", NULL}), 0);
    MF_CHECK(!options.is_jitless && options.v8_flags == NULL && options.threads_base >= 1);

    MF_CHECK_INT(parse(&options, &wrong, (const char *const[]){"x", "--no-such", "1", NULL}), MF_E_INVALID);
    MF_CHECK(strcmp(wrong, "--no-such") == 0);
    MF_CHECK_INT(parse(&options, &wrong, (const char *const[]){"x", "--standby", NULL}), MF_E_INVALID);
    MF_CHECK_INT(parse(&options, &wrong, (const char *const[]){"x", "--standby", "-1", NULL}), MF_E_INVALID);
    MF_CHECK_INT(parse(&options, &wrong, (const char *const[]){"x", "--standby", "1000", NULL}),
                 MF_E_INVALID);
    MF_CHECK_INT(parse(&options, &wrong, (const char *const[]){"x", "--threads-max", "0", NULL}),
                 MF_E_INVALID);
    MF_CHECK_INT(parse(&options, &wrong, (const char *const[]){"x", "--runs-max", "1e3", NULL}),
                 MF_E_INVALID);
    MF_CHECK(strcmp(wrong, "--runs-max") == 0);
}

/* ---- outbox --------------------------------------------------------------------------------------------------------- */

struct channel {
    struct mf_waker waker;
    struct mf_outbox outbox;
    int fds[2];
};

static void channel_open(struct channel *channel)
{
    int size = 4096;

    MF_CHECK_INT(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, channel->fds), 0);
    MF_CHECK_INT(setsockopt(channel->fds[1], SOL_SOCKET, SO_SNDBUF, &size, sizeof(size)), 0);
    MF_CHECK_INT(fcntl(channel->fds[0], F_SETFL, O_NONBLOCK), 0);
    MF_CHECK_INT(fcntl(channel->fds[1], F_SETFL, O_NONBLOCK), 0);
    MF_CHECK_INT(mf_waker_init(&channel->waker), 0);
    mf_outbox_init(&channel->outbox, channel->fds[1], &channel->waker);
}

static void channel_close(struct channel *channel)
{
    mf_outbox_done(&channel->outbox);
    mf_waker_done(&channel->waker);
    close(channel->fds[0]);
    close(channel->fds[1]);
}

static bool say(struct channel *channel, enum mf_outbox_class class, uint32_t number, size_t size)
{
    static uint8_t zeros[MF_FRAME_PAYLOAD_BYTES_MAX];
    const struct mf_msg_log message = {.unix_ms = number, .text = mf_slice_of(zeros, size)};
    struct mf_buf *out = mf_outbox_lock(&channel->outbox, class);

    if (out == NULL) {
        return false;
    }
    MF_CHECK_INT(mf_encode_log(out, number, &message), 0);
    mf_outbox_unlock(&channel->outbox);
    return true;
}

/* Takes what is there; frames must come in order, whole, from *number on. */
static void hear(struct channel *channel, struct mf_frame_reader *reader, uint32_t *number)
{
    static uint8_t bytes[65536];
    struct mf_frame frame;
    ssize_t size;

    while ((size = read(channel->fds[0], bytes, sizeof(bytes))) > 0) {
        MF_CHECK_INT(mf_frame_reader_feed(reader, bytes, (size_t)size), 0);
        while (mf_frame_reader_next(reader, &frame) == 1) {
            MF_CHECK_INT(frame.run, (*number)++);
        }
    }
}

static void test_outbox_order(void)
{
    struct channel channel;
    struct mf_frame_reader reader;
    uint32_t said = 1, heard = 1;
    bool wants = false;

    channel_open(&channel);
    mf_frame_reader_init(&reader, MF_TO_DAEMON);
    for (int round = 0; round < 300; round++) {
        for (uint32_t i = 0; i < some_number() % 5; i++) {
            MF_CHECK(say(&channel, MF_OUTBOX_MAY, said++, some_number() % 20000));
        }
        if (some_number() % 3 == 0) {
            hear(&channel, &reader, &heard);
        }
        MF_CHECK_INT(mf_outbox_wants(&channel.outbox, &wants), 0); /* The loop's POLLOUT. */
    }
    while (!mf_outbox_is_empty(&channel.outbox)) {
        MF_CHECK_INT(mf_outbox_wants(&channel.outbox, &wants), 0);
        hear(&channel, &reader, &heard);
    }
    hear(&channel, &reader, &heard);
    MF_CHECK_INT(heard, said);
    mf_frame_reader_done(&reader);
    channel_close(&channel);
}

static void test_outbox_cork(void)
{
    struct channel channel;
    struct mf_frame_reader reader;
    uint32_t heard = 1;

    channel_open(&channel);
    mf_frame_reader_init(&reader, MF_TO_DAEMON);
    mf_outbox_cork(&channel.outbox, true);
    MF_CHECK(say(&channel, MF_OUTBOX_MAY, 1, 10));
    MF_CHECK(say(&channel, MF_OUTBOX_MAY, 2, 10));
    hear(&channel, &reader, &heard);
    MF_CHECK_INT(heard, 1);
    mf_outbox_flush(&channel.outbox);
    hear(&channel, &reader, &heard);
    MF_CHECK_INT(heard, 3);
    MF_CHECK(say(&channel, MF_OUTBOX_MAY, 3, 10));
    mf_outbox_cork(&channel.outbox, false);
    MF_CHECK(say(&channel, MF_OUTBOX_MAY, 4, 10));
    hear(&channel, &reader, &heard);
    MF_CHECK_INT(heard, 5);
    mf_frame_reader_done(&reader);
    channel_close(&channel);
}

/* Nobody reads: what may wait is refused at half, what must go goes on to the end, then the channel is broken. */
static void test_outbox_full(void)
{
    struct channel channel;
    bool wants = false;
    uint32_t may = 0, must = 0;

    channel_open(&channel);
    while (say(&channel, MF_OUTBOX_MAY, 1, 200000)) {
        MF_CHECK(++may < 2000);
    }
    MF_CHECK(may > 300);
    MF_CHECK_INT(mf_outbox_wants(&channel.outbox, &wants), 0);
    MF_CHECK(wants);
    MF_CHECK(!mf_outbox_take_room(&channel.outbox));
    while (mf_outbox_wants(&channel.outbox, &wants) == 0) {
        MF_CHECK(say(&channel, MF_OUTBOX_MUST, 1, 200000));
        MF_CHECK(++must < 2000);
    }
    MF_CHECK(must > 200);
    channel_close(&channel);
}

static void test_outbox_room(void)
{
    struct channel channel;
    struct mf_frame_reader reader;
    bool wants = true;
    uint32_t said = 1, heard = 1;

    channel_open(&channel);
    mf_frame_reader_init(&reader, MF_TO_DAEMON);
    while (say(&channel, MF_OUTBOX_MAY, said, 200000)) {
        said++;
    }
    while (!mf_outbox_take_room(&channel.outbox)) {
        hear(&channel, &reader, &heard);
        MF_CHECK_INT(mf_outbox_wants(&channel.outbox, &wants), 0);
        MF_CHECK(wants); /* There is room long before all is gone. */
    }
    MF_CHECK(!mf_outbox_take_room(&channel.outbox)); /* Told once. */
    MF_CHECK(say(&channel, MF_OUTBOX_MAY, said++, 10));
    mf_frame_reader_done(&reader);
    channel_close(&channel);
}

static void test_outbox_broken(void)
{
    struct channel channel;
    bool wants = false;

    channel_open(&channel);
    close(channel.fds[0]);
    channel.fds[0] = dup(channel.fds[1]);
    MF_CHECK(say(&channel, MF_OUTBOX_MAY, 1, 10));
    MF_CHECK_INT(mf_outbox_wants(&channel.outbox, &wants), MF_E_CLOSED);
    MF_CHECK(say(&channel, MF_OUTBOX_MUST, 1, 10)); /* It goes nowhere, and harms nobody. */
    channel_close(&channel);
}

/* ---- cache ------------------------------------------------------------------------------------------------------------- */

static struct mf_stripped *
put(struct mf_strip_cache *cache, const char *name, struct mf_slice source, const char *text)
{
    struct mf_stripped *stripped = mf_strip_cache_put(cache, mf_slice_of_cstr(name), source,
                                                      mf_slice_of_cstr(text), mf_slice_of_cstr("AAAA"));

    MF_CHECK(stripped != NULL);
    return stripped;
}

static void test_cache(void)
{
    struct mf_strip_cache cache;
    struct mf_stripped *a, *b;
    struct mf_slice source = mf_slice_of_cstr("let a: string");

    mf_strip_cache_init(&cache);
    MF_CHECK(mf_strip_cache_get(&cache, mf_slice_of_cstr("a.ts"), source) == NULL);
    a = put(&cache, "a.ts", source, "let a        ");
    b = mf_strip_cache_get(&cache, mf_slice_of_cstr("a.ts"), source);
    MF_CHECK(a == b);
    MF_CHECK_TEXT(b->text, "let a        ");
    /* Another name, another content: another entry. */
    MF_CHECK(mf_strip_cache_get(&cache, mf_slice_of_cstr("b.ts"), source) == NULL);
    MF_CHECK(mf_strip_cache_get(&cache, mf_slice_of_cstr("a.ts"), mf_slice_of_cstr("let a: strinG")) == NULL);
    MF_CHECK(mf_strip_cache_get(&cache, mf_slice_of("a.ts\0let", 8), mf_slice_of_cstr(" a: string")) == NULL);
    mf_stripped_unref(a);
    mf_stripped_unref(b);
    /* The same again takes the other's place, which a run may still hold. */
    a = mf_strip_cache_get(&cache, mf_slice_of_cstr("a.ts"), source);
    b = put(&cache, "a.ts", source, "second");
    MF_CHECK_TEXT(a->text, "let a        ");
    mf_stripped_unref(a);
    mf_stripped_unref(b);
    a = mf_strip_cache_get(&cache, mf_slice_of_cstr("a.ts"), source);
    MF_CHECK_TEXT(a->text, "second");
    mf_stripped_unref(a);
    mf_strip_cache_done(&cache);
}

/* The oldest that nobody asked for goes first; one that is too large never comes in. */
static void test_cache_evicts(void)
{
    struct mf_strip_cache cache;
    struct mf_stripped *stripped;
    size_t size = MF_TYPESCRIPT_CACHE_BYTES_MAX / 4;
    uint8_t *bytes = calloc(1, 3 * size);

    mf_strip_cache_init(&cache);
    for (int i = 0; i < 20; i++) {
        bytes[0] = (uint8_t)i;
        mf_stripped_unref(put(&cache, "n", mf_slice_of(bytes, size), "x"));
        bytes[0] = 0;
        stripped = mf_strip_cache_get(&cache, mf_slice_of_cstr("n"), mf_slice_of(bytes, size));
        MF_CHECK(stripped != NULL); /* It is used all the time. */
        mf_stripped_unref(stripped);
        MF_CHECK(cache.bytes <= MF_TYPESCRIPT_CACHE_BYTES_MAX);
    }
    bytes[0] = 1;
    MF_CHECK(mf_strip_cache_get(&cache, mf_slice_of_cstr("n"), mf_slice_of(bytes, size)) == NULL);
    stripped = put(&cache, "large", mf_slice_of(bytes, 3 * size), "y");
    MF_CHECK_TEXT(stripped->text, "y");
    MF_CHECK_TEXT(stripped->mappings, "AAAA");
    MF_CHECK(mf_strip_cache_get(&cache, mf_slice_of_cstr("large"), mf_slice_of(bytes, 3 * size)) == NULL);
    mf_stripped_unref(stripped);
    mf_strip_cache_done(&cache);
    free(bytes);
}

static void test_whole_body(void)
{
    struct mf_incoming in;
    struct mf_buf bytes;

    mf_incoming_init(&in, 3, true);
    MF_CHECK_INT(mf_incoming_data(&in, mf_slice_of_cstr("who")), 0);
    MF_CHECK(!mf_incoming_take_whole(&in, &bytes)); /* There may be more. */
    MF_CHECK_INT(mf_incoming_data(&in, mf_slice_of_cstr("le")), 0);
    MF_CHECK_INT(mf_incoming_end(&in, 0, mf_slice_of(NULL, 0)), 0);
    MF_CHECK(mf_incoming_take_whole(&in, &bytes));
    MF_CHECK_TEXT(mf_buf_peek(&bytes), "whole");
    MF_CHECK(!mf_incoming_take_whole(&in, &bytes));
    MF_CHECK(mf_incoming_pull(&in) < 0); /* The script has it. */
    mf_buf_done(&bytes);
    mf_incoming_done(&in);

    mf_incoming_init(&in, 3, true);
    MF_CHECK_INT(mf_incoming_end(&in, MF_E_CLOSED, mf_slice_of(NULL, 0)), 0);
    MF_CHECK(!mf_incoming_take_whole(&in, &bytes)); /* It broke off. */
    mf_incoming_done(&in);

    mf_incoming_init(&in, 3, true);
    MF_CHECK_INT(mf_incoming_pull(&in), 0);
    MF_CHECK_INT(mf_incoming_end(&in, 0, mf_slice_of(NULL, 0)), 0);
    MF_CHECK(!mf_incoming_take_whole(&in, &bytes)); /* The pull is to be answered. */
    mf_incoming_done(&in);
}

static void test_text_cut(void)
{
    MF_CHECK_TEXT(mf_text_cut(mf_slice_of_cstr("abc"), 3), "abc");
    MF_CHECK_TEXT(mf_text_cut(mf_slice_of_cstr("abc"), 2), "ab");
    MF_CHECK_TEXT(mf_text_cut(mf_slice_of_cstr("a\xf0\x9f\x98\x80z"), 4), "a");
    MF_CHECK_TEXT(mf_text_cut(mf_slice_of_cstr("a\xf0\x9f\x98\x80z"), 5), "a\xf0\x9f\x98\x80");
    MF_CHECK_INT(mf_text_cut(mf_slice_of_cstr("\x80\x80\x80"), 2).size, 0);
    MF_CHECK_INT(mf_end_error(MF_E_LIMIT_CPU), MF_E_LIMIT_CPU);
    MF_CHECK_INT(mf_end_error(MF_E_CONFIG), MF_E_INTERNAL);
    MF_CHECK_INT(mf_end_error(-2), MF_E_INTERNAL);
}

int main(void)
{
    signal(SIGPIPE, SIG_IGN);
    MF_RUN(test_heap);
    MF_RUN(test_timers);
    MF_RUN(test_options);
    MF_RUN(test_outbox_order);
    MF_RUN(test_outbox_cork);
    MF_RUN(test_outbox_full);
    MF_RUN(test_outbox_room);
    MF_RUN(test_outbox_broken);
    MF_RUN(test_cache);
    MF_RUN(test_cache_evicts);
    MF_RUN(test_whole_body);
    MF_RUN(test_text_cut);
    return 0;
}
