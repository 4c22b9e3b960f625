/* Where the bytes of a secret are in the whole memory of this process: while it lives, in the vault's own pages only, which
 * are locked, in no core dump and in no child; when it ended, nowhere. The values are never written out in this file: they
 * are made, and looked for, one byte at a time. */
#include <errno.h>
#include <openssl/crypto.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include "vault_kit.h"

/* AddressSanitizer takes the place of the vault's heap: then only what is left afterwards is looked for. */
#ifdef __SANITIZE_ADDRESS__
#define HAS_HEAP 0
#else
#define HAS_HEAP 1
#endif

#define VALUE_BYTES 40
#define WINDOW (1 << 20)

static struct kit kit;
static uint8_t *window; /* In a mapping of its own, which is not searched. */

static uint8_t value_byte(size_t i)
{
    return (uint8_t)('a' + (i * 7 + 3) % 26);
}

struct found {
    unsigned inside;  /* In pages that are locked, not dumped and not inherited. */
    unsigned outside; /* Anywhere else. */
};

static bool is_at(const uint8_t *bytes)
{
    for (size_t i = 0; i < VALUE_BYTES; i++) {
        if (bytes[i] != value_byte(i)) {
            return false;
        }
    }
    return true;
}

static unsigned search(int memory, unsigned long begin, unsigned long end)
{
    unsigned count = 0;
    for (unsigned long at = begin; at < end;) {
        size_t want = end - at < WINDOW ? end - at : WINDOW;
        ssize_t got = pread(memory, window, want, (off_t)at);
        if (got < (ssize_t)want) {
            break; /* A mapping that cannot be read, such as the kernel's own. */
        }
        const uint8_t *last = window + want - VALUE_BYTES;
        for (const uint8_t *look = window; want >= VALUE_BYTES && look != NULL && look <= last; look++) {
            look = memchr(look, value_byte(0), (size_t)(last - look) + 1);
            if (look == NULL) {
                break;
            }
            count += is_at(look) ? 1 : 0;
        }
        at += want == WINDOW ? want - VALUE_BYTES : want;
    }
    return count;
}

/* dd: not in core dumps; dc: not in children; lo: locked (not everywhere: RLIMIT_MEMLOCK). */
static bool is_vaults(const char *flags)
{
    return strstr(flags, " dd") != NULL && strstr(flags, " dc") != NULL;
}

static struct found find(void)
{
    struct found found = {0, 0};
    char line[512];
    unsigned long begin = 0;
    unsigned long end = 0;
    unsigned count = 0;
    bool is_mine = false;
    FILE *maps = fopen("/proc/self/smaps", "re");
    int memory = open("/proc/self/mem", O_RDONLY | O_CLOEXEC);
    MF_CHECK(maps != NULL && memory >= 0);
    while (fgets(line, sizeof line, maps) != NULL) {
        char rights[8];
        if (sscanf(line, "%lx-%lx %7s ", &begin, &end, rights) == 3 && strchr(line, '-') != NULL) {
            is_mine = begin <= (unsigned long)window && (unsigned long)window < end;
            /* A sanitizer's shadow is many gigabytes, and holds no bytes of ours. */
            bool is_searched = rights[0] == 'r' && !is_mine && end - begin < (1ul << 30);
            count = is_searched ? search(memory, begin, end) : 0;
        } else if (strncmp(line, "VmFlags:", 8) == 0 && count > 0) {
            *(is_vaults(line) || !HAS_HEAP ? &found.inside : &found.outside) += count;
        }
    }
    memset(window, 0, WINDOW);
    (void)fclose(maps);
    (void)close(memory);
    return found;
}

static void expect_nowhere(void)
{
    struct found found = find();
    MF_CHECK_INT(found.inside, 0);
    MF_CHECK_INT(found.outside, 0);
}

static void wipe_tree(cJSON *item)
{
    for (; item != NULL; item = item->next) {
        if (item->valuestring != NULL) {
            mf_wipe(item->valuestring, strlen(item->valuestring));
        }
        wipe_tree(item->child);
    }
}

