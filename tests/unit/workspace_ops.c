/* Every operation with what it refuses; batches; copies that cost nothing and share nothing that is seen; garbage. */
#include "workspace_kit.h"

static void test_directories(void)
{
    kit_use("dirs", 0, 0);
    MF_CHECK_INT(MKDIR("/a"), 0);
    MF_CHECK_INT(MKDIR("/a"), MF_E_FS_EEXIST);
    MF_CHECK_INT(MKDIR("/"), MF_E_FS_EEXIST);
    MF_CHECK_INT(MKDIR("/x/y"), MF_E_FS_ENOENT);
    MF_CHECK_INT(MKDIRS("/a/b/c"), 0);
    MF_CHECK_INT(MKDIRS("/a/b/c"), 0);
    MF_CHECK_INT(MKDIRS("/"), 0);
    MF_CHECK_INT(kit_write("/a/f", "1"), 0);
    MF_CHECK_INT(MKDIRS("/a/f"), MF_E_FS_EEXIST);
    MF_CHECK_INT(MKDIRS("/a/f/g"), MF_E_FS_ENOTDIR);
    MF_CHECK_INT(RM("/a"), MF_E_FS_ENOTEMPTY);
    MF_CHECK_INT(RM("/a/b/c"), 0);
    MF_CHECK_INT(RM("/"), MF_E_FS_EBUSY);
    MF_CHECK_INT(RMALL("/"), MF_E_FS_EBUSY);
    MF_CHECK_INT(RM("/none"), MF_E_FS_ENOENT);
    MF_CHECK_INT(kit_do(MF_WORKSPACE_RM, "/none/none", NULL, MF_WORKSPACE_FORCE), 0);
    MF_CHECK_INT(kit_do(MF_WORKSPACE_RM, "/a", NULL, MF_WORKSPACE_ONLY_FILE), MF_E_FS_EISDIR);
    MF_CHECK_INT(kit_do(MF_WORKSPACE_RM, "/a/f", NULL, MF_WORKSPACE_ONLY_DIRECTORY), MF_E_FS_ENOTDIR);
    MF_CHECK_INT(RMALL("/a"), 0);
    MF_CHECK_INT(kit_is("/a/b"), MF_E_FS_ENOENT);
    MF_CHECK_INT(kit_info().inodes, 1);
    MF_CHECK_INT(kit_info().bytes, 0);
    kit_collect();
}

static void test_paths(void)
{
    char name[300];
    char deep[MF_FS_PATH_BYTES_MAX + 16] = "";
    kit_use("paths", 0, 0);
    MF_CHECK_INT(MKDIRS("/a/b"), 0);
    MF_CHECK_INT(kit_write("a/b/f", "f"), 0);
    EXPECT_FILE("/../../a/./b/../b//f", "f");
    MF_CHECK_INT(kit_is(""), MF_E_FS_ENOENT);
    MF_CHECK_INT(kit_is("/a/b/f/"), MF_E_FS_ENOTDIR);
    MF_CHECK_INT(kit_is("/a/b/f/.."), MF_E_FS_ENOTDIR);
    MF_CHECK_INT(kit_is("/a/none/.."), MF_E_FS_ENOENT);
    MF_CHECK_INT(kit_write("/a/b/", "x"), MF_E_FS_EISDIR);
    MF_CHECK_INT(kit_write("/a/n/", "x"), MF_E_FS_EISDIR);
    MF_CHECK_INT(kit_write("/a/\xff", "x"), MF_E_FS_EINVAL);
    MF_CHECK_INT(
        kit_op((struct mf_workspace_op){.kind = MF_WORKSPACE_WRITE, .path = mf_slice_of("/a\0b", 4)}),
        MF_E_FS_EINVAL);
    memset(name, 'n', sizeof name);
    name[0] = '/';
    name[256] = '\0';
    MF_CHECK_INT(kit_write(name, "longest"), 0);
    EXPECT_FILE(name, "longest");
    name[256] = 'n';
    name[257] = '\0';
    MF_CHECK_INT(kit_write(name, "x"), MF_E_FS_ENAMETOOLONG);
    for (unsigned i = 0; i < MF_FS_DEPTH_MAX; i++) {
        strcat(deep, "/d");
    }
    MF_CHECK_INT(MKDIRS(deep), 0);
    strcat(deep, "/d");
    MF_CHECK_INT(MKDIRS(deep), MF_E_FS_ENAMETOOLONG);
    /* No rename may make what no path could reach. */
    MF_CHECK_INT(MKDIR("/top"), 0);
    MF_CHECK_INT(MV("/d", "/top/d"), MF_E_FS_ENAMETOOLONG);
    MF_CHECK_INT(MV("/d", "/e"), 0);
    memset(deep, '/', sizeof deep);
    deep[MF_FS_PATH_BYTES_MAX + 1] = '\0';
    MF_CHECK_INT(kit_is(deep), MF_E_FS_ENAMETOOLONG);
    kit_check();
}

