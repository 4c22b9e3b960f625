from __future__ import annotations

from typing import Any, Mapping


class MayflyError(Exception):
    """What the daemon refused: problem+json. `code` is stable (docs/errors.md)."""

    def __init__(self, status: int, problem: Mapping[str, Any]) -> None:
        super().__init__(problem.get("detail") or problem.get("title") or f"HTTP {status}")
        self.status = status
        self.code: str = problem.get("code", "http")
        self.problem = problem
