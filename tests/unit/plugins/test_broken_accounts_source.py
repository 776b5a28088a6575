# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the source broken_accounts takes and refuses before it listens or looks."""

from __future__ import annotations

import asyncio
import contextlib

import pytest
import yaml

from ansible_collections.tenantlink.stackone.extensions.eda.plugins.event_source import account_webhooks
from ansible_collections.tenantlink.stackone.extensions.eda.plugins.event_source import broken_accounts as source
from ansible_collections.tenantlink.stackone.plugins.plugin_utils._events import account_looks as _account_looks
from ansible_collections.tenantlink.stackone.plugins.plugin_utils._events import deliveries as _deliveries
from ansible_collections.tenantlink.stackone.plugins.plugin_utils._events.broken_accounts import BrokenAccount
from tests.support.generate.eda_tables import variables
from tests.support.secret_search import betrayed

KEY, SECRET = "v1.eu1.a-key-of-stackone", "sEcReTofTheWebhook"
GOOD = {"stackone_api_key": KEY, "port": 5010, "secret": SECRET}
OPTIONS = yaml.safe_load(source.DOCUMENTATION)["options"]


def started(args, monkeypatch):
    """Start it with these arguments; where they are good, the first look ends it."""

    class Begun(Exception):
        pass

    async def run(_rounds):
        raise Begun

    monkeypatch.setattr(source.Rounds, "run", run)
    monkeypatch.setattr(source, "served", lambda _settings, _take: source.nullcontext())
    with pytest.raises(Begun):
        asyncio.run(source.main(asyncio.Queue(), args))


@pytest.mark.parametrize(
    "args, words",
    [
        ({"stackone_api_key": ""}, "stackone_api_key is missing"),
        ({"stackone_api_key": None}, "stackone_api_key is missing"),
        ({"secret": ""}, "secret is missing or empty"),
        ({"look_every": 9}, "look_every must be a whole number from 10"),
        ({"look_every": "often"}, "look_every must be a whole number"),
        ({"look_evry": 60}, "unknown arguments: look_evry"),
        ({"port": "", "look_evry": 60}, "unknown arguments: look_evry"),
        ({"backlog": 5}, "unknown arguments: backlog"),
        ({"stackone_url": "http://api.stackone.com"}, "stackone_url"),
        ({"timeout": "soon"}, "timeout"),
        ({"ca_path": "/nowhere/ca.pem"}, "ca_path"),
        ({"path": "stackone"}, "path must begin with a slash"),
    ],
)
def test_what_is_wrong_is_said_before_anything_is_done(args, words, monkeypatch):
    monkeypatch.delenv("STACKONE_API_KEY", raising=False)
    with pytest.raises(ValueError, match=words) as raised:
        asyncio.run(source.main(asyncio.Queue(), {**GOOD, **args}))
    assert KEY not in str(raised.value)
    assert SECRET not in str(raised.value)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    "args",
    [
        GOOD,
        {**GOOD, "port": "5010", "look_every": "60", "stackone_url": "", "proxy": "", "certfile": None},
        {"stackone_api_key": KEY},
        {**GOOD, "port": "", "host": "127.0.0.1", "path": "/x", "provider": "freshservice"},
    ],
)
def test_what_is_good_is_taken(args, monkeypatch):
    started(args, monkeypatch)


def test_its_documentation_has_all_options_with_their_defaults():
    spec = _account_looks.SPEC
    webhooks = yaml.safe_load(account_webhooks.DOCUMENTATION)["options"]
    del webhooks["backlog"]
    assert set(OPTIONS) == {*spec, *webhooks, "look_every"}
    assert {name: OPTIONS[name]["type"] for name in webhooks} == {name: webhooks[name]["type"] for name in webhooks}
    for name, about in spec.items():
        assert OPTIONS[name].get("default") == about.get("default"), name
    assert OPTIONS["look_every"]["default"] == source.LOOK_EVERY_S
    defaults = _deliveries.Settings(1, (b"s",))
    for name in set(webhooks) & set(vars(defaults)) - {"port"}:
        assert OPTIONS[name].get("default") == webhooks[name].get("default") == getattr(defaults, name), name


def test_the_rulebook_sets_options_of_its_source():
    assert {option for option, _default in variables().values()} <= set(OPTIONS)


def test_the_examples_are_valid(monkeypatch):
    for example in yaml.safe_load(source.EXAMPLES):
        (args,) = example.values()
        started({**args, "stackone_api_key": KEY, "secret": SECRET}, monkeypatch)


@pytest.mark.parametrize("secret", [KEY, SECRET])
@pytest.mark.parametrize("between", ["", "\u200b", "\ue000"])
def test_no_event_repeats_a_secret(monkeypatch, secret, between):
    """Whoever names an account can write what he was sent."""
    written = between.join(secret)
    broken = BrokenAccount(account_id="7", origin_owner_id=written, domain=written.swapcase())
    monkeypatch.setattr(source, "served", lambda _settings, _take: source.nullcontext())
    monkeypatch.setattr(source.Rounds, "run", lambda rounds: rounds._hand_over([broken]))
    monkeypatch.setattr("asyncio.sleep", done)
    events = asyncio.Queue()
    asyncio.run(source.main(events, GOOD))
    event = events.get_nowait()
    assert event["payload"]["accounts"][0]["account_id"] == "7"
    assert list(betrayed(event, secret)) == []


@pytest.mark.parametrize("field", ["origin_owner_id", "account_id"])
def test_nor_does_the_event_of_a_webhook(monkeypatch, field):
    @contextlib.asynccontextmanager
    async def served(_settings, take):
        take({"event": "account.updated", field: f"x{SECRET}"})
        yield

    monkeypatch.setattr(account_webhooks, "served", served)
    events = asyncio.Queue()

    async def first():
        serving = asyncio.create_task(account_webhooks.main(events, {"port": 5010, "secret": SECRET}))
        event = await events.get()
        serving.cancel()
        return event

    assert list(betrayed(asyncio.run(first()), SECRET)) == []


async def done(_seconds):
    """Do not wait."""
