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
/* Strips |program|: as a module, or as what may stand in a function. On 0 its body and mappings are those of *ret_stripped, which the
 * caller keeps as long. MF_E_SYNTAX: neither; nothing was changed. Else as mf_strip_module. */
MF_MUST_CHECK int mf_program_strip(struct mf_strip *strip,
                                   struct mf_module *program,
                                   uint64_t cpu_ns,
                                   void *subject,
                                   struct mf_stripped **ret_stripped,
                                   uint64_t *ret_idle_cpu_ns);

#endif