static void test_links(void)
{
    char name[16];
    kit_use("links", 0, 0);
    MF_CHECK_INT(MKDIRS("/a/b"), 0);
    MF_CHECK_INT(kit_write("/a/b/f", "f"), 0);
    MF_CHECK_INT(LINK("/l", "a/b"), 0);
    MF_CHECK_INT(LINK("/l", "a"), MF_E_FS_EEXIST);
    EXPECT_FILE("/l/f", "f");
    MF_CHECK_INT(kit_write("/l/g", "through"), 0);
    EXPECT_FILE("/a/b/g", "through");
    EXPECT_FILE("/l/../b/g", "through"); /* ".." is of where the link leads. */
    MF_CHECK_INT(LINK("/a/up", "../../../l/f"), 0);
    EXPECT_FILE("/a/up", "f");
    MF_CHECK_INT(LINK("/a/abs", "/l"), 0);
    EXPECT_FILE("/a/abs/g", "through");
    MF_CHECK_INT(LINK("/loop", "/loop"), 0);
    MF_CHECK_INT(kit_is("/loop"), MF_E_FS_ELOOP);
    MF_CHECK_INT(LINK("/x", "y"), 0);
    MF_CHECK_INT(LINK("/y", "x"), 0);
    MF_CHECK_INT(kit_is("/x/z"), MF_E_FS_ELOOP);
    MF_CHECK_INT(kit_write("/x", "1"), MF_E_FS_ELOOP);
    /* 40 links are followed, 41 are not. */
    MF_CHECK_INT(kit_write("/l0", "end"), 0);
    for (int i = 1; i <= 41; i++) {
        char target[16];
        (void)snprintf(name, sizeof name, "/l%d", i);
        (void)snprintf(target, sizeof target, "l%d", i - 1);
        MF_CHECK_INT(LINK(name, target), 0);
    }
    EXPECT_FILE("/l40", "end");
    MF_CHECK_INT(kit_is("/l41"), MF_E_FS_ELOOP);
    /* A link to nothing: written through, as open(2) does. */
    MF_CHECK_INT(LINK("/dangling", "a/new"), 0);
    MF_CHECK_INT(kit_is("/dangling"), MF_E_FS_ENOENT);
    MF_CHECK_INT(kit_write("/dangling", "made"), 0);
    EXPECT_FILE("/a/new", "made");
    MF_CHECK_INT(RM("/l"), 0); /* The link, not what it leads to. */
    EXPECT_FILE("/a/b/f", "f");
    MF_CHECK_INT(LINK("/empty", ""), MF_E_FS_ENOENT);
    MF_CHECK_INT(CP("/x", "/x2"), 0);
    struct mf_buf target;
    mf_buf_init(&target, 100);
    MF_CHECK_INT(mf_workspace_readlink(kit_store, &kit_ref, TEXT("/x2"), &target), 0);
    MF_CHECK_TEXT(mf_buf_peek(&target), "y");
    MF_CHECK_INT(mf_workspace_readlink(kit_store, &kit_ref, TEXT("/a"), &target), MF_E_FS_EINVAL);
    mf_buf_done(&target);
    kit_check();
}

/* No call makes a link to nothing; a file that somebody else changed may hold one. */
static void test_a_link_without_a_target(void)
{
    char path[128];
    sqlite3 *db = NULL;
    struct mf_inode inode;

    kit_use("changed", 0, 0);
    MF_CHECK_INT(LINK("/l", "a"), 0);
    mf_store_close(kit_store);
    (void)snprintf(path, sizeof path, "%s/mayfly.db", kit_dir);
    MF_CHECK_INT(sqlite3_open(path, &db), SQLITE_OK);
    MF_CHECK_INT(sqlite3_exec(db, "UPDATE inodes SET target = '' WHERE target = 'a'", NULL, NULL, NULL),
                 SQLITE_OK);
    MF_CHECK_INT(sqlite3_close(db), SQLITE_OK);
    kit_open();
    MF_CHECK_INT(mf_workspace_stat(kit_store, &kit_ref, TEXT("/l/x"), true, &inode, NULL, NULL), MF_E_STORE);
    MF_CHECK_INT(mf_workspace_delete(kit_store, &kit_ref), 0);
}

