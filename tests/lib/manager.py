"""manager.py <mayflyd> <state dir> <options as JSON>: does for mayflyd what systemd does: opens its sockets, hears its notices.

Prints one JSON object a line: the sockets, each notice, what is said on standard error, and the end. A line on standard input is the
name of a signal for the daemon. "command" of the options is what is executed in mayflyd's place, and must become it."""
import json
import os
import select
import signal
import socket
import sys

program, state, options = sys.argv[1], sys.argv[2], json.loads(sys.argv[3])
os.set_inheritable(0, False)


def say(**what):
    print(json.dumps(what), flush=True)


sockets = []
for kind in options.get("sockets", []):
    if kind == "unix":
        one = socket.socket(socket.AF_UNIX)
        one.bind(os.path.join(state, "handed.sock"))
    else:
        one = socket.socket(socket.AF_INET)
        one.bind((kind, 0))
    if not options.get("deaf"):
        one.listen(64)
    sockets.append(one)
notices = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
name = "\0mayfly-manager-%d" % os.getpid() if options.get("abstract") else os.path.join(state, "notify.sock")
notices.bind(name)
if name[0] != "\0":
    os.chmod(name, 0o666)
errors_in, errors_out = os.pipe()
say(ports=[one.getsockname()[1] if one.family == socket.AF_INET else one.getsockname() for one in sockets])

children = []


def start():
    """One more of them, on the same sockets; beside the one before it only with a state directory of its own ("overlap")."""
    child = os.fork()
    if child:
        children.append(child)
        return
    environment = {**options.get("env", {}), "PATH": os.environ["PATH"], "NOTIFY_SOCKET": "@" + name[1:] if name[0] == "\0" else name}
    for key in ("ASAN_OPTIONS",):
        if key in os.environ:
            environment[key] = os.environ[key]
    if sockets:
        environment.update(LISTEN_FDS=str(len(sockets)), LISTEN_PID=str(os.getpid() + options.get("pid_off", 0)))
    if "watchdog_us" in options:
        environment.update(WATCHDOG_USEC=str(options["watchdog_us"]), WATCHDOG_PID=str(os.getpid()))
    os.dup2(errors_out, 2)
    high = [os.dup2(one.fileno(), 200 + i) for i, one in enumerate(sockets)]
    for i, fd in enumerate(high):
        os.dup2(fd, 3 + i)
    os.closerange(3 + len(high), 300)
    of_its_own = os.path.join(state, "next") if children and options.get("overlap") else state
    command = options.get("command", [program, "--state-dir", of_its_own, *options.get("args", [])])
    os.execvpe(command[0], command, environment)


def heed(line):
    """A signal is for the oldest; NEXT starts another one, AFTER does so when the oldest has ended."""
    if line == "AFTER":
        say(ended=os.waitstatus_to_exitcode(os.waitpid(children.pop(0), 0)[1]))
    if line in ("NEXT", "AFTER"):
        start()
    else:
        os.kill(children[0], getattr(signal, line))


start()
watched = {notices.fileno(): "notice", errors_in: "error", 0: "signal"}
text = {errors_in: b"", 0: b""}
if not options.get("next"):
    os.close(errors_out)
while errors_in in watched:
    for fd in select.select(list(watched), [], [])[0]:
        if watched[fd] == "notice":
            say(notice=notices.recv(4096).decode())
            continue
        piece = os.read(fd, 65536)
        if piece == b"":
            del watched[fd]
            if fd == 0:
                for child in children:
                    os.kill(child, signal.SIGTERM)
                if options.get("next"):
                    os.close(errors_out)
            continue
        *lines, text[fd] = (text[fd] + piece).split(b"\n")
        for line in lines:
            if fd == 0:
                heed(line.decode())
            else:
                say(error=line.decode())
notices.setblocking(False)
try:
    while True:
        say(notice=notices.recv(4096).decode())
except BlockingIOError:
    pass
for child in children:
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    say(ended=status)
say(status=status)
