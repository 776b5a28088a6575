# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a run says in the end, without a run: counts, failures, names of keys."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ansible_collections.tenantlink.stackone.plugins.module_utils._core.failure import (
    Failed,
    FailureCode,
    Phase,
    not_started,
)
from ansible_collections.tenantlink.stackone.plugins.module_utils._core.tenant import invalid_argument, missing_options
from ansible_collections.tenantlink.stackone.plugins.module_utils._link.plan import key_missing
from ansible_collections.tenantlink.stackone.plugins.module_utils._list.early_end import Ended, Failures, tenants_failed
from ansible_collections.tenantlink.stackone.plugins.plugin_utils._keys.key_names import Keys
from ansible_collections.tenantlink.stackone.plugins.plugin_utils._keys.showable import looks_secret, meant
from ansible_collections.tenantlink.stackone.plugins.plugin_utils._report.asked import Asked
from ansible_collections.tenantlink.stackone.plugins.plugin_utils._report.counts import NO_TENANT
from ansible_collections.tenantlink.stackone.plugins.plugin_utils._report.ending import (
    DIED,
    NONE_CHECKED,
    WITH_KEYS,
    ending_of_host,
    ending_of_list,
)
from ansible_collections.tenantlink.stackone.plugins.plugin_utils._report.rows import was_started
from tests.support.report_results import refused

SECRET = "Zk3Lm9Qw8Er7Ty6Ui5Op"


def row(domain, action="none", **more):
    return {"domain": domain, "origin_owner_id": f"c-{domain}", "action": action, "changed": action != "none", **more}


def failure(domain, why=None):
    why = why or Failed(FailureCode.KEY_REFUSED, "the key is bad.")
    made = replace(why.failure, phase=Phase.APPLY, tenant=f"{domain} (owner c-{domain})")
    return {"failure": {**made.as_dict(), "msg": made.line}}


def waiting(domain):
    return failure(domain, not_started("after 1 failed tenant (stop_after_failures)"))


def links(*rows, **more):
    actions = dict.fromkeys(("create", "relink", "update", "delete", "none"), 0)
    for each in rows:
        actions[each["action"]] += 1
    failed = [each for each in rows if "failure" in each]
    started = [each for each in failed if was_started(each)]
    summary = {
        **{"tenants": len(rows), "failed": len(started), "not_started": len(failed) - len(started)},
        **{"actions": actions, "requests": {"freshservice": 1, "stackone": 2}},
    }
    return {"results": list(rows), "summary": summary, **more}


def lines(result, **asked):
    return ending_of_list(result, Asked(**asked)).lines


def verdict(result, **asked):
    return ending_of_list(result, Asked(**asked)).verdict


@pytest.mark.parametrize("action", ["create", "delete"])
def test_a_replaced_account_is_counted_once_whoever_linked_the_new_one(action):
    """An interrupted run may have linked it already, so that this run only unlinks the former account."""
    (line,) = lines(links(row("a", action, replaced=["7"]), row("b", "create"), row("c")))
    assert line.startswith(
        "3 tenants: 1 linked, 0 re-linked, 0 updated, 0 unlinked, 1 replaced by a new account, 1 as declared"
    )


def test_who_was_unlinked_is_told():
    """Not only how many: somebody may have to answer for it."""
    result = links(row("a", "delete", account_id="1"), row("b"), row("c", "delete", **failure("c")))
    result["purged"] = [row("left", "delete", account_id="2")]
    result["resolved"] = [row("b", "delete", account_id="3", duplicate_of="4")]
    told = [line for line in lines(result) if "unlinked" in line][1:]
    assert told == [
        "a (owner c-a): account 1 was unlinked.",
        "b (owner c-b): account 3 was unlinked, a duplicate of 4.",
        "left (owner c-left): account 2 was unlinked, because no tenant of the list has it.",
    ]
    assert "a (owner c-a): account 1 would be unlinked." in lines(result, check_mode=True)
    result["purged"] = [row(f"t{number}", "delete") for number in range(60)]
    assert "... and 12 more were unlinked" in lines(result)


def test_what_a_tenant_warns_of_is_told():
    result = links(row("a", warnings=["Both owners have\nan account."]), row("b"))
    assert lines(result)[1:] == ["a (owner c-a): Both owners have an account."]


def test_of_many_warnings_the_first_are_told():
    told = lines(links(*(row(f"t{number}", warnings=["Look at it."]) for number in range(53))))
    assert (len(told), told[-1]) == (52, "... and 3 more warnings")


def test_a_good_run_is_one_line():
    result = links(row("a", "create"), row("b"))
    assert lines(result) == [
        "2 tenants: 1 linked, 0 re-linked, 0 updated, 0 unlinked, 1 as declared; 1 request to Freshservice, 2 to StackOne"
    ]
    assert verdict(result) == ""


