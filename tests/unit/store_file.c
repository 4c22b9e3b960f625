/* What a store opens and what it leaves alone: modes, locks, foreign, damaged and newer files, starts that were cut off. */
#include <errno.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <mayfly/store_fs.h>

#include "check.h"

#define TEXT(text) mf_slice_of_cstr(text)
#define FILE_BYTES_MAX (1 << 20)

static char top[64];
static char dir[128];
static char db_path[192];
static char why[MF_STORE_WHY_BYTES_MAX];
static unsigned count;

/* A directory that is not there yet. */
static void next_dir(void)
{
    (void)snprintf(dir, sizeof dir, "%s/%u/state", top, count++);
    (void)snprintf(db_path, sizeof db_path, "%s/mayfly.db", dir);
}

static struct mf_store *open_good(void)
{
    struct mf_store *store = NULL;
    int rc = mf_store_open(dir, &store, why);
    if (rc < 0) {
        fprintf(stderr, "%s\n", why);
    }
    MF_CHECK_INT(rc, 0);
    return store;
}

static void put(struct mf_store *store, const char *name)
{
    struct mf_store_secret row = {.tenant = TEXT(""),
                                  .name = TEXT(name),
                                  .kind = TEXT("k"),
                                  .key_id = TEXT("i"),
                                  .record = TEXT("r"),
                                  .version = 1};
    MF_CHECK_INT(mf_store_secret_put(store, &row), 0);
}

static int count_row(void *user, const struct mf_store_secret *row)
{
    (void)row;
    ++*(unsigned *)user;
    return 0;
}

static unsigned rows(struct mf_store *store)
{
    unsigned found = 0;
    MF_CHECK_INT(mf_store_secrets_each(store, count_row, &found), 0);
    return found;
}

static void make(void)
{
    next_dir();
    struct mf_store *store = open_good();
    put(store, "a");
    mf_store_close(store);
}

static size_t read_file(const char *path, uint8_t *bytes)
{
    int fd = open(path, O_RDONLY);
    MF_CHECK(fd >= 0);
    ssize_t size = read(fd, bytes, FILE_BYTES_MAX);
    MF_CHECK(size >= 0 && size < FILE_BYTES_MAX && close(fd) == 0);
    return (size_t)size;
}

static void write_file(const char *path, const uint8_t *bytes, size_t size)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    MF_CHECK(fd >= 0 && write(fd, bytes, size) == (ssize_t)size && close(fd) == 0);
}

/* Refused with |words| in the sentence, and not a byte of the file was changed. */
static void expect_refused(const char *words)
{
    static uint8_t before[FILE_BYTES_MAX];
    static uint8_t after[FILE_BYTES_MAX];
    struct mf_store *store = NULL;
    size_t size = read_file(db_path, before);
    MF_CHECK_INT(mf_store_open(dir, &store, why), MF_E_STORE_FILE);
    if (strstr(why, words) == NULL) {
        fprintf(stderr, "\"%s\" has no \"%s\"\n", why, words);
    }
    MF_CHECK(strstr(why, words) != NULL);
    MF_CHECK(read_file(db_path, after) == size && memcmp(before, after, size) == 0);
}

static void sql(const char *path, const char *text)
{
    sqlite3 *db = NULL;
    MF_CHECK(sqlite3_open(path, &db) == SQLITE_OK);
    MF_CHECK(sqlite3_exec(db, text, NULL, NULL, NULL) == SQLITE_OK);
    MF_CHECK(sqlite3_close(db) == SQLITE_OK);
}

static mode_t mode_of(const char *path)
{
    struct stat about;
    MF_CHECK(stat(path, &about) == 0);
    return about.st_mode & 07777;
}

static void nobody_else_can_read_it(void)
{
    char side[256];
    (void)umask(0);
    next_dir();
    struct mf_store *store = open_good();
    put(store, "a");
    MF_CHECK_INT(mode_of(dir), 0700);
    MF_CHECK_INT(mode_of(db_path), 0600);
    (void)snprintf(side, sizeof side, "%s-wal", db_path);
    MF_CHECK_INT(mode_of(side), 0600);
    mf_store_close(store);
    (void)umask(022);
}

static void a_directory_that_others_may_write_to_is_refused(void)
{
    make();
    MF_CHECK(chmod(dir, 0770) == 0);
    expect_refused("others may write to it");
    MF_CHECK(chmod(dir, 0703) == 0);
    expect_refused("others may write to it");
    MF_CHECK(chmod(dir, 0755) == 0);
    mf_store_close(open_good());
}

