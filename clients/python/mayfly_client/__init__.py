"""Client of Mayfly's REST API; the standard library only.

    client = Mayfly("http://127.0.0.1:8787")
    client.run({"compatibilityDate": "2026-09-01", "mainModule": "main.js", "modules": {"main.js": source}})
    client.execute("async () => await math.add(1, 2)", tools={"math": {"add": lambda a, b: a + b}}).unwrap()

A client may be used by several threads: each call has a connection of its own.
"""

from __future__ import annotations

import json
from http.client import HTTPResponse
from typing import Any, Callable, Mapping, Optional, Sequence
from urllib.error import HTTPError
from urllib.parse import quote
from urllib.request import ProxyHandler, Request, build_opener

from ._codec import CodecError, RegExp, RemoteError, decode, encode
from ._error import MayflyError
from ._executions import PAUSE, Execution, ExecutionLost, ExecutionResult, ProgramFailed, Tool, execute
from ._workspace import Workspace, Workspaces

__all__ = [
    "CodecError", "Execution", "ExecutionLost", "ExecutionResult", "Mayfly", "MayflyError", "PAUSE", "ProgramFailed", "RegExp",
    "RemoteError", "Resource", "Tool", "Workspace", "Workspaces", "decode", "encode",
]

Json = Mapping[str, Any]


class Resource:
    """Stored things of one kind, by name."""

    def __init__(self, client: "Mayfly", kind: str) -> None:
        self._client = client
        self._kind = kind

    def _path(self, name: str) -> str:
        return f"/v1/{self._kind}/{quote(name, safe='')}"

    def list(self) -> "Sequence[Json]":
        return self._client._json("GET", f"/v1/{self._kind}")[self._kind]

    def get(self, name: str) -> Json:
        return self._client._json("GET", self._path(name))

    def put(self, name: str, value: Json) -> Json:
        return self._client._json("PUT", self._path(name), value)

    def delete(self, name: str) -> None:
        self._client._json("DELETE", self._path(name))


class Mayfly:
    """`token` is an access token of the daemon (docs/tenants.md), `tenant` whom to act for with an admin's. `timeout_s` bounds each wait for the daemon. Proxies of the environment are not used."""

    def __init__(self, url: str = "http://127.0.0.1:8787", *, token: Optional[str] = None, tenant: Optional[str] = None, headers: Optional[Mapping[str, str]] = None, timeout_s: float = 120) -> None:
        self._url = url.rstrip("/")
        self._headers = dict(headers or {})
        if token is not None:
            self._headers["authorization"] = f"Bearer {token}"
        if tenant is not None:
            self._headers["mayfly-tenant"] = tenant
        self._timeout_s = timeout_s
        self._opener = build_opener(ProxyHandler({}))
        self.secrets = Resource(self, "secrets")
        self.outbounds = Resource(self, "outbounds")
        self.workspaces = Workspaces(self)

    def _open(self, method: str, path: str, body: Any = None, *, content_type: str = "application/json", accept: str = "application/json", headers: Optional[Mapping[str, str]] = None, timeout_s: Optional[float] = None) -> HTTPResponse:
        headers = {**self._headers, **(headers or {}), "accept": accept}
        if body is not None:
            headers["content-type"] = content_type
        request = Request(self._url + path, data=body, headers=headers, method=method)
        try:
            return self._opener.open(request, timeout=timeout_s or self._timeout_s)
        except HTTPError as error:
            with error:
                text = error.read()
            try:
                problem = json.loads(text)
            except ValueError:
                problem = {}
            raise MayflyError(error.code, problem if isinstance(problem, dict) else {}) from None

    def _json(self, method: str, path: str, body: Optional[Json] = None) -> Any:
        with self._open(method, path, None if body is None else json.dumps(body).encode()) as response:
            text = response.read()
        return json.loads(text) if text else None

    def run(self, code: Json, **call: Any) -> Json:
        """Cloudflare's WorkerCode, and request, limits, entrypoint, props. A worker that fails is an outcome, not an error."""
        return self._json("POST", "/v1/run", {"code": code, **call})

    def execute(self, code: str, *, tools: Optional[Mapping[str, Mapping[str, Tool]]] = None, on_log: Optional[Callable[[Json], None]] = None, threads: int = 16, **request: Any) -> ExecutionResult:
        """Runs a program, TypeScript or JavaScript as a model writes it, which calls `tools`: functions by namespace and name.

        They are called in threads, `threads` at once; what they raise is thrown in the program. `request` has the other fields of
        POST /v1/executions: language, modules, env, limits, globalOutbound, drain, waits, journal, namespaces (for preludes).
        A program that fails is an outcome; raises MayflyError and ExecutionLost.
        """
        return execute(self, {"code": code, **request}, tools or {}, on_log, threads)

    def start(self, code: str, **request: Any) -> Execution:
        """Starts a program whose frames the caller reads and whose calls the caller answers."""
        return Execution(self, {"code": code, **request})

    def tool_types(self, namespaces: "Sequence[Json]", **query: Any) -> Json:
        """Declarations for a prompt (docs/tools.md); search, only, limit, detail."""
        return self._json("POST", "/v1/tools/types", {"namespaces": namespaces, **query})

    def explain_outbound(self, name: str, request: Json) -> Json:
        return self._json("POST", f"/v1/outbounds/{quote(name, safe='')}/explain", request)

    def health(self) -> Json:
        return self._json("GET", "/healthz")
