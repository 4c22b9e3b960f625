/* usage_row.c - see usage_row.h. */
#include "usage_row.h"

#include <stdio.h>
#include <time.h>

#define SECONDS_PER_HOUR 3600
#define SECONDS_PER_DAY 86400

const char *const mf__usage_number_names[MF__USAGE_NUMBERS_COUNT] = {
    "invocations", "uniqueWorkers", "cpuMs",       "wallMs",    "hostWaitMs",      "memoryPeakBytes",
    "bytesIn",     "bytesOut",      "subrequests", "toolCalls", "storageByteHours"};

void mf__usage_write_date(uint64_t day, char ret_text[MF__USAGE_DATE_BYTES])
{
    time_t seconds = (time_t)(day * SECONDS_PER_DAY);
    struct tm utc;

    if (gmtime_r(&seconds, &utc) == NULL || strftime(ret_text, MF__USAGE_DATE_BYTES, "%Y-%m-%d", &utc) == 0) {
        (void)snprintf(ret_text, MF__USAGE_DATE_BYTES, "unknown"); /* A year of five digits. */
    }
}

static int append_ms(struct mf_buf *out, uint64_t ns)
{
    return mf_buf_printf(out, "%llu.%06llu", (unsigned long long)(ns / MF_NS_PER_MS),
                         (unsigned long long)(ns % MF_NS_PER_MS));
}

static int append_hours(struct mf_buf *out, uint64_t seconds)
{
    return mf_buf_printf(out, "%llu.%06llu", (unsigned long long)(seconds / SECONDS_PER_HOUR),
                         (unsigned long long)(seconds % SECONDS_PER_HOUR * 1000000 / SECONDS_PER_HOUR));
}

int mf__usage_append_number(struct mf_buf *out, const struct mf_store_usage *row, size_t index)
{
    const uint64_t numbers[] = {row->runs,     row->uniques,      row->cpu_ns,
                                row->wall_ns,  row->host_wait_ns, row->memory_peak_bytes,
                                row->bytes_in, row->bytes_out,    row->subrequests,
                                row->calls};
    bool is_time = index >= 2 && index <= 4;

    return index == MF_COUNT_OF(numbers) ? append_hours(out, row->storage_byte_s)
           : is_time                     ? append_ms(out, numbers[index])
                                         : mf_buf_printf(out, "%llu", (unsigned long long)numbers[index]);
}

int mf__usage_append_numbers(struct mf_buf *out, const struct mf_store_usage *row)
{
    int rc = 0;

    for (size_t i = 0; rc == 0 && i < MF__USAGE_NUMBERS_COUNT; i++) {
        rc = mf_buf_printf(out, "%s\"%s\":", i > 0 ? "," : "", mf__usage_number_names[i]);
        rc = rc < 0 ? rc : mf__usage_append_number(out, row, i);
    }
    return rc;
}
