/* remote.h - a workspace as mayfly fs speaks of it: NAME:/path. */
#ifndef MAYFLY_CLI_REMOTE_H
#define MAYFLY_CLI_REMOTE_H

#include "progress.h"
#include "resource.h"
#include "session.h"

struct mf_cli_place {
    char name[MF_STORE_NAME_BYTES_MAX + 1];
    const char *path; /* "/" when nothing stood behind the colon. */
};

/* True: |text| is NAME:PATH. A path of this machine with a colon in its first name is "./a:b". */
MF_MUST_CHECK bool mf_cli_place_read(const char *text, struct mf_cli_place *ret_place);

struct mf_cli_remote {
    struct mf_cli_session *session;
    const struct mf_cli_output *output;
    struct mf_cli_progress progress;
};

/* "/v1/workspaces/NAME|what|" and the path: as names in the URL when |what| ends in a slash, else as "?path=". */
MF_MUST_CHECK int mf_cli_remote_url(struct mf_buf *out, const struct mf_cli_place *place, const char *what);
MF_MUST_CHECK int mf_cli_append_encoded(struct mf_buf *out, struct mf_slice text, bool keeps_slashes);

/* All below say what went wrong. */

/* Sends |request|, whose path is |url|, and reads the JSON that answers; |ret_json| is always to be _done. */
MF_MUST_CHECK enum mf_cli_exit mf_cli_remote_send(struct mf_cli_remote *remote,
                                                  struct mf_cli_request *request,
                                                  const struct mf_buf *url,
                                                  struct mf_cli_json *ret_json);
MF_MUST_CHECK enum mf_cli_exit mf_cli_remote_json(struct mf_cli_remote *remote,
                                                  const char *method,
                                                  const struct mf_buf *url,
                                                  struct mf_slice body,
                                                  struct mf_cli_json *ret_json);
/* What is at |place|. There may be nothing: then |ret_is_missing|. */
MF_MUST_CHECK enum mf_cli_exit mf_cli_remote_stat(struct mf_cli_remote *remote,
                                                  const struct mf_cli_place *place,
                                                  bool *ret_is_missing,
                                                  struct mf_cli_json *ret_json);
/* Each entry of a directory, or of all below it; a callback below zero ends it. */
MF_MUST_CHECK enum mf_cli_exit mf_cli_remote_each(struct mf_cli_remote *remote,
                                                  const struct mf_cli_place *place,
                                                  bool is_recursive,
                                                  int (*on_entry)(void *user, const cJSON *entry),
                                                  void *user);

#endif
