/* mayfly/vault.h - secrets: sealed on the disk, readable in here only, handed out as handles.
 *
 * Use:      mf_vault_open at start; mf_secret_read and mf_vault_put for a new value; mf_vault_ref when a request is made,
 *           mf_secret_apply right before it is sent, mf_secret_applied_done right after; mf_secret_unref when its answer
 *           has ended.
 * Threads:  [loop] everything, but mf_vault_open and _close, which block (before and after the loop runs), and what says
 *           [any].
 * Owns:     a secret is one version of a value, immutable and counted. A new version leaves the old one to those who hold
 *           it. A struct mf_secret_applied or _text owns its bytes; both are wiped by their _done.
 * Limits:   MF_SECRET_*, MF_SECRETS_COUNT_MAX, MF_VAULT_*.
 * Fails:    MF_E_VAULT_KEY, MF_E_VAULT_RECORD at open: the key is missing or another one, or a record was changed; nothing
 *           is overwritten. MF_E_SECRET_* when a secret may not be used so.
 * Not here: which request gets which secret (outbound), fetching OAuth tokens (outbound), the table (store).
 *
 * Memory:   values live in OpenSSL's secure heap (guarded, locked if the kernel allows, in no core dump) as long as it has
 *           room, and are wiped when they end. There is no accessor that prints one.
 */
#ifndef MAYFLY_VAULT_H
#define MAYFLY_VAULT_H

#include <mayfly/base.h>
#include <mayfly/store.h>

struct cJSON;
struct mf_vault;
struct mf_secret;

/* ---- the vault ------------------------------------------------------------------------------------ */

struct mf_vault_options {
    struct mf_store *store;       /* Outlives the vault. */
    struct mf_store_queue *queue; /* Of the same store; not used by _open. */
    const char *state_dir;
    /* A file with the key. NULL: $CREDENTIALS_DIRECTORY/mayfly-vault-key if there is one, else <state_dir>/vault.key, which
     * is made when it is missing and nothing is stored yet. */
    const char *key_path;
    char *const *previous_key_paths; /* What older records may be under; they are sealed anew at open. */
    size_t previous_keys_count;
};

#define MF_VAULT_WHY_BYTES_MAX 1024

/* |ret_why| (MF_VAULT_WHY_BYTES_MAX) gets a sentence on error. */
MF_MUST_CHECK int
mf_vault_open(const struct mf_vault_options *options, MF_OWN struct mf_vault **ret_vault, char *ret_why);
/* The queue is closed; writes the times of last use. NULL is fine. Secrets that are still held stay valid. */
void mf_vault_close(MF_OWN struct mf_vault *vault);

/* ---- values in ------------------------------------------------------------------------------------ */

enum mf_secret_kind {
    MF_SECRET_PLAIN,  /* For placeholders only. */
    MF_SECRET_BEARER, /* authorization: Bearer TOKEN */
    MF_SECRET_BASIC,  /* authorization: Basic BASE64 */
    MF_SECRET_HEADER, /* NAME: PREFIX VALUE */
    MF_SECRET_QUERY,  /* ?NAME=VALUE */
    MF_SECRET_OAUTH2, /* Client credentials: authorization: Bearer, with a token that outbound fetches. */
    MF_SECRET_AWS,    /* Signature Version 4. */
    MF_SECRET_HMAC,   /* NAME: a MAC over a template. */
    MF_SECRET_KINDS_COUNT,
};

/* "aws_sigv4", as the API says it. [any] */
const char *mf_secret_kind_name(enum mf_secret_kind kind);

/* A value from the JSON body of the API. MF_E_API_FIELD, and |ret_faults| has every fault, as the items of a JSON array:
 * {"pointer":"/hosts/0","detail":"..."},... None of them quotes a value. MF_E_NO_MEMORY. [any] */
MF_MUST_CHECK int mf_secret_read(const struct cJSON *body,
                                 MF_OWN struct mf_secret **ret_secret,
                                 struct mf_buf *ret_faults);

