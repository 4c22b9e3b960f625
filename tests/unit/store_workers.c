/* Workers in the store: versions, code that is kept once, who uses what, pages. */
#include <unistd.h>

#include "internal.h"

#include "check.h"

#define TEXT(text) mf_slice_of_cstr(text)

static char dir[64];
static struct mf_store *store;
static char seen[2048];

static void open_store(void)
{
    char why[MF_STORE_WHY_BYTES_MAX] = "";
    MF_CHECK_INT(mf_store_open(dir, &store, why), 0);
}

/* "name:version/current r1 hash size [code]," */
static int see(void *user, const struct mf_store_worker *row)
{
    size_t used = strlen(seen);
    (void)user;
    (void)snprintf(seen + used, sizeof seen - used, "%.*s:%d/%d r%d %.*s %d%s%.*s,", (int)row->name.size,
                   (const char *)row->name.data, (int)row->version, (int)row->current, (int)row->revision,
                   (int)row->hash.size, (const char *)row->hash.data, (int)row->bytes,
                   row->code.data == NULL ? "" : " ", (int)row->code.size, (const char *)row->code.data);
    return 0;
}

#define SEES(call_, expected_)                                                                               \
    do {                                                                                                     \
        seen[0] = 0;                                                                                         \
        MF_CHECK_INT(call_, 0);                                                                              \
        MF_CHECK_TEXT(TEXT(seen), expected_);                                                                \
    } while (0)

static int
put_with(const char *name, const char *code, const char *outbound, const struct mf_store_worker_ask *ask)
{
    struct mf_store_worker_put put = {
        .tenant = TEXT(""),
        .name = TEXT(name),
        .hash = TEXT(code), /* A content of its own is all that the store wants of it. */
        .code = TEXT(code),
        .now_ms = 1000,
        .versions_max = 3};
    if (outbound != NULL) {
        put.outbound = TEXT(outbound);
    }
    return mf_store_worker_put(store, &put, ask, see, NULL);
}

static int put(const char *name, const char *code)
{
    return put_with(name, code, NULL, NULL);
}

static int use(const char *name, uint64_t version)
{
    return mf_store_worker_use(store, TEXT(""), TEXT(name), version, 2000, NULL, see, NULL);
}

static int get(const char *name, uint64_t version, bool wants_code)
{
    return mf_store_worker_get(store, TEXT(""), TEXT(name), version, wants_code, see, NULL);
}

static int versions(const char *name)
{
    return mf_store_worker_versions(store, TEXT(""), TEXT(name), see, NULL);
}

static int list(const char *after, size_t count)
{
    return mf_store_worker_list(store, TEXT(""), TEXT(after), count, see, NULL);
}

static int delete (const char *name, char *users)
{
    struct mf_buf buf;
    mf_buf_init(&buf, 64);
    int rc = mf_store_worker_delete(store, TEXT(""), TEXT(name), NULL, &buf);
    (void)snprintf(users, 64, "%.*s", buf.data == NULL ? 0 : (int)strlen((char *)buf.data), (char *)buf.data);
    mf_buf_done(&buf);
    return rc;
}

static int put_outbound(const char *name, const char *worker)
{
    struct mf_slice workers[1] = {worker == NULL ? TEXT("") : TEXT(worker)};
    struct mf_store_uses uses = {.workers = workers, .workers_count = worker == NULL ? 0 : 1};
    uint64_t version;
    size_t missing = 99;
    int rc = mf_store_outbound_put(store, TEXT(""), TEXT(name), TEXT("{}"), &uses, 1, &version, &missing);
    MF_CHECK(rc != MF_E_WORKER_UNKNOWN || missing == 0);
    return rc;
}

static int count_codes(void)
{
    struct sql sql;
    int count = -1;
    mf__sql_prepare(&sql, store->db, "SELECT count(*) FROM worker_codes");
    if (mf__sql_step(&sql)) {
        count = (int)mf__sql_column_u64(&sql, 0);
    }
    MF_CHECK_INT(mf__sql_end(&sql), 0);
    return count;
}

static void versions_are_kept(void)
{
    MF_CHECK_INT(get("w", 0, true), MF_E_WORKER_UNKNOWN);
    MF_CHECK_INT(use("w", 1), MF_E_WORKER_UNKNOWN);
    MF_CHECK_INT(versions("w"), MF_E_WORKER_UNKNOWN);
    SEES(put("w", "one"), "w:1/1 r1 one 3,");
    SEES(put("w", "one"), "w:1/1 r1 one 3,"); /* The same again is no change. */
    SEES(put("w", "second"), "w:2/2 r2 second 6,");
    SEES(get("w", 0, true), "w:2/2 r2 second 6 second,");
    SEES(get("w", 1, true), "w:1/2 r2 one 3 one,");
    MF_CHECK_INT(get("w", 3, true), MF_E_WORKER_VERSION);
    SEES(use("w", 1), "w:1/1 r3 one 3,");
    SEES(use("w", 1), "w:1/1 r3 one 3,");
    MF_CHECK_INT(use("w", 7), MF_E_WORKER_VERSION);
    SEES(versions("w"), "w:2/1 r3 second 6,w:1/1 r3 one 3,");
    SEES(put("w", "second"), "w:3/3 r4 second 6,");
    mf_store_close(store);
    open_store();
    SEES(versions("w"), "w:3/3 r4 second 6,w:2/3 r4 second 6,w:1/3 r4 one 3,");
}

