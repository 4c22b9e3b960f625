/* problem_sets.c - see problem_sets.h. */
#include "problem_sets.h"

/* Each ends with 0. */
#define SET(name, ...) static const int errors_##name[] = {__VA_ARGS__, 0};
#include "problem_sets.def"
#undef SET

static const int *const all[MF__SETS_COUNT] = {
#define SET(name, ...) [MF__SET_##name] = errors_##name,
#include "problem_sets.def"
#undef SET
};

int mf__problems_at(uint64_t sets, size_t index)
{
    for (unsigned set = 0; set < MF__SETS_COUNT; set++) {
        for (const int *error = all[set]; (sets >> set & 1) != 0 && *error != 0; error++) {
            if (index-- == 0) {
                return *error;
            }
        }
    }
    return 0;
}

bool mf__problems_have(uint64_t sets, int error)
{
    int one;

    for (size_t i = 0; (one = mf__problems_at(sets, i)) != 0; i++) {
        if (one == error) {
            return true;
        }
    }
    return false;
}
