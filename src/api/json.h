/* json.h - reading a JSON body: cJSON behind the checks that it does not make itself. Pure, so that a large body may be
 * read on a worker thread.
 *
 * cJSON keeps strings NUL-terminated, takes ill-formed UTF-8 and nests 1,000 deep: all three are refused first. */
#ifndef MAYFLY_API_JSON_H
#define MAYFLY_API_JSON_H

#include <cjson/cJSON.h>

#include <mayfly/base.h>

/* Once, before any other use of cJSON in the process: its memory is base's. */
void mf__json_init(void);
/* From _begin to _end what cJSON frees on this thread is wiped: all that it made of a text that holds secrets, also when
 * the text turns out not to be JSON. */
void mf__json_secret_begin(void);
void mf__json_secret_end(void);

/* MF_E_API_JSON with a sentence in |ret_why|, or a tree for cJSON_Delete. */
MF_MUST_CHECK int mf__json_parse(struct mf_slice text, MF_OWN cJSON **ret_root, struct mf_buf *ret_why);

/* A field that an object may have. */
struct mf_json_field {
    const char *name;
    /* "s"tring, "n"umber (whole, 0 to 2^53), "b"ool, "o"bject, "a"rray, "0" null, "*" anything; several: one of them. */
    const char *types;
    bool is_required;
};

/* Checks that |object| is an object with these fields only, each once and of its type. MF_E_API_FIELD; |ret_param| becomes
 * the JSON pointer of the fault ("/code/mainModule"), |ret_why| a sentence. */
MF_MUST_CHECK int mf__json_check(const cJSON *object,
                                 const char *pointer,
                                 const struct mf_json_field *fields,
                                 size_t count,
                                 struct mf_buf *ret_param,
                                 struct mf_buf *ret_why);

/* The member of that exact name, or NULL. */
const cJSON *mf__json_get(const cJSON *object, const char *name);
/* A string's bytes. */
struct mf_slice mf__json_text(const cJSON *string);
/* Milliseconds since 1970 as a string of RFC 3339: "2026-11-25T23:04:35.477Z". */
MF_MUST_CHECK int mf__json_append_time(struct mf_buf *out, uint64_t unix_ms);
/* Sets both and returns MF_E_API_FIELD. */
int mf__json_refuse(struct mf_buf *ret_param,
                    struct mf_buf *ret_why,
                    const char *pointer,
                    const char *format,
                    ...) MF_PRINTF(4, 5);

#endif
