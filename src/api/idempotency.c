#include "idempotency.h"

#include <openssl/evp.h>

#include <mayfly/wire.h>

#define DIGEST_BYTES 32
/* Tenant, token and key with NULs between: no two callers share one. */
#define NAME_BYTES_MAX (MF_STORE_TENANT_BYTES_MAX + MF_TOKEN_ID_CHARS + MF_IDEMPOTENCY_KEY_BYTES_MAX + 3)

/* Of one tenant. */
struct share {
    struct mf_list entries; /* struct entry.of_share, the oldest first. */
    size_t count;
    size_t bytes;
    uint64_t hash;
};

struct entry {
    struct mf_list of_share;
    struct mf__idempotency *owner;
    struct share *share;
    uint64_t hash;
    uint64_t made_ns;
    bool is_done;
    uint8_t digest[DIGEST_BYTES]; /* Of the request, once it has come. */

    /* While the handler has it. */
    EVP_MD_CTX *digesting; /* NULL once the body is over. */
    bool is_spoilt;        /* Its answer is not to be kept, or too large. */
    struct mf__owed *owed; /* Its handler may go on without the client; or NULL. */

    int status;
    struct mf_buf headers;
    struct mf_buf body;
    size_t name_size;
    char name[NAME_BYTES_MAX];
};

struct mf__owed {
    struct entry *entry; /* NULL: it is gone. */
};

struct mf__idempotency {
    struct mf_map *by_name; /* mf_hash of the name. */
    struct mf_map *shares;  /* mf_hash of the tenant. */
    size_t bytes;           /* Of all that are done. */
};

MF_OWN struct mf__idempotency *mf__idempotency_new(void)
{
    struct mf__idempotency *idempotency = mf_new(sizeof *idempotency);

    idempotency->by_name = mf_map_new(MF_IDEMPOTENCY_KEPT_MAX);
    idempotency->shares = mf_map_new(MF_IDEMPOTENCY_KEPT_MAX);
    return idempotency;
}

/* ---- what is kept ---------------------------------------------------------------------------------- */

static size_t bytes_of(const struct entry *entry)
{
    return sizeof *entry + entry->headers.size + entry->body.size;
}

static void free_entry(MF_OWN struct entry *entry)
{
    struct mf__idempotency *owner = entry->owner;
    struct share *share = entry->share;

    if (entry->owed != NULL) {
        entry->owed->entry = NULL;
    }
    (void)mf_map_take(owner->by_name, entry->hash);
    mf_list_remove(&entry->of_share);
    share->count--;
    share->bytes -= entry->is_done ? bytes_of(entry) : 0;
    owner->bytes -= entry->is_done ? bytes_of(entry) : 0;
    if (share->count == 0) {
        (void)mf_map_take(owner->shares, share->hash);
        mf_free(share);
    }
    EVP_MD_CTX_free(entry->digesting);
    mf_wipe(entry->body.data, entry->body.size); /* It may hold a token. */
    mf_buf_done(&entry->headers);
    mf_buf_done(&entry->body);
    mf_free(entry);
}

void mf__idempotency_free(MF_OWN struct mf__idempotency *idempotency)
{
    struct entry *entry;
    size_t cursor;

    if (idempotency == NULL) {
        return;
    }
    while (cursor = 0, (entry = mf_map_next(idempotency->by_name, &cursor)) != NULL) {
        free_entry(entry);
    }
    mf_map_free(idempotency->by_name);
    mf_map_free(idempotency->shares);
    mf_free(idempotency);
}

static bool is_old(const struct entry *entry, uint64_t now_ns)
{
    return entry->is_done && now_ns - entry->made_ns >= MF_IDEMPOTENCY_MS * MF_NS_PER_MS;
}

/* What is too old goes, and the oldest as long as there are more than a tenant may have. Those under way stay. */
static void trim(struct share *share, uint64_t now_ns)
{
    struct mf_list *link = share->entries.next;
    bool is_last = false;

    while (!is_last && link != &share->entries) {
        struct entry *entry = MF_CONTAINER_OF(link, struct entry, of_share);
        bool is_much =
            share->count > MF_IDEMPOTENCY_TENANT_KEPT_MAX || share->bytes > MF_IDEMPOTENCY_TENANT_BYTES_MAX;
        link = link->next;
        if (!is_old(entry, now_ns) && !is_much) {
            return;
        }
        if (entry->is_done) {
            is_last = share->count == 1; /* The share goes with it. */
            free_entry(entry);
        }
    }
}

