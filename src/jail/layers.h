/* layers.h - what the files of src/jail share: one function for each layer, and how a refusal is put into words. */
#ifndef MAYFLY_SRC_JAIL_LAYERS_H
#define MAYFLY_SRC_JAIL_LAYERS_H

#include <mayfly/jail.h>

/* Writes "<layer>: <step>: <errno's sentence>. <hint>" to |why| and returns MF_E_JAIL. |hint| may be NULL. */
int mf_jail_refuse(char *why, enum mf_jail_layer layer, const char *step, int error_number, const char *hint);

/* mf_jail_spawn says here, as a number, which namespaces the process was born into. */
#define MF_JAIL_GIVEN_VARIABLE "MAYFLY_JAIL_GIVEN"

static inline uint32_t mf_jail_bit(enum mf_jail_layer layer)
{
    return 1u << layer;
}

/* ---- namespaces.c: the parent's side ------------------------------------------------------- */

#define MF_JAIL_NAMESPACES                                                                                   \
    (1u << MF_JAIL_USER_NS | 1u << MF_JAIL_PID_NS | 1u << MF_JAIL_NET_NS | 1u << MF_JAIL_IPC_NS |            \
     1u << MF_JAIL_UTS_NS | 1u << MF_JAIL_MOUNT_NS)

/* The CLONE_NEW* flags of the namespaces in |layers|. */
int mf_jail_namespace_flags(uint32_t layers);
/* Tries the namespaces of |layers| one after the other in a child that ends at once; returns those that the kernel gave,
 * or a negative errno when there could be no child. */
int mf_jail_namespace_probe(uint32_t layers);
/* How an operator may allow |layer| here, as a sentence; never NULL. */
const char *mf_jail_namespace_hint(enum mf_jail_layer layer);
/* Maps inner 0 to |uid| and |gid| for |pid|, which waits. */
int mf_jail_namespace_map(pid_t pid, uid_t uid, gid_t gid, bool is_privileged, char *why);

/* ---- the layers that mf_jail_enter puts on, in order --------------------------------------- */

/* Each returns 0 or MF_E_JAIL with a sentence in |why|. */
int mf_jail_put_root(const struct mf_jail_options *options, char *why);
int mf_jail_put_rlimits(const struct mf_jail_options *options, char *why);
int mf_jail_put_no_new_privs(const struct mf_jail_options *options, char *why);
int mf_jail_put_not_dumpable(const struct mf_jail_options *options, char *why);
int mf_jail_put_fds(const struct mf_jail_options *options, char *why);
int mf_jail_put_landlock(const struct mf_jail_options *options, char *why);
int mf_jail_put_capabilities(const struct mf_jail_options *options, char *why);
int mf_jail_put_seccomp(const struct mf_jail_options *options, char *why);

#endif
