/* tar_read.c - an archive as it comes, in pieces of any size. */
#include <mayfly/tar.h>

/* Where the fields of a header lie. */
enum {
    AT_NAME = 0,
    AT_MODE = 100,
    AT_SIZE = 124,
    AT_TIME = 136,
    AT_SUM = 148,
    AT_TYPE = 156,
    AT_TARGET = 157,
    AT_MAGIC = 257,
    AT_PREFIX = 345,
};

void mf_tar_begin(struct mf_tar_reader *reader, const struct mf_tar_events *events, void *user)
{
    *reader = (struct mf_tar_reader){.events = events, .user = user, .state = MF_TAR_HEADER};
    mf_buf_init(&reader->meta, MF_FS_TAR_META_BYTES_MAX);
    mf_buf_init(&reader->path, MF_FS_TAR_META_BYTES_MAX);
    mf_buf_init(&reader->target, MF_FS_TAR_META_BYTES_MAX);
    mf_buf_init(&reader->entry_path, MF_FS_TAR_META_BYTES_MAX);
}

void mf_tar_done(struct mf_tar_reader *reader)
{
    mf_buf_done(&reader->meta);
    mf_buf_done(&reader->path);
    mf_buf_done(&reader->target);
    mf_buf_done(&reader->entry_path);
}

static int refuse(struct mf_tar_reader *reader, const char *why)
{
    reader->why = why;
    return MF_E_WORKSPACE_ARCHIVE;
}

/* ---- fields ---------------------------------------------------------------------------------------------- */

static struct mf_slice text_at(const uint8_t *block, size_t at, size_t size)
{
    return mf_slice_of(block + at, strnlen((const char *)block + at, size));
}

/* Octal digits between blanks; or, with the highest bit set, the number itself, high byte first. */
static int number_at(const uint8_t *block, size_t at, size_t size, uint64_t *ret_number)
{
    uint64_t number = 0;
    size_t i = at;

    if ((block[at] & 0x80) != 0) {
        number = block[at] & 0x7f;
        for (i = at + 1; i < at + size; i++) {
            if (number > INT64_MAX >> 8) {
                return MF_E_WORKSPACE_ARCHIVE; /* Also every negative one. */
            }
            number = number << 8 | block[i];
        }
        *ret_number = number;
        return 0;
    }
    while (i < at + size && block[i] == ' ') {
        i++;
    }
    for (; i < at + size && block[i] >= '0' && block[i] <= '7'; i++) {
        number = number << 3 | (uint64_t)(block[i] - '0'); /* 12 digits at most. */
    }
    *ret_number = number;
    return i == at + size || block[i] == ' ' || block[i] == '\0' ? 0 : MF_E_WORKSPACE_ARCHIVE;
}

/* Bytes as unsigned; some old programs took them as signed. */
static bool is_sum_right(const uint8_t *block)
{
    uint64_t wanted = 0;
    uint64_t sum = 0;
    int64_t signed_sum = 0;

    for (size_t i = 0; i < MF_TAR_BLOCK_BYTES; i++) {
        uint8_t byte = i >= AT_SUM && i < AT_SUM + 8 ? ' ' : block[i];
        sum += byte;
        signed_sum += (int8_t)byte;
    }
    return number_at(block, AT_SUM, 8, &wanted) == 0 && (wanted == sum || (int64_t)wanted == signed_sum);
}

static bool is_zero(const uint8_t *block)
{
    for (size_t i = 0; i < MF_TAR_BLOCK_BYTES; i++) {
        if (block[i] != 0) {
            return false;
        }
    }
    return true;
}

/* ---- what stands before an entry ---------------------------------------------------------------------------- */

