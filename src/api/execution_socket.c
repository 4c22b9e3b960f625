/* execution_socket.c - GET /v1/ws: many executions on one WebSocket. Their frames go down it, answers come up on it.
 *
 *   a message --small: here; else: a worker thread, and the socket rests--> read --> an execution begins, an answer is given, ...
 *
 * A socket that ends leaves its executions to whoever comes for them within their grace. Callbacks of executions come from inside our
 * own calls too: each way in is between enter() and leave(), and only the outermost leave() frees.
 *
 * Source: docs/executions.md. */
#include <stdio.h>

#include <mayfly/websocket.h>

#include "execution.h"
#include "internal.h"
#include "observe.h"
#include "outbounds.h"
#include "socket_message.h"

struct hub {
    struct mf_api *api;
    struct mf_socket *socket; /* NULL: it is closed. */
    struct mf_caller caller;
    struct mf_trace_context trace; /* Of the request that it began as: its programs belong there. */
    struct mf_list channels;
    size_t count;      /* Of them, and of executions that are about to begin. */
    unsigned jobs;     /* Messages that are not done with. */
    unsigned depth;    /* Of ways in. */
    bool is_lost;      /* A frame could not be sent: on_close comes. */
    bool is_draining;  /* It is closed behind its last execution. */
    struct mf_buf out; /* The frame that is written. */
};

/* One execution whose frames go down this socket. */
struct channel {
    struct mf_list link;
    struct hub *hub;
    struct mf__execution *execution;
    bool is_full;
    bool is_replaced; /* By another one of this socket. */
    char id[MF_ID_BYTES_MAX];
    char ref[MF_EXECUTION_REF_BYTES_MAX + 1];
};

/* One message on its way. */
struct job {
    uv_work_t request;
    struct hub *hub;
    struct mf_config *config; /* What it is read by, also where another was loaded meanwhile. */
    struct mf__socket_message message;
    struct mf_buf text;
    uint64_t bytes_held;
    struct mf__look look;
    int error;
};

static const struct mf__sink sink;

/* ---- life -------------------------------------------------------------------------------------------------- */

static void free_channel(struct channel *channel)
{
    mf_list_remove(&channel->link);
    channel->hub->count--;
    mf_free(channel);
}

static void enter(struct hub *hub)
{
    hub->depth++;
}

static void close_socket(struct hub *hub, int code, const char *why)
{
    struct mf_socket *socket = hub->socket;

    hub->socket = NULL;
    if (socket != NULL) {
        mf_socket_close(socket, code, why);
    }
}

static void leave(struct hub *hub)
{
    if (--hub->depth > 0) {
        return;
    }
    if (hub->is_draining && hub->count == 0 && hub->jobs == 0 && !hub->is_lost) {
        close_socket(hub, MF_WEBSOCKET_GOING_AWAY, "The daemon is shutting down.");
    }
    if (hub->socket == NULL && hub->jobs == 0) {
        MF_ASSERT(hub->count == 0);
        hub->api->sockets--;
        mf_buf_done(&hub->out);
        mf_free(hub);
    }
}

/* Its executions wait for somebody else to come for them. */
static void detach_all(struct hub *hub)
{
    MF_LIST_FOR_EACH(link, &hub->channels)
    {
        struct channel *channel = MF_CONTAINER_OF(link, struct channel, link);
        struct mf__execution *execution = channel->execution;
        free_channel(channel);
        mf__execution_detach(execution);
    }
}

/* ---- down --------------------------------------------------------------------------------------------------- */

/* |hub->out|; false: no more for now. */
static bool send_out(struct hub *hub, int rc)
{
    struct mf_buf *out = &hub->out;
    bool is_full = false;

    if (hub->socket != NULL && !hub->is_lost) {
        rc = rc < 0 ? rc : mf_socket_send(hub->socket, true, mf_buf_peek(out), &is_full);
        if (rc < 0) {
            hub->is_lost = true;
            mf_socket_cut(hub->socket);
        }
    }
    mf_buf_reset(out);
    if (out->capacity > MF_HTTP_KEPT_BYTES_MAX) {
        mf_buf_done(out);
    }
    return hub->socket != NULL && !hub->is_lost && !is_full;
}

static int append_problem(struct hub *hub, int error, const struct mf__call_fault *fault)
{
    struct mf__problem problem = {.error = error};
    struct mf_buf members;

    mf_buf_init(&members, MF__OUTBOUNDS_FAULTS_BYTES_MAX);
    if (fault != NULL) {
        problem.detail = mf_buf_peek(&fault->why);
        problem.param = mf_buf_peek(&fault->param);
    }
    if (error == MF_E_OUTBOUND_POLICY && fault != NULL) {
        mf__outbounds_tell(&fault->policy, &members, &problem);
    }
    int rc = mf__problem_append(&hub->out, &problem);
    mf_buf_done(&members);
    return rc;
}

