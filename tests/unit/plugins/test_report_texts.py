# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Texts of any origin in a report, and the CSV and the table that are made of its document."""

from __future__ import annotations

import copy
import csv
import io
import json
import unicodedata

import pytest
from ansible.errors import AnsibleFilterError
from hypothesis import example, given, settings
from hypothesis import strategies as st

from ansible_collections.tenantlink.stackone.plugins.filter import report as report_plugin
from ansible_collections.tenantlink.stackone.plugins.filter import report_csv as csv_plugin
from ansible_collections.tenantlink.stackone.plugins.filter import report_table as table_plugin
from ansible_collections.tenantlink.stackone.plugins.module_utils._core.failure import FailureCode
from ansible_collections.tenantlink.stackone.plugins.plugin_utils._report.rows import COLUMNS, to_line
from tests.support.report_results import account, failed, links, only_row, report, row

report_csv = csv_plugin.report_csv
report_table = table_plugin.report_table


CLEAN = {
    "a terminal's escapes": ("\x1b[31mred\x1b[0m \x1b]8;;http://x\x07link", "red link"),
    "control characters": ("a\x00b\x85c\td\r\ne", "a b c d e"),
    "another direction": ("\u202egnp.exe\u202c \u2066x\u2069", "gnp.exe x"),
    "what is invisible": ("a\u200b\u00adb\ufeff \U000e0041c\u180e", "a b c"),
    "half a pair": ("a\ud800b", "a\ufffdb"),
    "a pair in halves": ("\ud83d\ude00", "\U0001f600"),
    "much": ("x" * 5000, "x" * 5000),
    "other scripts": ("Müller 愛 \u05d0", "Müller 愛 \u05d0"),
    "markup": ("<script>{{ 7*7 }}</script>", "<script>{{ 7*7 }}</script>"),
}


@pytest.mark.parametrize(("text", "expected"), CLEAN.values(), ids=CLEAN)
def test_texts_are_cleaned_and_not_cut(text, expected):
    document = report_plugin.report(
        links(row(text, origin_owner_name=text, warnings=[text]), msg=f"X {text}"), title=text, made_at=text
    )
    assert document["title"] == document["made_at"] == expected
    assert document["problem"] == f"X {expected}"
    [shown_row] = document["rows"]
    assert shown_row["domain"] == shown_row["origin_owner_name"] == expected
    assert shown_row["warnings"] == [expected]


FOREIGN = [(None, ""), (0, "0"), (1.5, "1.5"), (True, "yes"), ([1, None, "a"], "1; a"), ({"a": [1]}, "a: 1"), ((), "")]


@pytest.mark.parametrize("value, text", FOREIGN)
def test_values_of_foreign_types_are_text(value, text):
    assert to_line(value) == text
    fields = ("domain", "origin_owner_id", "origin_owner_name", "account_id", "account_status", "verdict")
    shown_row = only_row(links({**row(), **dict.fromkeys(fields, value)}))
    assert [shown_row[name] for name in fields] == [text] * len(fields)


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters()),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
ROWS = st.dictionaries(
    st.sampled_from(
        [*COLUMNS, "action", "changed", "failure", "msg", "agent_change", "id", "status", "status_reasons"]
    ),
    ANYTHING,
)
RESULTS = st.fixed_dictionaries(
    {"results": st.lists(ROWS | ANYTHING, max_size=3)},
    optional={"purged": ANYTHING, "summary": ANYTHING, "failure": ANYTHING, "msg": ANYTHING, "changed": ANYTHING},
)
ACCOUNTS = st.fixed_dictionaries({"accounts": st.lists(ROWS | ANYTHING, max_size=3)}, optional={"summary": ANYTHING})
HOSTS = st.lists(
    st.fixed_dictionaries(
        {"host": ANYTHING},
        optional={
            "result": ANYTHING
            | st.dictionaries(st.sampled_from(["account", "agent", "key_check", "actions", "diff", "failure", "msg"]), ANYTHING)
        },
    ),
    max_size=3,
)  # fmt: skip


@settings(deadline=None)
@given(RESULTS | ACCOUNTS | HOSTS, ANYTHING, st.booleans())
@example({"results": [{"verdict": {"_": None}}]}, None, False)
@example({"results": [{"verdict": "_"}]}, None, False)
def test_whatever_a_result_holds_becomes_a_document(result, title, check_mode):
    before = copy.deepcopy(result)
    document = report_plugin.report(result, title=title, made_at=None, check_mode=check_mode)
    assert repr(result) == repr(before)
    assert sum(each["count"] for each in document["outcomes"]) == len(document["rows"]) == document["totals"]["tenants"]
    for each in document["rows"]:
        assert list(each) == [*COLUMNS, "changed"]
        assert each["outcome"]
        assert bool(each["problem"]) == (each["outcome"] in ("failed", "refused", "not checked") or bool(each["code"]))
    for text in texts_in(document):
        assert text == to_line(text)
        text.encode()
    assert json.loads(json.dumps(document)) == document
    assert max(map(places, report_table(document)), default=0) <= 118
    assert next(csv.reader(io.StringIO(report_csv(document)))) == COLUMNS


