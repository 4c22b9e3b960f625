/* mayfly/tools.h - tools as TypeScript: what a model reads before it writes a program that calls them.
 *
 * Use:      fill a request from a JSON body, call mf_tools_write; the answer is JSON.
 * Threads:  [any] it is pure: cJSON in, bytes out.
 * Owns:     nothing; the request's JSON is borrowed for the call.
 * Limits:   MF_TOOLS_*; a schema that goes round, is too deep or too large becomes `unknown` where it does so.
 * Fails:    MF_E_API_FIELD with a JSON pointer and a sentence; MF_E_TOO_LARGE when the text would be longer than allowed.
 * Not here: HTTP and the shape of the request (api), calls of the tools.
 */
#ifndef MAYFLY_TOOLS_H
#define MAYFLY_TOOLS_H

#include <cjson/cJSON.h>

#include <mayfly/base.h>

struct mf_tools_request {
    /* [{"name": ..., and one of "tools": {name: {description, inputSchema, outputSchema}}, "mcp": [{name, description,
     * inputSchema, outputSchema}] or {"tools": [...]}, "openapi": a document}]; the fields' types were checked. */
    const cJSON *namespaces;
    struct mf_slice search; /* Words; empty: every tool. */
    const cJSON *pick;      /* ["namespace.name"], or NULL: every tool. */
    size_t count_max;       /* Tools in the answer. */
    bool is_index;          /* A line for each tool instead of its types. */
};

struct mf_tools_fault {
    struct mf_buf param; /* JSON pointer. */
    struct mf_buf why;   /* A sentence. */
};

void mf_tools_fault_init(struct mf_tools_fault *fault);
void mf_tools_fault_done(struct mf_tools_fault *fault);

/* Appends {"types": ..., "tools": [...], "total": n, "truncated": bool}. |out| allows MF_TOOLS_ANSWER_BYTES_MAX. */
MF_MUST_CHECK int
mf_tools_write(const struct mf_tools_request *request, struct mf_buf *out, struct mf_tools_fault *ret_fault);

#endif
