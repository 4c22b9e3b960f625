from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING, Any, BinaryIO, Iterator, Mapping, Optional, Sequence, Union
from urllib.parse import quote, urlencode

from ._error import MayflyError

if TYPE_CHECKING:
    from http.client import HTTPResponse

    from . import Mayfly

Json = Mapping[str, Any]
Content = Union[bytes, str, BinaryIO]
PAGE = 1000  # Entries of one answer; the daemon's own maximum.
ERRORS = {"ENOENT": FileNotFoundError, "EEXIST": FileExistsError, "EISDIR": IsADirectoryError, "ENOTDIR": NotADirectoryError}


def _raised(error: MayflyError, path: str) -> Exception:
    """What Python calls it where it has a name for it: FileNotFoundError, or an OSError whose strerror says the daemon's word."""
    errno_name = error.problem.get("errno")
    if not isinstance(errno_name, str):
        return error
    import errno

    return ERRORS.get(errno_name, OSError)(getattr(errno, errno_name, 0), error.problem.get("title", errno_name), path)


class Workspace:
    """A tree of files that outlives runs (docs/workspaces.md). Paths are absolute; what is not there raises FileNotFoundError."""

    def __init__(self, client: "Mayfly", name: str) -> None:
        self._client = client
        self.name = name

    def _path(self, rest: str, query: Optional[Json] = None) -> str:
        pairs = {key: (str(value).lower() if isinstance(value, bool) else value) for key, value in (query or {}).items() if value is not None}
        return f"/v1/workspaces/{quote(self.name, safe='')}{rest}" + (f"?{urlencode(pairs)}" if pairs else "")

    def _file(self, path: str, query: Optional[Json] = None) -> str:
        return self._path("/files/" + quote(path.lstrip("/"), safe="/"), query)

    def _open(self, method: str, where: str, body: Any = None, *, at: str, content_type: str = "application/json", headers: Optional[Mapping[str, str]] = None) -> "HTTPResponse":
        try:
            return self._client._open(method, where, body, content_type=content_type, accept="*/*", headers=headers)
        except MayflyError as error:
            raise _raised(error, at) from None

    def _json(self, method: str, where: str, body: Optional[Json] = None, *, at: str = "/") -> Any:
        try:
            return self._client._json(method, where, body)
        except MayflyError as error:
            raise _raised(error, at) from None

    def info(self) -> Json:
        return self._json("GET", self._path(""))

    def open(self, path: str, *, offset: int = 0, length: Optional[int] = None, snapshot: Optional[str] = None) -> "HTTPResponse":
        """A file's bytes, or a part of them, to read() in pieces and close()."""
        headers = {} if offset == 0 and length is None else {"range": f"bytes={offset}-{'' if length is None else offset + length - 1}"}
        return self._open("GET", self._file(path, {"snapshot": snapshot}), at=path, headers=headers)

    def read(self, path: str, **part: Any) -> bytes:
        with closing(self.open(path, **part)) as response:
            return response.read()

    def read_text(self, path: str, **part: Any) -> str:
        return self.read(path, **part).decode()

    def write(self, path: str, content: Content, *, mode: Optional[str] = None, exclusive: bool = False, if_match: Optional[str] = None) -> Json:
        """A whole file: bytes, text, or an open binary file of any size. Directories above it are made; nobody sees it before all of it has come."""
        import json

        headers = {**({"if-none-match": "*"} if exclusive else {}), **({"if-match": if_match} if if_match is not None else {})}
        body = content.encode() if isinstance(content, str) else content
        with closing(self._open("PUT", self._file(path, {"mode": mode}), body, at=path, content_type="application/octet-stream", headers=headers)) as response:
            return json.loads(response.read())

    def edit(self, path: str, edits: Sequence[Json]) -> Json:
        """Replaces parts of a file: all of the edits, or none."""
        return self._json("PATCH", self._file(path), {"edits": list(edits)}, at=path)

    def ops(self, ops: Sequence[Json]) -> Json:
        """Operations in one transaction: all or none."""
        return self._json("POST", self._path("/ops"), {"ops": list(ops)})

    def remove(self, path: str, *, recursive: bool = False) -> None:
        self._json("DELETE", self._file(path, {"recursive": recursive or None}), at=path)

    def stat(self, path: str, *, follow: bool = True, snapshot: Optional[str] = None) -> Json:
        return self._json("GET", self._path("/stat", {"path": path, "follow": follow, "snapshot": snapshot}), at=path)

    def _rows(self, call: str, member: str, query: Json) -> Iterator[Json]:
        after: Optional[str] = None
        while True:
            page = self._json("GET", self._path(f"/{call}", {"limit": PAGE, **query, "after": after}), at=str(query.get("path", "/")))
            yield from page[member]
            after = page["next"]
            if after is None:
                return

    def list(self, path: str = "/", *, recursive: bool = False, snapshot: Optional[str] = None) -> Iterator[Json]:
        """All entries, page after page as they are asked for."""
        return self._rows("list", "entries", {"path": path, "recursive": recursive or None, "snapshot": snapshot})

    def glob(self, pattern: str, *, path: str = "/", snapshot: Optional[str] = None) -> Iterator[Json]:
        return self._rows("glob", "entries", {"pattern": pattern, "path": path, "snapshot": snapshot})

    def find(self, **query: Any) -> Iterator[Json]:
        """path, name, pattern, type, maxDepth, sizeMin, sizeMax, modifiedAfter, modifiedBefore, snapshot."""
        return self._rows("find", "entries", query)

    def grep(self, pattern: str, **query: Any) -> Iterator[Json]:
        """path, include, regex, ignoreCase, word, context, snapshot."""
        return self._rows("grep", "matches", {"pattern": pattern, **query})

    def diff(self, a: str, b: str, **query: Any) -> str:
        with closing(self._open("GET", self._path("/diff", {"from": a, "to": b, **query}), at=a)) as response:
            return response.read().decode()

    def archive(self, path: str = "/", *, snapshot: Optional[str] = None) -> "HTTPResponse":
        """A directory as a tar archive, to read() in pieces, as tarfile.open(fileobj=..., mode="r|") does."""
        return self._open("GET", self._path("/archive", {"path": path, "snapshot": snapshot}), at=path)

    def extract(self, path: str, archive: Union[bytes, BinaryIO]) -> Json:
        """A tar archive into a directory: all of it, or nothing."""
        import json

        with closing(self._open("PUT", self._path("/archive", {"path": path}), archive, at=path, content_type="application/x-tar")) as response:
            return json.loads(response.read())

    def snapshots(self) -> Sequence[Json]:
        return self._json("GET", self._path("/snapshots"))["snapshots"]

    def snapshot(self, name: str) -> Json:
        return self._json("POST", self._path("/snapshots"), {"name": name})

    def restore(self, name: str) -> Json:
        return self._json("POST", self._path(f"/snapshots/{quote(name, safe='')}/restore"))

    def fork(self, name: str, *, snapshot: Optional[str] = None) -> Json:
        """Another workspace with the same files, of any size at once."""
        return self._json("POST", self._path("/fork"), {"name": name, **({} if snapshot is None else {"snapshot": snapshot})})


class Workspaces:
    def __init__(self, client: "Mayfly") -> None:
        self._client = client

    def list(self) -> Iterator[Json]:
        after = ""
        while True:
            page = self._client._json("GET", f"/v1/workspaces?limit={PAGE}{after}")
            yield from page["workspaces"]
            if page["next"] is None:
                return
            after = f"&after={quote(page['next'], safe='')}"

    def put(self, name: str, *, quota: Optional[Json] = None) -> Workspace:
        """Makes it, or changes its quota."""
        self._client._json("PUT", f"/v1/workspaces/{quote(name, safe='')}", {} if quota is None else {"quota": quota})
        return Workspace(self._client, name)

    def open(self, name: str) -> Workspace:
        """One that is there; nothing is asked yet."""
        return Workspace(self._client, name)

    def delete(self, name: str) -> None:
        self._client._json("DELETE", f"/v1/workspaces/{quote(name, safe='')}")
