#include "options.h"

#include <stdio.h>

static const char usage[] =
    "mayfly " MF_VERSION ": runs code on a mayflyd, each time in a V8 isolate of its own.\n"
    "\n"
    "usage: mayfly run FILE [options]     FILE ends in .ts, .mts, .js or .mjs; - reads TypeScript from "
    "standard input\n"
    "       mayfly secret put NAME [FILE] [options]     the value from standard input, or from FILE\n"
    "       mayfly secret list | mayfly secret delete NAME\n"
    "       mayfly outbound put NAME [FILE]              the policy from standard input, or from FILE\n"
    "       mayfly outbound list | mayfly outbound get NAME | mayfly outbound delete NAME\n"
    "       mayfly outbound explain NAME --request METHOD URL [--header 'N: v']\n"
    "       mayfly token create NAME --scope SCOPE... [--expires SECONDS]    its key goes to standard "
    "output\n"
    "       mayfly token list | mayfly token rotate ID [--overlap SECONDS] | mayfly token revoke ID\n"
    "       mayfly tenant put NAME [--quota QUOTA=N...]\n"
    "       mayfly tenant list | mayfly tenant get NAME | mayfly tenant delete NAME\n"
    "       mayfly fs COMMAND ...         files in workspaces; mayfly fs --help has the commands\n"
    "       mayfly runs list [--worker NAME] [--outcome NAME] [--since TIME] [--limit N] | mayfly runs get "
    "ID\n"
    "       mayfly tail [--worker NAME] [--outcome NAME] [--search TEXT]    what runs come to, until Ctrl-C\n"
    "       mayfly health                 what /healthz says\n"
    "       mayfly version\n"
    "\n"
    "  --env K=V             a variable of the worker's env; may be given again\n"
    "  --request METHOD URL  the request that the worker's fetch handler gets\n"
    "  --header 'N: v'       a header of that request; may be given again\n"
    "  --data TEXT|@FILE     its body; without --request the method is then POST\n"
    "  --cpu-ms N            CPU time that the run may use\n"
    "  --wall-ms N           time from start to end that it may take\n"
    "  --memory-mb N         memory that it may use\n"
    "  --json                print the whole envelope: response, logs, exceptions, usage\n"
    "  --kind KIND           of a secret: plain, bearer, basic, header, query, oauth2_client_credentials, "
    "aws_sigv4 or hmac;\n"
    "                        without it the input is the whole secret as JSON\n"
    "  --host HOST           where it may be sent: api.example.com, *.example.com, HOST:PORT; may be given "
    "again\n"
    "  --set FIELD=TEXT      what stands beside the value: username=me; may be given again\n"
    "  --allow-http          it may be sent in cleartext\n"
    "  --scope SCOPE         what a token may: run, workers, usage, ...; may be given again\n"
    "  --expires SECONDS     how long a token holds; for ever without it\n"
    "  --overlap SECONDS     how long the key before holds beside the new one: a day without it\n"
    "  --quota QUOTA=N       of a tenant: concurrentRuns=20; may be given again\n"
    "  --worker NAME         runs of this worker only\n"
    "  --outcome NAME        runs that ended so: ok, exception, exceededCpu, ..., or failed\n"
    "  --search TEXT         runs that say this in a log, an exception or their URL\n"
    "  --since TIME          runs that ended then or later: 2026-11-27T05:00:00Z\n"
    "  --limit N             so many runs; 100 without it\n"
    "  --tenant NAME         for an admin: act for this tenant\n"
    "  --token-file FILE     the access token; $MAYFLY_TOKEN without it\n"
    "  --url URL             the daemon: http://127.0.0.1:8787 (the default, or $MAYFLY_URL), or unix:PATH\n"
    "  --cacert FILE         the certificate authority of an https daemon\n"
    "\n"
    "The body of the worker's response goes to standard output; its logs and exceptions go to standard "
    "error.\n"
    "\n"
    "exit status: 0 ok, 1 the code threw, 2 wrong usage, 3 no daemon or it refused the call,\n"
    "             4 exceededCpu, 5 exceededMemory, 6 exceededWallTime, 7 anything else\n";

const char *mf_cli_usage(void)
{
    return usage;
}

/* The arguments that are left to read. */
struct args {
    char **next;
    char **end;
    const char *inline_value; /* Of --name=value, else NULL. */
};