/* |format| has one %, where the value goes; nothing of it is left afterwards but the secret. */
static struct mf_secret *make_secret(const char *format)
{
    struct mf_secret *secret = NULL;
    struct mf_buf faults;
    char json[512] = "";
    size_t at = strcspn(format, "%");
    memcpy(json, format, at);
    for (size_t i = 0; i < VALUE_BYTES; i++) {
        json[at + i] = (char)value_byte(i);
    }
    (void)snprintf(json + at + VALUE_BYTES, sizeof json - at - VALUE_BYTES, "%s", format + at + 1);
    cJSON *body = cJSON_Parse(json);
    mf_buf_init(&faults, 1024);
    MF_CHECK_INT(mf_secret_read(body, &secret, &faults), 0);
    mf_buf_done(&faults);
    wipe_tree(body);
    cJSON_Delete(body);
    mf_wipe(json, sizeof json);
    return secret;
}

static const char *const kinds[] = {
    "{\"kind\":\"bearer\",\"token\":\"%\",\"hosts\":[\"a.com\"]}",
    "{\"kind\":\"basic\",\"username\":\"u\",\"password\":\"%\",\"hosts\":[\"a.com\"]}",
    "{\"kind\":\"header\",\"name\":\"x\",\"value\":\"%\",\"hosts\":[\"a.com\"]}",
    "{\"kind\":\"query\",\"name\":\"x\",\"value\":\"%\",\"hosts\":[\"a.com\"]}",
    "{\"kind\":\"aws_sigv4\",\"accessKeyId\":\"a\",\"secretAccessKey\":\"%\",\"sessionToken\":\"t\","
    "\"region\":\"r\","
    "\"service\":\"s3\",\"hosts\":[\"a.com\"]}",
    "{\"kind\":\"hmac\",\"key\":\"%\",\"header\":\"x\",\"template\":\"{path}\",\"hosts\":[\"a.com\"]}",
};

static void the_search_finds(void)
{
    char value[VALUE_BYTES];
    expect_nowhere();
    for (size_t i = 0; i < VALUE_BYTES; i++) {
        value[i] = (char)value_byte(i);
    }
    __asm__ volatile("" : : "r"(value) : "memory");
    MF_CHECK_INT(HAS_HEAP ? find().outside : find().inside, 1);
    mf_wipe(value, sizeof value);
    expect_nowhere();
}

static void put_use_and_delete(const char *json)
{
    struct put_result result = {.is_done = false};
    struct mf_secret_request request = {.target = target_of("https", "a.com", 443),
                                        .method = TEXT("GET"),
                                        .path = TEXT("/"),
                                        .unix_ms = 1700000000000};
    struct mf_secret_applied applied;
    MF_CHECK_INT(mf_vault_put(kit.vault, TEXT(""), TEXT("s"), make_secret(json), put_result_done, &result),
                 0);
    (void)uv_run(&kit.loop, UV_RUN_DEFAULT);
    MF_CHECK(result.is_done && result.error == 0);
    struct found found = find();
    MF_CHECK_INT(found.inside, 1);
    MF_CHECK_INT(found.outside, 0);

    struct mf_secret *secret = kit_ref(&kit, "", "s");
    MF_CHECK_INT(mf_secret_apply(secret, &request, &applied), 0);
    found = find();
    MF_CHECK(found.inside > 1);
    MF_CHECK_INT(found.outside, 0);
    mf_secret_applied_done(&applied);
    MF_CHECK_INT(find().inside, 1);

    /* Rotated, but held by a request: still there; let go of: gone. */
    result.is_done = false;
    MF_CHECK_INT(mf_vault_put(kit.vault, TEXT(""), TEXT("s"),
                              good_json("{\"kind\":\"plain\",\"value\":\"v\",\"hosts\":[\"a.com\"]}"),
                              put_result_done, &result),
                 0);
    (void)uv_run(&kit.loop, UV_RUN_DEFAULT);
    MF_CHECK_INT(find().inside, 1);
    mf_secret_unref(secret);
    expect_nowhere();
}

