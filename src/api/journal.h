/* journal.h - the calls of an execution with their answers: those of an earlier pass (the past), from which calls are answered, and those of
 * this one. Values stay the text that they are. Pure. Source: docs/executions.md */
#ifndef MAYFLY_API_JOURNAL_H
#define MAYFLY_API_JOURNAL_H

#include "tool_call.h"

struct mf__past {
    struct mf_buf text;  /* An array. */
    struct mf_buf calls; /* Of struct past_call, into |text|. */
};

void mf__past_init(struct mf__past *past);
void mf__past_done(struct mf__past *past);
/* [any] Copies |text|, an array that was checked (mf__json_text_check). MF_E_API_FIELD, with a pointer and a sentence; MF_E_NO_MEMORY. */
MF_MUST_CHECK int
mf__past_read(struct mf__past *past, struct mf_slice text, struct mf_buf *ret_param, struct mf_buf *ret_why);

struct mf__journal {
    bool is_on;
    struct mf__past past;
    struct mf_map *entries; /* Of this pass: number to struct mf_buf. */
    size_t bytes;
};

/* Moves |past|. */
void mf__journal_init(struct mf__journal *journal, bool is_on, struct mf__past *past);
void mf__journal_done(struct mf__journal *journal);
/* 1 and the answer's JSON in |ret_answer|: it was made before. 0: it was not. MF_E_EXECUTION_DIVERGED and a sentence: another one was.
 * MF_E_NO_MEMORY. */
MF_MUST_CHECK int mf__journal_replay(const struct mf__journal *journal,
                                     const struct mf__tool_call *call,
                                     struct mf_buf *ret_answer,
                                     struct mf_buf *ret_why);
/* |call| was answered with the JSON object |answer|. MF_E_CALL_TOO_LARGE; MF_E_NO_MEMORY. */
MF_MUST_CHECK int
mf__journal_add(struct mf__journal *journal, const struct mf__tool_call *call, struct mf_slice answer);
/* ,"journal":[...]; nothing when it is off. |made|: the last number. */
MF_MUST_CHECK int mf__journal_write(const struct mf__journal *journal, uint32_t made, struct mf_buf *out);

#endif
