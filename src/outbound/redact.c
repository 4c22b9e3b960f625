/* redact.c - one stream: its readings walk the automaton, what they find is cut out, what may yet become a find is held. */
#include "needles.h"
#include "unescape.h"

#define PIECE_BYTES_MAX 65536

/* Half open, as offsets in the stream. */
struct span {
    uint64_t start;
    uint64_t end;
};

/* One reading of the stream. */
struct lane {
    unescape_fn *next; /* NULL: the bytes as they are. */
    uint32_t state;
    uint64_t at;        /* The next byte to read. */
    uint64_t units;     /* Decoded bytes since the root was left. */
    uint64_t *starts;   /* Where the last of them began: a ring. NULL with |next|. */
    struct span *spans; /* What was found and is not settled, in order, apart. */
    size_t first;
    size_t count;
    size_t capacity;
};

enum { LANE_PLAIN, LANE_PERCENT, LANE_JSON, LANE_FORM, LANES_MAX };

struct mf__redact {
    struct mf__needles *needles;
    bool blocks;
    bool is_over;
    uint64_t count;
    uint64_t start_mask; /* Of a ring. */
    struct lane lanes[LANES_MAX];
    size_t lanes_count;
    bool is_forked; /* Else all readings are where lanes[LANE_PLAIN] is. */
    struct mf_buf held;
    uint64_t sent; /* Everything before it was appended or replaced. */
    uint64_t cut;  /* The end of the last find: one that begins before it belongs to it. */
    /* The bytes at hand. */
    const uint8_t *data;
    uint64_t data_start;
    uint64_t data_end;
    bool is_last;
};

/* ---- walking ------------------------------------------------------------------------------------------ */

/* The first place from |at| on, before |end|, where a reading may leave the root. */
static uint64_t skip(const struct mf__redact *redact, uint64_t at, uint64_t end)
{
    const struct mf__needles *needles = redact->needles;
    const uint8_t *byte = redact->data + (at - redact->data_start);
    const uint8_t *stop = redact->data + (end - redact->data_start);
    const uint8_t *last = redact->data + (redact->data_end - redact->data_start) - 1;
    const uint8_t *pairs_end = stop < last ? stop : last;

    if (byte < pairs_end) {
        byte = mf__pairs_find(&needles->pairs, byte, pairs_end);
    }
    if (byte == last && byte < stop && !needles->may_begin[*byte]) {
        byte++;
    }
    return redact->data_start + (uint64_t)(byte - redact->data);
}

/* Where the last |units| decoded bytes began. */
static uint64_t start_of(const struct mf__redact *redact, const struct lane *lane, uint32_t units)
{
    return lane->next == NULL ? lane->at - units : lane->starts[(lane->units - units) & redact->start_mask];
}

/* Ends rise; a later find may begin before earlier ones, and swallows them. */
static int add_span(struct lane *lane, uint64_t start, uint64_t end)
{
    while (lane->count > lane->first && lane->spans[lane->count - 1].end > start) {
        if (lane->spans[lane->count - 1].start < start) {
            start = lane->spans[lane->count - 1].start;
        }
        lane->count--;
    }
    if (lane->count == lane->capacity) {
        size_t capacity = lane->capacity < 16 ? 16 : 2 * lane->capacity;
        struct span *spans = mf_try_realloc(lane->spans, capacity * sizeof *spans);
        if (spans == NULL) {
            return MF_E_NO_MEMORY;
        }
        lane->spans = spans;
        lane->capacity = capacity;
    }
    lane->spans[lane->count++] = (struct span){start, end};
    return 0;
}

static int take_unit(struct mf__redact *redact, struct lane *lane, uint8_t byte, uint64_t start, uint64_t end)
{
    const struct needle_node *nodes = redact->needles->nodes;

    lane->state = needles_step(redact->needles, lane->state, byte);
    if (lane->next != NULL) {
        lane->starts[lane->units++ & redact->start_mask] = start;
    }
    lane->at = end;
    if (nodes[lane->state].found == 0) {
        return 0;
    }
    return add_span(lane, start_of(redact, lane, nodes[lane->state].found), end);
}

static struct mf_slice rest_at(const struct mf__redact *redact, uint64_t at)
{
    return mf_slice_of(redact->data + (at - redact->data_start), (size_t)(redact->data_end - at));
}

/* On to the root at |until| or behind it. 1: there; 0: more bytes are needed. */
static int walk_plain(struct mf__redact *redact, struct lane *lane, uint64_t until)
{
    while (lane->at < redact->data_end) {
        if (lane->state == 0) {
            if (lane->at >= until) {
                return 1;
            }
            lane->at = skip(redact, lane->at, until);
            if (lane->at >= until) {
                return 1;
            }
        }
        int rc = take_unit(redact, lane, redact->data[lane->at - redact->data_start], lane->at, lane->at + 1);
        if (rc < 0) {
            return rc;
        }
    }
    return lane->state == 0;
}