int mf_cli_refuse(char *why, const char *format, ...)
{
    va_list list;

    va_start(list, format);
    (void)vsnprintf(why, MF_CLI_WHY_BYTES_MAX, format, list);
    va_end(list);
    return MF_E_INVALID;
}

static int take_value(struct args *args, const char *name, const char **ret_value, char *why)
{
    if (args->inline_value != NULL) {
        *ret_value = args->inline_value;
        args->inline_value = NULL;
        return 0;
    }
    if (args->next == args->end) {
        return mf_cli_refuse(why, "%s wants a value", name);
    }
    *ret_value = *args->next++;
    return 0;
}

static int take_number(struct args *args, const char *name, uint64_t max, uint64_t *ret_value, char *why)
{
    const char *text;
    uint64_t value;
    int rc = take_value(args, name, &text, why);

    if (rc < 0) {
        return rc;
    }
    if (mf_slice_parse_u64(mf_slice_of_cstr(text), max, &value) < 0 || value == 0) {
        return mf_cli_refuse(why, "%s wants a whole number from 1 to %llu, not \"%.100s\"", name,
                             (unsigned long long)max, text);
    }
    *ret_value = value;
    return 0;
}

/* "K=V" or "Name: value": |separator| after at least one character. */
static int
take_pair(struct args *args, const char *name, char separator, const char **list, size_t *count, char *why)
{
    const char *text;
    const char *at;
    int rc = take_value(args, name, &text, why);

    if (rc < 0) {
        return rc;
    }
    at = strchr(text, separator);
    if (at == NULL || at == text) {
        return mf_cli_refuse(why, "%s wants %s, not \"%.100s\"", name,
                             separator == '=' ? "K=V" : "'Name: value'", text);
    }
    list[(*count)++] = text;
    return 0;
}

static int take_request(struct args *args, struct mf_cli_options *options, char *why)
{
    if (args->inline_value != NULL || args->end - args->next < 2) {
        return mf_cli_refuse(why, "--request wants a method and a URL");
    }
    options->method = *args->next++;
    options->target = *args->next++;
    return 0;
}

static int take_run_option(struct args *args, const char *name, struct mf_cli_options *options, char *why)
{
    if (strcmp(name, "--env") == 0) {
        return take_pair(args, name, '=', options->env, &options->env_count, why);
    }
    if (strcmp(name, "--header") == 0) {
        return take_pair(args, name, ':', options->headers, &options->headers_count, why);
    }
    if (strcmp(name, "--request") == 0) {
        return take_request(args, options, why);
    }
    if (strcmp(name, "--data") == 0) {
        return take_value(args, name, &options->data, why);
    }
    if (strcmp(name, "--cpu-ms") == 0) {
        return take_number(args, name, MF_RUN_CPU_MS_MAX, &options->cpu_ms, why);
    }
    if (strcmp(name, "--wall-ms") == 0) {
        return take_number(args, name, MF_RUN_WALL_MS_MAX, &options->wall_ms, why);
    }
    if (strcmp(name, "--memory-mb") == 0) {
        return take_number(args, name, MF_RUN_MEMORY_MB_MAX, &options->memory_mb, why);
    }
    return mf_cli_refuse(why, "unknown option %.100s", name);
}

static int take_secret_option(struct args *args, const char *name, struct mf_cli_options *options, char *why)
{
    if (strcmp(name, "--kind") == 0) {
        return take_value(args, name, &options->kind, why);
    }
    if (strcmp(name, "--host") == 0) {
        return take_value(args, name, &options->hosts[options->hosts_count++], why);
    }
    if (strcmp(name, "--set") == 0) {
        return take_pair(args, name, '=', options->sets, &options->sets_count, why);
    }
    if (strcmp(name, "--allow-http") == 0) {
        options->is_http_allowed = true;
        return 0;
    }
    return mf_cli_refuse(why, "unknown option %.100s", name);
}

static bool is_tenancy(enum mf_cli_command command)
{
    return command == MF_CLI_TOKEN_CREATE || command == MF_CLI_TOKEN_LIST || command == MF_CLI_TOKEN_ROTATE ||
           command == MF_CLI_TOKEN_REVOKE || command == MF_CLI_TENANT_PUT || command == MF_CLI_TENANT_GET ||
           command == MF_CLI_TENANT_LIST || command == MF_CLI_TENANT_DELETE;
}

