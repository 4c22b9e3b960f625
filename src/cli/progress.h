/* progress.h - how far a transfer has come: a bar on a terminal, nothing elsewhere. */
#ifndef MAYFLY_CLI_PROGRESS_H
#define MAYFLY_CLI_PROGRESS_H

#include "report.h"

struct mf_cli_progress {
    const struct mf_cli_output *output; /* NULL: nothing is shown. */
    uint64_t begin_ns;
    uint64_t shown_ns;
    uint64_t bytes;
    uint64_t bytes_total; /* 0: nobody knows. */
    uint64_t files;
    uint64_t files_total; /* 0: it is one file. */
    bool is_shown;
};

void mf_cli_progress_begin(struct mf_cli_progress *progress,
                           const struct mf_cli_output *output,
                           uint64_t bytes_total,
                           uint64_t files_total);
/* Draws it anew, ten times a second at most. */
void mf_cli_progress_add(struct mf_cli_progress *progress, uint64_t bytes, uint64_t files);
/* The bar goes, so that a line may be printed. */
void mf_cli_progress_clear(struct mf_cli_progress *progress);
/* "12.3 MiB" into |ret_text| (MF_CLI_SIZE_TEXT_BYTES). */
#define MF_CLI_SIZE_TEXT_BYTES 32
void mf_cli_size_text(uint64_t bytes, char *ret_text);

#endif
