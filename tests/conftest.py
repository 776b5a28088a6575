# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""For all tests: a slow machine is not a failure."""

from __future__ import annotations

import pytest
from hypothesis import settings

pytest.register_assert_rewrite("tests.support")

settings.register_profile("steady", deadline=None)
settings.load_profile("steady")
