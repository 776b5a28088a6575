# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the event source decides: signatures, age, replays, and what of a delivery becomes an event. No server is needed."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
import sys

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.tenantlink.stackone.extensions.eda.plugins.event_source import account_webhooks as source
from ansible_collections.tenantlink.stackone.plugins.module_utils._core.times import parse_date
from ansible_collections.tenantlink.stackone.plugins.plugin_utils._events import deliveries as plugin

SECRET, PREVIOUS = "sEcReTofTheWebhook", "sEcReTbefore"
SETTINGS = plugin.settings_from({"port": 5010, "secret": SECRET, "previous_secret": PREVIOUS})
NOW = 1698844231.5
SENT_AT = "2023-11-01T13:10:31.418Z"
# The documented example, with a provider of ours.
PAYLOAD = {
    **{"project_id": "acmeinc-27270", "account_id": "GnQoASvosYhE5wJcmmAQs", "event": "account.updated"},
    **{"event_date": "2023-11-01T13:10:31.408Z", "record_type": "account", "record_id": "GnQoASvosYhE5wJcmmAQs"},
    **{"sent_at": SENT_AT, "provider": "freshservice", "origin_owner_id": "unique-org-identifier"},
    **{"origin_owner_name": "Test organization", "origin_username": "sample-user"},
    "setup_information": {"domain": "companytest"},
}


def body_of(**changes):
    return json.dumps({**PAYLOAD, **changes}).encode()


def signature(body, secret=SECRET):
    """As the documented consumers compute it, by other means than the plugin's own."""
    return base64.urlsafe_b64encode(hmac.new(secret.encode(), body, hashlib.sha256).digest()).decode()


def decide(body, signed=None, memory=None, now=NOW, settings=SETTINGS):
    signed = signature(body) if signed is None else signed
    return plugin.decide(body, signed, settings, plugin.Memory() if memory is None else memory, now)


def test_an_event_holds_what_a_rule_needs():
    names = ("event", "event_date", "sent_at", "account_id", "provider", "origin_owner_id", "origin_owner_name")
    assert decide(body_of()).event == {**{name: PAYLOAD[name] for name in names}, "domain": "companytest"}


def test_what_is_optional_is_empty():
    optional = ("origin_owner_id", "origin_owner_name", "origin_username", "setup_information")
    body = json.dumps({name: value for name, value in PAYLOAD.items() if name not in optional}).encode()
    event = decide(body).event
    assert (event["origin_owner_id"], event["origin_owner_name"], event["domain"]) == ("", "", "")


@pytest.mark.parametrize("secret", [SECRET, PREVIOUS])
@pytest.mark.parametrize("spelling", [str, lambda text: text.rstrip("="), lambda text: f" {text} "])
def test_both_secrets_sign_with_and_without_padding(secret, spelling):
    body = body_of()
    assert decide(body, spelling(signature(body, secret))).event


@pytest.mark.parametrize(
    "signed",
    [
        *("", "=", "x", "é\udcff"),
        signature(b"another body"),
        signature(body_of(), "another secret"),
        signature(body_of(), ""),
        signature(body_of())[:-5],
        signature(body_of()) + "A",
        signature(body_of()).swapcase(),
        hmac.new(SECRET.encode(), body_of(), hashlib.sha256).hexdigest(),
    ],
)
def test_what_is_not_signed_is_refused(signed):
    decision = decide(body_of(), signed)
    assert (decision.status, decision.event) == (401, None)


@given(st.binary(max_size=300), st.text(max_size=80))
def test_a_signature_is_never_found_by_accident(body, signed):
    assert decide(body, signed).status == 401


@given(st.binary(max_size=300))
def test_whatever_is_signed_is_answered(body):
    assert decide(body).status in (200, 400)


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"[]", b'"text"', b"null", b"\xff\xfe", b"[" * 50000, json.dumps([PAYLOAD]).encode()],
    ids=lambda body: body[:8].decode(errors="replace"),
)
def test_only_an_object_is_taken(body):
    assert decide(body) == plugin.Decision(400, "the body is not a JSON object")


@pytest.mark.parametrize("sent_at", [None, "", "yesterday", 1698844231, [], "9999-99-99T00:00:00Z"])
def test_a_delivery_must_say_when_it_was_sent(sent_at):
    assert decide(body_of(sent_at=sent_at)) == plugin.Decision(400, "sent_at is missing or not a time")


