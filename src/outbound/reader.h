/* reader.h - walking a policy's JSON: every member is known, there once, of its type; what is not is a fault, and the
 * walk goes on, so that one answer lists all of them. */
#ifndef MAYFLY_OUTBOUND_READER_H
#define MAYFLY_OUTBOUND_READER_H

#include <cjson/cJSON.h>

#include "faults.h"
#include "policy.h"

struct reader {
    struct mf_arena *arena;
    struct mf_policy_faults *faults;
    int error; /* MF_E_NO_MEMORY; nothing that was read counts then. */
};

struct member {
    const char *name;
    bool is_required;
    const cJSON *value; /* Out: NULL when it is not there. */
};

/* Fills |members| from |object|. False, with a fault, when it is no object. */
bool mf__read_members(struct reader *reader,
                      const cJSON *object,
                      const char *pointer,
                      struct member *members,
                      size_t count);

/* Each of these adds a fault and answers false, NULL or 0 when |value| is not of the type. */
bool mf__read_bool(struct reader *reader, const cJSON *value, const char *pointer);
/* 1 to |bytes_max| bytes without controls; copied, with a NUL behind. */
struct mf_slice
mf__read_text(struct reader *reader, const cJSON *value, const char *pointer, size_t bytes_max);
/* The name of a stored thing. */
struct mf_slice mf__read_name(struct reader *reader, const cJSON *value, const char *pointer);
uint16_t mf__read_port(struct reader *reader, const cJSON *value, const char *pointer);
/* The prefix of a path in a URL's own spelling. */
struct mf_slice mf__read_path(struct reader *reader, const cJSON *value, const char *pointer);

/* One value, or an array of 1 to |count_max| of them: calls |read| for each, with where it stands. */
void mf__read_each(struct reader *reader,
                   const cJSON *value,
                   const char *pointer,
                   size_t count_max,
                   void (*read)(struct reader *reader, const cJSON *value, const char *pointer, void *user),
                   void *user);
/* Zeroed, with room for as many things as that will be; NULL when memory is gone (reader->error). */
void *mf__read_array(struct reader *reader, const cJSON *value, size_t count_max, size_t size);
/* Names, each once; |*ret_names| has room for all of them. */
size_t mf__read_names(struct reader *reader,
                      const cJSON *value,
                      const char *pointer,
                      size_t count_max,
                      struct mf_slice **ret_names);

/* One rule (rule.c), and its match (rule_match.c). */
void mf__read_rule(struct reader *reader, const cJSON *value, const char *pointer, struct mf__rule *rule);
void mf__read_match(struct reader *reader, const cJSON *value, const char *pointer, struct mf__match *match);
/* The same requests: all members are equal. */
bool mf__match_equal(const struct mf__match *a, const struct mf__match *b);

#endif