static int walk_decoded(struct mf__redact *redact, struct lane *lane, uint64_t until)
{
    uint8_t units[UNESCAPE_UNITS_MAX];

    while (lane->at < redact->data_end) {
        if (lane->state == 0) {
            if (lane->at >= until) {
                return 1;
            }
            lane->at = skip(redact, lane->at, until);
            if (lane->at >= until) {
                return 1;
            }
        }
        struct mf_slice rest = rest_at(redact, lane->at);
        size_t count = 0;
        size_t size = lane->next(rest, redact->is_last, units, &count);
        if (size == 0) {
            return 0;
        }
        uint64_t start = lane->at;
        for (size_t i = 0; i < count; i++) {
            int rc = take_unit(redact, lane, units[i], start, start + size);
            if (rc < 0) {
                return rc;
            }
        }
    }
    return lane->state == 0;
}

static int walk(struct mf__redact *redact, struct lane *lane, uint64_t until)
{
    return lane->next == NULL ? walk_plain(redact, lane, until) : walk_decoded(redact, lane, until);
}

static bool is_escape(const struct mf__redact *redact, uint8_t byte)
{
    return byte == '%' || byte == '\\' || (byte == '+' && redact->needles->has_blank);
}

/* An escape at |at|, with all readings at the root, that leaves them there: its size. Else 0. */
static size_t pass_escape(const struct mf__redact *redact, uint64_t at)
{
    struct mf_slice rest = rest_at(redact, at);
    uint8_t units[UNESCAPE_UNITS_MAX];
    size_t count = 0;
    size_t size;

    if (redact->needles->root[rest.data[0]] != 0) {
        return 0;
    }
    size = rest.data[0] == '\\' ? mf__unescape_json(rest, redact->is_last, units, &count)
                                : mf__unescape_form(rest, redact->is_last, units, &count);
    for (size_t i = 0; i < count; i++) {
        if (redact->needles->root[units[i]] != 0) {
            return 0;
        }
    }
    /* What is an escape to one reading are bytes to another. No escape has another inside. */
    for (size_t i = 1; i < size; i++) {
        if (redact->needles->root[rest.data[i]] != 0 &&
            (i + 1 >= rest.size || mf__pairs_has(&redact->needles->pairs, rest.data + i))) {
            return 0;
        }
    }
    return size;
}

/* All readings are one as long as no escape comes. 1: at one; 0: at the end. */
static int walk_trunk(struct mf__redact *redact)
{
    struct lane *trunk = &redact->lanes[LANE_PLAIN];
    int rc = 0;

    while (rc == 0) {
        if (trunk->state == 0 && trunk->at < redact->data_end) {
            trunk->at = skip(redact, trunk->at, redact->data_end);
        }
        if (trunk->at == redact->data_end) {
            return 0;
        }
        uint8_t byte = redact->data[trunk->at - redact->data_start];
        if (!is_escape(redact, byte)) {
            rc = take_unit(redact, trunk, byte, trunk->at, trunk->at + 1);
            continue;
        }
        size_t size = trunk->state == 0 ? pass_escape(redact, trunk->at) : 0;
        if (size == 0) {
            return 1;
        }
        trunk->at += size;
    }
    return rc;
}

/* The readings part here: each goes on from where all are. */
static void fork_lanes(struct mf__redact *redact)
{
    const struct lane *trunk = &redact->lanes[LANE_PLAIN];
    uint32_t depth = redact->needles->nodes[trunk->state].depth;

    for (size_t i = 1; i < redact->lanes_count; i++) {
        struct lane *lane = &redact->lanes[i];
        lane->state = trunk->state;
        lane->at = trunk->at;
        lane->units = depth;
        for (uint32_t unit = 0; unit < depth; unit++) {
            lane->starts[unit & redact->start_mask] = trunk->at - depth + unit;
        }
    }
    redact->is_forked = true;
}

/* 1: they are all at the root at one place, and one again; 0: at the end. */
static int walk_forked(struct mf__redact *redact, uint64_t meeting)
{
    for (bool are_together = false, is_starved = false; !are_together;) {
        for (size_t i = 0; i < redact->lanes_count; i++) {
            struct lane *lane = &redact->lanes[i];
            int rc = walk(redact, lane, is_starved ? redact->data_end : meeting);
            if (rc < 0) {
                return rc;
            }
            is_starved = is_starved || rc == 0;
            meeting = lane->at > meeting ? lane->at : meeting;
        }
        if (is_starved) {
            break;
        }
        are_together = true;
        for (size_t i = 0; i < redact->lanes_count; i++) {
            are_together = are_together && redact->lanes[i].at == meeting;
        }
        redact->is_forked = !are_together;
        if (are_together) {
            return 1;
        }
    }
    /* One of them waits for bytes that are to come; the others go as far as they can. */
    for (size_t i = 0; i < redact->lanes_count; i++) {
        int rc = walk(redact, &redact->lanes[i], redact->data_end);
        if (rc < 0) {
            return rc;
        }
    }
    return 0;
}

