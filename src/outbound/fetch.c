/* fetch.c - one fetch() of a worker, from its place in the queue to the last byte of its answer. Its states are drawn in egress.h. */
#include <stdio.h>

#include <mayfly/http.h>

#include "egress.h"
#include "websocket.h"

static void arm(struct mf__fetch *fetch);
static void begin_hop(struct mf__fetch *fetch);
static void follow(struct mf__fetch *fetch);

static void set_state(struct mf__fetch *fetch, enum mf__fetch_state state)
{
    fetch->state = state;
    fetch->since_ns = mf_clock_now_ns();
    arm(fetch);
}

static bool is_over(const struct mf__fetch *fetch)
{
    return fetch->state == MF__FETCH_OVER;
}

/* Counts what it holds. False: all fetches together hold more than they may. */
static bool count_held(struct mf__fetch *fetch)
{
    struct mf_egress *egress = fetch->run->egress;
    uint64_t held = is_over(fetch) ? 0 : fetch->url.size + fetch->headers.size + fetch->upload.bytes.size;
    bool is_more = held > fetch->held;

    egress->held = egress->held - fetch->held + held;
    fetch->held = held;
    return !is_more || egress->held <= MF_UPSTREAM_HELD_BYTES_MAX;
}

/* ---- the end -------------------------------------------------------------------------------------- */

static void timer_closed(uv_handle_t *handle)
{
    mf_free(MF_CONTAINER_OF((uv_timer_t *)handle, struct mf__fetch, timer));
}

/* What a hop holds. */
static void let_go(struct mf__fetch *fetch)
{
    if (fetch->lookup != NULL) {
        mf__lookup_cancel(fetch->lookup);
        fetch->lookup = NULL;
    }
    if (fetch->token_wait != NULL) {
        mf__token_cancel(fetch->token_wait);
        fetch->token_wait = NULL;
    }
    mf__carrier_cancel(&fetch->carrier);
}

/* Nothing is heard of it after this. */
static void end(struct mf__fetch *fetch)
{
    struct mf_egress_run *run = fetch->run;

    MF_ASSERT(!is_over(fetch));
    let_go(fetch);
    run->egress->state.redactions += fetch->pipe.redact != NULL ? mf__redact_count(fetch->pipe.redact) : 0;
    if (fetch->state != MF__FETCH_QUEUED) {
        run->active_count--;
        mf__egress_give_back(run);
    } else {
        run->egress->state.queued--;
    }
    fetch->state = MF__FETCH_OVER;
    (void)count_held(fetch);
    mf_list_remove(&fetch->link);
    mf__hop_done(&fetch->hop);
    mf__pipe_done(&fetch->pipe);
    mf__upload_done(&fetch->upload);
    mf_buf_done(&fetch->url);
    mf_buf_done(&fetch->headers);
    mf_buf_done(&fetch->location);
    uv_close((uv_handle_t *)&fetch->timer, timer_closed);
    mf__run_look(run);
}

void mf__fetch_stop_upload(struct mf__fetch *fetch)
{
    if (fetch->is_upload_open) {
        fetch->is_upload_open = false;
        fetch->run->events->on_request_stop(fetch->run->user, fetch->number);
    }
}

void mf__fetch_drop(struct mf__fetch *fetch)
{
    if (fetch->state != MF__FETCH_QUEUED) {
        mf__audit(fetch, MF_E_CANCELED);
    }
    end(fetch);
}

void mf__fetch_fail(struct mf__fetch *fetch, int error)
{
    struct mf_egress_run *run = fetch->run;
    bool is_answered = fetch->state == MF__FETCH_ANSWERED;
    uint32_t number = fetch->number;
    struct mf_buf text;

    mf_buf_init(&text, MF_RUN_TEXT_BYTES_MAX);
    if (mf__sentence(fetch, error, &text) < 0) {
        mf_buf_reset(&text); /* The error's own sentence is shown. */
    }
    mf__audit(fetch, error);
    if (is_answered) {
        mf__fetch_stop_upload(fetch);
    }
    end(fetch);
    if (is_answered) {
        run->events->on_body_abort(run->user, number, error, mf_buf_peek(&text));
    } else {
        run->events->on_fail(run->user, number, error, mf_buf_peek(&text));
    }
    mf_buf_done(&text);
}

