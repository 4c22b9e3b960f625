/* mayfly: the command-line client of a mayflyd. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "fs.h"
#include "outbound.h"
#include "run.h"
#include "client.h"
#include "runs.h"
#include "secret.h"
#include "tenancy.h"

int main(int argc, char **argv)
{
    char why[MF_CLI_WHY_BYTES_MAX];
    struct mf_cli_output output = {stdout, stderr, isatty(STDOUT_FILENO) == 1, isatty(STDERR_FILENO) == 1};
    struct mf_cli_options options;
    enum mf_cli_exit status = MF_CLI_EXIT_OK;

    if (argc > 1 && strcmp(argv[1], "fs") == 0) {
        return (int)mf_cli_fs(argc - 1, argv + 1, getenv("MAYFLY_URL"), getenv("MAYFLY_TOKEN"), &output);
    }
    if (mf_cli_options_read(argc, argv, getenv("MAYFLY_URL"), &options, why) < 0) {
        (void)fprintf(stderr, "mayfly: %s; mayfly --help says more\n", why);
        return MF_CLI_EXIT_USAGE;
    }
    if (mf_cli_authorize(options.token_file, getenv("MAYFLY_TOKEN"), options.tenant, why) < 0) {
        (void)fprintf(stderr, "mayfly: %s\n", why);
        mf_cli_options_done(&options);
        return MF_CLI_EXIT_USAGE;
    }
    switch (options.command) {
    case MF_CLI_HELP:
        (void)fputs(mf_cli_usage(), stdout);
        break;
    case MF_CLI_VERSION:
        (void)puts("mayfly " MF_VERSION);
        break;
    case MF_CLI_HEALTH:
        status = mf_cli_health(&options, &output);
        break;
    case MF_CLI_RUN:
        status = mf_cli_run(&options, &output);
        break;
    case MF_CLI_SECRET_PUT:
    case MF_CLI_SECRET_LIST:
    case MF_CLI_SECRET_DELETE:
        status = mf_cli_secret(&options, &output);
        break;
    case MF_CLI_OUTBOUND_PUT:
    case MF_CLI_OUTBOUND_GET:
    case MF_CLI_OUTBOUND_LIST:
    case MF_CLI_OUTBOUND_DELETE:
    case MF_CLI_OUTBOUND_EXPLAIN:
        status = mf_cli_outbound(&options, &output);
        break;
    case MF_CLI_TOKEN_CREATE:
    case MF_CLI_TOKEN_LIST:
    case MF_CLI_TOKEN_ROTATE:
    case MF_CLI_TOKEN_REVOKE:
    case MF_CLI_TENANT_PUT:
    case MF_CLI_TENANT_GET:
    case MF_CLI_TENANT_LIST:
    case MF_CLI_TENANT_DELETE:
        status = mf_cli_tenancy(&options, &output);
        break;
    case MF_CLI_RUNS_LIST:
    case MF_CLI_RUNS_GET:
        status = mf_cli_runs(&options, &output);
        break;
    case MF_CLI_TAIL:
        status = mf_cli_tail(&options, &output);
        break;
    }
    mf_cli_forget();
    mf_cli_options_done(&options);
    return (int)status;
}
