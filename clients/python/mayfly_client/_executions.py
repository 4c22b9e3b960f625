"""Executions: a program's frames come down, answers to its calls go up (docs/executions.md)."""

from __future__ import annotations

import asyncio
import inspect
import json
import re
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from http.client import HTTPException
from typing import TYPE_CHECKING, Any, Callable, Dict, Iterator, List, Mapping, Optional
from urllib.parse import quote

from ._codec import CodecError, RemoteError, decode, encode, error_of
from ._error import MayflyError

if TYPE_CHECKING:
    from . import Mayfly

#: A function that programs call: positional arguments; what it raises is thrown there. One that is async runs in a loop of its own.
Tool = Callable[..., Any]
Frame = Dict[str, Any]

#: Without a frame for so long a stream is broken: the daemon pings every 10 s.
_IDLE_S = 30.0
#: How long an execution waits for its client when the request does not say.
_REATTACH_S = 5.0
#: Streams in a row that break before they brought a frame.
_FRUITLESS_MAX = 3
#: Longest line that is taken: more than the daemon's limits let one frame have.
_LINE_BYTES_MAX = 256 << 20
#: Tries to deliver an answer.
_TRIES = 4
#: Nobody waits for it any more: gone, answered, abandoned.
_LATE = (404, 409, 410)

#: What a tool returns to end the program for now; only with a journal.
PAUSE = object()

_KEYWORDS = frozenset(
    """abstract arguments await boolean break byte case catch char class const continue debugger default delete do double else enum
    eval export extends false final finally float for function goto if implements import in instanceof int interface let long native new
    null package private protected public return short static super switch synchronized this throw throws transient true try typeof
    undefined var void volatile while with yield""".split()
)


def tool_name(name: str) -> str:
    """The name by which a program calls it: as @cloudflare/codemode makes it."""
    kept = re.sub(r"[^a-zA-Z0-9_$]", "", re.sub(r"[-.\s]", "_", name))
    if not kept:
        return "_"
    if kept[0] in "0123456789":
        return "_" + kept
    return kept + "_" if kept in _KEYWORDS else kept


class ExecutionLost(Exception):
    """The stream broke and did not come back, or held what is no frame. What became of the execution is not known."""


class ProgramFailed(Exception):
    """A program that did not end well; `result` has all that is known."""

    def __init__(self, result: "ExecutionResult") -> None:
        super().__init__((result.error or {}).get("message") or result.outcome)
        self.result = result


@dataclass
class ExecutionResult:
    id: str
    #: ok, exception, exceededCpu, exceededMemory, exceededWallTime, canceled, paused, diverged, ...
    outcome: str
    #: What the program returned.
    result: Any = None
    #: name, message, stack, code, line, column; None when it ended well.
    error: Optional[Dict[str, Any]] = None
    logs: List[Frame] = field(default_factory=list)
    usage: Dict[str, Any] = field(default_factory=dict)
    #: Calls that the program did not wait for.
    abandoned_calls: List[int] = field(default_factory=list)
    #: With a journal: to be handed in again.
    journal: Optional[List[Dict[str, Any]]] = None

    def unwrap(self) -> Any:
        """The result; raises ProgramFailed when there is none."""
        if self.outcome != "ok":
            raise ProgramFailed(self)
        return self.result


def _check(frame: Any) -> None:
    if not isinstance(frame, dict) or not isinstance(frame.get("type"), str):
        raise ExecutionLost("the stream holds what is no frame")
    kinds: Dict[str, Dict[str, type]] = {
        "start": {"seq": int, "id": str},
        "log": {"seq": int, "level": str, "message": str},
        "call": {"seq": int, "callId": int, "namespace": str, "name": str, "args": list},
        "done": {"seq": int, "outcome": str},
    }
    for key, kind in kinds.get(frame["type"], {}).items():
        if not isinstance(frame.get(key), kind):
            raise ExecutionLost(f"the stream holds a malformed frame: {json.dumps(frame)[:100]}")