static void succeed(struct mf__fetch *fetch, bool has_body)
{
    struct mf_egress_run *run = fetch->run;
    uint32_t number = fetch->number;

    mf__audit(fetch, 0);
    mf__fetch_stop_upload(fetch);
    end(fetch);
    if (has_body) {
        run->events->on_body_end(run->user, number);
    }
}

/* ---- too late? -------------------------------------------------------------------------------------- */

bool mf__fetch_is_stalled(const struct mf__fetch *fetch)
{
    return fetch->state == MF__FETCH_BODY_WAIT || mf__pipe_is_blocked(&fetch->pipe) ||
           mf__carrier_is_held(&fetch->carrier);
}

uint64_t mf__fetch_moved_ns(const struct mf__fetch *fetch)
{
    uint64_t moved_ns = mf__carrier_moved_ns(&fetch->carrier);

    return moved_ns > fetch->since_ns ? moved_ns : fetch->since_ns;
}

/* Of the carrier's phase. A worker's own slowness is not held against the upstream. */
static uint64_t phase_deadline_ns(const struct mf__fetch *fetch)
{
    const struct mf__times *times = &fetch->run->egress->times;
    const struct mf__carrier *carrier = &fetch->carrier;

    if (!mf__carrier_is_there(carrier) || mf__fetch_is_stalled(fetch)) {
        return MF_DEADLINE_NEVER;
    }
    switch (mf__carrier_phase(carrier)) {
    case MF__PHASE_CONNECT:
        return mf__carrier_phase_ns(carrier) + times->connect_ms * MF_NS_PER_MS;
    case MF__PHASE_TLS:
        return mf__carrier_phase_ns(carrier) + times->tls_ms * MF_NS_PER_MS;
    case MF__PHASE_WAIT:
        return mf__carrier_moved_ns(carrier) + times->wait_ms * MF_NS_PER_MS;
    case MF__PHASE_BODY:
        if (fetch->status == 101) {
            break; /* A WebSocket may be silent for as long as the run lives. */
        }
        return mf__carrier_moved_ns(carrier) + times->idle_ms * MF_NS_PER_MS;
    }
    return MF_DEADLINE_NEVER;
}

static uint64_t deadline_ns(const struct mf__fetch *fetch)
{
    const struct mf__times *times = &fetch->run->egress->times;
    uint64_t total_ns = fetch->started_ns + times->total_ms * MF_NS_PER_MS;
    uint64_t own_ns = MF_DEADLINE_NEVER;

    if (fetch->state == MF__FETCH_RESOLVING) {
        own_ns = fetch->since_ns + times->resolve_ms * MF_NS_PER_MS;
    } else if (fetch->state == MF__FETCH_SENDING || fetch->state == MF__FETCH_ANSWERED) {
        own_ns = phase_deadline_ns(fetch);
    }
    return own_ns < total_ns ? own_ns : total_ns;
}

static void timer_due(uv_timer_t *timer)
{
    struct mf__fetch *fetch = MF_CONTAINER_OF(timer, struct mf__fetch, timer);

    if (fetch->is_follow_due) {
        fetch->is_follow_due = false;
        follow(fetch);
        return;
    }
    if (mf_clock_now_ns() < deadline_ns(fetch)) {
        arm(fetch); /* It moved on meanwhile. */
        return;
    }
    fetch->late = mf__carrier_phase(&fetch->carrier);
    mf__fetch_fail(fetch, MF_E_UPSTREAM_TIMEOUT);
}

