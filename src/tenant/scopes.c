/* scopes.c - what a token may do, as words: those of its row in the store and of the API. */
#include <mayfly/tenant.h>

struct scope {
    const char *name;
    uint32_t scopes; /* It, and what it may besides. */
};

static const struct scope scopes_by_number[MF_SCOPES_COUNT] = {
#define XX(name, text, more) [MF_SCOPE_NUMBER_##name] = {text, (uint32_t)MF_SCOPE_##name | (uint32_t)(more)},
    MF_SCOPE_MAP(XX)
#undef XX
};

const char *mf_scope_name(uint32_t scope)
{
    for (unsigned i = 0; i < MF_SCOPES_COUNT; i++) {
        if ((scope & (1u << i)) != 0) {
            return scopes_by_number[i].name;
        }
    }
    return "";
}

uint32_t mf_scope_of(struct mf_slice name)
{
    for (unsigned i = 0; i < MF_SCOPES_COUNT; i++) {
        if (mf_slice_equal_cstr(name, scopes_by_number[i].name)) {
            return scopes_by_number[i].scopes;
        }
    }
    return 0;
}

void mf_scopes_write(uint32_t scopes, char *ret_text)
{
    size_t used = 0;

    /* From the last on: what gives others stands behind them in the table. */
    for (unsigned i = MF_SCOPES_COUNT; i > 0 && scopes != 0; i--) {
        const struct scope *scope = &scopes_by_number[i - 1];
        size_t size = strlen(scope->name);
        if ((scopes & (1u << (i - 1))) == 0) {
            continue;
        }
        MF_ASSERT(used + size + 2 <= MF_SCOPES_BYTES_MAX);
        if (used > 0) {
            ret_text[used++] = ' ';
        }
        memcpy(ret_text + used, scope->name, size);
        used += size;
        scopes &= ~scope->scopes;
    }
    ret_text[used] = '\0';
}

uint32_t mf_scopes_read(struct mf_slice text)
{
    uint32_t scopes = 0;

    for (size_t begin = 0; begin < text.size;) {
        size_t end = begin;
        while (end < text.size && text.data[end] != ' ') {
            end++;
        }
        scopes |= mf_scope_of(mf_slice_of(text.data + begin, end - begin));
        begin = end + 1;
    }
    return scopes;
}
