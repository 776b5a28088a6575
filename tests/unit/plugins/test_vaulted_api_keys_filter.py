# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The filter that merges new keys into an encrypted file."""

from __future__ import annotations

import pytest
import yaml
from ansible.parsing.vault import VaultLib, VaultSecret
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from tests.support.collection import ROOT
from tests.support.tenant_lists import KEYS, LABELS, SECRET, vaulted_api_keys

VARIABLE = "freshservice_link_api_keys"


def encrypt(content, password="password", vault_id="default"):
    text = content if isinstance(content, str) else yaml.safe_dump(content, sort_keys=False)
    secret = VaultSecret(password.encode())
    return VaultLib([(vault_id, secret)]).encrypt(text, secret, vault_id=vault_id).decode()


def decrypt(content, password="password"):
    return yaml.safe_load(VaultLib([("default", VaultSecret(password.encode()))]).decrypt(content))


def counts(result):
    return tuple(result[name] for name in ("total", "added", "changed", "unchanged", "removed"))


TWO = "domain,api_key\nacme,FIRST-KEY\nglobex,SECOND-KEY\n"
BOTH = {"acme": "FIRST-KEY", "globex": "SECOND-KEY"}
OTHER = {"other": "x", VARIABLE: BOTH}
SOME_OF_EACH = {"a": [1, {"b": None}], VARIABLE: {"kept": "K", "acme": "OLD"}, "z": True}
MERGES = {
    "no file": ("", False, {VARIABLE: BOTH}, (2, 2, 0, 0, 0)),
    "an empty file": (" \n", False, {VARIABLE: BOTH}, (2, 2, 0, 0, 0)),
    "an encrypted empty file": (encrypt("---\n"), False, {VARIABLE: BOTH}, (2, 2, 0, 0, 0)),
    "no keys in it": (encrypt({"other": "x", VARIABLE: None}), False, OTHER, (2, 2, 0, 0, 0)),
    "all the same": (encrypt({VARIABLE: {"globex": "SECOND-KEY", "acme": "FIRST-KEY"}}), False, None, (2, 0, 0, 2, 0)),
    "all the same, and more": (encrypt({VARIABLE: {"x": "K", **BOTH}}), False, None, (3, 0, 0, 3, 0)),
    "some of each": (
        encrypt(SOME_OF_EACH),
        False,
        {**SOME_OF_EACH, VARIABLE: {"kept": "K", **BOTH}},
        (3, 1, 1, 1, 0),
    ),
    "replaced": (encrypt({**OTHER, VARIABLE: {"gone": "K", "acme": "FIRST-KEY"}}), True, OTHER, (2, 1, 0, 1, 1)),
    "replaced, one gone": (encrypt({VARIABLE: {"gone": "K", **BOTH}}), True, {VARIABLE: BOTH}, (2, 0, 0, 2, 1)),
    "another spelling": (
        encrypt({VARIABLE: {"Acme.freshservice.com": "OLD", "globex": "SECOND-KEY"}}),
        False,
        {VARIABLE: {"Acme.freshservice.com": "FIRST-KEY", "globex": "SECOND-KEY"}},
        (2, 0, 1, 1, 0),
    ),
}


@pytest.mark.parametrize(("existing", "replace", "expected", "numbers"), MERGES.values(), ids=MERGES)
def test_keys_are_merged(existing, replace, expected, numbers):
    result = vaulted_api_keys(TWO, "password", existing, replace)
    assert result["problem"] == ""
    assert counts(result) == numbers
    if expected is None:
        assert result["content"] == ""
        return
    assert result["content"].startswith("$ANSIBLE_VAULT;1.1;AES256\n")
    assert decrypt(result["content"]) == expected
    assert list(decrypt(result["content"])) == list(expected)
    assert vaulted_api_keys(TWO, "password", result["content"], replace)["content"] == ""


def test_a_number_as_the_owner_is_found():
    result = vaulted_api_keys(
        "origin_owner_id,api_key\n4711,FIRST-KEY\n", "password", encrypt({VARIABLE: {4711: "OLD"}})
    )
    assert decrypt(result["content"]) == {VARIABLE: {4711: "FIRST-KEY"}}
    assert counts(result) == (1, 0, 1, 0, 0)


