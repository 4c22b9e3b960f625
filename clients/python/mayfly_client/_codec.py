"""Values of executions as JSON, and back (docs/executions.md): tags for what JSON lacks, and an escape so that data is never a tag."""

from __future__ import annotations

import base64
import math
import re
from datetime import datetime, timezone
from typing import Any, Callable, Dict, List, NamedTuple

_MARK = "__mayfly_v1__"
_BINARY = "__codemode_binary_v1__"
_DEPTH_MAX = 256
#: Integers that a JavaScript number holds exactly; others are bigints.
_SAFE_INTEGER_MAX = 2**53 - 1


class CodecError(ValueError):
    """A value that cannot cross, or JSON that is no encoded value."""


class RegExp(NamedTuple):
    """A regular expression of JavaScript: Python's syntax is another."""

    source: str
    flags: str


class RemoteError(Exception):
    """An Error that was a value of the program's."""

    def __init__(self, name: str, message: str) -> None:
        super().__init__(message)
        self.name = name


def _tag(kind: str, value: Any = None) -> Dict[str, Any]:
    return {_MARK: kind, "value": value}


class _Encoder:
    def __init__(self) -> None:
        self._open: "set[int]" = set()
        self._path: List[str] = []

    def _refuse(self, what: str) -> CodecError:
        return CodecError(f"{what} cannot be sent" + (f": at value{''.join(self._path)}" if self._path else ""))

    def _inside(self, key: str, value: Any) -> Any:
        self._path.append(key)
        encoded = self.encode(value)
        self._path.pop()
        return encoded

    def _list(self, values: Any) -> List[Any]:
        return [self._inside(f"[{i}]", value) for i, value in enumerate(values)]

    def _dict(self, value: Any) -> Any:
        if not all(isinstance(key, str) for key in value):
            return _tag("Map", self._list(value.items()))
        fields = {key: self._inside(f".{key}", item) for key, item in value.items()}
        return _tag("object", fields) if _MARK in fields or _BINARY in fields else fields

    def _container(self, value: Any) -> Any:
        if isinstance(value, dict):
            return self._dict(value)
        if isinstance(value, (list, tuple)):
            return self._list(value)
        if isinstance(value, (set, frozenset)):
            return _tag("Set", self._list(value))
        raise self._refuse(f"A {type(value).__name__}")

    def encode(self, value: Any) -> Any:
        if value is None or isinstance(value, (bool, str)):
            return value
        if isinstance(value, int):
            return int(value) if abs(value) <= _SAFE_INTEGER_MAX else _tag("bigint", str(int(value)))
        if isinstance(value, float):
            if math.isnan(value):
                return _tag("number", "NaN")
            if math.isinf(value):
                return _tag("number", "Infinity" if value > 0 else "-Infinity")
            return value if value or math.copysign(1, value) > 0 else _tag("number", "-0")
        if isinstance(value, (bytes, bytearray, memoryview)):
            return {_BINARY: "Uint8Array", "data": base64.b64encode(bytes(value)).decode()}
        if isinstance(value, datetime):
            moment = (value if value.tzinfo else value.astimezone()).astimezone(timezone.utc)
            return _tag("Date", moment.replace(tzinfo=None).isoformat(timespec="milliseconds") + "Z")
        if isinstance(value, RegExp):
            return _tag("RegExp", f"/{value.source}/{value.flags}")
        if isinstance(value, BaseException):
            return _tag("Error", error_of(value))
        if id(value) in self._open:
            raise self._refuse("A value that contains itself")
        # Three levels for one: the pairs of a Map are the deepest.
        if len(self._open) * 3 >= _DEPTH_MAX:
            raise self._refuse("A value nested this deeply")
        self._open.add(id(value))
        try:
            return self._container(value)
        finally:
            self._open.discard(id(value))


