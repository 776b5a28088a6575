# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the tests of the filters that read tenants and keys share: a secret, texts at random, and how a refusal is read."""

from __future__ import annotations

import re

import pytest
from ansible.errors import AnsibleFilterError
from hypothesis import strategies as st

from ansible_collections.tenantlink.stackone.plugins.filter import api_keys as api_keys_plugin
from ansible_collections.tenantlink.stackone.plugins.filter import tenants as tenants_plugin
from ansible_collections.tenantlink.stackone.plugins.filter import vaulted_api_keys as vaulted_plugin

tenants = tenants_plugin.tenants
api_keys = api_keys_plugin.api_keys
vaulted_api_keys = vaulted_plugin.vaulted_api_keys
SECRET = "sEcReT0fACustomer99x"

LABELS = st.from_regex(re.compile(r"[a-z]([a-z0-9]{0,20})"), fullmatch=True)
KEYS = st.from_regex(re.compile(r"[A-Za-z0-9]{8,32}"), fullmatch=True)


def refused(call, *args, **kwargs):
    """The one line that it fails with. It never holds the secret."""
    with pytest.raises(AnsibleFilterError) as caught:
        call(*args, **kwargs)
    message = str(caught.value)
    assert SECRET not in message
    assert SECRET.lower() not in message
    assert "\n" not in message
    return message
