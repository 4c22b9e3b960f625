#include "socket_message.h"

#include <stdio.h>

#include "execution.h"
#include "json_text.h"

static const struct {
    const char *name;
    enum socket_message_type type;
} types[] = {
    {"\"execute\"", SOCKET_MESSAGE_EXECUTE},
    {"\"result\"", SOCKET_MESSAGE_RESULT},
    {"\"cancel\"", SOCKET_MESSAGE_CANCEL},
    {"\"attach\"", SOCKET_MESSAGE_ATTACH},
};

static int refuse(struct mf__socket_message *message, const char *param, const char *why)
{
    mf_buf_reset(&message->fault.param);
    mf_buf_reset(&message->fault.why);
    mf_ignore(mf_buf_append_cstr(&message->fault.param, param)); /* Short; else there is none. */
    mf_ignore(mf_buf_append_cstr(&message->fault.why, why));
    return MF_E_API_FIELD;
}

/* A string without escapes, which is what ids are. */
static bool read_id(struct mf__socket_message *message, struct mf_slice value)
{
    if (value.size < 2 || value.data[0] != '"' || value.size - 2 >= sizeof message->id) {
        return false;
    }
    (void)snprintf(message->id, sizeof message->id, "%.*s", (int)value.size - 2,
                   (const char *)value.data + 1);
    return true;
}

static bool read_ref(struct mf__socket_message *message, struct mf_slice value)
{
    bool is_fine = value.size <= MF_EXECUTION_REF_BYTES_MAX && value.data[0] == '"';

    if (is_fine) {
        (void)snprintf(message->ref, sizeof message->ref, "%.*s", (int)value.size, (const char *)value.data);
    }
    return is_fine;
}

static enum socket_message_type type_of(struct mf_slice value)
{
    for (size_t i = 0; i < MF_COUNT_OF(types); i++) {
        if (mf_slice_equal_cstr(value, types[i].name)) {
            return types[i].type;
        }
    }
    return SOCKET_MESSAGE_UNKNOWN;
}

/* What is not ours is the program's or the answer's: it goes into |rest| as it stands. */
static int keep(struct mf__socket_message *message, struct mf_slice key, struct mf_slice value)
{
    struct mf_buf *rest = &message->rest;
    int rc = mf_buf_append_cstr(rest, rest->size == 0 ? "{\"" : ",\"");

    rc = rc < 0 ? rc : mf_buf_append_slice(rest, key);
    rc = rc < 0 ? rc : mf_buf_append_cstr(rest, "\":");
    return rc < 0 ? rc : mf_buf_append_slice(rest, value);
}

static int read_member(struct mf__socket_message *message, struct mf_slice key, struct mf_slice value)
{
    if (mf_slice_equal_cstr(key, "type")) {
        message->type = type_of(value);
        return 0;
    }
    if (mf_slice_equal_cstr(key, "ref")) {
        return read_ref(message, value) ? 0 : refuse(message, "/ref", "ref is a short string.");
    }
    if (mf_slice_equal_cstr(key, "id")) {
        return read_id(message, value) ? 0 : refuse(message, "/id", "id is the id of an execution.");
    }
    if (mf_slice_equal_cstr(key, "callId")) {
        message->has_call = mf_slice_parse_u64(value, UINT32_MAX, &message->call) == 0;
        return message->has_call ? 0 : refuse(message, "/callId", "callId is the number of a call.");
    }
    if (mf_slice_equal_cstr(key, "after")) {
        return mf_slice_parse_u64(value, UINT32_MAX, &message->after) == 0
                   ? 0
                   : refuse(message, "/after", "after is the number of a frame.");
    }
    return keep(message, key, value);
}

static int read_members(struct mf__socket_message *message, struct mf_slice text)
{
    struct mf_slice object;
    struct mf_slice key;
    struct mf_slice value;
    size_t cursor = 0;
    int rc = mf__json_text_check(text, &object);
    int first = 0;

    if (rc < 0 || object.data[0] != '{') {
        mf_ignore(mf_buf_append_cstr(&message->fault.why, "A message is one JSON object."));
        return MF_E_API_JSON;
    }
    /* To the end also after a fault: whoever is refused should know what of. */
    while (mf__json_text_next(object, &cursor, &key, &value) > 0) {
        rc = read_member(message, key, value);
        first = first < 0 ? first : rc;
    }
    if (first < 0) {
        return first;
    }
    rc = message->rest.size == 0 ? mf_buf_append_cstr(&message->rest, "{") : 0;
    return rc < 0 ? rc : mf_buf_append_cstr(&message->rest, "}");
}

static int check_needs(struct mf__socket_message *message)
{
    if (message->type == SOCKET_MESSAGE_UNKNOWN) {
        return refuse(message, "/type", "type is execute, result, cancel or attach.");
    }
    if (message->type == SOCKET_MESSAGE_EXECUTE) {
        return message->ref[0] == '\0' ? refuse(message, "/ref", "An execution needs a ref.") : 0;
    }
    if (message->id[0] == '\0') {
        return refuse(message, "/id", "id says which execution.");
    }
    if (message->type == SOCKET_MESSAGE_RESULT && !message->has_call) {
        return refuse(message, "/callId", "callId says which call.");
    }
    return 0;
}

int mf__socket_message_read(struct mf__socket_message *message,
                            const struct mf_config *config,
                            struct mf_slice text)
{
    int rc = read_members(message, text);

    rc = rc < 0 ? rc : check_needs(message);
    if (rc == 0 && message->type == SOCKET_MESSAGE_EXECUTE) {
        rc = mf__program_read(&message->program, config, mf_buf_peek(&message->rest), true, &message->fault);
        mf_buf_done(&message->rest);
    } else if (rc == 0 && message->type == SOCKET_MESSAGE_RESULT) {
        rc = mf__answer_check(&message->rest, &message->is_pause, &message->fault.why);
    }
    return rc;
}

void mf__socket_message_init(struct mf__socket_message *message, const struct mf_config *config)
{
    memset(message, 0, sizeof *message);
    mf_buf_init(&message->rest, MF_EXECUTION_MESSAGE_BYTES_MAX);
    mf__program_init(&message->program, config);
    mf__call_fault_init(&message->fault);
}

void mf__socket_message_done(struct mf__socket_message *message)
{
    mf_buf_done(&message->rest);
    mf__program_done(&message->program);
    mf__call_fault_done(&message->fault);
}
