/* record.c - see internal.h: one record of usage as bytes. */
#include "internal.h"

#include <zlib.h>

#define RECORD_VERSION 1
#define HEAD_BYTES 8
#define NUMBERS_BYTES (4 + 7 * 8 + 2 * 4 + 3)
#define RECORD_BYTES_MAX (NUMBERS_BYTES + 2 * MF_STORE_NAME_BYTES_MAX + MF_LEDGER_HASH_BYTES_MAX)

/* ---- numbers ----------------------------------------------------------------------------------------- */

static uint8_t *put(uint8_t *at, uint64_t value, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++) {
        *at++ = (uint8_t)(value >> (8 * i));
    }
    return at;
}

static uint64_t get(const uint8_t **at, size_t bytes)
{
    uint64_t value = 0;

    for (size_t i = 0; i < bytes; i++) {
        value |= (uint64_t) * (*at)++ << (8 * i);
    }
    return value;
}

static uint32_t sum_of(const uint8_t *bytes, size_t size)
{
    return (uint32_t)crc32(0, bytes, (unsigned)size); /* At most RECORD_BYTES_MAX. */
}

/* ---- to bytes ------------------------------------------------------------------------------------------ */

static uint8_t *put_numbers(uint8_t *at, const struct mf_ledger_run *run)
{
    const uint64_t numbers[] = {run->began_unix_ms,     run->cpu_ns,   run->wall_ns,  run->host_wait_ns,
                                run->memory_peak_bytes, run->bytes_in, run->bytes_out};

    at = put(at, RECORD_VERSION, 2);
    at = put(at, run->is_more, 2);
    for (size_t i = 0; i < MF_COUNT_OF(numbers); i++) {
        at = put(at, numbers[i], 8);
    }
    at = put(at, run->subrequests, 4);
    return put(at, run->calls, 4);
}

int mf__ledger_encode(struct mf_buf *out, const struct mf_ledger_run *run)
{
    const struct mf_slice texts[] = {run->tenant, run->worker, run->hash};
    uint8_t bytes[HEAD_BYTES + RECORD_BYTES_MAX];
    uint8_t *at = put_numbers(bytes + HEAD_BYTES, run);

    MF_ASSERT(run->tenant.size <= MF_STORE_NAME_BYTES_MAX && run->worker.size <= MF_STORE_NAME_BYTES_MAX &&
              run->hash.size <= MF_LEDGER_HASH_BYTES_MAX);
    for (size_t i = 0; i < MF_COUNT_OF(texts); i++) {
        at = put(at, texts[i].size, 1);
    }
    for (size_t i = 0; i < MF_COUNT_OF(texts); i++) {
        if (texts[i].size > 0) {
            memcpy(at, texts[i].data, texts[i].size);
            at += texts[i].size;
        }
    }
    size_t size = (size_t)(at - bytes) - HEAD_BYTES;
    (void)put(put(bytes, size, 4), sum_of(bytes + HEAD_BYTES, size), 4);
    return mf_buf_append(out, bytes, HEAD_BYTES + size);
}

/* ---- from bytes ------------------------------------------------------------------------------------------ */

static int read_texts(const uint8_t *at, const uint8_t *end, struct mf_ledger_run *run)
{
    struct mf_slice *const texts[] = {&run->tenant, &run->worker, &run->hash};
    const uint8_t *sizes = at;

    at += MF_COUNT_OF(texts);
    for (size_t i = 0; i < MF_COUNT_OF(texts); i++) {
        if (sizes[i] > end - at) {
            return MF_E_STORE_FILE;
        }
        *texts[i] = mf_slice_of(at, sizes[i]);
        at += sizes[i];
    }
    return at == end && run->tenant.size <= MF_STORE_NAME_BYTES_MAX &&
                   run->worker.size <= MF_STORE_NAME_BYTES_MAX && run->hash.size <= MF_LEDGER_HASH_BYTES_MAX
               ? 0
               : MF_E_STORE_FILE;
}

int mf__ledger_decode(struct mf_slice bytes, struct mf_ledger_run *ret_run)
{
    struct mf_ledger_run run = {0};
    uint64_t *const numbers[] = {&run.began_unix_ms,     &run.cpu_ns,   &run.wall_ns,  &run.host_wait_ns,
                                 &run.memory_peak_bytes, &run.bytes_in, &run.bytes_out};
    const uint8_t *at = bytes.data;

    if (bytes.size < HEAD_BYTES) {
        return 0;
    }
    size_t size = (size_t)get(&at, 4);
    uint32_t sum = (uint32_t)get(&at, 4);
    if (size < NUMBERS_BYTES || size > RECORD_BYTES_MAX) {
        return MF_E_STORE_FILE;
    }
    if (bytes.size - HEAD_BYTES < size) {
        return 0;
    }
    const uint8_t *end = at + size;
    if (sum_of(at, size) != sum || get(&at, 2) != RECORD_VERSION) {
        return MF_E_STORE_FILE;
    }
    run.is_more = get(&at, 2) != 0;
    for (size_t i = 0; i < MF_COUNT_OF(numbers); i++) {
        *numbers[i] = get(&at, 8);
    }
    run.subrequests = (uint32_t)get(&at, 4);
    run.calls = (uint32_t)get(&at, 4);
    if (read_texts(at, end, &run) < 0) {
        return MF_E_STORE_FILE;
    }
    *ret_run = run;
    return (int)(HEAD_BYTES + size);
}