static void one_at_a_time(void)
{
    struct mf_store *second = NULL;
    next_dir();
    struct mf_store *store = open_good();
    MF_CHECK_INT(mf_store_open(dir, &second, why), MF_E_STORE_FILE);
    MF_CHECK(strstr(why, "another mayflyd uses") != NULL);
    mf_store_close(store);
    mf_store_close(open_good());
}

static void foreign_files_are_left_alone(void)
{
    static const uint8_t text[] =
        "These are somebody's notes, and longer than the header of a database would have to be.....";
    make();
    write_file(db_path, text, sizeof text);
    expect_refused("is not an SQLite database");
    write_file(db_path, text, 0);
    expect_refused("is not an SQLite database, or it is damaged");
    MF_CHECK(unlink(db_path) == 0);
    sql(db_path, "CREATE TABLE notes (text)");
    expect_refused("is the database of another program");
    MF_CHECK(unlink(db_path) == 0 && symlink("/etc/passwd", db_path) == 0);
    struct mf_store *store = NULL;
    MF_CHECK_INT(mf_store_open(dir, &store, why), MF_E_STORE_FILE);
    MF_CHECK(unlink(db_path) == 0 && mkfifo(db_path, 0600) == 0);
    MF_CHECK_INT(mf_store_open(dir, &store, why), MF_E_STORE_FILE);
    MF_CHECK(strstr(why, "is not a regular file") != NULL);
}

static void newer_files_are_left_alone(void)
{
    make();
    sql(db_path, "PRAGMA user_version = 99");
    expect_refused("was written by a newer Mayfly (schema 99");
}

/* A file of schema 2, as a Mayfly without workspaces left it, is brought up to date and keeps what it has. */
static void older_files_are_brought_up_to_date(void)
{
    make();
    sql(db_path, "DROP TABLE inode_garbage; DROP TABLE workspace_changes; DROP TABLE workspace_uploads;"
                 "DROP TABLE workspace_drafts; DROP TABLE workspace_snapshots; DROP TABLE workspaces; DROP "
                 "TABLE file_chunks;"
                 "DROP TABLE chunk_bytes; DROP TABLE chunks; DROP TABLE entries; DROP TABLE inodes;"
                 "DROP TABLE usage; DROP TABLE usage_mark; DROP TABLE usage_push; DROP TABLE worker_code_caches; DROP TABLE tokens; DROP TABLE tenants;"
                 "DROP TABLE usage_storage; DROP TABLE worker_bytes; DROP TRIGGER worker_codes_added;"
                 "DROP TRIGGER worker_codes_removed; PRAGMA "
                 "user_version = 2");
    struct mf_store *store = open_good();
    MF_CHECK_INT(rows(store), 1);
    struct mf_inode root = {.kind = MF_INODE_DIRECTORY, .inodes = 1};
    struct mf_store_workspace workspace = {.bytes_max = 1, .inodes_max = 1};
    MF_CHECK_INT(mf_store_fs_begin(store, MF_STORE_FS_WRITE), 0);
    MF_CHECK_INT(mf_store_inode_new(store, &root, mf_slice_of_cstr("")), 0);
    workspace.root = root.id;
    MF_CHECK_INT(mf_store_workspace_new(store, mf_slice_of_cstr(""), mf_slice_of_cstr("w"), &workspace), 0);
    MF_CHECK_INT(mf_store_fs_end(store, 0), 0);
    mf_store_close(store);
    store = open_good();
    MF_CHECK_INT(mf_store_fs_check(store, why), 0);
    mf_store_close(store);
}

/* Any page but the header's first bytes, overwritten: found at open, not when a secret is needed. */
static void damaged_files_are_left_alone(void)
{
    static uint8_t bytes[FILE_BYTES_MAX];
    make();
    size_t size = read_file(db_path, bytes);
    MF_CHECK(size >= 5 * 4096);
    for (size_t page = 1; page < size / 4096; page++) {
        static uint8_t damaged[FILE_BYTES_MAX];
        memcpy(damaged, bytes, size);
        memset(damaged + page * 4096, 0x5a, 64);
        write_file(db_path, damaged, size);
        expect_refused("");
    }
    write_file(db_path, bytes, size / 2);
    expect_refused("");
    write_file(db_path, bytes, 99);
    expect_refused("is not an SQLite database, or it is damaged");
    write_file(db_path, bytes, size);
    struct mf_store *store = open_good();
    MF_CHECK_INT(rows(store), 1);
    mf_store_close(store);
}

static void a_secret_that_is_used_and_gone_is_found(void)
{
    make();
    sql(db_path, "INSERT INTO outbounds VALUES ('', 'o', '{}', 1, 1, 1); INSERT INTO outbound_secrets VALUES "
                 "('', 'o', 'gone')");
    expect_refused("is damaged");
}