static int take_tenancy_option(struct args *args, const char *name, struct mf_cli_options *options, char *why)
{
    enum mf_cli_command command = options->command;
    int rc;

    if (command == MF_CLI_TOKEN_CREATE && strcmp(name, "--scope") == 0) {
        return take_value(args, name, &options->scopes[options->scopes_count++], why);
    }
    if (command == MF_CLI_TOKEN_CREATE && strcmp(name, "--expires") == 0) {
        return take_number(args, name, MF_TOKEN_LIFE_S_MAX, &options->expires_s, why);
    }
    if (command == MF_CLI_TOKEN_ROTATE && strcmp(name, "--overlap") == 0) {
        const char *text;
        options->has_overlap = true;
        rc = take_value(args, name, &text, why);
        if (rc == 0 &&
            mf_slice_parse_u64(mf_slice_of_cstr(text), MF_TOKEN_OVERLAP_S_MAX, &options->overlap_s) < 0) {
            return mf_cli_refuse(why, "--overlap wants a whole number from 0 to %d, not \"%.100s\"",
                                 MF_TOKEN_OVERLAP_S_MAX, text);
        }
        return rc;
    }
    if (command == MF_CLI_TENANT_PUT && strcmp(name, "--quota") == 0) {
        return take_pair(args, name, '=', options->quotas, &options->quotas_count, why);
    }
    return mf_cli_refuse(why, "unknown option %.100s", name);
}

static bool is_about_runs(enum mf_cli_command command)
{
    return command == MF_CLI_RUNS_LIST || command == MF_CLI_RUNS_GET || command == MF_CLI_TAIL;
}

static int take_runs_option(struct args *args, const char *name, struct mf_cli_options *options, char *why)
{
    bool is_list = options->command == MF_CLI_RUNS_LIST;
    bool is_tail = options->command == MF_CLI_TAIL;

    if ((is_list || is_tail) && strcmp(name, "--worker") == 0) {
        return take_value(args, name, &options->worker, why);
    }
    if ((is_list || is_tail) && strcmp(name, "--outcome") == 0) {
        return take_value(args, name, &options->outcome, why);
    }
    if (is_tail && strcmp(name, "--search") == 0) {
        return take_value(args, name, &options->search, why);
    }
    if (is_list && strcmp(name, "--since") == 0) {
        return take_value(args, name, &options->since, why);
    }
    if (is_list && strcmp(name, "--limit") == 0) {
        return take_number(args, name, MF_TRACE_PAGE_MAX, &options->limit, why);
    }
    return mf_cli_refuse(why, "unknown option %.100s", name);
}

static bool can_be_json(enum mf_cli_command command)
{
    return is_tenancy(command) || is_about_runs(command) || command == MF_CLI_RUN ||
           command == MF_CLI_SECRET_LIST || command == MF_CLI_OUTBOUND_LIST ||
           command == MF_CLI_OUTBOUND_GET || command == MF_CLI_OUTBOUND_EXPLAIN;
}

static int take_option(struct args *args, const char *name, struct mf_cli_options *options, char *why)
{
    enum mf_cli_command command = options->command;

    if (strcmp(name, "--url") == 0) {
        return take_value(args, name, &options->url, why);
    }
    if (strcmp(name, "--cacert") == 0) {
        return take_value(args, name, &options->ca_path, why);
    }
    if (strcmp(name, "--token-file") == 0) {
        return take_value(args, name, &options->token_file, why);
    }
    if (strcmp(name, "--tenant") == 0) {
        return take_value(args, name, &options->tenant, why);
    }
    if (strcmp(name, "--json") == 0 && can_be_json(command)) {
        options->is_json = true;
        return 0;
    }
    if (command == MF_CLI_OUTBOUND_EXPLAIN && strcmp(name, "--request") == 0) {
        return take_request(args, options, why);
    }
    if (command == MF_CLI_OUTBOUND_EXPLAIN && strcmp(name, "--header") == 0) {
        return take_pair(args, name, ':', options->headers, &options->headers_count, why);
    }
    if (command == MF_CLI_RUN) {
        return take_run_option(args, name, options, why);
    }
    if (command == MF_CLI_SECRET_PUT) {
        return take_secret_option(args, name, options, why);
    }
    if (is_about_runs(command)) {
        return take_runs_option(args, name, options, why);
    }
    if (is_tenancy(command)) {
        return take_tenancy_option(args, name, options, why);
    }
    return mf_cli_refuse(why, "unknown option %.100s", name);
}

