# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The Hub client: which form it reads, and what it says if there is none."""

from __future__ import annotations

import pytest

from ansible_collections.tenantlink.stackone.plugins.module_utils._clients.hub import AccountView, session_refused
from ansible_collections.tenantlink.stackone.plugins.module_utils._clients.stackone import ConnectSession
from ansible_collections.tenantlink.stackone.plugins.module_utils._core.failure import FailureCode
from tests.support.hub_client import HTML, NEW, failed
from tests.support.services_in_memory import FIELDS, answers, breaks, refuses

MISSING = {"statusCode": 404, "message": "Cannot GET /hub/settings"}


def profile(name, **more):
    return {"integration_id": name, "provider": "freshservice", "name": name.upper(), "active": True, **more}


class TestForm:
    def test_it_is_read_from_the_only_profile(self, services, hub, session):
        form = hub.form(lambda: session, "freshservice", None)
        assert form.integration_id == "p1"
        assert [field.key for field in form.fields] == ["domain", "apiKey"]
        requests = services.requests("GET", "/hub/.*")
        assert [request.url.partition(".com")[2] for request in requests] == [
            "/hub/connectors?provider=freshservice",
            "/hub/connectors/p1",
        ]
        for request in requests:
            assert request.headers == {"x-hub-session-token": session.token, "x-hub-version": "1.11.4"}

    def test_it_is_read_once_for_all(self, services, hub, session):
        other = services.factory.clients().hub
        assert hub.form(lambda: session, "freshservice", None) is other.form(None, "FreshService", None)
        assert len(services.requests("GET", "/hub/.*")) == 2
        hub.form(lambda: session, "freshservice", "p1")
        assert len(services.requests("GET", "/hub/.*")) == 4

    def test_a_failure_that_stays_is_remembered(self, services, hub, session):
        services.profiles.clear()
        first = failed(hub.form, lambda: session, "freshservice", None)
        assert first.code is FailureCode.CONNECTOR_PROFILE_MISSING
        assert failed(hub.form, None, "freshservice", None) == first
        assert len(services.requests("GET", "/hub/.*")) == 1

    def test_so_is_one_that_passes(self, services, hub, session):
        """Each tenant would ask again, and wait for the answers of all before it."""
        services.on("GET", "/hub/connectors", refuses(503))
        codes = [failed(hub.form, lambda: session, name, None).code for name in ("freshservice", "FreshService")]
        assert codes == [FailureCode.STACKONE_UNAVAILABLE] * 2
        assert len(services.requests("GET", "/hub/.*")) == 1

    @pytest.mark.parametrize("spoiled", ["POST /connect_sessions", "GET /hub/connectors"])
    def test_what_stackone_has_against_one_tenant_fails_no_other(self, services, hub, spoiled):
        """A name that it does not take, or a session that its Hub does not."""
        services.on(*spoiled.split(), refuses(403 if "hub" in spoiled else 400, "origin_owner_name is too long"))
        stackone = services.factory.clients().stackone
        failure = failed(hub.form, lambda: stackone.open_session(NEW), "freshservice", None)
        assert failure.code in (FailureCode.SESSION_REFUSED, FailureCode.STACKONE_REJECTED)
        assert hub.form(lambda: stackone.open_session(NEW), "freshservice", None).integration_id == "p1"

    @pytest.mark.parametrize(
        ("profiles", "declared", "expected"),
        [
            ([profile("p1"), profile("p2")], "p2", "p2"),
            ([profile("p1", active=False), profile("p2")], None, "p2"),
            ([profile("p1"), profile("p2", default=True)], None, "p2"),
            ([profile("p1", active=None)], "p1", "p1"),
            ([profile("a/b"), profile("p1")], None, "p1"),
        ],
    )
    def test_which_profile_is_taken(self, services, hub, session, profiles, declared, expected):
        services.profiles = profiles
        assert hub.form(lambda: session, "freshservice", declared).integration_id == expected

    @pytest.mark.parametrize(
        ("profiles", "declared", "named"),
        [
            ([], None, []),
            ([profile("p1")], "p2", ["p1"]),
            ([profile("p1", active=False)], "p1", []),
            ([profile("p1"), profile("p2")], None, ["p1", "p2"]),
        ],
    )
    def test_where_none_can_be_taken_those_that_there_are_are_named(
        self, services, hub, session, profiles, declared, named
    ):
        services.profiles = profiles
        failure = failed(hub.form, lambda: session, "freshservice", declared)
        assert failure.code is FailureCode.CONNECTOR_PROFILE_MISSING
        assert failure.details["connector_profile_ids"] == named
        assert "freshservice" in failure.message or "p1" in failure.message
        assert (declared or "") in failure.message

    def test_the_sessions_own_profile_settles_it(self, services, hub, session):
        services.profiles = [profile("p1"), profile("p2")]
        of_p2 = ConnectSession(session.token, integration_id="p2")
        assert hub.form(lambda: of_p2, "freshservice", None).integration_id == "p2"

    def test_the_platform_tells_the_default_profile_where_the_hub_does_not(self, services, hub, session):
        services.profiles = [profile("p1"), profile("p2")]
        rows = [{"id": "p2", "connector_key": "freshservice", "default": True}]
        services.on("GET", "/auth_configs", answers(200, {"data": rows}))
        assert hub.form(lambda: session, "freshservice", None).integration_id == "p2"

    def test_a_legacy_form_is_read_with_the_profiles_key_and_environment(self, services, hub, session):
        legacy = {"one": {"live": {"fields": FIELDS[:1]}, "test": {"fields": []}}, "two": {"live": {"fields": FIELDS}}}
        services.config = {"authentication": legacy}
        services.profiles = [profile("p1", authentication_config_key="one", environment="live")]
        assert [field.key for field in hub.form(lambda: session, "freshservice", None).fields] == ["domain"]

    @pytest.mark.parametrize(
        ("path", "data", "doing"),
        [
            *(("", data, "list the connector profiles") for data in ({}, {"integrations": {}}, {"integrations": None})),
            *(("", data, "list the connector profiles") for data in (HTML, [], None)),
            *(("/p1", data, "read the Freshservice form") for data in (HTML, [], None)),
        ],
    )
    def test_what_is_not_from_the_hub(self, services, hub, session, path, data, doing):
        services.on("GET", f"/hub/connectors{path}", answers(200, data))
        failure = failed(hub.form, lambda: session, "freshservice", None)
        assert (failure.code, failure.details["doing"]) == (FailureCode.UNEXPECTED_ANSWER, doing)

    def test_a_profile_that_has_no_form_is_a_refusal(self, services, hub, session):
        services.on("GET", "/hub/connectors/p1", refuses(404, "Not found"))
        failure = failed(hub.form, lambda: session, "freshservice", None)
        assert (failure.code, failure.http_status) == (FailureCode.STACKONE_REJECTED, 404)

    def test_an_odd_provider_and_profile_are_quoted(self, services, hub, session):
        odd = "fresh/service?"
        services.profiles = [{**profile("p1"), "provider": odd}]
        assert hub.form(lambda: session, odd, None).integration_id == "p1"
        assert services.requests("GET", "/hub/connectors")[0].url.endswith("?provider=fresh%2Fservice%3F")

    def test_the_token_of_the_session_is_in_no_remembered_failure(self, services, hub, session):
        services.on("GET", "/hub/connectors/p1", refuses(400, f"bad token {session.token}"))
        failure = failed(hub.form, lambda: session, "freshservice", None)
        assert session.token not in str(failure)
        assert "bad token ********" in failure.message


