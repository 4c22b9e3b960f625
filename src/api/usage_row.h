/* usage_row.h - a row of usage as it is written, for whoever asks and for whoever is told. Pure. */
#ifndef MAYFLY_API_USAGE_ROW_H
#define MAYFLY_API_USAGE_ROW_H

#include <mayfly/store.h>

#define MF__USAGE_DATE_BYTES 11
#define MF__USAGE_ROW_BYTES_MAX 1024 /* About 800 of them are used, with the longest of names. */
#define MF__USAGE_NUMBERS_COUNT 11

/* "2026-11-26" */
void mf__usage_write_date(uint64_t day, char ret_text[MF__USAGE_DATE_BYTES]);
/* In the order in which they are written; a row of CSV is the same numbers. */
extern const char *const mf__usage_number_names[MF__USAGE_NUMBERS_COUNT];
MF_MUST_CHECK int mf__usage_append_number(struct mf_buf *out, const struct mf_store_usage *row, size_t index);
/* "invocations":1,... all of them, without a comma at the end. */
MF_MUST_CHECK int mf__usage_append_numbers(struct mf_buf *out, const struct mf_store_usage *row);

#endif