/* What was asked for is not done: |ref| or |id| (empty: unknown) and perhaps |call| say what. */
static void send_refused(struct hub *hub,
                         const char *ref,
                         const char *id,
                         const uint64_t *call,
                         int error,
                         const struct mf__call_fault *fault)
{
    struct mf_buf *out = &hub->out;
    int rc = mf_buf_append_cstr(out, "{\"type\":\"refused\"");

    if (rc == 0 && ref[0] != '\0') {
        rc = mf_buf_printf(out, ",\"ref\":%s", ref);
    }
    if (rc == 0 && id[0] != '\0') {
        rc = mf_buf_printf(out, ",\"id\":\"%s\"", id);
    }
    if (rc == 0 && call != NULL) {
        rc = mf_buf_printf(out, ",\"callId\":%llu", (unsigned long long)*call);
    }
    rc = rc < 0 ? rc : mf_buf_append_cstr(out, ",\"problem\":");
    rc = rc < 0 ? rc : append_problem(hub, error, fault);
    rc = rc < 0 ? rc : mf_buf_append_cstr(out, "}");
    (void)send_out(hub, rc);
}

/* Frames that do not say whose they are get the id; the first one of an execution the ref that it was asked for with. */
static int append_frame(struct mf_buf *out, const struct channel *channel, struct mf_slice frame)
{
    bool is_start = mf_slice_starts_with(frame, "{\"type\":\"start\"");
    bool is_known = is_start || mf_slice_starts_with(frame, "{\"type\":\"done\"") ||
                    mf_slice_starts_with(frame, "{\"type\":\"ping\"");
    int rc = 0;

    if (is_start && channel->ref[0] != '\0') {
        rc = mf_buf_printf(out, "{\"ref\":%s,", channel->ref);
    } else if (!is_known) {
        rc = mf_buf_printf(out, "{\"id\":\"%s\",", channel->id);
    } else {
        rc = mf_buf_append_cstr(out, "{");
    }
    return rc < 0 ? rc : mf_buf_append(out, frame.data + 1, frame.size - 1);
}

static bool on_frame(void *user, struct mf_slice frame)
{
    struct channel *channel = user;
    struct hub *hub = channel->hub;

    channel->is_full = !send_out(hub, append_frame(&hub->out, channel, frame));
    return !channel->is_full;
}

static void on_end(void *user, int error)
{
    struct channel *channel = user;
    struct hub *hub = channel->hub;

    enter(hub);
    if (error < 0 && !channel->is_replaced) {
        bool is_taken_over = error == MF_E_EXISTS;
        send_refused(hub, is_taken_over ? "" : channel->ref, is_taken_over ? channel->id : "", NULL, error,
                     NULL);
    }
    free_channel(channel);
    leave(hub);
}

static const struct mf__sink sink = {.on_frame = on_frame, .on_end = on_end};

static struct channel *new_channel(struct hub *hub)
{
    struct channel *channel = mf_new(sizeof *channel);

    channel->hub = hub;
    hub->count++;
    mf_list_push_back(&hub->channels, &channel->link);
    return channel;
}

static void name_channel(struct channel *channel, struct mf__execution *execution)
{
    channel->execution = execution;
    (void)snprintf(channel->id, sizeof channel->id, "%s", mf__execution_id(execution));
}

/* ---- up: what a message asks for ---------------------------------------------------------------------------- */

static void finish_job(struct job *job)
{
    struct hub *hub = job->hub;

    hub->api->bytes_held -= job->bytes_held;
    hub->jobs--;
    mf__socket_message_done(&job->message);
    mf_config_unref(job->config);
    mf_buf_done(&job->text);
    mf_free(job);
}

static void refuse(struct job *job, int error)
{
    struct mf__socket_message *message = &job->message;

    send_refused(job->hub, message->ref, message->id, message->has_call ? &message->call : NULL, error,
                 &message->fault);
}

/* Its policy is found, or is not. */
static void begin(struct job *job, int error)
{
    struct hub *hub = job->hub;

    hub->count--; /* The channel counts from here on. */
    if (hub->socket == NULL) {
        return;
    }
    if (error < 0) {
        refuse(job, error);
        return;
    }
    struct channel *channel = new_channel(hub);
    uint64_t bytes_held = job->bytes_held;
    job->bytes_held = 0; /* The execution gives them back. */
    mf_trace_context_sibling(&hub->trace, &job->message.program.call.trace);
    memcpy(channel->ref, job->message.ref, sizeof channel->ref);
    name_channel(channel, mf__execution_new(hub->api, &job->message.program, bytes_held, &sink, channel));
    mf__execution_begin(channel->execution);
}