static void arm(struct mf__fetch *fetch)
{
    uint64_t now_ns = mf_clock_now_ns();
    uint64_t at_ns;

    if (fetch->state == MF__FETCH_QUEUED || is_over(fetch) || fetch->is_follow_due) {
        return;
    }
    at_ns = deadline_ns(fetch);
    (void)uv_timer_start(&fetch->timer, timer_due, at_ns <= now_ns ? 0 : (at_ns - now_ns) / MF_NS_PER_MS + 1,
                         0);
}

/* ---- the answer's body -------------------------------------------------------------------------------- */

static size_t sink(void *user, struct mf_slice bytes)
{
    struct mf__fetch *fetch = user;
    size_t taken = fetch->run->events->on_body(fetch->run->user, fetch->number, bytes);

    if (taken < bytes.size) {
        mf__run_look_for_stall(fetch->run);
    }
    return taken;
}

/* After the pipe moved. */
static void settle_body(struct mf__fetch *fetch, int rc)
{
    if (rc < 0) {
        mf__fetch_fail(fetch, rc);
    } else if (mf__pipe_is_over(&fetch->pipe)) {
        succeed(fetch, true);
    } else {
        arm(fetch);
    }
}

void mf__fetch_credit(struct mf__fetch *fetch)
{
    int rc;

    if (fetch->state != MF__FETCH_ANSWERED) {
        return;
    }
    rc = mf__pipe_pump(&fetch->pipe);
    if (rc == 0 && !mf__pipe_is_blocked(&fetch->pipe)) {
        mf__carrier_resume(&fetch->carrier);
    }
    settle_body(fetch, rc);
}

/* ---- what the carrier says ------------------------------------------------------------------------------ */

static bool may_use(void *user, const struct sockaddr *address)
{
    struct mf__fetch *fetch = user;

    return mf__egress_may_use(fetch->run->egress, fetch->hop.request.rule, address);
}