/* All readings to the end of what is there. */
static int walk_all(struct mf__redact *redact)
{
    int rc = 1;

    while (rc > 0) {
        uint64_t meeting = 0;
        if (!redact->is_forked) {
            rc = walk_trunk(redact);
            if (rc <= 0) {
                return rc;
            }
            fork_lanes(redact);
            meeting = redact->lanes[LANE_PLAIN].at + 1;
        }
        for (size_t i = 0; i < redact->lanes_count; i++) {
            meeting = redact->lanes[i].at > meeting ? redact->lanes[i].at : meeting;
        }
        rc = walk_forked(redact, meeting);
    }
    return rc;
}

/* ---- cutting -------------------------------------------------------------------------------------------- */

/* No find that is still to come can begin before it. */
static uint64_t safe_end(const struct mf__redact *redact)
{
    uint64_t safe = redact->data_end;

    for (size_t i = 0; i < (redact->is_forked ? redact->lanes_count : 1); i++) {
        const struct lane *lane = &redact->lanes[i];
        uint32_t depth = redact->needles->nodes[lane->state].depth;
        uint64_t start = depth > 0 ? start_of(redact, lane, depth) : lane->at;
        safe = start < safe ? start : safe;
    }
    return safe;
}

static int send(struct mf__redact *redact, uint64_t end, struct mf_buf *out)
{
    int rc = 0;

    if (end > redact->sent) {
        MF_ASSERT(redact->sent >= redact->data_start);
        rc = mf_buf_append(out, redact->data + (redact->sent - redact->data_start),
                           (size_t)(end - redact->sent));
        redact->sent = end;
    }
    return rc;
}

/* The lane whose first span begins first; NULL when there is none. */
static struct lane *first_found(struct mf__redact *redact)
{
    struct lane *first = NULL;

    for (size_t i = 0; i < redact->lanes_count; i++) {
        struct lane *lane = &redact->lanes[i];
        if (lane->first < lane->count &&
            (first == NULL || lane->spans[lane->first].start < first->spans[first->first].start)) {
            first = lane;
        }
    }
    return first;
}

static void forget_settled(struct lane *lane)
{
    lane->count -= lane->first;
    if (lane->first > 0 && lane->count > 0) {
        memmove(lane->spans, lane->spans + lane->first, lane->count * sizeof *lane->spans);
    }
    lane->first = 0;
}

static int cut_finds(struct mf__redact *redact, struct mf_buf *out)
{
    uint64_t safe = safe_end(redact);
    struct lane *lane;
    int rc = 0;

    while (rc == 0 && (lane = first_found(redact)) != NULL && lane->spans[lane->first].start < safe) {
        struct span span = lane->spans[lane->first++];
        if (span.start >= redact->cut) {
            if (redact->blocks) {
                return MF_E_OUTBOUND_ECHO;
            }
            rc = send(redact, span.start, out);
            if (rc == 0) {
                rc = mf_buf_append_cstr(out, MF__REDACTED);
            }
            redact->count++;
        }
        redact->cut = span.end > redact->cut ? span.end : redact->cut;
        redact->sent = span.end > redact->sent ? span.end : redact->sent;
    }
    if (rc == 0) {
        rc = send(redact, safe, out);
    }
    for (size_t i = 0; i < redact->lanes_count; i++) {
        forget_settled(&redact->lanes[i]);
    }
    return rc;
}

/* ---- holding ---------------------------------------------------------------------------------------------- */

/* What must be kept: what was not sent, and what a reading has not read. */
static uint64_t keep_from(const struct mf__redact *redact)
{
    uint64_t from = redact->sent < redact->data_end ? redact->sent : redact->data_end;

    for (size_t i = 0; i < (redact->is_forked ? redact->lanes_count : 1); i++) {
        from = redact->lanes[i].at < from ? redact->lanes[i].at : from;
    }
    return from;
}

static int feed_piece(struct mf__redact *redact, struct mf_slice piece, struct mf_buf *out)
{
    bool in_place = redact->held.size == 0;
    int rc = in_place ? 0 : mf_buf_append_slice(&redact->held, piece);

    if (rc < 0) {
        return rc;
    }
    redact->data = in_place ? piece.data : redact->held.data;
    redact->data_start = redact->data_end - (in_place ? 0 : redact->held.size - piece.size);
    redact->data_end += piece.size;
    rc = walk_all(redact);
    if (rc == 0) {
        rc = cut_finds(redact, out);
    }
    if (rc < 0) {
        return rc;
    }
    uint64_t kept = keep_from(redact);
    if (in_place) {
        return mf_buf_append(&redact->held, piece.data + (kept - redact->data_start),
                             (size_t)(redact->data_end - kept));
    }
    mf_buf_consume(&redact->held, (size_t)(kept - redact->data_start));
    return 0;
}

