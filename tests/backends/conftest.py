# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the tests of secret stores share with those of the playbooks, and the stores."""

from __future__ import annotations

import pytest

from tests.support.playbook_fixtures import emulator, runner
from tests.support.programs import needed

from .stores import Aws, Pass

__all__ = ["aws", "emulator", "passwords", "runner"]


@pytest.fixture
def aws():
    needed("moto")
    with Aws.opened() as opened:
        yield opened


@pytest.fixture
def passwords():
    needed("pass", "gpg")
    with Pass.opened() as opened:
        yield opened
