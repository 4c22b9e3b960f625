/* url.h - the URL of a request, read again on the daemon's side: exactly what the URL Standard's serialiser would write,
 * or refused. Pure.
 *
 * The isolate has parsed it already, but an executor is not believed. So nothing is repaired here: a default port that is
 * written out, a dot segment, a backslash, a space, a byte that is not ASCII, userinfo, a fragment or a host in another
 * spelling cannot come from an honest runtime.
 *
 * Sources: https://url.spec.whatwg.org/#url-serializing, https://fetch.spec.whatwg.org/#fetch-method (no credentials). */
#ifndef MAYFLY_OUTBOUND_URL_H
#define MAYFLY_OUTBOUND_URL_H

#include "host.h"

struct mf__url {
    bool is_https; /* Else http. */
    struct mf__host host;
    uint16_t port; /* The scheme's own when none is written. */
    bool is_default_port;
    struct mf_slice path;  /* From "/" on, not decoded; points into the text. */
    struct mf_slice query; /* From "?" on, or empty. */
};

/* MF_E_OUTBOUND_URL. At most MF_OUTBOUND_URL_BYTES_MAX bytes. */
MF_MUST_CHECK int mf__url_parse(struct mf_slice text, struct mf__url *ret_url);
/* A path, or the prefix of one, as it may stand in such a URL. */
bool mf__url_path_is_valid(struct mf_slice path);
/* The inverse; appends. */
MF_MUST_CHECK int mf__url_write(const struct mf__url *url, struct mf_buf *out);

/* What |location| of a redirect means at |base|, as text for mf__url_parse: relative references are resolved, bytes that no
 * URL may have are percent-encoded, a fragment is dropped. A host is taken as it stands, in lower case: what mf__url_parse
 * refuses in a request it refuses in a redirect. MF_E_OUTBOUND_URL, MF_E_TOO_LARGE, MF_E_NO_MEMORY. */
MF_MUST_CHECK int
mf__url_resolve(const struct mf__url *base, struct mf_slice location, struct mf_buf *ret_text);

/* Same scheme, host and port: what a credential is bound to. */
bool mf__url_same_origin(const struct mf__url *a, const struct mf__url *b);

#endif
