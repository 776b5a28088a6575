# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What every module does before and after its work: dependencies, secrets, and an honest exit."""

from __future__ import annotations

import ssl
from typing import Any

from ansible.module_utils.basic import AnsibleModule, missing_required_lib

from ansible_collections.tenantlink.stackone.plugins.module_utils._arguments import (
    freshservice_url_from,
    http_options_from,
    secrets_in,
    stackone_url_from,
)
from ansible_collections.tenantlink.stackone.plugins.module_utils._failure import Failed, Failure, Phase
from ansible_collections.tenantlink.stackone.plugins.module_utils._freshservice import Freshservice
from ansible_collections.tenantlink.stackone.plugins.module_utils._http import REQUESTS_IMPORT_ERROR, Http
from ansible_collections.tenantlink.stackone.plugins.module_utils._hub import Hub
from ansible_collections.tenantlink.stackone.plugins.module_utils._link import Linker
from ansible_collections.tenantlink.stackone.plugins.module_utils._stackone import StackOne
from ansible_collections.tenantlink.stackone.plugins.module_utils._tenant import invalid_argument, normalise_key
from ansible_collections.tenantlink.stackone.plugins.module_utils._text import Scrubber


class Bench:
    """One module run: the clients, made from its parameters, and the way out of it."""

    def __init__(self, module: AnsibleModule) -> None:
        if REQUESTS_IMPORT_ERROR:
            module.fail_json(msg=missing_required_lib("requests"), exception=REQUESTS_IMPORT_ERROR)
        self.module = module
        # Masking white space would make every message unreadable, this one's reason included.
        module.no_log_values -= {value for value in module.no_log_values if not value.strip()}
        self.scrubber = Scrubber(secrets_in(module.params))
        self.http: Http | None = None

    def freshservice(self) -> Freshservice:
        """The Freshservice client. Raises Failed(invalid_argument)."""
        return Freshservice(self._http(), freshservice_url_from(self.module.params))

    def linker(self) -> Linker:
        """The worker for one tenant after another. Raises Failed(invalid_argument)."""
        params = self.module.params
        if params["confirm_timeout"] < 0:
            raise invalid_argument("confirm_timeout must be 0 or more seconds.")
        freshservice, url = self.freshservice(), stackone_url_from(params)
        key = normalise_key(params["stackone_api_key"], "stackone_api_key")
        http = self._http()
        stackone = StackOne(http, url, key, self.scrubber)
        return Linker(
            freshservice, stackone, Hub(http, url), http.clock, params["confirm_timeout"], self.module.check_mode
        )

    def exit(self, result: dict[str, Any]) -> None:
        """Leave green."""
        self.module.exit_json(**self._clean(result))

    def fail(self, failure: Failure, result: dict[str, Any]) -> None:
        """Leave red, with everything that is known."""
        self.module.fail_json(**self._clean({**result, "msg": failure.line, "failure": failure.as_dict()}))

    def refuse(self, error: Failed, tenant: str) -> None:
        """Leave red before any request."""
        self.fail(error.located(Phase.ARGUMENTS, tenant), {"changed": False})

    def _http(self) -> Http:
        if self.http is None:
            try:
                self.http = Http(http_options_from(self.module.params))
            except (OSError, ssl.SSLError) as error:
                raise invalid_argument(f"ca_path, client_cert or client_key cannot be read ({error}).") from None
        return self.http

    def _clean(self, result: dict[str, Any]) -> dict[str, Any]:
        """The result without secrets: scrubbed here, and masked once more by Ansible itself."""
        self.module.no_log_values |= self.scrubber.forms
        summary = self.http.retry_log.summary() if self.http else None
        for warning in [*result.pop("warnings", []), *([summary] if summary else [])]:
            self.module.warn(self.scrubber.scrub(warning))
        return self.scrubber.scrub(result)
