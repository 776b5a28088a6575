# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The options of every module that works on a list of tenants. All accept the same list."""

from __future__ import annotations


class ModuleDocFragment:
    """A list of tenants, how it is processed, and the quota of a long run."""

    DOCUMENTATION = r"""
options:
  tenants:
    description:
      - The tenants. Options that a tenant does not set are left unchanged.
      - An error in one entry is the failure of that entry, reported with its position; the others are processed.
      - Two entries that mean the same link, or turn out to mean the same account, are refused before anything is changed.
    type: list
    elements: dict
    required: true
    suboptions:
      # begin: tenant, written by make generate
      domain:
        description:
          - The Freshservice domain, which is V(mycompany) of C(mycompany.freshservice.com).
          - The host name and the URL are accepted as well. Anything else that is not a single name directly under
            C(freshservice.com) is refused before a key is sent anywhere.
          - Required by M(tenantlink.stackone.freshservice_links) and M(tenantlink.stackone.freshservice_keys_info) when O(tenants[].state=present).
        type: str
      api_key:
        description:
          - The API key of an agent of this tenant. Keep it in Ansible Vault.
          - Without it, an existing account is managed in everything but its domain and key. A tenant that has no account, or whose account
            must be linked again, fails with C(key_missing).
        type: str
      admin_api_key:
        description:
          - The API key of an Account Admin of the same tenant. It is used only if O(tenants[].api_key) is refused, and only to read
            the agent's record, which shows whether the key is wrong, switched off, or its agent deactivated.
          - Requires O(tenants[].agent_email).
        type: str
      agent_email:
        description:
          - The e-mail address of the agent that O(tenants[].api_key) belongs to.
          - Requires O(tenants[].admin_api_key).
        type: str
      origin_owner_id:
        description:
          - Your own ID of the customer that the account belongs to.
          - Put it in quotes. YAML reads C(0123) as 83, C(1_000) as 1000 and C(12:30:45) as 45045, and the original text
            cannot be recovered afterwards.
          - Booleans, decimal numbers, dates, what spreadsheets make of IDs (C(1.23457E+11), C(#N/A)) and invisible
            characters are refused. White space around an ID is removed.
          - Together with O(tenants[].provider), it identifies the tenant's account. If the owner has several accounts, O(tenants[].domain) is
            compared as well.
          - Required by M(tenantlink.stackone.freshservice_links) and M(tenantlink.stackone.auth_links) when O(tenants[].state=present).
          - Either this or O(tenants[].account_id) is required when O(tenants[].state=absent).
        type: str
      origin_owner_name:
        description:
          - The customer's name, as StackOne shows it. If not set, a new account is named after O(tenants[].origin_owner_id).
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
            its O(tenants[].origin_username) as the end user, and its SDKs do not discover it.
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
          - If not set, the only active profile of O(tenants[].provider) is used, or the default one if several are active.
          - If an existing account is linked under another profile, O(tenantlink.stackone.freshservice_link#module:profile_change) says
            what is done.
        type: str
        aliases: [connector_profile_id]
      provider:
        description:
          - StackOne's key of the connector.
        type: str
        default: freshservice
      previous_origin_owner_id:
        description:
          - Your former ID of the customer. If O(tenants[].origin_owner_id) has no account and this owner has one that stores O(tenants[].domain), the
            account is given to O(tenants[].origin_owner_id), and no second one is linked. The account keeps its ID.
          - If StackOne does not do so, the tenant fails and nothing of it is changed. If both owners have an account of this
            domain, a warning says so, and the one of the former owner is left as it is.
          - It can be kept afterwards. Requires O(tenants[].origin_owner_id) and O(tenants[].domain).
          - With O(tenants[].state=absent), the account of the former owner is unlinked if O(tenants[].origin_owner_id) has none. If both have one,
            neither is unlinked.
        type: str
        version_added: 2.0.0
      state:
        description:
          - V(present) links the tenant and keeps the link as declared.
          - V(absent) unlinks it. If O(tenants[].domain) is set, accounts of the same owner with another domain are kept.
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
          - V(on_doubt) does the same, and also sends them if it is not known whether the stored key is O(tenants[].api_key).
          - V(always) sends them in every run, V(on_create) only when the account is created.
        type: str
        choices: [on_drift, on_doubt, always, on_create]
        default: on_drift
      profile_change:
        description:
          - What to do with an account that is linked under another connector profile than O(tenants[].integration_id). StackOne demands a new
            profile if a new major version of its connector changes the authentication.
          - With V(refuse), the tenant fails with C(profile_differs), and nothing of it is changed.
          - V(relink) sends domain and key again, for the declared profile, and reads the account again to see that it has moved. If
            StackOne refuses or does not do it, the tenant fails.
          - V(replace) links a new account under the declared profile, which gets whatever is not declared from the former one. Only
            when it is confirmed like any new link, the former account is unlinked. If something goes wrong before, both are kept and
            the failure names them; the next run continues with the new one. The account's ID changes.
          - It has no effect if O(tenants[].integration_id) is not set. V(relink) and V(replace) require O(tenants[].api_key).
        type: str
        choices: [refuse, relink, replace]
        default: refuse
        version_added: 2.0.0
      verify_key:
        description:
          - Whether to check the domain and key at Freshservice before anything is changed in StackOne.
        type: bool
        default: true
      # end: tenant
      allow_shared_domain:
        description:
          - Whether to link O(tenants[].domain) although StackOne has an account of it for another owner.
          - If V(false), M(tenantlink.stackone.freshservice_links) and M(tenantlink.stackone.auth_links) refuse a new link of it, and that
            another account gets this domain, with C(domain_linked_elsewhere). Usually the owner's ID is not the right one. The
            modules for one tenant do not check the accounts of other owners.
        type: bool
        default: false
        version_added: 2.0.0
      line:
        description:
          - The line of the file that this tenant comes from, for messages. P(tenantlink.stackone.tenants#filter) sets it.
        type: int
        version_added: 2.0.0
      position:
        description:
          - The position of this tenant in the longer list that it was selected from, for messages.
            P(tenantlink.stackone.to_heal#filter) sets it, and P(tenantlink.stackone.tenants#filter) does when it selects tenants.
        type: int
        version_added: 2.0.0
"""

    RUN = r"""
options:
  concurrency:
    description:
      - How many tenants are processed at the same time.
    type: int
    default: 64
  stop_after_failures:
    description:
      - Start no further tenants after this many have failed. If not set, all are tried.
      - If StackOne refuses its own key, the run ends at once in any case. It also ends if StackOne gives no response, an error of its
        own or an unexpected response for 20 tenants in a row. Three in a row are enough if no response arrives in time.
    type: int
  progress:
    description:
      - Whether to show progress on standard error every few seconds. It is shown only if the task runs on the controller as
        the same user and not in the background, and if O(progress_path) is not set.
    type: bool
    default: true
    version_added: 2.0.0
  progress_path:
    description:
      - File to which the state of the run is written twice a second, as JSON without names and secrets.
    type: path
"""

    QUOTA = r"""
options:
  requests_per_minute:
    description:
      - How many requests to send to StackOne in a minute. Short runs send them as fast as they can, long ones wait for the quota.
      - StackOne allows 1,000 a minute for each API key, shared by everything that uses the key. Set less to leave room for others,
        or create a key for this alone.
    type: int
    default: 1000
  quota_window:
    description:
      - Seconds over which O(requests_per_minute) is counted, at most 60. With a smaller value, a long run sends its requests
        evenly instead of in bursts.
    type: float
    default: 60.0
"""

    OTHERS = r"""
options:
  other_tenants:
    description:
      - Your whole list, if O(tenants) is only a part of it. It needs no keys, and entries whose C(position) is also that of one of
        O(tenants) are ignored. The filter P(tenantlink.stackone.tenants#filter) creates it with
        O(tenantlink.stackone.tenants#filter:without_keys).
      - The accounts of the others are left to them, as in a run over the whole list. If an entry of O(tenants) and one of the others
        mean the same link, the run is refused with C(duplicate_tenant). A tenant that would overwrite an account which one of the
        others takes over (C(previous_origin_owner_id)), unlinks (C(state=absent)) or declares the domain of fails with C(account_claimed).
    type: list
    elements: dict
    version_added: 2.0.0
"""
