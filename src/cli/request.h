/* request.h - the JSON form of POST /v1/run, made from the command line and the files that it names. */
#ifndef MAYFLY_CLI_REQUEST_H
#define MAYFLY_CLI_REQUEST_H

#include "options.h"

/* Reads a whole file, "-" being standard input. Below zero with a sentence in |ret_why|. */
MF_MUST_CHECK int mf_cli_file_read(const char *path, struct mf_buf *ret_bytes, char *ret_why);
/* Writes the call's body to |out|. |code| is what options->file holds; |data| is the request's body when
 * options->data is given. MF_E_INVALID with a sentence in |ret_why|. */
MF_MUST_CHECK int mf_cli_request_write(const struct mf_cli_options *options,
                                       struct mf_slice code,
                                       struct mf_slice data,
                                       struct mf_buf *out,
                                       char *ret_why);

#endif
