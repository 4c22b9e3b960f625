/* names.h - names of tools as names of TypeScript: identifiers, types, quoted properties, comments. Pure.
 *
 * The rules are @cloudflare/codemode's, so that a program written for its declarations fits ours:
 * https://github.com/cloudflare/agents/tree/main/packages/codemode. */
#ifndef MAYFLY_TOOLS_NAMES_H
#define MAYFLY_TOOLS_NAMES_H

#include <mayfly/base.h>

/* [A-Za-z_$][A-Za-z0-9_$]* that is no reserved word. */
bool mf__names_is_identifier(struct mf_slice name);
/* |name| as a tool's identifier: blanks, '-' and '.' become '_', the rest is dropped; never empty. */
MF_MUST_CHECK int mf__names_append_tool(struct mf_buf *out, struct mf_slice name);
/* |identifier| as the beginning of a type's name: list_issues -> ListIssues. */
MF_MUST_CHECK int mf__names_append_type(struct mf_buf *out, struct mf_slice identifier);
/* |name| as the name of a property, quoted where it must be. */
MF_MUST_CHECK int mf__names_append_property(struct mf_buf *out, struct mf_slice name);
/* |text| as a string literal with its quotes. */
MF_MUST_CHECK int mf__names_append_literal(struct mf_buf *out, struct mf_slice text);
/* |text| as a part of a comment on one line: nothing in it ends the comment; cut past MF_TOOLS_TEXT_BYTES_MAX. */
MF_MUST_CHECK int mf__names_append_comment(struct mf_buf *out, struct mf_slice text);
/* Without the blanks at both ends. */
struct mf_slice mf__names_trim(struct mf_slice text);

/* A set of texts, which must live as long as it does. */
struct mf__names {
    struct mf__names_slot *slots;
    size_t capacity; /* A power of two, or 0. */
    size_t count;
};

struct mf__names_slot {
    struct mf_slice text;
    size_t value;
};

void mf__names_done(struct mf__names *names); /* Zeroed storage is fine. */
/* 1 when it is new, 0 when it was there. MF_E_NO_MEMORY. */
MF_MUST_CHECK int mf__names_add(struct mf__names *names, struct mf_slice text, size_t value);
/* The value that stands with |text|, or NULL; valid until the next _add. */
size_t *mf__names_value(const struct mf__names *names, struct mf_slice text);

#endif
