/* workspace_kit.h - a store in a directory of its own, and operations that fit on a line. */
#ifndef MAYFLY_TESTS_WORKSPACE_KIT_H
#define MAYFLY_TESTS_WORKSPACE_KIT_H

#include <sqlite3.h>
#include <unistd.h>

#include "internal.h"

#include "check.h"

#define TEXT(text) mf_slice_of_cstr(text)

static char kit_dir[64];
static struct mf_store *kit_store;
static struct mf_workspace_ref kit_ref;
static struct mf_workspace_result kit_result;
static uint64_t kit_now_ms = 1000;

static inline void kit_open(void)
{
    char why[MF_STORE_WHY_BYTES_MAX] = "";
    int rc = mf_store_open(kit_dir, &kit_store, why);
    if (rc < 0) {
        fprintf(stderr, "%s\n", why);
    }
    MF_CHECK_INT(rc, 0);
}

static inline void kit_begin(void)
{
    (void)snprintf(kit_dir, sizeof kit_dir, "/tmp/mayfly-workspace-XXXXXX");
    MF_CHECK(mkdtemp(kit_dir) != NULL);
    kit_open();
}

static inline void kit_end(void)
{
    char command[128];
    mf_store_close(kit_store);
    (void)snprintf(command, sizeof command, "rm -rf %s", kit_dir);
    MF_CHECK_INT(system(command), 0);
}

/* A new workspace, from here on the one that is meant. */
static inline void kit_use(const char *name, uint64_t bytes_max, uint64_t inodes_max)
{
    struct mf_workspace_info info;
    bool is_new = false;
    kit_ref = (struct mf_workspace_ref){.tenant = TEXT(""), .name = TEXT(name)};
    MF_CHECK_INT(mf_workspace_put(kit_store, &kit_ref, bytes_max, inodes_max, kit_now_ms, &info, &is_new), 0);
}

static inline int kit_op(struct mf_workspace_op op)
{
    struct mf_workspace_outcome outcome;
    if (op.mode == 0) {
        op.mode = MF_WORKSPACE_MODE_DEFAULT;
    }
    return mf_workspace_apply(kit_store, &kit_ref, &op, 1, ++kit_now_ms, &kit_result, &outcome);
}

static inline int kit_do(enum mf_workspace_op_kind kind, const char *path, const char *to, unsigned flags)
{
    return kit_op((struct mf_workspace_op){
        .kind = kind, .path = TEXT(path), .to = to == NULL ? TEXT("") : TEXT(to), .flags = flags});
}

static inline int kit_write(const char *path, const char *text)
{
    return kit_op(
        (struct mf_workspace_op){.kind = MF_WORKSPACE_WRITE, .path = TEXT(path), .bytes = TEXT(text)});
}

#define MKDIR(path) kit_do(MF_WORKSPACE_MKDIR, path, NULL, 0)
#define MKDIRS(path) kit_do(MF_WORKSPACE_MKDIR, path, NULL, MF_WORKSPACE_PARENTS)
#define RM(path) kit_do(MF_WORKSPACE_RM, path, NULL, 0)
#define RMALL(path) kit_do(MF_WORKSPACE_RM, path, NULL, MF_WORKSPACE_RECURSIVE)
#define MV(path, to) kit_do(MF_WORKSPACE_MV, path, to, 0)
#define CP(path, to) kit_do(MF_WORKSPACE_CP, path, to, MF_WORKSPACE_RECURSIVE)
#define LINK(path, to) kit_do(MF_WORKSPACE_SYMLINK, path, to, 0)

static inline int kit_read(const char *path, struct mf_buf *ret_bytes)
{
    struct mf_inode file;
    mf_buf_init(ret_bytes, 64u << 20);
    return mf_workspace_read(kit_store, &kit_ref, TEXT(path), 0, 64u << 20, &file, ret_bytes);
}

#define EXPECT_FILE(path, text)                                                                              \
    do {                                                                                                     \
        struct mf_buf kit_bytes;                                                                             \
        MF_CHECK_INT(kit_read(path, &kit_bytes), 0);                                                         \
        MF_CHECK_TEXT(mf_buf_peek(&kit_bytes), text);                                                        \
        mf_buf_done(&kit_bytes);                                                                             \
    } while (0)

static inline int kit_stat(const char *path, struct mf_inode *ret_inode)
{
    return mf_workspace_stat(kit_store, &kit_ref, TEXT(path), true, ret_inode, NULL, NULL);
}

static inline int kit_is(const char *path)
{
    struct mf_inode inode;
    return kit_stat(path, &inode);
}

static inline struct mf_workspace_info kit_info(void)
{
    struct mf_workspace_info info;
    MF_CHECK_INT(mf_workspace_get(kit_store, &kit_ref, &info), 0);
    return info;
}

static inline void kit_check(void)
{
    char why[MF_STORE_WHY_BYTES_MAX] = "";
    int rc = mf_store_fs_check(kit_store, why);
    if (rc < 0) {
        fprintf(stderr, "check: %s\n", why);
    }
    MF_CHECK_INT(rc, 0);
}

static inline void kit_collect(void)
{
    bool has_more = true;
    while (has_more) {
        MF_CHECK_INT(mf_workspace_collect(kit_store, &has_more), 0);
    }
    kit_check();
}

/* Rows of a table, past the store: what is really there. */
static inline uint64_t kit_rows(const char *table)
{
    char path[128];
    char text[256];
    sqlite3 *db = NULL;
    sqlite3_stmt *statement = NULL;
    (void)snprintf(path, sizeof path, "%s/mayfly.db", kit_dir);
    (void)snprintf(text, sizeof text, "SELECT count(*) FROM %s", table);
    MF_CHECK_INT(sqlite3_open_v2(path, &db, SQLITE_OPEN_READONLY, NULL), SQLITE_OK);
    MF_CHECK_INT(sqlite3_prepare_v2(db, text, -1, &statement, NULL), SQLITE_OK);
    MF_CHECK_INT(sqlite3_step(statement), SQLITE_ROW);
    uint64_t count = (uint64_t)sqlite3_column_int64(statement, 0);
    (void)sqlite3_finalize(statement);
    (void)sqlite3_close(db);
    return count;
}

#endif