OTHER_AGENT = "1 of them to another agent (a)"


@pytest.mark.parametrize(
    ("rotating", "check_mode", "words"),
    [
        (False, True, "1 tenant: 0 would be linked, 1 would be re-linked, "),
        (True, False, f"1 new key: 1 tenant re-linked, {OTHER_AGENT}, 0 linked for the first time, 0 had"),
        (True, True, "1 new key: 1 tenant would be re-linked, 1 of them"),
    ],
)
def test_check_mode_does_not_speak_of_what_was_done(rotating, check_mode, words):
    told = lines(links(row("a", "relink", agent_change="other")), rotating=rotating, check_mode=check_mode)
    assert told[0].startswith(words)
    assert ("Add the new keys" in "".join(told)) == (rotating and not check_mode)


@pytest.mark.parametrize(("action", "named"), [("relink", "re-linked"), ("create", "linked"), ("none", None)])
def test_new_keys_are_to_be_kept_where_stackone_has_got_any(action, named):
    told = lines(links(row("a", action), row("b", **failure("b"))), rotating=True)
    advice = [line for line in told if line.startswith("Add")]
    start = f"Add the new keys of the {named} tenants to the encrypted file of keys now, with ansible-vault edit;"
    if named is None:
        start = "Add the new keys to the encrypted file of keys, if they are not in it yet, with ansible-vault edit;"
    assert [line[: len(start)] for line in advice] == [start]


def test_new_keys_that_were_all_refused_are_not_to_be_kept():
    told = lines(links(row("b", **failure("b"))), rotating=True)
    assert [line for line in told if line.startswith("Add")] == []


@pytest.mark.parametrize("said", [True, False])
def test_the_check_mode_of_a_result_counts(said):
    result = {**links(row("a", "create")), "check_mode": said}
    ending = ending_of_list(result, Asked(check_mode=not said, detailed=True))
    assert any("1 would be linked" in line for line in ending.lines) is said
    # Somebody has to know which account it is that differs.
    assert any(line.startswith("a (owner c-a) would be linked") for line in ending.lines) is said
    # What was done does not differ any more.
    assert bool(ending.verdict) is said


def test_who_failed_does_not_count_as_declared():
    result = links(row("a", **failure("a")), row("b"))
    assert ", 1 as declared, 1 failed; " in lines(result)[0]
    assert lines(result)[1:] == ["a (owner c-a): the key is bad."]
    assert verdict(result) == "1 of 2 tenants failed: the lines above say why."


def test_who_was_linked_and_failed_all_the_same_is_counted_once():
    result = links(row("a", "create"), row("b", "create", **failure("b")))
    assert lines(result)[0].startswith(
        "2 tenants: 1 linked, 0 re-linked, 0 updated, 0 unlinked, 0 as declared, 1 failed;"
    )


def test_who_took_over_an_account_that_another_run_made_was_updated():
    assert lines(links({**row("a"), "changed": True}, row("b")))[0].startswith(
        "2 tenants: 0 linked, 0 re-linked, 1 updated, 0 unlinked, 1 as declared;"
    )


def test_other_accounts_are_no_tenants():
    others = [row("x", "delete"), row("y", "none", **failure("y"))]
    result = links(row("a"), row("b"), purged=others)
    assert lines(result)[0].startswith(
        "2 tenants: 0 linked, 0 re-linked, 0 updated, 1 unlinked, 2 as declared, 1 failed;"
    )
    assert verdict(result) == "Unlinking 1 of 2 other accounts failed: the lines above say why."


def test_keys_that_could_not_be_checked_are_counted():
    summary = {"tenants": 5, "failed": 3, "not_started": 1, "verdicts": {"valid": 1, "key_refused": 1}, "requests": {}}
    assert lines({"results": [row("a")], "summary": summary})[0] == (
        "5 tenants: 1 valid, 1 key refused, 2 not checked, 1 not started"
    )


def test_of_very_many_the_first_fifty_are_named():
    result = links(*(row(f"t{number}", **failure(f"t{number}")) for number in range(53)))
    assert len(lines(result)) == 52
    assert lines(result)[-1].startswith("... and 3 more failed: set freshservice_link_report")
    more, report = lines(result, reports=["/r.html"])[-2:]
    assert (more, report) == ("... and 3 more failed: they are in the report.", "Report written to /r.html")


def test_who_had_no_turn_is_counted_and_not_named():
    """The words are those of the modules themselves."""
    failed = tenants_failed(Failures([], 3), Ended("after 1 failed tenant (stop_after_failures)"))
    result = links(row("a", **failure("a")), row("b", **waiting("b")), row("c", **waiting("c")), msg="x")
    result["failure"] = failed.as_dict()
    assert lines(result)[1:] == ["a (owner c-a): the key is bad."]
    assert verdict(result) == (
        "The run ended after 1 failed tenant (freshservice_link_stop_after_failures)."
        " 1 of 3 tenants failed, 2 were not started: the lines above say why."
    )


