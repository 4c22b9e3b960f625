/* json_text.h - JSON that is handed on as text: checked to the letter, never made into a tree. Pure.
 * Source: RFC 8259. Ill-formed UTF-8 is refused; a lone surrogate as an escape is not. */
#ifndef MAYFLY_API_JSON_TEXT_H
#define MAYFLY_API_JSON_TEXT_H

#include <mayfly/base.h>

/* 0 when |text| is one JSON value with blanks around it, nested at most MF_JSON_TEXT_DEPTH_MAX deep; *ret_value (may be NULL) is
 * without the blanks. MF_E_API_JSON. */
MF_MUST_CHECK int mf__json_text_check(struct mf_slice text, struct mf_slice *ret_value);

/* No line ends in it: between its values it could have some. */
bool mf__json_text_is_line(struct mf_slice text);

/* Walks the members of an object that was checked: *cursor starts at 0. 1 and a member, key and value as they stand in the text
 * (the key without its quotes, escapes as they are); 0 at the end or when it is no object. */
int mf__json_text_next(struct mf_slice object,
                       size_t *cursor,
                       struct mf_slice *ret_key,
                       struct mf_slice *ret_value);
/* The same for the values of an array. */
int mf__json_text_item(struct mf_slice array, size_t *cursor, struct mf_slice *ret_value);

#endif