static void a_log_without_its_database_is_not_replayed(void)
{
    char wal[256];
    struct stat about;
    struct mf_store *store = NULL;
    make();
    (void)snprintf(wal, sizeof wal, "%s-wal", db_path);
    write_file(wal, (const uint8_t *)"log", 3);
    MF_CHECK(unlink(db_path) == 0);
    MF_CHECK_INT(mf_store_open(dir, &store, why), MF_E_STORE_FILE);
    MF_CHECK(strstr(why, "mayfly.db-wal is there, but mayfly.db is not") != NULL);
    MF_CHECK(stat(db_path, &about) < 0);
}

/* A start that was killed while it made the file. */
static void a_half_made_file_is_made_again(void)
{
    char fresh[256];
    struct stat about;
    next_dir();
    struct mf_store *store = open_good();
    mf_store_close(store);
    MF_CHECK(unlink(db_path) == 0);
    (void)snprintf(fresh, sizeof fresh, "%s/mayfly.db.new", dir);
    write_file(fresh, (const uint8_t *)"half", 4);
    (void)snprintf(fresh, sizeof fresh, "%s/mayfly.db.new-journal", dir);
    write_file(fresh, (const uint8_t *)"half", 4);
    store = open_good();
    put(store, "a");
    MF_CHECK(stat(fresh, &about) < 0);
    mf_store_close(store);
}

/* A process that puts rows and is killed in the middle: what it said it had put is there. */
static void kills_lose_nothing(void)
{
    next_dir();
    for (unsigned round = 0; round < 5; round++) {
        int ends[2];
        MF_CHECK(pipe(ends) == 0);
        pid_t pid = fork();
        if (pid == 0) {
            struct mf_store *store = open_good();
            for (unsigned i = 0;; i++) {
                char name[32];
                (void)snprintf(name, sizeof name, "r%u-%u", round, i);
                put(store, name);
                if (write(ends[1], "x", 1) != 1) {
                    _exit(1);
                }
            }
        }
        MF_CHECK(close(ends[1]) == 0);
        char said[256];
        size_t total = 0;
        while (total < 20 + round * 7) {
            ssize_t got = read(ends[0], said, sizeof said);
            MF_CHECK(got > 0);
            total += (size_t)got;
        }
        MF_CHECK(kill(pid, SIGKILL) == 0 && waitpid(pid, NULL, 0) == pid);
        for (ssize_t got; (got = read(ends[0], said, sizeof said)) > 0;) {
            total += (size_t)got;
        }
        MF_CHECK(close(ends[0]) == 0);
        struct mf_store *store = open_good();
        unsigned before = 0;
        static unsigned known;
        before = rows(store);
        MF_CHECK(before >= known + total);
        known = before;
        mf_store_close(store);
    }
}

static void what_is_deleted_is_gone(void)
{
    static uint8_t bytes[FILE_BYTES_MAX];
    make();
    /* Its columns stand side by side. */
    MF_CHECK(memmem(bytes, read_file(db_path, bytes), "akir", 4) != NULL);
    struct mf_store *store = open_good();
    struct mf_buf users;
    mf_buf_init(&users, 64);
    MF_CHECK_INT(mf_store_secret_delete(store, TEXT(""), TEXT("a"), &users), 0);
    mf_buf_done(&users);
    mf_store_close(store);
    /* secure_delete: the row is not only unlinked. */
    size_t size = read_file(db_path, bytes);
    MF_CHECK(memmem(bytes, size, "akir", 4) == NULL);
}

int main(void)
{
    (void)snprintf(top, sizeof top, "/tmp/mayfly-files-XXXXXX");
    MF_CHECK(mkdtemp(top) != NULL);
    MF_RUN(nobody_else_can_read_it);
    MF_RUN(a_directory_that_others_may_write_to_is_refused);
    MF_RUN(one_at_a_time);
    MF_RUN(foreign_files_are_left_alone);
    MF_RUN(newer_files_are_left_alone);
    MF_RUN(older_files_are_brought_up_to_date);
    MF_RUN(damaged_files_are_left_alone);
    MF_RUN(a_secret_that_is_used_and_gone_is_found);
    MF_RUN(a_log_without_its_database_is_not_replayed);
    MF_RUN(a_half_made_file_is_made_again);
    MF_RUN(kills_lose_nothing);
    MF_RUN(what_is_deleted_is_gone);
    char command[128];
    (void)snprintf(command, sizeof command, "rm -rf '%s'", top);
    return system(command) == 0 ? 0 : 1;
}
