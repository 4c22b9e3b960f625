"""unit.py <unit file> [<drop-in> ...] -- <folder of the programs> <root>: does for a unit's ExecStart what systemd does before it executes it.

Reads the unit, puts on of its sandbox what a process can put on itself (user, user namespace, capabilities, /proc, network, limits, and
the system call filters, made of the same sets by `systemd-analyze syscall-filter`), and executes ExecStart: /usr/bin is the folder of the
programs, /etc is below <root>, and so are state and credentials. What could not be put on here is said in one line of JSON on standard
error, {"skipped": [...]}. A directive that is not known here ends it: then this file must learn it.

Not root: the user stays, and what needs root is skipped. MF_UNIT_BARE in the environment leaves all of the sandbox out (sanitizers)."""
import ctypes
import json
import os
import resource
import shlex
import socket
import subprocess
import sys

libc = ctypes.CDLL(None, use_errno=True)
USER = 61184  # The first one that DynamicUser= gives.
CLONE = {"mnt": 0x00020000, "cgroup": 0x02000000, "uts": 0x04000000, "ipc": 0x08000000, "user": 0x10000000, "pid": 0x20000000, "net": 0x40000000}
ALLOW, ERRNO_EPERM, ERRNO_AF = 0x7FFF0000, 0x00050001, 0x00050000 | 97
NE, EQ, MASKED_EQ = 1, 4, 7
# Kept by the service manager, by mounts that the test's machine need not allow, or of no effect on a process by itself.
BY_MANAGER = {"Type", "NotifyAccess", "ExecStart", "ExecReload", "WatchdogSec", "TimeoutStartSec", "TimeoutStopSec", "KillMode", "Restart",
              "RestartSec", "RestartPreventExitStatus", "DynamicUser", "StateDirectory", "StateDirectoryMode", "LoadCredential", "OOMPolicy",
              "PrivateDevices", "PrivateMounts", "PrivateTmp", "ProtectControlGroups", "ProtectHome", "ProtectKernelTunables",
              "ProtectSystem", "RemoveIPC", "KeyringMode", "SystemCallArchitectures", "SystemCallErrorNumber", "AmbientCapabilities"}
skipped = []


def read(paths):
    """The [Service] section: a list of values for each name; an empty value forgets those before it."""
    found = {}
    for path in paths:
        section = ""
        for line in open(path):
            line = line.strip()
            if line.startswith("["):
                section = line
            elif section == "[Service]" and line and line[0] not in "#;":
                name, value = line.split("=", 1)
                found[name] = found.get(name, []) + [value] if value else [""]
    return found


def last(unit, name, default=""):
    return unit.pop(name, [default])[-1]


def attempt(what, call, *args):
    try:
        call(*args)
    except (OSError, ValueError) as error:
        skipped.append("%s: %s" % (what, error))


def check(result):
    if result < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


# ---- filters of system calls ------------------------------------------------------------------------------------


class Compare(ctypes.Structure):
    _fields_ = [("arg", ctypes.c_uint), ("op", ctypes.c_int), ("a", ctypes.c_uint64), ("b", ctypes.c_uint64)]


seccomp = ctypes.CDLL("libseccomp.so.2")
seccomp.seccomp_init.restype = ctypes.c_void_p
seccomp.seccomp_load.argtypes = [ctypes.c_void_p]
seccomp.seccomp_rule_add_array.argtypes = [ctypes.c_void_p, ctypes.c_uint32, ctypes.c_int, ctypes.c_uint, ctypes.POINTER(Compare)]


def new_filter(rules, otherwise=ALLOW):
    """rules: (action, name of the call, [(arg, op, a, b), ...])."""
    made = seccomp.seccomp_init(otherwise)
    for action, name, compares in rules:
        number = seccomp.seccomp_syscall_resolve_name(name.encode())
        if number >= 0:
            array = (Compare * max(1, len(compares)))(*[Compare(*one) for one in compares])
            assert seccomp.seccomp_rule_add_array(made, action, number, len(compares), array) == 0, name
    return made