class TestMissingHub:
    @pytest.mark.parametrize("path", ["/hub/connectors", "/hub/settings"])
    def test_a_stackone_without_a_hub_is_told_and_remembered(self, services, hub, session, path):
        assert hub.missing is False
        services.on("GET", path, answers(404, MISSING))
        ask = {"/hub/connectors": lambda: hub.form(lambda: session, "freshservice", None)}
        failure = failed(ask.get(path, lambda: hub.existing_account_id(session)))
        assert (failure.code, failure.http_status) == (FailureCode.HUB_UNAVAILABLE, 404)
        assert failure.remediation
        assert hub.missing is True
        assert services.factory.clients().hub.missing

    def test_a_missing_account_is_no_missing_hub(self, services, hub, session):
        failure = failed(hub.view, session, "nobody")
        assert failure.code is FailureCode.STACKONE_REJECTED
        assert failure.details["doing"] == "show what the account stores"
        assert not hub.missing

    def test_its_settings_tell_whether_the_hub_is_missing(self, services, hub, session):
        services.on("GET", "/hub/settings", answers(404, MISSING))
        failure = failed(hub.view, session, "nobody")
        assert failure.code is FailureCode.HUB_UNAVAILABLE
        assert "does not offer the Hub API" in failure.message

    def test_settings_that_cannot_be_read_are_told(self, services, hub, session):
        services.on("GET", "/hub/settings", refuses(503))
        assert failed(hub.view, session, "nobody").details["doing"] == "read the Hub's settings"

    @pytest.mark.parametrize("status", [401, 403])
    def test_a_refused_session(self, services, hub, session, status):
        services.on("GET", "/hub/settings", refuses(status, "no"))
        failure = failed(hub.existing_account_id, session)
        assert failure == session_refused(status).failure
        assert (failure.code, failure.http_status) == (FailureCode.SESSION_REFUSED, status)
        assert failure.retriable
        assert failure.message.startswith("StackOne's Hub refused the connect session")
        assert "stackone_url" in failure.remediation

    def test_no_answer(self, services, hub, session):
        services.on("GET", "/hub/settings", breaks())
        assert failed(hub.existing_account_id, session).code is FailureCode.STACKONE_UNREACHABLE


