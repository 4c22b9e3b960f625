/* needles.c - from secrets to the automaton. What it holds is wiped when it moves and when it ends. */
#include "needles.h"

#define NODES_MIN 256

struct mf__needles *mf__needles_new(void)
{
    struct mf__needles *needles = mf_new(sizeof *needles);

    atomic_init(&needles->refs, 1);
    return needles;
}

void mf__needles_ref(struct mf__needles *needles)
{
    unsigned before = atomic_fetch_add_explicit(&needles->refs, 1, memory_order_relaxed);
    MF_ASSERT(before > 0);
}

static void give_nodes(struct mf__needles *needles)
{
    if (needles->nodes != NULL) {
        mf_wipe(needles->nodes, needles->capacity * sizeof *needles->nodes);
        mf_free(needles->nodes);
    }
}

void mf__needles_unref(MF_OWN struct mf__needles *needles)
{
    if (needles == NULL || atomic_fetch_sub_explicit(&needles->refs, 1, memory_order_acq_rel) > 1) {
        return;
    }
    give_nodes(needles);
    mf_wipe(needles, sizeof *needles);
    mf_free(needles);
}

bool mf__needles_is_empty(const struct mf__needles *needles)
{
    return needles->longest == 0;
}

/* ---- the trie ------------------------------------------------------------------------------------ */

/* Room for |more| nodes. */
static int reserve(struct mf__needles *needles, size_t more)
{
    size_t wanted = (size_t)needles->count + more;
    size_t capacity = needles->capacity < NODES_MIN ? NODES_MIN : needles->capacity;
    struct needle_node *nodes;

    if (wanted > MF_REDACT_NODES_MAX) {
        return MF_E_TOO_LARGE;
    }
    if (wanted <= needles->capacity) {
        return 0;
    }
    while (capacity < wanted) {
        capacity *= 2;
    }
    nodes = mf_try_alloc(capacity * sizeof *nodes);
    if (nodes == NULL) {
        return MF_E_NO_MEMORY;
    }
    if (needles->nodes != NULL) {
        memcpy(nodes, needles->nodes, needles->count * sizeof *nodes);
    }
    give_nodes(needles);
    needles->nodes = nodes;
    needles->capacity = (uint32_t)capacity;
    return 0;
}

static uint32_t add_child(struct mf__needles *needles, uint32_t parent, uint8_t byte)
{
    struct needle_node *nodes = needles->nodes;
    uint32_t *link = parent == 0 ? &needles->root[byte] : &nodes[parent].child;
    uint32_t child = *link;

    while (child != 0 && nodes[child].byte != byte) {
        link = &nodes[child].sibling;
        child = *link;
    }
    if (child == 0) {
        child = needles->count++;
        nodes[child] = (struct needle_node){.depth = nodes[parent].depth + 1, .byte = byte};
        *link = child;
    }
    return child;
}

static int add(struct mf__needles *needles, struct mf_slice text)
{
    uint32_t state = 0;
    int rc = reserve(needles, text.size + 1);

    if (rc < 0) {
        return rc;
    }
    needles->count = needles->count == 0 ? 1 : needles->count; /* The root. */
    for (size_t i = 0; i < text.size; i++) {
        state = add_child(needles, state, text.data[i]);
        needles->has_blank = needles->has_blank || text.data[i] == ' ';
    }
    needles->nodes[state].found = (uint32_t)text.size;
    if (text.size > needles->longest) {
        needles->longest = (uint32_t)text.size;
    }
    return 0;
}

/* ---- the forms ------------------------------------------------------------------------------------- */

/* The characters of base64 that do not depend on what stands before and behind |secret|, when |before| bytes of the same
 * group of three stand before it. */
static size_t write_base64(struct mf_slice secret, unsigned before, const char *last_two, uint8_t *to)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    size_t first = (8 * (size_t)before + 5) / 6;
    size_t end = 8 * (before + secret.size) / 6;

    for (size_t i = first; i < end; i++) {
        size_t bit = 6 * i - 8 * (size_t)before; /* In |secret|. */
        unsigned pair = (unsigned)(secret.data[bit / 8] << 8);
        pair |= bit / 8 + 1 < secret.size ? secret.data[bit / 8 + 1] : 0;
        unsigned digit = pair >> (10 - bit % 8) & 63;
        *to++ = (uint8_t)(digit < 62 ? digits[digit] : last_two[digit - 62]);
    }
    return end - first;
}

