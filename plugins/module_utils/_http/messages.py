# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A request to a service and the answer to it. Pure, so that whoever reads answers needs no library that sends."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Callable
from urllib.parse import urlsplit

from .._core.slots import SLOTS
from .._core.text import NO_SECRETS, READ_LIMIT, Scrubber, without_markup
from .._core.words import kind_of_request
from .retry import RetryFacts


class Service(str, Enum):
    """The service that a request is for, for counting."""

    FRESHSERVICE = "freshservice"
    STACKONE = "stackone"


@dataclass(frozen=True, **SLOTS)
class Request:
    """One request. `repeatable` is false if sending it twice could create something twice.

    `provider_facts` reads from the body of an error answer who refused the request, before the status decides on a repetition.
    With `new_connection`, it is not sent on a connection that has carried other requests.
    """

    service: Service
    method: str
    url: str
    auth: tuple[str, str] | None = None
    headers: Mapping[str, str] | None = None
    params: Mapping[str, Any] | None = None
    body: Any = None
    repeatable: bool = True
    provider_facts: Callable[[Answer], RetryFacts | None] | None = None
    new_connection: bool = False

    @property
    def title(self) -> str:
        """Return method and path, without query and credentials, for the report of repeated requests."""
        return f"{self.method} {urlsplit(self.url).path}"

    @property
    def host(self) -> str:
        """Return the host and port that the request is sent to."""
        return urlsplit(self.url).netloc

    @property
    def kind(self) -> tuple[str, str]:
        """Return the host, and the method and path without ids."""
        return self.host, kind_of_request(self.title)

    @property
    def changes(self) -> bool:
        """Return whether the request may change something."""
        return self.method != "GET"


@dataclass(frozen=True, **SLOTS)
class Answer:
    """The answer to a request, whatever its status. `data` is the parsed JSON, or `None` if there is none.

    Show its text only through `line` or `excerpt`, which mask the run's secrets.
    """

    status: int
    headers: Mapping[str, str]
    text: str
    data: Any = None
    scrubber: Scrubber = field(default=NO_SECRETS, repr=False, compare=False)

    @property
    def ok(self) -> bool:
        """Return whether the status says success. A redirect does not, because redirects are not followed."""
        return 200 <= self.status < 300

    @property
    def excerpt(self) -> str:
        """Return the first readable words of the body."""
        # Scrub first: a secret with a "<" is not recognised once the markup is removed.
        return self.line(without_markup(self.scrubber.scrub(self.text[:READ_LIMIT])))

    @property
    def masked(self) -> Any:
        """Return the parsed JSON with secrets masked, as a source of words for a message."""
        return self.scrubber.scrub(self.data)

    def line(self, words: str) -> str:
        """Return words of this answer for a message: on one line, scrubbed, then cut."""
        return self.scrubber.line(words)