/* "1700000000.25" to milliseconds; what is before 1970 is 1970. */
static uint64_t time_of(struct mf_slice text)
{
    uint64_t seconds = 0;
    const uint8_t *dot = text.size == 0 ? NULL : memchr(text.data, '.', text.size);
    size_t digits = dot == NULL ? text.size : (size_t)(dot - text.data);

    if (mf_slice_parse_u64(mf_slice_of(text.data, digits), INT64_MAX / 1000 - 1, &seconds) < 0) {
        return 0;
    }
    uint64_t ms = seconds * 1000;
    for (size_t i = digits + 1, unit = 100; i < text.size && unit > 0; i++, unit /= 10) {
        ms += text.data[i] >= '0' && text.data[i] <= '9' ? (uint64_t)(text.data[i] - '0') * unit : 0;
    }
    return ms;
}

static int take_record(struct mf_tar_reader *reader, struct mf_slice key, struct mf_slice value)
{
    if (mf_slice_starts_with(key, "GNU.sparse.")) {
        return refuse(reader, "It has sparse files: make it without --sparse.");
    }
    if (mf_slice_equal_cstr(key, "path")) {
        mf_buf_reset(&reader->path);
        return mf_buf_append_slice(&reader->path, value);
    }
    if (mf_slice_equal_cstr(key, "linkpath")) {
        mf_buf_reset(&reader->target);
        return mf_buf_append_slice(&reader->target, value);
    }
    if (mf_slice_equal_cstr(key, "size")) {
        reader->has_size = true;
        return mf_slice_parse_u64(value, INT64_MAX, &reader->size) < 0
                   ? refuse(reader, "A pax header's size is no number.")
                   : 0;
    }
    if (mf_slice_equal_cstr(key, "mtime")) {
        reader->has_changed = true;
        reader->changed_ms = time_of(value);
    }
    return 0;
}

/* Records of the form "<its length> <key>=<value>\n". */
static int take_pax(struct mf_tar_reader *reader)
{
    struct mf_slice text = mf_buf_peek(&reader->meta);
    int rc = 0;

    while (rc == 0 && text.size > 0) {
        const uint8_t *blank = memchr(text.data, ' ', text.size);
        size_t digits = blank == NULL ? 0 : (size_t)(blank - text.data);
        uint64_t size = 0;
        if (mf_slice_parse_u64(mf_slice_of(text.data, digits), text.size, &size) < 0 || size < digits + 3 ||
            text.data[size - 1] != '\n') {
            return refuse(reader, "A pax header is malformed.");
        }
        struct mf_slice record = mf_slice_of(blank + 1, (size_t)size - digits - 2);
        const uint8_t *equal = memchr(record.data, '=', record.size);
        if (equal == NULL) {
            return refuse(reader, "A pax header is malformed.");
        }
        size_t key = (size_t)(equal - record.data);
        rc =
            take_record(reader, mf_slice_of(record.data, key), mf_slice_of(equal + 1, record.size - key - 1));
        text = mf_slice_of(text.data + size, text.size - (size_t)size);
    }
    return rc;
}

static int take_meta(struct mf_tar_reader *reader)
{
    struct mf_slice text = mf_buf_peek(&reader->meta);
    struct mf_buf *to = reader->meta_kind == 'L' ? &reader->path : &reader->target;
    int rc = 0;

    if (reader->meta_kind == 'x') {
        rc = take_pax(reader);
    } else if (reader->meta_kind != 'g') { /* What is said for all says nothing of names and sizes. */
        mf_buf_reset(to);
        rc = mf_buf_append(to, text.data, strnlen((const char *)text.data, text.size));
    }
    mf_buf_reset(&reader->meta);
    return rc;
}

/* ---- entries --------------------------------------------------------------------------------------------------- */

