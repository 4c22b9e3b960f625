/* mayfly/regex.h - regular expressions over lines of text, in time that grows with the text and not faster.
 *
 * Use:      mf_regex_new, mf_regex_find as often as needed, mf_regex_free.
 * Threads:  [any] one at a time for each expression.
 * Owns:     the expression and the text stay the caller's; nothing of them is kept.
 * Limits:   MF_REGEX_*. Expressions come from models and are hostile, texts are too. RE2 follows all ways at once, so a search costs at
 *           most the bytes of the text times the instructions of the expression; of both there is a maximum, so each call ends in
 *           bounded time.
 * Fails:    MF_E_WORKSPACE_PATTERN and a sentence: what is wrong or not supported, and at which character.
 * Not here: files, pages, what a match means (src/workspace/grep.c). JavaScript's own RegExp, which runs in the isolate.
 */
#ifndef MAYFLY_REGEX_H
#define MAYFLY_REGEX_H

#include <mayfly/base.h>

#ifdef __cplusplus
extern "C" {
#endif

struct mf_regex;

struct mf_regex_options {
    bool is_literal; /* The text itself, no expression. */
    bool ignores_case;
    bool is_word; /* No letter, digit or "_" of Unicode's on either side. */
};

/* |pattern|: UTF-8. As JavaScript has it (docs/workspaces.md says what is missing), on lines: "^" and "$" are where one begins and ends, a "\r" at
 * its end is no part of it, and nothing matches a newline. */
MF_MUST_CHECK int mf_regex_new(struct mf_slice pattern,
                               const struct mf_regex_options *options,
                               MF_OWN struct mf_regex **ret_regex,
                               struct mf_buf *ret_why);
void mf_regex_free(MF_OWN struct mf_regex *regex); /* NULL is fine. */

/* The longest text of one call. */
size_t mf_regex_text_bytes_max(const struct mf_regex *regex);

/* Where the first match in |text| begins; below 0: there is none. |text| begins and ends where lines do. What is no UTF-8 does not
 * match. */
int64_t mf_regex_find(const struct mf_regex *regex, struct mf_slice text);

#ifdef __cplusplus
}
#endif

#endif