static int read_command(const char *word, enum mf_cli_command *ret_command)
{
    static const struct {
        const char *word;
        enum mf_cli_command command;
    } words[] = {
        {"run", MF_CLI_RUN},   {"health", MF_CLI_HEALTH},     {"version", MF_CLI_VERSION},
        {"help", MF_CLI_HELP}, {"--version", MF_CLI_VERSION}, {"--help", MF_CLI_HELP},
        {"-h", MF_CLI_HELP},   {"tail", MF_CLI_TAIL},
    };

    for (size_t i = 0; i < MF_COUNT_OF(words); i++) {
        if (strcmp(words[i].word, word) == 0) {
            *ret_command = words[i].command;
            return 0;
        }
    }
    return MF_E_INVALID;
}

/* A word of two: "secret put". */
static int read_subcommand(const char *word, const char *second, enum mf_cli_command *ret_command)
{
    static const struct {
        const char *word;
        const char *second;
        enum mf_cli_command command;
    } words[] = {
        {"secret", "put", MF_CLI_SECRET_PUT},
        {"secret", "list", MF_CLI_SECRET_LIST},
        {"secret", "delete", MF_CLI_SECRET_DELETE},
        {"outbound", "put", MF_CLI_OUTBOUND_PUT},
        {"outbound", "get", MF_CLI_OUTBOUND_GET},
        {"outbound", "list", MF_CLI_OUTBOUND_LIST},
        {"outbound", "delete", MF_CLI_OUTBOUND_DELETE},
        {"outbound", "explain", MF_CLI_OUTBOUND_EXPLAIN},
        {"token", "create", MF_CLI_TOKEN_CREATE},
        {"token", "list", MF_CLI_TOKEN_LIST},
        {"token", "rotate", MF_CLI_TOKEN_ROTATE},
        {"token", "revoke", MF_CLI_TOKEN_REVOKE},
        {"tenant", "put", MF_CLI_TENANT_PUT},
        {"tenant", "get", MF_CLI_TENANT_GET},
        {"tenant", "list", MF_CLI_TENANT_LIST},
        {"tenant", "delete", MF_CLI_TENANT_DELETE},
        {"runs", "list", MF_CLI_RUNS_LIST},
        {"runs", "get", MF_CLI_RUNS_GET},
    };

    for (size_t i = 0; i < MF_COUNT_OF(words); i++) {
        if (strcmp(words[i].word, word) == 0 && strcmp(words[i].second, second) == 0) {
            *ret_command = words[i].command;
            return 0;
        }
    }
    return MF_E_INVALID;
}

/* The commands on one stored thing. */
static bool has_name(enum mf_cli_command command)
{
    return command == MF_CLI_SECRET_PUT || command == MF_CLI_SECRET_DELETE ||
           command == MF_CLI_OUTBOUND_PUT || command == MF_CLI_OUTBOUND_GET ||
           command == MF_CLI_OUTBOUND_DELETE || command == MF_CLI_OUTBOUND_EXPLAIN ||
           command == MF_CLI_RUNS_GET ||
           (is_tenancy(command) && command != MF_CLI_TOKEN_LIST && command != MF_CLI_TENANT_LIST);
}

/* One argument that is no value of an option. */
static int take_operand(const char *text, struct mf_cli_options *options, char *why)
{
    bool has_file = options->command == MF_CLI_RUN || options->command == MF_CLI_SECRET_PUT ||
                    options->command == MF_CLI_OUTBOUND_PUT;

    if (has_name(options->command) && options->name == NULL) {
        options->name = text;
    } else if (has_file && options->file == NULL) {
        options->file = text;
    } else {
        return mf_cli_refuse(why, "unexpected argument \"%.100s\"", text);
    }
    return 0;
}

static int take_argument(struct args *args, struct mf_cli_options *options, char *why)
{
    char name[64];
    char *text = *args->next++;
    const char *equals = strchr(text, '=');
    size_t size = equals == NULL ? strlen(text) : (size_t)(equals - text);
    int rc;

    if (text[0] != '-' || text[1] == '\0') {
        return take_operand(text, options, why);
    }
    if (strcmp(text, "--help") == 0 || strcmp(text, "-h") == 0) {
        options->command = MF_CLI_HELP;
        return 0;
    }
    if (size >= sizeof name) {
        return mf_cli_refuse(why, "unknown option %.100s", text);
    }
    memcpy(name, text, size);
    name[size] = '\0';
    args->inline_value = equals == NULL ? NULL : equals + 1;
    rc = take_option(args, name, options, why);
    if (rc == 0 && args->inline_value != NULL) {
        return mf_cli_refuse(why, "%s takes no value", name);
    }
    return rc;
}

