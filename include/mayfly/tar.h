/* mayfly/tar.h - archives as GNU tar and POSIX pax have them: bytes to entries and back. Pure.
 *
 * Use:     mf_tar_begin, mf_tar_feed with pieces of any size, mf_tar_end, mf_tar_done; its events are called from inside. Or mf_tar_write
 *          for each entry, a file's bytes and mf_tar_write_padding after it, mf_tar_write_end.
 * Threads: [any], one at a time for each reader.
 * Owns:    what an event gets is valid until it returns.
 * Limits:  MF_FS_TAR_META_BYTES_MAX for names and extended headers; files of any size pass through.
 * Fails:   MF_E_WORKSPACE_ARCHIVE with a sentence in |why|; MF_E_NO_MEMORY; what an event returned.
 * Sources: POSIX.1-2017, pax, "ustar Interchange Format" and "pax Extended Header"; GNU tar's manual, "Basic Tar Format".
 * What is read: ustar, pax (path, linkpath, size, mtime), GNU's long names and base-256 numbers, the old format without magic.
 * What is refused: sparse files, devices, compressed archives, anything whose checksum is wrong. */
#ifndef MAYFLY_TAR_H
#define MAYFLY_TAR_H

#include <mayfly/base.h>

#define MF_TAR_BLOCK_BYTES 512

enum mf_tar_kind { MF_TAR_FILE, MF_TAR_DIRECTORY, MF_TAR_SYMLINK, MF_TAR_HARD_LINK };

struct mf_tar_entry {
    enum mf_tar_kind kind;
    struct mf_slice path;   /* As it is written there. */
    struct mf_slice target; /* Of links. */
    uint64_t size;          /* Of files. */
    uint32_t mode;
    uint64_t changed_ms;
};

/* ---- reading ------------------------------------------------------------------------------------------- */

struct mf_tar_events {
    int (*on_entry)(void *user, const struct mf_tar_entry *entry);
    int (*on_data)(void *user, struct mf_slice bytes); /* Of a file, after its entry. */
    int (*on_entry_end)(void *user);
};

enum mf_tar_state { MF_TAR_HEADER, MF_TAR_DATA, MF_TAR_META, MF_TAR_PADDING, MF_TAR_OVER };

struct mf_tar_reader {
    const struct mf_tar_events *events;
    void *user;
    enum mf_tar_state state;
    uint8_t block[MF_TAR_BLOCK_BYTES];
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

void mf_tar_begin(struct mf_tar_reader *reader, const struct mf_tar_events *events, void *user);
void mf_tar_done(struct mf_tar_reader *reader);
/* What an event returned below zero, or MF_E_WORKSPACE_ARCHIVE. */
MF_MUST_CHECK int mf_tar_feed(struct mf_tar_reader *reader, struct mf_slice bytes);
/* There are no more bytes: whether that was all of it. */
MF_MUST_CHECK int mf_tar_end(struct mf_tar_reader *reader);

/* ---- writing -------------------------------------------------------------------------------------------- */

/* Appends the header, with a pax header in front where it needs one. A file's bytes follow, then mf_tar_write_padding. */
MF_MUST_CHECK int mf_tar_write(struct mf_buf *out, const struct mf_tar_entry *entry);
MF_MUST_CHECK int mf_tar_write_padding(struct mf_buf *out, uint64_t size);
MF_MUST_CHECK int mf_tar_write_end(struct mf_buf *out);

#endif
