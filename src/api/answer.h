/* answer.h - what a client answers a call with. Pure. Source: docs/executions.md */
#ifndef MAYFLY_API_ANSWER_H
#define MAYFLY_API_ANSWER_H

#include <mayfly/base.h>

/* [any] {"ok": value}, {"error": {"message": ...}} or {"control": "pause"}; blanks around it are taken off. MF_E_API_JSON, MF_E_API_FIELD
 * and a sentence. */
MF_MUST_CHECK int mf__answer_check(struct mf_buf *answer, bool *ret_is_pause, struct mf_buf *ret_why);
/* |error| is JSON that was checked: an object whose message is a string. */
bool mf__answer_is_error(struct mf_slice error);

#endif
