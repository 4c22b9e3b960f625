/* request.h - the request that the worker is to answer: JSON to parts of a bundle and a body. Pure. */
#ifndef MAYFLY_API_REQUEST_H
#define MAYFLY_API_REQUEST_H

#include <cjson/cJSON.h>

#include <mayfly/base.h>

/* |request| may be NULL: GET http://worker.local/. MF_E_API_FIELD. */
MF_MUST_CHECK int mf__request_read(struct mf_buf *bundle,
                                   struct mf_buf *body,
                                   bool *ret_has_body,
                                   const cJSON *request,
                                   struct mf_buf *ret_param,
                                   struct mf_buf *ret_why);
/* GET http://worker.local/ with |query| behind a question mark when there is one. */
MF_MUST_CHECK int mf__request_default(struct mf_buf *bundle, struct mf_slice query);

/* One that is there already. |headers|: name NUL value NUL, repeated. */
MF_MUST_CHECK int mf__request_parts(struct mf_buf *bundle,
                                    struct mf_slice method,
                                    struct mf_slice url,
                                    struct mf_slice headers);

#endif
