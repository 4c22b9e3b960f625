/* context.c - traceparent and tracestate, read as strictly as the standard has them: a caller's mistake begins a new trace, it never
 * becomes ours. Source: https://www.w3.org/TR/trace-context/#traceparent-header */
#include <mayfly/trace.h>

#define VERSION_CHARS 2
#define TRACE_AT 3
#define SPAN_AT (TRACE_AT + MF_TRACE_ID_CHARS + 1)
#define FLAGS_AT (SPAN_AT + MF_SPAN_ID_CHARS + 1)
#define FLAG_SAMPLED 1u

#define KEY_BYTES_MAX 256
#define VALUE_BYTES_MAX 256

/* ---- hexadecimal --------------------------------------------------------------------------------- */

void mf_trace_hex(const uint8_t *bytes, size_t size, char *ret_text)
{
    static const char digits[] = "0123456789abcdef";

    for (size_t i = 0; i < size; i++) {
        ret_text[2 * i] = digits[bytes[i] >> 4];
        ret_text[2 * i + 1] = digits[bytes[i] & 0xf];
    }
    ret_text[2 * size] = '\0';
}

/* Lower case only. */
static bool read_hex(const uint8_t *text, size_t size, uint8_t *ret_bytes)
{
    for (size_t i = 0; i < size; i++) {
        uint8_t high = text[2 * i];
        uint8_t low = text[2 * i + 1];
        if ((high >= 'A' && high <= 'F') || (low >= 'A' && low <= 'F') || mf_hex_digit(high) < 0 ||
            mf_hex_digit(low) < 0) {
            return false;
        }
        ret_bytes[i] = (uint8_t)(mf_hex_digit(high) << 4 | mf_hex_digit(low));
    }
    return true;
}

static bool is_zero(const uint8_t *bytes, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        if (bytes[i] != 0) {
            return false;
        }
    }
    return true;
}

/* ---- traceparent ------------------------------------------------------------------------------------ */

static bool read_parent(struct mf_slice text, struct mf_trace_context *context)
{
    uint8_t version;
    uint8_t flags;

    if (text.size < MF_TRACEPARENT_CHARS || text.data[VERSION_CHARS] != '-' ||
        text.data[SPAN_AT - 1] != '-' || text.data[FLAGS_AT - 1] != '-') {
        return false;
    }
    if (!read_hex(text.data, 1, &version) || version == 0xff || !read_hex(text.data + FLAGS_AT, 1, &flags)) {
        return false;
    }
    /* A later version may have more behind it, and only that. */
    if (text.size > MF_TRACEPARENT_CHARS && (version == 0 || text.data[MF_TRACEPARENT_CHARS] != '-')) {
        return false;
    }
    context->is_sampled = (flags & FLAG_SAMPLED) != 0;
    return read_hex(text.data + TRACE_AT, MF_TRACE_ID_BYTES, context->trace_id) &&
           read_hex(text.data + SPAN_AT, MF_SPAN_ID_BYTES, context->parent_id) &&
           !is_zero(context->trace_id, MF_TRACE_ID_BYTES) && !is_zero(context->parent_id, MF_SPAN_ID_BYTES);
}

/* ---- tracestate --------------------------------------------------------------------------------------- */

static bool is_key(struct mf_slice key)
{
    unsigned ats = 0;

    for (size_t i = 0; i < key.size; i++) {
        uint8_t c = key.data[i];
        bool is_letter = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
        ats += c == '@' ? 1 : 0;
        if (!is_letter && (i == 0 || (c != '_' && c != '-' && c != '*' && c != '/' && c != '@'))) {
            return false;
        }
    }
    return key.size > 0 && key.size <= KEY_BYTES_MAX && ats <= 1 && key.data[key.size - 1] != '@';
}

static bool is_value(struct mf_slice value)
{
    for (size_t i = 0; i < value.size; i++) {
        if (value.data[i] < 0x20 || value.data[i] > 0x7e || value.data[i] == '=') {
            return false;
        }
    }
    return value.size > 0 && value.size <= VALUE_BYTES_MAX;
}

