#include "check.h"

#include "options.h"

static struct mf_cli_options options;
static char why[MF_CLI_WHY_BYTES_MAX];

#define READ(...) read_line((const char *[]){"mayfly", __VA_ARGS__, NULL})

static int read_line(const char **argv)
{
    int argc = 0;

    while (argv[argc] != NULL) {
        argc++;
    }
    why[0] = '\0';
    return mf_cli_options_read(argc, (char **)(uintptr_t)argv, NULL, &options, why);
}

static void check_refused(int rc, const char *sentence)
{
    MF_CHECK_INT(rc, MF_E_INVALID);
    MF_CHECK_TEXT(mf_slice_of_cstr(why), sentence);
}

static void takes_everything_of_a_run(void)
{
    MF_CHECK_INT(READ("run", "--env", "A=1", "--env=B=x=y", "hello.ts", "--request", "PUT", "http://a/b",
                      "--header", "X-A: v", "--data", "@body", "--json", "--cpu-ms", "50", "--wall-ms=1000",
                      "--memory-mb", "64", "--url", "unix:/tmp/s", "--cacert", "ca.pem"),
                 0);
    MF_CHECK_INT(options.command, MF_CLI_RUN);
    MF_CHECK_TEXT(mf_slice_of_cstr(options.file), "hello.ts");
    MF_CHECK_INT(options.env_count, 2);
    MF_CHECK_TEXT(mf_slice_of_cstr(options.env[1]), "B=x=y");
    MF_CHECK_TEXT(mf_slice_of_cstr(options.method), "PUT");
    MF_CHECK_TEXT(mf_slice_of_cstr(options.target), "http://a/b");
    MF_CHECK_INT(options.headers_count, 1);
    MF_CHECK_TEXT(mf_slice_of_cstr(options.data), "@body");
    MF_CHECK(options.is_json);
    MF_CHECK_INT(options.cpu_ms, 50);
    MF_CHECK_INT(options.wall_ms, 1000);
    MF_CHECK_INT(options.memory_mb, 64);
    MF_CHECK_TEXT(mf_slice_of_cstr(options.url), "unix:/tmp/s");
    MF_CHECK_TEXT(mf_slice_of_cstr(options.ca_path), "ca.pem");
    mf_cli_options_done(&options);
}

static void has_defaults(void)
{
    MF_CHECK_INT(READ("run", "-"), 0);
    MF_CHECK_TEXT(mf_slice_of_cstr(options.url), "http://127.0.0.1:8787");
    MF_CHECK_TEXT(mf_slice_of_cstr(options.file), "-");
    MF_CHECK(options.data == NULL && options.method == NULL && options.target == NULL && !options.is_json);
    MF_CHECK_INT(options.cpu_ms + options.wall_ms + options.memory_mb, 0);
    mf_cli_options_done(&options);
}

static void knows_its_commands(void)
{
    MF_CHECK_INT(READ("health", "--url", "http://x"), 0);
    MF_CHECK_INT(options.command, MF_CLI_HEALTH);
    mf_cli_options_done(&options);
    MF_CHECK_INT(READ("--version"), 0);
    MF_CHECK_INT(options.command, MF_CLI_VERSION);
    mf_cli_options_done(&options);
    MF_CHECK_INT(READ("run", "--help", "--nonsense"), 0);
    MF_CHECK_INT(options.command, MF_CLI_HELP);
    mf_cli_options_done(&options);
}

static void refuses_what_it_does_not_know(void)
{
    check_refused(read_line((const char *[]){"mayfly", NULL}), "a command is missing");
    check_refused(READ("walk"), "unknown command \"walk\"");
    check_refused(READ("run"), "run wants a file");
    check_refused(READ("run", "a.ts", "b.ts"), "unexpected argument \"b.ts\"");
    check_refused(READ("health", "a.ts"), "unexpected argument \"a.ts\"");
    check_refused(READ("health", "--json"), "unknown option --json");
    check_refused(READ("run", "a.ts", "--verbose"), "unknown option --verbose");
    check_refused(READ("run", "a.ts", "--json=yes"), "--json takes no value");
    check_refused(READ("run", "a.ts", "--env"), "--env wants a value");
    check_refused(READ("run", "a.ts", "--env", "A"), "--env wants K=V, not \"A\"");
    check_refused(READ("run", "a.ts", "--env", "=v"), "--env wants K=V, not \"=v\"");
    check_refused(READ("run", "a.ts", "--header", "A"), "--header wants 'Name: value', not \"A\"");
    check_refused(READ("run", "a.ts", "--request", "GET"), "--request wants a method and a URL");
}