static int name_entry(struct mf_tar_reader *reader, struct mf_tar_entry *entry)
{
    const uint8_t *block = reader->block;
    int rc = 0;

    mf_buf_reset(&reader->entry_path);
    if (reader->path.size > 0) {
        rc = mf_buf_append_slice(&reader->entry_path, mf_buf_peek(&reader->path));
    } else {
        if (memcmp(block + AT_MAGIC, "ustar", 6) == 0 && block[AT_PREFIX] != 0) {
            rc = mf_buf_append_slice(&reader->entry_path, text_at(block, AT_PREFIX, 155));
            rc = rc < 0 ? rc : mf_buf_append(&reader->entry_path, "/", 1);
        }
        rc = rc < 0 ? rc : mf_buf_append_slice(&reader->entry_path, text_at(block, AT_NAME, 100));
    }
    entry->path = mf_buf_peek(&reader->entry_path);
    entry->target = reader->target.size > 0 ? mf_buf_peek(&reader->target) : text_at(block, AT_TARGET, 100);
    return rc;
}

static int read_numbers(struct mf_tar_reader *reader, struct mf_tar_entry *entry)
{
    uint64_t mode = 0;
    uint64_t seconds = 0;

    if (number_at(reader->block, AT_MODE, 8, &mode) < 0 ||
        number_at(reader->block, AT_TIME, 12, &seconds) < 0 ||
        number_at(reader->block, AT_SIZE, 12, &entry->size) < 0) {
        return refuse(reader, "A number in a header is malformed.");
    }
    entry->mode = (uint32_t)(mode & 07777);
    entry->changed_ms = seconds < INT64_MAX / 1000 ? seconds * 1000 : 0;
    if (reader->has_size) {
        entry->size = reader->size;
    }
    if (reader->has_changed) {
        entry->changed_ms = reader->changed_ms;
    }
    return 0;
}

static int kind_of(struct mf_tar_reader *reader, uint8_t type, struct mf_tar_entry *entry)
{
    switch (type) {
    case '0':
    case '\0':
    case '7':
        /* Before POSIX a directory was a file whose name ends so. */
        entry->kind = mf_slice_ends_with(entry->path, "/") ? MF_TAR_DIRECTORY : MF_TAR_FILE;
        return 0;
    case '1':
        entry->kind = MF_TAR_HARD_LINK;
        return 0;
    case '2':
        entry->kind = MF_TAR_SYMLINK;
        return 0;
    case '5':
        entry->kind = MF_TAR_DIRECTORY;
        return 0;
    case 'S':
        return refuse(reader, "It has sparse files: make it without --sparse.");
    case '3':
    case '4':
    case '6':
        return refuse(reader, "It has devices or pipes, which cannot be in a workspace.");
    default:
        return refuse(reader, "It has an entry of a kind that is not known.");
    }
}

static uint64_t padding_of(uint64_t size)
{
    return (MF_TAR_BLOCK_BYTES - size % MF_TAR_BLOCK_BYTES) % MF_TAR_BLOCK_BYTES;
}

static int begin_entry(struct mf_tar_reader *reader)
{
    struct mf_tar_entry entry = {.kind = MF_TAR_FILE};
    int rc = name_entry(reader, &entry);

    rc = rc < 0 ? rc : read_numbers(reader, &entry);
    rc = rc < 0 ? rc : kind_of(reader, reader->block[AT_TYPE], &entry);
    if (rc < 0) {
        return rc;
    }
    if (entry.kind != MF_TAR_FILE) {
        entry.size = 0; /* Some programs say how large a directory's content is; no bytes follow. */
    }
    reader->left = entry.size;
    reader->padding = padding_of(entry.size);
    rc = reader->events->on_entry(reader->user, &entry);
    mf_buf_reset(&reader->path);
    mf_buf_reset(&reader->target);
    reader->has_size = false;
    reader->has_changed = false;
    if (rc == 0 && reader->left == 0) {
        rc = reader->events->on_entry_end(reader->user);
        reader->state = MF_TAR_HEADER;
    } else {
        reader->state = MF_TAR_DATA;
    }
    return rc;
}

