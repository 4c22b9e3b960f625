/* Chaos: a daemon that is correct but does anything at any time, and scripts that do the same. Every run must end exactly
 * once, no frame may come out of order (peer.h checks), nothing may leak; under ThreadSanitizer nothing may race.
 * An argument is the number of seconds; the seed is printed, and taken from MF_CHAOS_SEED. */
#include "fake.h"

#define RUNS_AT_ONCE 60
#define NUMBERS_MAX 1900
#define FETCHES_MAX 4

static uint64_t next_random(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}

static _Atomic uint64_t script_seed;

/* ---- scripts --------------------------------------------------------------------------------------------- */

static uint8_t bytes[300000];

struct dice {
    uint64_t state;
};

static uint32_t roll(struct dice *dice, uint32_t sides)
{
    return (uint32_t)(next_random(&dice->state) % sides);
}

static void do_timers(struct mf_isolate *isolate, struct dice *dice)
{
    if (roll(dice, 3) == 0) {
        isolate->calls->timer_clear(isolate->host, roll(dice, 8));
    } else {
        (void)isolate->calls->timer_set(isolate->host, roll(dice, 8), roll(dice, 12));
    }
}

static void do_response(struct mf_isolate *isolate, struct dice *dice)
{
    bool is_full = false;

    switch (roll(dice, 6)) {
    case 0:
        (void)isolate->calls->respond(isolate->host, 200, mf_slice_of_cstr("OK"), mf_slice_of("a\0b\0", 4),
                                      roll(dice, 4) != 0);
        break;
    case 1:
    case 2:
    case 3:
        (void)isolate->calls->body_write(isolate->host, MF_STREAM_RESPONSE,
                                         mf_slice_of(bytes, roll(dice, sizeof(bytes))), &is_full);
        break;
    case 4:
        (void)isolate->calls->body_end(isolate->host, MF_STREAM_RESPONSE);
        break;
    default:
        if (roll(dice, 10) == 0) {
            isolate->calls->body_abort(isolate->host, MF_STREAM_RESPONSE, mf_slice_of_cstr("broke"));
        }
    }
}

static void do_request(struct mf_isolate *isolate, struct dice *dice)
{
    if (roll(dice, 20) == 0) {
        isolate->calls->body_cancel(isolate->host, MF_STREAM_REQUEST);
    } else {
        (void)isolate->calls->body_pull(isolate->host, MF_STREAM_REQUEST);
    }
}

static void do_fetch(struct mf_isolate *isolate, struct dice *dice)
{
    uint32_t number = 1 + roll(dice, FETCHES_MAX);
    const struct mf_runtime_fetch fetch = {
        .number = number,
        .method = mf_slice_of_cstr("GET"),
        .url = mf_slice_of_cstr("https://a/"),
        .has_body = roll(dice, 2) == 0,
        .is_again = roll(dice, 4) == 0,
        .body_bytes = roll(dice, 3) == 0 ? roll(dice, 5000) : MF_RUNTIME_BODY_BYTES_UNKNOWN,
    };
    bool is_full = false;

    switch (roll(dice, 9)) {
    case 7:
    case 8:
        (void)isolate->calls->body_copy(isolate->host, 2 * number + 1, MF_STREAM_RESPONSE);
        break;
    case 0:
    case 1:
        (void)isolate->calls->fetch(isolate->host, &fetch);
        break;
    case 2:
        (void)isolate->calls->body_write(isolate->host, 2 * number, mf_slice_of(bytes, roll(dice, 5000)),
                                         &is_full);
        break;
    case 3:
        (void)isolate->calls->body_end(isolate->host, 2 * number);
        break;
    case 4:
        isolate->calls->fetch_abort(isolate->host, number);
        break;
    case 5:
        isolate->calls->body_cancel(isolate->host, 2 * number + 1);
        break;
    default:
        (void)isolate->calls->body_pull(isolate->host, 2 * number + 1);
    }
}

static int do_end(struct mf_isolate *isolate, struct dice *dice)
{
    switch (roll(dice, 40)) {
    case 0:
        isolate->calls->finish(isolate->host, 0, mf_slice_of(NULL, 0));
        break;
    case 1:
        isolate->calls->finish(isolate->host, MF_E_EXCEPTION, mf_slice_of_cstr("no"));
        break;
    case 2:
        return MF_E_INTERNAL;
    case 3:
        return fake_spin(isolate); /* Until its CPU limit, or until it is canceled. */
    default:
        break;
    }
    return 0;
}

