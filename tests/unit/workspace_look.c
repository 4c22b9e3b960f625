/* Globs, walks that are taken up again, and expressions that want to take for ever. */
#include "glob.h"
#include "workspace_kit.h"

static const struct {
    const char *pattern;
    const char *path;
    bool is_match;
} glob_rows[] = {
    {"*.js", "/a.js", true},
    {"*.js", "/d/a.js", false},
    {"/d/*.js", "d/a.js", true},
    {"**/*.js", "/a.js", true},
    {"**/*.js", "/x/y/a.js", true},
    {"**", "/x/y", true},
    {"x/**", "/x", true},
    {"x/**/y", "/x/y", true},
    {"x/**/y", "/x/1/2/y", true},
    {"x/**/y", "/x/1/2/yy", false},
    {"**/b/**/d", "/a/b/c/b/d", true},
    {"**/b/*/d", "/a/b/c/b/d", false},
    {"a?c", "/abc", true},
    {"a?c",
     "/a\xc3\xbc"
     "c",
     true},
    {"a?c", "/ac", false},
    {"a*b*c", "/a1b2c", true},
    {"a*b*c", "/a1b2", false},
    {"[a-c]x", "/bx", true},
    {"[a-c]x", "/dx", false},
    {"[!a-c]x", "/dx", true},
    {"[]a]", "/]", true},
    {"[\xc3\xa4-\xc3\xbc]", "/\xc3\xb6", true},
    {"{a,b}", "/b", true},
    {"{a,b}", "/c", false},
    {"{a,b{1,2}}.js", "/b2.js", true},
    {"{a,b{1,2}}.js", "/b.js", false},
    {"{,x}y", "/y", true},
    {"a{b,c}d{e,f}", "/acdf", true},
    {"a{b,c}d{e,f}", "/acd", false},
    {"{a/b,c}/d", "/a/b/d", true},
    {"\\*", "/*", true},
    {"\\*", "/a", false},
    {"\\{a,b\\}", "/{a,b}", true},
    {".*", "/.hidden", true},
    {"*", "/.hidden", true},
    {"a", "/a/b", false},
    {"a/b", "/a", false},
};

static void test_globs(void)
{
    struct glob *glob = NULL;
    for (size_t i = 0; i < MF_COUNT_OF(glob_rows); i++) {
        MF_CHECK_INT(mf__glob_new(TEXT(glob_rows[i].pattern), &glob), 0);
        if (mf__glob_matches(glob, TEXT(glob_rows[i].path)) != glob_rows[i].is_match) {
            fprintf(stderr, "%s on %s\n", glob_rows[i].pattern, glob_rows[i].path);
            MF_CHECK(false);
        }
        mf__glob_free(glob);
    }
    static const char *const bad[] = {
        "",
        "/",
        "{a",
        "[a",
        "a\\",
        "[a/b]",
        "\xff",
        "{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}"};
    for (size_t i = 0; i < MF_COUNT_OF(bad); i++) {
        MF_CHECK_INT(mf__glob_new(TEXT(bad[i]), &glob), MF_E_WORKSPACE_PATTERN);
    }
    /* The worst that stars can do. */
    char name[256];
    char stars[512] = "";
    memset(name, 'a', 255);
    name[255] = '\0';
    for (int i = 0; i < 100; i++) {
        strcat(stars, "*a");
    }
    strcat(stars, "b");
    MF_CHECK_INT(mf__glob_new(TEXT(stars), &glob), 0);
    MF_CHECK(!mf__glob_matches(glob, TEXT(name)));
    mf__glob_free(glob);
}

struct seen {
    char text[4096];
    size_t count;
};

static int see(void *user, const struct mf_workspace_entry *entry)
{
    struct seen *seen = user;
    size_t used = strlen(seen->text);
    (void)snprintf(seen->text + used, sizeof seen->text - used, "%.*s ", (int)entry->path.size,
                   (const char *)entry->path.data);
    seen->count++;
    return 0;
}

/* All pages of |page| entries; |between| is called after each. */
static void
walk_pages(struct mf_workspace_search search, size_t page, struct seen *seen, void (*between)(void))
{
    struct mf_buf next;
    struct mf_buf after;
    mf_buf_init(&next, MF_FS_PATH_BYTES_MAX);
    mf_buf_init(&after, MF_FS_PATH_BYTES_MAX);
    *seen = (struct seen){.count = 0};
    do {
        search.count = page;
        search.after = mf_buf_peek(&after);
        mf_buf_reset(&next);
        MF_CHECK_INT(mf_workspace_find(kit_store, &kit_ref, &search, see, seen, &next), 0);
        mf_buf_reset(&after);
        MF_CHECK_INT(mf_buf_append_slice(&after, mf_buf_peek(&next)), 0);
        if (between != NULL) {
            between();
        }
    } while (next.size > 0);
    mf_buf_done(&next);
    mf_buf_done(&after);
}