class Execution:
    """One that runs. To iterate over its frames to the end; as a context manager it is canceled when it is left before."""

    def __init__(self, client: "Mayfly", request: Mapping[str, Any]) -> None:
        self._client = client
        self._reattach_s = request.get("reattachMs", _REATTACH_S * 1000) / 1000
        self._after = 0
        self.is_done = False
        self._stream = client._open("POST", "/v1/executions", json.dumps(request).encode(), accept="application/x-ndjson", timeout_s=_IDLE_S)
        start = next(self._frames)
        if start["type"] != "start":
            raise ExecutionLost("the stream does not begin with its start")
        self.id: str = start["id"]

    def _path(self, more: str = "") -> str:
        return f"/v1/executions/{quote(self.id, safe='')}{more}"

    def _lines(self) -> Iterator[Frame]:
        """Until the stream ends or breaks."""
        with self._stream as stream:
            while True:
                try:
                    line = stream.readline(_LINE_BYTES_MAX)
                    if not line.endswith(b"\n"):
                        return
                    frame = json.loads(line)
                except RecursionError:
                    raise ExecutionLost("the stream holds a value that is nested too deeply") from None
                except (OSError, HTTPException, ValueError):
                    return
                yield frame

    def _attach(self) -> None:
        end = time.monotonic() + self._reattach_s
        wait_s = 0.025
        while True:
            try:
                self._stream = self._client._open("GET", self._path(f"?after={self._after}"), accept="application/x-ndjson", timeout_s=_IDLE_S)
                return
            except MayflyError as error:
                if error.status < 500:
                    raise ExecutionLost(f"the connection to the daemon broke, and: {error}") from error
            except (OSError, HTTPException):
                pass
            if time.monotonic() + wait_s > end:
                raise ExecutionLost("the connection to the daemon broke")
            time.sleep(wait_s)
            wait_s *= 2

    def _in_order(self) -> Iterator[Frame]:
        fruitless = 0
        while True:
            before = self._after
            for frame in self._lines():
                _check(frame)
                seq = frame.get("seq")
                if seq is None or seq <= self._after:
                    continue
                if seq != self._after + 1:
                    raise ExecutionLost(f"frames {self._after + 1} to {seq - 1} are missing")
                self._after = seq
                if frame["type"] == "done":
                    self.is_done = True
                yield frame
                if self.is_done:
                    return
            fruitless = fruitless + 1 if self._after == before else 0
            if fruitless == _FRUITLESS_MAX or not hasattr(self, "id"):
                raise ExecutionLost("the connection to the daemon broke")
            self._attach()

    @property
    def _frames(self) -> Iterator[Frame]:
        if not hasattr(self, "_iterator"):
            self._iterator = self._in_order()
        return self._iterator

    def __iter__(self) -> Iterator[Frame]:
        return self._frames

    def __enter__(self) -> "Execution":
        return self

    def __exit__(self, *_: Any) -> None:
        self._frames.close()  # type: ignore[attr-defined]
        if not self.is_done:
            try:
                self.cancel()
            except (OSError, HTTPException, MayflyError):
                pass

    def _answer(self, call_id: int, kind: str, body: bytes) -> bool:
        tries = 0
        while True:
            tries += 1
            try:
                self._client._open("POST", self._path(f"/calls/{call_id}"), body, content_type=kind).close()
                return True
            except MayflyError as error:
                if error.status in _LATE:
                    return error.status == 409 and tries > 1
                raise
            except (OSError, HTTPException) as error:
                # It may have arrived all the same; then the next is refused as the second.
                if tries == _TRIES:
                    raise ExecutionLost("an answer could not be delivered") from error
                time.sleep(0.02 * 4**tries)

    def answer(self, call_id: int, value: Any) -> bool:
        """True: it was taken; False: too late."""
        if value is PAUSE:
            return self._answer(call_id, "application/json", b'{"control":"pause"}')
        if isinstance(value, (bytes, bytearray)):
            return self._answer(call_id, "application/octet-stream", bytes(value))
        return self._answer(call_id, "application/json", json.dumps({"ok": encode(value)}).encode())

    def fail(self, call_id: int, error: BaseException) -> bool:
        """Answers with what the program sees thrown."""
        return self._answer(call_id, "application/json", json.dumps({"error": error_of(error)}).encode())

    def cancel(self) -> None:
        """Ends it now; the frames end with done, outcome canceled."""
        try:
            self._client._open("DELETE", self._path(), timeout_s=5).close()
        except MayflyError as error:
            if error.status not in _LATE:
                raise


