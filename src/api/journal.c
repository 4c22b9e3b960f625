#include "journal.h"

#include <stdio.h>

#include "answer.h"
#include "json.h"
#include "json_digest.h"
#include "json_text.h"

/* A call of the past; its number is its place. */
struct past_call {
    struct mf_slice space; /* A string with its quotes, as all that follows. */
    struct mf_slice name;
    struct mf_slice args;
    struct mf_slice ok; /* Neither this nor |error|: it was undefined. */
    struct mf_slice error;
};

void mf__journal_init(struct mf__journal *journal, bool is_on, struct mf__past *past)
{
    memset(journal, 0, sizeof *journal);
    journal->is_on = is_on;
    journal->past = *past;
    mf__past_init(past);
    if (is_on) {
        journal->entries = mf_map_new(MF_RUN_CALLS_MAX);
    }
}

void mf__journal_done(struct mf__journal *journal)
{
    struct mf_buf *entry;
    size_t cursor = 0;

    while (journal->entries != NULL && (entry = mf_map_next(journal->entries, &cursor)) != NULL) {
        mf_buf_done(entry);
        mf_free(entry);
    }
    mf_map_free(journal->entries);
    mf__past_done(&journal->past);
    memset(journal, 0, sizeof *journal);
}

/* ---- the past, read ------------------------------------------------------------------------------------------- */

void mf__past_init(struct mf__past *past)
{
    mf_buf_init(&past->text, SIZE_MAX); /* A part of a body, which has its own maximum. */
    mf_buf_init(&past->calls, MF_RUN_CALLS_MAX * sizeof(struct past_call));
}

void mf__past_done(struct mf__past *past)
{
    mf_buf_done(&past->text);
    mf_buf_done(&past->calls);
}

/* What an entry may have, and what its value begins with; 0: with anything. */
static const struct field {
    const char *name;
    char begin;
    const char *kind;
    size_t at; /* In struct past_call. */
} fields[] = {
    {"namespace", '"', "a string", offsetof(struct past_call, space)},
    {"name", '"', "a string", offsetof(struct past_call, name)},
    {"args", '[', "an array", offsetof(struct past_call, args)},
    {"ok", 0, "", offsetof(struct past_call, ok)},
    {"error", '{', "an object", offsetof(struct past_call, error)},
};

static struct mf_slice *slot_of(struct past_call *call, const struct field *field)
{
    return (struct mf_slice *)((char *)call + field->at);
}

struct reading {
    size_t index;
    struct mf_buf *param;
    struct mf_buf *why;
};

static int refuse(const struct reading *reading, struct mf_slice field, const char *what)
{
    char pointer[256];

    (void)snprintf(pointer, sizeof pointer, "/journal/%zu%s%.*s", reading->index, field.size > 0 ? "/" : "",
                   (int)(field.size < 128 ? field.size : 128), (const char *)field.data);
    return mf__json_refuse(reading->param, reading->why, pointer, "%s %s", pointer, what);
}

static int read_number(const struct reading *reading, struct mf_slice value)
{
    uint64_t number;

    return mf_slice_parse_u64(value, MF_RUN_CALLS_MAX, &number) == 0 && number == reading->index + 1
               ? 0
               : refuse(reading, mf_slice_of_cstr("n"),
                        "must be the call's place, from 1: a journal has its calls in their order.");
}

static int
read_field(const struct reading *reading, struct mf_slice key, struct mf_slice value, struct past_call *call)
{
    char what[64];

    for (size_t i = 0; i < MF_COUNT_OF(fields); i++) {
        struct mf_slice *slot = slot_of(call, &fields[i]);
        if (!mf_slice_equal_cstr(key, fields[i].name)) {
            continue;
        }
        if (slot->size > 0) {
            return refuse(reading, key, "stands there twice.");
        }
        if (fields[i].begin != 0 && value.data[0] != (uint8_t)fields[i].begin) {
            (void)snprintf(what, sizeof what, "must be %s.", fields[i].kind);
            return refuse(reading, key, what);
        }
        *slot = value;
        return 0;
    }
    return refuse(reading, key, "is not a field that is known here.");
}

