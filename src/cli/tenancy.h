/* tenancy.h - mayfly token create, list, rotate, revoke; mayfly tenant put, get, list, delete. */
#ifndef MAYFLY_CLI_TENANCY_H
#define MAYFLY_CLI_TENANCY_H

#include "report.h"

enum mf_cli_exit mf_cli_tenancy(const struct mf_cli_options *options, const struct mf_cli_output *output);
/* The body that the command sends: of token create, token rotate and tenant put; else it stays empty. MF_E_INVALID with a sentence. */
MF_MUST_CHECK int
mf_cli_tenancy_write(const struct mf_cli_options *options, struct mf_buf *out, char *ret_why);

#endif