static void remove_where_the_page_ended(void)
{
    (void)RMALL("/a/b");
}

static void test_walks(void)
{
    static const char all[] = "/a /a/b /a/b/1 /a/b/2 /a/b.x /a/c /a/c/d /a/c/d/e /b /l ";
    struct seen seen;
    kit_use("walk", 0, 0);
    MF_CHECK_INT(MKDIRS("/a/c/d/e"), 0);
    MF_CHECK_INT(MKDIRS("/a/b"), 0);
    MF_CHECK_INT(kit_write("/a/b/1", "1"), 0);
    MF_CHECK_INT(kit_write("/a/b/2", "22"), 0);
    MF_CHECK_INT(kit_write("/a/b.x", "x"), 0);
    MF_CHECK_INT(kit_write("/b", "b"), 0);
    MF_CHECK_INT(LINK("/l", "a"), 0);
    for (size_t page = 1; page < 12; page++) {
        walk_pages((struct mf_workspace_search){.path = TEXT("/")}, page, &seen, NULL);
        MF_CHECK_TEXT(TEXT(seen.text), all);
    }
    walk_pages((struct mf_workspace_search){.path = TEXT("/l"), .levels_max = 1}, 2, &seen, NULL);
    MF_CHECK_TEXT(TEXT(seen.text), "/a/b /a/b.x /a/c ");
    walk_pages((struct mf_workspace_search){.path = TEXT("/a"), .levels_max = 2}, 1, &seen, NULL);
    MF_CHECK_TEXT(TEXT(seen.text), "/a/b /a/b/1 /a/b/2 /a/b.x /a/c /a/c/d ");
    walk_pages((struct mf_workspace_search){.path = TEXT("/"), .kinds = 1u << MF_INODE_FILE, .size_min = 2},
               1, &seen, NULL);
    MF_CHECK_TEXT(TEXT(seen.text), "/a/b/2 ");
    walk_pages((struct mf_workspace_search){.path = TEXT("/a"), .glob = TEXT("b/*")}, 1, &seen, NULL);
    MF_CHECK_TEXT(TEXT(seen.text), "/a/b/1 /a/b/2 ");
    walk_pages((struct mf_workspace_search){.path = TEXT("/"), .name = TEXT("[bd]*")}, 3, &seen, NULL);
    MF_CHECK_TEXT(TEXT(seen.text), "/a/b /a/b.x /a/c/d /b ");
    /* The page ends in what is gone when the next one begins. */
    walk_pages((struct mf_workspace_search){.path = TEXT("/")}, 3, &seen, remove_where_the_page_ended);
    MF_CHECK_TEXT(TEXT(seen.text), "/a /a/b /a/b/1 /a/b.x /a/c /a/c/d /a/c/d/e /b /l ");
    struct mf_buf next;
    mf_buf_init(&next, 100);
    struct mf_workspace_search search = {.path = TEXT("/a"), .after = TEXT("/b"), .count = 1};
    MF_CHECK_INT(mf_workspace_find(kit_store, &kit_ref, &search, see, &seen, &next), MF_E_FS_EINVAL);
    search = (struct mf_workspace_search){.path = TEXT("/b"), .count = 1};
    MF_CHECK_INT(mf_workspace_find(kit_store, &kit_ref, &search, see, &seen, &next), MF_E_FS_ENOTDIR);
    mf_buf_done(&next);
}

static int see_match(void *user, const struct mf_workspace_match *match)
{
    struct seen *seen = user;
    size_t used = strlen(seen->text);
    (void)snprintf(seen->text + used, sizeof seen->text - used, "%.*s:%d:%d ", (int)match->path.size,
                   (const char *)match->path.data, (int)match->line, (int)match->column);
    seen->count++;
    return 0;
}

static int see_skip(void *user, struct mf_slice path, uint64_t line)
{
    (void)user;
    (void)path;
    (void)line;
    return 0;
}

/* In pages of |page| matches. */
static int grep(struct mf_workspace_grep_options options, struct seen *seen)
{
    static const struct mf_workspace_grep_events events = {.on_match = see_match, .on_skip = see_skip};
    struct mf_workspace_search search = {.path = TEXT("/")};
    struct mf_workspace_grep *grep = NULL;
    enum mf_workspace_grep_end end = MF_WORKSPACE_GREP_MORE;
    struct mf_buf place;
    struct mf_buf why;
    mf_buf_init(&place, MF_FS_PATH_BYTES_MAX + 32);
    mf_buf_init(&why, 512);
    *seen = (struct seen){.count = 0};
    int rc = mf_workspace_grep_new(&options, &grep, &why);
    while (rc == 0 && end != MF_WORKSPACE_GREP_OVER) {
        uint64_t begin_ns = mf_clock_thread_cpu_ns();
        rc = mf_workspace_grep_step(kit_store, &kit_ref, grep, &search, &place, &events, seen, &end);
        /* However long it takes as a whole, others have the store after each step. */
        MF_CHECK(mf_clock_thread_cpu_ns() - begin_ns < UINT64_C(5) * MF_NS_PER_S);
    }
    mf_workspace_grep_free(grep);
    mf_buf_done(&place);
    mf_buf_done(&why);
    return rc;
}

