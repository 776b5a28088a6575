# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The part that all modules share: dependencies, secrets, and a truthful result."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Callable, NoReturn

from ansible.module_utils.basic import AnsibleModule

from .._clients.stackone_base import StackOneApi
from .._core.clock import Clock
from .._core.failure import Failed, Failure, FailureCode, Phase, defect
from .._core.secrets import SHORTEST_SECRET
from .._core.tenant import invalid_argument, missing_options, normalise_key
from .._core.text import Scrubber, forms_of, one_line, strip_control_chars, valid_unicode
from .._core.urls import shown_url
from .._http.quota import Quota
from .._http.session import REQUESTS_IMPORT_ERROR, Http
from .connection_params import http_from, quota_from, secrets_in, stackone_url_from
from .reading import OTHER_KEYS, read

HIDDEN = "VALUE_SPECIFIED_IN_NO_LOG_PARAMETER"
"""The text that Ansible itself shows in place of a secret argument."""


URLS = ("proxy", "stackone_url", "freshservice_url", "domain", "domains")
"""Options that are URLs, or may be written as one."""


LISTS = ("tenants", "other_tenants")
"""Options that are lists of tenants."""


class Module(AnsibleModule):
    """A module that reads its arguments before Ansible does, and says in every failure what went wrong.

    Ansible would turn any value into text, and show the values that it does not understand, before it has noted which of
    them are secret.
    """

    params: dict[str, Any]
    no_log_values: set[str]
    scrub: Callable[[Any], Any] = staticmethod(lambda value: value)
    """Masks the secrets of the run in a value."""
    _understood = False

    def __init__(self, **options: Any) -> None:
        self._spec: dict[str, Any] = options["argument_spec"]
        self._faults: list[str] = []
        super().__init__(**options, supports_check_mode=True)
        if self._faults:
            self.fail_json("")
        self._understood = True

    def _load_params(self) -> None:
        super()._load_params()
        own = {name: value for name, value in self.params.items() if not str(name).startswith("_ansible_")}
        values, self._faults = read(own, self._spec)
        self.params = {**{name: value for name, value in self.params.items() if name not in own}, **values}

    def _log_invocation(self) -> None:
        """Log what a result would repeat: Ansible would not hide the passwords within URLs, which are not options of their own."""
        declared = self.params
        self.params = _shown(self.arguments_shown())
        try:
            super()._log_invocation()
        finally:
            self.params = declared

    def exit_json(self, **kwargs: Any) -> NoReturn:
        # Ansible ships no types: the annotation states that its method does not return.
        leave: Callable[..., NoReturn] = super().exit_json
        leave(invocation=self._invocation(), **kwargs)

    def fail_json(self, msg: str, **kwargs: Any) -> NoReturn:
        if "failure" not in kwargs:
            failure = self._refusal(msg)
            msg, kwargs = failure.line, {"changed": False, **kwargs, "failure": failure.as_dict()}
        leave: Callable[..., NoReturn] = super().fail_json
        leave(msg, invocation=self._invocation(), **kwargs)

    def _refusal(self, msg: str) -> Failure:
        """Return why the module ends before its work: faults in its arguments, or what Ansible says about them."""
        missing = [
            name for name, about in self._spec.items() if about.get("required") and self.params.get(name) is None
        ]
        if self._faults:
            return invalid_argument(" ".join(dict.fromkeys(self._faults)), "Correct it, then run again.").failure
        if missing and not self._understood:
            return missing_options(missing).failure
        return invalid_argument(one_line(msg)).failure

    def arguments_shown(self) -> dict[str, Any]:
        """Return the arguments as a result repeats them."""
        return self.params

    def spare_words(self) -> None:
        """Keep Ansible from masking values that are so short that they would occur in words and numbers of the result.

        Such a key is refused, and it is hidden by its name wherever the arguments are repeated.
        """
        self.no_log_values = {value for value in self.no_log_values if len(value.strip()) >= SHORTEST_SECRET}

    def _invocation(self) -> dict[str, Any]:
        if not self._understood:
            return {"module_args": {}}
        return {"module_args": valid_unicode(self.scrub(_hidden(_shown(self.arguments_shown()), self._spec)))}


def _shown(arguments: dict[str, Any]) -> dict[str, Any]:
    """Return the arguments without the secrets in URLs."""
    return {**arguments, **{name: _shown_urls(arguments[name]) for name in URLS if name in arguments}}


def _shown_urls(value: Any) -> Any:
    if isinstance(value, list):
        return list(map(_shown_urls, value))
    return shown_url(value) if isinstance(value, str) else value


def _hidden(arguments: Any, spec: dict[str, Any]) -> Any:
    """Return the arguments without the values of secret options."""
    if isinstance(arguments, list):
        return [_hidden(each, spec) for each in arguments]
    if not isinstance(arguments, dict):
        return arguments
    return {name: _hidden_value(value, spec.get(name, {})) for name, value in arguments.items()}


