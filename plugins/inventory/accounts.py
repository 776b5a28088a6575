# Copyright: tenantlink.stackone contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""StackOne's linked accounts as hosts."""

from __future__ import annotations

DOCUMENTATION = r"""
name: accounts
short_description: StackOne's linked accounts as hosts
version_added: 1.0.0
description:
  - Each linked account of a StackOne project is a host, with what M(tenantlink.stackone.account_info) shows of it as variables.
  - Reads only. No stored credential is asked for, and no secret is in a variable or in the cache.
  - The inventory source is a YAML file whose name ends in C(stackone.yml), C(stackone.yaml), C(accounts.yml) or C(accounts.yaml).
  - Every value in that file may be a Jinja template. Only extra variables (C(-e)) and lookups are known when an inventory is
    read, not those of hosts and groups. O(hostnames), O(compose), O(groups) and O(keyed_groups) hold expressions instead, which
    are evaluated for each account.
author:
  - tenantlink.stackone contributors (@tenantlink)
extends_documentation_fragment:
  - ansible.builtin.constructed
  - ansible.builtin.inventory_cache
requirements:
  - requests >= 2.32.3
  - urllib3 >= 1.26.5
options:
  plugin:
    description:
      - Says that the file is for this plugin.
    type: str
    required: true
    choices: [tenantlink.stackone.accounts]
  stackone_api_key:
    description:
      - An API key of the StackOne project, with the Platform scope; reading is enough.
      - Keep it in Ansible Vault, as a C(!vault) value in the inventory file or as a variable of a file that is passed with C(-e).
    type: str
    required: true
    env:
      - name: STACKONE_API_KEY
  stackone_url:
    description:
      - The base URL of StackOne's API. Plain C(http) is refused, except to this machine.
    type: str
    default: https://api.stackone.com
    env:
      - name: STACKONE_URL
  requests_per_minute:
    description:
      - Space requests to StackOne so that no minute holds more than this many. A listing takes one for each 100 accounts.
      - StackOne allows 1,000 a minute for each API key. Set a share of that where others use the same key at the same time.
      - If not set, requests are not spaced.
    type: int
  validate_certs:
    description:
      - Whether to check TLS certificates. Switching it off lets anybody on the way read the key.
    type: bool
    default: true
  ca_path:
    description:
      - File with the CA certificates to trust (PEM), or a folder of them as OpenSSL makes it, in place of all others.
      - If not set, E(REQUESTS_CA_BUNDLE) or E(CURL_CA_BUNDLE) is taken in place of all others, else E(SSL_CERT_FILE) and
        E(SSL_CERT_DIR), else the system's certificates together with those of C(requests).
    type: path
  client_cert:
    description:
      - File with a client certificate (PEM); it may hold the private key as well.
    type: path
  client_key:
    description:
      - File with the private key of O(client_cert) (PEM).
    type: path
  proxy:
    description:
      - URL of the proxy. In its user name and password, C(#), C(/) and C(?) are written as C(%23), C(%2F) and C(%3F). A SOCKS
        proxy (V(socks5h://proxy.example:1080)) needs the Python library PySocks.
      - If not set, the usual environment variables (E(HTTPS_PROXY) and its kin) decide. E(NO_PROXY) is honoured in both cases.
      - What is sent to this machine (C(localhost), C(127.0.0.1)) never goes through a proxy.
    type: str
  timeout:
    description:
      - Seconds for a whole request, from the resolution of the name to the last byte of the answer, whatever of it is slow. Each
        repetition gets as many again. More than 0 and at most 3600.
    type: float
    default: 30.0
  retries:
    description:
      - How often a request is repeated after an answer that may pass (HTTP 408, 429, 500, 502, 503, 504) or a broken connection,
        from 0 to 100 times. One that got no answer within O(timeout) is repeated once at most.
      - A 429 with which StackOne says that the quota of the key is used up does not count as a failed attempt. It is waited for,
        because others may use the same key, for 10 minutes in all.
      - A C(Retry-After) of up to 120 seconds is honoured, and 5 minutes are waited in all. What was repeated, and how long that took, is reported in a warning.
    type: int
    default: 3
  provider:
    description:
      - StackOne's key of the connector.
    type: str
    default: freshservice
  origin_owner_ids:
    description:
      - Your own ids of customers. Only their accounts are hosts; an empty list gives none.
      - Together with the other options, an account must fit them all.
    type: list
    elements: str
  account_ids:
    description:
      - Ids of accounts. One that does not exist is left out, without an error.
    type: list
    elements: str
  domains:
    description:
      - Freshservice domains, as V(mycompany). An account whose stored domain StackOne does not show fits none.
    type: list
    elements: str
  labels:
    description:
      - Labels.
    type: list
    elements: str
  statuses:
    description:
      - Statuses, as V(active), V(inactive), V(suspended), V(archived), V(expired) or V(error). StackOne may have more.
    type: list
    elements: str
  account_type:
    description:
      - The accounts' type.
    type: str
    choices: [production, test]
  hostnames:
    description:
      - What hosts are named by, in the order of preference. The first that gives any text for an account wins, its id comes last.
      - Each is a property of an account, as V(origin_owner_id), V(domain), V(label) or V(id), or an expression over its
        variables, as V(stackone_domain ~ '.freshservice.com').
      - In a name, every character but letters, digits, C(_), C(.), C(-), C(@) and C(+) becomes C(_), and so does any but a
        letter, a digit or C(_) in the first place, because Ansible takes them for patterns, ranges, ports, files or options.
        Names longer than 200 characters are cut.
      - Where several accounts would have the same name, all of them get their domain added to it (C(name_mycompany)), and
        where that is not known or not enough, their id. The same goes for an account whose name would be that of a group, also
        one of O(groups) and O(keyed_groups), of C(localhost), or of another account's host from another inventory source.
    type: list
    elements: str
    default: [origin_owner_id]
  group:
    description:
      - The group that all hosts are in. It exists even if there are none. What no group's name may have becomes C(_).
    type: str
    default: stackone_accounts
notes:
  - These hosts are accounts, not machines, and their names come from outside. Give them C(ansible_connection=local) and
    C(ansible_python_interpreter="{{ ansible_playbook_python }}") in C(group_vars/stackone_accounts.yml) beside the inventory
    file. O(compose) cannot, because the latter is a template and must stay one.
  - Texts of StackOne are never run, neither as templates nor as conditions. C(ansible-inventory --list) shows a text that could
    be, such as one with C({{), as C({"__ansible_unsafe":) C("the text"}), which C(ansible) reads back; with C(--yaml) as well it
    shows the text alone. All other texts are plain.
  - A cached listing is used only with the API key and the options that it was made with. It is not encrypted. Its file has the
    mode 0600, whatever O(cache_plugin) gives files. A folder that does not exist is made with the mode 0700; one that does stays as
    it is, so name a folder for the listings alone.
  - Ansible goes on without an inventory source that fails, with a warning. Set E(ANSIBLE_INVENTORY_ANY_UNPARSED_IS_FAILED) to
    V(true) to stop instead. Nothing of a source that fails is kept.
  - What is wrong with a source is the line that begins with C([ERROR]) C(accounts:). Ansible repeats it in a warning, and adds what
    its own parsers say about the file, the one for INI files last. This cannot be changed here. With E(ANSIBLE_INVENTORY_ENABLED)
    set to V(tenantlink.stackone.accounts), nobody else reads the file; then there is the warning alone.
  - A file that is not valid YAML, or that is encrypted as a whole with another password, Ansible cannot read and hand over, so the
    error is in its own words. They can show lines of the file; keep the key elsewhere, or as a C(!vault) value.
seealso:
  - module: tenantlink.stackone.account_info
"""

