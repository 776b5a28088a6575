# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""StackOne's accounts as declared tenants, and as files that the collection reads back unchanged."""

from __future__ import annotations

import csv
import io

import pytest
import yaml
from ansible.errors import AnsibleFilterError
from ansible.parsing.dataloader import DataLoader
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.tenantlink.stackone.plugins.filter.declarations import declarations
from ansible_collections.tenantlink.stackone.plugins.module_utils._clients.account import Account
from ansible_collections.tenantlink.stackone.plugins.module_utils._link.plan import Stored, plan_present
from ansible_collections.tenantlink.stackone.plugins.module_utils._list.entries import entries_from
from ansible_collections.tenantlink.stackone.plugins.plugin_utils._export.declarations import declarations_of
from ansible_collections.tenantlink.stackone.plugins.plugin_utils._export.files import NAMED
from ansible_collections.tenantlink.stackone.plugins.plugin_utils._keys.tenant_list import entries_of

ENDING = {"yml": "tenants.yml", "csv": "tenants.csv", "json": "tenants.json"}
HOSTILE = (
    "yes",
    "0123",
    "1_000",
    "12:30:45",
    "~",
    "null",
    "#N",
    'a "quote" \\ #',
    "? key",
    "a: b",
    "*x",
    "Ünï 😀",
    "$HOME",
)
TEMPLATES = ("{{ 7 * 7 }}", "{% raw %}", "a {# b")


def account(number, domain="acme", owner="c1", **more):
    return {
        **Account(f"id-{number}", "freshservice", "active", owner, created_at=f"2026-01-0{number}").as_dict(domain),
        **more,
    }


def export(*accounts, form="yml", **wanted):
    return declarations(list(accounts), ENDING[form], **wanted)


def tenants(*accounts):
    return export(*accounts)["tenants"]


def reasons(found):
    return {each["account_id"]: each["reason"] for each in found["left_out"]}


def text_of(found):
    return found["files"][0]["text"]


def read_back(form, found):
    """Return the tenants as `link` reads them: YAML as Ansible's variables, the others with the collection's reader."""
    if form == "yml":
        listed = DataLoader().load(text_of(found))["freshservice_link_tenants"]
        return [
            {name: value if isinstance(value, bool) else str(value) for name, value in each.items()} for each in listed
        ]
    rows = entries_of(text_of(found))
    return [
        {
            name: value in (True, "true") if name in ("allow_multiple", "shared") else value
            for name, value in row.items()
            if name != "line" and value not in ("", None)
        }
        for row in map(dict, rows)
    ]


