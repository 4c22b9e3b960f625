/* headers.h - a guest's request headers, made fit for the wire: what is not a header is refused, what is the daemon's to
 * say is left out. Pure.
 *
 * Left out in silence, as every fetch() in a server does with the headers of the request that it hands on: Host,
 * Content-Length, Transfer-Encoding, Connection and every header that it names, Keep-Alive, Proxy-*, TE, Trailer, Upgrade,
 * Expect, HTTP2-Settings. No two of them can then disagree, which is what request smuggling lives on.
 * Sources: https://www.rfc-editor.org/rfc/rfc9110 sections 5.5, 7.6.1; rfc9112 section 6. */
#ifndef MAYFLY_OUTBOUND_HEADERS_H
#define MAYFLY_OUTBOUND_HEADERS_H

#include <mayfly/base.h>
#include <mayfly/http.h>

/* |headers| (name NUL value NUL, repeated) to |out|, names in lower case, in their order. *ret_dropped (may be NULL) counts
 * those that were left out. MF_E_OUTBOUND_HEADERS: a name or value that HTTP does not have (CR, LF, NUL, controls, no
 * token), or more than MF_HEADERS_COUNT_MAX or MF_HTTP_HEADER_BYTES_MAX. */
MF_MUST_CHECK int mf__headers_clean(struct mf_slice headers, struct mf_buf *out, size_t *ret_dropped);

/* True for a header that only the daemon may send; |name| in any case. */
bool mf__headers_is_daemons(struct mf_slice name);

/* A token that is no method of a tunnel or of a loop (CONNECT, TRACE, TRACK in any case), at most
 * MF_OUTBOUND_METHOD_BYTES_MAX bytes. */
bool mf__method_is_valid(struct mf_slice method);

#endif