static void test_rename(void)
{
    kit_use("mv", 0, 0);
    MF_CHECK_INT(MKDIRS("/a/b"), 0);
    MF_CHECK_INT(kit_write("/a/b/f", "f"), 0);
    MF_CHECK_INT(kit_write("/g", "g"), 0);
    MF_CHECK_INT(MV("/a", "/a/b/c"), MF_E_FS_EINVAL);
    MF_CHECK_INT(MV("/a", "/a"), 0);
    MF_CHECK_INT(MV("/none", "/b"), MF_E_FS_ENOENT);
    MF_CHECK_INT(MV("/g", "/a"), MF_E_FS_EISDIR);
    MF_CHECK_INT(MV("/a", "/g"), MF_E_FS_ENOTDIR);
    MF_CHECK_INT(MV("/g", "/n/g"), MF_E_FS_ENOENT);
    MF_CHECK_INT(MV("/g", "/n/"), MF_E_FS_ENOTDIR);
    MF_CHECK_INT(MV("/", "/n"), MF_E_FS_EBUSY);
    MF_CHECK_INT(MKDIR("/full"), 0);
    MF_CHECK_INT(kit_write("/full/x", "x"), 0);
    MF_CHECK_INT(MV("/a", "/full"), MF_E_FS_ENOTEMPTY);
    MF_CHECK_INT(MV("/a/b", "/a"), MF_E_FS_ENOTEMPTY);
    MF_CHECK_INT(kit_do(MF_WORKSPACE_MV, "/g", "/full/x", MF_WORKSPACE_EXCLUSIVE), MF_E_FS_EEXIST);
    MF_CHECK_INT(MV("/g", "/full/x"), 0);
    EXPECT_FILE("/full/x", "g");
    MF_CHECK_INT(kit_is("/g"), MF_E_FS_ENOENT);
    MF_CHECK_INT(MKDIR("/empty"), 0);
    MF_CHECK_INT(MV("/a", "/empty"), 0);
    EXPECT_FILE("/empty/b/f", "f");
    MF_CHECK_INT(kit_do(MF_WORKSPACE_MV, "/empty", "/p/q/r", MF_WORKSPACE_PARENTS), 0);
    EXPECT_FILE("/p/q/r/b/f", "f");
    /* The target is the link that the source's path goes through. */
    MF_CHECK_INT(LINK("/way", "p/q/r/b"), 0);
    MF_CHECK_INT(MV("/way/f", "/way"), 0);
    EXPECT_FILE("/way", "f");
    MF_CHECK_INT(kit_info().inodes, 1 + 2 + 4 + 1);
    kit_collect();
}

static void test_copies_share_and_do_not_show_it(void)
{
    kit_use("cp", 0, 0);
    MF_CHECK_INT(MKDIRS("/a/b/c"), 0);
    MF_CHECK_INT(kit_write("/a/b/c/f", "one"), 0);
    MF_CHECK_INT(kit_do(MF_WORKSPACE_CP, "/a", "/z", 0), MF_E_FS_EISDIR);
    MF_CHECK_INT(CP("/a", "/z"), 0);
    MF_CHECK_INT(CP("/a", "/a/b/in"), MF_E_FS_EINVAL);
    MF_CHECK_INT(CP("/a", "/a"), MF_E_FS_EINVAL);
    MF_CHECK_INT(kit_info().inodes, 1 + 4 + 4);
    MF_CHECK_INT(kit_info().bytes, 6);
    MF_CHECK_INT(kit_write("/z/b/c/f", "two"), 0);
    EXPECT_FILE("/a/b/c/f", "one");
    EXPECT_FILE("/z/b/c/f", "two");
    MF_CHECK_INT(kit_op((struct mf_workspace_op){.kind = MF_WORKSPACE_PATCH,
                                                 .path = TEXT("/a/b/c/f"),
                                                 .bytes = TEXT("!"),
                                                 .flags = MF_WORKSPACE_APPEND}),
                 0);
    EXPECT_FILE("/a/b/c/f", "one!");
    MF_CHECK_INT(CP("/a/b/c/f", "/copy"), 0);
    MF_CHECK_INT(CP("/copy", "/same"), 0);
    MF_CHECK_INT(CP("/copy", "/same"), 0);
    MF_CHECK_INT(MV("/same", "/copy"), 0); /* They are one inode. */
    MF_CHECK_INT(kit_is("/same"), MF_E_FS_ENOENT);
    MF_CHECK_INT(
        kit_op((struct mf_workspace_op){.kind = MF_WORKSPACE_CHMOD, .path = TEXT("/copy"), .mode = 0600}), 0);
    struct mf_inode inode;
    MF_CHECK_INT(kit_stat("/a/b/c/f", &inode), 0);
    MF_CHECK_INT(inode.mode, 0644);
    MF_CHECK_INT(kit_stat("/copy", &inode), 0);
    MF_CHECK_INT(inode.mode, 0600);
    MF_CHECK_INT(RMALL("/a/b"), 0);
    EXPECT_FILE("/z/b/c/f", "two");
    MF_CHECK_INT(CP("/z", "/y1"), 0);
    MF_CHECK_INT(CP("/y1", "/y2"), 0);
    MF_CHECK_INT(MV("/y1/b/c", "/y2/moved"), 0);
    EXPECT_FILE("/y2/moved/f", "two");
    EXPECT_FILE("/y2/b/c/f", "two");
    EXPECT_FILE("/z/b/c/f", "two");
    MF_CHECK_INT(kit_is("/y1/b/c"), MF_E_FS_ENOENT);
    kit_collect();
    MF_CHECK_INT(RMALL("/z"), 0);
    MF_CHECK_INT(RMALL("/y1"), 0);
    MF_CHECK_INT(RMALL("/y2"), 0);
    MF_CHECK_INT(RMALL("/a"), 0);
    MF_CHECK_INT(RM("/copy"), 0);
    kit_collect();
    MF_CHECK_INT(kit_info().inodes, 1);
}