/* What may be shown. Borrowed; valid until the loop goes on. */
#define MF_SECRET_HOSTS_MAX 32
struct mf_secret_info {
    struct mf_slice name;
    enum mf_secret_kind kind;
    struct mf_slice hosts[MF_SECRET_HOSTS_MAX];
    size_t hosts_count;
    bool is_http_allowed;
    uint64_t version;
    uint64_t created_ms;
    uint64_t updated_ms;
    uint64_t used_ms; /* 0: never. */
};

/* Seals and stores |secret| (taken in any case) under |name|, as the next version; from |on_done| on it is the one that
 * mf_vault_ref gives. |info| is NULL on error. MF_E_INVALID (the name), MF_E_TOO_MANY, MF_E_OVERLOADED, MF_E_STORE... */
MF_MUST_CHECK int mf_vault_put(struct mf_vault *vault,
                               struct mf_slice tenant,
                               struct mf_slice name,
                               MF_OWN struct mf_secret *secret,
                               void (*on_done)(void *user, int error, const struct mf_secret_info *info),
                               void *user);
/* MF_E_SECRET_UNKNOWN; MF_E_SECRET_IN_USE, and |users| has the outbounds' names, each with a NUL behind it. */
MF_MUST_CHECK int mf_vault_delete(struct mf_vault *vault,
                                  struct mf_slice tenant,
                                  struct mf_slice name,
                                  void (*on_done)(void *user, int error, struct mf_slice users),
                                  void *user);
/* MF_E_SECRET_UNKNOWN. */
MF_MUST_CHECK int mf_vault_info(const struct mf_vault *vault,
                                struct mf_slice tenant,
                                struct mf_slice name,
                                struct mf_secret_info *ret_info);
/* Walks a tenant's secrets by name: *cursor starts at 0; false at the end. */
bool mf_vault_next(const struct mf_vault *vault,
                   struct mf_slice tenant,
                   size_t *cursor,
                   struct mf_secret_info *ret_info);

/* ---- handles -------------------------------------------------------------------------------------- */

/* The newest version. MF_E_SECRET_UNKNOWN. */
MF_MUST_CHECK int mf_vault_ref(struct mf_vault *vault,
                               struct mf_slice tenant,
                               struct mf_slice name,
                               MF_OWN struct mf_secret **ret_secret);
MF_OWN struct mf_secret *mf_secret_ref(struct mf_secret *secret); /* One more. */
void mf_secret_unref(MF_OWN struct mf_secret *secret);            /* NULL is fine. */
enum mf_secret_kind mf_secret_kind_of(const struct mf_secret *secret);
/* Different for every version of every secret in this process: the key for connections and tokens that belong to it. */
uint64_t mf_secret_serial(const struct mf_secret *secret);

/* Where a request goes. */
struct mf_secret_target {
    struct mf_slice scheme; /* "https" or "http" */
    struct mf_slice host;   /* Lower case, no port; IPv6 in brackets: what the Host header says. */
    uint16_t port;
    bool is_verified; /* The server's certificate is verified. */
};

/* 0, MF_E_SECRET_HOST, or MF_E_SECRET_CLEARTEXT (http without allowHttp; TLS that nobody verifies, always). */
MF_MUST_CHECK int mf_secret_check_target(const struct mf_secret *secret, const struct mf_secret_target *target);

/* ---- a secret on a request -------------------------------------------------------------------------- */

/* What must be known of a request's body before mf_secret_apply. */
enum mf_secret_body {
    MF_SECRET_BODY_UNUSED,  /* It may be streamed. */
    MF_SECRET_BODY_IF_KNOWN, /* Signed with its hash when that is given, else as unsigned. */
    MF_SECRET_BODY_HASH,    /* Its SHA-256. */
    MF_SECRET_BODY_BYTES,   /* All of it: at most MF_SECRET_BODY_BYTES_MAX. */
};
enum mf_secret_body mf_secret_body_of(const struct mf_secret *secret);

