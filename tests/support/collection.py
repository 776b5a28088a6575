# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the collection under test is, and the full names of its modules."""

from __future__ import annotations

import os
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
COLLECTIONS = Path(os.environ.get("TENANTLINK_COLLECTIONS", ROOT / ".collections")).absolute()
"""This tree, or an installed artifact (`python -m tests.artifact`)."""
PLAYBOOKS = COLLECTIONS / "ansible_collections" / "tenantlink" / "stackone" / "playbooks"

MODULE = LINK = "tenantlink.stackone.freshservice_link"
LINKS = "tenantlink.stackone.freshservice_links"
KEY_INFO = "tenantlink.stackone.freshservice_key_info"
KEYS_INFO = "tenantlink.stackone.freshservice_keys_info"
AUTH_LINK = "tenantlink.stackone.auth_link"
AUTH_LINKS = "tenantlink.stackone.auth_links"
ACCOUNT_INFO = "tenantlink.stackone.account_info"