class TestDeclarations:
    def test_an_account_is_declared_by_what_differs_from_the_defaults(self):
        plain = account(1, type="production", origin_owner_name="c1", origin_username="agent@acme.example")
        assert tenants(plain) == [{"domain": "acme", "origin_owner_id": "c1"}]
        named = account(1, type="test", origin_owner_name="Acme Ltd", label="Desk")
        assert tenants(named) == [
            {
                "domain": "acme",
                "origin_owner_id": "c1",
                "origin_owner_name": "Acme Ltd",
                "label": "Desk",
                "account_type": "test",
            }
        ]

    @pytest.mark.parametrize(("shared", "declared"), [(None, None), (True, None), (False, False)])
    @pytest.mark.parametrize("form", ENDING)
    def test_only_an_account_that_is_not_shared_says_so(self, form, shared, declared):
        found = export(account(1, shared=shared), form=form)
        assert found["tenants"][0].get("shared") is declared
        assert [each.get("shared") for each in read_back(form, found)] == [declared]

    @pytest.mark.parametrize(("default", "declared"), [("first", ["second", None]), (None, ["second", "first"])])
    @pytest.mark.parametrize("form", ENDING)
    def test_a_profile_is_declared_unless_it_is_the_default_one(self, form, default, declared):
        accounts = (
            account(1, integration_id="second"),
            account(2, "b", "c2", integration_id="first"),
            account(3, "c", "c3"),
        )
        found = export(*accounts, form=form, default_profile=default)
        assert [each.get("integration_id") for each in read_back(form, found)] == [*declared, None]

    def test_they_are_sorted(self):
        found = tenants(account(1, "b", "1"), account(2, "a", "2"), account(3, "a", "10"))
        assert [(each["domain"], each["origin_owner_id"]) for each in found] == [("a", "10"), ("a", "2"), ("b", "1")]

    def test_an_owner_may_have_two_domains(self):
        found = tenants(account(1, "a"), account(2, "b"), account(3, "c", "c2"))
        assert [each.get("allow_multiple") for each in found] == [True, True, None]
        assert not any("account_id" in each for each in found)

    def test_another_connector_is_another_link(self):
        found = tenants(account(1), account(2, provider="Other"))
        assert [each.get("provider") for each in found] == [None, "other"]
        assert not any("allow_multiple" in each for each in found)

    def test_of_duplicates_the_oldest_that_works_is_declared(self):
        found = export(account(1, status="error"), account(3), account(2), account(4, "b", "c2"))
        assert [each.get("account_id") for each in found["tenants"]] == ["id-2", None]
        assert reasons(found) == dict.fromkeys(("id-1", "id-3"), "it is a duplicate of account id-2")
        none_works = export(account(2, status="error"), account(1, status="expired"))
        assert [each["account_id"] for each in none_works["tenants"]] == ["id-1"]

    @pytest.mark.parametrize(
        ("spoiled", "reason"),
        [
            ({"status": "archived"}, "it is archived"),
            ({"origin_owner_id": ""}, "StackOne does not show its owner"),
            ({"domain": None}, "StackOne does not show its domain"),
            ({"domain": "help.acme.example"}, "domain"),
            ({"origin_owner_id": "1.23457E+11"}, "origin_owner_id"),
            ({"origin_owner_id": "#N/A"}, "origin_owner_id"),
            ({"origin_owner_id": " c1"}, "origin_owner_id"),
            ({"origin_owner_id": "c1\u00a0"}, "origin_owner_id"),
            ({"origin_owner_id": "c\u202e1"}, "origin_owner_id"),
            ({"origin_owner_id": "\ufeffc1"}, "origin_owner_id"),
            ({"unprintable": ["origin_owner_id"]}, "origin_owner_id"),
        ],
    )
    def test_what_cannot_be_declared_is_left_out_with_the_reason(self, spoiled, reason):
        found = export(account(1, "b", "c2"), account(2, **spoiled))
        assert [each["domain"] for each in found["tenants"]] == ["b"]
        assert reason in reasons(found)["id-2"]
        assert "\n#   account id-2 (" in text_of(found)
        assert found["lines"][0] == "1 tenant declared in tenants.yml, 1 account left out"

    def test_the_other_accounts_of_such_an_owner_are_named_by_their_ids(self):
        found = tenants(account(1), account(2, domain=None), account(3, "b", "c2"))
        assert [each.get("account_id") for each in found] == ["id-1", None]

    def test_a_value_that_account_info_cannot_return_is_not_declared(self):
        """Its label holds a control character, so the label that is returned would be a change."""
        found = export(account(1, label="esc[31m", origin_owner_name="Acme", unprintable=["label"]))
        assert found["tenants"] == [{"domain": "acme", "origin_owner_id": "c1", "origin_owner_name": "Acme"}]
        assert "its label cannot be declared" in text_of(found)

    @pytest.mark.parametrize(
        ("field", "option", "value"),
        [
            ("label", "label", " Desk"),
            ("label", "label", "a\tb"),
            ("label", "label", "x" * 256),
            ("label", "label", "#REF!"),
            ("origin_owner_name", "origin_owner_name", "Acme\u200b"),
            ("type", "account_type", "staging"),
        ],
    )
    def test_what_no_declaration_can_hold_stays_as_it_is(self, field, option, value):
        found = export(account(1, **{field: value}))
        assert found["tenants"] == [{"domain": "acme", "origin_owner_id": "c1"}]
        assert found["left_out"] == []
        assert found["lines"] == [
            "1 tenant declared in tenants.yml, 0 accounts left out",
            f"account id-1 (acme): its {option} cannot be declared",
        ]

    def test_a_part_is_declared_as_it_is_in_the_whole(self):
        accounts = [
            account(1, label="A"),
            account(2, "b", label="B", status="error"),
            account(3, "b"),
            account(4, "c", "c2"),
        ]
        found = export(*accounts, labels=["B"], statuses="error")
        assert (found["tenants"], reasons(found)) == ([], {"id-2": "it is a duplicate of account id-3"})
        (kept,) = export(*accounts, statuses=["active"], origin_owner_ids=["c1"], labels=["A"])["tenants"]
        assert kept["allow_multiple"] is True
        assert len(export(*accounts, labels=None, statuses="", origin_owner_ids=[])["tenants"]) == 3

    @pytest.mark.parametrize(
        ("accounts", "options"),
        [
            ("text", {}),
            ([1], {}),
            ([], {"path": "tenants.txt"}),
            ([], {"path": "tenants"}),
            ([], {"labels": {"a": 1}}),
        ],
    )
    def test_anything_else_is_refused(self, accounts, options):
        with pytest.raises(AnsibleFilterError, match="declarations: "):
            declarations(accounts, **options)


