/* guest.c - see guest.h. */
#include "guest.h"

#include <stdlib.h>

struct mf_guest *mf_guest_new(size_t bundle_bytes)
{
    struct mf_guest *guest = mf_new(sizeof(*guest));

    mf_list_init(&guest->list);
    mf_buf_init(&guest->bundle, bundle_bytes);
    if (mf_buf_reserve(&guest->bundle, bundle_bytes) < 0) {
        mf_free(guest);
        return NULL;
    }
    return guest;
}

void mf_guest_free(struct mf_guest *guest)
{
    if (guest == NULL) {
        return;
    }
    mf_isolate_free(guest->isolate);
    for (size_t i = 0; i < guest->stripped_count; i++) {
        mf_stripped_unref(guest->stripped[i]);
    }
    mf_free(guest->stripped);
    mf_free(guest->typescript);
    mf_free(guest->modules);
    mf_buf_done(&guest->bundle);
    mf_free(guest);
}

static bool is_module(enum mf_part_kind kind)
{
    return (kind >= MF_PART_ESM && kind <= MF_PART_WASM) || kind == MF_PART_PROGRAM;
}

static enum mf_module_kind module_kind(enum mf_part_kind kind)
{
    switch (kind) {
    case MF_PART_CJS:
        return MF_MODULE_CJS;
    case MF_PART_TEXT:
        return MF_MODULE_TEXT;
    case MF_PART_DATA:
        return MF_MODULE_DATA;
    case MF_PART_JSON:
        return MF_MODULE_JSON;
    case MF_PART_WASM:
        return MF_MODULE_WASM;
    case MF_PART_ESM:
    case MF_PART_TYPESCRIPT:
    case MF_PART_MAIN:
    case MF_PART_ENTRYPOINT:
    case MF_PART_ENV:
    case MF_PART_PROPS:
    case MF_PART_METHOD:
    case MF_PART_URL:
    case MF_PART_HEADERS:
    case MF_PART_DATE:
    case MF_PART_FLAGS:
    case MF_PART_PROGRAM:
    case MF_PART_OPTIONS:
    case MF_PART_WORKSPACES:
    case MF_PART_TAIL:
    case MF_PART_CACHE:
        break;
    }
    return MF_MODULE_ESM;
}

/* NULL for a module. */
static struct mf_slice *field_of(struct mf_guest *guest, enum mf_part_kind kind)
{
    switch (kind) {
    case MF_PART_MAIN:
        return &guest->main;
    case MF_PART_ENTRYPOINT:
        return &guest->entrypoint;
    case MF_PART_ENV:
        return &guest->env;
    case MF_PART_PROPS:
        return &guest->props;
    case MF_PART_METHOD:
        return &guest->method;
    case MF_PART_URL:
        return &guest->url;
    case MF_PART_HEADERS:
        return &guest->headers;
    case MF_PART_DATE:
        return &guest->date;
    case MF_PART_FLAGS:
        return &guest->flags;
    case MF_PART_OPTIONS:
        return &guest->options;
    case MF_PART_WORKSPACES:
        return &guest->workspaces;
    case MF_PART_TAIL:
        return &guest->tail;
    case MF_PART_ESM:
    case MF_PART_TYPESCRIPT:
    case MF_PART_CJS:
    case MF_PART_TEXT:
    case MF_PART_DATA:
    case MF_PART_JSON:
    case MF_PART_WASM:
    case MF_PART_PROGRAM:
    case MF_PART_CACHE:
        break;
    }
    return NULL;
}

/* How many modules and how many of them TypeScript; MF_E_WIRE. */
static int count_modules(struct mf_guest *guest, size_t *ret_typescript)
{
    struct mf_slice bundle = mf_buf_peek(&guest->bundle);
    struct mf_part part;
    size_t cursor = 0, modules = 0, typescript = 0;
    int result;

    while ((result = mf_bundle_next(bundle, &cursor, &part)) > 0) {
        modules += is_module(part.kind);
        typescript += part.kind == MF_PART_TYPESCRIPT;
    }
    if (result < 0 || modules > MF_MODULES_COUNT_MAX) {
        return MF_E_WIRE;
    }
    *ret_typescript = typescript;
    return (int)modules;
}

/* A cache of what is not there, or is no JavaScript, is of other code. */
static int read_cache(struct mf_guest *guest, const struct mf_part *part)
{
    for (size_t i = 0; i < guest->modules_count; i++) {
        struct mf_module *module = &guest->modules[i];
        if (module->kind == MF_MODULE_ESM && mf_slice_equal(module->name, part->name)) {
            module->cache = part->body;
            return 0;
        }
    }
    return MF_E_WIRE;
}

static int read_part(struct mf_guest *guest, const struct mf_part *part)
{
    struct mf_slice *field = field_of(guest, part->kind);

    if (field != NULL) {
        if ((guest->seen & 1u << part->kind) != 0 || part->name.size > 0) {
            return MF_E_WIRE;
        }
        guest->seen |= 1u << part->kind;
        *field = part->body;
        return 0;
    }
    if (part->kind == MF_PART_CACHE) {
        return read_cache(guest, part);
    }
    if (part->kind == MF_PART_PROGRAM) {
        if ((guest->seen & (1u << MF_PART_PROGRAM | 1u << MF_PART_MAIN)) != 0 || guest->modules_count > 0) {
            return MF_E_WIRE;
        }
        guest->seen |= 1u << MF_PART_PROGRAM | 1u << MF_PART_MAIN;
        guest->main = part->name;
        guest->is_program = true;
    }
    if (part->kind == MF_PART_TYPESCRIPT) {
        guest->typescript[guest->typescript_count++] = guest->modules_count;
    }
    guest->modules[guest->modules_count++] =
        (struct mf_module){.kind = module_kind(part->kind), .name = part->name, .body = part->body};
    return 0;
}

int mf_guest_read(struct mf_guest *guest)
{
    const uint32_t must = 1u << MF_PART_MAIN | 1u << MF_PART_METHOD | 1u << MF_PART_URL;
    struct mf_part part;
    size_t cursor = 0, typescript = 0;
    int result = count_modules(guest, &typescript);

    if (result < 0) {
        return result;
    }
    guest->modules = mf_try_alloc(((size_t)result + 1) * sizeof(*guest->modules));
    guest->stripped = mf_try_alloc((typescript + 1) * sizeof(struct mf_stripped *));
    guest->typescript = mf_try_alloc((typescript + 1) * sizeof(*guest->typescript));
    if (guest->modules == NULL || guest->stripped == NULL || guest->typescript == NULL) {
        return MF_E_NO_MEMORY;
    }
    while ((result = mf_bundle_next(mf_buf_peek(&guest->bundle), &cursor, &part)) > 0) {
        result = read_part(guest, &part);
        if (result < 0) {
            return result;
        }
    }
    if (result == 0 &&
        ((guest->seen & must) != must || (guest->options.size > 0 && !guest->is_program) ||
         (guest->tail.size > 0 && guest->is_program) || mf_headers_check(guest->headers) < 0)) {
        return MF_E_WIRE;
    }
    return result;
}