static void test_grep(void)
{
    struct seen seen;
    kit_use("grep", 0, 0);
    MF_CHECK_INT(kit_write("/a", "one\ntwo foo\n\nFOO foo\r\nfo\xff foo\n"), 0);
    MF_CHECK_INT(kit_write("/b", "foo"), 0);
    MF_CHECK_INT(kit_write("/c", ""), 0);
    MF_CHECK_INT(kit_write("/d.E\\E", "a\\Eb (foo)*\n"), 0);
    MF_CHECK_INT(kit_op((struct mf_workspace_op){
                     .kind = MF_WORKSPACE_WRITE, .path = TEXT("/bin"), .bytes = mf_slice_of("\0foo\n", 5)}),
                 0);
    for (size_t page = 1; page < 8; page++) {
        MF_CHECK_INT(grep((struct mf_workspace_grep_options){.pattern = TEXT("foo"), .count = page}, &seen),
                     0);
        MF_CHECK_TEXT(TEXT(seen.text), "/a:2:4 /a:4:4 /b:1:0 /d.E\\E:1:6 ");
        MF_CHECK_INT(grep((struct mf_workspace_grep_options){.pattern = TEXT("^F(O|o)*\\b"),
                                                             .is_regex = true,
                                                             .ignores_case = true,
                                                             .count = page},
                          &seen),
                     0);
        MF_CHECK_TEXT(TEXT(seen.text), "/a:4:0 /b:1:0 ");
    }
    MF_CHECK_INT(
        grep((struct mf_workspace_grep_options){.pattern = TEXT("\\E"), .ignores_case = true, .count = 9},
             &seen),
        0);
    MF_CHECK_TEXT(TEXT(seen.text), "/d.E\\E:1:1 ");
    MF_CHECK_INT(
        grep((struct mf_workspace_grep_options){.pattern = TEXT("(foo)*"), .is_word = false, .count = 9},
             &seen),
        0);
    MF_CHECK_TEXT(TEXT(seen.text), "/d.E\\E:1:5 ");
    MF_CHECK_INT(
        grep((struct mf_workspace_grep_options){.pattern = TEXT("fo"), .is_word = true, .count = 9}, &seen),
        0);
    MF_CHECK_TEXT(TEXT(seen.text), "");
    static const char *const bad[] = {"(", "[", "a{2,1}", "(a)\\1", "\\C", "(?<=a+)b", "*"};
    for (size_t i = 0; i < MF_COUNT_OF(bad); i++) {
        MF_CHECK_INT(
            grep((struct mf_workspace_grep_options){.pattern = TEXT(bad[i]), .is_regex = true, .count = 9},
                 &seen),
            MF_E_WORKSPACE_PATTERN);
    }
}

/* Each either ends, or is refused; none runs for ever. */
static void test_hostile_expressions(void)
{
    static const char *const patterns[] = {
        "(a+)+$",          "(a|aa)+$",    "(a|a)*b",        "(.*)*x",   "a*a*a*a*a*a*a*b",
        "((a*)*)*b",       "(?=(a+))b",   "(a?){60}a{60}b", "(?R)?a",   "(?:a(?:a(?:a|$)|$)|$)+b",
        "([a-z]+)+[0-9]",  ".*.*.*.*=.*", "(?!.*a).*b",     "(?>a+)+b", "^(([a-z])+.)+[A-Z]([a-z])+$",
        "(a{1,50}){1,50}b"};
    struct seen seen;
    kit_use("redos", 0, 0);
    char *text = mf_try_alloc(400000);
    memset(text, 'a', 399999);
    for (size_t i = 900; i < 100000; i += 901) {
        text[i] = '\n'; /* Many lines of the length that is searched from every place, and one long one. */
    }
    MF_CHECK_INT(kit_write("/f", text), 0);
    for (size_t i = 0; i < MF_COUNT_OF(patterns); i++) {
        uint64_t begin_ns = mf_clock_thread_cpu_ns();
        int rc = grep(
            (struct mf_workspace_grep_options){.pattern = TEXT(patterns[i]), .is_regex = true, .count = 10},
            &seen);
        MF_CHECK(rc == 0 || rc == MF_E_WORKSPACE_PATTERN);
        printf("# %s: %d, %d ms\n", patterns[i], rc,
               (int)((mf_clock_thread_cpu_ns() - begin_ns) / MF_NS_PER_MS));
    }
    mf_free(text);
}

int main(void)
{
    kit_begin();
    MF_RUN(test_globs);
    MF_RUN(test_walks);
    MF_RUN(test_grep);
    MF_RUN(test_hostile_expressions);
    kit_end();
    return 0;
}