EXAMPLES = r"""
# stackone.yml
# All Freshservice accounts, and a group for each status. The key is taken from STACKONE_API_KEY.
#   ansible-inventory -i stackone.yml --graph
#   ansible-playbook -i stackone.yml tell_customers.yml --limit status_error
plugin: tenantlink.stackone.accounts
keyed_groups:
  - key: stackone_status
    prefix: status

# Two more files, as comments, because the examples of a plugin are one YAML document.

# accounts.yml
# The accounts that do not work, as hosts for the role tenantlink.stackone.freshservice_link, which repairs them.
#   ansible-playbook -i accounts.yml repair.yml -e @vault.yml --ask-vault-pass
# group_vars/stackone_accounts.yml beside it says how to reach them, and which key belongs to which:
#   ansible_connection: local
#   ansible_python_interpreter: "{{ ansible_playbook_python }}"
#   freshservice_link_api_key: "{{ freshservice_link_api_keys[stackone_domain] }}"
# plugin: tenantlink.stackone.accounts
# stackone_api_key: "{{ freshservice_link_stackone_api_key }}"
# statuses: [error, expired, inactive]
# hostnames: [domain, origin_owner_id]
# compose:
#   freshservice_link_account_id: stackone_id
#   freshservice_link_domain: stackone_domain
#   freshservice_link_origin_owner_id: stackone_origin_owner_id

# production.stackone.yml
# Names that tell accounts of one customer apart, groups by type and by any condition, and a listing that is kept an hour.
# plugin: tenantlink.stackone.accounts
# stackone_api_key: "{{ lookup('ansible.builtin.env', 'STACKONE_PRODUCTION_KEY') }}"
# account_type: production
# hostnames:
#   - stackone_origin_owner_id ~ '-' ~ stackone_label
#   - origin_owner_id
# groups:
#   never_named: not stackone_origin_owner_name
#   broken: stackone_status != 'active'
# cache: true
# cache_plugin: ansible.builtin.jsonfile
# cache_connection: ~/.cache/stackone
# cache_timeout: 3600
"""