static int script_any(struct mf_isolate *isolate, uint32_t event, const struct mf_value *args, size_t count)
{
    struct dice dice = {atomic_fetch_add(&script_seed, UINT64_C(0x9e3779b97f4a7c15)) | 1};
    uint32_t steps = roll(&dice, 6);

    (void)event, (void)count;
    for (size_t i = 0; i < count; i++) {
        if (args[i].kind == MF_VALUE_BYTES) {
            MF_CHECK(args[i].as.bytes.size > 0 && args[i].as.bytes.data[0] == 'd'); /* Still there. */
        }
    }
    for (uint32_t i = 0; i < steps; i++) {
        switch (roll(&dice, 6)) {
        case 0:
            do_timers(isolate, &dice);
            break;
        case 1:
        case 2:
            do_response(isolate, &dice);
            break;
        case 3:
            do_request(isolate, &dice);
            break;
        case 4:
            do_fetch(isolate, &dice);
            break;
        default:
            fake_log(isolate, "x");
        }
    }
    return do_end(isolate, &dice);
}

const struct fake_script fake_scripts[] = {{"any", script_any}, {NULL, NULL}};

static int tool(struct mf_isolate *isolate, uint32_t event, const struct mf_value *args, size_t count)
{
    (void)args, (void)count;
    if (event == MF_EVENT_STRIP) {
        isolate->calls->stripped(isolate->host,
                                 &(struct mf_runtime_stripped){.text = mf_slice_of_cstr("any")});
    }
    return 0;
}
fake_fn fake_tool = tool;

/* ---- the daemon --------------------------------------------------------------------------------------------- */

/* What the daemon must remember to stay correct. */
struct state {
    bool is_started;
    bool has_body;
    bool is_request_ended;
    size_t request_sent;
    uint32_t answered; /* Mask of fetches. */
    uint32_t flowing;  /* The one whose response has not ended; 0: none. */
    bool is_spliced;   /* SPLICED was sent for it. */
};

static struct state states[NUMBERS_MAX];
static uint8_t data[40000];

static void send_request(struct peer *peer, struct peer_run *run, struct state *state, struct dice *dice)
{
    size_t room = MF_STREAM_WINDOW_BYTES + run->request_credit - state->request_sent;
    size_t size = 1 + roll(dice, sizeof(data) - 1);

    if (!state->has_body || state->is_request_ended || run->request_stopped) {
        return;
    }
    if (roll(dice, 8) == 0) {
        state->is_request_ended = true;
        if (roll(dice, 2) == 0) {
            PEER_SEND(peer, stream_end, run->number, .stream = MF_STREAM_REQUEST);
        } else {
            PEER_SEND(peer, stream_abort, run->number, .stream = MF_STREAM_REQUEST,
                      .error = MF_E_HTTP_TIMEOUT);
        }
    } else if (size <= room) {
        state->request_sent += size;
        PEER_SEND(peer, stream_data, run->number, .stream = MF_STREAM_REQUEST,
                  .bytes = mf_slice_of(data, size));
    }
}

static void answer_fetch(struct peer *peer, struct peer_run *run, struct state *state, struct dice *dice)
{
    uint32_t number = run->fetches > 0 ? run->fetch.fetch : 0;

    if (number == 0 || (state->answered & 1u << number) != 0) {
        return;
    }
    state->answered |= 1u << number;
    if (roll(dice, 3) == 0) {
        PEER_SEND(peer, fetch_fail, run->number, .fetch = number, .error = MF_E_OUTBOUND_BLOCKED);
        return;
    }
    PEER_SEND(peer, fetch_head, run->number, .fetch = number, .status = 200, .has_body = 1);
    PEER_SEND(peer, stream_data, run->number, .stream = 2 * number + 1, .bytes = mf_slice_of(data, 1000));
    if (state->flowing == 0 && roll(dice, 2) == 0) {
        state->flowing = number;
    } else {
        PEER_SEND(peer, stream_end, run->number, .stream = 2 * number + 1);
    }
}

static void end_flow(struct peer *peer, struct peer_run *run, struct state *state, struct dice *dice)
{
    uint32_t stream = 2 * state->flowing + 1;

    if (roll(dice, 3) == 0) {
        PEER_SEND(peer, stream_abort, run->number, .stream = stream, .error = MF_E_CLOSED);
    } else {
        PEER_SEND(peer, stream_end, run->number, .stream = stream);
    }
    state->flowing = 0;
}

