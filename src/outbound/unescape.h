/* unescape.h - what stands at the beginning of some bytes, read as a URL or as JSON: an escape or a byte. Pure.
 * Sources: https://url.spec.whatwg.org/#percent-decode, #application/x-www-form-urlencoded;
 *          https://www.rfc-editor.org/rfc/rfc8259 section 7; ECMA-262's \x41 and \' besides. */
#ifndef MAYFLY_OUTBOUND_UNESCAPE_H
#define MAYFLY_OUTBOUND_UNESCAPE_H

#include <mayfly/base.h>

#define UNESCAPE_UNITS_MAX 4 /* Decoded bytes of one escape. */
#define UNESCAPE_BYTES_MAX 6 /* Bytes for one decoded byte: \u0041. */

/* |text| is not empty. How many bytes of it are read, and the decoded ones in |units|; 0: more are needed to tell
 * (never when |is_last|). What is no whole escape is the byte that it is. */
typedef size_t unescape_fn(struct mf_slice text, bool is_last, uint8_t *units, size_t *ret_count);

size_t mf__unescape_percent(struct mf_slice text, bool is_last, uint8_t *units, size_t *ret_count);
/* And "+" is a blank. */
size_t mf__unescape_form(struct mf_slice text, bool is_last, uint8_t *units, size_t *ret_count);
/* As UTF-8; a surrogate without its other half is no escape. */
size_t mf__unescape_json(struct mf_slice text, bool is_last, uint8_t *units, size_t *ret_count);

#endif
