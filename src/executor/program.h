/* program.h - a program as a model wrote it: out of its Markdown, without its types. All inside the jail.
 *
 * Threads:  [any]
 * Limits:   MF_TYPESCRIPT_*.
 */
#ifndef MAYFLY_EXECUTOR_PROGRAM_H
#define MAYFLY_EXECUTOR_PROGRAM_H

#include <mayfly/engine.h>

#include "strip.h"

/* What stands in the first Markdown fence when |text| begins with one, or is nothing but prose around it; else |text|. *ret_line: how
 * many lines were taken off before it. */
struct mf_slice mf_program_unfence(struct mf_slice text, uint32_t *ret_line);
/* Strips |program|, before which |*lines| were taken off: as a module, as what may stand in a function, or as an expression. On 0 its
 * body and mappings are those of *ret_stripped, with empty lines for those, and *lines is 0. MF_E_SYNTAX: none of these; |program| was
 * not changed. Else as mf_strip_module. The caller keeps *ret_stripped when it is set, whatever is returned. */
MF_MUST_CHECK int mf_program_strip(struct mf_strip *strip,
                                   struct mf_module *program,
                                   uint32_t *lines,
                                   uint64_t cpu_ns,
                                   void *subject,
                                   struct mf_stripped **ret_stripped,
                                   uint64_t *ret_idle_cpu_ns);

#endif
