# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the tests of the Hub client share."""

from __future__ import annotations

import pytest

from ansible_collections.tenantlink.stackone.plugins.module_utils._clients.stackone import SessionRequest
from ansible_collections.tenantlink.stackone.plugins.module_utils._core.failure import Failed

HTML = "<html>Please log in</html>"
NEW = SessionRequest("freshservice", "1", "1")


def failed(call, *args):
    with pytest.raises(Failed) as caught:
        call(*args)
    return caught.value.failure
