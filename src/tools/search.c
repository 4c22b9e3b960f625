/* search.c - which tools fit some words, and how well. The weights and rules are @cloudflare/codemode's search. */
#include "catalog.h"

/* What is looked at of a tool, and how much a hit there counts. */
enum { FIELD_PATH, FIELD_NAMESPACE, FIELD_NAME, FIELD_SUMMARY, FIELD_COUNT };
static const int weights[FIELD_COUNT] = {12, 8, 10, 5};

struct hit {
    int score;
    uint32_t words; /* A bit for each that was found. */
    bool is_phrase;
};

static bool is_lower(uint8_t c)
{
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

static bool is_upper(uint8_t c)
{
    return c >= 'A' && c <= 'Z';
}

/* Letters of other scripts are parts of words too. */
static bool is_word(uint8_t c)
{
    return is_lower(c) || c >= 0x80;
}

static bool is_joint(uint8_t c)
{
    return c == '_' || c == '.' || c == '/' || c == ':' || c == '-' || c < 0x20;
}

/* Lower case, camelCase in two, joints as one blank. */
static int normalise(struct mf_buf *out, struct mf_slice text)
{
    int rc = 0;

    mf_buf_reset(out);
    for (size_t i = 0; rc == 0 && i < text.size && out->size < out->bytes_max - 2; i++) {
        uint8_t c = text.data[i];
        bool is_blank = is_joint(c);
        if (i > 0 && is_upper(c) && is_lower(text.data[i - 1])) {
            rc = mf_buf_append_cstr(out, " ");
        }
        if (is_blank && i > 0 && is_joint(text.data[i - 1])) {
            continue;
        }
        c = is_blank ? ' ' : is_upper(c) ? (uint8_t)(c - 'A' + 'a') : c;
        rc = rc < 0 ? rc : mf_buf_append(out, &c, 1);
    }
    return rc;
}

/* The next word of |text| from |*at| on; empty at the end. */
static struct mf_slice next_word(struct mf_slice text, size_t *at)
{
    size_t begin;

    while (*at < text.size && !is_word(text.data[*at])) {
        ++*at;
    }
    for (begin = *at; *at < text.size && is_word(text.data[*at]);) {
        ++*at;
    }
    return mf_slice_of(text.data + begin, *at - begin);
}

static bool starts_with(struct mf_slice text, struct mf_slice prefix)
{
    return text.size >= prefix.size && memcmp(text.data, prefix.data, prefix.size) == 0;
}

static bool contains(struct mf_slice text, struct mf_slice part)
{
    return part.size > 0 && text.size >= part.size &&
           memmem(text.data, text.size, part.data, part.size) != NULL;
}

int mf__search_init(struct mf__search *search, struct mf_slice query)
{
    struct mf_slice word;
    size_t at = 0;
    int rc;

    *search = (struct mf__search){0};
    mf_buf_init(&search->query, (size_t)MF_TOOLS_SEARCH_BYTES_MAX * 2);
    for (size_t i = 0; i < FIELD_COUNT; i++) {
        mf_buf_init(&search->fields[i], MF_TOOLS_TEXT_BYTES_MAX);
    }
    rc = normalise(&search->query, mf__names_trim(query));
    query = mf__names_trim(mf_buf_peek(&search->query));
    while (rc == 0 && search->count < MF_TOOLS_SEARCH_WORDS_MAX && (word = next_word(query, &at)).size > 0) {
        search->words[search->count++] = word;
    }
    return rc;
}

void mf__search_done(struct mf__search *search)
{
    mf_buf_done(&search->query);
    for (size_t i = 0; i < FIELD_COUNT; i++) {
        mf_buf_done(&search->fields[i]);
    }
}

/* 4: it is a word of |text|; 2: one begins with the other; 1: it stands somewhere; 0. */
static int weigh_word(struct mf_slice text, struct mf_slice word)
{
    struct mf_slice other;
    size_t at = 0;
    int best = contains(text, word) ? 1 : 0;

    while (best < 4 && (other = next_word(text, &at)).size > 0) {
        if (starts_with(other, word) || starts_with(word, other)) {
            best = other.size == word.size ? 4 : 2;
        }
    }
    return best;
}

static void weigh_field(const struct mf__search *search, struct mf_slice text, int weight, struct hit *hit)
{
    struct mf_slice query = mf__names_trim(mf_buf_peek(&search->query));

    if (text.size == 0) {
        return;
    }
    if (mf_slice_equal(text, query)) {
        hit->score += weight * 14;
    } else if (starts_with(text, query)) {
        hit->score += weight * 9;
    } else if (contains(text, query)) {
        hit->score += weight * 6;
    }
    hit->is_phrase = hit->is_phrase || contains(text, query);
    for (size_t i = 0; i < search->count; i++) {
        int found = weigh_word(text, search->words[i]);
        hit->score += weight * found;
        hit->words |= found > 0 ? UINT32_C(1) << i : 0;
    }
}

static int
read_fields(struct mf__search *search, const struct mf__catalog *catalog, const struct mf__tool *tool)
{
    struct mf_slice space = catalog->spaces[tool->ns].name;
    struct mf_buf *path = &search->fields[FIELD_PATH];
    struct mf_slice joined;
    int rc = normalise(&search->fields[FIELD_NAMESPACE], space);

    rc = rc < 0 ? rc : normalise(&search->fields[FIELD_NAME], tool->name);
    rc = rc < 0 ? rc : normalise(&search->fields[FIELD_SUMMARY], tool->summary);
    if (rc < 0) {
        return rc;
    }
    mf_buf_reset(path);
    rc = mf_buf_append_slice(path, mf_buf_peek(&search->fields[FIELD_NAMESPACE]));
    rc = rc < 0 ? rc : mf_buf_append_cstr(path, " ");
    joined = mf_buf_peek(&search->fields[FIELD_NAME]);
    joined.size = joined.size < MF_TOOLS_NAME_BYTES_MAX ? joined.size : MF_TOOLS_NAME_BYTES_MAX;
    return rc < 0 ? rc : mf_buf_append_slice(path, joined);
}

int mf__search_score(struct mf__search *search,
                     const struct mf__catalog *catalog,
                     const struct mf__tool *tool,
                     int *ret_score)
{
    struct mf_slice query = mf__names_trim(mf_buf_peek(&search->query));
    struct hit hit = {0};
    size_t count;
    int rc = read_fields(search, catalog, tool);

    if (rc < 0) {
        return rc;
    }
    for (size_t i = 0; i < FIELD_COUNT; i++) {
        weigh_field(search, mf__names_trim(mf_buf_peek(&search->fields[i])), weights[i], &hit);
    }
    count = (size_t)__builtin_popcount(hit.words);
    *ret_score = 0;
    /* Of one or two words each must be there, of more three in five; or all of it as it stands. */
    if (count == 0 ||
        (count < search->count && !hit.is_phrase && (search->count <= 2 || count * 5 < search->count * 3))) {
        return 0;
    }
    hit.score += count == search->count ? 25 : (int)(count * 10 / search->count);
    for (size_t i = FIELD_PATH; i <= FIELD_NAME; i += FIELD_NAME) {
        struct mf_slice text = mf__names_trim(mf_buf_peek(&search->fields[i]));
        size_t at = 0;
        hit.score += mf_slice_equal(next_word(text, &at), search->words[0]) ? 8 : 0;
        hit.score += mf_slice_equal(text, query) ? 20 : 0;
    }
    *ret_score = hit.score;
    return 0;
}
