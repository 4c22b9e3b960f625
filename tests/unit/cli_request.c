#include "check.h"

#include "request.h"

static char why[MF_CLI_WHY_BYTES_MAX];

/* What the call's body is; the caller frees it with mf_buf_done. */
static int write_call(const struct mf_cli_options *options,
                      struct mf_slice code,
                      struct mf_slice data,
                      struct mf_buf *out)
{
    mf_buf_init(out, 65536);
    return mf_cli_request_write(options, code, data, out, why);
}

static void
check_call(const struct mf_cli_options *options, const char *code, struct mf_slice data, const char *expected)
{
    struct mf_buf out;

    MF_CHECK_INT(write_call(options, mf_slice_of_cstr(code), data, &out), 0);
    MF_CHECK_TEXT(mf_buf_peek(&out), expected);
    mf_buf_done(&out);
}

static const struct mf_slice no_data = {NULL, 0};

static void names_the_module_after_the_file(void)
{
    static const struct {
        const char *file, *name, *kind;
    } rows[] = {{"hello.ts", "hello.ts", "ts"},
                {"/a/b.c/x.mts", "x.mts", "ts"},
                {"dir/\"q\".js", "\\\"q\\\".js", "js"},
                {"./m.mjs", "m.mjs", "js"},
                {"-", "main.ts", "ts"}};

    for (size_t i = 0; i < MF_COUNT_OF(rows); i++) {
        struct mf_cli_options options = {.command = MF_CLI_RUN, .file = rows[i].file};
        char expected[512];
        (void)snprintf(expected, sizeof expected,
                       "{\"code\":{\"compatibilityDate\":\"2026-09-01\",\"mainModule\":\"%s\",\"modules\":"
                       "{\"%s\":{\"%s\":\"a\\n\\\"b\\\"\"}},\"env\":{}},\"request\":{\"method\":\"GET\"},"
                       "\"limits\":{}}",
                       rows[i].name, rows[i].name, rows[i].kind);
        check_call(&options, "a\n\"b\"", no_data, expected);
    }
}

static void carries_env_request_and_limits(void)
{
    const char *env[] = {"A=1", "AB=x=y", "A=2"};
    const char *headers[] = {"X-A:  v ", "x-a:w"};
    struct mf_cli_options options = {.command = MF_CLI_RUN,
                                     .file = "a.js",
                                     .env = env,
                                     .env_count = 3,
                                     .headers = headers,
                                     .headers_count = 2,
                                     .target = "http://t/?q",
                                     .data = "d",
                                     .cpu_ms = 5,
                                     .memory_mb = 64};

    check_call(
        &options, "c", mf_slice_of_cstr("d\x01"),
        "{\"code\":{\"compatibilityDate\":\"2026-09-01\",\"mainModule\":\"a.js\",\"modules\":{\"a.js\":"
        "{\"js\":\"c\"}},\"env\":{\"AB\":\"x=y\",\"A\":\"2\"}},\"request\":{\"method\":\"POST\",\"url\":"
        "\"http://t/?q\",\"headers\":[[\"X-A\",\"v\"],[\"x-a\",\"w\"]],\"body\":\"d\\u0001\"},"
        "\"limits\":{\"cpuMs\":5,\"memoryMb\":64}}");
}

static void sends_bytes_as_base64(void)
{
    struct mf_cli_options options = {.command = MF_CLI_RUN, .file = "a.js", .method = "PUT", .data = "@x"};
    struct mf_buf out;

    MF_CHECK_INT(write_call(&options, mf_slice_of_cstr("c"), mf_slice_of("\xff\x00", 2), &out), 0);
    MF_CHECK(strstr((char *)out.data, "{\"method\":\"PUT\",\"bodyBase64\":\"/wA=\"}") != NULL);
    mf_buf_done(&out);
    MF_CHECK_INT(write_call(&options, mf_slice_of_cstr("c"), mf_slice_of("a\0b", 3), &out), 0);
    MF_CHECK(strstr((char *)out.data, "\"bodyBase64\":\"YQBi\"") != NULL);
    mf_buf_done(&out);
}

static void refuses_what_is_no_module(void)
{
    struct mf_cli_options options = {.command = MF_CLI_RUN, .file = "a.py"};
    struct mf_buf out;

    MF_CHECK_INT(write_call(&options, mf_slice_of_cstr("c"), no_data, &out), MF_E_INVALID);
    MF_CHECK_TEXT(mf_slice_of_cstr(why), "a.py does not end in .ts, .mts, .js or .mjs");
    mf_buf_done(&out);
    options.file = "a.ts";
    MF_CHECK_INT(write_call(&options, mf_slice_of("a\0b", 3), no_data, &out), MF_E_INVALID);
    MF_CHECK_TEXT(mf_slice_of_cstr(why), "a.ts is not UTF-8 text");
    mf_buf_done(&out);
    MF_CHECK_INT(write_call(&options, mf_slice_of_cstr("\xc3("), no_data, &out), MF_E_INVALID);
    mf_buf_done(&out);
}

static void says_when_the_call_is_too_large(void)
{
    struct mf_cli_options options = {.command = MF_CLI_RUN, .file = "a.ts"};
    struct mf_buf out;

    mf_buf_init(&out, 100);
    MF_CHECK_INT(mf_cli_request_write(&options, mf_slice_of_cstr("0123456789012345678901234567890123456789"),
                                      no_data, &out, why),
                 MF_E_TOO_LARGE);
    MF_CHECK_TEXT(mf_slice_of_cstr(why), "the call is larger than 100 bytes");
    mf_buf_done(&out);
}

static void reads_files(void)
{
    char path[] = "/tmp/mayfly-cli-XXXXXX";
    FILE *file;
    struct mf_buf bytes;
    int fd = mkstemp(path);

    MF_CHECK(fd >= 0);
    file = fdopen(fd, "wb");
    MF_CHECK(file != NULL);
    for (int i = 0; i < 100000; i++) {
        MF_CHECK(fputc(i & 0xff, file) != EOF);
    }
    MF_CHECK_INT(fclose(file), 0);
    mf_buf_init(&bytes, 100000);
    MF_CHECK_INT(mf_cli_file_read(path, &bytes, why), 0);
    MF_CHECK_INT(bytes.size, 100000);
    MF_CHECK_INT(bytes.data[70001], 70001 & 0xff);
    mf_buf_done(&bytes);
    mf_buf_init(&bytes, 99999);
    MF_CHECK_INT(mf_cli_file_read(path, &bytes, why), MF_E_TOO_LARGE);
    mf_buf_done(&bytes);
    MF_CHECK_INT(remove(path), 0);
    mf_buf_init(&bytes, 10);
    MF_CHECK_INT(mf_cli_file_read(path, &bytes, why), MF_E_INVALID);
    MF_CHECK_INT(mf_cli_file_read("/tmp", &bytes, why), MF_E_INVALID);
    mf_buf_done(&bytes);
}

int main(void)
{
    MF_RUN(names_the_module_after_the_file);
    MF_RUN(carries_env_request_and_limits);
    MF_RUN(sends_bytes_as_base64);
    MF_RUN(refuses_what_is_no_module);
    MF_RUN(says_when_the_call_is_too_large);
    MF_RUN(reads_files);
    return 0;
}
