/* outbound.h - mayfly outbound put, get, list, delete, explain: the policies of what fetch() may reach. */
#ifndef MAYFLY_CLI_OUTBOUND_H
#define MAYFLY_CLI_OUTBOUND_H

#include "report.h"

enum mf_cli_exit mf_cli_outbound(const struct mf_cli_options *options, const struct mf_cli_output *output);

#endif