static void every_kind(void)
{
    for (size_t i = 0; i < MF_COUNT_OF(kinds); i++) {
        put_use_and_delete(kinds[i]);
    }
}

static void placeholders(void)
{
    struct put_result result = {.is_done = false};
    struct mf_secret_target target = target_of("https", "a.com", 443);
    struct mf_secret_text text;
    MF_CHECK_INT(mf_vault_put(kit.vault, TEXT(""), TEXT("s"),
                              make_secret("{\"kind\":\"plain\",\"value\":\"%\",\"hosts\":[\"a.com\"]}"),
                              put_result_done, &result),
                 0);
    (void)uv_run(&kit.loop, UV_RUN_DEFAULT);
    MF_CHECK_INT(
        mf_vault_substitute(kit.vault, TEXT(""), TEXT("x {{secret:s}} {{secret:s}}"), &target, &text, NULL),
        0);
    struct found found = find();
    MF_CHECK_INT(found.inside, 3);
    MF_CHECK_INT(found.outside, 0);
    mf_secret_text_done(&text);
    MF_CHECK_INT(find().inside, 1);
}

static void not_in_a_child(void)
{
    int status = -1;
    pid_t pid = fork();
    if (pid == 0) {
        struct found found = find();
        _exit(found.inside + found.outside == 0 || !HAS_HEAP ? 0 : 1);
    }
    MF_CHECK(waitpid(pid, &status, 0) == pid && WIFEXITED(status) && WEXITSTATUS(status) == 0);
    MF_CHECK_INT(find().inside, 1);
}

static void after_a_start_and_an_end(void)
{
    kit_close(&kit);
    expect_nowhere();
    MF_CHECK_INT(kit_open(&kit), 0);
    struct found found = find();
    MF_CHECK_INT(found.inside, 1);
    MF_CHECK_INT(found.outside, 0);
    kit_close(&kit);
    expect_nowhere();
}

/* Past the heap's size it is ordinary memory, wiped the same. */
static void more_than_the_heap_holds(void)
{
    enum { BLOCK = 65536, COUNT = MF_VAULT_HEAP_BYTES / BLOCK + 4 };
    static void *blocks[COUNT];
    for (size_t i = 0; i < COUNT; i++) {
        blocks[i] = mf_vault_memory_new(BLOCK);
        MF_CHECK(blocks[i] != NULL);
        for (size_t j = 0; j < VALUE_BYTES; j++) {
            ((uint8_t *)blocks[i])[100 + j] = value_byte(j);
        }
    }
    /* Private keys of handshakes still find room. */
    void *key = OPENSSL_secure_zalloc(BLOCK);
    MF_CHECK(key != NULL && (CRYPTO_secure_allocated(key) || !HAS_HEAP));
    OPENSSL_secure_free(key);
    struct found found = find();
    MF_CHECK_INT(found.inside + found.outside, COUNT);
    MF_CHECK(found.inside > 0 && (found.outside > 0 || !HAS_HEAP));
    for (size_t i = 0; i < COUNT; i++) {
        mf_vault_memory_free(blocks[i], BLOCK);
    }
    expect_nowhere();
    mf_vault_memory_free(NULL, 0);
}

int main(void)
{
    window = mmap(NULL, WINDOW, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    MF_CHECK(window != MAP_FAILED);
    /* So that no mapping of the C library grows together with it. */
    MF_CHECK(madvise(window, WINDOW, MADV_NOHUGEPAGE) == 0 || errno == EINVAL);
    kit_make_dir(&kit);
    MF_CHECK_INT(kit_open(&kit), 0);
    MF_RUN(the_search_finds);
    MF_RUN(every_kind);
    MF_RUN(placeholders);
    MF_RUN(not_in_a_child);
    MF_RUN(after_a_start_and_an_end);
    MF_RUN(more_than_the_heap_holds);
    kit_remove(&kit);
    return 0;
}
