# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The metrics and the alerts of the guides are those that a report has."""

from __future__ import annotations

import re

import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families

from ansible_collections.tenantlink.stackone.plugins.filter.report_prometheus import report_prometheus
from ansible_collections.tenantlink.stackone.plugins.module_utils._core.failure import FailureCode
from tests.support.collection import ROOT
from tests.support.report_results import failed, links, report, row

DOCUMENT = report(links(row("a", account_status="active"), failed("b")))
FAMILIES = list(text_string_to_metric_families(report_prometheus(DOCUMENT)))
LABELS = {family.name: set().union(*(sample.labels for sample in family.samples)) for family in FAMILIES}
PAGE = (ROOT / "docs" / "monitoring.md").read_text()
RULES = yaml.safe_load(re.search(r"```yaml stackone\.rules\.yml\n(.*?)```", PAGE, re.DOTALL)[1])
ALERTS = [rule for group in RULES["groups"] for rule in group["rules"]]
SELECTOR = re.compile(r"\b(stackone_\w+)(?:\{([^}]*)\})?")


def test_every_metric_is_explained():
    section = (ROOT / "docs" / "report_columns.md").read_text().partition("## The metrics\n")[2]
    told = dict(re.findall(r"^\| `(stackone_\w+)` \| (?:`(\w+)`)? ?\|", section, re.MULTILINE))
    assert told == {name: "".join(labels - {"playbook", "host"}) for name, labels in LABELS.items()}


@pytest.mark.parametrize("alert", ALERTS, ids=lambda alert: alert["alert"])
def test_alerts_are_rules_about_metrics_that_exist(alert):
    assert {"alert", "expr", "labels", "annotations"} <= set(alert) <= {"alert", "expr", "for", "labels", "annotations"}
    assert re.fullmatch(r"\d+[smhd]", alert.get("for", "1h"))
    assert alert["expr"].count("(") == alert["expr"].count(")")
    assert SELECTOR.search(alert["expr"])
    for name, matchers in SELECTOR.findall(alert["expr"]):
        assert set(re.findall(r"(\w+)=~?\"", matchers)) <= LABELS[name]
    for code in re.findall(r'code="(\w+)"', alert["expr"]):
        assert code in {each.value for each in FailureCode}
    shown = " ".join(alert["annotations"].values())
    assert set(re.findall(r"\$labels\.(\w+)", shown)) <= {"playbook", "host"}


def test_there_are_alerts():
    assert set(RULES) == {"groups"}
    assert len({alert["alert"] for alert in ALERTS}) == len(ALERTS) >= 3