static size_t write_hex(struct mf_slice secret, const char *digits, uint8_t *to)
{
    for (size_t i = 0; i < secret.size; i++) {
        *to++ = (uint8_t)digits[secret.data[i] >> 4];
        *to++ = (uint8_t)digits[secret.data[i] & 15];
    }
    return 2 * secret.size;
}

static int add_forms(struct mf__needles *needles, struct mf_slice secret, uint8_t *form)
{
    int rc = add(needles, secret);

    for (unsigned before = 0; rc == 0 && before < 3; before++) {
        rc = add(needles, mf_slice_of(form, write_base64(secret, before, "+/", form)));
        if (rc == 0) {
            rc = add(needles, mf_slice_of(form, write_base64(secret, before, "-_", form)));
        }
    }
    if (rc == 0) {
        rc = add(needles, mf_slice_of(form, write_hex(secret, "0123456789abcdef", form)));
    }
    if (rc == 0) {
        rc = add(needles, mf_slice_of(form, write_hex(secret, "0123456789ABCDEF", form)));
    }
    return rc;
}

int mf__needles_add(struct mf__needles *needles, struct mf_slice secret, bool *ret_is_short)
{
    bool is_short = secret.size < MF_REDACT_SECRET_BYTES_MIN;
    uint8_t *form;
    int rc;

    MF_ASSERT(!needles->is_compiled);
    if (ret_is_short != NULL) {
        *ret_is_short = is_short;
    }
    if (is_short) {
        return 0;
    }
    if (secret.size > MF_REDACT_SECRET_BYTES_MAX) {
        return MF_E_TOO_LARGE;
    }
    form = mf_try_alloc(2 * secret.size);
    if (form == NULL) {
        return MF_E_NO_MEMORY;
    }
    rc = add_forms(needles, secret, form);
    mf_wipe(form, 2 * secret.size);
    mf_free(form);
    return rc;
}

/* ---- the automaton ----------------------------------------------------------------------------------- */

/* Nodes in the order of their depth, so that what a node falls back to is done before it. */
static void link_fails(struct mf__needles *needles, uint32_t *queue)
{
    struct needle_node *nodes = needles->nodes;
    uint32_t head = 0;
    uint32_t tail = 0;

    for (unsigned byte = 0; byte < 256; byte++) {
        if (needles->root[byte] != 0) {
            queue[tail++] = needles->root[byte];
        }
    }
    while (head < tail) {
        uint32_t state = queue[head++];
        if (nodes[state].found == 0) {
            nodes[state].found = nodes[nodes[state].fail].found;
        }
        for (uint32_t child = nodes[state].child; child != 0; child = nodes[child].sibling) {
            nodes[child].fail = needles_step(needles, nodes[state].fail, nodes[child].byte);
            queue[tail++] = child;
        }
    }
}

static void set_pair(struct mf__needles *needles, unsigned first, unsigned second)
{
    mf__pairs_add(&needles->pairs, (uint8_t)first, (uint8_t)second);
    needles->may_begin[first] = true;
}

/* Where the walk must stop: at the beginning of a needle, and at every escape, so that the readings keep to its edges. */
static void mark_pairs(struct mf__needles *needles)
{
    static const char hex[] = "0123456789abcdefABCDEF";
    const struct needle_node *nodes = needles->nodes;

    for (unsigned first = 0; first < 256; first++) {
        uint32_t state = needles->root[first];
        if (state == 0) {
            continue;
        }
        for (uint32_t child = nodes[state].child; child != 0; child = nodes[child].sibling) {
            set_pair(needles, first, nodes[child].byte);
        }
        set_pair(needles, first, '%');
        set_pair(needles, first, '\\');
        set_pair(needles, first, '+');
    }
    for (unsigned byte = 0; byte < 256; byte++) {
        set_pair(needles, '\\', byte);
        if (needles->root[' '] != 0) {
            set_pair(needles, '+', byte);
        }
    }
    for (const char *digit = hex; *digit != '\0'; digit++) {
        set_pair(needles, '%', (uint8_t)*digit);
    }
    mf__pairs_compile(&needles->pairs);
}

int mf__needles_compile(struct mf__needles *needles)
{
    uint32_t *queue;

    MF_ASSERT(!needles->is_compiled);
    needles->is_compiled = true;
    if (needles->longest == 0) {
        return 0;
    }
    queue = mf_try_alloc(needles->count * sizeof *queue);
    if (queue == NULL) {
        return MF_E_NO_MEMORY;
    }
    link_fails(needles, queue);
    mark_pairs(needles);
    mf_free(queue);
    return 0;
}
