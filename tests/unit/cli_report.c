#include "check.h"

#include "report.h"

static char *out_text, *err_text;
static size_t out_size, err_size;

/* Reports |body| as if a daemon had answered it; the texts stay until the next call. */
static enum mf_cli_exit report(int status, bool is_problem, bool is_json, bool is_terminal, const char *body)
{
    struct mf_cli_answer answer = {.status = status, .is_problem = is_problem};
    struct mf_cli_output output = {NULL, NULL, is_terminal, is_terminal};
    enum mf_cli_exit rc;

    free(out_text);
    free(err_text);
    output.out = open_memstream(&out_text, &out_size);
    output.err = open_memstream(&err_text, &err_size);
    MF_CHECK(output.out != NULL && output.err != NULL);
    mf_buf_init(&answer.body, 65536);
    MF_CHECK_INT(mf_buf_append_cstr(&answer.body, body), 0);
    rc = mf_cli_report(&answer, is_json, &output);
    mf_cli_answer_done(&answer);
    MF_CHECK_INT(fclose(output.out) | fclose(output.err), 0);
    return rc;
}

static void check_texts(const char *out, const char *err)
{
    MF_CHECK_TEXT(mf_slice_of(out_text, out_size), out);
    MF_CHECK_TEXT(mf_slice_of(err_text, err_size), err);
}

static void splits_body_and_logs(void)
{
    MF_CHECK_INT(
        report(200, false, false, false,
               "{\"outcome\":\"ok\",\"response\":{\"status\":200,\"headers\":[],\"body\":\"h\\u00e9\"},"
               "\"logs\":[{\"level\":\"log\",\"message\":\"one\"},{\"level\":\"error\",\"message\":\"two\"}],"
               "\"exceptions\":[],\"logsDropped\":3}"),
        MF_CLI_EXIT_OK);
    check_texts("h\xc3\xa9", "one\ntwo\nmayfly: 3 log lines are missing here: past the limit\n");
}

static void has_an_exit_status_for_each_outcome(void)
{
    static const struct {
        const char *outcome;
        enum mf_cli_exit status;
    } rows[] = {{"ok", 0},
                {"exception", 1},
                {"exceededCpu", 4},
                {"exceededMemory", 5},
                {"exceededWallTime", 6},
                {"canceled", 7},
                {"internalError", 7},
                {"somethingNew", 7}};

    for (size_t i = 0; i < MF_COUNT_OF(rows); i++) {
        char body[256];
        (void)snprintf(body, sizeof body,
                       "{\"outcome\":\"%s\",\"error\":{\"code\":\"c\",\"message\":\"m\"},\"response\":null}",
                       rows[i].outcome);
        MF_CHECK_INT(report(200, false, false, false, body), rows[i].status);
        MF_CHECK((strstr(err_text, ": m\n") != NULL) == (i != 0));
        MF_CHECK_INT(report(200, false, true, false, body), rows[i].status);
        check_texts(body, "");
    }
}

static void shows_exceptions_with_their_place(void)
{
    MF_CHECK_INT(
        report(
            200, false, false, false,
            "{\"outcome\":\"exception\",\"error\":{\"code\":\"script.exception\",\"message\":\"boom\"},"
            "\"exceptions\":[{\"name\":\"Error\",\"message\":\"boom\",\"stack\":\"Error: boom\\n    at "
            "a.ts:3:9\","
            "\"module\":\"a.ts\",\"line\":3,\"column\":9},"
            "{\"name\":\"SyntaxError\",\"message\":\"bad\",\"module\":\"b.ts\",\"line\":1,\"column\":2}]}"),
        MF_CLI_EXIT_EXCEPTION);
    check_texts("", "Error: boom\n    at a.ts:3:9\nSyntaxError: bad\n    at b.ts:1:2\nmayfly: exception: "
                    "script.exception\n");
}

static void shows_problems(void)
{
    MF_CHECK_INT(report(400, true, false, false,
                        "{\"code\":\"api.field\",\"title\":\"A field.\",\"detail\":\"It is "
                        "wrong.\",\"param\":\"/limits/cpuMs\"}"),
                 MF_CLI_EXIT_DAEMON);
    check_texts("", "mayfly: api.field: It is wrong.\nmayfly: in: /limits/cpuMs\n");
    MF_CHECK_INT(
        report(502, true, false, false,
               "{\"code\":\"executor.lost\",\"title\":\"It died.\",\"logs\":[{\"message\":\"last words\"}]}"),
        MF_CLI_EXIT_DAEMON);
    check_texts("", "last words\nmayfly: executor.lost: It died.\n");
}

static void refuses_what_is_no_daemon(void)
{
    MF_CHECK_INT(report(200, false, false, false, "<html>"), MF_CLI_EXIT_DAEMON);
    check_texts("", "mayfly: this is not the answer of a mayflyd: HTTP 200, and no JSON\n");
    MF_CHECK_INT(report(200, false, true, false, ""), MF_CLI_EXIT_DAEMON);
    MF_CHECK_INT(report(200, false, false, false, "[1]"), MF_CLI_EXIT_DAEMON);
    MF_CHECK_INT(report(500, false, false, false, "{\"outcome\":\"ok\"}"), MF_CLI_EXIT_DAEMON);
    MF_CHECK_INT(report(200, false, false, false, "{\"outcome\":\"ok\",\"response\":{\"bodyBase64\":\"?\"}}"),
                 MF_CLI_EXIT_OTHER);
}

static void keeps_every_byte_of_a_body(void)
{
    MF_CHECK_INT(
        report(200, false, false, false, "{\"outcome\":\"ok\",\"response\":{\"bodyBase64\":\"AP8A\"}}"), 0);
    MF_CHECK(out_size == 3 && memcmp(out_text, "\0\xff\0", 3) == 0);
    /* An escaped backslash before u0000 is text; the first noncharacters are taken, as bytes and as an escape. */
    MF_CHECK_INT(
        report(
            200, false, false, false,
            "{\"outcome\":\"ok\",\"response\":{\"body\":\"a\\u0000\\\\u0000\xef\xb7\x90\\ufdd1\\u0000\"}}"),
        0);
    MF_CHECK_INT(out_size, 15);
    MF_CHECK(memcmp(out_text, "a\0\\u0000\xef\xb7\x90\xef\xb7\x91\0", 15) == 0);
}

static void does_not_let_a_worker_steer_a_terminal(void)
{
    const char *body = "{\"outcome\":\"ok\",\"response\":{\"body\":\"a\\u001b[2Jb\\r\\nc\\rd\\u009be\"},"
                       "\"logs\":[{\"message\":\"\\u001b]0;title\\u0007\\tx\"}]}";

    MF_CHECK_INT(report(200, false, false, true, body), 0);
    check_texts("a\\x1b[2Jb\r\nc\\x0dd\\x9be", "\\x1b]0;title\\x07\tx\n");
    MF_CHECK_INT(report(200, false, false, false, body), 0);
    check_texts("a\x1b[2Jb\r\nc\rd\xc2\x9b"
                "e",
                "\x1b]0;title\x07\tx\n");
}

int main(void)
{
    MF_RUN(splits_body_and_logs);
    MF_RUN(has_an_exit_status_for_each_outcome);
    MF_RUN(shows_exceptions_with_their_place);
    MF_RUN(shows_problems);
    MF_RUN(refuses_what_is_no_daemon);
    MF_RUN(keeps_every_byte_of_a_body);
    MF_RUN(does_not_let_a_worker_steer_a_terminal);
    free(out_text);
    free(err_text);
    return 0;
}
