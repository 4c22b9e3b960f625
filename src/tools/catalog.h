/* catalog.h - all tools of a request, whatever they were described with. Pure; it borrows the request's JSON. */
#ifndef MAYFLY_TOOLS_CATALOG_H
#define MAYFLY_TOOLS_CATALOG_H

#include <mayfly/tools.h>

#include "names.h"

struct mf__tool {
    size_t ns;               /* Index of its namespace. */
    struct mf_slice name;    /* As the source has it; an operation's is its identifier. */
    struct mf_slice safe;    /* The identifier. */
    struct mf_slice type;    /* What its types' names begin with. */
    struct mf_slice summary; /* Trimmed; may be empty. */
    const cJSON *root;       /* Where references of its schemas begin. */
    const cJSON *input;      /* Schemas; NULL: unknown. */
    const cJSON *output;
    const cJSON *item; /* OpenAPI: the path's item and the operation; else NULL. */
    const cJSON *operation;
    const char *path;
    const char *method;
    int score;
};

struct mf__namespace {
    struct mf_slice name;
    size_t tools_begin;
    size_t tools_end;
};

struct mf__catalog {
    struct mf_arena *arena;
    struct mf__namespace *spaces;
    size_t spaces_count;
    struct mf__tool *tools;
    size_t count;
    size_t capacity;
    struct mf__names types;
    uint64_t steps;
    struct mf_tools_fault *fault;
};

MF_MUST_CHECK int
mf__catalog_init(struct mf__catalog *catalog, const cJSON *namespaces, struct mf_tools_fault *fault);
void mf__catalog_done(struct mf__catalog *catalog); /* Zeroed storage is fine. */
/* A place for one more tool of the namespace that is being read: all but its identifier and type is the caller's to set. */
MF_MUST_CHECK int mf__catalog_add(struct mf__catalog *catalog, struct mf__tool **ret_tool);
/* Gives |tool| its type's name; its identifier is set. */
MF_MUST_CHECK int mf__catalog_name_type(struct mf__catalog *catalog, struct mf__tool *tool);
/* |name| with "_2", "_3" ... behind it until |taken| does not have it; it is there then. */
MF_MUST_CHECK int mf__catalog_make_unique(struct mf__catalog *catalog,
                                          struct mf__names *taken,
                                          struct mf_slice name,
                                          struct mf_slice *ret_name);
/* MF_E_API_FIELD at |member| ("/mcp") of the namespace that is being read, with "... |why|". */
int mf__catalog_refuse_source(struct mf__catalog *catalog, const char *member, const char *why);
/* MF_E_API_FIELD. */
int mf__catalog_refuse(struct mf_tools_fault *fault, struct mf_slice pointer, const char *format, ...)
    MF_PRINTF(3, 4);

/* openapi.c: the operations of |document| (https://spec.openapis.org/oas/v3.1.0; 3.0 and Swagger 2.0 as far as they agree). */
MF_MUST_CHECK int mf__openapi_read(struct mf__catalog *catalog, const cJSON *document, const char *pointer);
/* Their types, as schema.h has them. */
MF_MUST_CHECK int mf__openapi_write_input(const struct mf__tool *tool, struct mf_buf *out, uint64_t *steps);
MF_MUST_CHECK int mf__openapi_write_output(const struct mf__tool *tool, struct mf_buf *out, uint64_t *steps);
/* Lines "\t * @param input.name - description" of the parameters that have one. */
MF_MUST_CHECK int mf__openapi_write_params(const struct mf__tool *tool, struct mf_buf *out, uint64_t *steps);

/* search.c: |tool|'s score for the words, 0 when it does not fit. |scratch| holds nothing that is needed. */
struct mf__search {
    struct mf_buf query; /* Normalised. */
    struct mf_slice words[MF_TOOLS_SEARCH_WORDS_MAX];
    size_t count;
    struct mf_buf fields[4]; /* Memory for those of a tool. */
};
MF_MUST_CHECK int mf__search_init(struct mf__search *search, struct mf_slice query);
void mf__search_done(struct mf__search *search);
MF_MUST_CHECK int mf__search_score(struct mf__search *search,
                                   const struct mf__catalog *catalog,
                                   const struct mf__tool *tool,
                                   int *ret_score);

#endif
