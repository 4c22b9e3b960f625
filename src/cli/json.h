/* json.h - a daemon's JSON answer, in which strings may hold NUL: cJSON cuts those off, so each \u0000 is read as a
 * character that the answer does not have, and put back when the string is used. */
#ifndef MAYFLY_CLI_JSON_H
#define MAYFLY_CLI_JSON_H

#include <cjson/cJSON.h>

#include <mayfly/base.h>

struct mf_cli_json {
    cJSON *root;
    uint8_t nul[3]; /* What stands for NUL; all zero when there is none. */
};

/* MF_E_INVALID when |text| is not one JSON object. */
MF_MUST_CHECK int mf_cli_json_read(struct mf_slice text, struct mf_cli_json *ret_json);
void mf_cli_json_done(struct mf_cli_json *json);
/* The bytes of a string, appended to |out|; anything but a string adds nothing. */
MF_MUST_CHECK int mf_cli_json_append(const struct mf_cli_json *json, const cJSON *string, struct mf_buf *out);

#endif