static void looked(struct mf__look *look, int error)
{
    struct job *job = MF_CONTAINER_OF(look, struct job, look);
    struct hub *hub = job->hub;

    enter(hub);
    begin(job, error < 0 ? error : mf__outbounds_resolved(hub->api, look, &job->message.fault));
    finish_job(job);
    leave(hub);
}

/* MF_E_AGAIN: the job goes on in looked(). */
static int execute(struct job *job)
{
    struct hub *hub = job->hub;

    if (hub->is_draining || hub->api->is_draining) {
        return MF_E_DRAINING;
    }
    if (hub->count >= MF_EXECUTION_SOCKET_EXECUTIONS_MAX) {
        return MF_E_TOO_MANY;
    }
    hub->count++;
    int rc =
        mf__outbounds_resolve(hub->api, &job->message.program.call, &job->message.fault, &job->look, looked);
    if (rc != MF_E_AGAIN) {
        begin(job, rc);
    }
    return rc == MF_E_AGAIN ? rc : 0;
}

static int give(struct job *job, struct mf__execution *execution)
{
    struct hub *hub = job->hub;
    struct mf__socket_message *message = &job->message;
    int rc = mf__execution_answer(execution, message->call, &message->rest, false, message->is_pause);

    if (rc == MF_E_API_FIELD) {
        mf_ignore(mf_buf_append_cstr(&message->fault.why, "Only an execution with a journal can be paused."));
    }
    if (rc == 0) {
        int written = mf_buf_printf(&hub->out, "{\"type\":\"taken\",\"id\":\"%s\",\"callId\":%llu}",
                                    message->id, (unsigned long long)message->call);
        (void)send_out(hub, written);
    }
    return rc;
}

static int attach(struct job *job, struct mf__execution *execution)
{
    struct hub *hub = job->hub;
    struct channel *old = NULL;

    MF_LIST_FOR_EACH(link, &hub->channels)
    {
        struct channel *channel = MF_CONTAINER_OF(link, struct channel, link);
        old = channel->execution == execution ? channel : old;
    }
    if (old == NULL && hub->count >= MF_EXECUTION_SOCKET_EXECUTIONS_MAX) {
        return MF_E_TOO_MANY;
    }
    if (old != NULL) {
        old->is_replaced = true;
    }
    struct channel *channel = new_channel(hub);
    name_channel(channel, execution);
    int rc = mf__execution_attach(execution, job->message.after, &sink, channel);
    if (rc < 0) {
        free_channel(channel);
        if (old != NULL) {
            old->is_replaced = false;
        }
        return rc;
    }
    mf__execution_drained(execution);
    return 0;
}

static int apply(struct job *job)
{
    struct mf__socket_message *message = &job->message;
    struct mf__execution *execution;

    if (job->error < 0 || message->type == SOCKET_MESSAGE_EXECUTE) {
        return job->error < 0 ? job->error : execute(job);
    }
    execution = mf__executions_find(job->hub->api->executions, mf_slice_of_cstr(job->hub->caller.tenant),
                                    mf_slice_of_cstr(message->id));
    if (execution == NULL) {
        return MF_E_EXECUTION_UNKNOWN;
    }
    switch (message->type) {
    case SOCKET_MESSAGE_RESULT:
        return give(job, execution);
    case SOCKET_MESSAGE_ATTACH:
        return attach(job, execution);
    case SOCKET_MESSAGE_CANCEL:
        mf__execution_cancel(execution);
        break;
    case SOCKET_MESSAGE_EXECUTE:
    case SOCKET_MESSAGE_UNKNOWN:
        break;
    }
    return 0;
}

static void apply_read(struct job *job)
{
    int rc = job->hub->socket == NULL ? 0 : apply(job);

    if (rc == MF_E_AGAIN) {
        return;
    }
    if (rc < 0) {
        refuse(job, rc);
    }
    finish_job(job);
}

/* ---- up: reading it ------------------------------------------------------------------------------------------ */

static void read_text(uv_work_t *request)
{
    struct job *job = request->data;

    job->error = mf__socket_message_read(&job->message, job->config, mf_buf_peek(&job->text));
    mf_buf_done(&job->text);
}

static void text_read(uv_work_t *request, int status)
{
    struct job *job = request->data;
    struct hub *hub = job->hub;

    enter(hub);
    if (hub->socket != NULL) {
        mf_socket_resume(hub->socket);
    }
    job->error = status < 0 ? MF_E_CANCELED : job->error;
    apply_read(job);
    leave(hub);
}