static void test_content(void)
{
    enum { SIZE = 3 * MF_FS_CHUNK_BYTES + 12345 };
    uint8_t *bytes = mf_try_alloc(SIZE);
    struct mf_buf read;
    kit_use("content", 0, 0);
    for (size_t i = 0; i < SIZE; i++) {
        bytes[i] = (uint8_t)(i * 2654435761u >> 13);
    }
    struct mf_workspace_op op = {
        .kind = MF_WORKSPACE_WRITE, .path = TEXT("/f"), .bytes = mf_slice_of(bytes, SIZE)};
    MF_CHECK_INT(kit_op(op), 0);
    MF_CHECK_INT(kit_read("/f", &read), 0);
    MF_CHECK(mf_slice_equal(mf_buf_peek(&read), mf_slice_of(bytes, SIZE)));
    mf_buf_done(&read);
    MF_CHECK_INT(kit_rows("chunks"), 4);
    /* The same content again is no new one. */
    op.path = TEXT("/g");
    MF_CHECK_INT(kit_op(op), 0);
    MF_CHECK_INT(kit_rows("chunks"), 4);
    /* Over the border of two chunks, in the middle, behind the end, and cut. */
    static const size_t offsets[] = {MF_FS_CHUNK_BYTES - 3, 5, SIZE - 2, SIZE + MF_FS_CHUNK_BYTES + 7};
    size_t size = SIZE;
    uint8_t *model = mf_try_alloc(2 * SIZE);
    memcpy(model, bytes, SIZE);
    for (size_t i = 0; i < MF_COUNT_OF(offsets); i++) {
        op = (struct mf_workspace_op){
            .kind = MF_WORKSPACE_PATCH, .path = TEXT("/f"), .offset = offsets[i], .bytes = TEXT("patch!")};
        memcpy(model + offsets[i], "patch!", 6);
        size = offsets[i] + 6 > size ? offsets[i] + 6 : size;
        MF_CHECK_INT(kit_op(op), 0);
        MF_CHECK_INT(kit_read("/f", &read), 0);
        MF_CHECK(mf_slice_equal(mf_buf_peek(&read), mf_slice_of(model, size)));
        mf_buf_done(&read);
    }
    static const size_t cuts[] = {SIZE + 100, SIZE - 50, MF_FS_CHUNK_BYTES * 2,    MF_FS_CHUNK_BYTES + 1,
                                  1,          0,         MF_FS_CHUNK_BYTES * 2 + 9};
    for (size_t i = 0; i < MF_COUNT_OF(cuts); i++) {
        op = (struct mf_workspace_op){.kind = MF_WORKSPACE_TRUNCATE, .path = TEXT("/f"), .size = cuts[i]};
        if (cuts[i] > size) {
            memset(model + size, 0, cuts[i] - size);
        }
        size = cuts[i];
        MF_CHECK_INT(kit_op(op), 0);
        MF_CHECK_INT(kit_read("/f", &read), 0);
        MF_CHECK(mf_slice_equal(mf_buf_peek(&read), mf_slice_of(model, size)));
        mf_buf_done(&read);
        kit_check();
    }
    MF_CHECK_INT(kit_read("/g", &read), 0);
    MF_CHECK(mf_slice_equal(mf_buf_peek(&read), mf_slice_of(bytes, SIZE)));
    mf_buf_done(&read);
    MF_CHECK_INT(RM("/f"), 0);
    MF_CHECK_INT(RM("/g"), 0);
    kit_collect();
    MF_CHECK_INT(kit_rows("file_chunks"), 0);
    MF_CHECK_INT(kit_rows("chunks"), 0);
    MF_CHECK_INT(kit_rows("chunk_bytes"), 0);
    mf_free(model);
    mf_free(bytes);
}

