/* syntax.h - what an expression may have, and what RE2 calls it. */
#ifndef MAYFLY_REGEX_SYNTAX_H
#define MAYFLY_REGEX_SYNTAX_H

#include <mayfly/regex.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Appends |pattern| in RE2's syntax to |out|. MF_E_WORKSPACE_PATTERN and a sentence in |ret_why|. */
MF_MUST_CHECK int mf__regex_translate(struct mf_slice pattern, struct mf_buf *out, struct mf_buf *ret_why);

/* Which character of the pattern stands at byte |at|, from 1. */
size_t mf__regex_character(struct mf_slice pattern, size_t at);

#ifdef __cplusplus
}
#endif

#endif
