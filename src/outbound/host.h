/* host.h - the host of a URL, in the one spelling that may reach the wire: a name of lower case labels, or an address as
 * the URL Standard writes it. Pure.
 *
 * Every other spelling of the same host (2852039166, 0x7f.1, 127.1, 0177.0.0.1, localhost., [::0001], %31, full-width
 * dots) is refused, not repaired: two parsers that repair differently are how a checked host and a called host part ways.
 *
 * Sources: https://url.spec.whatwg.org/#concept-host-serializer, #ends-in-a-number-checker;
 *          https://www.rfc-editor.org/rfc/rfc1123 section 2.1 (63 and 253 bytes). */
#ifndef MAYFLY_OUTBOUND_HOST_H
#define MAYFLY_OUTBOUND_HOST_H

#include <mayfly/base.h>

#define MF__HOST_BYTES_MAX 253 /* A name's; "[", an IPv6 address and "]" are shorter. */

enum mf__host_kind { MF__HOST_NAME, MF__HOST_V4, MF__HOST_V6 };

struct mf__host {
    enum mf__host_kind kind;
    uint8_t address[16];               /* V4: the first four, network order. V6: all. */
    size_t size;                       /* Of |text|. */
    char text[MF__HOST_BYTES_MAX + 1]; /* "api.example.com", "192.0.2.1", "[2001:db8::1]". */
};

/* The host of a serialised URL. MF_E_INVALID for anything but the one spelling. */
MF_MUST_CHECK int mf__host_parse(struct mf_slice text, struct mf__host *ret_host);

/* As an operator writes it in a policy: capitals and international names (IDNA 2008, TR46 non-transitional) become what
 * the wire has, IPv6 may lack its brackets and be spelt in any way of RFC 4291. IPv4 may not. MF_E_INVALID, MF_E_NO_MEMORY. */
MF_MUST_CHECK int mf__host_parse_written(struct mf_slice text, struct mf__host *ret_host);

bool mf__host_equal(const struct mf__host *a, const struct mf__host *b);

#endif
