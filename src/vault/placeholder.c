/* placeholder.c - {{secret:NAME}}: found in any spelling, replaced in one only. */
#include "internal.h"

#define OPEN MF_SECRET_PLACEHOLDER_OPEN
#define OPEN_BYTES (sizeof OPEN - 1)
#define CLOSE "}}"

static bool contains(struct mf_slice text, const char *word)
{
    return memmem(text.data, text.size, word, strlen(word)) != NULL;
}

/* OPEN at |at|, where each character may be itself or %XX, also of a % that was encoded before. How deep does not matter:
 * "%2525" is a % too. */
static bool opens_encoded(struct mf_slice text, size_t at)
{
    for (size_t i = 0; i < OPEN_BYTES; i++) {
        if (at >= text.size) {
            return false;
        }
        uint8_t c = text.data[at++];
        if (c == '%') {
            while (at + 1 < text.size && text.data[at] == '2' && text.data[at + 1] == '5') {
                at += 2;
            }
            if (at + 1 >= text.size) {
                return false;
            }
            c = (uint8_t)((unsigned)mf_hex_digit(text.data[at]) << 4 |
                          (unsigned)mf_hex_digit(text.data[at + 1]));
            at += 2;
        }
        if (c != (uint8_t)OPEN[i]) {
            return false;
        }
    }
    return true;
}

/* What base64 makes of OPEN at each of the three places in a group, without the characters that its neighbours change; the
 * alphabet of URLs has the same letters here. */
static const char *const in_base64[] = {"e3tzZWNyZXQ6", "t7c2VjcmV0O", "7e3NlY3JldD"};

bool mf_vault_has_placeholder(struct mf_slice text)
{
    for (size_t i = 0; i < MF_COUNT_OF(in_base64); i++) {
        if (contains(text, in_base64[i])) {
            return true;
        }
    }
    for (size_t at = 0; at < text.size; at++) {
        if ((text.data[at] == '{' || text.data[at] == '%') && opens_encoded(text, at)) {
            return true;
        }
    }
    return false;
}

/* ---- replacing ------------------------------------------------------------------------------------------ */

struct found {
    struct mf_slice before;
    struct mf_slice name; /* data NULL: only |before| is left. */
};

/* MF_E_SECRET_PLACE when it is not well formed. */
static int next_placeholder(struct mf_slice value, size_t *cursor, struct found *ret_found)
{
    struct mf_slice rest = mf_slice_of(value.data + *cursor, value.size - *cursor);
    const uint8_t *open = rest.size == 0 ? NULL : memmem(rest.data, rest.size, OPEN, OPEN_BYTES);
    const uint8_t *name;
    const uint8_t *close;

    if (open == NULL) {
        *ret_found = (struct found){.before = rest};
        *cursor = value.size;
        return 0;
    }
    name = open + OPEN_BYTES;
    close = memmem(name, rest.size - (size_t)(name - rest.data), CLOSE, 2);
    if (close == NULL || !mf_store_name_is_valid(mf_slice_of(name, (size_t)(close - name)))) {
        return MF_E_SECRET_PLACE;
    }
    ret_found->before = mf_slice_of(rest.data, (size_t)(open - rest.data));
    ret_found->name = mf_slice_of(name, (size_t)(close - name));
    *cursor += (size_t)(close + 2 - rest.data);
    return 0;
}

struct filling {
    struct mf_secret *secrets[MF_SECRET_NEEDLES_MAX]; /* In the order of the value. */
    size_t count;
    size_t bytes; /* Of all values together. */
};

static int look_up(struct mf_vault *vault,
                   struct mf_slice tenant,
                   struct mf_slice name,
                   const struct mf_secret_target *target,
                   struct filling *filling)
{
    struct mf_secret *secret;
    int rc;

    if (filling->count == MF_SECRET_NEEDLES_MAX) {
        return MF_E_SECRET_PLACE;
    }
    rc = mf_vault_ref(vault, tenant, name, &secret);
    if (rc < 0) {
        return rc;
    }
    filling->secrets[filling->count++] = secret;
    filling->bytes += mf__field(secret, FIELD_VALUE).size;
    return secret->kind == MF_SECRET_PLAIN ? mf_secret_check_target(secret, target) : MF_E_SECRET_KIND;
}

/* Every placeholder is checked before the first one is replaced. */
static int look_up_all(struct mf_vault *vault,
                       struct mf_slice tenant,
                       struct mf_slice value,
                       const struct mf_secret_target *target,
                       struct filling *filling,
                       struct mf_slice *ret_name)
{
    struct found found = {.before = mf_slice_of(NULL, 0)};
    size_t cursor = 0;
    int rc = 0;

    while (rc == 0 && cursor < value.size) {
        found.name = mf_slice_of(NULL, 0);
        rc = next_placeholder(value, &cursor, &found);
        /* What is left between them must not be one in another spelling. */
        if (rc == 0 && mf_vault_has_placeholder(found.before)) {
            rc = MF_E_SECRET_PLACE;
        }
        if (rc == 0 && found.name.data != NULL) {
            rc = look_up(vault, tenant, found.name, target, filling);
        }
    }
    if (rc < 0 && ret_name != NULL) {
        *ret_name = found.name;
    }
    return rc;
}

static void write_all(struct mf_slice value,
                      const struct filling *filling,
                      struct vault_out *out,
                      struct mf_secret_text *text)
{
    size_t cursor = 0;
    size_t index = 0;

    while (cursor < value.size) {
        struct found found = {.name = mf_slice_of(NULL, 0)};
        if (next_placeholder(value, &cursor, &found) < 0) {
            break; /* It was read once before. */
        }
        mf__out_append(out, found.before);
        if (found.name.data != NULL) {
            size_t begin = out->size;
            struct mf_secret *secret = filling->secrets[index++];
            mf__out_append(out, mf__field(secret, FIELD_VALUE));
            text->needles[text->needles_count++] = mf__out_since(out, begin);
            secret->used_ms = mf_clock_unix_ms();
        }
    }
    text->text = mf__out_since(out, 0);
}

int mf_vault_substitute(struct mf_vault *vault,
                        struct mf_slice tenant,
                        struct mf_slice value,
                        const struct mf_secret_target *target,
                        struct mf_secret_text *ret_text,
                        struct mf_slice *ret_name)
{
    struct filling filling = {.count = 0};
    struct mf_secret_text text = {.needles_count = 0};
    struct vault_out out;
    int rc = look_up_all(vault, tenant, value, target, &filling, ret_name);

    if (rc == 0) {
        mf__out_init(&out, value.size + filling.bytes);
        write_all(value, &filling, &out, &text);
        rc = out.error;
        if (rc < 0) {
            mf__out_done(&out);
        }
    }
    for (size_t i = 0; i < filling.count; i++) {
        mf_secret_unref(filling.secrets[i]);
    }
    if (rc < 0) {
        return rc;
    }
    text.memory = out.data;
    text.memory_size = out.capacity;
    *ret_text = text;
    return 0;
}

void mf_secret_text_done(struct mf_secret_text *text)
{
    mf_vault_memory_free(text->memory, text->memory_size);
    memset(text, 0, sizeof *text);
}