static int edit(const char *path, const struct mf_workspace_edit *edits, size_t count)
{
    return kit_op((struct mf_workspace_op){
        .kind = MF_WORKSPACE_EDIT, .path = TEXT(path), .edits = edits, .edits_count = count});
}

static void test_only_small_files(void)
{
    struct mf_inode file;
    struct mf_buf bytes;

    kit_use("small", 0, 0);
    mf_buf_init(&bytes, 64);
    MF_CHECK_INT(kit_write("/f", "four"), 0);
    kit_ref.file_bytes_max = 3;
    MF_CHECK_INT(mf_workspace_read(kit_store, &kit_ref, TEXT("/f"), 0, 1, &file, &bytes), MF_E_AGAIN);
    MF_CHECK_INT(bytes.size, 0);
    kit_ref.file_bytes_max = 4;
    MF_CHECK_INT(mf_workspace_read(kit_store, &kit_ref, TEXT("/f"), 0, 64, &file, &bytes), 0);
    MF_CHECK(mf_slice_equal_cstr(mf_buf_peek(&bytes), "four"));
    mf_buf_done(&bytes);
}

static void test_edits(void)
{
    kit_use("edit", 0, 0);
    MF_CHECK_INT(kit_write("/f", "one two two three"), 0);
    struct mf_workspace_edit edits[] = {
        {.search = TEXT("one"), .replace = TEXT("two")},
        {.search = TEXT("two"), .replace = TEXT("2"), .is_all = true},
        {.is_range = true, .offset = 0, .size = 1, .replace = TEXT("zwei")},
        {.is_range = true, .offset = 9, .size = 0, .replace = TEXT("-")},
    };
    MF_CHECK_INT(edit("/f", edits, 4), 0);
    EXPECT_FILE("/f", "zwei 2 2 -three");
    struct mf_workspace_edit ambiguous[] = {{.search = TEXT("zwei"), .replace = TEXT("")},
                                            {.search = TEXT("2"), .replace = TEXT("x")}};
    MF_CHECK_INT(edit("/f", ambiguous, 2), MF_E_WORKSPACE_EDIT);
    MF_CHECK_INT(kit_result.edit, 1);
    MF_CHECK_INT(kit_result.found, 2);
    EXPECT_FILE("/f", "zwei 2 2 -three");
    struct mf_workspace_edit bad[] = {{.search = TEXT("none"), .is_all = true}};
    MF_CHECK_INT(edit("/f", bad, 1), MF_E_WORKSPACE_EDIT);
    bad[0] = (struct mf_workspace_edit){.search = TEXT("")};
    MF_CHECK_INT(edit("/f", bad, 1), MF_E_WORKSPACE_EDIT);
    bad[0] = (struct mf_workspace_edit){.is_range = true, .offset = 15, .size = 1};
    MF_CHECK_INT(edit("/f", bad, 1), MF_E_WORKSPACE_EDIT);
    bad[0] = (struct mf_workspace_edit){.is_range = true, .offset = UINT64_MAX, .size = 2};
    MF_CHECK_INT(edit("/f", bad, 1), MF_E_WORKSPACE_EDIT);
    MF_CHECK_INT(edit("/none", edits, 1), MF_E_FS_ENOENT);
    MF_CHECK_INT(edit("/", edits, 1), MF_E_FS_EISDIR);
}

static int refuse(void *user, const struct mf_inode *before)
{
    *(bool *)user = before != NULL;
    return MF_E_API_PRECONDITION;
}