static bool is_redirect(int status)
{
    return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

static void answer(struct mf__fetch *fetch, const struct mf_egress_answer *head)
{
    struct mf_buf headers;
    struct mf_buf reason;
    int rc;

    mf_buf_init(&headers, MF_HEADERS_ENCODED_BYTES_MAX);
    mf_buf_init(&reason, MF_HTTP_HEADER_BYTES_MAX);
    rc = mf__head_open(fetch, head, &headers);
    if (rc == 0) {
        rc = mf__head_redact(fetch, head->reason, &reason);
    }
    if (rc < 0) {
        mf__fetch_fail(fetch, rc == MF_E_INVALID ? MF_E_UPSTREAM_RESPONSE : rc);
    } else {
        struct mf_egress_head told = {.fetch = fetch->number,
                                      .status = (uint16_t)head->status,
                                      .has_body = head->has_body,
                                      .is_redirected = fetch->hops > 0,
                                      .reason = mf_buf_peek(&reason),
                                      .url = mf_buf_peek(&fetch->url),
                                      .headers = mf_buf_peek(&headers)};
        set_state(fetch, MF__FETCH_ANSWERED);
        fetch->is_bodiless = !head->has_body;
        fetch->run->events->on_head(fetch->run->user, &told);
    }
    mf_buf_done(&headers);
    mf_buf_done(&reason);
}

/* Not inside a call of libcurl, in which nothing new may begin. */
static void follow_soon(struct mf__fetch *fetch)
{
    let_go(fetch);
    fetch->is_follow_due = true;
    (void)uv_timer_start(&fetch->timer, timer_due, 0, 0);
}

static void on_head(void *user, const struct mf_egress_answer *head)
{
    struct mf__fetch *fetch = user;
    struct mf_slice location = mf_http_headers_get(head->headers, "location");
    int rc = 0;

    fetch->status = head->status;
    if (is_redirect(head->status) && fetch->redirect == MF_EGRESS_ERROR) {
        rc = MF_E_UPSTREAM_REDIRECT;
    } else if (is_redirect(head->status) && fetch->redirect == MF_EGRESS_FOLLOW && location.data != NULL) {
        /* A credential that is sent back in it is taken out like anywhere else. */
        mf_buf_reset(&fetch->location);
        rc = mf__head_redact(fetch, location, &fetch->location);
        fetch->redirect_status = head->status;
        fetch->drained = 0;
        if (head->has_body && head->is_length_known && head->body_bytes > MF_UPSTREAM_DRAIN_BYTES_MAX) {
            follow_soon(fetch);
        }
    } else {
        answer(fetch, head);
        return;
    }
    if (rc < 0) {
        mf__fetch_fail(fetch, rc);
    }
}

static bool on_body(void *user, struct mf_slice bytes)
{
    struct mf__fetch *fetch = user;
    int rc;

    fetch->run->egress->state.bytes_received += bytes.size;
    fetch->run->bytes += bytes.size;
    if (fetch->redirect_status != 0) {
        fetch->drained += bytes.size;
        if (fetch->drained > MF_UPSTREAM_DRAIN_BYTES_MAX) {
            follow_soon(fetch); /* Its connection is closed: cheaper than to read more. */
        }
        return true;
    }
    rc = mf__pipe_push(&fetch->pipe, bytes);
    if (rc < 0) {
        mf__fetch_fail(fetch, rc);
        return true;
    }
    return !mf__pipe_is_blocked(&fetch->pipe);
}

static int64_t on_read(void *user, uint8_t *space, size_t size, bool *ret_is_end)
{
    struct mf__fetch *fetch = user;
    int64_t got = mf__upload_read(&fetch->upload, space, size, ret_is_end);

    (void)count_held(fetch);
    if (got > 0) {
        uint64_t at = fetch->upload.dropped + fetch->upload.sent;
        fetch->sent += (uint64_t)got;
        fetch->run->egress->state.bytes_sent += (uint64_t)got;
        fetch->run->bytes += (uint64_t)got;
        if (at > fetch->upload_told) { /* Else it goes out a second time. */
            size_t news = (size_t)(at - fetch->upload_told);
            fetch->upload_told = at;
            fetch->run->events->on_request_consumed(fetch->run->user, fetch->number, news);
        }
    } else if (got == 0 && !*ret_is_end) {
        mf__run_look_for_stall(fetch->run);
    }
    return got;
}

static bool on_rewind(void *user)
{
    struct mf__fetch *fetch = user;

    fetch->sent = 0;
    return mf__upload_rewind(&fetch->upload);
}

static void on_done(void *user, int error)
{
    struct mf__fetch *fetch = user;

    mf__carrier_forget(&fetch->carrier);
    if (fetch->redirect_status != 0) {
        follow(fetch); /* Whatever became of a body that nobody reads. */
    } else if (fetch->is_bodiless && fetch->state == MF__FETCH_ANSWERED) {
        succeed(fetch, false);
    } else if (error < 0) {
        mf__fetch_fail(fetch, error);
    } else {
        settle_body(fetch, mf__pipe_end(&fetch->pipe));
    }
}

static const struct mf__transfer_events transfer_events = {
    .may_use = may_use,
    .on_head = on_head,
    .on_body = on_body,
    .on_read = on_read,
    .on_rewind = on_rewind,
    .on_done = on_done,
};

static const struct mf_intercept_events intercept_events = {
    .on_head = on_head,
    .on_body = on_body,
    .on_read = on_read,
    .on_done = on_done,
};

/* ---- redirects ---------------------------------------------------------------------------------------------- */

static void follow(struct mf__fetch *fetch)
{
    int rc;

    let_go(fetch);
    rc = mf__redirect_turn(fetch);
    fetch->redirect_status = 0;
    if (rc < 0) {
        mf__fetch_fail(fetch, rc == MF_E_OUTBOUND_URL || rc == MF_E_TOO_LARGE ? MF_E_UPSTREAM_REDIRECT : rc);
        return;
    }
    begin_hop(fetch);
}

/* ---- a hop, step by step ----------------------------------------------------------------------------------------- */

static int send_it(struct mf__fetch *fetch, const struct sockaddr_storage *addresses, size_t count)
{
    const struct mf__url *url = &fetch->hop.request.url;
    struct mf__transfer_spec spec = {.partition = mf_buf_peek(&fetch->hop.partition),
                                     .url = (const char *)fetch->hop.url.data,
                                     .host = url->host.text,
                                     .port = url->port,
                                     .is_address = url->host.kind != MF__HOST_NAME,
                                     .addresses = addresses,
                                     .addresses_count = count,
                                     .method = fetch->method,
                                     .headers = mf_buf_peek(&fetch->hop.headers),
                                     .has_body = fetch->has_body,
                                     .body_bytes = fetch->body_bytes,
                                     .is_websocket = fetch->is_websocket};
    return mf__transfer_start(fetch->run->egress->upstreams, &spec, &transfer_events, fetch,
                              &fetch->carrier.transfer);
}

/* All of a name's addresses must be fit: one that is not is a sign that the name is not what it seems. */
static void use_addresses(struct mf__fetch *fetch, const struct sockaddr_storage *addresses, size_t count)
{
    struct sockaddr_storage checked[MF_UPSTREAM_ADDRESSES_MAX];
    int rc = 0;

    MF_ASSERT(count > 0 && count <= MF_COUNT_OF(checked));
    for (size_t i = 0; rc == 0 && i < count; i++) {
        checked[i] = addresses[i];
        mf__set_port(&checked[i], fetch->hop.request.url.port);
        rc = may_use(fetch, (const struct sockaddr *)&checked[i]) ? 0 : MF_E_UPSTREAM_ADDRESS;
    }
    rc = rc < 0 ? rc : send_it(fetch, checked, count);
    if (rc < 0) {
        mf__fetch_fail(fetch, rc);
    } else {
        set_state(fetch, MF__FETCH_SENDING);
    }
}

static void on_resolved(void *user, int error, const struct sockaddr_storage *addresses, size_t count)
{
    struct mf__fetch *fetch = user;

    fetch->lookup = NULL;
    if (error < 0) {
        mf__fetch_fail(fetch, error);
    } else {
        use_addresses(fetch, addresses, count);
    }
}

static void resolve(struct mf__fetch *fetch)
{
    struct mf__host *host = &fetch->hop.request.url.host;
    struct sockaddr_storage address;
    int rc;

    if (mf__literal(host, &address)) {
        use_addresses(fetch, &address, 1);
        return;
    }
    rc = mf__resolve(fetch->run->egress->resolver, host->text, on_resolved, fetch, &fetch->lookup);
    if (rc < 0) {
        mf__fetch_fail(fetch, rc);
    } else {
        set_state(fetch, MF__FETCH_RESOLVING);
    }
}

static void write_traceparent(struct mf__fetch *fetch)
{
    const struct mf_egress_run *run = fetch->run;

    if (run->trace_id[0] != '\0') {
        (void)snprintf(fetch->hop.traceparent, sizeof fetch->hop.traceparent, "00-%s-%s-%s", run->trace_id,
                       fetch->span_id, run->is_sampled ? "01" : "00");
        fetch->hop.tracestate = mf_buf_peek(&run->trace_state);
    }
}

/* A worker answers in the upstream's place: it gets the request as it was asked for, and adds to it what it may. */
static void hand_over(struct mf__fetch *fetch)
{
    struct mf_egress *egress = fetch->run->egress;
    struct mf_intercept_spec spec = {.run = fetch->run->id,
                                     .depth = fetch->run->depth + 1,
                                     .tenant = mf_buf_peek(&fetch->run->tenant),
                                     .worker = fetch->hop.request.rule->worker,
                                     .method = mf_slice_of_cstr(fetch->method),
                                     .url = mf_buf_peek(&fetch->url),
                                     .headers = mf_buf_peek(&fetch->hop.request.headers),
                                     .has_body = fetch->has_body};

    /* It is ours, and belongs to the trace whatever the outside is told. */
    write_traceparent(fetch);
    spec.traceparent = mf_slice_of_cstr(fetch->hop.traceparent);
    spec.tracestate = fetch->hop.tracestate;
    int rc = egress->interceptor == NULL || spec.depth >= MF_POOL_DOMAINS_MAX
                 ? MF_E_OUTBOUND_INTERCEPTOR
                 : egress->interceptor->start(egress->interceptor_user, &spec, &intercept_events, fetch,
                                              &fetch->carrier.intercept);

    if (rc < 0) {
        mf__fetch_fail(fetch, rc);
        return;
    }
    egress->state.intercepted++;
    fetch->carrier.interceptor = egress->interceptor;
    fetch->carrier.intercept_ns = mf_clock_now_ns();
    set_state(fetch, MF__FETCH_SENDING);
}

static void apply(struct mf__fetch *fetch)
{
    struct mf__hop_body body = {.is_there = fetch->has_body && !fetch->is_websocket};
    struct mf_egress_run *run = fetch->run;
    int rc;

    if (run->egress->is_trace_propagated) {
        write_traceparent(fetch);
    }
    body.is_known = body.is_there && mf__upload_peek(&fetch->upload, &body.bytes);
    rc = mf__hop_apply(&fetch->hop, run->egress->vault, mf_buf_peek(&run->tenant),
                       mf_slice_of_cstr(fetch->method), &body);
    if (rc < 0) {
        mf__fetch_fail(fetch, rc);
    } else {
        resolve(fetch);
    }
}

/* A signature needs all of the body before the first byte of the head goes: it is collected, up to a maximum. */
static bool waits_for_body(const struct mf__fetch *fetch)
{
    enum mf_secret_body need = mf__hop_needs_body(&fetch->hop);

    return fetch->has_body && !fetch->is_websocket && !fetch->upload.is_whole &&
           (need == MF_SECRET_BODY_HASH || need == MF_SECRET_BODY_BYTES);
}

/* Collected bytes count as gone on, so that the worker sends the rest. */
static void take_in(struct mf__fetch *fetch)
{
    uint64_t total = mf__upload_total(&fetch->upload);

    if (total > fetch->upload_told) {
        size_t news = (size_t)(total - fetch->upload_told);
        fetch->upload_told = total;
        fetch->run->events->on_request_consumed(fetch->run->user, fetch->number, news);
    }
}

static void go_on(struct mf__fetch *fetch);

static void on_token(void *user, int error, struct mf_slice token)
{
    struct mf__fetch *fetch = user;

    fetch->token_wait = NULL;
    error = error < 0 ? error : mf__hop_set_token(&fetch->hop, token);
    if (error < 0) {
        mf__fetch_fail(fetch, error);
    } else {
        go_on(fetch);
    }
}

/* 1: all access tokens are there; 0: one is being fetched. */
static int get_tokens(struct mf__fetch *fetch)
{
    struct mf_secret *secret;
    struct mf_slice token;
    int rc = 1;

    while (rc == 1 && (secret = mf__hop_next_token(&fetch->hop)) != NULL) {
        rc = mf__token_get(fetch->run->egress->tokens, secret, fetch->hop.request.rule, on_token, fetch,
                           &token, &fetch->token_wait);
        if (rc == 1) {
            int error = mf__hop_set_token(&fetch->hop, token);
            rc = error < 0 ? error : 1;
        }
    }
    return rc;
}

static void go_on(struct mf__fetch *fetch)
{
    int rc;

    if (waits_for_body(fetch)) {
        if (mf__upload_total(&fetch->upload) > MF_SECRET_BODY_BYTES_MAX) {
            mf__fetch_fail(fetch, MF_E_SECRET_UNSIGNABLE);
            return;
        }
        if (fetch->state != MF__FETCH_BODY_WAIT) {
            mf__upload_hold(&fetch->upload, MF_SECRET_BODY_BYTES_MAX);
            set_state(fetch, MF__FETCH_BODY_WAIT);
            mf__run_look_for_stall(fetch->run);
        }
        take_in(fetch);
        return;
    }
    rc = get_tokens(fetch);
    if (rc < 0) {
        mf__fetch_fail(fetch, rc);
    } else if (rc == 0) {
        set_state(fetch, MF__FETCH_TOKEN_WAIT);
    } else if (fetch->hop.request.rule->action == MF__ACTION_INTERCEPT) {
        hand_over(fetch);
    } else {
        apply(fetch);
    }
}

/* No interceptor speaks it, and without a body there is nothing that would. */
static int check_websocket(const struct mf__fetch *fetch)
{
    bool is_fit = strcmp(fetch->method, "GET") == 0 && fetch->has_body &&
                  fetch->hop.request.rule->action != MF__ACTION_INTERCEPT;

    return is_fit ? 0 : MF_E_UNSUPPORTED;
}

static int check_hop(struct mf__fetch *fetch)
{
    struct mf_egress_run *run = fetch->run;
    int rc;

    if (run->subrequests >= run->subrequests_max) {
        return MF_E_LIMIT_SUBREQUESTS;
    }
    run->subrequests++;
    rc = mf__hop_check(&fetch->hop, run->policy, mf_slice_of_cstr(fetch->method), mf_buf_peek(&fetch->url),
                       mf_buf_peek(&fetch->headers));
    fetch->is_websocket = mf__websocket_is_asked(mf_buf_peek(&fetch->headers));
    if (rc == 0 && fetch->is_websocket) {
        rc = check_websocket(fetch);
    }
    return rc < 0 ? rc : mf__hop_hold(&fetch->hop, run->egress->vault, mf_buf_peek(&run->tenant));
}

static void name_span(struct mf__fetch *fetch)
{
    static const char digits[] = "0123456789abcdef";
    uint8_t bytes[MF__SPAN_ID_CHARS / 2];

    mf_random_bytes(bytes, sizeof bytes);
    for (size_t i = 0; i < sizeof bytes; i++) {
        fetch->span_id[2 * i] = digits[bytes[i] >> 4];
        fetch->span_id[2 * i + 1] = digits[bytes[i] & 0xf];
    }
}

static void begin_hop(struct mf__fetch *fetch)
{
    int rc;

    mf__hop_init(&fetch->hop);
    fetch->hop_ns = mf_clock_now_ns();
    name_span(fetch);
    fetch->status = 0;
    fetch->sent = 0;
    rc = check_hop(fetch);
    if (rc < 0) {
        mf__fetch_fail(fetch, rc);
    } else {
        go_on(fetch);
    }
}

void mf__fetch_begin(struct mf__fetch *fetch)
{
    fetch->started_ns = mf_clock_now_ns();
    fetch->state = MF__FETCH_TOKEN_WAIT; /* A place is held from here on. */
    begin_hop(fetch);
}

/* ---- the request's body -------------------------------------------------------------------------------------------- */

/* In the last bytes that came and the new ones together: a placeholder may be cut in two. */
static bool has_placeholder(struct mf__fetch *fetch, struct mf_slice bytes)
{
    char seam[2 * MF_UPSTREAM_TAIL_BYTES];
    size_t head = bytes.size < MF_UPSTREAM_TAIL_BYTES ? bytes.size : MF_UPSTREAM_TAIL_BYTES;

    memcpy(seam, fetch->tail, fetch->tail_size);
    memcpy(seam + fetch->tail_size, bytes.data, head);
    size_t seam_size = fetch->tail_size + head;
    bool is_there = mf_vault_has_placeholder(mf_slice_of(seam, seam_size)) || mf_vault_has_placeholder(bytes);
    if (head == bytes.size) {
        fetch->tail_size = seam_size < MF_UPSTREAM_TAIL_BYTES ? seam_size : MF_UPSTREAM_TAIL_BYTES;
        memmove(fetch->tail, seam + seam_size - fetch->tail_size, fetch->tail_size);
    } else {
        fetch->tail_size = MF_UPSTREAM_TAIL_BYTES;
        memcpy(fetch->tail, bytes.data + bytes.size - fetch->tail_size, fetch->tail_size);
    }
    return is_there;
}

void mf__fetch_body(struct mf__fetch *fetch, struct mf_slice bytes)
{
    if (!fetch->is_upload_open) {
        return;
    }
    if (fetch->run->has_placeholders && has_placeholder(fetch, bytes)) {
        mf__fetch_fail(fetch, MF_E_SECRET_PLACE);
        return;
    }
    int rc = mf__upload_append(&fetch->upload, bytes);
    if (!count_held(fetch)) {
        rc = MF_E_OVERLOADED;
    }
    if (rc < 0) {
        mf__fetch_fail(fetch, rc);
    } else if (fetch->state == MF__FETCH_BODY_WAIT) {
        go_on(fetch);
    } else if (mf__carrier_is_there(&fetch->carrier)) {
        mf__carrier_feed(&fetch->carrier);
        arm(fetch);
    }
}

void mf__fetch_body_end(struct mf__fetch *fetch, int error)
{
    if (!fetch->is_upload_open) {
        return;
    }
    fetch->is_upload_open = false;
    mf__upload_end(&fetch->upload, error);
    if (fetch->state == MF__FETCH_BODY_WAIT && error < 0) {
        mf__fetch_fail(fetch, error);
    } else if (fetch->state == MF__FETCH_BODY_WAIT) {
        go_on(fetch);
    } else if (mf__carrier_is_there(&fetch->carrier)) {
        mf__carrier_feed(&fetch->carrier);
        arm(fetch);
    }
}

/* ---- the beginning ---------------------------------------------------------------------------------------------------- */

static bool copy(struct mf__fetch *fetch, const struct mf_egress_request *request)
{
    if (request->method.size <
        sizeof fetch->method) { /* Else it is empty, and refused like any that is none. */
        memcpy(fetch->method, request->method.data, request->method.size);
    }
    mf_buf_init(&fetch->url, MF_FRAME_PAYLOAD_BYTES_MAX);
    mf_buf_init(&fetch->headers, MF_HEADERS_ENCODED_BYTES_MAX);
    return mf_buf_append_slice(&fetch->url, request->url) == 0 &&
           mf_buf_append_slice(&fetch->headers, request->headers) == 0;
}

struct mf__fetch *mf__fetch_new(struct mf_egress_run *run, const struct mf_egress_request *request)
{
    struct mf_egress *egress = run->egress;
    struct mf__fetch *fetch = mf_try_alloc(sizeof *fetch);

    if (fetch == NULL) {
        return NULL;
    }
    mf_list_init(&fetch->link);
    mf_buf_init(&fetch->location, MF_HTTP_HEADER_BYTES_MAX);
    mf__hop_init(&fetch->hop);
    mf__upload_init(&fetch->upload, MF_UPSTREAM_REPLAY_BYTES_MAX);
    mf__pipe_init(&fetch->pipe, egress->answer_max, egress->decoded_max, sink, fetch);
    fetch->run = run;
    fetch->number = request->fetch;
    fetch->redirect = request->redirect;
    fetch->has_body = request->has_body;
    fetch->body_bytes = request->body_bytes;
    fetch->is_upload_open = request->has_body;
    if (!copy(fetch, request)) {
        mf_buf_done(&fetch->url);
        mf_buf_done(&fetch->headers);
        mf_free(fetch);
        return NULL;
    }
    (void)uv_timer_init(egress->loop, &fetch->timer);
    egress->state.queued++;
    mf_list_push_back(&run->queued, &fetch->link);
    if (!count_held(fetch)) {
        end(fetch);
        return NULL;
    }
    return fetch;
}
