/* internal.h - what the files of the store share: the connection under its lock, and statements that bind and read. */
#ifndef MAYFLY_STORE_INTERNAL_H
#define MAYFLY_STORE_INTERNAL_H

#include <sqlite3.h>

#include <mayfly/store_fs.h>

#define STORE_FILE_NAME "mayfly.db"
#define STORE_APPLICATION_ID 0x4d415946 /* "MAYF", in the file's header: it is one of ours. */

#define STORE_KEPT_MAX 96 /* Statements of the fs files; there are fewer. */

/* A statement that is compiled once. */
struct store_kept {
    const char *text; /* The literal itself: compared by address. */
    sqlite3_stmt *statement;
    bool is_busy;
};

struct mf_store {
    uv_mutex_t lock; /* Over everything below. */
    sqlite3 *db;
    int lock_fd; /* <dir>/mayfly.lock, held for as long as the store is open. */
    struct store_kept kept[STORE_KEPT_MAX];
    size_t kept_count;
    uint64_t lost_draft;  /* Up to here they are of a daemon before this one and to be removed; 0: none. */
    uint64_t lost_upload; /* Likewise. */
    bool is_lazy; /* Commits leave the disk for later, as the last transaction that wrote wanted it. */

    bool is_round_open;   /* The round's transaction has begun. */
    bool is_round_urgent; /* One of its jobs does not leave the disk for later. */
    bool has_savepoint;   /* Of the job that is under way. */
    int round_error;      /* SQLite gave up all of the round. */

    uv_mutex_t pins_lock; /* Over these; taken last. */
    uint64_t pins[MF_FS_PINS_MAX];
    size_t pins_count;
};

/* ---- file.c: what is done before SQLite may touch anything ------------------------------------ */

struct store_paths {
    char db[MF_STORE_PATH_BYTES_MAX + 64];
    char fresh[MF_STORE_PATH_BYTES_MAX + 64]; /* A new one is made here and renamed when it is whole. */
    char wal[MF_STORE_PATH_BYTES_MAX + 64];
    char lock[MF_STORE_PATH_BYTES_MAX + 64];
};

/* The names of all files; MF_E_STORE_FILE when |dir| is too long. */
MF_MUST_CHECK int mf__store_paths(const char *dir, struct store_paths *ret_paths, char *ret_why);
/* Makes the directory with its parents, each 0700 when it is new; refuses one that others may write to. */
MF_MUST_CHECK int mf__store_make_dir(const char *dir, char *ret_why);
/* *ret_fd holds the lock until it is closed. */
MF_MUST_CHECK int mf__store_lock(const struct store_paths *paths, int *ret_fd, char *ret_why);
/* 1: the file is there and its header says that it is ours. 0: there is none. */
MF_MUST_CHECK int mf__store_probe(const struct store_paths *paths, char *ret_why);
/* Creates |path| with mode 0600, removing what a start that was cut off left there. */
MF_MUST_CHECK int mf__store_begin_fresh(const char *path, char *ret_why);
/* The whole new file takes its name, on the disk. */
MF_MUST_CHECK int mf__store_publish(const struct store_paths *paths, const char *dir, char *ret_why);

/* ---- round.c: the transactions of several jobs as one --------------------------------------------- */

/* Until mf__store_round_end, which comes on the same thread, each transaction that this thread begins is a part of one: it can fail alone,
 * and is done when that one is. Others wait for the store meanwhile. */
void mf__store_round_begin(struct mf_store *store);
/* The same when nobody has the store, and with no wait for another process either. */
bool mf__store_round_try(struct mf_store *store);
/* Below zero: nothing of the round has happened, whatever its parts were told. */
MF_MUST_CHECK int mf__store_round_end(struct mf_store *store);
/* This thread is within a round of |store|. */
bool mf__store_is_in_round(const struct mf_store *store);
MF_MUST_CHECK int mf__store_part_begin(struct mf_store *store, enum mf_store_fs_access access);
MF_MUST_CHECK int mf__store_part_end(struct mf_store *store, int error);

