/* report.h - what the user sees of an answer, and the exit status that it makes. */
#ifndef MAYFLY_CLI_REPORT_H
#define MAYFLY_CLI_REPORT_H

#include <stdio.h>

#include "client.h"

/* docs/cli.md and --help list them. */
enum mf_cli_exit {
    MF_CLI_EXIT_OK = 0,
    MF_CLI_EXIT_EXCEPTION = 1,
    MF_CLI_EXIT_USAGE = 2,
    MF_CLI_EXIT_DAEMON = 3,
    MF_CLI_EXIT_CPU = 4,
    MF_CLI_EXIT_MEMORY = 5,
    MF_CLI_EXIT_WALL = 6,
    MF_CLI_EXIT_OTHER = 7,
};

/* Where it goes. A terminal gets control characters as \x1b: a worker's output must not steer it. */
struct mf_cli_output {
    FILE *out;
    FILE *err;
    bool is_out_terminal;
    bool is_err_terminal;
};

/* An envelope of POST /v1/run, or a problem; |is_json| prints it as it came. */
enum mf_cli_exit
mf_cli_report(const struct mf_cli_answer *answer, bool is_json, const struct mf_cli_output *output);
/* An answer that is no success: the problem's code, sentence and faults. */
enum mf_cli_exit mf_cli_report_refusal(const struct mf_cli_answer *answer,
                                       const struct mf_cli_output *output);
/* "mayfly: first: second" on standard error. */
void mf_cli_say(const struct mf_cli_output *output, const char *first, const char *second);
/* Writes |text| with the controls escaped when |is_terminal|. */
void mf_cli_print(FILE *file, bool is_terminal, struct mf_slice text);

#endif