def _hidden_value(value: Any, about: dict[str, Any]) -> Any:
    if about.get("no_log") and value is not None:
        return dict.fromkeys(value, HIDDEN) if isinstance(value, dict) else HIDDEN
    return _hidden(value, about["options"]) if "options" in about else value


def _is_other_keys(item: Any) -> bool:
    return isinstance(item, dict) and OTHER_KEYS in item


class ListModule(Module):
    """A module whose list of tenants is too large for Ansible's own masking.

    Ansible searches the log line and every string of a result for each secret by itself: with 10,000 tenants that takes
    longer than linking them. Here no tenant's data is logged or echoed, and the tenants' secrets are masked tenant by
    tenant, in the only places where they can occur.
    """

    def __init__(self, **options: Any) -> None:
        self._lists: dict[str, list[Any]] = {}
        self._counts: dict[str, str] = {}
        self.other_keys: list[Any] = []
        """Dictionaries of keys that are masked, and belong to no tenant of this run."""
        super().__init__(**options)

    def _load_params(self) -> None:
        """Keep the tenants from Ansible's own checks: each is read by itself, and may fail by itself."""
        super()._load_params()
        for name in LISTS:
            if name in self.params:
                given, self.params[name] = self.params[name], []
                self._lists[name] = [each for each in given if not _is_other_keys(each)]
                self.other_keys += filter(_is_other_keys, given)
                self._counts[name] = f"{len(self._lists[name])} tenants"

    def arguments_shown(self) -> dict[str, Any]:
        """Return the arguments, with the number of tenants in place of the tenants."""
        return {**self.params, **self._counts}

    def take_tenants(self, secrets: set[str]) -> list[Any]:
        """Hand over the tenants as they were written, and leave Ansible only the run's secrets to mask."""
        self.no_log_values = secrets
        return self._lists.pop("tenants", [])

    def take_other_tenants(self) -> list[Any]:
        """Hand over the tenants that are declared as well, but not part of this run."""
        return self._lists.pop("other_tenants", [])


class ModuleRun:
    """One module run: the clients, made from its parameters, and the ways to end it."""

    def __init__(self, module: Module, clock: Clock | None = None) -> None:
        module.spare_words()
        self.module = module
        self.secrets = secrets_in(module.params)
        self.scrubber = Scrubber(self.secrets)
        module.scrub = self.scrubber.scrub
        self.http: Http | None = None
        self.quota: Quota | None = None
        self._clock = clock
        if REQUESTS_IMPORT_ERROR:
            failure = _library_missing().located(Phase.ARGUMENTS, "requests")
            self.fail(failure, {"changed": False, "exception": REQUESTS_IMPORT_ERROR})

    def connect(self) -> Http:
        """Return the client that sends all requests of the run. Raises Failed(invalid_argument)."""
        if self.http is None:
            self.http = http_from(self.module.params, self._clock, self.scrubber)
        return self.http

    def stackone_api(self) -> tuple[StackOneApi, str]:
        """Return the API of StackOne, within its quota, and the key. Raises Failed(invalid_argument)."""
        params = self.module.params
        url, key = stackone_url_from(params), normalise_key(params["stackone_api_key"], "stackone_api_key")
        http = self.connect()
        self.quota = quota_from(params, http.clock)
        return StackOneApi(http, url, self.quota, params.get("stackone_project_id")), key

    def exit(self, result: dict[str, Any]) -> NoReturn:
        """End the module with a result."""
        self.module.exit_json(**self._clean(result))

    def fail(self, failure: Failure, result: dict[str, Any]) -> NoReturn:
        """End the module with a failure, and everything that is known."""
        self.module.fail_json(**self._clean({**result, "msg": failure.line, "failure": failure.as_dict()}))

    @contextmanager
    def reporting_defects(self) -> Iterator[None]:
        """End the module with a failure on an unexpected exception too, so that it never ends without a result."""
        try:
            yield
        except Exception as error:
            self.fail(defect(error).failure, {"changed": False})

    def refuse(self, error: Failed, tenant: str) -> NoReturn:
        """End the module with a failure before any request."""
        self.fail(error.located(Phase.ARGUMENTS, tenant), {"changed": False})

    def _clean(self, result: dict[str, Any]) -> dict[str, Any]:
        """Return the result without secrets: scrubbed here, after everything else, and masked once more by Ansible."""
        self.module.no_log_values |= forms_of(self.secrets)
        summary = self.http.retry_log.summary() if self.http else None
        for warning in [*result.pop("warnings", []), *([summary] if summary else [])]:
            self.module.warn(self.scrubber.scrub(strip_control_chars(warning)))
        clean: dict[str, Any] = self.scrubber.scrub(strip_control_chars(result))
        return clean


def _library_missing() -> Failed:
    return Failed(
        FailureCode.LIBRARY_MISSING,
        "the Python library is missing on the machine that runs the module, or cannot be imported.",
        f"Install requests, which brings urllib3, for {sys.executable}, or set ansible_python_interpreter to a Python that"
        " has it.",
    )