static struct share *share_of(struct mf__idempotency *idempotency, struct mf_slice tenant)
{
    uint64_t hash = mf_hash(tenant);
    struct share *share = mf_map_get(idempotency->shares, hash);

    if (share == NULL) {
        share = mf_new(sizeof *share);
        share->hash = hash;
        mf_list_init(&share->entries);
        if (mf_map_put(idempotency->shares, hash, share) < 0) {
            mf_free(share);
            return NULL;
        }
    }
    return share;
}

static MF_OWN struct entry *
add_entry(struct mf__idempotency *idempotency, struct mf_slice tenant, struct mf_slice name)
{
    struct share *share = share_of(idempotency, tenant);
    struct entry *entry = share == NULL ? NULL : mf_new(sizeof *entry);

    if (entry == NULL) {
        return NULL;
    }
    entry->owner = idempotency;
    entry->share = share;
    entry->hash = mf_hash(name);
    entry->made_ns = mf_clock_now_ns();
    memcpy(entry->name, name.data, name.size);
    entry->name_size = name.size;
    mf_buf_init(&entry->headers, MF_IDEMPOTENCY_ANSWER_BYTES_MAX);
    mf_buf_init(&entry->body, MF_IDEMPOTENCY_ANSWER_BYTES_MAX);
    mf_list_push_back(&share->entries, &entry->of_share);
    share->count++;
    if (mf_map_put(idempotency->by_name, entry->hash, entry) < 0) {
        /* It is full of others' answers: this one is done without. */
        free_entry(entry);
        return NULL;
    }
    return entry;
}

/* ---- the request ------------------------------------------------------------------------------------- */

static MF_OWN EVP_MD_CTX *begin_digest(const struct mf_request *request)
{
    const struct mf_slice parts[] = {request->method, request->target,
                                     mf_request_header(request, "content-type"),
                                     mf_request_header(request, "accept")};
    EVP_MD_CTX *digest = EVP_MD_CTX_new();
    int ok = digest != NULL && EVP_DigestInit_ex(digest, EVP_sha256(), NULL) == 1;

    for (size_t i = 0; ok && i < MF_COUNT_OF(parts); i++) {
        uint64_t size = parts[i].size; /* So that no two lists of parts are the same bytes. */
        ok = EVP_DigestUpdate(digest, &size, sizeof size) == 1 &&
             EVP_DigestUpdate(digest, parts[i].data, parts[i].size) == 1;
    }
    MF_ASSERT(ok); /* Fails only without memory. */
    return digest;
}

static void end_digest(MF_OWN EVP_MD_CTX *digest, uint8_t ret_digest[DIGEST_BYTES])
{
    int ok = EVP_DigestFinal_ex(digest, ret_digest, NULL);

    MF_ASSERT(ok == 1);
    EVP_MD_CTX_free(digest);
}

/* ---- the first one: its handler is listened to --------------------------------------------------------- */

static void tap_body(void *user, struct mf_slice bytes)
{
    struct entry *entry = user;
    int ok = EVP_DigestUpdate(entry->digesting, bytes.data, bytes.size);

    MF_ASSERT(ok == 1);
}

static void tap_body_end(void *user)
{
    struct entry *entry = user;

    end_digest(entry->digesting, entry->digest);
    entry->digesting = NULL;
}

/* What says "not now" is for a second try to find out; a stream that its client answers cannot be played back. */
static bool is_worth_keeping(int status, struct mf_slice headers)
{
    struct mf_slice type = mf_http_headers_get(headers, "content-type");

    return status != 408 && status != 409 && status != 429 && status != 499 && status != 503 &&
           !(type.data != NULL && mf_slice_starts_with(type, "application/x-ndjson"));
}

static void tap_head(void *user, int status, struct mf_slice headers)
{
    struct entry *entry = user;

    entry->status = status;
    entry->is_spoilt =
        !is_worth_keeping(status, headers) || mf_buf_append_slice(&entry->headers, headers) < 0;
}