def test_a_run_without_a_result_says_why_once():
    result = {"failed": True, "msg": "purge_limit must be a share."}
    assert lines(result) == []
    assert verdict(result) == "freshservice_link_purge_limit must be a share."
    assert verdict({"changed": False}) == DIED


def test_a_report_is_green_over_failed_tenants():
    result = links(row("a", **failure("a")), msg="1 of 1 tenants failed")
    assert verdict(result, reporting=True) == ""
    assert verdict({"msg": "it broke"}, reporting=True) == "it broke"


def test_an_empty_list():
    assert lines(links()) == [NO_TENANT]


def test_a_moved_domain():
    moved = row("new", "relink", changes={"domain": {"before": "old", "after": "new"}})
    assert lines(links(moved))[1] == "new (owner c-new): moved from the domain old to new."
    assert lines(links(moved), check_mode=True)[1] == "new (owner c-new): would be moved from the domain old to new."


def test_keys_in_clear():
    assert lines(links(row("a")), plain_files=["/my keys.csv"])[-1] == (
        "Warning: /my keys.csv contains unencrypted API keys. Encrypt it: ansible-vault encrypt '/my keys.csv'"
    )


MISSING = key_missing("this tenant has no account yet")
OR_LINK = " Or let the customer do it: playbook tenantlink.stackone.auth_links"
OR_EITHER = f"{OR_LINK}, with freshservice_link_relink=true for those that have an account."
KEYLESS = {"key": "not_declared"}


def test_a_missing_key_is_asked_for_by_the_name_of_its_tenant():
    keys = Keys(given={"acmee": "K", "b": "K", "c-d": "K", SECRET: "K", "swapped": "acme"})
    result = links(row("acme", **failure("acme", MISSING)), row("b"), row("d"))
    told = lines(result, keys=keys)
    assert told[1].endswith(
        "acme (owner c-acme): this tenant has no account yet, but no API key is declared."
        " Set the key in freshservice_link_api_keys['acme'], encrypted with ansible-vault."
        f" There is an unused key for acmee: did you mean that one?{OR_LINK}."
    )
    assert told[2] == (
        "freshservice_link_api_keys holds keys that no tenant of the list uses: acmee, entry 4, entry 5 (are its name and key"
        " swapped?)."
    )
    assert SECRET not in "".join(told)


def test_a_key_of_a_customer_with_another_number_is_not_suggested():
    result = links(row("t00028", **failure("t00028", MISSING)))
    for other, suggested in (("t00029", False), ("t00082", False), ("tt00028", True), ("t0028", False)):
        assert ("did you mean" in "\n".join(lines(result, keys=Keys(given={other: "K"})))) is suggested, other


def test_a_key_that_is_used_is_not_suggested():
    """The names of customers are often close to one another: each has a key of its own."""
    result = links(row("t00028", **failure("t00028", MISSING)), row("t00029"))
    told = "\n".join(lines(result, keys=Keys(given={"t00029": "K", "globex": "K"})))
    assert "did you mean" not in told
    assert told.endswith("no tenant of the list uses: globex.")


def test_an_auth_link_for_a_tenant_with_an_account_links_it_again():
    result = links(row("acme", account_id="4711", **failure("acme", key_missing("account 4711 must be linked again"))))
    told = lines(result, keys=Keys(given={"b": "K"}))
    assert told[1].endswith(f"{OR_LINK}, with freshservice_link_relink=true.")


def test_where_no_key_is_known_at_all_it_is_said_once():
    keyless = [row(f"t{number}", **failure(f"t{number}", MISSING)) for number in range(12)]
    told = lines(links(*keyless, row("bad", **failure("bad"))))
    assert told[1:] == [
        "bad (owner c-bad): the key is bad.",
        "12 tenants must be linked, but freshservice_link_api_keys is empty (t0, t1, t2, t3, t4, t5, t6, t7, t8, t9 and 2 more)."
        f" {WITH_KEYS}{OR_EITHER}",
    ]


def test_a_dictionary_under_another_name():
    told = lines(links(row("acme", **failure("acme", MISSING))), near=["my_api_keys", "vault_stackone_api_key"])
    assert told[1:] == [
        "1 tenant must be linked, but freshservice_link_api_keys is empty (acme). my_api_keys is set, but not read: if it is"
        f" the one, give freshservice_link_api_keys its value.{OR_EITHER}"
    ]


def test_a_vault_under_other_names():
    assert verdict(refused(missing_options(["stackone_api_key"])), near=["a_key", "b_key"]).endswith(
        "STACKONE_API_KEY. a_key, b_key are set, but not read: if one of them is meant, give freshservice_link_stackone_api_key its value."
    )


