/* tar_write.c - entries to an archive: ustar, and pax headers for what has no room there. */
#include <stdio.h>

#include <mayfly/tar.h>

#define NAME_BYTES 100
#define PREFIX_BYTES 155
#define SIZE_MAX_OCTAL                                                                                       \
    UINT64_C(0777777777777) /* Eleven digits have 0777777777777 at most; the twelfth place is a NUL. */

static bool is_plain(struct mf_slice text)
{
    for (size_t i = 0; i < text.size; i++) {
        if (text.data[i] >= 0x80) {
            return false;
        }
    }
    return true;
}

/* Where a long path may be cut so that its halves fit; 0: nowhere. */
static size_t find_cut(struct mf_slice path)
{
    size_t least = path.size > NAME_BYTES + 1 ? path.size - NAME_BYTES - 1 : 1;

    for (size_t i = least; i < path.size - 1 && i <= PREFIX_BYTES; i++) {
        if (path.data[i] == '/') {
            return i;
        }
    }
    return 0;
}

static void write_octal(uint8_t *block, size_t at, size_t digits, uint64_t number)
{
    for (size_t i = digits; i-- > 0; number >>= 3) {
        block[at + i] = (uint8_t)('0' + (number & 7));
    }
    block[at + digits] = 0;
}

static void finish(uint8_t *block)
{
    uint64_t sum = 0;

    memcpy(block + 257, "ustar\00000", 8);
    memset(block + 148, ' ', 8);
    for (size_t i = 0; i < MF_TAR_BLOCK_BYTES; i++) {
        sum += block[i];
    }
    write_octal(block, 148, 6, sum);
}

/* "<length> key=value\n", whose length counts its own digits. */
static int append_record(struct mf_buf *out, const char *key, struct mf_slice value)
{
    size_t rest = 1 + strlen(key) + 1 + value.size + 1;
    size_t size = rest + 1;
    char digits[24];
    int rc;

    while ((size_t)snprintf(digits, sizeof digits, "%zu", size) + rest != size) {
        size = (size_t)snprintf(digits, sizeof digits, "%zu", size) + rest;
    }
    rc = mf_buf_printf(out, "%zu %s=", size, key);
    rc = rc < 0 ? rc : mf_buf_append_slice(out, value);
    return rc < 0 ? rc : mf_buf_append(out, "\n", 1);
}

static int write_pax(struct mf_buf *out, const struct mf_buf *records)
{
    uint8_t block[MF_TAR_BLOCK_BYTES] = "PaxHeader";
    int rc;

    write_octal(block, 100, 7, 0644);
    write_octal(block, 108, 7, 0);
    write_octal(block, 116, 7, 0);
    write_octal(block, 124, 11, records->size);
    write_octal(block, 136, 11, 0);
    block[156] = 'x';
    finish(block);
    rc = mf_buf_append(out, block, sizeof block);
    rc = rc < 0 ? rc : mf_buf_append_slice(out, mf_buf_peek(records));
    return rc < 0 ? rc : mf_tar_write_padding(out, records->size);
}

/* The name into the block, or into |records|. */
static int place_name(uint8_t *block, struct mf_slice path, struct mf_buf *records)
{
    size_t cut = 0;
    size_t size = path.size < NAME_BYTES ? path.size : NAME_BYTES;

    if (path.size > NAME_BYTES) {
        cut = find_cut(path);
    }
    if (is_plain(path) && (path.size <= NAME_BYTES || cut > 0)) {
        if (cut > 0) {
            memcpy(block + 345, path.data, cut);
            path = mf_slice_of(path.data + cut + 1, path.size - cut - 1);
        }
        memcpy(block, path.data, path.size);
        return 0;
    }
    memcpy(block, path.data, size); /* For programs that know no pax headers. */
    return append_record(records, "path", path);
}

int mf_tar_write(struct mf_buf *out, const struct mf_tar_entry *entry)
{
    static const char types[] = {
        [MF_TAR_FILE] = '0', [MF_TAR_DIRECTORY] = '5', [MF_TAR_SYMLINK] = '2', [MF_TAR_HARD_LINK] = '1'};
    uint8_t block[MF_TAR_BLOCK_BYTES] = {0};
    char text[32];
    struct mf_buf records;
    size_t target = entry->target.size < NAME_BYTES ? entry->target.size : NAME_BYTES;
    int rc;

    mf_buf_init(&records, 4 * MF_FS_PATH_BYTES_MAX);
    rc = place_name(block, entry->path, &records);
    if (target > 0) {
        memcpy(block + 157, entry->target.data, target);
    }
    if (rc == 0 && (entry->target.size > NAME_BYTES || !is_plain(entry->target))) {
        rc = append_record(&records, "linkpath", entry->target);
    }
    if (rc == 0 && entry->changed_ms % 1000 != 0) {
        (void)snprintf(text, sizeof text, "%llu.%03u", (unsigned long long)(entry->changed_ms / 1000),
                       (unsigned)(entry->changed_ms % 1000));
        rc = append_record(&records, "mtime", mf_slice_of_cstr(text));
    }
    if (rc == 0 && entry->size > SIZE_MAX_OCTAL) {
        (void)snprintf(text, sizeof text, "%llu", (unsigned long long)entry->size);
        rc = append_record(&records, "size", mf_slice_of_cstr(text));
    }
    write_octal(block, 100, 7, entry->mode);
    write_octal(block, 108, 7, 0);
    write_octal(block, 116, 7, 0);
    write_octal(block, 124, 11, entry->size > SIZE_MAX_OCTAL ? 0 : entry->size);
    write_octal(block, 136, 11, entry->changed_ms / 1000);
    block[156] = (uint8_t)types[entry->kind];
    finish(block);
    if (rc == 0 && records.size > 0) {
        rc = write_pax(out, &records);
    }
    rc = rc < 0 ? rc : mf_buf_append(out, block, sizeof block);
    mf_buf_done(&records);
    return rc;
}

int mf_tar_write_padding(struct mf_buf *out, uint64_t size)
{
    static const uint8_t zeros[MF_TAR_BLOCK_BYTES];

    return mf_buf_append(out, zeros, (MF_TAR_BLOCK_BYTES - size % MF_TAR_BLOCK_BYTES) % MF_TAR_BLOCK_BYTES);
}

int mf_tar_write_end(struct mf_buf *out)
{
    static const uint8_t zeros[2 * MF_TAR_BLOCK_BYTES];

    return mf_buf_append(out, zeros, sizeof zeros);
}