static int read_entry(const struct reading *reading, struct mf_slice entry, struct past_call *call)
{
    const struct mf_slice none = mf_slice_of(NULL, 0);
    struct mf_slice key, value;
    size_t cursor = 0;
    bool has_number = false;
    int rc = entry.data[0] == '{' ? 0 : refuse(reading, none, "must be an object.");

    while (rc == 0 && mf__json_text_next(entry, &cursor, &key, &value) > 0) {
        bool is_number = mf_slice_equal_cstr(key, "n");
        has_number = has_number || is_number;
        rc = is_number ? read_number(reading, value) : read_field(reading, key, value, call);
    }
    if (rc == 0 && !has_number) {
        rc = refuse(reading, mf_slice_of_cstr("n"), "is missing.");
    }
    for (size_t i = 0; rc == 0 && i < 3; i++) {
        if (slot_of(call, &fields[i])->size == 0) {
            rc = refuse(reading, mf_slice_of_cstr(fields[i].name), "is missing.");
        }
    }
    if (rc == 0 && call->error.size > 0 && call->ok.size > 0) {
        rc = refuse(reading, none, "has both ok and error.");
    }
    if (rc == 0 && call->error.size > 0 && !mf__answer_is_error(call->error)) {
        rc = refuse(reading, mf_slice_of_cstr("error"), "must have a message, a string.");
    }
    return rc;
}

int mf__past_read(struct mf__past *past,
                  struct mf_slice text,
                  struct mf_buf *ret_param,
                  struct mf_buf *ret_why)
{
    struct reading reading = {.param = ret_param, .why = ret_why};
    struct mf_slice entry;
    size_t cursor = 0;
    int rc = mf_buf_append_slice(&past->text, text);

    text = mf_buf_peek(&past->text);
    while (rc == 0 && mf__json_text_item(text, &cursor, &entry) > 0) {
        struct past_call call = {0};
        if (reading.index == MF_RUN_CALLS_MAX) {
            return mf__json_refuse(ret_param, ret_why, "/journal", "/journal has more than %d calls.",
                                   MF_RUN_CALLS_MAX);
        }
        rc = read_entry(&reading, entry, &call);
        rc = rc < 0 ? rc : mf_buf_append(&past->calls, &call, sizeof call);
        reading.index++;
    }
    return rc;
}

/* ---- the past, lived again -------------------------------------------------------------------------------------- */

/* |text| is a string of JSON that says |name|. */
static bool is_named(struct mf_slice text, const char *name)
{
    struct mf_buf json;
    bool is_same;

    mf_buf_init(&json, 8 * (size_t)MF_CALL_NAME_BYTES_MAX);
    is_same = mf_buf_append_json_string(&json, mf_slice_of_cstr(name)) == 0 &&
              mf__json_digest(mf_buf_peek(&json)) == mf__json_digest(text);
    mf_buf_done(&json);
    return is_same;
}

static bool is_same(const struct past_call *past, const struct mf__tool_call *call)
{
    return is_named(past->space, call->space) && is_named(past->name, call->name) &&
           mf__json_digest(past->args) == mf__json_digest(mf_buf_peek(&call->args));
}

/* {"ok":...}, {"error":...} or {}. */
static int write_answer(const struct past_call *past, struct mf_buf *out)
{
    bool is_error = past->error.size > 0;
    struct mf_slice value = is_error ? past->error : past->ok;
    int rc;

    if (value.size == 0) {
        return mf_buf_append_cstr(out, "{}");
    }
    rc = mf_buf_append_cstr(out, is_error ? "{\"error\":" : "{\"ok\":");
    rc = rc < 0 ? rc : mf_buf_append_slice(out, value);
    return rc < 0 ? rc : mf_buf_append_cstr(out, "}");
}

/* How much of a string is told, without its quotes. */
static int shown(struct mf_slice string, size_t bytes_max)
{
    return (int)(string.size - 2 < bytes_max ? string.size - 2 : bytes_max);
}

int mf__journal_replay(const struct mf__journal *journal,
                       const struct mf__tool_call *call,
                       struct mf_buf *ret_answer,
                       struct mf_buf *ret_why)
{
    const struct mf_buf *calls = &journal->past.calls;
    struct past_call past;
    int rc;