static void tap_write(void *user, struct mf_slice bytes)
{
    struct entry *entry = user;

    if (!entry->is_spoilt && mf_buf_append_slice(&entry->body, bytes) < 0) {
        entry->is_spoilt = true;
        mf_buf_done(&entry->body);
    }
}

static void finish(struct entry *entry, bool is_whole)
{
    size_t bytes = bytes_of(entry);

    if (!is_whole || entry->is_spoilt || entry->digesting != NULL ||
        entry->owner->bytes + bytes > MF_IDEMPOTENCY_BYTES_MAX) {
        free_entry(entry);
        return;
    }
    entry->is_done = true;
    entry->share->bytes += bytes;
    entry->owner->bytes += bytes;
    trim(entry->share, mf_clock_now_ns());
}

/* |is_whole|: all of the answer was given, whether the client has it or not. */
static void tap_over(void *user, bool is_whole)
{
    struct entry *entry = user;

    if (!is_whole && entry->owed != NULL && entry->digesting == NULL) {
        return; /* mf__idempotency_settle or _drop comes. */
    }
    finish(entry, is_whole);
}

static const struct mf_exchange_tap tap = {.on_body = tap_body,
                                           .on_body_end = tap_body_end,
                                           .on_head = tap_head,
                                           .on_write = tap_write,
                                           .on_over = tap_over};

/* ---- a handler that goes on alone ----------------------------------------------------------------------- */

struct mf__owed *mf__idempotency_owe(struct mf_exchange *exchange)
{
    struct entry *entry = mf_exchange_tap_user(exchange);
    struct mf__owed *owed = entry == NULL ? NULL : mf_new(sizeof *owed);

    if (owed != NULL) {
        owed->entry = entry;
        entry->owed = owed;
    }
    return owed;
}

/* NULL: its answer was kept, or it is gone. */
static struct entry *let_go(MF_OWN struct mf__owed *owed)
{
    struct entry *entry = owed == NULL ? NULL : owed->entry;

    if (entry != NULL) {
        entry->owed = NULL;
    }
    mf_free(owed);
    return entry != NULL && !entry->is_done ? entry : NULL;
}

void mf__idempotency_settle(MF_OWN struct mf__owed *owed,
                            const struct mf_exchange *exchange,
                            int status,
                            struct mf_slice headers,
                            struct mf_slice body)
{
    struct entry *entry = let_go(owed);

    if (entry != NULL && exchange == NULL) {
        tap_head(entry, status, headers);
        tap_write(entry, body);
        finish(entry, true);
    }
}

void mf__idempotency_drop(MF_OWN struct mf__owed *owed, const struct mf_exchange *exchange)
{
    struct entry *entry = let_go(owed);

    if (entry != NULL && exchange == NULL) {
        finish(entry, false);
    }
}

/* ---- the next ones: their body is read and compared ------------------------------------------------------- */

struct again {
    struct mf__idempotency *idempotency;
    EVP_MD_CTX *digesting;
    size_t name_size;
    char name[NAME_BYTES_MAX];
};

static struct entry *find_entry(struct mf__idempotency *idempotency, struct mf_slice name)
{
    struct entry *entry = mf_map_get(idempotency->by_name, mf_hash(name));

    if (entry == NULL || !mf_slice_equal(name, mf_slice_of(entry->name, entry->name_size))) {
        return NULL;
    }
    if (is_old(entry, mf_clock_now_ns())) {
        free_entry(entry);
        return NULL;
    }
    return entry;
}

static void reply_kept(struct mf_exchange *exchange, const struct entry *entry)
{
    struct mf_buf headers;
    int rc;

    mf_buf_init(&headers, entry->headers.size + 64);
    rc = mf_buf_append_slice(&headers, mf_buf_peek(&entry->headers));
    rc = rc < 0 ? rc
                : mf_headers_append(&headers, mf_slice_of_cstr("idempotency-replayed"),
                                    mf_slice_of_cstr("true"));
    if (rc < 0) {
        mf__problem_reply_error(exchange, MF_E_NO_MEMORY);
    } else {
        mf_exchange_reply(exchange, entry->status, mf_buf_peek(&headers), mf_buf_peek(&entry->body));
    }
    mf_buf_done(&headers);
}

static void again_on_body(struct mf_exchange *exchange, void *user, struct mf_slice bytes)
{
    struct again *again = user;
    int ok = EVP_DigestUpdate(again->digesting, bytes.data, bytes.size);

    (void)exchange;
    MF_ASSERT(ok == 1);
}