static void bounds_its_numbers(void)
{
    check_refused(READ("run", "a.ts", "--cpu-ms", "0"),
                  "--cpu-ms wants a whole number from 1 to 300000, not \"0\"");
    check_refused(READ("run", "a.ts", "--cpu-ms", "300001"),
                  "--cpu-ms wants a whole number from 1 to 300000, not \"300001\"");
    check_refused(READ("run", "a.ts", "--wall-ms", "-1"),
                  "--wall-ms wants a whole number from 1 to 3600000, not \"-1\"");
    check_refused(READ("run", "a.ts", "--memory-mb", "1.5"),
                  "--memory-mb wants a whole number from 1 to 1024, not \"1.5\"");
}

static void takes_everything_of_a_secret(void)
{
    MF_CHECK_INT(READ("secret", "put", "gh", "token.txt", "--kind", "header", "--set", "name=X-Key",
                      "--host=a.com", "--host", "*.b.com", "--allow-http"),
                 0);
    MF_CHECK_INT(options.command, MF_CLI_SECRET_PUT);
    MF_CHECK_TEXT(mf_slice_of_cstr(options.name), "gh");
    MF_CHECK_TEXT(mf_slice_of_cstr(options.file), "token.txt");
    MF_CHECK_TEXT(mf_slice_of_cstr(options.kind), "header");
    MF_CHECK_INT(options.hosts_count, 2);
    MF_CHECK_TEXT(mf_slice_of_cstr(options.hosts[1]), "*.b.com");
    MF_CHECK_INT(options.sets_count, 1);
    MF_CHECK(options.is_http_allowed);
    mf_cli_options_done(&options);
    MF_CHECK_INT(READ("secret", "list", "--json"), 0);
    MF_CHECK(options.command == MF_CLI_SECRET_LIST && options.is_json);
    mf_cli_options_done(&options);
    MF_CHECK_INT(READ("secret", "delete", "gh"), 0);
    MF_CHECK_INT(options.command, MF_CLI_SECRET_DELETE);
    mf_cli_options_done(&options);
    check_refused(READ("secret"), "secret wants put, list or delete");
    check_refused(READ("secret", "get", "gh"), "secret wants put, list or delete");
    check_refused(READ("secret", "put"), "the command wants a name");
    check_refused(READ("secret", "delete"), "the command wants a name");
    check_refused(READ("secret", "list", "gh"), "unexpected argument \"gh\"");
    check_refused(READ("secret", "put", "gh", "file", "value"), "unexpected argument \"value\"");
    check_refused(READ("secret", "put", "gh", "--value", "x"), "unknown option --value");
    check_refused(READ("secret", "put", "gh", "--host", "a.com"),
                  "--host, --set and --allow-http want --kind; without it the input is all of the secret");
    check_refused(READ("run", "a.ts", "--kind", "bearer"), "unknown option --kind");
}

static void takes_everything_of_an_outbound(void)
{
    MF_CHECK_INT(READ("outbound", "put", "gh", "policy.json"), 0);
    MF_CHECK_INT(options.command, MF_CLI_OUTBOUND_PUT);
    MF_CHECK_TEXT(mf_slice_of_cstr(options.file), "policy.json");
    mf_cli_options_done(&options);
    MF_CHECK_INT(
        READ("outbound", "explain", "gh", "--request", "PUT", "https://a/", "--header", "a: b", "--json"), 0);
    MF_CHECK_INT(options.command, MF_CLI_OUTBOUND_EXPLAIN);
    MF_CHECK_TEXT(mf_slice_of_cstr(options.target), "https://a/");
    MF_CHECK(options.headers_count == 1 && options.is_json);
    mf_cli_options_done(&options);
    check_refused(READ("outbound"), "outbound wants put, get, list, delete or explain");
    check_refused(READ("outbound", "make"), "outbound wants put, get, list, delete or explain");
    check_refused(READ("outbound", "get"), "the command wants a name");
    check_refused(READ("outbound", "get", "a", "b"), "unexpected argument \"b\"");
    check_refused(READ("outbound", "explain", "a"), "outbound explain wants --request METHOD URL");
    check_refused(READ("outbound", "put", "a", "--request", "GET", "https://a/"), "unknown option --request");
    check_refused(READ("outbound", "put", "a", "--json"), "unknown option --json");
}

int main(void)
{
    MF_RUN(takes_everything_of_a_run);
    MF_RUN(has_defaults);
    MF_RUN(knows_its_commands);
    MF_RUN(refuses_what_it_does_not_know);
    MF_RUN(bounds_its_numbers);
    MF_RUN(takes_everything_of_a_secret);
    MF_RUN(takes_everything_of_an_outbound);
    return 0;
}
