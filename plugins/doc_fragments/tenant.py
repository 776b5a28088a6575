# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The options that declare one tenant. `make generate` copies them to the suboptions of `tenants` (tenants.py)."""

from __future__ import annotations


class ModuleDocFragment:
    """A tenant, its key, its account, and how the two are linked."""

    DOCUMENTATION = r"""
options:
  domain:
    description:
      - The Freshservice domain, which is V(mycompany) of C(mycompany.freshservice.com).
      - The host name and the URL are accepted as well. Anything else that is not a single name directly under
        C(freshservice.com) is refused before a key is sent anywhere.
    type: str
  api_key:
    description:
      - The API key of an agent of this tenant. Keep it in Ansible Vault.
      - Without it, an existing account is managed in everything but its domain and key. A tenant that has no account, or whose account
        must be linked again, fails with C(key_missing).
    type: str
  admin_api_key:
    description:
      - The API key of an Account Admin of the same tenant. It is used only if O(api_key) is refused, and only to read
        the agent's record, which shows whether the key is wrong, switched off, or its agent deactivated.
      - Requires O(agent_email).
    type: str
  agent_email:
    description:
      - The e-mail address of the agent that O(api_key) belongs to.
      - Requires O(admin_api_key).
    type: str
"""

    OWNER = r"""
options:
  origin_owner_id:
    description:
      - Your own ID of the customer that the account belongs to.
      - Put it in quotes. YAML reads C(0123) as 83, C(1_000) as 1000 and C(12:30:45) as 45045, and the original text
        cannot be recovered afterwards.
      - Booleans, decimal numbers, dates, what spreadsheets make of IDs (C(1.23457E+11), C(#N/A)) and invisible
        characters are refused. White space around an ID is removed.
      - Together with O(provider), it identifies the tenant's account. If the owner has several accounts, O(domain) is
        compared as well.
    type: str
  origin_owner_name:
    description:
      - The customer's name, as StackOne shows it. If not set, a new account is named after O(origin_owner_id).
    type: str
  origin_username:
    description:
      - The user that the account belongs to. If not set, a new account gets the agent's e-mail address.
    type: str
  label:
    description:
      - The account's label. If StackOne does not allow changing the label of an existing account, a warning says so.
    type: str
  account_type:
    description:
      - The account's type. If not set, StackOne makes new accounts V(production).
    type: str
    choices: [production, test]
  shared:
    description:
      - Whether the account is shared with all users. StackOne answers calls through an account that is not shared only if they name
        its O(origin_username) as the end user, and its SDKs do not discover it.
      - If not set, StackOne decides for new accounts.
    type: bool
    version_added: 2.0.0
  account_id:
    description:
      - The ID of the account. Set it to choose one account if several match.
    type: str
  allow_multiple:
    description:
      - Whether the owner may have several accounts, one for each domain.
      - If V(false), the only account of an owner belongs to this tenant, even if its domain differs.
    type: bool
    default: false
  integration_id:
    description:
      - The connector profile to link with.
      - If not set, the only active profile of O(provider) is used, or the default one if several are active.
      - If an existing account is linked under another profile, O(tenantlink.stackone.freshservice_link#module:profile_change) says
        what is done.
    type: str
    aliases: [connector_profile_id]
  provider:
    description:
      - StackOne's key of the connector.
    type: str
    default: freshservice
"""

    LINK = r"""
options:
  previous_origin_owner_id:
    description:
      - Your former ID of the customer. If O(origin_owner_id) has no account and this owner has one that stores O(domain), the
        account is given to O(origin_owner_id), and no second one is linked. The account keeps its ID.
      - If StackOne does not do so, the tenant fails and nothing of it is changed. If both owners have an account of this
        domain, a warning says so, and the one of the former owner is left as it is.
      - It can be kept afterwards. Requires O(origin_owner_id) and O(domain).
      - With O(state=absent), the account of the former owner is unlinked if O(origin_owner_id) has none. If both have one,
        neither is unlinked.
    type: str
    version_added: 2.0.0
  state:
    description:
      - V(present) links the tenant and keeps the link as declared.
      - V(absent) unlinks it. If O(domain) is set, accounts of the same owner with another domain are kept.
    type: str
    choices: [present, absent]
    default: present
  credential_fields:
    description:
      - Which field of the connector's form receives which value. The form is read from StackOne and is normally
        understood without this option. If it is not, the module fails and names the fields of the form.
      - A field that the form does not have is refused with C(field_unfilled), also if the tenant is linked and nothing is to be sent.
    type: dict
    suboptions:
      domain:
        description:
          - The key of the field for the domain.
        type: str
      api_key:
        description:
          - The key of the field for the API key (the name of the field, not an API key).
        type: str
      extra:
        description:
          - Values for further fields, by the field's key.
        type: dict
        default: {}
      extra_secrets:
        description:
          - Secret values of 8 characters or more for further fields, by the field's key.
        type: dict
        default: {}
  update_credentials:
    description:
      - When the domain and key of an existing account are sent to StackOne again.
      - StackOne never returns a stored key. At most it shows its last characters.
      - V(on_drift) sends domain and key if these characters differ, if the stored domain differs, or if the account is
        not active. If StackOne shows no characters, a rotated key is noticed only with
        O(tenantlink.stackone.freshservice_links#module:fingerprints), or once the account is no longer active.
      - V(on_doubt) does the same, and also sends them if it is not known whether the stored key is O(api_key).
      - V(always) sends them in every run, V(on_create) only when the account is created.
    type: str
    choices: [on_drift, on_doubt, always, on_create]
    default: on_drift
  profile_change:
    description:
      - What to do with an account that is linked under another connector profile than O(integration_id). StackOne demands a new
        profile if a new major version of its connector changes the authentication.
      - With V(refuse), the tenant fails with C(profile_differs), and nothing of it is changed.
      - V(relink) sends domain and key again, for the declared profile, and reads the account again to see that it has moved. If
        StackOne refuses or does not do it, the tenant fails.
      - V(replace) links a new account under the declared profile, which gets whatever is not declared from the former one. Only
        when it is confirmed like any new link, the former account is unlinked. If something goes wrong before, both are kept and
        the failure names them; the next run continues with the new one. The account's ID changes.
      - It has no effect if O(integration_id) is not set. V(relink) and V(replace) require O(api_key).
    type: str
    choices: [refuse, relink, replace]
    default: refuse
    version_added: 2.0.0
  verify_key:
    description:
      - Whether to check the domain and key at Freshservice before anything is changed in StackOne.
    type: bool
    default: true
"""