static void again_on_body_end(struct mf_exchange *exchange, void *user)
{
    struct again *again = user;
    const struct entry *entry = find_entry(again->idempotency, mf_slice_of(again->name, again->name_size));
    uint8_t digest[DIGEST_BYTES];

    end_digest(again->digesting, digest);
    mf_free(again);
    if (entry == NULL || !entry->is_done) {
        mf__problem_reply_error(exchange,
                                MF_E_IDEMPOTENCY_FLIGHT); /* It made way, or is done anew, meanwhile. */
    } else if (memcmp(digest, entry->digest, DIGEST_BYTES) != 0) {
        mf__problem_reply_error(exchange, MF_E_IDEMPOTENCY_BODY);
    } else {
        reply_kept(exchange, entry);
    }
}

static void again_on_drain(struct mf_exchange *exchange, void *user)
{
    (void)exchange;
    (void)user;
}

static void again_on_abort(struct mf_exchange *exchange, void *user, int error)
{
    struct again *again = user;

    (void)exchange;
    (void)error;
    EVP_MD_CTX_free(again->digesting);
    mf_free(again);
}

static const struct mf_exchange_events again_events = {.on_body = again_on_body,
                                                       .on_body_end = again_on_body_end,
                                                       .on_drain = again_on_drain,
                                                       .on_abort = again_on_abort};

static void compare(struct mf__idempotency *idempotency, struct mf_exchange *exchange, struct mf_slice name)
{
    struct again *again = mf_new(sizeof *again);

    again->idempotency = idempotency;
    again->digesting = begin_digest(mf_exchange_request(exchange));
    memcpy(again->name, name.data, name.size);
    again->name_size = name.size;
    mf_exchange_listen(exchange, &again_events, again);
    mf_exchange_wipe_body(exchange);
    mf_exchange_read(exchange);
}

/* ---- the beginning --------------------------------------------------------------------------------------------- */

/* Visible characters; the draft writes it as a string in quotes, and most clients write it without. */
static bool is_key(struct mf_slice key)
{
    for (size_t i = 0; i < key.size; i++) {
        if (key.data[i] <= ' ' || key.data[i] > '~') {
            return false;
        }
    }
    return key.size > 0 && key.size <= MF_IDEMPOTENCY_KEY_BYTES_MAX;
}

static struct mf_slice
write_name(const struct mf_caller *caller, struct mf_slice key, char name[NAME_BYTES_MAX])
{
    size_t size = caller->tenant_size;

    memcpy(name, caller->tenant, size);
    name[size++] = '\0';
    memcpy(name + size, caller->token, strlen(caller->token));
    size += strlen(caller->token);
    name[size++] = '\0';
    memcpy(name + size, key.data, key.size);
    return mf_slice_of(name, size + key.size);
}

bool mf__idempotency_admit(struct mf__idempotency *idempotency, struct mf_exchange *exchange)
{
    const struct mf_request *request = mf_exchange_request(exchange);
    struct mf_slice key = mf_request_header(request, "idempotency-key");
    char text[NAME_BYTES_MAX];
    struct mf_slice name;
    struct entry *entry;

    if (key.data == NULL || !mf_slice_equal_cstr(request->method, "POST")) {
        return true;
    }
    if (!is_key(key)) {
        const struct mf__problem problem = {
            .error = MF_E_IDEMPOTENCY_KEY,
            .detail = mf_slice_of_cstr("It is 1 to 255 visible ASCII characters, such as a UUID.")};
        mf__problem_reply(exchange, &problem);
        return false;
    }
    name = write_name(mf__caller(exchange), key, text);
    entry = find_entry(idempotency, name);
    if (entry != NULL && !entry->is_done) {
        const struct mf__problem problem = {.error = MF_E_IDEMPOTENCY_FLIGHT, .retry_after_s = 1};
        mf__problem_reply(exchange, &problem);
        return false;
    }
    if (entry != NULL) {
        compare(idempotency, exchange, name);
        return false;
    }
    entry = add_entry(idempotency, mf__caller_tenant(exchange), name);
    if (entry != NULL) {
        entry->digesting = begin_digest(request);
        mf_exchange_tap(exchange, &tap, entry);
    }
    return true;
}
