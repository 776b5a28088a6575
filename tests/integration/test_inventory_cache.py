# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The inventory plugin's cache: what it saves, who reads it, and what it is worth when somebody changed it."""

from __future__ import annotations

import hashlib
import json
import stat

import pytest

from tests.emulator.handle import Emulator
from tests.integration.inventories import listing, play, requests_of, source

MANY = 5000
KEY_OF_MANY = "AKeyThatManyAccountsStore"


def cached(runner, name="stackone.yml", folder="cache", **options):
    place = str(runner.folder / folder)
    return source(runner, name, cache=True, cache_plugin="jsonfile", cache_connection=place, **options)


def test_the_cache(runner, accounts):
    inventory = cached(runner)
    first = listing(runner, inventory)
    assert (len(first.hosts), requests_of(runner)) == (4, 1)
    runner.emulator.remove_account(accounts["off"]["id"])
    again = listing(runner, inventory)
    assert (again.hosts, requests_of(runner)) == (first.hosts, 0)
    # Before 2.19, ansible-inventory has no such option.
    assert (play(runner, inventory, {"hosts": "all"}, args=["--flush-cache"]).code, requests_of(runner)) == (0, 1)
    fresh = listing(runner, inventory)
    assert (len(fresh.hosts), requests_of(runner)) == (3, 0)
    # Another project's key must not be given this project's accounts.
    other = runner.emulator.key()
    runner.known.add(other)
    assert (listing(runner, inventory, STACKONE_API_KEY=other).code, requests_of(runner)) == (0, 1)
    # What decides which accounts are listed is another entry; what does not is not.
    narrower = listing(runner, cached(runner, statuses=["error"]), STACKONE_API_KEY=other)
    assert (set(narrower.hosts), requests_of(runner)) == ({"customer-2"}, 1)
    renamed = listing(runner, cached(runner, hostnames=["domain"], group="g", retries=2), STACKONE_API_KEY=other)
    assert (set(renamed.hosts), requests_of(runner)) == ({"acme", "globex", "hooli"}, 0)
    assert_no_hash(runner, other)


def mode(path):
    return stat.S_IMODE(path.stat().st_mode)


def test_nobody_else_reads_the_cache(runner, accounts):
    """It holds what customers are called."""
    own, shared = runner.folder / "own" / "listings", runner.folder / "shared"
    shared.mkdir(mode=0o755)
    for place in (own, shared):
        assert listing(runner, cached(runner, folder=place)).code == 0
        (path,) = place.iterdir()
        assert mode(path) == 0o600
        assert mode(place) == (0o700 if place == own else 0o755)
        # As an older version has left it.
        path.chmod(0o644)
        assert listing(runner, cached(runner, folder=place)).code == 0
        assert mode(path) == 0o600
    assert requests_of(runner) == 2
    assert mode(own.parent) == 0o700


def assert_no_hash(runner, *keys):
    """The cache does not tell the keys: runner searches for them, this for what comes from a key alone."""
    files = [path for path in (runner.folder / "cache").rglob("*") if path.is_file()]
    assert len(files) == 2
    left = b"".join(path.name.encode() + path.read_bytes() for path in files)
    for key in (runner.emulator.stackone_api_key, *keys):
        for name in ("md5", "sha1", "sha256", "sha512"):
            assert hashlib.new(name, key.encode()).hexdigest()[:12].encode() not in left


def test_a_cache_that_is_not_ours(runner, accounts):
    """Damaged, empty, of another kind, or with an account that StackOne never listed: each is listed again."""
    contents = {
        "binary": b"\xff\x00\x80", "cut": None, "empty": b"", "list": b"[1, 2]",
        "object": b'{"accounts": [{"id": "1"}], "salt": "", "seal": ""}', "null": b"null", "changed": None,
    }  # fmt: skip
    files = {name: cached(runner, f"{name}.stackone.yml", name, group=name) for name in contents}
    assert listing(runner, *files.values()).code == 0
    assert requests_of(runner) == len(contents)
    for name, content in contents.items():
        (entry,) = (runner.folder / name).iterdir()
        whole = entry.read_bytes()
        assert b"customer-2" in whole
        entry.write_bytes(
            {"cut": whole[:-20], "changed": whole.replace(b"customer-2", b"customer-9")}.get(name, content)
        )
    found = listing(runner, *files.values())
    assert found.code == 0, found.output
    assert "customer-9" not in found.hosts
    for name in contents:
        assert found.group(name) == {"customer-1_acme", "customer-1_globex", "customer-2", "4711"}, (name, found.output)
    assert requests_of(runner) == len(contents)
    assert listing(runner, *files.values()).hosts == found.hosts
    assert requests_of(runner) == 0


@pytest.fixture(scope="module")
def numbered(tmp_path_factory):
    """An emulator with very many accounts, every tenth of them in error."""
    accounts = [
        {
            "origin_owner_id": f"customer-{number}",
            "domain": f"d{number}",
            "api_key": KEY_OF_MANY,
            "status": "active" if number % 10 else "error",
        }
        for number in range(MANY)
    ]
    scenario = tmp_path_factory.mktemp("scenario") / "many.yml"
    scenario.write_text(json.dumps({"accounts": accounts}))
    with Emulator("--scenario", str(scenario)) as running:
        yield running


def test_very_many_accounts(many):
    """One request a page and the two that paging needs; from the cache none at all."""
    many.known.add(KEY_OF_MANY)
    inventory = cached(many, keyed_groups=[{"key": "stackone_status", "prefix": "status"}])
    first = listing(many, inventory)
    assert first.code == 0, first.output
    assert len(first.hosts) == MANY
    assert len(first.group("status_error")) == MANY // 10
    assert first.hosts["customer-4711"]["stackone_domain"] == "d4711"
    assert len(many.emulator.requests(caller="client")) <= MANY // 100 + 2
    many.emulator.clear_requests()
    again = listing(many, inventory, show=("--host", "customer-4711"))
    assert again.data == first.hosts["customer-4711"]
    assert requests_of(many) == 0