static int begin_block(struct mf_tar_reader *reader)
{
    const uint8_t *block = reader->block;
    uint64_t size = 0;

    reader->block_size = 0;
    if (is_zero(block)) {
        reader->state = reader->has_zero_block ? MF_TAR_OVER : MF_TAR_HEADER;
        reader->has_zero_block = true;
        return 0;
    }
    if (block[0] == 0x1f && block[1] == 0x8b) {
        return refuse(reader, "It is compressed: send it as plain tar.");
    }
    if (!is_sum_right(block)) {
        return refuse(reader, "A header's checksum is wrong: it is no tar archive, or damaged.");
    }
    reader->has_zero_block = false;
    switch (block[AT_TYPE]) {
    case 'x':
    case 'g':
    case 'L':
    case 'K':
        if (number_at(block, AT_SIZE, 12, &size) < 0 || size > MF_FS_TAR_META_BYTES_MAX) {
            return refuse(reader, "An extended header is too large.");
        }
        reader->meta_kind = (char)block[AT_TYPE];
        reader->left = size;
        reader->padding = padding_of(size);
        reader->state = size > 0 ? MF_TAR_META : MF_TAR_HEADER;
        return 0;
    default:
        return begin_entry(reader);
    }
}

/* ---- bytes -------------------------------------------------------------------------------------------------------- */

static int step_header(struct mf_tar_reader *reader, struct mf_slice bytes, size_t *ret_used)
{
    size_t want = MF_TAR_BLOCK_BYTES - reader->block_size;

    *ret_used = want < bytes.size ? want : bytes.size;
    memcpy(reader->block + reader->block_size, bytes.data, *ret_used);
    reader->block_size += *ret_used;
    return reader->block_size == MF_TAR_BLOCK_BYTES ? begin_block(reader) : 0;
}

/* What an entry or an extended header has, then its padding. */
static int step_content(struct mf_tar_reader *reader, struct mf_slice bytes, size_t *ret_used)
{
    bool is_meta = reader->state == MF_TAR_META;
    struct mf_slice piece;
    int rc;

    *ret_used = reader->left < bytes.size ? (size_t)reader->left : bytes.size;
    piece = mf_slice_of(bytes.data, *ret_used);
    rc = is_meta ? mf_buf_append_slice(&reader->meta, piece) : reader->events->on_data(reader->user, piece);
    reader->left -= *ret_used;
    if (rc < 0 || reader->left > 0) {
        return rc;
    }
    reader->left = reader->padding;
    reader->state = reader->left > 0 ? MF_TAR_PADDING : MF_TAR_HEADER;
    return is_meta ? take_meta(reader) : reader->events->on_entry_end(reader->user);
}

int mf_tar_feed(struct mf_tar_reader *reader, struct mf_slice bytes)
{
    int rc = 0;

    while (rc == 0 && bytes.size > 0 && reader->state != MF_TAR_OVER) {
        size_t used = 0;
        switch (reader->state) {
        case MF_TAR_HEADER:
            rc = step_header(reader, bytes, &used);
            break;
        case MF_TAR_DATA:
        case MF_TAR_META:
            rc = step_content(reader, bytes, &used);
            break;
        case MF_TAR_PADDING:
            used = reader->left < bytes.size ? (size_t)reader->left : bytes.size;
            reader->left -= used;
            reader->state = reader->left > 0 ? MF_TAR_PADDING : MF_TAR_HEADER;
            break;
        case MF_TAR_OVER:
            break;
        }
        bytes = mf_slice_of(bytes.data + used, bytes.size - used);
    }
    return rc == MF_E_TOO_LARGE ? refuse(reader, "An extended header is too large.") : rc;
}

int mf_tar_end(struct mf_tar_reader *reader)
{
    bool is_whole = reader->state == MF_TAR_OVER ||
                    (reader->state == MF_TAR_HEADER && reader->has_zero_block && reader->block_size == 0);

    return is_whole ? 0 : refuse(reader, "It is cut off.");
}
