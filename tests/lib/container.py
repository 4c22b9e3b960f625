"""container.py <seccomp profile> <uid> <command> ...: puts on what a container's runtime does of the profile and of the manifest's securityContext: no new
privileges, no capabilities, a user without a name, the filter of system calls; then executes the command. Needs root."""
import ctypes
import json
import os
import sys

libc = ctypes.CDLL(None, use_errno=True)
seccomp = ctypes.CDLL("libseccomp.so.2")
seccomp.seccomp_init.restype = ctypes.c_void_p
seccomp.seccomp_load.argtypes = [ctypes.c_void_p]
seccomp.seccomp_rule_add_array.argtypes = [ctypes.c_void_p, ctypes.c_uint32, ctypes.c_int, ctypes.c_uint, ctypes.c_void_p]
ALLOW, ERRNO = 0x7FFF0000, 0x00050000
PR_SET_NO_NEW_PRIVS, PR_CAPBSET_DROP = 38, 24

profile = json.load(open(sys.argv[1]))
uid = int(sys.argv[2])
assert profile["defaultAction"] == "SCMP_ACT_ERRNO"
made = seccomp.seccomp_init(ERRNO | profile["defaultErrnoRet"])
for rule in profile["syscalls"]:
    action = ALLOW if rule["action"] == "SCMP_ACT_ALLOW" else ERRNO | rule["errnoRet"]
    for name in rule["names"]:
        number = seccomp.seccomp_syscall_resolve_name(name.encode())
        if number >= 0:
            assert seccomp.seccomp_rule_add_array(made, action, number, 0, None) == 0, name
for capability in range(64):
    libc.prctl(PR_CAPBSET_DROP, capability, 0, 0, 0)
os.setgroups([])
os.setresgid(uid, uid, uid)
os.setresuid(uid, uid, uid)
assert libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0
assert seccomp.seccomp_load(made) == 0
os.execv(sys.argv[3], sys.argv[3:])