/* How many words of argv were the command; MF_E_INVALID. */
static int take_command(int argc, char **argv, struct mf_cli_options *options, char *why)
{
    if (argc < 2) {
        return mf_cli_refuse(why, "a command is missing");
    }
    if (read_command(argv[1], &options->command) == 0) {
        return 1;
    }
    if (argc >= 3 && read_subcommand(argv[1], argv[2], &options->command) == 0) {
        return 2;
    }
    if (strcmp(argv[1], "token") == 0) {
        return mf_cli_refuse(why, "token wants create, list, rotate or revoke");
    }
    if (strcmp(argv[1], "tenant") == 0) {
        return mf_cli_refuse(why, "tenant wants put, get, list or delete");
    }
    if (strcmp(argv[1], "runs") == 0) {
        return mf_cli_refuse(why, "runs wants list or get");
    }
    if (strcmp(argv[1], "outbound") == 0) {
        return mf_cli_refuse(why, "outbound wants put, get, list, delete or explain");
    }
    return strcmp(argv[1], "secret") == 0 ? mf_cli_refuse(why, "secret wants put, list or delete")
                                          : mf_cli_refuse(why, "unknown command \"%.100s\"", argv[1]);
}

static int check_whole(const struct mf_cli_options *options, char *why)
{
    if (options->command == MF_CLI_RUN && options->file == NULL) {
        return mf_cli_refuse(why, "run wants a file");
    }
    if (has_name(options->command) && options->name == NULL) {
        return mf_cli_refuse(why, "the command wants a name");
    }
    if (options->command == MF_CLI_TOKEN_CREATE && options->scopes_count == 0) {
        return mf_cli_refuse(why, "token create wants at least one --scope");
    }
    if (options->command == MF_CLI_OUTBOUND_EXPLAIN && options->target == NULL) {
        return mf_cli_refuse(why, "outbound explain wants --request METHOD URL");
    }
    if (options->kind == NULL &&
        (options->hosts_count > 0 || options->sets_count > 0 || options->is_http_allowed)) {
        return mf_cli_refuse(
            why, "--host, --set and --allow-http want --kind; without it the input is all of the secret");
    }
    return 0;
}

int mf_cli_options_read(int argc,
                        char **argv,
                        const char *default_url,
                        struct mf_cli_options *ret_options,
                        char *ret_why)
{
    struct mf_cli_options options = {.url = default_url == NULL ? "http://127.0.0.1:8787" : default_url};
    int rc = take_command(argc, argv, &options, ret_why);
    struct args args = {argv + 1 + (rc > 0 ? rc : 0), argv + argc, NULL};

    if (rc < 0) {
        return rc;
    }
    rc = 0;
    options.env = mf_new((size_t)argc * sizeof *options.env);
    options.headers = mf_new((size_t)argc * sizeof *options.headers);
    options.sets = mf_new((size_t)argc * sizeof *options.sets);
    options.hosts = mf_new((size_t)argc * sizeof *options.hosts);
    options.scopes = mf_new((size_t)argc * sizeof *options.scopes);
    options.quotas = mf_new((size_t)argc * sizeof *options.quotas);
    while (rc == 0 && options.command != MF_CLI_HELP && args.next < args.end) {
        rc = take_argument(&args, &options, ret_why);
    }
    if (rc == 0 && options.command != MF_CLI_HELP) {
        rc = check_whole(&options, ret_why);
    }
    if (rc < 0) {
        mf_cli_options_done(&options);
        return rc;
    }
    *ret_options = options;
    return 0;
}

void mf_cli_options_done(struct mf_cli_options *options)
{
    mf_free((void *)options->env);
    mf_free((void *)options->headers);
    mf_free((void *)options->sets);
    mf_free((void *)options->hosts);
    mf_free((void *)options->scopes);
    mf_free((void *)options->quotas);
    options->env = NULL;
    options->headers = NULL;
    options->sets = NULL;
    options->hosts = NULL;
    options->scopes = NULL;
    options->quotas = NULL;
}