static void test_batches(void)
{
    struct mf_workspace_result results[4];
    struct mf_workspace_outcome outcome;
    kit_use("batch", 0, 0);
    struct mf_workspace_op ops[] = {
        {.kind = MF_WORKSPACE_MKDIR, .path = TEXT("/d"), .mode = MF_WORKSPACE_MODE_DEFAULT},
        {.kind = MF_WORKSPACE_WRITE, .path = TEXT("/d/f"), .bytes = TEXT("1"), .mode = 0755},
        {.kind = MF_WORKSPACE_MV, .path = TEXT("/d"), .to = TEXT("/e")},
        {.kind = MF_WORKSPACE_RM, .path = TEXT("/none")},
    };
    uint64_t revision = kit_info().revision;
    MF_CHECK_INT(mf_workspace_apply(kit_store, &kit_ref, ops, 4, 1, results, &outcome), MF_E_FS_ENOENT);
    MF_CHECK_INT(outcome.failed, 3);
    MF_CHECK_INT(kit_is("/e"), MF_E_FS_ENOENT);
    MF_CHECK_INT(kit_info().revision, revision);
    MF_CHECK_INT(mf_workspace_apply(kit_store, &kit_ref, ops, 3, 1, results, &outcome), 0);
    EXPECT_FILE("/e/f", "1");
    MF_CHECK_INT(kit_info().revision, revision + 1);
    MF_CHECK(results[0].is_new && results[1].is_new && results[1].inode.mode == 0755);
    /* What was asked before a change may end it. */
    bool was_there = false;
    struct mf_workspace_ask ask = {.may = refuse, .user = &was_there};
    struct mf_workspace_op asked = {
        .kind = MF_WORKSPACE_WRITE, .path = TEXT("/e/f"), .bytes = TEXT("2"), .ask = &ask};
    MF_CHECK_INT(kit_op(asked), MF_E_API_PRECONDITION);
    MF_CHECK(was_there);
    EXPECT_FILE("/e/f", "1");
    /* Nothing changed: no revision. */
    revision = kit_info().revision;
    MF_CHECK_INT(MKDIRS("/e"), 0);
    MF_CHECK_INT(kit_info().revision, revision);
}

static void test_quota(void)
{
    kit_use("quota", 100, 5);
    char text[128];
    memset(text, 'x', sizeof text);
    text[100] = '\0';
    MF_CHECK_INT(kit_write("/a", text), 0);
    MF_CHECK_INT(kit_write("/b", "1"), MF_E_FS_ENOSPC);
    MF_CHECK_INT(kit_write("/a", "12345"), 0);
    MF_CHECK_INT(CP("/a", "/b"), 0); /* A copy counts, though it costs nothing. */
    MF_CHECK_INT(kit_info().bytes, 10);
    MF_CHECK_INT(
        kit_op((struct mf_workspace_op){.kind = MF_WORKSPACE_TRUNCATE, .path = TEXT("/a"), .size = 96}),
        MF_E_FS_ENOSPC);
    MF_CHECK_INT(
        kit_op((struct mf_workspace_op){.kind = MF_WORKSPACE_TRUNCATE, .path = TEXT("/a"), .size = 95}), 0);
    MF_CHECK_INT(LINK("/l", "12345"), MF_E_FS_ENOSPC);
    MF_CHECK_INT(MKDIR("/d"), 0);
    MF_CHECK_INT(MKDIR("/e"), 0);
    MF_CHECK_INT(MKDIR("/f"), MF_E_FS_ENOSPC);
    MF_CHECK_INT(MV("/b", "/d/b"), 0); /* Nothing is added. */
    MF_CHECK_INT(RMALL("/d"), 0);
    MF_CHECK_INT(MKDIR("/f"), 0);
    MF_CHECK_INT(kit_op((struct mf_workspace_op){
                     .kind = MF_WORKSPACE_TRUNCATE, .path = TEXT("/a"), .size = UINT64_MAX}),
                 MF_E_FS_EFBIG);
    kit_check();
}

