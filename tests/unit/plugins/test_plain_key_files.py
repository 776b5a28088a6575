# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A file is said to hold keys only if it does: the advice is to encrypt it."""

from __future__ import annotations

import pytest

from ansible_collections.tenantlink.stackone.plugins.plugin_utils._keys.plain_files import plain_files

HELD = "domain,api_key\nacme,Sekret7Key9Of1Acme\n"


@pytest.mark.parametrize(
    ("content", "named"),
    [
        (HELD, True),
        ("\ufeff" + HELD, True),
        ("domain,origin_owner_id\nacme,1\n", False),
        ("acme: Sekret7Key9Of1Acme\n", False),
        ("domain,api_key\n", False),
        ("", False),
        ("$ANSIBLE_VAULT;1.1;AES256\n6162\n", False),
    ],
)
def test_a_named_file_is_one_of_keys_or_not(tmp_path, content, named):
    path = tmp_path / "keys.csv"
    path.write_text(content, encoding="utf-8")
    assert plain_files([str(path)], []) == ([str(path)] if named else [])


def test_a_file_that_is_not_text_or_not_there_is_not_named(tmp_path):
    (tmp_path / "keys.csv").write_bytes(b"\xff\xfe,\x00")
    assert plain_files([str(tmp_path / "keys.csv"), str(tmp_path / "none.csv")], []) == []
