#!/usr/bin/python
# Copyright: tenantlink.stackone contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Document the module. The action plugin in plugins/action/vault_keys.py does all the work."""

from __future__ import annotations

DOCUMENTATION = r"""
module: vault_keys
short_description: Copy API keys from a CSV file into an encrypted variables file
version_added: 2.0.0
description:
  - Creates or updates a variables file that is encrypted as a whole, with the keys of a CSV file in the variable
    C(freshservice_link_api_keys). The playbook C(tenantlink.stackone.vault_keys) is this task with a prompt for the password.
  - Only the lines of those keys change. Comments, the order of lines and the notation of other values are kept, and so are the
    file's vault ID, mode and owner, and a symbolic link to it. A new file gets the mode 0600.
  - The file is locked during the task, so that two runs at the same time lose nothing. The second one waits for O(lock_timeout),
    then fails. If C(ansible-vault edit) or another program writes the file at the same time, its changes are not overwritten.
  - The file is replaced in one step. A run that is killed leaves either the old file or the new one.
  - A file whose keys cannot be changed as text without a risk to the rest is refused, with the reason.
  - No key appears in a result, an argument or a temporary file, and no key is written unencrypted.
author:
  - tenantlink.stackone contributors (@tenantlink)
attributes:
  action:
    description: Has an action plugin, which does all the work on the controller.
    support: full
  async:
    description: Can be run with C(async).
    support: none
  check_mode:
    description: Can run in C(check_mode) and return changed status prediction without modifying the file.
    support: full
  diff_mode:
    description: Will return details on what has changed, when in diff mode.
    support: none
    details:
      - A diff would show keys.
  idempotent:
    description: When run twice in a row outside check mode, with the same arguments, the second run changes nothing.
    support: full
options:
  keys_file:
    description:
      - The CSV file, in the format that P(tenantlink.stackone.api_keys#filter) reads. It may be encrypted, if Ansible was given its
        password.
    type: str
    required: true
  vault_file:
    description:
      - The encrypted file of variables. It is created if it does not exist. Its folder must exist.
    type: str
    required: true
  password:
    description:
      - The password of O(vault_file).
      - Either this or O(password_file) is required.
    type: str
  password_file:
    description:
      - File that contains the password of O(vault_file). It must not be a script.
    type: str
  replace:
    description:
      - Whether to remove the keys that the CSV file does not contain.
    type: bool
    default: false
  lock_timeout:
    description:
      - Seconds to wait for another run that has locked O(vault_file).
    type: float
    default: 60.0
seealso:
  - plugin: tenantlink.stackone.api_keys
    plugin_type: filter
  - plugin: tenantlink.stackone.vaulted_api_keys
    plugin_type: filter
"""

EXAMPLES = r"""
- name: Copy the keys into the encrypted variables
  tenantlink.stackone.vault_keys:
    keys_file: keys.csv
    vault_file: group_vars/all/vault.yml
    password_file: ~/.vault-password
  delegate_to: localhost
"""

RETURN = r"""
total:
  description: How many keys the file contains now, or would contain in check mode.
  returned: success
  type: int
  sample: 3
added:
  description: How many of them are new.
  returned: success
  type: int
  sample: 1
replaced:
  description: How many of them replaced another key.
  returned: success
  type: int
  sample: 1
unchanged:
  description: How many of them were in the file already and did not change.
  returned: success
  type: int
  sample: 1
removed:
  description: How many keys were removed.
  returned: success
  type: int
  sample: 0
keys_in_clear:
  description: Whether the CSV file contains the keys unencrypted. If so, delete it now.
  returned: success
  type: bool
  sample: true
failure:
  description: What went wrong, for programs. See M(tenantlink.stackone.freshservice_link). RV(ignore:msg) says the same for people.
  returned: on failure
  type: dict
  sample:
    code: invalid_argument
    message: vault_file is not encrypted.
    phase: arguments
    tenant: null
    http_status: null
    details: {}
    remediation: ""
    retriable: false
"""
