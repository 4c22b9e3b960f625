/* traceparent and tracestate: what the standard allows, and nothing else. */
#include "internal.h"

#include "check.h"

#define TEXT(text) mf_slice_of_cstr(text)
#define NONE mf_slice_of(NULL, 0)
#define TRACE "0af7651916cd43dd8448eb211c80319c"
#define SPAN "b7ad6b7169203331"
#define GOOD "00-" TRACE "-" SPAN "-01"

static struct mf_trace_context context;

static bool is_callers(const char *parent)
{
    char trace[MF_TRACE_ID_CHARS + 1];
    char span[MF_SPAN_ID_CHARS + 1];

    memset(&context, 0xff, sizeof context);
    mf_trace_context_from(parent == NULL ? NONE : TEXT(parent), NONE, &context);
    MF_CHECK(mf_trace_context_is_set(&context));
    mf_trace_hex(context.trace_id, MF_TRACE_ID_BYTES, trace);
    mf_trace_hex(context.parent_id, MF_SPAN_ID_BYTES, span);
    if (strcmp(trace, TRACE) != 0) {
        MF_CHECK(strcmp(span, "0000000000000000") == 0 && context.is_sampled);
        return false;
    }
    MF_CHECK(strcmp(span, SPAN) == 0);
    return true;
}

static void parents(void)
{
    static const char *const bad[] = {
        "",
        "00",
        "00-" TRACE "-" SPAN,
        "00-" TRACE "-" SPAN "-1",
        "00-" TRACE "-" SPAN "-01-",
        "00-" TRACE "-" SPAN "-01-more",
        "00-" TRACE "-" SPAN "-0g",
        "ff-" TRACE "-" SPAN "-01",
        "0g-" TRACE "-" SPAN "-01",
        "CC-" TRACE "-" SPAN "-01",
        "00_" TRACE "-" SPAN "-01",
        "00-" TRACE "_" SPAN "-01",
        "00-" TRACE "-" SPAN "_01",
        "00-0AF7651916CD43DD8448EB211C80319C-" SPAN "-01",
        "00-" TRACE "-B7AD6B7169203331-01",
        "00-00000000000000000000000000000000-" SPAN "-01",
        "00-" TRACE "-0000000000000000-01",
        "cc-" TRACE "-" SPAN "-01.more",
        " 00-" TRACE "-" SPAN "-01",
        "00-" TRACE "-" SPAN "-01 ",
    };

    MF_CHECK(is_callers(GOOD));
    MF_CHECK(context.is_sampled);
    MF_CHECK(is_callers("00-" TRACE "-" SPAN "-00"));
    MF_CHECK(!context.is_sampled);
    MF_CHECK(is_callers("00-" TRACE "-" SPAN "-ff"));
    MF_CHECK(is_callers("cc-" TRACE "-" SPAN "-01"));
    MF_CHECK(is_callers("cc-" TRACE "-" SPAN "-01-what-comes-later"));
    MF_CHECK(!is_callers(NULL));
    for (size_t i = 0; i < MF_COUNT_OF(bad); i++) {
        MF_CHECK(!is_callers(bad[i]));
    }
}

static size_t state_of(const char *state)
{
    mf_trace_context_from(TEXT(GOOD), TEXT(state), &context);
    MF_CHECK(context.state_size == 0 || memcmp(context.state, state, context.state_size) == 0);
    return context.state_size;
}

static void states(void)
{
    static const char *const good[] = {
        "a=1", "a=1,b=2", "a=1 , b=2", "a=1,,b=2", "fw529a3039@dt=FfAA", "a-b_c*d/e=x y z"};
    static const char *const bad[] = {"",       "a",       "a=",   "=1",   "A=1",   "a=1,a=2", "a=1=2",
                                      "a=\x7f", "a@b@c=1", "a@=1", "@a=1", "a b=1", ",",       "\xc3\xa4=1"};
    char many[MF_TRACE_STATE_BYTES_MAX + 8] = "";

    for (size_t i = 0; i < MF_COUNT_OF(good); i++) {
        MF_CHECK_INT(state_of(good[i]), strlen(good[i]));
    }
    for (size_t i = 0; i < MF_COUNT_OF(bad); i++) {
        MF_CHECK_INT(state_of(bad[i]), 0);
    }
    for (unsigned i = 0; i < MF_TRACE_STATE_MEMBERS_MAX; i++) {
        (void)snprintf(many + strlen(many), sizeof many - strlen(many), "%sk%u=v", i == 0 ? "" : ",", i);
    }
    MF_CHECK(state_of(many) > 0);
    (void)strcat(many, ",z=1");
    MF_CHECK_INT(state_of(many), 0);
    memset(many, 'x', sizeof many - 1);
    many[1] = '=';
    MF_CHECK_INT(state_of(many), 0);
    /* Without a parent nobody's state is handed on. */
    mf_trace_context_from(TEXT("00-nonsense"), TEXT("a=1"), &context);
    MF_CHECK_INT(context.state_size, 0);
}

static void children(void)
{
    struct mf_trace_context child;

    mf_trace_context_from(TEXT(GOOD), TEXT("a=1"), &context);
    mf_trace_context_child(&context, &child);
    MF_CHECK(memcmp(child.trace_id, context.trace_id, MF_TRACE_ID_BYTES) == 0);
    MF_CHECK(memcmp(child.parent_id, context.span_id, MF_SPAN_ID_BYTES) == 0);
    MF_CHECK(memcmp(child.span_id, context.span_id, MF_SPAN_ID_BYTES) != 0);
    MF_CHECK_INT(child.state_size, 3);
}

int main(void)
{
    MF_RUN(parents);
    MF_RUN(states);
    MF_RUN(children);
    return 0;
}
