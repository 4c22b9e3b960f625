/* tar.h - archives as GNU tar and POSIX pax have them: bytes to entries and back. Pure.
 *
 * Sources: POSIX.1-2017, pax, "ustar Interchange Format" and "pax Extended Header"; GNU tar's manual, "Basic Tar Format".
 * What is read: ustar, pax (path, linkpath, size, mtime), GNU's long names and base-256 numbers, the old format without magic.
 * What is refused: sparse files, devices, compressed archives, anything whose checksum is wrong. */
#ifndef MAYFLY_WORKSPACE_TAR_H
#define MAYFLY_WORKSPACE_TAR_H

#include <mayfly/base.h>

#define TAR_BLOCK_BYTES 512

enum tar_kind { TAR_FILE, TAR_DIRECTORY, TAR_SYMLINK, TAR_HARD_LINK };

struct tar_entry {
    enum tar_kind kind;
    struct mf_slice path;   /* As it is written there. */
    struct mf_slice target; /* Of links. */
    uint64_t size;          /* Of files. */
    uint32_t mode;
    uint64_t changed_ms;
};

/* ---- reading ------------------------------------------------------------------------------------------- */

struct tar_events {
    int (*on_entry)(void *user, const struct tar_entry *entry);
    int (*on_data)(void *user, struct mf_slice bytes); /* Of a file, after its entry. */
    int (*on_entry_end)(void *user);
};

enum tar_state { TAR_HEADER, TAR_DATA, TAR_META, TAR_PADDING, TAR_OVER };

struct tar_reader {
    const struct tar_events *events;
    void *user;
    enum tar_state state;
    uint8_t block[TAR_BLOCK_BYTES];
    size_t block_size;
    char meta_kind; /* 'x', 'g', 'L' or 'K'. */
    uint64_t left;  /* Of the data, or of the padding. */
    uint64_t padding;
    bool has_zero_block;
    struct mf_buf meta;
    struct mf_buf path; /* Of the next entry, where its header has no room. */
    struct mf_buf target;
    struct mf_buf entry_path;
    uint64_t size;
    uint64_t changed_ms;
    bool has_size;
    bool has_changed;
    const char *why; /* On MF_E_WORKSPACE_ARCHIVE. */
};

void mf__tar_begin(struct tar_reader *reader, const struct tar_events *events, void *user);
void mf__tar_done(struct tar_reader *reader);
/* What an event returned below zero, or MF_E_WORKSPACE_ARCHIVE. */
MF_MUST_CHECK int mf__tar_feed(struct tar_reader *reader, struct mf_slice bytes);
/* There are no more bytes: whether that was all of it. */
MF_MUST_CHECK int mf__tar_end(struct tar_reader *reader);

/* ---- writing -------------------------------------------------------------------------------------------- */

/* Appends the header, with a pax header in front where it needs one. A file's bytes follow, then mf__tar_write_padding. */
MF_MUST_CHECK int mf__tar_write(struct mf_buf *out, const struct tar_entry *entry);
MF_MUST_CHECK int mf__tar_write_padding(struct mf_buf *out, uint64_t size);
MF_MUST_CHECK int mf__tar_write_end(struct mf_buf *out);

#endif
