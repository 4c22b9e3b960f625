#include "pipe.h"

/* Made by a decoder at a time, and with it the most that one step can add to what waits. */
#define PIECE_BYTES 65536

/* A piece, what the search had held back, and what its marks add. */
#define OUT_BYTES_MAX ((size_t)4 * PIECE_BYTES)

void mf__pipe_init(struct mf__pipe *pipe,
                   uint64_t in_max,
                   uint64_t decoded_max,
                   mf__sink_fn *sink,
                   void *user)
{
    memset(pipe, 0, sizeof *pipe);
    mf_buf_init(&pipe->in, (size_t)2 * MF_UPSTREAM_READ_BYTES);
    mf_buf_init(&pipe->out, OUT_BYTES_MAX);
    pipe->in_max = in_max;
    pipe->decoded_max = decoded_max;
    pipe->sink = sink;
    pipe->user = user;
}

void mf__pipe_done(struct mf__pipe *pipe)
{
    mf__decode_free(pipe->decode);
    mf__redact_free(pipe->redact);
    mf_buf_done(&pipe->in);
    mf_buf_done(&pipe->out);
    pipe->decode = NULL;
    pipe->redact = NULL;
}

void mf__pipe_through(struct mf__pipe *pipe,
                      MF_OWN struct mf__decode *decode,
                      MF_OWN struct mf__redact *redact)
{
    pipe->decode = decode;
    pipe->redact = redact;
}

/* Straight through as far as the sink takes it; the rest waits. */
static int pass(struct mf__pipe *pipe, struct mf_slice bytes)
{
    size_t taken = pipe->out.size > 0 ? 0 : pipe->sink(pipe->user, bytes);

    pipe->out_total += taken;
    return mf_buf_append(&pipe->out, bytes.data + taken, bytes.size - taken);
}

static int emit(struct mf__pipe *pipe, struct mf_slice bytes)
{
    if (pipe->redact == NULL) {
        return pass(pipe, bytes);
    }
    int rc = mf__redact_feed(pipe->redact, bytes, &pipe->out);
    if (rc == 0 && pipe->is_prompt) {
        rc = mf__redact_end(pipe->redact, &pipe->out);
        pipe->redact = mf__redact_again(pipe->redact);
        rc = rc == 0 && pipe->redact == NULL ? MF_E_NO_MEMORY : rc;
    }
    return rc;
}

/* Everything that came was worked through. */
static int finish(struct mf__pipe *pipe)
{
    if (pipe->decode != NULL && !mf__decode_is_whole(pipe->decode)) {
        return MF_E_UPSTREAM_RESPONSE;
    }
    pipe->is_over = true;
    return pipe->redact != NULL ? mf__redact_end(pipe->redact, &pipe->out) : 0;
}

/* 1: something was done; 0: more must come first. */
static int decode_some(struct mf__pipe *pipe)
{
    static uint8_t piece[PIECE_BYTES]; /* [loop] */
    struct mf_slice in = mf_buf_peek(&pipe->in);
    size_t written = 0;
    int rc = mf__decode_step(pipe->decode, &in, piece, sizeof piece, &written);
    size_t consumed = pipe->in.size - in.size;

    mf_buf_consume(&pipe->in, consumed);
    pipe->decoded_total += written;
    if (rc == 0 && pipe->decoded_total > pipe->decoded_max) {
        rc = MF_E_UPSTREAM_TOO_LARGE;
    }
    if (rc == 0 && written > 0) {
        rc = emit(pipe, mf_slice_of(piece, written));
    }
    return rc < 0 ? rc : written > 0 || consumed > 0;
}

static int produce(struct mf__pipe *pipe)
{
    int rc = 0;

    if (pipe->decode != NULL) {
        rc = decode_some(pipe);
    } else if (pipe->in.size > 0) {
        rc = emit(pipe, mf_buf_peek(&pipe->in));
        mf_buf_reset(&pipe->in);
        rc = rc < 0 ? rc : 1;
    }
    if (rc == 0 && pipe->is_input_over) {
        rc = finish(pipe);
        return rc < 0 ? rc : 1;
    }
    return rc;
}

int mf__pipe_pump(struct mf__pipe *pipe)
{
    int rc = 1;

    while (rc > 0) {
        if (pipe->out.size > 0) {
            size_t taken = pipe->sink(pipe->user, mf_buf_peek(&pipe->out));
            mf_buf_consume(&pipe->out, taken);
            pipe->out_total += taken;
            if (pipe->out.size > 0) {
                return 0;
            }
            mf_buf_done(
                &pipe->out); /* Thousands may wait for their upstream: none keeps what it does not need. */
        }
        if (pipe->is_over) {
            return 0;
        }
        rc = produce(pipe);
    }
    return rc;
}

int mf__pipe_push(struct mf__pipe *pipe, struct mf_slice bytes)
{
    int rc;

    pipe->in_total += bytes.size;
    if (pipe->in_total > pipe->in_max) {
        return MF_E_UPSTREAM_TOO_LARGE;
    }
    if (pipe->decode == NULL && pipe->redact == NULL) {
        return pass(pipe, bytes);
    }
    rc = mf_buf_append_slice(&pipe->in, bytes);
    rc = rc < 0 ? rc : mf__pipe_pump(pipe);
    if (pipe->in.size == 0) {
        mf_buf_done(&pipe->in);
    }
    return rc;
}

int mf__pipe_end(struct mf__pipe *pipe)
{
    pipe->is_input_over = true;
    return mf__pipe_pump(pipe);
}

bool mf__pipe_is_blocked(const struct mf__pipe *pipe)
{
    return pipe->out.size > 0;
}

bool mf__pipe_is_over(const struct mf__pipe *pipe)
{
    return pipe->is_over && pipe->out.size == 0;
}