/* inodes.c: with NORMAL a commit does not wait for the disk. Not within a transaction. */
MF_MUST_CHECK int mf__store_set_lazy(struct mf_store *store, bool is_lazy);

/* ---- schema.c ------------------------------------------------------------------------------------ */

/* Brings an open database of ours from its version to the newest, in one transaction. */
MF_MUST_CHECK int mf__store_migrate(sqlite3 *db, const char *path, char *ret_why);

/* ---- sql.c: SQLite's results as errors of errors.h ------------------------------------------------ */

/* Writes a sentence to |ret_why| (MF_STORE_WHY_BYTES_MAX); always MF_E_STORE_FILE. */
int mf__store_refuse(char *ret_why, const char *format, ...) MF_PRINTF(2, 3);
/* The error for a result code; logged where it is not plainly the disk being full or another process. */
int mf__sql_error(sqlite3 *db, int code, const char *doing);
/* One or more statements without parameters. */
MF_MUST_CHECK int mf__sql_run(sqlite3 *db, const char *sql);
/* One statement without rows, which is kept (mf__sql_reuse): such as begins and ends a transaction. */
MF_MUST_CHECK int mf__sql_do(struct mf_store *store, const char *text);

/* One statement: _prepare, _bind_*, _step, columns, _end. After an error the rest are no-ops and _end returns it. */
struct sql {
    sqlite3 *db;
    sqlite3_stmt *statement;
    int error;
    int bound;
    struct store_kept *kept; /* It is of these; _end gives it back. */
};

void mf__sql_prepare(struct sql *sql, sqlite3 *db, const char *text);
/* The same for a literal that is used again and again. */
void mf__sql_reuse(struct sql *sql, struct mf_store *store, const char *text);
void mf__sql_drop_kept(struct mf_store *store);
void mf__sql_bind_text(struct sql *sql, struct mf_slice text);
void mf__sql_bind_blob(struct sql *sql, struct mf_slice bytes);
void mf__sql_bind_u64(struct sql *sql, uint64_t number);
void mf__sql_bind_null(struct sql *sql);
/* True: a row is there. */
bool mf__sql_step(struct sql *sql);
struct mf_slice mf__sql_column(struct sql *sql, int index); /* Text or blob; valid until the next step. */
uint64_t mf__sql_column_u64(struct sql *sql, int index);
/* Ready for the same statement with other values. */
void mf__sql_rewind(struct sql *sql);
MF_MUST_CHECK int mf__sql_end(struct sql *sql);

/* One statement that takes numbers and gives at most one back: how many rows there were, or an error. */
MF_MUST_CHECK int mf__sql_numbers(struct mf_store *store,
                                  const char *text,
                                  const uint64_t *numbers,
                                  size_t count,
                                  uint64_t *ret_number);

/* The first column of each row of |text|, which takes a tenant and a name, with a NUL behind it. |in_use| when there is one. */
MF_MUST_CHECK int mf__store_users(struct mf_store *store,
                                  const char *text,
                                  struct mf_slice tenant,
                                  struct mf_slice name,
                                  int in_use,
                                  struct mf_buf *ret_users);

/* Takes the lock and begins; _end commits when |error| is 0, else rolls back, gives the lock back and says how it went. */
MF_MUST_CHECK int mf__store_begin(struct mf_store *store); /* As mf_store_fs_begin with MF_STORE_FS_WRITE. */
MF_MUST_CHECK int mf__store_end(struct mf_store *store, int error);

/* ---- inodes.c, for the fs files -------------------------------------------------------------------- */

#define FS_INODE_COLUMNS                                                                                     \
    "i.id, i.kind, i.mode, i.size, i.inodes, i.revision, i.changed_ms, i.created_ms, i.levels, i.reach"

/* From the columns from |first| on. */
void mf__fs_read_inode(struct sql *sql, int first, struct mf_inode *ret_inode);
bool mf__fs_is_pinned(struct mf_store *store, uint64_t id);

#endif