@pytest.mark.parametrize(
    ("found", "account_id"),
    [("a1", "a1"), (17, "17"), (None, None), ("", None), ("a/b", None), (True, None), ({}, None)],
)
def test_the_account_that_a_session_would_edit(services, hub, session, found, account_id):
    services.on("GET", "/hub/settings", answers(200, {"existing_account_id": found}))
    assert hub.existing_account_id(session) == account_id


class TestEditForm:
    VIEW = AccountView(integration_id="p2", auth_key="one", environment="live")

    def form(self, hub, session, view=VIEW, declared=None):
        return hub.edit_form(lambda: (session, view), "freshservice", view.integration_id, declared)

    def test_it_is_that_of_the_accounts_own_profile(self, services, hub, session):
        services.profiles = [profile("p1"), profile("p2")]
        assert self.form(hub, session, declared="p1").integration_id == "p2"

    def test_where_the_hub_does_not_say_which_it_is_that_of_a_new_link(self, services, hub, session):
        services.profiles = [profile("p1"), profile("p2")]
        assert self.form(hub, session, AccountView(), "p2").integration_id == "p2"

    def test_an_own_profile_that_is_not_listed_is_read_all_the_same(self, services, hub, session):
        services.on("GET", "/hub/connectors", answers(200, {"integrations": []}))
        services.profiles = [profile("p1"), profile("p2")]
        services.config = {
            "authentication": {"one": {"live": {"fields": FIELDS[:1]}, "x": {}}, "two": {"live": {"fields": FIELDS}}}
        }
        assert [field.key for field in self.form(hub, session).fields] == ["domain"]

    def test_a_listed_profile_knows_its_form_better_than_the_view(self, services, hub, session):
        services.profiles = [profile("p2", authentication_config_key="two", environment="live")]
        services.config = {"authentication": {"one": {"live": {"fields": []}}, "two": {"live": {"fields": FIELDS}}}}
        assert len(self.form(hub, session).fields) == 2

    def test_a_disabled_own_profile_is_told(self, services, hub, session):
        services.profiles = [profile("p1"), profile("p2", active=False)]
        failure = failed(self.form, hub, session)
        assert failure.code is FailureCode.CONNECTOR_PROFILE_MISSING
        assert "p2 (P2, disabled) is disabled" in failure.message
        assert "unlink the account and link it again under another" in failure.remediation
        assert failure.details["connector_profile_ids"] == ["p1"]

    def test_one_that_is_gone_is_told_with_those_that_there_are(self, services, hub, session):
        failure = failed(self.form, hub, session)
        assert (failure.code, failure.http_status) == (FailureCode.CONNECTOR_PROFILE_MISSING, 404)
        assert "'p2' for freshservice; it has p1 (Main). StackOne says: Not found." in failure.message
        assert "unlink the account and link it again under another" in failure.remediation

    def test_a_listed_one_that_is_not_found_is_a_refusal(self, services, hub, session):
        services.profiles = [profile("p1"), profile("p2")]
        services.on("GET", "/hub/connectors/p2", refuses(404, "Not found"))
        assert failed(self.form, hub, session).code is FailureCode.STACKONE_REJECTED

    def test_it_is_read_once(self, services, hub, session):
        services.profiles = [profile("p2")]
        assert self.form(hub, session) is self.form(hub, session)

    def test_it_is_not_taken_for_that_of_a_new_link(self, services, hub, session):
        services.profiles = [profile("p1", default=True), profile("p2")]
        assert self.form(hub, session).integration_id == "p2"
        assert hub.form(lambda: session, "freshservice", None).integration_id == "p1"

    def test_an_odd_id_of_a_profile_leads_nowhere_else(self, services, hub, session):
        failed(self.form, hub, session, AccountView(integration_id="../a/b"))
        assert services.requests("GET")[-1].url.endswith("/hub/connectors/..%2Fa%2Fb")

    def test_no_remembered_failure_holds_the_token(self, services, hub, session):
        services.on("GET", "/hub/connectors/p2", refuses(400, f"bad token {session.token}"))
        assert session.token not in str(failed(self.form, hub, session))
