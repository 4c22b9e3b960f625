/* run.h - the commands of mayfly(1). */
#ifndef MAYFLY_CLI_RUN_H
#define MAYFLY_CLI_RUN_H

#include "report.h"

enum mf_cli_exit mf_cli_run(const struct mf_cli_options *options, const struct mf_cli_output *output);
enum mf_cli_exit mf_cli_health(const struct mf_cli_options *options, const struct mf_cli_output *output);

#endif