static void the_oldest_goes_and_the_used_one_stays(void)
{
    MF_CHECK_INT(count_codes(), 2);
    MF_CHECK_INT(use("w", 1), 0);
    SEES(put("w", "fourth"), "w:4/4 r6 fourth 6,");
    SEES(versions("w"), "w:4/4 r6 fourth 6,w:3/4 r6 second 6,w:2/4 r6 second 6,");
    MF_CHECK_INT(count_codes(), 2); /* "one" went with its last version. */
    MF_CHECK_INT(use("w", 2), 0);
    SEES(put("w", "fifth"), "w:5/5 r8 fifth 5,");
    SEES(versions("w"), "w:5/5 r8 fifth 5,w:4/5 r8 fourth 6,w:3/5 r8 second 6,");
}

static void code_is_kept_once(void)
{
    char users[64];
    SEES(put("v", "fifth"), "v:1/1 r1 fifth 5,");
    MF_CHECK_INT(count_codes(), 3);
    MF_CHECK_INT(delete ("w", users), 0);
    MF_CHECK_INT(count_codes(), 1);
    SEES(get("v", 0, true), "v:1/1 r1 fifth 5 fifth,");
    MF_CHECK_INT(delete ("w", users), MF_E_WORKER_UNKNOWN);
    MF_CHECK_INT(delete ("v", users), 0);
    MF_CHECK_INT(count_codes(), 0);
}

static int refuse(void *user, const struct mf_store_worker *before)
{
    *(int *)user = before == NULL ? 0 : (int)before->revision;
    return MF_E_API_PRECONDITION;
}

static void who_asks_may_refuse(void)
{
    int revision = -1;
    char users[64];
    struct mf_buf none;
    struct mf_store_worker_ask ask = {refuse, &revision};
    MF_CHECK_INT(put_with("w", "one", NULL, &ask), MF_E_API_PRECONDITION);
    MF_CHECK_INT(revision, 0);
    MF_CHECK_INT(get("w", 0, false), MF_E_WORKER_UNKNOWN);
    MF_CHECK_INT(put("w", "one"), 0);
    MF_CHECK_INT(put_with("w", "two", NULL, &ask), MF_E_API_PRECONDITION);
    MF_CHECK_INT(revision, 1);
    MF_CHECK_INT(mf_store_worker_use(store, TEXT(""), TEXT("w"), 1, 1, &ask, see, NULL),
                 MF_E_API_PRECONDITION);
    mf_buf_init(&none, 64);
    MF_CHECK_INT(mf_store_worker_delete(store, TEXT(""), TEXT("w"), &ask, &none), MF_E_API_PRECONDITION);
    MF_CHECK_INT(count_codes(), 1);
    MF_CHECK_INT(delete ("w", users), 0);
}

static void what_is_used_stays(void)
{
    char users[64];
    struct mf_buf names;
    static const struct mf_slice asked[] = {{(const uint8_t *)"w", 1}, {(const uint8_t *)"gone", 4}};
    bool exist[2] = {false, true};

    MF_CHECK_INT(put_with("w", "one", "out", NULL), MF_E_OUTBOUND_UNKNOWN);
    MF_CHECK_INT(get("w", 0, false), MF_E_WORKER_UNKNOWN);
    MF_CHECK_INT(count_codes(), 0);
    MF_CHECK_INT(put_outbound("out", NULL), 0);
    MF_CHECK_INT(put_with("w", "one", "out", NULL), 0);
    MF_CHECK_INT(put("w", "two"), 0); /* Which does not name it, but one may roll back. */
    mf_buf_init(&names, 64);
    MF_CHECK_INT(mf_store_outbound_delete(store, TEXT(""), TEXT("out"), &names), MF_E_OUTBOUND_IN_USE);
    MF_CHECK(mf_slice_equal(mf_buf_peek(&names), mf_slice_of("w\0", 2)));
    mf_buf_reset(&names);
    MF_CHECK_INT(put_outbound("door", "gone"), MF_E_WORKER_UNKNOWN);
    MF_CHECK_INT(put_outbound("door", "w"), 0);
    MF_CHECK_INT(delete ("w", users), MF_E_WORKER_IN_USE);
    MF_CHECK_TEXT(TEXT(users), "door");
    MF_CHECK_INT(mf_store_workers_exist(store, TEXT(""), asked, 2, exist), 0);
    MF_CHECK(exist[0] && !exist[1]);
    MF_CHECK_INT(put_outbound("door", NULL), 0);
    MF_CHECK_INT(delete ("w", users), 0);
    MF_CHECK_INT(mf_store_outbound_delete(store, TEXT(""), TEXT("out"), &names), 0);
    mf_buf_done(&names);
}

static void lists_come_in_pages(void)
{
    static const char *const names[] = {"b", "a", "d", "c"};
    for (size_t i = 0; i < MF_COUNT_OF(names); i++) {
        MF_CHECK_INT(put(names[i], "x"), 0);
    }
    SEES(list("", 3), "a:1/1 r1 x 1,b:1/1 r1 x 1,c:1/1 r1 x 1,");
    SEES(list("c", 3), "d:1/1 r1 x 1,");
    SEES(list("d", 3), "");
}

int main(void)
{
    char command[128];
    (void)snprintf(dir, sizeof dir, "/tmp/mayfly-store-XXXXXX");
    MF_CHECK(mkdtemp(dir) != NULL);
    open_store();
    MF_RUN(versions_are_kept);
    MF_RUN(the_oldest_goes_and_the_used_one_stays);
    MF_RUN(code_is_kept_once);
    MF_RUN(who_asks_may_refuse);
    MF_RUN(what_is_used_stays);
    MF_RUN(lists_come_in_pages);
    mf_store_close(store);
    (void)snprintf(command, sizeof command, "rm -r %s", dir);
    MF_CHECK_INT(system(command), 0);
    return 0;
}
