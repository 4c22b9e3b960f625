/* mayfly: the command-line client of a mayflyd. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "outbound.h"
#include "run.h"
#include "secret.h"

int main(int argc, char **argv)
{
    char why[MF_CLI_WHY_BYTES_MAX];
    struct mf_cli_output output = {stdout, stderr, isatty(STDOUT_FILENO) == 1, isatty(STDERR_FILENO) == 1};
    struct mf_cli_options options;
    enum mf_cli_exit status = MF_CLI_EXIT_OK;

    if (mf_cli_options_read(argc, argv, getenv("MAYFLY_URL"), &options, why) < 0) {
        (void)fprintf(stderr, "mayfly: %s; mayfly --help says more\n", why);
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
    }
    mf_cli_options_done(&options);
    return (int)status;
}