def error_of(error: BaseException) -> Dict[str, Any]:
    """An exception as a program sees it."""
    return {"name": error.name if isinstance(error, RemoteError) else type(error).__name__, "message": str(error)}


def encode(value: Any) -> Any:
    """What json.dumps takes."""
    return _Encoder().encode(value)


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise CodecError("a tag without its text")
    return value


def _items(value: Any, depth: int) -> List[Any]:
    if not isinstance(value, list):
        raise CodecError("a tag without its list")
    return [_read(item, depth) for item in value]


def _fields(value: Any, depth: int) -> Dict[str, Any]:
    if not isinstance(value, dict):
        raise CodecError("a tag without its object")
    # What is undefined in an object is as good as absent.
    return {key: _read(item, depth) for key, item in value.items() if item != {_MARK: "undefined"}}


def _bigint(value: Any, depth: int) -> int:
    text = _text(value)
    if not text.lstrip("-").isascii() or not text.lstrip("-").isdigit():
        raise CodecError("a bigint of something else than digits")
    return int(text)


def _date(value: Any, depth: int) -> Any:
    text = _text(value)
    try:
        return datetime.strptime(text, "%Y-%m-%dT%H:%M:%S.%fZ").replace(tzinfo=timezone.utc)
    except ValueError:
        return text  # a year that Python has not


def _map(value: Any, depth: int) -> Any:
    pairs = _items(value, depth)
    if not all(isinstance(pair, list) and len(pair) == 2 for pair in pairs):
        raise CodecError("a Map of something else than pairs")
    try:
        return {key: item for key, item in pairs}
    except TypeError:
        return [tuple(pair) for pair in pairs]  # keys that Python cannot hash


def _set(value: Any, depth: int) -> Any:
    items = _items(value, depth)
    try:
        return set(items)
    except TypeError:
        return items


def _number(value: Any, depth: int) -> float:
    if value not in ("NaN", "Infinity", "-Infinity", "-0"):
        raise CodecError("a number of an unknown kind")
    return float(value)


def _regexp(value: Any, depth: int) -> RegExp:
    found = re.fullmatch(r"/(.*)/([a-z]*)", _text(value), re.DOTALL)
    if found is None:
        raise CodecError("a RegExp that is none")
    return RegExp(found[1], found[2])


def _error(value: Any, depth: int) -> RemoteError:
    fields = _fields(value, depth)
    return RemoteError(_text(fields.get("name", "Error")), _text(fields.get("message")))


_TAGS: Dict[str, Callable[[Any, int], Any]] = {
    "undefined": lambda value, depth: None,
    "bigint": _bigint,
    "Date": _date,
    "Map": _map,
    "Set": _set,
    "number": _number,
    "RegExp": _regexp,
    "Error": _error,
    "object": _fields,
}


def _binary(json: Dict[str, Any]) -> bytes:
    if json[_BINARY] not in ("Uint8Array", "ArrayBuffer", "ArrayBufferView"):
        raise CodecError("bytes of an unknown kind")
    try:
        return base64.b64decode(_text(json.get("data")), validate=True)
    except ValueError:
        raise CodecError("bytes that are not base64") from None


def _read(json: Any, outer: int) -> Any:
    depth = outer + 1
    if not isinstance(json, (dict, list)):
        return json
    if depth > _DEPTH_MAX:
        raise CodecError("nested too deeply")
    if isinstance(json, list):
        return _items(json, depth)
    if _MARK in json and json.keys() <= {_MARK, "value"}:
        kind = json[_MARK]
        if not isinstance(kind, str) or kind not in _TAGS:
            raise CodecError("an unknown tag")
        return _TAGS[kind](json.get("value"), depth)
    if _BINARY in json and json.keys() <= {_BINARY, "data"}:
        return _binary(json)
    return _fields(json, depth)


def decode(json: Any) -> Any:
    """The value of JSON that was parsed. undefined is None, and left out of objects; a Map is a dict, bytes are bytes."""
    return _read(json, 0)
