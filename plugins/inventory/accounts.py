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
  - Each linked account of a StackOne project becomes a host, with the values that M(tenantlink.stackone.account_info) returns as
    variables.
  - Reads only, with one request for each 100 accounts. No stored credential is requested, and no secret is in a variable or in the
    cache.
  - The inventory source is a YAML file whose name ends in C(stackone.yml), C(stackone.yaml), C(accounts.yml) or C(accounts.yaml).
  - Every value in that file may be a Jinja template. Only extra variables (C(-e)) and lookups are available when an inventory is
    read, not variables of hosts and groups. O(hostnames), O(compose), O(groups) and O(keyed_groups) contain expressions instead,
    which are evaluated for each account.
author:
  - tenantlink.stackone contributors (@tenantlink)
extends_documentation_fragment:
  - tenantlink.stackone.accounts
  - tenantlink.stackone.connection
  - tenantlink.stackone.connection.stackone
  - ansible.builtin.constructed
  - ansible.builtin.inventory_cache
options:
  plugin:
    description:
      - The name of this plugin. It marks the file as a source for it.
    type: str
    required: true
    choices: [tenantlink.stackone.accounts]
  stackone_api_key:
    description:
      - An API key of the StackOne project, with the Platform scope. Read access is enough.
      - Keep it in Ansible Vault, as a C(!vault) value in the inventory file or as a variable of a file that is passed with C(-e).
    env:
      - name: STACKONE_API_KEY
  stackone_url:
    env:
      - name: STACKONE_URL
  hostnames:
    description:
      - What hosts are named after, in order of preference. The first entry that gives any text for an account is used, otherwise the
        account's ID.
      - Each entry is a property of an account, such as V(origin_owner_id), V(domain), V(label) or V(id), or an expression over its
        variables, such as V(stackone_domain ~ '.freshservice.com').
      - In a name, every character except letters, digits, C(_), C(.), C(-), C(@) and C(+) becomes C(_), and so does a first character
        that is not a letter, a digit or C(_), because Ansible reads such characters as patterns, ranges, ports, files or options.
        Names longer than 200 characters are cut.
      - If several accounts would have the same name, the domain is added to each of them (C(name_mycompany)), or the ID if the domain
        is not known or not enough. The same applies to an account whose name would be that of a group (also one of O(groups) and
        O(keyed_groups)), C(localhost), or the host of another account from another inventory source.
    type: list
    elements: str
    default: [origin_owner_id]
  group:
    description:
      - The group that contains all hosts. It exists even if there are none. Characters that are not allowed in the name of a group
        become C(_).
    type: str
    default: stackone_accounts
