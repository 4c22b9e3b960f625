/* faults.h - writing the list of what is wrong with a policy. */
#ifndef MAYFLY_OUTBOUND_FAULTS_H
#define MAYFLY_OUTBOUND_FAULTS_H

#include <mayfly/outbound_policy.h>

/* A JSON pointer: names are cut where they are absurdly long. */
#define MF__POINTER_BYTES_MAX 512

/* "<parent>/<name>", with "~" and "/" of |name| escaped (RFC 6901). */
void mf__pointer_join(char pointer[MF__POINTER_BYTES_MAX], const char *parent, const char *name);
void mf__pointer_index(char pointer[MF__POINTER_BYTES_MAX], const char *parent, size_t index);

/* Adds "<pointer> <sentence>"; past the maximum it is only counted. */
void mf__fault_add(struct mf_policy_faults *faults, const char *pointer, const char *format, ...)
    MF_PRINTF(3, 4);

#endif