class TestFiles:
    @pytest.mark.parametrize("form", ENDING)
    @pytest.mark.parametrize("label", HOSTILE)
    def test_no_text_is_changed(self, form, label):
        accounts = [
            account(1, label=label, origin_owner_name=label),
            account(2, "b", "0123", type="test"),
            account(3, "c"),
        ]
        found = export(*accounts, form=form)
        assert read_back(form, found) == found["tenants"]
        assert [each.get("label") for each in found["tenants"]] == [label, None, None]

    @pytest.mark.parametrize("form", ENDING)
    def test_none_at_all(self, form):
        found = export(form=form)
        assert list(read_back(form, found)) == []
        notes = [] if form == "yml" else [f"{ENDING[form]}.left_out.txt"]
        assert [each["path"] for each in found["files"]] == [ENDING[form], *notes]

    @pytest.mark.parametrize("label", TEMPLATES)
    def test_a_template_is_text(self, label):
        found = export(account(1, label=label))
        assert "label: !unsafe " in text_of(found)
        (read,) = DataLoader().load(text_of(found))["freshservice_link_tenants"]
        assert str(read["label"]) == label
        assert read_back("json", export(account(1, label=label), form="json"))[0]["label"] == label

    def test_the_collections_own_reader_accepts_the_yaml(self):
        found = export(account(1, label="0123"), account(2, "b"))
        rows = list(entries_of(text_of(found)))
        assert [row["label"] for row in rows if "label" in row] == ["0123"]
        assert [entry.failure for entry in entries_from(rows)] == [None, None]

    @pytest.mark.parametrize("label", ["=1+1", "+1", "-1", "@x", "＝1"])
    def test_a_formula_is_not_written_for_a_spreadsheet(self, label):
        found = export(account(1, label=label), form="csv")
        assert found["tenants"] == []
        assert "would be a formula" in reasons(found)["id-1"]
        assert found["files"][1]["path"] == "tenants.csv.left_out.txt"
        assert found["files"][1]["text"].count("\n") == 1
        assert export(account(1, label=label), form="json")["tenants"][0]["label"] == label

    def test_a_key_in_an_account_is_in_no_file(self):
        secret = "sEcReT0fACustomer99x"
        secrets = ["", {"acme": secret}, {}]
        held = [
            account(1, label=f"key {secret}"),
            account(2, "b", secret),
            account(3, "c", "c3", origin_owner_name=secret[::1]),
        ]
        for form in ENDING:
            found = export(*held, form=form, secrets=secrets)
            assert secret not in str(found)
            assert [tenant.get("label", tenant.get("origin_owner_name")) for tenant in found["tenants"]] == [None, None]
            assert any("its label cannot be declared" in line for line in found["lines"])
            assert "holds a key" in reasons(found)["id-2"]
        assert secret in str(export(*held))

    def test_what_no_account_has_is_named(self):
        lines = export(account(1), statuses=["active", "actve"], labels=["{{ x }}\x1b"])["lines"]
        assert "No account has the status actve. Is it spelt correctly?" in lines
        assert [line for line in lines if "No account has the label" in line]
        assert not [line for line in export(account(1), statuses=["active"])["lines"] if "No account has" in line]

    def test_a_csv_has_only_the_columns_that_are_used(self):
        found = export(account(1, label="a,b"), account(2, "b", "c2"), form="csv")
        assert list(csv.reader(io.StringIO(text_of(found)))) == [
            ["domain", "origin_owner_id", "label"],
            ["acme", "c1", "a,b"],
            ["b", "c2", ""],
        ]

    def test_of_very_many_that_are_left_out_the_first_are_shown(self):
        accounts = [account(number, status="archived", id=f"x{number}") for number in range(NAMED + 2)]
        found = export(*accounts, form="json")
        assert len(found["lines"]) == NAMED + 2
        assert found["lines"][-1] == "... and 2 more: see tenants.json.left_out.txt"
        assert found["files"][1]["text"].count("\n") == NAMED + 2

    def test_comments_are_lines_whatever_an_account_holds(self):
        found = export(account(1, domain="a\nb: c\u2028d", label="x"))
        assert yaml.safe_load(text_of(found)) == {"freshservice_link_tenants": []}


@given(
    texts=st.lists(st.tuples(st.text(max_size=30), st.text(max_size=30)), max_size=4),
    form=st.sampled_from(sorted(ENDING)),
)
def test_whatever_accounts_hold_linking_their_declarations_changes_nothing(texts, form):
    accounts = {
        f"t{number}": account(number, f"t{number}", f"c{number}", label=label, origin_owner_name=name)
        for number, (label, name) in enumerate(texts)
    }
    found = export(*accounts.values(), form=form)
    assert len(found["tenants"]) + len(found["left_out"]) == len(accounts)
    read = read_back(form, found)
    assert [each["domain"] for each in read] == [each["domain"] for each in found["tenants"]]
    for entry in entries_from(read):
        stored = accounts[entry.tenant.domain]
        fields = {name: stored[name] for name in ("label", "origin_owner_name", "type")}
        there = Account(stored["id"], "freshservice", "active", stored["origin_owner_id"], **fields)
        assert plan_present(entry.tenant, there, Stored(entry.tenant.domain)).actions == ()


def test_two_exports_of_the_same_accounts_are_the_same_file():
    accounts = [
        account(number, domain, owner) for number, (domain, owner) in enumerate([("b", "1"), ("a", "2"), ("a", "1")])
    ]
    assert declarations_of(accounts) == declarations_of(reversed(accounts))
    assert text_of(export(*accounts)) == text_of(export(*reversed(accounts)))
