#!/usr/bin/python
# Copyright: tenantlink.stackone contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Document the module. The action plugin in plugins/action/report_files.py does all the work."""

from __future__ import annotations

DOCUMENTATION = r"""
module: report_files
short_description: Write a report into files
version_added: 2.0.0
description:
  - Writes the document that P(tenantlink.stackone.report#filter) or P(tenantlink.stackone.merged_reports#filter) made into one or
    more files on the controller. The ending of a file says what is written.
  - V(.html) is a page, V(.csv) a table, V(.json) the document itself, V(.md) a comment for a merge request, V(.xml) test results
    in the format of JUnit, and V(.prom) metrics for Prometheus.
  - Each file is replaced in one step, but not if it holds something else than a report in its format. It can be
    read by its owner only, except metrics, which hold no names and can be read by all.
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
    description: Can run in C(check_mode) and return changed status prediction without modifying anything.
    support: none
    details:
      - The files are written in check mode as well. They then say what a run would do.
  diff_mode:
    description: Will return details on what has changed, when in diff mode.
    support: none
  idempotent:
    description: When run twice in a row outside check mode, with the same arguments, the second run changes nothing.
    support: full
    details:
      - Writing a report never counts as a change.
options:
  document:
    description:
      - The document.
    type: dict
    required: true
  paths:
    description:
      - The files to write.
    type: list
    elements: str
    required: true
  playbook:
    description:
      - The playbook that the metrics name.
    type: str
    default: ""
  host:
    description:
      - The host that the metrics name.
    type: str
    default: localhost
  skip_unusable:
    description:
      - Whether to leave out files with another ending, those in folders that do not exist, and those that hold something else.
    type: bool
    default: false
seealso:
  - plugin: tenantlink.stackone.report
    plugin_type: filter
"""

EXAMPLES = r"""
- name: Link all tenants
  tenantlink.stackone.freshservice_links:
    tenants: "{{ tenants }}"
    stackone_api_key: "{{ stackone_api_key }}"
  register: linked

- name: Write a page and a table
  tenantlink.stackone.report_files:
    document: "{{ linked | tenantlink.stackone.report('Customers', now(utc=true).isoformat(), ansible_check_mode) }}"
    paths:
      - report.html
      - report.csv
"""

RETURN = r"""
paths:
  description: The full paths of the files that were written, also if another one could not be.
  returned: always
  type: list
  elements: str
  sample:
    - /srv/reports/report.html
    - /srv/reports/report.csv
failure:
  description: What went wrong, for programs. See M(tenantlink.stackone.freshservice_link). RV(ignore:msg) says the same for people.
  returned: on failure
  type: dict
  sample:
    code: invalid_argument
    message: "paths: the folder of /srv/reports/report.html does not exist."
    phase: arguments
    tenant: null
    http_status: null
    details: {}
    remediation: ""
    retriable: false
"""
