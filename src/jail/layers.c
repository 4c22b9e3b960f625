/* layers.c - the names of the layers, and the words for a kernel that refuses one. */
#include "layers.h"

#include <stdio.h>

static const char *const names[] = {
#define XX(name, text) text,
    MF_JAIL_LAYER_MAP(XX)
#undef XX
};

const char *mf_jail_layer_name(enum mf_jail_layer layer)
{
    MF_ASSERT((unsigned)layer < MF_JAIL_LAYERS_COUNT);
    return names[layer];
}

int mf_jail_layer_parse(struct mf_slice name, enum mf_jail_layer *ret_layer)
{
    for (unsigned i = 0; i < MF_JAIL_LAYERS_COUNT; i++) {
        if (mf_slice_equal_cstr(name, names[i])) {
            *ret_layer = (enum mf_jail_layer)i;
            return 0;
        }
    }
    return MF_E_NOT_FOUND;
}

int mf_jail_refuse(char *why, enum mf_jail_layer layer, const char *step, int error_number, const char *hint)
{
    (void)snprintf(why, MF_JAIL_WHY_BYTES_MAX, "%s: %s: %s%s%s", mf_jail_layer_name(layer), step,
                   mf_error_message(-error_number), hint != NULL ? ". " : "", hint != NULL ? hint : "");
    return MF_E_JAIL;
}
