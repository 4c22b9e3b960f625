/* guest.h - what a run brings and is thrown away with: its bundle, its stripped sources, its isolate.
 *
 * Kept apart from the session, so that all this goes as soon as the script is done, while the session may still wait for a
 * slow reader.
 */
#ifndef MAYFLY_EXECUTOR_GUEST_H
#define MAYFLY_EXECUTOR_GUEST_H

#include <mayfly/engine.h>
#include <mayfly/wire.h>

#include "strip.h"

struct mf_guest {
    struct mf_list list;        /* Among those that wait to be freed. */
    struct mf_buf bundle;       /* The modules' bodies lie in it until the isolate is gone. */
    struct mf_isolate *isolate; /* NULL before the first turn. */
    struct mf_stripped **stripped;
    size_t stripped_count;
    struct mf_module *modules;
    size_t modules_count;
    size_t *typescript; /* Which of them are to be stripped. */
    size_t typescript_count;
    struct mf_slice main;
    struct mf_slice entrypoint;
    struct mf_slice env;
    struct mf_slice props;
    struct mf_slice method;
    struct mf_slice url;
    struct mf_slice headers;
    struct mf_slice date;
    struct mf_slice flags;
    struct mf_slice options;    /* Of a program. */
    struct mf_slice workspaces; /* JSON; empty: none. */
    struct mf_slice tail;       /* JSON of trace items; empty: it answers its request. */
    bool is_program;            /* modules[0] is one, and the main module. */
    uint32_t program_line;      /* Lines that were taken off before it. */
    uint32_t seen;              /* Mask of part kinds that may be there once. */
};

/* NULL: no memory for a bundle of that size. */
MF_MUST_CHECK MF_OWN struct mf_guest *mf_guest_new(size_t bundle_bytes);
/* [isolate] NULL is fine. */
void mf_guest_free(MF_OWN struct mf_guest *guest);
/* Reads the whole bundle into the fields; TypeScript modules are still as they came. MF_E_WIRE: it is not one that mayflyd
 * makes. MF_E_NO_MEMORY. */
MF_MUST_CHECK int mf_guest_read(struct mf_guest *guest);

#endif
