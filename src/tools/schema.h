/* schema.h - a JSON Schema as a TypeScript type. Pure.
 * Spec: https://json-schema.org/draft/2020-12/schema, and what OpenAPI 3.0 adds ("nullable").
 *
 * What cannot be said becomes `unknown`: an external or circular $ref, what lies deeper than MF_TOOLS_SCHEMA_DEPTH_MAX, and the
 * rest of a type that is larger than MF_TOOLS_TYPE_BYTES_MAX. The type is always whole: brackets and comments close. */
#ifndef MAYFLY_TOOLS_SCHEMA_H
#define MAYFLY_TOOLS_SCHEMA_H

#include <cjson/cJSON.h>

#include <mayfly/base.h>

/* What a written type needs around it: parentheses before [] and inside an intersection, " | null" or not. */
enum mf__type_kind {
    MF__TYPE_PLAIN,
    MF__TYPE_UNION,
    MF__TYPE_INTERSECTION,
    MF__TYPE_UNKNOWN,
    MF__TYPE_NEVER,
};

struct mf__schema {
    struct mf_buf *out;
    const cJSON *root; /* Where "#/..." begins. */
    uint64_t *steps;   /* Members that may still be looked at, in all types of a request together. */
    size_t begin;      /* Of this type in |out|. */
    const cJSON *seen[MF_TOOLS_SCHEMA_DEPTH_MAX];
    unsigned depth;
};

/* A type begins where |out| ends now. */
void mf__schema_begin(struct mf__schema *schema, struct mf_buf *out, const cJSON *root, uint64_t *steps);
/* The type has its size, or the request its steps: what follows is left out. */
bool mf__schema_is_full(const struct mf__schema *schema);
/* |node| may be NULL; |indent| is of the line that the type stands on. A mf__type_kind or an error. */
MF_MUST_CHECK int mf__schema_write(struct mf__schema *schema, const cJSON *node, unsigned indent);
/* One property of an object: its comment and its line. |description| (may be empty) is for a |node| without one. */
MF_MUST_CHECK int mf__schema_write_property(struct mf__schema *schema,
                                            struct mf_slice name,
                                            const cJSON *node,
                                            bool is_required,
                                            struct mf_slice description,
                                            unsigned indent);
/* Where a local reference ("#", "#/a/b") leads, or NULL. */
const cJSON *mf__schema_resolve(const cJSON *root, const char *ref, uint64_t *steps);
/* |node|, or where its $ref leads (once for each of a chain); NULL when nowhere. */
const cJSON *mf__schema_follow(const cJSON *root, const cJSON *node, uint64_t *steps);
/* The member, counting steps. */
const cJSON *mf__schema_get(const cJSON *object, const char *name, uint64_t *steps);

#endif
