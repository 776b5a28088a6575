# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A run may open as many files as its workers need, as far as the machine lets it."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.support.collection import COLLECTIONS

CODE = """
import resource, sys
from ansible_collections.tenantlink.stackone.plugins.module_utils._core.open_files import allow_open_files
soft, hard, workers = map(int, sys.argv[1:])
resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
allow_open_files(workers)
print(*resource.getrlimit(resource.RLIMIT_NOFILE))
"""


@pytest.mark.parametrize(
    ("soft", "hard", "workers", "found"),
    [(64, 4096, 64, "612 4096"), (64, 300, 64, "300 300"), (700, 4096, 64, "700 4096"), (64, 4096, 1, "108 4096")],
)
def test_the_own_limit_is_raised(soft, hard, workers, found):
    command = [sys.executable, "-c", CODE, str(soft), str(hard), str(workers)]
    done = subprocess.run(command, env={"PYTHONPATH": str(COLLECTIONS)}, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == found
