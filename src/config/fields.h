/* fields.h - mayfly.json as data: every field with its place in struct mf_config, its default and its bounds.
 * docs/config.md has one row for each; tests/unit/config_docs.c holds the two together. */
#ifndef MAYFLY_CONFIG_FIELDS_H
#define MAYFLY_CONFIG_FIELDS_H

#include <mayfly/config.h>

#include "reader.h"

enum field_kind {
    FIELD_U32,
    FIELD_U64,
    FIELD_MIB,   /* MiB in the file, bytes in the struct. */
    FIELD_LIMIT, /* A number, or {"default": n, "max": n}. */
    FIELD_BOOL,
    FIELD_PATH,    /* Absolute. */
    FIELD_SECTION, /* An object with fields of its own. */
    FIELD_CUSTOM,  /* |read| does it all. */
};

struct config_field {
    const char *name;
    enum field_kind kind;
    size_t offset; /* In struct mf_config. */
    uint64_t min;
    uint64_t standard; /* The default; 0 or 1 for FIELD_BOOL. */
    uint64_t max;
    const char *unit;                  /* As docs/config.md says it. */
    const struct config_field *fields; /* FIELD_SECTION: up to a row without a name. */
    /* FIELD_CUSTOM. |pointer| is where |value| stands. */
    int (*read)(struct config_reader *reader, const struct cJSON *value, const char *pointer);
    /* Read at the start only; of a section, all in it. A FIELD_CUSTOM that is fixed says when two are not the same. */
    bool is_fixed;
    bool (*differs)(const struct mf_config *one, const struct mf_config *other);
    const char *standard_text; /* The default of a FIELD_CUSTOM or FIELD_PATH, for docs/config.md. */
};

extern const struct config_field mf__config_root_fields[];

#endif
