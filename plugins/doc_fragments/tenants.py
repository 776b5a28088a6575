# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The options of every module that takes a list of tenants: all take the same list."""

from __future__ import annotations


class ModuleDocFragment:
    """A list of tenants, how it is worked through, and the quota of a long run."""

    DOCUMENTATION = r"""
options:
  tenants:
    description:
      - The tenants. What is not set is left alone.
      - What is wrong with one of them is the failure of that one, with its position; the others are worked on.
      - Two entries that mean the same link, or turn out to mean the same account, are refused before anything is changed.
    type: list
    elements: dict
    required: true
    suboptions:
      domain:
        description:
          - The Freshservice domain, which is V(mycompany) of C(mycompany.freshservice.com).
          - The host name and the URL are understood as well. Anything that is not one label under C(freshservice.com) is refused
            before a key is sent anywhere.
          - Required by M(tenantlink.stackone.freshservice_links) and M(tenantlink.stackone.freshservice_keys_info) when
            O(tenants[].state=present).
        type: str
      api_key:
        description:
          - The API key of an agent of this tenant. Keep it in Ansible Vault.
          - Required by M(tenantlink.stackone.freshservice_links) and M(tenantlink.stackone.freshservice_keys_info) when
            O(tenants[].state=present).
        type: str
      state:
        description:
          - V(present) links the tenant and keeps it as declared.
          - V(absent) unlinks it. With O(tenants[].domain), an account of the same owner with another domain is left alone.
        type: str
        choices: [present, absent]
        default: present
      origin_owner_id:
        description:
          - Your own id of the customer that the account belongs to.
          - Put it in quotes. YAML reads C(0123) as 83, C(1_000) as 1000 and C(12:30:45) as 45045, and nobody can see that
            afterwards. Booleans, decimal numbers, dates, what spreadsheets write in place of ids (C(1.23457E+11), C(#N/A)) and
            invisible characters are refused; white space around an id is removed.
          - Together with O(tenants[].provider), and O(tenants[].domain) where an owner has several accounts, this tells which account is this tenant's.
          - Required by M(tenantlink.stackone.freshservice_links) and M(tenantlink.stackone.auth_links) when
            O(tenants[].state=present). Either this or O(tenants[].account_id) is required when O(tenants[].state=absent).
        type: str
      origin_owner_name:
        description:
          - The customer's name, as StackOne shows it. A new account gets O(tenants[].origin_owner_id) if this is not set.
        type: str
      origin_username:
        description:
          - The user that the account belongs to. A new account gets the agent's e-mail address if this is not set.
        type: str
      label:
        description:
          - The account's label. Where StackOne does not let it be changed on an existing account, a warning says so.
        type: str
      account_type:
        description:
          - The account's type. StackOne makes new accounts V(production) if this is not set.
        type: str
        choices: [production, test]
      account_id:
        description:
          - The id of the account, to pin it where several could be meant.
        type: str
      allow_multiple:
        description:
          - Whether the owner may have several accounts, one for each domain.
          - If V(false), an owner's only account is this tenant's, whatever domain it has now.
        type: bool
        default: false
      allow_shared_domain:
        description:
          - Whether to link O(tenants[].domain) although StackOne has an account of it for another owner.
          - If V(false), M(tenantlink.stackone.freshservice_links) refuses such a new link with C(domain_linked_elsewhere). As a
            rule the owner's id was written differently, and the customer would be linked twice. The other modules do not look
            at the accounts of other owners.
        type: bool
        default: false
        version_added: 1.1.0
      line:
        description:
          - The line of the file that this tenant is from, to be named in messages. P(tenantlink.stackone.tenants#filter) sets it.
        type: int
        version_added: 1.1.0
      position:
        description:
          - The position in a longer list that this tenant was chosen from, to be named in messages.
            P(tenantlink.stackone.to_heal#filter) sets it, and P(tenantlink.stackone.tenants#filter) where it chooses.
        type: int
        version_added: 1.1.0
      integration_id:
        description:
          - The connector profile to link with. If not set, the only active one for O(tenants[].provider), or the default
            one of several.
          - An account that exists already is not moved to another profile.
        type: str
        aliases: [connector_profile_id]
      provider:
        description:
          - StackOne's key of the connector.
        type: str
        default: freshservice
      credential_fields:
        description:
          - Which field of the connector's form takes what. The form is read from StackOne and understood without help as a rule;
            where it cannot be, the module fails and names the form's fields.
        type: dict
        suboptions:
          domain:
            description:
              - The key of the field that takes the domain.
            type: str
          api_key:
            description:
              - The key of the field that takes the API key (the name of the field, not an API key).
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
          - StackOne never gives a stored key back, only its last characters. V(on_drift) sends them where these differ, where the
            stored domain differs, or where the account is not active. Where StackOne shows no characters, a rotated key is noticed
            with O(tenantlink.stackone.freshservice_links#module:fingerprints), else only once the account is no longer active.
          - V(on_doubt) does the same, and sends them also where it is not known whether the stored key is O(tenants[].api_key).
          - V(always) sends them every time, V(on_create) only when the account is linked.
        type: str
        choices: [on_drift, on_doubt, always, on_create]
        default: on_drift
      verify_key:
        description:
          - Whether to check the domain and key at Freshservice before StackOne is touched.
        type: bool
        default: true
      admin_api_key:
        description:
          - The API key of an Account Admin of the same tenant, used only where O(tenants[].api_key) is refused, and only to read the agent's
            record. It settles whether the key is wrong, switched off, or its agent deactivated.
          - Requires O(tenants[].agent_email).
        type: str
      agent_email:
        description:
          - The e-mail address of the agent whose key O(tenants[].api_key) is.
          - Requires O(tenants[].admin_api_key).
        type: str
"""

    RUN = r"""
options:
  concurrency:
    description:
      - How many tenants are worked on at the same time.
    type: int
    default: 64
  stop_after_failures:
    description:
      - Begin no further tenants once so many have failed. If not set, all are tried.
      - Where StackOne refuses its own key, the run ends at once in any case. Where it gives 20 tenants in a row no answer, an
        error of its own or an unexpected answer, the run ends as well; 3 in a row are enough where no answer comes in time.
    type: int
  progress:
    description:
      - Whether to show on standard error, every few seconds, how far the run is. Only where the task runs on the controller as
        the same user, not in the background, and O(progress_path) is not set.
    type: bool
    default: true
    version_added: 1.1.0
  progress_path:
    description:
      - File to which the state of the run is written twice a second, as JSON without names and secrets.
    type: path
"""

    QUOTA = r"""
options:
  requests_per_minute:
    description:
      - How many requests StackOne may get in a minute. Short runs send them as fast as they can, long ones wait for the quota.
      - StackOne allows 1,000 a minute for each API key, and others who use the same key share them. Set less to leave them room,
        or make a key for this alone.
    type: int
    default: 1000
  quota_window:
    description:
      - Seconds over which O(requests_per_minute) is counted, at most 60. With a smaller value the requests of a long run come
        evenly instead of in bursts.
    type: float
    default: 60.0
"""