import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ansible import constants
from ansible.errors import AnsibleError, AnsibleParserError
from ansible.plugins.inventory import BaseInventoryPlugin, Cacheable, Constructable, to_safe_group_name

from ansible_collections.tenantlink.stackone.plugins.module_utils._arguments import (
    choice_from,
    secrets_in,
    stackone_url_from,
)
from ansible_collections.tenantlink.stackone.plugins.module_utils._failure import Failed, Phase
from ansible_collections.tenantlink.stackone.plugins.module_utils._http import REQUESTS_IMPORT_ERROR
from ansible_collections.tenantlink.stackone.plugins.module_utils._specs import account_spec, http_spec, stackone_spec
from ansible_collections.tenantlink.stackone.plugins.module_utils._tenant import invalid_argument, normalise_key
from ansible_collections.tenantlink.stackone.plugins.module_utils._text import Scrubber, harmless
from ansible_collections.tenantlink.stackone.plugins.module_utils._written import unset
from ansible_collections.tenantlink.stackone.plugins.plugin_utils._account_listing import listed
from ansible_collections.tenantlink.stackone.plugins.plugin_utils._draft import Draft
from ansible_collections.tenantlink.stackone.plugins.plugin_utils._hosts import (
    PREFIX,
    VARIABLES,
    host_name,
    name_offers,
    preferences_from,
    unique_names,
    variables_of,
)
from ansible_collections.tenantlink.stackone.plugins.plugin_utils._marked import marked
from ansible_collections.tenantlink.stackone.plugins.plugin_utils._private_cache import make_private, private_folders
from ansible_collections.tenantlink.stackone.plugins.plugin_utils._sealed import choice_digest, recalled, sealed
from ansible_collections.tenantlink.stackone.plugins.plugin_utils._source_options import (
    evaluated,
    refuse_unknown,
    without_source,
)

ENDINGS = ("stackone.yml", "stackone.yaml", "accounts.yml", "accounts.yaml")
EXPRESSIONS = frozenset({"compose", "groups", "hostnames", "keyed_groups"})
SPEC = {**http_spec(), **stackone_spec(), **account_spec(), "group": {"type": "str"}}
SUBJECT = "accounts"


