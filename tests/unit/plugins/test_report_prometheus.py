# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A report as metrics, read by the client library of Prometheus."""

from __future__ import annotations

import re
from datetime import datetime, timezone

import pytest
from ansible.errors import AnsibleFilterError
from prometheus_client.parser import text_string_to_metric_families

from ansible_collections.tenantlink.stackone.plugins.filter import report as report_plugin
from ansible_collections.tenantlink.stackone.plugins.filter.report_prometheus import report_prometheus
from tests.support.report_results import MADE_AT, account, failed, links, report, row

WAITING = {"failure": {"code": "stopped", "message": "too late.", "details": {"started": False}}}
TIME = datetime.fromisoformat(MADE_AT.rstrip("Z")).replace(tzinfo=timezone.utc).timestamp()


def samples(document, playbook="link", host="localhost"):
    """Return name -> value, or value of the own label -> value; after a check of what Prometheus demands of names."""
    found = {}
    families = list(text_string_to_metric_families(report_prometheus(document, playbook, host)))
    assert len({family.name for family in families}) == len(families)
    for family in families:
        assert family.type == "gauge"
        assert family.documentation.endswith(".")
        assert re.fullmatch(r"stackone_tenantlink_[a-z_]+(?<!_total)", family.name)
        for sample in family.samples:
            assert sample.timestamp is None, "node_exporter refuses the file"
            own = {name: value for name, value in sample.labels.items() if name not in ("playbook", "host")}
            assert (sample.labels["playbook"], sample.labels["host"]) == (playbook, host)
            name = sample.name.removeprefix("stackone_tenantlink_")
            if own:
                found.setdefault(name, {})[next(iter(own.values()))] = sample.value
            else:
                found[name] = sample.value
    return found


def test_a_run():
    rows = [row("a", "create", account_status="active"), row("b", account_status="active"), failed("c"), failed("d")]
    assert samples(report(links(*rows, row("e", **WAITING)))) == {
        "run_timestamp_seconds": TIME,
        "run_failed": 1,
        "run_check_mode": 0,
        "tenants": {"linked": 1, "as declared": 1, "failed": 2, "not started": 1},
        "accounts": {"active": 2},
        "failures": {"key_disabled": 2},
        "run_requests": {"freshservice": 3, "stackone": 9},
        "run_quota_wait_seconds": 1.5,
    }


def test_a_run_that_succeeded():
    found = samples(report(links(row("a"))))
    assert found["run_failed"] == 0
    assert found["tenants"] == {"as declared": 1, "failed": 0, "not started": 0}
    assert "failures" not in found


def test_a_tenant_that_was_not_started_fails_the_run():
    found = samples(report(links(row("e", **WAITING))))
    assert (found["run_failed"], found["tenants"]["not started"]) == (1, 1)


def test_a_run_that_failed_at_once():
    failure = {"code": "stackone_key_refused", "message": "StackOne refused the key."}
    found = samples(report({"failure": failure, "msg": "x"}))
    assert (found["run_failed"], found["failures"]) == (1, {"stackone_key_refused": 1})
    assert found["tenants"] == {"failed": 0, "not started": 0}
    assert samples(report({"msg": "died"}))["failures"] == {"other": 1}


def test_a_preview():
    found = samples(report(links(row("a", "update")), check_mode=True))
    assert (found["run_check_mode"], found["run_failed"], found["tenants"]["would be updated"]) == (1, 0, 1)


def test_accounts_that_do_not_work_do_not_fail_a_run():
    found = samples(report({"accounts": [account("active"), account("error"), account("error")]}))
    assert found["accounts"] == {"active": 1, "error": 2}
    assert found["failures"] == {"account_not_active": 2}
    assert (found["run_failed"], sum(found["tenants"].values())) == (0, 0)


def test_keys_that_are_not_declared_do_not_fail_a_run():
    keys = [{"domain": "a", "verdict": "valid"}, {"domain": "b", "key": "not_declared"}]
    found = samples(report({"results": keys, "summary": {"verdicts": {}}}))
    assert (found["run_failed"], found["tenants"]["valid"], found["tenants"]["not checked"]) == (0, 1, 1)


def test_neither_names_nor_texts_of_services_are_in_it():
    """Everybody on the machine may read the file."""
    name = 'Soylent\n"\\ 4711'
    text = {"code": name, "message": name, "remediation": name}
    rows = [
        row(name, "update", origin_owner_id=name, origin_owner_name=name, account_status=name, account_id=name),
        {**failed(name), "failure": text, "agent": name, "warnings": [name]},
    ]
    for result in (links(*rows, failure=text), {"accounts": [account(name, domain=name)]}):
        document = report_plugin.report(result, title=name, made_at=name)
        found = samples(document)
        assert "run_timestamp_seconds" not in found
        assert set(found["accounts"]) == {"other"}
        assert "Soylent" not in report_prometheus(document)


def test_labels_of_any_text():
    for label in ('a"b', "a\\b", "\\", "愛"):
        samples(report(links(row("a"))), playbook=label, host=label)


def test_only_a_document_is_accepted():
    for other in (None, [], {"rows": []}):
        with pytest.raises(AnsibleFilterError, match="report_prometheus takes a document"):
            report_prometheus(other)
