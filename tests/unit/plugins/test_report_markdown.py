# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A report as a comment on a merge request, read by a parser of GitHub's Markdown."""

from __future__ import annotations

import re

import pytest
from ansible.errors import AnsibleFilterError
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from ansible_collections.tenantlink.stackone.plugins.filter import report as report_plugin
from ansible_collections.tenantlink.stackone.plugins.filter.report_markdown import report_markdown
from ansible_collections.tenantlink.stackone.plugins.plugin_utils._report.markdown_text import prose
from ansible_collections.tenantlink.stackone.plugins.plugin_utils._report.rows import to_line
from tests.support.report_results import MADE_AT, account, failed, links, report, row

GITHUB = 65_536
PARSER = MarkdownIt("gfm-like")
OWN_HTML = re.compile(
    r"<details>\n<summary>\d+ (<code>[^<>]*</code>|[\w .,;:!?'\"\u2019()-]*)</summary>\n|</details>\n"
)
REFERENCE = re.compile(r"[@#!$%&~^]\w|\w@|://|www\.|\b[0-9a-f]{7,40}\b", re.IGNORECASE)
"""What GitHub or GitLab makes a link or a notification of, unless it is code."""


def tokens(text):
    for block in PARSER.parse(text):
        yield block
        yield from block.children or ()


def texts_of(text, kind):
    return [token.content for token in tokens(text) if token.type == kind]


def assert_contained(text):
    """Nothing but what the report itself writes: headings, lists, code, plain words, and its own details."""
    types = {token.type for token in tokens(text)}
    assert types <= {
        *(
            "heading_open",
            "heading_close",
            "inline",
            "text",
            "code_inline",
            "strong_open",
            "strong_close",
            "html_block",
        ),
        *("paragraph_open", "paragraph_close", "bullet_list_open", "bullet_list_close", "list_item_open"),
        "list_item_close",
    }
    assert all(OWN_HTML.fullmatch(each) for each in texts_of(text, "html_block")), texts_of(text, "html_block")
    assert [each for each in texts_of(text, "text") if REFERENCE.search(each)] == []


def change(before, after):
    return {"changes": {"label": {"before": before, "after": after}}}


def test_what_needs_a_look_comes_first():
    rows = [row("acme"), row("globex", "update", **change("Old", "New")), failed("umbrella"), row("initech", "create")]
    text = report_markdown(report(links(*rows), check_mode=True))
    assert text.startswith(
        "## Customers: 1 failed, 1 would be linked, 1 would be updated, 1 as declared\n\n"
        "**Preview: nothing was changed.** 4 tenants, made at `2026-11-24T21:55:00Z`; 3 requests to Freshservice, 9 to StackOne.\n"
    )
    places = [
        "### 1 failed\n\n**What to do:** Let it be enabled.\n\n- `umbrella` (owner `customer-umbrella`): The API key is",
        "switched off. (`key_disabled`)\n",
        "### 2 would be changed\n\n",
        "- `globex` (owner `customer-globex`), account `4711`: would be updated\n  - label: `Old` → `New`\n",
        "- `initech` (owner `customer-initech`), account `4711`: would be linked\n",
        "<details>\n<summary>1 as declared</summary>\n\n- `acme` (owner `customer-acme`), account `4711`\n\n</details>\n",
    ]
    assert [text.find(each) for each in places] == sorted(text.find(each) for each in places)
    assert -1 not in [text.find(each) for each in places]
    assert_contained(text)


def test_a_run_is_not_called_a_preview():
    text = report_markdown(report(links(row("globex", "update"))))
    assert "Preview" not in text
    assert "### 1 changed\n\n- `globex` (owner `customer-globex`), account `4711`: updated\n" in text


def test_the_failure_of_a_run_is_at_the_top():
    text = report_markdown(report({"msg": "StackOne refused the API key."}))
    assert text.startswith("## Customers: the run failed\n\n**The run failed:** StackOne refused the API key.\n")
    assert report_markdown(report(links())).startswith("## Customers: nothing to report\n")


def test_a_run_that_failed_says_so_in_its_title():
    text = report_markdown(report({**links(row("acme")), "failure": {"msg": "Too many to purge."}}))
    assert text.startswith("## Customers: the run failed, 1 as declared\n")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Ask customer-4711, then run again.", "Ask `customer-4711`, then run again."),
        ("It is not at .freshservice.com.", "It is not at `.freshservice.com`."),
        ("See a@b.c: #1, !2?", "See `a@b.c: #1, !2`?"),
    ],
)
def test_the_end_of_a_sentence_is_not_code(text, shown):
    assert prose(text) == shown
    assert_contained(prose(text))


def test_tenants_with_the_same_advice_are_together():
    rows = [failed("a"), failed("b", remediation="Call them."), failed("c")]
    text = report_markdown(report(links(*rows)))
    assert text.count("What to do") == 2
    assert text.index("- `a`") < text.index("- `c`") < text.index("Call them.") < text.index("- `b`")


def test_tenants_that_were_not_started_have_not_failed():
    waiting = row("x", failure={"code": "stopped", "message": "too late.", "details": {"started": False}})
    text = report_markdown(report(links(waiting)))
    assert "failed" not in text
    assert "<summary>1 not started</summary>\n\n- `x`" in text


