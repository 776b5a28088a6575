# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A small router: exact paths first, then patterns with `{name}` segments."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

Handler = Callable[..., Awaitable[Any]]


@dataclass(slots=True)
class Route:
    """A handler, the names found in the path, and what the caller must be allowed to do."""

    handler: Handler
    needs: Any = None
    names: dict[str, str] = field(default_factory=dict)


class Router:
    """Finds the handler of a method and path."""

    def __init__(self) -> None:
        self._exact: dict[str, dict[str, Route]] = {}
        self._patterns: list[tuple[re.Pattern[str], dict[str, Route]]] = []
        self.listed: list[tuple[str, str, Handler]] = []
        """Methods, paths and handlers, in the order in which they were registered."""

    def on(self, method: str, path: str, needs: Any = None) -> Callable[[Handler], Handler]:
        """Register the decorated handler; `needs` is handed back by `find`."""

        def register(handler: Handler) -> Handler:
            self._methods(path)[method] = Route(handler, needs)
            self.listed.append((method, path, handler))
            return handler

        return register

    def find(self, method: str, path: str) -> Route | None:
        """The route, or None when nothing answers that method and path."""
        methods = self._exact.get(path)
        if methods is not None:
            return methods.get(method)
        for pattern, methods in self._patterns:
            match = pattern.fullmatch(path)
            if match and method in methods:
                route = methods[method]
                return Route(route.handler, route.needs, match.groupdict())
        return None

    def knows(self, path: str) -> bool:
        """Whether any method is answered at that path."""
        return path in self._exact or any(pattern.fullmatch(path) for pattern, _handler in self._patterns)

    def _methods(self, path: str) -> dict[str, Route]:
        if "{" not in path:
            return self._exact.setdefault(path, {})
        pattern = re.compile(re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", path))
        for known, methods in self._patterns:
            if known.pattern == pattern.pattern:
                return methods
        self._patterns.append((pattern, {}))
        return self._patterns[-1][1]