int mf__redact_feed(struct mf__redact *redact, struct mf_slice chunk, struct mf_buf *out)
{
    int rc = 0;

    MF_ASSERT(!redact->is_over);
    if (redact->lanes_count == 0) {
        return mf_buf_append_slice(out, chunk);
    }
    while (rc == 0 && chunk.size > 0) {
        struct mf_slice piece =
            mf_slice_of(chunk.data, chunk.size < PIECE_BYTES_MAX ? chunk.size : PIECE_BYTES_MAX);
        rc = feed_piece(redact, piece, out);
        chunk = mf_slice_of(chunk.data + piece.size, chunk.size - piece.size);
    }
    redact->is_over = rc < 0;
    return rc;
}

int mf__redact_end(struct mf__redact *redact, struct mf_buf *out)
{
    int rc;

    MF_ASSERT(!redact->is_over);
    redact->is_over = true;
    if (redact->lanes_count == 0) {
        return 0;
    }
    redact->is_last = true;
    redact->data = redact->held.data;
    redact->data_start = redact->data_end - redact->held.size;
    rc = walk_all(redact);
    for (size_t i = 0; i < redact->lanes_count; i++) {
        redact->lanes[i].state = 0; /* What began will not be completed. */
        redact->lanes[i].at = redact->data_end;
    }
    return rc < 0 ? rc : cut_finds(redact, out);
}

/* ---- life ---------------------------------------------------------------------------------------------------- */

static bool add_lane(struct mf__redact *redact, unescape_fn *next)
{
    struct lane *lane = &redact->lanes[redact->lanes_count++];

    lane->next = next;
    if (next != NULL) {
        lane->starts = mf_try_alloc((redact->start_mask + 1) * sizeof *lane->starts);
    }
    return next == NULL || lane->starts != NULL;
}

struct mf__redact *mf__redact_new(struct mf__needles *needles, bool blocks)
{
    struct mf__redact *redact = mf_new(sizeof *redact);
    bool is_whole = true;

    MF_ASSERT(needles->is_compiled);
    mf__needles_ref(needles);
    redact->needles = needles;
    redact->blocks = blocks;
    mf_buf_init(&redact->held, UNESCAPE_BYTES_MAX * ((size_t)needles->longest + 2) + PIECE_BYTES_MAX);
    while (redact->start_mask < needles->longest) {
        redact->start_mask = 2 * redact->start_mask + 1;
    }
    if (needles->longest > 0) {
        is_whole = add_lane(redact, NULL) && add_lane(redact, mf__unescape_percent) &&
                   add_lane(redact, mf__unescape_json) &&
                   (!needles->has_blank || add_lane(redact, mf__unescape_form));
    }
    if (!is_whole) {
        mf__redact_free(redact);
        return NULL;
    }
    return redact;
}

void mf__redact_free(MF_OWN struct mf__redact *redact)
{
    if (redact == NULL) {
        return;
    }
    for (size_t i = 0; i < redact->lanes_count; i++) {
        mf_free(redact->lanes[i].starts);
        mf_free(redact->lanes[i].spans);
    }
    if (redact->held.capacity > 0) {
        mf_wipe(redact->held.data, redact->held.capacity); /* It may have held a secret. */
    }
    mf_buf_done(&redact->held);
    mf__needles_unref(redact->needles);
    mf_free(redact);
}

struct mf__redact *mf__redact_again(MF_OWN struct mf__redact *redact)
{
    struct mf__redact *next = mf__redact_new(redact->needles, redact->blocks);

    if (next != NULL) {
        next->count = redact->count;
    }
    mf__redact_free(redact);
    return next;
}

uint64_t mf__redact_count(const struct mf__redact *redact)
{
    return redact->count;
}

int mf__redact_text(struct mf__needles *needles,
                    struct mf_slice text,
                    bool blocks,
                    struct mf_buf *out,
                    uint64_t *ret_count)
{
    struct mf__redact *redact = mf__redact_new(needles, blocks);
    int rc = redact == NULL ? MF_E_NO_MEMORY : mf__redact_feed(redact, text, out);

    if (rc == 0) {
        rc = mf__redact_end(redact, out);
    }
    if (rc == 0 && ret_count != NULL) {
        *ret_count += redact->count;
    }
    mf__redact_free(redact);
    return rc;
}
