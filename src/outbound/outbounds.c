/* outbounds.c - the policies that have a name: a sorted array, changed rarely and read for every run. */
#include <mayfly/outbound_policy.h>

struct entry {
    struct mf_outbound shown;
    struct mf_buf tenant;
    struct mf_buf name;
    struct mf_buf json;
};

struct mf_outbounds {
    struct entry *entries[MF_OUTBOUNDS_ALL_MAX]; /* By tenant and name. */
    size_t count;
};

struct mf_outbounds *mf_outbounds_new(void)
{
    return mf_new(sizeof(struct mf_outbounds));
}

static void free_entry(struct entry *entry)
{
    mf_policy_unref(entry->shown.policy);
    mf_buf_done(&entry->tenant);
    mf_buf_done(&entry->name);
    mf_buf_done(&entry->json);
    mf_free(entry);
}

void mf_outbounds_free(MF_OWN struct mf_outbounds *outbounds)
{
    if (outbounds == NULL) {
        return;
    }
    for (size_t i = 0; i < outbounds->count; i++) {
        free_entry(outbounds->entries[i]);
    }
    mf_free(outbounds);
}

static bool is_alnum(uint8_t c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

bool mf_outbound_name_is_valid(struct mf_slice name)
{
    if (name.size == 0 || name.size > MF_OUTBOUND_NAME_BYTES_MAX || !is_alnum(name.data[0])) {
        return false;
    }
    for (size_t i = 1; i < name.size; i++) {
        uint8_t c = name.data[i];
        if (!is_alnum(c) && c != '.' && c != '_' && c != '-') {
            return false;
        }
    }
    return true;
}

static int compare(struct mf_slice a, struct mf_slice b)
{
    size_t size = a.size < b.size ? a.size : b.size;
    int order = size == 0 ? 0 : memcmp(a.data, b.data, size);

    return order != 0 ? order : (a.size > b.size) - (a.size < b.size);
}

static int compare_entry(const struct entry *entry, struct mf_slice tenant, struct mf_slice name)
{
    int order = compare(entry->shown.tenant, tenant);

    return order != 0 ? order : compare(entry->shown.name, name);
}

/* Where it is or would be. */
static size_t
find(const struct mf_outbounds *outbounds, struct mf_slice tenant, struct mf_slice name, bool *ret_is_there)
{
    size_t low = 0;
    size_t high = outbounds->count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (compare_entry(outbounds->entries[middle], tenant, name) < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    *ret_is_there = low < outbounds->count && compare_entry(outbounds->entries[low], tenant, name) == 0;
    return low;
}

const struct mf_outbound *
mf_outbounds_get(const struct mf_outbounds *outbounds, struct mf_slice tenant, struct mf_slice name)
{
    bool is_there;
    size_t at = find(outbounds, tenant, name, &is_there);

    return is_there ? &outbounds->entries[at]->shown : NULL;
}

const struct mf_outbound *
mf_outbounds_at(const struct mf_outbounds *outbounds, struct mf_slice tenant, size_t index)
{
    bool is_there;
    size_t first = find(outbounds, tenant, mf_slice_of(NULL, 0), &is_there); /* No name is empty. */
    const struct mf_outbound *outbound =
        index < outbounds->count - first ? &outbounds->entries[first + index]->shown : NULL;

    return outbound != NULL && mf_slice_equal(outbound->tenant, tenant) ? outbound : NULL;
}

static int make_entry(const struct mf_outbound *outbound, struct entry **ret_entry)
{
    struct entry *entry = mf_new(sizeof *entry);
    int rc;

    mf_buf_init(&entry->tenant, MF_STORE_TENANT_BYTES_MAX);
    mf_buf_init(&entry->name, MF_OUTBOUND_NAME_BYTES_MAX);
    mf_buf_init(&entry->json, MF_OUTBOUND_POLICY_BYTES_MAX);
    rc = mf_buf_append_slice(&entry->tenant, outbound->tenant);
    if (rc == 0) {
        rc = mf_buf_append_slice(&entry->name, outbound->name);
    }
    if (rc == 0) {
        rc = mf_buf_append_slice(&entry->json, outbound->json);
    }
    if (rc < 0) {
        free_entry(entry);
        return rc;
    }
    entry->shown = *outbound;
    entry->shown.tenant = mf_buf_peek(&entry->tenant);
    entry->shown.name = mf_buf_peek(&entry->name);
    entry->shown.json = mf_buf_peek(&entry->json);
    mf_policy_ref(entry->shown.policy);
    *ret_entry = entry;
    return 0;
}

int mf_outbounds_put(struct mf_outbounds *outbounds, const struct mf_outbound *outbound)
{
    struct entry *entry;
    bool is_there;
    size_t at = find(outbounds, outbound->tenant, outbound->name, &is_there);
    int rc;

    if (!is_there && (outbounds->count == MF_OUTBOUNDS_ALL_MAX ||
                      mf_outbounds_at(outbounds, outbound->tenant, MF_OUTBOUNDS_MAX - 1) != NULL)) {
        return MF_E_TOO_MANY;
    }
    rc = make_entry(outbound, &entry);
    if (rc < 0) {
        return rc;
    }
    if (is_there) {
        free_entry(outbounds->entries[at]);
    } else {
        memmove(&outbounds->entries[at + 1], &outbounds->entries[at],
                (outbounds->count - at) * sizeof outbounds->entries[0]);
        outbounds->count++;
    }
    outbounds->entries[at] = entry;
    return 0;
}

bool mf_outbounds_remove(struct mf_outbounds *outbounds, struct mf_slice tenant, struct mf_slice name)
{
    bool is_there;
    size_t at = find(outbounds, tenant, name, &is_there);

    if (!is_there) {
        return false;
    }
    free_entry(outbounds->entries[at]);
    outbounds->count--;
    memmove(&outbounds->entries[at], &outbounds->entries[at + 1],
            (outbounds->count - at) * sizeof outbounds->entries[0]);
    return true;
}
