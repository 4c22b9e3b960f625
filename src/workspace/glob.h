/* glob.h - patterns of names and paths: * ? [a-z] [!a] {a,b} and ** for any number of directories. Pure.
 *
 * "*" and "?" stand for no slash; names that begin with a dot are names as any other. The time is at most the product of the
 * lengths of pattern and path, for each of the alternatives that braces make. */
#ifndef MAYFLY_WORKSPACE_GLOB_H
#define MAYFLY_WORKSPACE_GLOB_H

#include <mayfly/base.h>

struct glob;

/* MF_E_WORKSPACE_PATTERN: longer than MF_FS_GLOB_BYTES_MAX, ill-formed UTF-8, a bracket or brace that nobody closes, more than
 * MF_FS_GLOB_ALTERNATIVES_MAX alternatives. */
MF_MUST_CHECK int mf__glob_new(struct mf_slice pattern, MF_OWN struct glob **ret_glob);
void mf__glob_free(MF_OWN struct glob *glob); /* NULL is fine. */
/* |path| with or without a slash in front. */
bool mf__glob_matches(const struct glob *glob, struct mf_slice path);

#endif
