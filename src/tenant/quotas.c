/* quotas.c - what a tenant may have, as words of its row in the store. */
#include <stdio.h>

#include <mayfly/tenant.h>

static const char *const names[MF_QUOTAS_COUNT] = {
#define XX(name, text) [MF_QUOTA_##name] = (text),
    MF_QUOTA_MAP(XX)
#undef XX
};

const char *mf_quota_name(enum mf_quota quota)
{
    return names[quota];
}

void mf_quotas_write(const struct mf_quotas *quotas, char *ret_text)
{
    size_t used = 0;

    ret_text[0] = '\0';
    for (unsigned i = 0; i < MF_QUOTAS_COUNT; i++) {
        if (quotas->values[i] != MF_QUOTA_UNSET) {
            int size = snprintf(ret_text + used, MF_QUOTAS_BYTES_MAX - used, "%s%s=%llu",
                                used == 0 ? "" : " ", names[i], (unsigned long long)quotas->values[i]);
            MF_ASSERT(size > 0 && used + (size_t)size < MF_QUOTAS_BYTES_MAX);
            used += (size_t)size;
        }
    }
}

static void read_word(struct mf_slice word, struct mf_quotas *quotas)
{
    size_t equal = 0;
    uint64_t value;

    while (equal < word.size && word.data[equal] != '=') {
        equal++;
    }
    if (equal == word.size || mf_slice_parse_u64(mf_slice_of(word.data + equal + 1, word.size - equal - 1),
                                                 MF_QUOTA_UNSET - 1, &value) < 0) {
        return;
    }
    for (unsigned i = 0; i < MF_QUOTAS_COUNT; i++) {
        if (mf_slice_equal_cstr(mf_slice_of(word.data, equal), names[i])) {
            quotas->values[i] = value;
        }
    }
}

void mf_quotas_read(struct mf_slice text, struct mf_quotas *ret_quotas)
{
    for (unsigned i = 0; i < MF_QUOTAS_COUNT; i++) {
        ret_quotas->values[i] = MF_QUOTA_UNSET;
    }
    for (size_t begin = 0; begin < text.size;) {
        size_t end = begin;
        while (end < text.size && text.data[end] != ' ') {
            end++;
        }
        read_word(mf_slice_of(text.data + begin, end - begin), ret_quotas);
        begin = end + 1;
    }
}