    if (!journal->is_on || call->number > calls->size / sizeof past) {
        return 0;
    }
    memcpy(&past, calls->data + (call->number - 1) * sizeof past, sizeof past);
    if (!is_same(&past, call)) {
        mf_ignore(mf_buf_printf(
            ret_why, "Call %u is %s.%s, and not what the journal has: %.*s.%.*s, or with other arguments.",
            call->number, call->space, call->name, shown(past.space, MF_CALL_NAMESPACE_BYTES_MAX),
            (const char *)past.space.data + 1, shown(past.name, MF_CALL_NAME_BYTES_MAX),
            (const char *)past.name.data + 1));
        return MF_E_EXECUTION_DIVERGED;
    }
    rc = write_answer(&past, ret_answer);
    return rc < 0 ? rc : 1;
}

/* ---- what is now -------------------------------------------------------------------------------------------- */

static int write_entry(const struct mf__tool_call *call, struct mf_slice answer, struct mf_buf *out)
{
    /* The members of an object without its braces. */
    struct mf_slice members = mf_slice_of(answer.data + 1, answer.size - 2);
    bool is_empty = true;
    int rc = mf_buf_printf(out, "{\"n\":%u,\"namespace\":", call->number);

    for (size_t i = 0; i < members.size; i++) {
        is_empty = is_empty && (members.data[i] == ' ' || members.data[i] == '\t' ||
                                members.data[i] == '\n' || members.data[i] == '\r');
    }
    rc = rc < 0 ? rc : mf_buf_append_json_string(out, mf_slice_of_cstr(call->space));
    rc = rc < 0 ? rc : mf_buf_append_cstr(out, ",\"name\":");
    rc = rc < 0 ? rc : mf_buf_append_json_string(out, mf_slice_of_cstr(call->name));
    rc = rc < 0 ? rc : mf_buf_append_cstr(out, ",\"args\":");
    rc = rc < 0 ? rc : mf_buf_append_slice(out, mf_buf_peek(&call->args));
    if (rc == 0 && !is_empty) {
        rc = mf_buf_append_cstr(out, ",");
        rc = rc < 0 ? rc : mf_buf_append_slice(out, members);
    }
    for (size_t i = 0; rc == 0 && i < out->size; i++) {
        if (out->data[i] < ' ') {
            out->data[i] = ' '; /* A blank of the client's: a frame is one line. */
        }
    }
    return rc < 0 ? rc : mf_buf_append_cstr(out, "}");
}

int mf__journal_add(struct mf__journal *journal, const struct mf__tool_call *call, struct mf_slice answer)
{
    struct mf_buf *entry;
    int rc;

    if (!journal->is_on) {
        return 0;
    }
    if (answer.size > MF_EXECUTION_JOURNAL_VALUE_BYTES_MAX) {
        return MF_E_CALL_TOO_LARGE;
    }
    entry = mf_new(sizeof *entry);
    mf_buf_init(entry, MF_EXECUTION_JOURNAL_BYTES_MAX - journal->bytes);
    rc = write_entry(call, answer, entry);
    if (rc == 0) {
        rc = mf_map_put(journal->entries, call->number, entry);
    }
    if (rc < 0) {
        mf_buf_done(entry);
        mf_free(entry);
        return rc == MF_E_TOO_LARGE ? MF_E_CALL_TOO_LARGE : rc;
    }
    journal->bytes += entry->size;
    return 0;
}

int mf__journal_write(const struct mf__journal *journal, uint32_t made, struct mf_buf *out)
{
    const char *comma = "";
    int rc;

    if (!journal->is_on) {
        return 0;
    }
    rc = mf_buf_append_cstr(out, ",\"journal\":[");
    for (uint32_t number = 1; rc == 0 && number <= made; number++) {
        const struct mf_buf *entry = mf_map_get(journal->entries, number);
        if (entry != NULL) {
            rc = mf_buf_append_cstr(out, comma);
            rc = rc < 0 ? rc : mf_buf_append_slice(out, mf_buf_peek(entry));
            comma = ",";
        }
    }
    return rc < 0 ? rc : mf_buf_append_cstr(out, "]");
}