@pytest.mark.parametrize("value", ["!vault |\n  31", "!!python/object/apply:os.getcwd []", "0123 # a number"])
def test_other_values_stay_as_they_are_written(value):
    """Tags are not evaluated: what a safe loader would refuse is kept as well."""
    result = vaulted_api_keys(TWO, "password", encrypt(f"other: {value}\n{VARIABLE}:\n  acme: FIRST-KEY\n"))
    clear = VaultLib([("default", VaultSecret(b"password"))]).decrypt(result["content"]).decode()
    assert clear == f'other: {value}\n{VARIABLE}:\n  acme: FIRST-KEY\n  globex: "SECOND-KEY"\n'
    assert counts(result) == (2, 1, 0, 1, 0)


def test_a_byte_order_mark_before_the_header_goes():
    """Ansible itself does not open such a file."""
    existing = encrypt({VARIABLE: BOTH})
    result = vaulted_api_keys(TWO, "password", "\ufeff" + existing)
    assert result["content"].startswith("$ANSIBLE_VAULT;")
    assert decrypt(result["content"]) == decrypt(existing)


def test_each_spelling_of_a_domain_gets_the_key():
    """Two entries of one domain with different keys would be refused by the next run."""
    existing = encrypt({VARIABLE: {"Acme": "OLD", "acme.freshservice.com": "OLD"}})
    result = vaulted_api_keys(TWO, "password", existing)
    assert set(decrypt(result["content"])[VARIABLE].values()) == {"FIRST-KEY", "SECOND-KEY"}


def test_a_vault_id_is_kept():
    existing = encrypt({"other": "x"}, vault_id="prod")
    assert existing.startswith("$ANSIBLE_VAULT;1.2;AES256;prod\n")
    result = vaulted_api_keys(TWO, "password", existing)
    assert result["content"].startswith("$ANSIBLE_VAULT;1.2;AES256;prod\n")
    assert decrypt(result["content"])["other"] == "x"


@pytest.mark.parametrize("password", ["pässwörd", "{{ password }}", "[1]", "' \"", "x" * 500])
def test_any_password(password):
    content = vaulted_api_keys(TWO, password)["content"]
    assert decrypt(content, password) == {VARIABLE: BOTH}


BAD_VAULTS = {
    "another password": (encrypt({"a": SECRET}, "other"), ["password does not open it"]),
    "damaged": (encrypt({"a": SECRET})[:-9], ["password does not open it, or the file is damaged"]),
    "in clear": (f"a: {SECRET}\n", ["not encrypted", "ansible-vault encrypt"]),
    "no YAML": (encrypt(f"a: 1\nb: '{SECRET}\n"), ["line 3 of its content", "not valid YAML"]),
    "a control character": (encrypt(f"a: {SECRET}\x00\n"), ["its content is not valid YAML"]),
    "a list": (encrypt([SECRET]), ["something other than variables", "ansible-vault edit"]),
    "text": (encrypt(SECRET), ["something other than variables", "ansible-vault edit"]),
    "keys in a list": (encrypt({VARIABLE: [SECRET]}), [VARIABLE, "a dictionary"]),
}


@pytest.mark.parametrize(("existing", "words"), BAD_VAULTS.values(), ids=BAD_VAULTS)
def test_a_file_that_cannot_be_updated(existing, words):
    result = vaulted_api_keys(TWO, "password", existing)
    assert list(result) == ["problem"]
    for word in ["vault_file: ", *words]:
        assert word in result["problem"], result
    assert SECRET not in result["problem"]
    assert "\n" not in result["problem"]


SCALARS = st.one_of(
    st.none(), st.booleans(), st.integers(), st.text(max_size=20), st.dates(), st.floats(allow_nan=False)
)
VALUES_OF_VARIABLES = st.recursive(SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(LABELS, inner, max_size=3), max_leaves=6)  # fmt: skip


@settings(max_examples=25, deadline=None)
@given(st.dictionaries(LABELS, VALUES_OF_VARIABLES, max_size=4), st.dictionaries(LABELS, KEYS, min_size=1, max_size=4))
def test_whatever_else_the_file_holds_is_kept(others, keys):
    # What YAML itself does not keep is no business of ours.
    text = yaml.safe_dump(others, allow_unicode=True)
    try:
        assume(yaml.safe_load(text) == others)
    except yaml.YAMLError:
        assume(False)
    csv_text = "domain,api_key\n" + "".join(f"{label},{key}\n" for label, key in keys.items())
    result = vaulted_api_keys(csv_text, "password", encrypt(text))
    assert decrypt(result["content"]) == {**others, VARIABLE: keys}


def test_the_result_is_documented_as_it_is():
    about = yaml.safe_load((ROOT / "plugins" / "filter" / "vaulted_api_keys.yml").read_text())["RETURN"]["_value"]
    assert list(about["contains"]) == list(vaulted_api_keys(TWO, "password"))