class InventoryModule(BaseInventoryPlugin, Constructable, Cacheable):
    """The plugin."""

    NAME = "tenantlink.stackone.accounts"

    def __init__(self) -> None:
        super().__init__()
        self._scrubber = Scrubber()

    def verify_file(self, path: str) -> bool:
        """Whether the source looks like one for this plugin."""
        return path.endswith(ENDINGS) and super().verify_file(path)

    def parse(self, inventory: Any, loader: Any, path: str, cache: bool = True) -> None:
        """Fill the inventory. Raises AnsibleParserError, whose one line says what is wrong and what to do next."""
        super().parse(inventory, loader, path, cache)
        try:
            with private_folders():
                self._read_config_data(path)
            self._populate(self._accounts(path, cache))
            return
        except Failed as error:
            line = error.located(Phase.OBSERVE, SUBJECT).line
        except AnsibleError as error:
            line = f"{SUBJECT}: {without_source(error)}. See ansible-doc -t inventory {self.NAME}."
        line = self._scrubber.scrub(harmless(line))
        if len(constants.INVENTORY_ENABLED) > 1:
            # Ansible tells what this plugin says between the words of others that try to read the file, and wrapped.
            self.display.display(f"[ERROR]: {line}", color=constants.COLOR_ERROR, stderr=True)
        # Outside the handlers: with a cause, Ansible would print that too, and the lines of the file around it.
        raise AnsibleParserError(line)

    def update_cache_if_changed(self) -> None:
        """Write the cache, as Ansible does. It holds what customers are called."""
        super().update_cache_if_changed()
        make_private(self._cache)

    def set_options(self, task_keys: Any = None, var_options: Any = None, direct: Any = None) -> None:
        """Take the options of the file, whose values may be templates. Raises Failed(invalid_argument)."""
        refuse_unknown(direct or {}, self.option_definitions, f"See ansible-doc -t inventory {self.NAME}.")
        given = {name: self._evaluated(name, value) for name, value in (direct or {}).items()}
        super().set_options(task_keys, var_options, {name: value for name, value in given.items() if not unset(value)})

    def _evaluated(self, name: str, value: Any) -> Any:
        if name in EXPRESSIONS:
            return value
        self.templar.available_variables = self._vars
        return evaluated(name, value, self.templar, SPEC)

    def _accounts(self, path: str, cache: bool) -> list[dict[str, Any]]:
        """The accounts that are meant, as account_info shows them: from the cache, or from StackOne. Raises Failed."""
        if REQUESTS_IMPORT_ERROR:
            raise invalid_argument(
                "the Python library requests is missing.", f"Install it for {sys.executable}, which runs Ansible."
            )
        params = self._params()
        self._scrubber.add(*secrets_in(params))
        key, choice = normalise_key(params["stackone_api_key"], "stackone_api_key"), choice_from(params)
        if not self.get_option("cache"):
            return listed(params, key, choice, self._scrubber, self.display.warning)
        entry = f"{self.get_cache_key(path)}_{choice_digest(stackone_url_from(params), choice)}"
        accounts = recalled(self._cache, entry, key) if cache else None
        if accounts is None:
            accounts = listed(params, key, choice, self._scrubber, self.display.warning)
            self._cache[entry] = sealed(accounts, key)
        return accounts

    def _params(self) -> dict[str, Any]:
        """The options as modules have them. Raises Failed(invalid_argument)."""
        params = {name: self.get_option(name) for name in SPEC}
        if params["client_key"] and not params["client_cert"]:
            raise invalid_argument("client_key needs client_cert.", "Set both, or none of them.")
        return params

    def _populate(self, accounts: Sequence[Mapping[str, Any]]) -> None:
        """Add all accounts as hosts, or none. Raises Failed and AnsibleError."""
        hosts = [variables_of(account) for account in accounts]
        preferences = preferences_from(self.get_option("hostnames"), self._vars)
        offers = [
            name_offers(self._wanted(account, variables, preferences), account)
            for account, variables in zip(accounts, hosts)
        ]
        group = to_safe_group_name(self.get_option("group"))
        taken = self._taken(accounts) | {group}
        while True:
            names = unique_names(offers, taken)
            draft = self._drafted(names, hosts, group)
            if draft.groups.isdisjoint(names):
                return draft.carry_out()
            # Only the hosts tell which groups there are. One with the name of a group would be lost.
            taken |= draft.groups

    def _drafted(self, names: Iterable[str], hosts: Iterable[Mapping[str, Any]], group: str) -> Draft:
        """What the inventory gets where the hosts have these names."""
        inventory, draft = self.inventory, Draft(self.inventory)
        self.inventory = draft
        try:
            draft.add_group(group)
            for name, variables in zip(names, hosts):
                self._add(name, group, variables)
        finally:
            self.inventory = inventory
        return draft

    def _wanted(self, account: Mapping[str, Any], variables: Mapping[str, Any], preferences: Iterable[str]) -> str:
        """The name that an account would have if it were the only one."""
        for preference in preferences:
            value = account[preference] if preference in account else self._expression(preference, account, variables)
            name = host_name(value)
            if name:
                return name
        return host_name(account["id"])

    def _expression(self, expression: str, account: Mapping[str, Any], variables: Mapping[str, Any]) -> Any:
        try:
            return self._compose(expression, variables)
        except AnsibleError as error:
            if self.get_option("strict"):
                raise invalid_argument(
                    f"hostnames: {expression} has no value for account {account['id']} ({without_source(error)}).",
                    "Correct it, or switch strict off.",
                ) from None
            return None

    def _taken(self, accounts: Iterable[Mapping[str, Any]]) -> set[str]:
        """Names that mean something else to Ansible, or the account of another inventory source."""
        ours = {None, *(account["id"] for account in accounts)}
        others = {name for name, host in self.inventory.hosts.items() if host.vars.get(f"{PREFIX}id") not in ours}
        return {*self.inventory.groups, *constants.LOCALHOST, *others}

    def _add(self, name: str, group: str, variables: Mapping[str, Any]) -> None:
        self.inventory.add_host(name, group)
        for variable, value in variables.items():
            self.inventory.set_variable(name, variable, value)
        strict = self.get_option("strict")
        self._set_composite_vars(self.get_option("compose"), variables, name, strict)
        self._add_host_to_composed_groups(self.get_option("groups"), variables, name, strict)
        self._add_host_to_keyed_groups(self.get_option("keyed_groups"), variables, name, strict)

    def _compose(self, template: Any, variables: Mapping[str, Any], **how: Any) -> Any:
        """As Ansible does, but for the mere name of an account's variable: that takes a tenth of the time, and before
        ansible-core 2.19 a text such as C([1]) or C(True) stays text."""
        if isinstance(template, str) and template in VARIABLES and template in variables and template not in self._vars:
            return variables[template]
        return marked(super()._compose(template, variables, **how))