static void test_uploads(void)
{
    enum { PIECE = MF_FS_CHUNK_BYTES };
    uint8_t *piece = mf_try_alloc(PIECE);
    uint64_t upload = 0;
    struct mf_inode file;
    struct mf_buf read;
    kit_use("upload", 3 * (uint64_t)PIECE, 0);
    memset(piece, 7, PIECE);
    MF_CHECK_INT(mf_workspace_upload_begin(kit_store, &kit_ref, 1, &upload), 0);
    MF_CHECK_INT(mf_workspace_upload_write(kit_store, &kit_ref, upload, mf_slice_of(piece, PIECE)), 0);
    memset(piece, 8, PIECE);
    MF_CHECK_INT(mf_workspace_upload_write(kit_store, &kit_ref, upload, mf_slice_of(piece, PIECE)), 0);
    MF_CHECK_INT(mf_workspace_upload_write(kit_store, &kit_ref, upload, TEXT("end")), 0);
    MF_CHECK_INT(mf_workspace_upload_write(kit_store, &kit_ref, upload, TEXT("behind the end")),
                 MF_E_FS_EINVAL);
    /* To another workspace it is none: neither its quota nor its tree may have it. */
    struct mf_workspace_ref ours = kit_ref;
    kit_use("another", 3 * (uint64_t)PIECE, 0);
    MF_CHECK_INT(mf_workspace_upload_write(kit_store, &kit_ref, upload, TEXT("x")), MF_E_NOT_FOUND);
    MF_CHECK_INT(
        kit_op((struct mf_workspace_op){.kind = MF_WORKSPACE_WRITE, .path = TEXT("/big"), .upload = upload}),
        MF_E_NOT_FOUND);
    kit_ref = ours;
    /* What is under way counts. */
    uint64_t other = 0;
    MF_CHECK_INT(mf_workspace_upload_begin(kit_store, &kit_ref, 1, &other), 0);
    MF_CHECK_INT(mf_workspace_upload_write(kit_store, &kit_ref, other, mf_slice_of(piece, PIECE)),
                 MF_E_FS_ENOSPC);
    MF_CHECK_INT(mf_workspace_upload_cancel(kit_store, other), 0);
    struct mf_workspace_op op = {.kind = MF_WORKSPACE_WRITE, .path = TEXT("/big"), .upload = upload};
    MF_CHECK_INT(kit_op(op), 0);
    MF_CHECK_INT(kit_op(op), MF_E_NOT_FOUND); /* It ended with the first. */
    MF_CHECK_INT(kit_info().bytes, 2 * PIECE + 3);
    /* Whoever reads it reads it to the end. */
    MF_CHECK_INT(mf_workspace_open(kit_store, &kit_ref, TEXT("/big"), &file), 0);
    MF_CHECK_INT(kit_op((struct mf_workspace_op){
                     .kind = MF_WORKSPACE_PATCH, .path = TEXT("/big"), .bytes = TEXT("changed")}),
                 0);
    MF_CHECK_INT(RM("/big"), 0);
    kit_collect();
    mf_buf_init(&read, 3 * PIECE);
    MF_CHECK_INT(mf_workspace_file_read(kit_store, &file, PIECE - 1, 2, &read), 0);
    MF_CHECK_TEXT(mf_buf_peek(&read), "\x07\x08");
    mf_buf_reset(&read);
    MF_CHECK_INT(mf_workspace_file_read(kit_store, &file, 2 * PIECE, 100, &read), 0);
    MF_CHECK_TEXT(mf_buf_peek(&read), "end");
    mf_buf_done(&read);
    mf_workspace_close(kit_store, &file);
    kit_collect();
    MF_CHECK_INT(kit_rows("chunks"), 0);
    /* One that nobody ends is gone with the next start. */
    MF_CHECK_INT(mf_workspace_upload_begin(kit_store, &kit_ref, 1, &upload), 0);
    MF_CHECK_INT(mf_workspace_upload_write(kit_store, &kit_ref, upload, TEXT("lost")), 0);
    mf_store_close(kit_store);
    kit_open();
    kit_collect();
    MF_CHECK_INT(kit_rows("chunks"), 0);
    MF_CHECK_INT(kit_rows("workspace_uploads"), 0);
    mf_free(piece);
}

static void test_drafts(void)
{
    kit_use("draft", 0, 0);
    MF_CHECK_INT(kit_write("/f", "1"), 0);
    struct mf_workspace_ref live = kit_ref;
    struct mf_workspace_ref draft = kit_ref;
    MF_CHECK_INT(mf_workspace_draft_begin(kit_store, &draft), 0);
    kit_ref = draft;
    MF_CHECK_INT(kit_write("/f", "2"), 0);
    MF_CHECK_INT(MKDIR("/d"), 0);
    MF_CHECK_INT(kit_write("/d/g", "g"), 0);
    EXPECT_FILE("/f", "2");
    kit_ref = live;
    EXPECT_FILE("/f", "1");
    MF_CHECK_INT(kit_is("/d"), MF_E_FS_ENOENT);
    uint64_t revision = kit_info().revision;
    MF_CHECK_INT(mf_workspace_draft_commit(kit_store, &draft, 5), 0);
    EXPECT_FILE("/f", "2");
    EXPECT_FILE("/d/g", "g");
    MF_CHECK_INT(kit_info().revision, revision + 1);
    kit_collect();
    /* Two at once: the second one to be done is told. */
    draft = live;
    MF_CHECK_INT(mf_workspace_draft_begin(kit_store, &draft), 0);
    kit_ref = draft;
    MF_CHECK_INT(RMALL("/d"), 0);
    kit_ref = live;
    MF_CHECK_INT(kit_write("/f", "3"), 0);
    MF_CHECK_INT(mf_workspace_draft_commit(kit_store, &draft, 5), MF_E_WORKSPACE_CONFLICT);
    EXPECT_FILE("/d/g", "g");
    MF_CHECK_INT(mf_workspace_draft_cancel(kit_store, &draft), 0);
    kit_collect();
    /* And one that nobody ends is gone with the next start. */
    draft = live;
    MF_CHECK_INT(mf_workspace_draft_begin(kit_store, &draft), 0);
    kit_ref = draft;
    MF_CHECK_INT(kit_write("/lost", "x"), 0);
    kit_ref = live;
    mf_store_close(kit_store);
    kit_open();
    kit_collect();
    MF_CHECK_INT(kit_rows("workspace_drafts"), 0);
    EXPECT_FILE("/f", "3");
    for (int i = 0; i < MF_WORKSPACE_DRAFTS_MAX; i++) {
        draft = live;
        MF_CHECK_INT(mf_workspace_draft_begin(kit_store, &draft), 0);
    }
    MF_CHECK_INT(mf_workspace_draft_begin(kit_store, &live), MF_E_AGAIN);
    MF_CHECK_INT(mf_workspace_delete(kit_store, &kit_ref), 0);
    MF_CHECK_INT(mf_workspace_delete(kit_store, &kit_ref), MF_E_WORKSPACE_UNKNOWN);
    kit_collect();
}

