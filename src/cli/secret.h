/* secret.h - mayfly secret put, list, delete. A value comes from a file or standard input, never from an argument: those are
 * everybody's to read. */
#ifndef MAYFLY_CLI_SECRET_H
#define MAYFLY_CLI_SECRET_H

#include "report.h"

enum mf_cli_exit mf_cli_secret(const struct mf_cli_options *options, const struct mf_cli_output *output);
/* The body of a PUT from the options and the |value|; without a kind the value is the body. MF_E_INVALID with a sentence. */
MF_MUST_CHECK int mf_cli_secret_write(const struct mf_cli_options *options,
                                      struct mf_slice value,
                                      struct mf_buf *out,
                                      char *ret_why);

#endif
