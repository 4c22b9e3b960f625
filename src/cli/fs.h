/* fs.h - mayfly fs: files in workspaces, from a shell. */
#ifndef MAYFLY_CLI_FS_H
#define MAYFLY_CLI_FS_H

#include "report.h"

/* |argv| begins with "fs". |url| and |token|, of the environment, may be NULL. */
enum mf_cli_exit
mf_cli_fs(int argc, char **argv, const char *url, const char *token, const struct mf_cli_output *output);

#endif
