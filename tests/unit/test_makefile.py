# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The Makefile and the script of CI call what exists, and the help lists the parts that a target has."""

from __future__ import annotations

import re
from importlib.util import find_spec

import pytest

from tests.support.collection import ROOT

MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")
CALLED = sorted(set(re.findall(r"-m (tests[\w.]*)", MAKEFILE)))
NEEDED = {
    name: needed.split()
    for names, needed in re.findall(r"^([a-z][a-z -]*):([^=\n]*)$", MAKEFILE, re.MULTILINE)
    for name in names.split()
}
"""What each target needs."""


@pytest.mark.parametrize("module", CALLED)
def test_every_module_that_is_called_exists(module):
    assert find_spec(module)


@pytest.mark.parametrize("target", ["test", "test-all"])
def test_the_help_lists_all_parts(target):
    (parts,) = re.findall(rf"Parts of {target}: +([^\"]+)\"", MAKEFILE)
    assert parts.split() == NEEDED[target]


def test_every_target_that_is_not_a_file_is_phony():
    (phony,) = re.findall(r"^\.PHONY: (.+)$", MAKEFILE, re.MULTILINE)
    assert set(phony.split()) == set(NEEDED)