def test_warnings_are_shown_with_their_tenant():
    text = report_markdown(report(links(row("acme", warnings=["The label was cut."]))))
    assert "account `4711`\n  - Warning: The label was cut.\n" in text


def test_values_that_have_an_arrow_are_one_piece_of_code():
    text = report_markdown(report(links(row("acme", "update", **change("A → B", "C")))))
    assert "  - label: `A → B → C`\n" in text


HOSTILE = {
    "a mention": "@admin",
    "a reference": "#1 GH-2 !3 a/b#4 $5 %6 ~7 &8",
    "an address": "a@example.com",
    "a link": "[x](https://evil.example) https://evil.example www.evil.example <https://evil.example>",
    "an image": "![x](https://evil.example/x.png)",
    "a commit": "0123456789abcdef0123456789abcdef01234567",
    "backticks": "` `` ``` @admin `",
    "only backticks": "`````",
    "a pipe": "a | b \\| c \\",
    "HTML": "</details><script>alert(1)</script><!-- & &#64;admin -->",
    "the end of code": "</code>@admin</summary>",
    "several lines": "a\n\n# b\n\n/close\n- c\n```\n@admin",
    "emphasis": "**a** _b_ ~~c~~ \\*",
    "a heading": "# a ## b\r===",
    "another direction": "\u202e@nimda\u202c \u200f#1",
    "what is invisible": "\u200b@\u200badmin",
    "a table": "| a | b |\n| - | - |",
    "a rule": "---",
}


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_hostile_texts_stay_text(text):
    assert_hostile(text)


@settings(max_examples=50, deadline=None)
@given(st.text(st.sampled_from("`|\\<>&@#[]()!*_~-=+. \n\u202eaé1:/\"'"), min_size=1, max_size=60))
def test_no_text_breaks_out(text):
    assert_hostile(text)


def assert_hostile(text):
    changes = {**change(text, text)["changes"], "credential_fields": {"after": {text: text}}}
    rows = [
        row(text, "update", origin_owner_id=text, account_id=text, changes=changes, warnings=[text]),
        row(text, origin_owner_id=text, account_id=text, warnings=[text]),
        {**failed(text, remediation=text), "failure": {"code": text, "message": text, "remediation": text}},
    ]
    document = report_plugin.report(links(*rows, msg=text), title=text, made_at=MADE_AT)
    written = report_markdown(document, [text])
    assert_contained(written)
    assert len([token for token in tokens(written) if token.type == "heading_open"]) == 3
    cleaned = to_line(text)
    if cleaned:
        assert cleaned in [each.strip() for each in texts_of(written, "code_inline")]
    listed = report_markdown(report({"accounts": [account(text or "x", domain=text), account("active", domain=text)]}))
    assert_contained(listed)
    # A document can come from a file, which somebody may have changed.
    document = report(links(row("acme")))
    document["rows"][0]["outcome"] = document["outcomes"][0]["name"] = text
    assert_contained(report_markdown(document))


@pytest.mark.parametrize("kind", ["failed", "changed", "as declared"])
@pytest.mark.parametrize("letter", ["x", "愛", "`"])
def test_a_comment_has_a_limited_length(kind, letter):
    make = {"failed": failed, "changed": lambda name: row(name, "update"), "as declared": row}[kind]
    document = report(links(*(make(f"{letter * 30}{number}") for number in range(3000))))
    text = report_markdown(document, ["night.html", "night.json"])
    assert 40_000 < len(text.encode()) < GITHUB
    shown = text.count("\n- ")
    assert f"**Not shown, because a comment has a limited length:** {3000 - shown} {kind}. " in text
    assert "The full report is in `night.html`, `night.json`.\n" in text
    assert text.count("<details>") == text.count("</details>")
    assert_contained(text)
    assert "Name an `.html`, `.csv` or `.json` file in `freshservice_link_report`" in report_markdown(document)


def test_failures_leave_room_for_changes():
    rows = [*(failed(f"f{number}") for number in range(3000)), *(row(f"c{number}", "update") for number in range(3000))]
    text = report_markdown(report(links(*rows)))
    assert text.count(": updated\n") > 200
    assert text.count("key_disabled") > 200
    assert len(text.encode()) < GITHUB


def test_one_tenant_cannot_fill_the_comment():
    much = "a@b " * 500
    fields = {"credential_fields": {"after": {f"{much}{number}": "x" for number in range(1000)}}}
    rows = [{**failed("a"), "failure": {"code": much, "message": much, "remediation": much}}]
    rows += [row(much, "update", origin_owner_id=much, changes=fields, warnings=[much] * 1000), row("last", "update")]
    text = report_markdown(report(links(*rows, msg=much)))
    assert len(text.encode()) < GITHUB
    assert "`last`" in text
    assert "and 1940 more" in text


def test_only_a_document_is_accepted():
    for other in (None, [], {"rows": []}):
        with pytest.raises(AnsibleFilterError, match="report_markdown takes a document"):
            report_markdown(other)