class _Conductor:
    """Gives the calls of one execution to functions, in threads."""

    def __init__(self, execution: Execution, tools: Mapping[str, Mapping[str, Tool]], threads: int) -> None:
        self._execution = execution
        self._tools = tools
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="mayfly-tool")
        self._failure: Optional[BaseException] = None
        self._lock = threading.Lock()

    def _call(self, frame: Frame) -> Any:
        tool = self._tools.get(frame["namespace"], {}).get(frame["name"])
        if tool is None:
            raise RemoteError("Error", f'Tool "{frame["name"]}" not found')
        value = tool(*decode(frame["args"]))
        return asyncio.run(_await(value)) if inspect.isawaitable(value) else value

    def _serve(self, frame: Frame) -> None:
        call_id = frame["callId"]
        try:
            try:
                value = self._call(frame)
            except Exception as error:
                self._execution.fail(call_id, error)
                return
            try:
                self._execution.answer(call_id, value)
            except (CodecError, MayflyError) as error:
                # A value that cannot be sent, or too large: the program hears of it.
                self._execution.fail(call_id, error)
        except Exception as error:
            with self._lock:
                self._failure = self._failure or error
            if not self._execution.is_done:
                self._execution.cancel()

    def run(self, on_log: Optional[Callable[[Frame], None]]) -> ExecutionResult:
        logs: List[Frame] = []
        try:
            for frame in self._execution:
                if frame["type"] == "log":
                    logs.append(frame)
                    if on_log is not None:
                        on_log(frame)
                elif frame["type"] == "call":
                    self._pool.submit(self._serve, frame)
                elif frame["type"] == "done":
                    return self._done(frame, logs)
        finally:
            # What still runs may end in its own time: its answer is late.
            self._pool.shutdown(wait=False, cancel_futures=True)
        raise ExecutionLost("the stream ended before its end")

    def _done(self, frame: Frame, logs: List[Frame]) -> ExecutionResult:
        if self._failure is not None and frame["outcome"] == "canceled":
            raise self._failure
        result = decode(frame["result"]) if "result" in frame else None
        abandoned = frame.get("abandonedCalls", [])
        return ExecutionResult(self._execution.id, frame["outcome"], result, frame.get("error"), logs, frame.get("usage", {}), abandoned, frame.get("journal"))


async def _await(value: Any) -> Any:
    return await value


def execute(client: "Mayfly", request: Dict[str, Any], tools: Mapping[str, Mapping[str, Tool]], on_log: Optional[Callable[[Frame], None]], threads: int) -> ExecutionResult:
    named: Dict[str, Dict[str, Tool]] = {}
    for namespace, functions in tools.items():
        named[namespace] = {}
        for name, function in functions.items():
            written = tool_name(name)
            if written in named[namespace]:
                raise ValueError(f'Two tools of "{namespace}" are both "{written}" in a program')
            named[namespace][written] = function
    preludes = {space["name"]: space for space in request.pop("namespaces", [])}
    request["namespaces"] = [{**preludes.pop(name, {}), "name": name, "functions": list(functions)} for name, functions in named.items()] + list(preludes.values())
    with Execution(client, request) as execution:
        return _Conductor(execution, named, threads).run(on_log)