struct mf_secret_request {
    struct mf_secret_target target;
    struct mf_slice method;
    struct mf_slice path;    /* As it will be sent: "/" and more, percent-encoded. */
    struct mf_slice query;   /* Without "?"; as it will be sent. */
    struct mf_slice headers; /* A header list (http.h), as it will be sent, without Host. */
    bool has_body;
    const uint8_t *body_sha256; /* 32 bytes, or NULL: not known. */
    struct mf_slice body;       /* All of it, or data NULL: not known. */
    uint64_t unix_ms;
    struct mf_slice access_token; /* MF_SECRET_OAUTH2. */
};

/* What a response must not show again: at most this many of one secret. */
#define MF_SECRET_NEEDLES_MAX 6

struct mf_secret_applied {
    struct mf_slice headers; /* A header list: set each, in the place of all that have its name. */
    struct mf_slice query;   /* "name=value", encoded; append it with "?" or "&". Empty: none. */
    struct mf_slice needles[MF_SECRET_NEEDLES_MAX]; /* The value, and what was made of it; as raw bytes. */
    size_t needles_count;
    void *memory; /* Where all of it is. */
    size_t memory_size;
};

/* Checks the target, notes the use, and says what to add. MF_E_SECRET_HOST, _CLEARTEXT; _KIND: it is for placeholders, or
 * has no access_token; _UNSIGNABLE: its signature cannot be made for this request (an aws-chunked body, a body that is not
 * known). |ret_applied| is to be _done on success only. */
MF_MUST_CHECK int mf_secret_apply(struct mf_secret *secret,
                                  const struct mf_secret_request *request,
                                  struct mf_secret_applied *ret_applied);
void mf_secret_applied_done(struct mf_secret_applied *applied);

/* What an access token is fetched with (RFC 6749 section 4.4). Borrowed from the secret. */
struct mf_secret_oauth2 {
    struct mf_slice token_url; /* https, or http where allowHttp says so. */
    struct mf_slice client_id;
    struct mf_slice client_secret;
    struct mf_slice scope;    /* Or empty. */
    struct mf_slice audience; /* Or empty. */
    bool is_in_body;          /* client_id and client_secret in the form; else in an Authorization: Basic header. */
    bool is_http_allowed;
};

/* MF_E_SECRET_KIND. */
MF_MUST_CHECK int mf_secret_oauth2(const struct mf_secret *secret, struct mf_secret_oauth2 *ret_oauth2);

/* ---- placeholders: {{secret:NAME}} ------------------------------------------------------------------- */

#define MF_SECRET_PLACEHOLDER_OPEN "{{secret:"

/* True when |text| holds the beginning of one, as it is, percent-encoded, or in base64. [any] */
bool mf_vault_has_placeholder(struct mf_slice text);

struct mf_secret_text {
    struct mf_slice text;
    struct mf_slice needles[MF_SECRET_NEEDLES_MAX];
    size_t needles_count;
    void *memory;
    size_t memory_size;
};

/* One header's value with every placeholder replaced. MF_E_SECRET_UNKNOWN, _KIND (only MF_SECRET_PLAIN is for this), _HOST,
 * _CLEARTEXT; _PLACE: malformed, encoded, or more than MF_SECRET_NEEDLES_MAX. |ret_name|, which may be NULL, gets the name
 * at fault, out of |value|. |ret_text| is to be _done on success only. */
MF_MUST_CHECK int mf_vault_substitute(struct mf_vault *vault,
                                      struct mf_slice tenant,
                                      struct mf_slice value,
                                      const struct mf_secret_target *target,
                                      struct mf_secret_text *ret_text,
                                      struct mf_slice *ret_name);
void mf_secret_text_done(struct mf_secret_text *text);

/* ---- memory for what comes from a secret: tokens, needles -------------------------------------------- */

/* Zeroed; NULL when refused. [any] */
MF_MUST_CHECK void *mf_vault_memory_new(size_t size);
void mf_vault_memory_free(MF_OWN void *memory, size_t size); /* Wiped first. NULL is fine. [any] */

#endif
