/* Journals: the past is read strictly, lived again to the letter, and what is added is one line. */
#include "journal.h"

#include "check.h"
#include "json_text.h"

struct made {
    struct mf__tool_calls calls;
    struct mf__tool_call *call;
};

static void make(struct made *made, unsigned number, const char *name, const char *args)
{
    mf__tool_calls_init(&made->calls);
    for (unsigned i = 1; i <= number; i++) {
        MF_CHECK_INT(mf__tool_calls_add(&made->calls, i, mf_slice_of_cstr("t"), mf_slice_of_cstr(name), 4096,
                                        &made->call),
                     0);
    }
    MF_CHECK_INT(mf__tool_call_read(&made->calls, made->call, mf_slice_of_cstr(args)), 0);
}

static int read_past(struct mf__past *past, const char *text, struct mf_buf *why)
{
    struct mf_buf param;
    int rc;

    mf_buf_init(&param, 1024);
    mf__past_init(past);
    rc = mf__past_read(past, mf_slice_of_cstr(text), &param, why);
    MF_CHECK(rc == 0 || param.size > 0);
    mf_buf_done(&param);
    return rc;
}

static int
replay(const char *text, unsigned number, const char *name, const char *args, struct mf_buf *answer)
{
    struct mf__journal journal;
    struct mf__past past;
    struct made made;
    struct mf_buf why;
    int rc;

    mf_buf_init(&why, 4096);
    MF_CHECK_INT(read_past(&past, text, &why), 0);
    mf__journal_init(&journal, true, &past);
    make(&made, number, name, args);
    rc = mf__journal_replay(&journal, made.call, answer, &why);
    MF_CHECK(rc != MF_E_EXECUTION_DIVERGED || why.size > 0);
    mf__tool_calls_done(&made.calls);
    mf__journal_done(&journal);
    mf__past_done(&past);
    mf_buf_done(&why);
    return rc;
}

static void answers_as_they_were(void)
{
    static const char text[] =
        "[{\"n\":1,\"namespace\":\"t\",\"name\":\"a\",\"args\":[1],\"ok\":[12345678901234567890, "
        "\"\\u0000\"]},"
        " {\"name\":\"b\",\"args\":[ ],\"error\":{\"message\":\"m\"},\"namespace\":\"\\u0074\",\"n\":2},"
        "{\"n\":3,\"namespace\":\"t\",\"name\":\"c\",\"args\":[]}]";
    struct mf_buf answer;

    mf_buf_init(&answer, 4096);
    MF_CHECK_INT(replay(text, 1, "a", "[1]", &answer), 1);
    MF_CHECK_TEXT(mf_buf_peek(&answer), "{\"ok\":[12345678901234567890, \"\\u0000\"]}");
    mf_buf_reset(&answer);
    MF_CHECK_INT(replay(text, 2, "b", "[]", &answer), 1);
    MF_CHECK_TEXT(mf_buf_peek(&answer), "{\"error\":{\"message\":\"m\"}}");
    mf_buf_reset(&answer);
    MF_CHECK_INT(replay(text, 3, "c", "[]", &answer), 1);
    MF_CHECK_TEXT(mf_buf_peek(&answer), "{}");
    mf_buf_reset(&answer);
    MF_CHECK_INT(replay(text, 4, "d", "[]", &answer), 0);
    MF_CHECK_INT(replay(text, 1, "b", "[1]", &answer), MF_E_EXECUTION_DIVERGED);
    MF_CHECK_INT(replay(text, 1, "a", "[2]", &answer), MF_E_EXECUTION_DIVERGED);
    MF_CHECK_INT(replay(text, 1, "a", "[\"1\"]", &answer), MF_E_EXECUTION_DIVERGED);
    MF_CHECK_INT(answer.size, 0);
    mf_buf_done(&answer);
}

static void what_is_no_past(void)
{
    static const struct {
        const char *text;
        const char *why;
    } bad[] = {
        {"[1]", "/journal/0 must be an object."},
        {"[[]]", "/journal/0 must be an object."},
        {"[{}]", "/journal/0/n is missing."},
        {"[{\"n\":1}]", "/journal/0/namespace is missing."},
        {"[{\"n\":1,\"namespace\":\"t\",\"name\":\"a\",\"args\":{}}]", "/journal/0/args must be an array."},
        {"[{\"n\":1,\"namespace\":[],\"name\":\"a\",\"args\":[]}]", "/journal/0/namespace must be a string."},
        {"[{\"n\":1,\"n\":2,\"namespace\":\"t\",\"name\":\"a\",\"args\":[]}]", NULL},
        {"[{\"n\":1.0,\"namespace\":\"t\",\"name\":\"a\",\"args\":[]}]", NULL},
        {"[{\"n\":1,\"namespace\":\"t\",\"name\":\"a\",\"args\":[],\"args\":[]}]",
         "/journal/0/args stands there twice."},
        {"[{\"n\":1,\"namespace\":\"t\",\"name\":\"a\",\"args\":[],\"\\u006fk\":1}]",
         "/journal/0/\\u006fk is not a field that is known here."},
        {"[{\"n\":1,\"namespace\":\"t\",\"name\":\"a\",\"args\":[],\"ok\":1,\"error\":{\"message\":\"\"}}]",
         "/journal/0 has both ok and error."},
        {"[{\"n\":1,\"namespace\":\"t\",\"name\":\"a\",\"args\":[],\"error\":{\"message\":1}}]",
         "/journal/0/error must have a message, a string."},
    };
    for (size_t i = 0; i < MF_COUNT_OF(bad); i++) {
        struct mf__past past;
        struct mf_buf why;
        mf_buf_init(&why, 4096);
        MF_CHECK_INT(read_past(&past, bad[i].text, &why), MF_E_API_FIELD);
        if (bad[i].why != NULL) {
            MF_CHECK_TEXT(mf_buf_peek(&why), bad[i].why);
        }
        mf__past_done(&past);
        mf_buf_done(&why);
    }
}

/* An answer's own lines do not become the frame's. */
static void one_line(void)
{
    struct mf__journal journal;
    struct mf__past past;
    struct made made;
    struct mf_buf out;

    mf__past_init(&past);
    mf__journal_init(&journal, true, &past);
    make(&made, 1, "a", "[\"x\\n\"]");
    MF_CHECK_INT(mf__journal_add(&journal, made.call, mf_slice_of_cstr("{\n\t\"ok\":\r\n[1,\n\"\\n\"]}")), 0);
    mf_buf_init(&out, 4096);
    MF_CHECK_INT(mf__journal_write(&journal, 1, &out), 0);
    MF_CHECK(mf__json_text_is_line(mf_buf_peek(&out)));
    MF_CHECK_TEXT(mf_buf_peek(&out),
                  ",\"journal\":[{\"n\":1,\"namespace\":\"t\",\"name\":\"a\",\"args\":[\"x\\n\"],  "
                  "\"ok\":  [1, \"\\n\"]}]");
    mf_buf_done(&out);
    mf__tool_calls_done(&made.calls);
    mf__journal_done(&journal);
}

int main(void)
{
    MF_RUN(answers_as_they_were);
    MF_RUN(what_is_no_past);
    MF_RUN(one_line);
    return 0;
}