def texts_in(value):
    """All texts, and proof that there is nothing but plain data."""
    if isinstance(value, dict):
        assert type(value).__name__ == "dict"
        for name, inner in value.items():
            yield name
            yield from texts_in(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from texts_in(inner)
    elif isinstance(value, str):
        yield value
    else:
        assert value is None or type(value) in (bool, int, float)


def read(text):
    return list(csv.DictReader(io.StringIO(text, newline="")))


def test_csv_of_a_document():
    document = report(links(row(origin_owner_name='Acme, "Ltd"', warnings=["one", "two"]), failed("globex")))
    text = report_csv(document)
    assert text.endswith("\r\n")
    rows = read(text)
    assert list(rows[0]) == COLUMNS
    assert rows[0]["origin_owner_name"] == 'Acme, "Ltd"'
    assert rows[0]["warnings"] == "one; two"
    assert rows[1]["problem"] == "The API key is switched off."
    assert report_csv(report(links())) == ",".join(COLUMNS) + "\r\n"


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t=", "\r=", " =", "\u200b=", "＝", "＠"])
def test_no_text_in_a_csv_is_a_formula(start):
    [cells] = read(report_csv([{"a": f"{start}1+1", "b": [f"{start}x", "y"], "c": f"x{start}"}]))
    for name in ("a", "b"):
        assert cells[name][0] == "'"
        assert cells[name][1] == start.strip("\t\r \u200b")
    assert cells["c"][0] == "x"
    assert report_csv([{f"{start}a": 1}]).startswith("'")


def test_csv_of_a_plain_list():
    links_to_send = [
        {"origin_owner_id": "c1", "auth_link_url": "https://hub.example/?token=a=b,c", "expires_at": None},
        {"origin_owner_id": -5, "domain": "acme"},
    ]
    assert report_csv(links_to_send) == (
        'origin_owner_id,auth_link_url,expires_at,domain\r\nc1,"https://hub.example/?token=a=b,c",,\r\n-5,,,acme\r\n'
    )
    assert report_csv(links_to_send, columns=["domain", "origin_owner_id", "none"]) == (
        "domain,origin_owner_id,none\r\n,c1,\r\nacme,-5,\r\n"
    )
    assert report_csv([]) == "\r\n"


@pytest.mark.parametrize("source", [None, "text", {"rows": 5}, {}, [5]])
def test_what_has_no_rows_is_refused(source):
    for make in (report_csv, report_table):
        with pytest.raises(AnsibleFilterError, match="rows are a document that"):
            make(source)


def test_options_of_the_wrong_type_are_refused():
    with pytest.raises(AnsibleFilterError, match="columns is a list"):
        report_csv([], columns="domain")
    with pytest.raises(AnsibleFilterError, match="most is a whole number"):
        report_table([], most="many")
    with pytest.raises(AnsibleFilterError, match="width is a whole number"):
        report_table([], width=None)


def places(line):
    return sum(2 if unicodedata.east_asian_width(each) in "FW" else not unicodedata.combining(each) for each in line)


def test_a_table_shows_problems_first_and_no_empty_columns():
    document = report(links(row("acme", "create"), row("globex", verdict="valid"), failed("initech")))
    assert report_table(document) == [
        "tenant   owner             outcome      account  key    details",
        "-------  ----------------  -----------  -------  -----  ----------------------------",
        "initech  customer-initech  failed       4711            The API key is switched off.",
        "acme     customer-acme     linked       4711",
        "globex   customer-globex   as declared  4711     valid",
    ]


def test_a_table_is_cut_after_the_most_rows():
    document = report(links(*(row(f"t{number}") for number in range(7)), failed("initech")))
    *lines, last = report_table(document, most=3)
    assert [line.split()[0] for line in lines[2:]] == ["initech", "t0", "t1"]
    assert last == "... and 5 more"
    assert len(report_table(document, most="8")) == 10
    assert report_table(document, most=0) == ["... and 8 more"]
    assert report_table(report(links())) == []


def test_the_status_of_accounts_is_shown_once():
    head = report_table(report({"accounts": [account("active")]}))[0]
    assert head.split() == ["tenant", "owner", "outcome", "account"]


def test_a_table_fits_and_lines_up_whatever_it_holds():
    more = {"account_status": "active", "agent": "a" * 60 + "@x.example", "verdict": "not_freshservice"}
    rows = [
        row("愛" * 30, "update", **more, changes={"label": {"before": "平" * 40, "after": "和" * 40}}),
        row("e\u0301" * 40, **more),
        {**failed("short", code=FailureCode.UNREACHABLE), **more},
    ]
    for width in (118, 100):
        head, rule, *lines = report_table(report(links(*rows)), width=width)
        assert places(rule) <= width
        assert "account" not in head.split()
        starts = [0, *(index + 2 for index, each in enumerate(rule) if each == " " and rule[index - 1] == "-")]
        for line in lines:
            assert places(line) <= width
            taken = 0
            for each in line:
                # No cell runs into the gap before the next one.
                assert taken not in [start - 1 for start in starts] or each == " ", line
                taken += places(each)
        assert [line for line in lines if "..." in line] == lines