@pytest.mark.parametrize("name", [SECRET, SECRET.lower(), "a" * 20 + "B", f"customer-{SECRET}"])
def test_a_name_that_could_be_a_key_is_never_shown(name):
    assert looks_secret(name)


@pytest.mark.parametrize(
    "name",
    ["acme", "a-very-long-name-of-a-company-in-2026", "mycompanyworldwide", "Acme1.freshservice.com", "customer-4711"],
)
def test_a_name_that_is_a_domain_is_shown(name):
    assert not looks_secret(name)


class TestTenantsWithoutAKey:
    """Their accounts work, so no key is missing; but one that is declared under another name must not be overlooked."""

    LINE = "1 tenant without a declared key: what StackOne stores for it was not compared."

    def test_they_are_counted(self):
        result = links(row("a", **KEYLESS), row("b"))
        assert lines(result)[1:] == [self.LINE]
        assert verdict(result) == ""

    def test_a_misspelt_name_is_suggested_and_each_unused_key_named_once(self):
        keys = Keys(given={"acmee": "K", "globexx": "K", "b": "K", "other": "K"})
        needing = row("globex", **failure("globex", MISSING), **KEYLESS)
        told = lines(links(row("acme", **KEYLESS), row("b"), needing), keys=keys)
        assert told[1:3] == [
            self.LINE,
            "acme (owner c-acme): no API key is declared. There is an unused key for acmee: did you mean that one?",
        ]
        assert "There is an unused key for globexx: did you mean that one?" in told[3]
        assert told[4:] == [
            "freshservice_link_api_keys holds keys that no tenant of the list uses: acmee, globexx, other."
        ]

    def test_a_dictionary_under_another_name_is_mentioned(self):
        (line,) = lines(links(row("a", **KEYLESS)), near=["my_api_keys", "vault_stackone_api_key"])[1:]
        assert line.startswith(f"{self.LINE} my_api_keys is set, but not read")

    def test_their_keys_are_not_checked(self):
        summary = {"tenants": 2, "failed": 0, "not_started": 0, "verdicts": {"valid": 1}, "requests": {}}
        rows = [{"domain": "a", "verdict": "valid"}, {"domain": "b", **KEYLESS}]
        result = {"results": rows, "summary": summary}
        assert lines(result) == [
            "2 tenants: 1 valid, 1 not checked",
            "1 tenant without a declared key: there is nothing to check.",
        ]
        assert verdict(result) == ""

    @pytest.mark.parametrize(
        ("keys", "near", "advice"),
        [({}, (), f" {WITH_KEYS}"), ({"acmee": "K"}, (), ""), ({}, ["my_api_keys"], "")],
        ids=["no keys", "keys of others", "another name"],
    )
    def test_a_check_of_no_key_proves_nothing(self, keys, near, advice):
        summary = {"tenants": 2, "failed": 0, "not_started": 0, "verdicts": {"valid": 0}, "requests": {}}
        result = {"results": [{"domain": "a", **KEYLESS}, {"domain": "b", **KEYLESS}], "summary": summary}
        assert verdict(result, keys=Keys(given=keys), near=near) == f"{NONE_CHECKED}{advice}"

    def test_nor_does_a_list_of_tenants_that_left_need_keys(self):
        summary = {"tenants": 1, "failed": 0, "not_started": 0, "verdicts": {"valid": 0}, "requests": {}}
        assert verdict({"results": [{"domain": "a", "state": "absent"}], "summary": summary}) == ""

    def test_a_host(self):
        checked = {"key_check": {}, "domain": "acme", "changed": False, **KEYLESS}
        assert ending_of_host("h", checked, Asked()).as_dict() == {
            "lines": ["h: no key is declared, so none was checked"],
            "verdict": "",
        }
        found = {"actions": [], "account": {"id": "7", "status": "active"}, **KEYLESS}
        assert ending_of_host("h", found, Asked()).lines == ["h: as declared; account 7, active"]


def test_nobody_is_meant_by_what_is_close_to_nobody():
    assert meant("acmee", {"acme", "globex"}) == "did you mean acme?"
    assert meant("hooli", {"acme", "globex"}) == ""
    assert meant("Customer4711", {"customer-4712", "customer-4711"}) == "did you mean customer-4711?"
    assert meant("customer-4713", {"customer-4712", "customer-4711"}) == ""
    assert meant("brav0", {"bravo", "brave"}) == "did you mean bravo?"


def test_what_is_missing_is_no_matter_of_words():
    wrong = invalid_argument("the api_key of this tenant is missing a part.")
    told = lines(links(row("acme", **failure("acme", wrong))))
    assert told[1:] == ["acme (owner c-acme): the api_key of this tenant is missing a part."]
