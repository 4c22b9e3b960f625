"""Client of Mayfly's REST API; the standard library only.

    client = Mayfly("http://127.0.0.1:8787")
    client.run({"compatibilityDate": "2026-09-01", "mainModule": "main.js", "modules": {"main.js": source}})

A client may be used by several threads: each call has a connection of its own.
"""

from __future__ import annotations

import json
from typing import Any, Mapping, Optional, Sequence
from urllib.error import HTTPError
from urllib.parse import quote
from urllib.request import ProxyHandler, Request, build_opener

__all__ = ["Mayfly", "MayflyError", "Resource"]

Json = Mapping[str, Any]


class MayflyError(Exception):
    """What the daemon refused: problem+json. `code` is stable (docs/errors.md)."""

    def __init__(self, status: int, problem: Json) -> None:
        super().__init__(problem.get("detail") or problem.get("title") or f"HTTP {status}")
        self.status = status
        self.code: str = problem.get("code", "http")
        self.problem = problem


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
    """`timeout_s` bounds each wait for the daemon. Proxies of the environment are not used."""

    def __init__(self, url: str = "http://127.0.0.1:8787", *, headers: Optional[Mapping[str, str]] = None, timeout_s: float = 120) -> None:
        self._url = url.rstrip("/")
        self._headers = dict(headers or {})
        self._timeout_s = timeout_s
        self._opener = build_opener(ProxyHandler({}))
        self.secrets = Resource(self, "secrets")
        self.outbounds = Resource(self, "outbounds")

    def _json(self, method: str, path: str, body: Optional[Json] = None) -> Any:
        headers = {**self._headers, "accept": "application/json"}
        data = None
        if body is not None:
            headers["content-type"] = "application/json"
            data = json.dumps(body).encode()
        request = Request(self._url + path, data=data, headers=headers, method=method)
        try:
            with self._opener.open(request, timeout=self._timeout_s) as response:
                text = response.read()
        except HTTPError as error:
            with error:
                text = error.read()
            try:
                problem = json.loads(text)
            except ValueError:
                problem = {}
            raise MayflyError(error.code, problem if isinstance(problem, dict) else {}) from None
        return json.loads(text) if text else None

    def run(self, code: Json, **call: Any) -> Json:
        """Cloudflare's WorkerCode, and request, limits, entrypoint, props. A worker that fails is an outcome, not an error."""
        return self._json("POST", "/v1/run", {"code": code, **call})

    def tool_types(self, namespaces: "Sequence[Json]", **query: Any) -> Json:
        """Declarations for a prompt (docs/tools.md); search, only, limit, detail."""
        return self._json("POST", "/v1/tools/types", {"namespaces": namespaces, **query})

    def explain_outbound(self, name: str, request: Json) -> Json:
        return self._json("POST", f"/v1/outbounds/{quote(name, safe='')}/explain", request)

    def health(self) -> Json:
        return self._json("GET", "/healthz")