@pytest.mark.parametrize("away", [-300, -1, 0, 299, 86400])
def test_within_the_window_it_is_taken(away):
    sent = parse_date(SENT_AT)
    assert decide(body_of(), now=sent + away).event


@pytest.mark.parametrize(
    "away,reason", [(86401, "it was sent 86401 seconds ago"), (-301, "it was sent 301 seconds from now")]
)
def test_beyond_the_window_it_is_refused(away, reason):
    sent = parse_date(SENT_AT)
    assert decide(body_of(), now=sent + away) == plugin.Decision(400, reason)


def test_a_time_without_a_zone_is_utc():
    assert parse_date("2023-11-01T13:10:31") == parse_date("2023-11-01T14:10:31+01:00") == 1698844231


def test_a_replay_makes_no_second_event_however_it_is_signed():
    memory, body = plugin.Memory(), body_of()
    memory.keep(body, NOW + 600, NOW)
    for signed in (signature(body), signature(body).rstrip("="), signature(body, PREVIOUS)):
        assert decide(body, signed, memory) == plugin.Decision(200, "it was received before")
    assert decide(body_of(sent_at="2023-11-01T13:10:32Z"), memory=memory).event


def test_memory_forgets_what_is_too_old_to_be_taken():
    memory = plugin.Memory()
    memory.keep(b"old", 100, now=0)
    memory.keep(b"new", 250, now=100)
    assert memory.has(b"old")
    memory.keep(b"newest", 400, now=101)
    assert [memory.has(body) for body in (b"old", b"new", b"newest")] == [False, True, True]


def test_memory_is_bounded():
    memory = plugin.Memory(limit=2)
    for body in (b"first", b"second", b"third"):
        memory.keep(body, 100, now=0)
    assert [memory.has(body) for body in (b"first", b"second", b"third")] == [False, True, True]


def test_remembering_costs_the_same_however_much_is_remembered():
    """Counted in steps of the interpreter, which no clock and no other process changes."""
    memory, few = plugin.Memory(), 10
    costs = [steps_of(lambda number=number: memory.keep(b"%d" % number, 1e9, now=0)) for number in range(2000)]
    assert max(costs[few:]) <= max(costs[:few])
    assert steps_of(lambda: memory.keep(b"new", 2e9, now=1.5e9)) > max(costs)


def steps_of(call):
    count = 0

    def trace(frame, event, _argument):
        nonlocal count
        if frame.f_code.co_filename != plugin.__file__:
            return None
        frame.f_trace_opcodes = True
        count += event == "opcode"
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        call()
    finally:
        sys.settrace(before)
    return count


@pytest.mark.parametrize(
    "changes,reason",
    [
        *(({"provider": other}, "it is about another provider") for other in ("hubspot", None)),
        *(({"event": each}, "it is not about an account") for each in ("hris_employees.updated", ["account.updated"])),
    ],
)
def test_what_is_not_meant_is_answered_and_makes_no_event(changes, reason):
    assert decide(body_of(**changes)) == plugin.Decision(200, reason)


def test_the_provider_has_no_letter_case():
    settings = plugin.settings_from({"port": 1, "secret": SECRET, "provider": "FreshService"})
    assert decide(body_of(provider="FRESHSERVICE"), settings=settings).event


@pytest.mark.parametrize(
    "value,shown",
    [
        ("plain - text_1", "plain - text_1"),
        (4711, "4711"),
        *((other, "") for other in (None, True, ["a"], {"a": 1})),
        ("a\x1b[31mb\r\nc\x00\u202ed\u200be", "a[31mbcde"),
        ("{{ 1 }}", "{ { 1 }}"),
        ("{{{ 1 }}}", "{ { { 1 }}}"),
        ("{% raw %}{# x #}", "{ % raw %}{ # x #}"),
        ("{\x00{ 1 }}", "{ { 1 }}"),
        ("x" * 1000, "x" * 256),
    ],
)
def test_texts_are_harmless(value, shown):
    assert plugin.harmless(value) == shown