/* On a worker thread; until then nothing else of this socket is read, so that answers keep their order and memory its bound. */
static void read_apart(struct job *job, struct mf_slice bytes)
{
    job->error = mf_buf_append_slice(&job->text, bytes);
    if (job->error < 0) {
        apply_read(job);
        return;
    }
    mf_socket_pause(job->hub->socket);
    job->request.data = job;
    int rc = uv_queue_work(job->hub->api->loop, &job->request, read_text, text_read);
    MF_ASSERT(rc == 0); /* Fails only without a callback. */
}

static void take(struct hub *hub, struct mf_slice bytes)
{
    struct mf_api *api = hub->api;
    struct job *job = mf_new(sizeof *job);

    job->hub = hub;
    job->config = mf_config_ref(api->config);
    job->bytes_held = bytes.size;
    api->bytes_held += bytes.size;
    hub->jobs++;
    mf_buf_init(&job->text, MF_EXECUTION_MESSAGE_BYTES_MAX);
    mf__socket_message_init(&job->message, job->config);
    mf__caller_sign(&hub->caller, &job->message.program.call);
    if (bytes.size > MF_API_INLINE_PARSE_BYTES_MAX) {
        read_apart(job, bytes);
        return;
    }
    job->error = mf__socket_message_read(&job->message, job->config, bytes);
    apply_read(job);
}

/* ---- what the socket says -------------------------------------------------------------------------------------- */

static void on_message(struct mf_socket *socket, void *user, bool is_text, struct mf_slice bytes)
{
    struct hub *hub = user;

    (void)socket;
    enter(hub);
    if (!is_text) {
        detach_all(hub);
        close_socket(hub, MF_WEBSOCKET_UNSUPPORTED, "Messages are JSON, as text.");
    } else if (!mf__caller_holds(hub->api, &hub->caller)) {
        detach_all(hub);
        close_socket(hub, MF_WEBSOCKET_POLICY, mf_error_message(MF_E_AUTH_TOKEN));
    } else if (hub->api->bytes_held + bytes.size > MF_API_HELD_BYTES_MAX) {
        detach_all(hub);
        close_socket(hub, MF_WEBSOCKET_TRY_LATER, mf_error_message(MF_E_OVERLOADED));
    } else {
        take(hub, bytes);
    }
    leave(hub);
}

/* Each that waits gets a turn, the one that waited longest first. */
static void on_drain(struct mf_socket *socket, void *user)
{
    struct hub *hub = user;
    size_t turns = hub->count;

    enter(hub);
    while (turns-- > 0 && !mf_list_is_empty(&hub->channels) && hub->socket != NULL &&
           mf_socket_queued(socket) <= MF_HTTP_WRITE_BYTES_MAX) {
        struct channel *channel = MF_CONTAINER_OF(hub->channels.next, struct channel, link);
        mf_list_remove(&channel->link);
        mf_list_push_back(&hub->channels, &channel->link);
        if (channel->is_full) {
            channel->is_full = false;
            mf__execution_drained(channel->execution);
        }
    }
    leave(hub);
}

static void on_draining(struct mf_socket *socket, void *user)
{
    struct hub *hub = user;

    (void)socket;
    enter(hub);
    hub->is_draining = true;
    leave(hub);
}

static void on_close(struct mf_socket *socket, void *user, int code)
{
    struct hub *hub = user;

    (void)socket;
    (void)code;
    enter(hub);
    hub->socket = NULL;
    detach_all(hub);
    leave(hub);
}

static const struct mf_socket_events events = {.on_message = on_message,
                                               .on_drain = on_drain,
                                               .on_draining = on_draining,
                                               .on_close = on_close};

void mf__socket_get(struct mf_api *api, struct mf_exchange *exchange)
{
    struct mf_socket_options options = {.events = &events,
                                        .message_bytes_max = MF_EXECUTION_MESSAGE_BYTES_MAX,
                                        .queue_bytes_max = MF_EXECUTION_SOCKET_QUEUE_BYTES_MAX};
    struct hub *hub;

    if (api->sockets >= MF_EXECUTION_SOCKETS_MAX) {
        mf__problem_reply_error(exchange, MF_E_OVERLOADED);
        return;
    }
    hub = mf_new(sizeof *hub);
    hub->api = api;
    hub->caller = *mf__caller(exchange);
    mf__observe_context(exchange, &hub->trace);
    mf_list_init(&hub->channels);
    mf_buf_init(&hub->out, MF_HTTP_QUEUE_BYTES_MAX / 2);
    options.user = hub;
    options.protocol = mf__caller_protocol(mf_exchange_request(exchange));
    api->sockets++;
    enter(hub);
    if (mf_exchange_upgrade(exchange, &options, &hub->socket) < 0) {
        hub->socket = NULL; /* It was answered. */
    }
    leave(hub);
}