/* The next member; data NULL at the end. */
static struct mf_slice next_member(struct mf_slice *rest)
{
    const uint8_t *comma = rest->size == 0 ? NULL : memchr(rest->data, ',', rest->size);
    size_t size = comma == NULL ? rest->size : (size_t)(comma - rest->data);
    struct mf_slice member = mf_slice_of(rest->data, size);

    *rest = comma == NULL ? mf_slice_of(NULL, 0) : mf_slice_of(comma + 1, rest->size - size - 1);
    return member;
}

static struct mf_slice key_of(struct mf_slice member)
{
    const uint8_t *sign = member.size == 0 ? NULL : memchr(member.data, '=', member.size);

    return mf_slice_of(member.data, sign == NULL ? 0 : (size_t)(sign - member.data));
}

static bool is_new(struct mf_slice key, const struct mf_slice *keys, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (mf_slice_equal(key, keys[i])) {
            return false;
        }
    }
    return true;
}

static bool is_state(struct mf_slice text)
{
    struct mf_slice keys[MF_TRACE_STATE_MEMBERS_MAX];
    struct mf_slice rest = text;
    size_t count = 0;

    while (rest.data != NULL) {
        struct mf_slice member = mf_slice_trim(next_member(&rest));
        struct mf_slice key = key_of(member);
        if (member.size == 0) {
            continue; /* Allowed. */
        }
        if (count == MF_COUNT_OF(keys) || key.size == 0 || !is_key(key) ||
            !is_value(mf_slice_of(key.data + key.size + 1, member.size - key.size - 1)) ||
            !is_new(key, keys, count)) {
            return false;
        }
        keys[count++] = key;
    }
    return count > 0;
}

/* ---- the door -------------------------------------------------------------------------------------------- */

void mf_trace_context_from(struct mf_slice traceparent,
                           struct mf_slice tracestate,
                           struct mf_trace_context *ret_context)
{
    uint8_t fresh[MF_TRACE_ID_BYTES + MF_SPAN_ID_BYTES];

    ret_context->state_size = 0;
    mf_random_bytes(fresh, sizeof fresh);
    memcpy(ret_context->span_id, fresh + MF_TRACE_ID_BYTES, MF_SPAN_ID_BYTES);
    if (traceparent.data == NULL || !read_parent(traceparent, ret_context)) {
        memcpy(ret_context->trace_id, fresh, MF_TRACE_ID_BYTES);
        memset(ret_context->parent_id, 0, MF_SPAN_ID_BYTES);
        ret_context->is_sampled = true;
        return;
    }
    if (tracestate.data != NULL && tracestate.size <= MF_TRACE_STATE_BYTES_MAX && is_state(tracestate)) {
        memcpy(ret_context->state, tracestate.data, tracestate.size);
        ret_context->state_size = (uint16_t)tracestate.size;
    }
}

void mf_trace_context_child(const struct mf_trace_context *parent, struct mf_trace_context *ret_context)
{
    *ret_context = *parent;
    memcpy(ret_context->parent_id, parent->span_id, MF_SPAN_ID_BYTES);
    mf_random_bytes(ret_context->span_id, MF_SPAN_ID_BYTES);
}

void mf_trace_context_sibling(const struct mf_trace_context *context, struct mf_trace_context *ret_context)
{
    if (is_zero(context->parent_id, MF_SPAN_ID_BYTES)) {
        mf_trace_context_from(mf_slice_of(NULL, 0), mf_slice_of(NULL, 0), ret_context);
        return;
    }
    *ret_context = *context;
    mf_random_bytes(ret_context->span_id, MF_SPAN_ID_BYTES);
}

bool mf_trace_context_is_set(const struct mf_trace_context *context)
{
    return !is_zero(context->trace_id, MF_TRACE_ID_BYTES);
}