def expand(names):
    """@sets to calls, with their arguments left out."""
    calls = set()
    for name in names:
        if name.startswith("@"):
            text = subprocess.run(["systemd-analyze", "syscall-filter", name], check=True, capture_output=True, text=True).stdout
            calls |= expand(line.strip() for line in text.splitlines()[1:] if line.strip() and not line.strip().startswith("#"))
        else:
            calls.add(name)
    return calls


def filters_of(unit):
    made = []
    lines = unit.pop("SystemCallFilter", [])
    if lines:
        allowed = expand(["@default"])
        for line in lines:
            calls = expand(line.lstrip("~").split())
            allowed = allowed - (calls - expand(["@default"])) if line.startswith("~") else allowed | calls
        made.append(new_filter([(ALLOW, name, []) for name in sorted(allowed)], ERRNO_EPERM))
    families = [number for line in unit.pop("RestrictAddressFamilies", []) for number in (int(getattr(socket, one)) for one in line.split())]
    if families:
        rules = [(ERRNO_AF, "socket", [(0, EQ, number, 0)]) for number in range(46) if number not in families]
        made.append(new_filter(rules))
    spaces = last(unit, "RestrictNamespaces").split()
    if spaces:
        assert not spaces[0].startswith("~") and all(one in CLONE for one in spaces), spaces
        refused = [flag for name, flag in CLONE.items() if name not in spaces]
        made.append(new_filter([(ERRNO_EPERM, call, [(0, MASKED_EQ, flag, flag)]) for flag in refused for call in ("clone", "unshare")]
                               + [(ERRNO_EPERM, "setns", [])]))
    refuse = {"ProtectHostname": ["sethostname", "setdomainname"], "ProtectClock": ["adjtimex", "clock_adjtime", "clock_settime", "settimeofday", "stime"],
              "ProtectKernelLogs": ["syslog"], "ProtectKernelModules": ["delete_module", "finit_module", "init_module"]}
    for name, calls in refuse.items():
        if last(unit, name) == "yes":
            made.append(new_filter([(ERRNO_EPERM, call, []) for call in calls]))
    if last(unit, "LockPersonality") == "yes":
        made.append(new_filter([(ERRNO_EPERM, "personality", [(0, NE, 0, 0)])]))
    if last(unit, "RestrictRealtime") == "yes":
        made.append(new_filter([(ERRNO_EPERM, "sched_setscheduler", [(1, EQ, policy, 0)]) for policy in (1, 2, 6)]))
    if last(unit, "RestrictSUIDSGID") == "yes":
        made.append(new_filter([(ERRNO_EPERM, call, [(arg, MASKED_EQ, bit, bit)]) for bit in (0o4000, 0o2000)
                                for call, arg in (("chmod", 1), ("fchmod", 1), ("fchmodat", 2), ("mkdir", 1), ("mkdirat", 2))]))
    if last(unit, "MemoryDenyWriteExecute") == "yes":
        made.append(new_filter([(ERRNO_EPERM, "mmap", [(2, MASKED_EQ, 6, 6)]), (ERRNO_EPERM, "mprotect", [(2, MASKED_EQ, 4, 4)])]))
    return made


# ---- the rest ------------------------------------------------------------------------------------------------------


def own_proc(options):
    check(libc.unshare(CLONE["mnt"]))
    check(libc.mount(b"none", b"/", None, 0x4000 | 0x40000, None))  # MS_REC | MS_PRIVATE
    check(libc.mount(b"proc", b"/proc", b"proc", 14, ",".join(options).encode()))


def own_users(uid, gid):
    """A user namespace with root and |uid|, mapped by a child that stayed outside."""
    go_in, go_out = os.pipe()
    done_in, done_out = os.pipe()
    target = os.getpid()
    helper = os.fork()
    if helper == 0:
        failed = b"0"
        try:
            os.read(go_in, 1)
            both = os.geteuid() == 0
            if not both:
                open("/proc/%d/setgroups" % target, "w").write("deny")
            open("/proc/%d/gid_map" % target, "w").write(("0 0 1\n" if both and gid else "") + "%d %d 1\n" % (gid, gid))
            open("/proc/%d/uid_map" % target, "w").write(("0 0 1\n" if both and uid else "") + "%d %d 1\n" % (uid, uid))
        except OSError:
            failed = b"1"
        os.write(done_out, failed)
        os._exit(0)
    if os.geteuid() == 0:
        os.setgroups([])
        os.setresgid(gid, gid, gid)
        os.setresuid(uid, uid, uid)
        check(libc.prctl(4, 1, 0, 0, 0))  # PR_SET_DUMPABLE: changing the user took it
    error = None
    try:
        check(libc.unshare(CLONE["user"]))
    except OSError as refused:
        error = refused
    os.write(go_out, b"g")
    failed = os.read(done_in, 1)
    os.waitpid(helper, 0)
    for fd in (go_in, go_out, done_in, done_out):
        os.close(fd)
    if error or failed == b"1":
        raise error or OSError("the maps could not be written")