/* A response that goes on; what is asked for with SPLICE is granted sooner or later, and ended after SPLICE_REST. */
static void flow_on(struct peer *peer, struct peer_run *run, struct state *state, struct dice *dice)
{
    if (state->flowing == 0) {
        return;
    }
    if (state->is_spliced) {
        if (run->splice_rests == 1) {
            end_flow(peer, run, state, dice);
        }
    } else if (run->splices == 1 && run->spliced_fetch == state->flowing) {
        state->is_spliced = true;
        PEER_SEND(peer, spliced, run->number, .fetch = state->flowing);
    } else if (roll(dice, 3) == 0) {
        end_flow(peer, run, state, dice);
    } else {
        PEER_SEND(peer, stream_data, run->number, .stream = 2 * state->flowing + 1,
                  .bytes = mf_slice_of(data, 100));
    }
}

static void act(struct peer *peer, uint32_t number, struct dice *dice)
{
    struct peer_run *run = peer_run(peer, number);
    struct state *state = &states[number];

    if (run->dones > 0) {
        return;
    }
    switch (roll(dice, 12)) {
    case 0:
        PEER_SEND(peer, cancel, number, .error = roll(dice, 2) ? MF_E_CANCELED : MF_E_LIMIT_WALL);
        break;
    case 1:
        if (roll(dice, 4) == 0) {
            run->response_stopped = true;
            PEER_SEND(peer, stream_stop, number, .stream = MF_STREAM_RESPONSE);
        }
        break;
    case 2:
    case 3:
    case 4:
        answer_fetch(peer, run, state, dice);
        break;
    case 5:
    case 6:
    case 7:
        flow_on(peer, run, state, dice);
        break;
    default:
        send_request(peer, run, state, dice);
    }
}

static void start(struct peer *peer, uint32_t number, struct dice *dice)
{
    struct mf_msg_start limits = peer_limits();
    char source[32] = "any";
    enum mf_part_kind kind = roll(dice, 3) == 0 ? MF_PART_TYPESCRIPT : MF_PART_ESM;

    states[number].is_started = true;
    states[number].has_body = roll(dice, 2) == 0;
    limits.cpu_ns = 20 * MF_NS_PER_MS;
    limits.flags =
        (states[number].has_body ? MF_START_HAS_BODY : 0u) | (roll(dice, 2) ? MF_START_FETCH_ALLOWED : 0u);
    limits.log_bytes = 50;
    limits.response_bytes = 1000000;
    limits.subrequests = 3;
    if (kind == MF_PART_TYPESCRIPT) {
        snprintf(source, sizeof(source), "any %u", roll(dice, 50));
    }
    peer_start_kind(peer, number, limits, kind, source);
}

static size_t count_done(const struct peer *peer, uint32_t started)
{
    size_t count = 0;

    for (uint32_t number = 1; number <= started; number++) {
        count += peer->runs[number] != NULL && peer->runs[number]->dones == 1;
    }
    return count;
}

/* Starts runs, disturbs them, hears them out. */
static void rampage(struct dice *dice)
{
    struct fake fake;
    uint32_t started = 0;

    memset(states, 0, sizeof(states));
    fake_start(&fake);
    while (started < NUMBERS_MAX - 1) {
        uint32_t first = started > RUNS_AT_ONCE ? started - RUNS_AT_ONCE : 0;
        if (started - count_done(&fake.peer, started) < RUNS_AT_ONCE) {
            start(&fake.peer, ++started, dice);
        }
        for (uint32_t i = 0; i < 4; i++) {
            act(&fake.peer, 1 + first + roll(dice, started - first), dice);
        }
        peer_read(&fake.peer, (int)roll(dice, 2));
    }
    for (uint32_t number = 1; number <= started; number++) {
        if (peer_run(&fake.peer, number)->dones == 0) {
            PEER_SEND(&fake.peer, cancel, number, .error = MF_E_CANCELED);
        }
    }
    for (uint32_t number = 1; number <= started; number++) {
        peer_wait_done(&fake.peer, number);
    }
    MF_CHECK(!fake.peer.is_condemned);
    fake_stop(&fake);
    fake_check_no_isolate_left();
}

int main(int argc, char **argv)
{
    const char *given = getenv("MF_CHAOS_SEED");
    uint64_t until_ns = mf_clock_now_ns() + (argc > 1 ? (uint64_t)atoi(argv[1]) : 3) * MF_NS_PER_S;
    struct dice dice = {given != NULL ? strtoull(given, NULL, 10) : mf_clock_now_ns() | 1};

    memset(data, 'd', sizeof(data));
    do {
        printf("seed %llu\n", (unsigned long long)dice.state);
        fflush(stdout);
        atomic_store(&script_seed, dice.state);
        rampage(&dice);
    } while (mf_clock_now_ns() < until_ns);
    printf("ok chaos\n");
    return 0;
}
