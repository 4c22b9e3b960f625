#include "options.h"

#include <stdio.h>

static const char usage[] =
    "mayfly " MF_VERSION ": runs code on a mayflyd, each time in a V8 isolate of its own.\n"
    "\n"
    "usage: mayfly run FILE [options]     FILE ends in .ts, .mts, .js or .mjs; - reads TypeScript from "
    "standard input\n"
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

static int refuse(char *why, const char *format, ...) MF_PRINTF(2, 3);

static int refuse(char *why, const char *format, ...)
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
        return refuse(why, "%s wants a value", name);
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
        return refuse(why, "%s wants a whole number from 1 to %llu, not \"%.100s\"", name,
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
        return refuse(why, "%s wants %s, not \"%.100s\"", name, separator == '=' ? "K=V" : "'Name: value'",
                      text);
    }
    list[(*count)++] = text;
    return 0;
}

static int take_request(struct args *args, struct mf_cli_options *options, char *why)
{
    if (args->inline_value != NULL || args->end - args->next < 2) {
        return refuse(why, "--request wants a method and a URL");
    }
    options->method = *args->next++;
    options->target = *args->next++;
    return 0;
}

static int take_option(struct args *args, const char *name, struct mf_cli_options *options, char *why)
{
    if (strcmp(name, "--url") == 0) {
        return take_value(args, name, &options->url, why);
    }
    if (strcmp(name, "--cacert") == 0) {
        return take_value(args, name, &options->ca_path, why);
    }
    if (options->command == MF_CLI_RUN) {
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
        if (strcmp(name, "--json") == 0) {
            options->is_json = true;
            return 0;
        }
    }
    return refuse(why, "unknown option %.100s", name);
}

static int read_command(const char *word, enum mf_cli_command *ret_command)
{
    static const struct {
        const char *word;
        enum mf_cli_command command;
    } words[] = {
        {"run", MF_CLI_RUN},   {"health", MF_CLI_HEALTH},     {"version", MF_CLI_VERSION},
        {"help", MF_CLI_HELP}, {"--version", MF_CLI_VERSION}, {"--help", MF_CLI_HELP},
        {"-h", MF_CLI_HELP},
    };

    for (size_t i = 0; i < MF_COUNT_OF(words); i++) {
        if (strcmp(words[i].word, word) == 0) {
            *ret_command = words[i].command;
            return 0;
        }
    }
    return MF_E_INVALID;
}

/* One argument that is no value of an option. */
static int take_operand(const char *text, struct mf_cli_options *options, char *why)
{
    if (options->command != MF_CLI_RUN || options->file != NULL) {
        return refuse(why, "unexpected argument \"%.100s\"", text);
    }
    options->file = text;
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
        return refuse(why, "unknown option %.100s", text);
    }
    memcpy(name, text, size);
    name[size] = '\0';
    args->inline_value = equals == NULL ? NULL : equals + 1;
    rc = take_option(args, name, options, why);
    if (rc == 0 && args->inline_value != NULL) {
        return refuse(why, "%s takes no value", name);
    }
    return rc;
}

int mf_cli_options_read(int argc,
                        char **argv,
                        const char *default_url,
                        struct mf_cli_options *ret_options,
                        char *ret_why)
{
    struct args args = {argv + 2, argv + argc, NULL};
    struct mf_cli_options options = {.url = default_url == NULL ? "http://127.0.0.1:8787" : default_url};
    int rc = 0;

    if (argc < 2 || read_command(argv[1], &options.command) < 0) {
        return refuse(ret_why, argc < 2 ? "a command is missing" : "unknown command \"%.100s\"",
                      argc < 2 ? "" : argv[1]);
    }
    options.env = mf_new((size_t)argc * sizeof *options.env);
    options.headers = mf_new((size_t)argc * sizeof *options.headers);
    while (rc == 0 && options.command != MF_CLI_HELP && args.next < args.end) {
        rc = take_argument(&args, &options, ret_why);
    }
    if (rc == 0 && options.command == MF_CLI_RUN && options.file == NULL) {
        rc = refuse(ret_why, "run wants a file");
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
    options->env = NULL;
    options->headers = NULL;
}
