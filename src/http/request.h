/* request.h - what a complete head must satisfy before anyone acts on it. */
#ifndef MAYFLY_HTTP_REQUEST_H
#define MAYFLY_HTTP_REQUEST_H

#include <mayfly/http.h>

/* Fills path, query, expects_continue, has_body and body_bytes from method, target, headers and minor. */
MF_MUST_CHECK int mf__request_check(struct mf_http_request *request, uint64_t body_bytes_max);

#endif
