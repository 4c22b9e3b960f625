/* problem_sets.h - which problems each route may answer with. Pure.
 *
 * A row of route.c names the sets of its route. openapi.json says the same: x-problem-codes of each operation, and those of all of them at
 * components.responses.Problem. unit.api_problem_sets holds the two against each other; an answer that is in neither is logged as an
 * error, which the tests of the programs take for a failure. What a stream or an envelope says of its run is no answer of the route.
 */
#ifndef MAYFLY_API_PROBLEM_SETS_H
#define MAYFLY_API_PROBLEM_SETS_H

#include <mayfly/base.h>

enum mf__problem_set {
#define SET(name, ...) MF__SET_##name,
#include "problem_sets.def"
#undef SET
    MF__SETS_COUNT
};
_Static_assert(MF__SETS_COUNT <= 64, "sets are bits of a uint64_t");

/* Of a route. */
#define MF__SET(name) (UINT64_C(1) << MF__SET_##name)

bool mf__problems_have(uint64_t sets, int error);
/* Number |index| of all of |sets|; one may be there more than once. 0: there are no more. */
int mf__problems_at(uint64_t sets, size_t index);

#endif
