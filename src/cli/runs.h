/* runs.h - mayfly runs and mayfly tail: what became of runs, so far and from now on. */
#ifndef MAYFLY_CLI_RUNS_H
#define MAYFLY_CLI_RUNS_H

#include <cjson/cJSON.h>

#include "report.h"

enum mf_cli_exit mf_cli_runs(const struct mf_cli_options *options, const struct mf_cli_output *output);
/* Until SIGINT or SIGTERM: MF_CLI_EXIT_OK. */
enum mf_cli_exit mf_cli_tail(const struct mf_cli_options *options, const struct mf_cli_output *output);

/* "?worker=..." and what else |options| ask for; MF_E_TOO_LARGE. */
MF_MUST_CHECK int mf_cli_runs_query(const struct mf_cli_options *options, struct mf_buf *out);
/* One run as lines: |run| is a record or a trace item. */
void mf_cli_runs_print(const struct mf_cli_output *output, const cJSON *run);

#endif