static void test_much_garbage_goes_in_steps(void)
{
    kit_use("garbage", 0, 0);
    struct mf_workspace_op *ops = mf_try_alloc(5000 * sizeof *ops);
    struct mf_workspace_result *results = mf_try_alloc(5000 * sizeof *results);
    char(*paths)[32] = mf_try_alloc(5000 * sizeof *paths);
    struct mf_workspace_outcome outcome;
    MF_CHECK_INT(MKDIR("/d"), 0);
    for (size_t i = 0; i < 5000; i++) {
        (void)snprintf(paths[i], sizeof paths[i], "/d/%zu/f", i % 50 * 100 + i / 50);
        ops[i] = (struct mf_workspace_op){.kind = MF_WORKSPACE_WRITE,
                                          .path = TEXT(paths[i]),
                                          .bytes = TEXT("same"),
                                          .flags = MF_WORKSPACE_PARENTS,
                                          .mode = MF_WORKSPACE_MODE_DEFAULT};
    }
    MF_CHECK_INT(mf_workspace_apply(kit_store, &kit_ref, ops, 5000, 1, results, &outcome), 0);
    MF_CHECK_INT(kit_info().inodes, 2 + 10000);
    MF_CHECK_INT(RMALL("/d"), 0);
    MF_CHECK_INT(kit_info().inodes, 1);
    bool has_more = false;
    MF_CHECK_INT(mf_workspace_collect(kit_store, &has_more), 0);
    MF_CHECK(has_more);
    kit_check();
    kit_collect();
    MF_CHECK_INT(kit_rows("inode_garbage"), 0);
    mf_free(paths);
    mf_free(results);
    mf_free(ops);
}

static void test_changes_are_trimmed(void)
{
    kit_use("trim", 0, 0);
    enum { COUNT = MF_WORKSPACE_OPS_MAX };
    struct mf_workspace_op *ops = mf_try_alloc(COUNT * sizeof *ops);
    struct mf_workspace_result *results = mf_try_alloc(COUNT * sizeof *results);
    struct mf_workspace_outcome outcome;
    for (size_t i = 0; i < COUNT; i++) {
        ops[i] = (struct mf_workspace_op){.kind = MF_WORKSPACE_WRITE, .path = TEXT("/f"), .mode = 0644};
    }
    for (int i = 0; i < 5; i++) {
        MF_CHECK_INT(mf_workspace_apply(kit_store, &kit_ref, ops, COUNT, 1, results, &outcome), 0);
        kit_check();
    }
    uint64_t kept = kit_rows("workspace_changes WHERE workspace = (SELECT max(id) FROM workspaces)");
    MF_CHECK(kept > 0 && kept <= MF_WORKSPACE_CHANGES_MAX);
    mf_free(results);
    mf_free(ops);
    kit_collect();
}

int main(void)
{
    kit_begin();
    MF_RUN(test_content);
    MF_RUN(test_uploads);
    MF_RUN(test_only_small_files);
    MF_RUN(test_directories);
    MF_RUN(test_paths);
    MF_RUN(test_links);
    MF_RUN(test_a_link_without_a_target);
    MF_RUN(test_rename);
    MF_RUN(test_copies_share_and_do_not_show_it);
    MF_RUN(test_edits);
    MF_RUN(test_batches);
    MF_RUN(test_quota);
    MF_RUN(test_drafts);
    MF_RUN(test_much_garbage_goes_in_steps);
    MF_RUN(test_changes_are_trimmed);
    kit_end();
    return 0;
}
