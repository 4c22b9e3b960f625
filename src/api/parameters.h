/* parameters.h - the parameters of a call: those that a resource knows, each once, as text, number or bool. Pure. */
#ifndef MAYFLY_API_PARAMETERS_H
#define MAYFLY_API_PARAMETERS_H

#include <mayfly/base.h>

#define MF__PARAMS_COUNT_MAX 32

struct mf__params {
    struct {
        struct mf_slice name;
        struct mf_slice value;
    } items[MF__PARAMS_COUNT_MAX];
    size_t count;
    const char *why;   /* On error: a sentence, */
    const char *param; /* and the parameter that it is about, or NULL. */
};

/* |known|: all names that there are, NULL at the end. MF_E_API_FIELD: ill-formed, unknown, or there twice. What is decoded lies
 * in |arena|. */
MF_MUST_CHECK int mf__params_read(struct mf__params *query,
                                  struct mf_arena *arena,
                                  struct mf_slice text,
                                  const char *const *known);
/* Data NULL: it is not there. */
struct mf_slice mf__params_get(const struct mf__params *query, const char *name);
/* |*ret_number| stays as it is when it is not there. MF_E_API_FIELD unless it is from |min| to |max|. */
MF_MUST_CHECK int mf__params_number(struct mf__params *query,
                                    const char *name,
                                    uint64_t min,
                                    uint64_t max,
                                    uint64_t *ret_number);
/* "true" or "false"; likewise. */
MF_MUST_CHECK int mf__params_bool(struct mf__params *query, const char *name, bool *ret_bool);

/* A path of the target, "/a%20b" to "/a b". MF_E_INVALID: an escape is not one, or stands for a slash. */
MF_MUST_CHECK int mf__path_unescape(struct mf_arena *arena, struct mf_slice text, struct mf_slice *ret_text);

#endif
