/* resource.h - what the commands on stored things share: their paths, the call, and what is said when it fails. */
#ifndef MAYFLY_CLI_RESOURCE_H
#define MAYFLY_CLI_RESOURCE_H

#include "json.h"
#include "report.h"

#define MF_CLI_PATH_BYTES_MAX 256

/* "/v1/|collection|/|name||suffix|", or the collection's own when |name| is NULL. MF_E_INVALID with a sentence: a name that
 * could be a path of its own is refused before it is one. */
MF_MUST_CHECK int mf_cli_resource_path(const char *collection,
                                       const char *name,
                                       const char *suffix,
                                       char ret_path[MF_CLI_PATH_BYTES_MAX],
                                       char *ret_why);
/* Prints an answer that is a success: its JSON, whose root is NULL when it had no body, and that as it came. */
typedef void mf_cli_resource_print(const struct mf_cli_options *options,
                                   const struct mf_cli_output *output,
                                   const struct mf_cli_json *json,
                                   struct mf_slice text);
/* The call, and |print| or what went wrong; |body| with data NULL is none. */
MF_MUST_CHECK enum mf_cli_exit mf_cli_resource_call(const struct mf_cli_options *options,
                                                    const struct mf_cli_output *output,
                                                    const char *method,
                                                    const char *path,
                                                    struct mf_slice body,
                                                    mf_cli_resource_print *print);
/* Whether all of standard output could be written. */
enum mf_cli_exit mf_cli_resource_end(const struct mf_cli_output *output);
/* "" and 0 where there is none. */
const char *mf_cli_resource_text(const cJSON *object, const char *name);
int mf_cli_resource_number(const cJSON *object, const char *name);

#endif