@given(st.text(st.sampled_from("{%#}\x00\u200b a"), max_size=300))
def test_no_text_is_a_template(text):
    shown = plugin.harmless(text)
    assert not re.search(r"\{[{%#]", shown)
    assert len(shown) <= 256
    assert plugin.harmless(shown) == shown


@pytest.mark.parametrize(
    "stored,domain",
    [
        ({"domain": "acme"}, "acme"),
        ({"domain": "Acme.freshservice.com"}, "acme"),
        ({"domain": "https://acme.freshservice.com/"}, "acme"),
        ({"domain": " acme "}, "acme"),
        *(({"domain": other}, "") for other in ("acme.example.com", "acme.freshservice.com.example", "", ["acme"])),
        ("acme", ""),
    ],
)
def test_the_domain_is_bare(stored, domain):
    assert decide(body_of(setup_information=stored)).event["domain"] == domain


@pytest.mark.parametrize("secret", ["", "  ", None])
@pytest.mark.parametrize("previous", [None, PREVIOUS])
def test_without_a_secret_nothing_starts(secret, previous):
    with pytest.raises(ValueError, match="secret is missing or empty"):
        plugin.settings_from({"port": 5010, "secret": secret, "previous_secret": previous})


@pytest.mark.parametrize(
    "args,message",
    [
        ({"port": None}, "port is missing"),
        ({"port": "http"}, "port must be a whole number"),
        ({"port": 0}, "port must be a whole number"),
        ({"max_age": -1}, "max_age must be a whole number"),
        ({"max_age": True}, "max_age must be a whole number"),
        ({"max_body": "64k"}, "max_body must be a whole number"),
        ({"path": "stackone"}, "path must begin with a slash"),
        ({"path": "/health"}, "path must begin with a slash, and cannot be /health"),
        ({"port": 65536}, "port must be at most 65535"),
        ({"previous_secret": "{{ stackone_webhook_secret }}"}, "secret is a template that was not filled in"),
        ({"keyfile": "key.pem"}, "keyfile needs certfile"),
        ({"path": 5010}, "path must begin with a slash"),
        ({"host": ["0.0.0.0"]}, "host must be a text"),
        ({"secret": [SECRET]}, "secret must be a text"),
        ({"previous_secret": {"a": SECRET}}, "previous_secret must be a text"),
        ({"max_agee": 1, "hosts": "x"}, "unknown arguments: hosts, max_agee"),
        ({"secrets": [SECRET]}, "unknown arguments: secrets"),
    ],
)
def test_wrong_arguments_are_said_without_the_secret(args, message):
    with pytest.raises(ValueError, match=message) as error:
        plugin.settings_from({"port": 5010, "secret": SECRET, **args})
    assert SECRET not in str(error.value)


def test_a_secret_of_digits_has_become_a_number_and_works():
    settings = plugin.settings_from({"port": "5010", "secret": 12345678, "previous_secret": ""})
    assert (settings.port, settings.secrets) == (5010, (b"12345678",))


def test_what_is_empty_is_not_set():
    """An empty host would mean every address of the machine."""
    names = ("host", "path", "provider", "max_age", "certfile", "keyfile", "password", "previous_secret")
    plain = {"port": 1, "secret": SECRET}
    assert plugin.settings_from({**plain, **dict.fromkeys(names, "")}) == plugin.settings_from(plain)


def test_settings_do_not_show_the_secret():
    settings = plugin.settings_from({"port": 1, "secret": SECRET, "certfile": "c", "password": "pAsSwOrD"})
    assert SECRET not in repr(settings)
    assert "pAsSwOrD" not in repr(settings)


def test_the_options_are_documented_as_they_are():
    options = yaml.safe_load(source.DOCUMENTATION)["options"]
    fields = dict(plugin.Settings.__dataclass_fields__)
    assert set(options) == (set(fields) - {"secrets"}) | {"secret", "previous_secret"}
    assert {name for name, about in options.items() if about.get("required")} == {"port", "secret"}
    for name in set(options) & set(fields) - {"port"}:
        assert options[name].get("default") == fields[name].default, name
    assert plugin.settings_from({name: about.get("default") or "7" for name, about in options.items()} | {"path": "/a"})
    for task in yaml.safe_load(source.EXAMPLES):
        (args,) = task.values()
        assert set(args) <= set(options)