def drop_capabilities():
    for capability in range(64):
        libc.prctl(24, capability, 0, 0, 0)  # PR_CAPBSET_DROP
    data = (ctypes.c_uint32 * 6)()
    header = (ctypes.c_uint32 * 2)(0x20080522, 0)
    check(libc.capset(header, data))


def limits_of(unit):
    for name, what in (("LimitNOFILE", resource.RLIMIT_NOFILE), ("LimitMEMLOCK", resource.RLIMIT_MEMLOCK), ("LimitCORE", resource.RLIMIT_CORE)):
        text = last(unit, name)
        if text:
            number = int(text[:-1]) << 20 if text.endswith("M") else int(text)
            attempt(name, resource.setrlimit, what, (number, number))


def sandbox(unit, uid, gid):
    filters = filters_of(unit)
    limits_of(unit)
    os.umask(int(last(unit, "UMask", "0022"), 8))
    options = ["hidepid=" + last(unit, "ProtectProc")] if "ProtectProc" in unit else []
    options += ["subset=" + last(unit, "ProcSubset")] if "ProcSubset" in unit else []
    if options:
        attempt("ProtectProc, ProcSubset", own_proc, options)
    if last(unit, "PrivateNetwork") == "yes":
        attempt("PrivateNetwork", lambda: check(libc.unshare(CLONE["net"])))
    assert last(unit, "PrivateUsers") == "yes" and last(unit, "NoNewPrivileges") == "yes" and last(unit, "CapabilityBoundingSet") == ""
    attempt("PrivateUsers", own_users, uid, gid)
    attempt("CapabilityBoundingSet", drop_capabilities)
    check(libc.prctl(38, 1, 0, 0, 0))  # PR_SET_NO_NEW_PRIVS
    unknown = set(unit) - BY_MANAGER
    assert not unknown, "directives that unit.py does not know: %s" % sorted(unknown)
    return filters


def main():
    split = sys.argv.index("--")
    unit = read(sys.argv[1:split])
    programs, root = sys.argv[split + 1:split + 3]
    command = shlex.split(unit["ExecStart"][-1])
    command[0] = os.path.join(programs, os.path.basename(command[0]))
    command[1:] = [root + word if word.startswith("/etc/") else word for word in command[1:]]
    state = os.path.join(root, "state")
    uid, gid = (USER, USER) if os.geteuid() == 0 and "MF_UNIT_BARE" not in os.environ else (os.geteuid(), os.getegid())
    os.makedirs(state, int(unit["StateDirectoryMode"][-1], 8), exist_ok=True)
    os.chown(state, uid, gid)
    os.environ["STATE_DIRECTORY"] = state
    credentials = os.path.join(root, "credentials")
    if os.path.isdir(credentials):
        for folder, _, files in os.walk(credentials):
            for one in [folder] + [os.path.join(folder, name) for name in files]:
                os.chown(one, uid, gid)
        names = [line.split(":")[0] for line in unit["LoadCredential"]]
        assert set(os.listdir(credentials)) <= set(names), names  # Those that are nowhere are left out.
        os.environ["CREDENTIALS_DIRECTORY"] = credentials
    filters = [] if "MF_UNIT_BARE" in os.environ else sandbox(unit, uid, gid)
    os.write(2, (json.dumps({"skipped": skipped}) + "\n").encode())
    for made in reversed(filters):  # The list of what is allowed comes last: it may not have seccomp().
        assert seccomp.seccomp_load(made) == 0
    os.execve(command[0], command, dict(os.environ))


main()