notes:
  - These hosts are accounts, not machines, and their names come from outside. Set C(ansible_connection=local) and
    C(ansible_python_interpreter="{{ ansible_playbook_python }}") for them in C(group_vars/stackone_accounts.yml), in the same folder
    as the inventory file. O(compose) cannot set the latter, because it is a template and must remain one.
  - Text from StackOne is never evaluated, neither as a template nor as a condition. C(ansible-inventory --list) shows a text that
    could be evaluated, such as one with C({{), as C({"__ansible_unsafe":) C("the text"}), which C(ansible) can read again. With
    C(--yaml) it shows the text alone. All other text is plain.
  - A cached listing is used only with the API key and the options that it was created with. It is not encrypted. Its file has the
    mode 0600, regardless of O(cache_plugin). A folder that does not exist is created with the mode 0700. The mode of an
    existing folder is not changed, so use a separate folder for the listings.
  - If an inventory source fails, Ansible shows a warning and continues without it. Set E(ANSIBLE_INVENTORY_ANY_UNPARSED_IS_FAILED) to
    V(true) to stop instead. Nothing from a source that fails is kept.
  - The line that begins with C([ERROR]) C(accounts:) says what is wrong with a source. Ansible repeats it in a warning, and adds what
    its own parsers report about the file, the one for INI files last. This cannot be changed here. With E(ANSIBLE_INVENTORY_ENABLED)
    set to V(tenantlink.stackone.accounts), no other plugin reads the file, and only the warning is shown.
  - A file that is not valid YAML, or that is encrypted as a whole with another password, cannot be read by Ansible at all. The error
    is then Ansible's own and can show lines of the file. Keep the key elsewhere, or as a C(!vault) value.
seealso:
  - module: tenantlink.stackone.account_info
"""

EXAMPLES = r"""
# stackone.yml
# All linked accounts for Freshservice, and a group for each status. The key is read from STACKONE_API_KEY.
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
# group_vars/stackone_accounts.yml, in the same folder, sets how to reach them, and which key belongs to which:
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
# Names that distinguish the accounts of one customer, groups by type and by any condition, and a listing that is cached for an hour.
# plugin: tenantlink.stackone.accounts
# stackone_api_key: "{{ lookup('ansible.builtin.env', 'STACKONE_PRODUCTION_KEY') }}"
# account_type: production
# hostnames:
#   - stackone_origin_owner_id ~ '-' ~ stackone_label if stackone_label else ''
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

from ..module_utils._clients.account_filter import account_filter_from
from ..module_utils._core.failure import Failed, Phase
from ..module_utils._core.tenant import invalid_argument, normalise_key
from ..module_utils._core.text import Scrubber, strip_control_chars
from ..module_utils._core.written import unset
from ..module_utils._http.session import REQUESTS_IMPORT_ERROR
from ..module_utils._module.argspec import account_spec, http_spec, stackone_spec
from ..module_utils._module.connection_params import secrets_in, stackone_url_from
from ..plugin_utils._inventory.account_listing import listed
from ..plugin_utils._inventory.cache import make_private, private_folders
from ..plugin_utils._inventory.draft import Draft
from ..plugin_utils._inventory.hosts import (
    PREFIX,
    VARIABLES,
    host_name,
    name_offers,
    preferences_from,
    unique_names,
    variables_of,
)
from ..plugin_utils._inventory.marked import marked
from ..plugin_utils._inventory.sealed import choice_digest, recalled, sealed
from ..plugin_utils._inventory.source_options import evaluated, refuse_unknown, without_source

ENDINGS = ("stackone.yml", "stackone.yaml", "accounts.yml", "accounts.yaml")
EXPRESSIONS = frozenset({"compose", "groups", "hostnames", "keyed_groups"})
SPEC = {**http_spec(), **stackone_spec(), **account_spec(), "group": {"type": "str"}}
SUBJECT = "accounts"


class InventoryModule(BaseInventoryPlugin, Constructable, Cacheable):
    """The inventory plugin `tenantlink.stackone.accounts`."""

    NAME = "tenantlink.stackone.accounts"

    def __init__(self) -> None:
        super().__init__()
        self._scrubber = Scrubber()

    def verify_file(self, path: str) -> bool:
        """Return whether the name of the source is one for this plugin."""
        return path.endswith(ENDINGS) and super().verify_file(path)

    def parse(self, inventory: Any, loader: Any, path: str, cache: bool = True) -> None:
        """Fill the inventory. Raise AnsibleParserError, whose one line says what is wrong and what to do next."""
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
        line = self._scrubber.scrub(strip_control_chars(line))
        if len(constants.INVENTORY_ENABLED) > 1:
            # Ansible wraps this error, and shows it among those of the other plugins that try to read the file.
            self.display.display(f"[ERROR]: {line}", color=constants.COLOR_ERROR, stderr=True)
        # Raise it outside the handlers: Ansible would print a cause too, with the lines of the file around it.
        raise AnsibleParserError(line)

    def update_cache_if_changed(self) -> None:
        """Write the cache, as Ansible does, then make it private, because it contains the names of customers."""
        super().update_cache_if_changed()
        make_private(self._cache)

    def set_options(self, task_keys: Any = None, var_options: Any = None, direct: Any = None) -> None:
        """Set the options from the file, whose values may be templates. Raise Failed(invalid_argument)."""
        refuse_unknown(direct or {}, self.option_definitions, f"See ansible-doc -t inventory {self.NAME}.")
        given = {name: self._evaluated(name, value) for name, value in (direct or {}).items()}
        super().set_options(task_keys, var_options, {name: value for name, value in given.items() if not unset(value)})

    def _evaluated(self, name: str, value: Any) -> Any:
        if name in EXPRESSIONS:
            return value
        self.templar.available_variables = self._vars
        return evaluated(name, value, self.templar, SPEC)

    def _accounts(self, path: str, cache: bool) -> list[dict[str, Any]]:
        """Return the chosen accounts in the format of account_info, from the cache or from StackOne. Raise Failed."""
        if REQUESTS_IMPORT_ERROR:
            raise invalid_argument(
                "the Python library requests is missing.", f"Install it for {sys.executable}, which runs Ansible."
            )
        params = self._params()
        self._scrubber.add(*secrets_in(params))
        key, choice = normalise_key(params["stackone_api_key"], "stackone_api_key"), account_filter_from(params)
        if not self.get_option("cache"):
            return listed(params, key, choice, self._scrubber, self.display.warning)
        entry = f"{self.get_cache_key(path)}_{choice_digest(stackone_url_from(params), choice)}"
        accounts = recalled(self._cache, entry, key) if cache else None
        if accounts is None:
            accounts = listed(params, key, choice, self._scrubber, self.display.warning)
            self._cache[entry] = sealed(accounts, key)
        return accounts

    def _params(self) -> dict[str, Any]:
        """Return the options in the form that modules have. Raise Failed(invalid_argument)."""
        params = {name: self.get_option(name) for name in SPEC}
        if params["client_key"] and not params["client_cert"]:
            raise invalid_argument("client_key requires client_cert.", "Set both or neither.")
        return params

    def _populate(self, accounts: Sequence[Mapping[str, Any]]) -> None:
        """Add all accounts as hosts, or none. Raise Failed and AnsibleError."""
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
            # The groups are known only once the hosts are added. A host with the name of a group would be lost, so name
            # the hosts again.
            taken |= draft.groups

    def _drafted(self, names: Iterable[str], hosts: Iterable[Mapping[str, Any]], group: str) -> Draft:
        """Return the draft of the inventory in which the hosts have these names."""
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
        """Return the name that an account would have if it were the only one."""
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
                    "Correct it, or set strict to false.",
                ) from None
            return None

    def _taken(self, accounts: Iterable[Mapping[str, Any]]) -> set[str]:
        """Return names that have another meaning for Ansible, or belong to an account of another inventory source."""
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
        """Evaluate an expression as Ansible does, but look up the plain name of an account's variable directly.

        That takes a tenth of the time, and text such as `[1]` or `True` remains text before ansible-core 2.19.
        """
        if isinstance(template, str) and template in VARIABLES and template in variables and template not in self._vars:
            return variables[template]
        return marked(super()._compose(template, variables, **how))
