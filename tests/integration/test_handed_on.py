# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a controller learns of a run from the events that ansible-runner gives it, and reports of several runs in one."""

from __future__ import annotations

import json
import stat

import pytest
import yaml

from tests.support.collection import PLAYBOOKS

NAMES = ("acme", "globex", "initech", "umbrella")
DECLARED = [{"domain": name, "origin_owner_id": f"customer-{name}"} for name in NAMES]
GOOD = DECLARED[:2]
FAILED = ["initech (owner customer-initech)", "umbrella (owner customer-umbrella)"]
HANDED_ON = {"freshservice_link_summary", "freshservice_link_failed_tenants", "freshservice_link_reports"}


@pytest.fixture
def job(runner):
    """Run a playbook under ansible-runner, as a controller does; its status, and what it handed on."""
    vault = runner.folder / "vault.yml"
    keys = {"stackone_api_key": runner.emulator.stackone_api_key, "api_keys": runner.keys}
    runner.encrypt(vault, yaml.safe_dump({f"freshservice_link_{name}": value for name, value in keys.items()}))
    urls = {f"freshservice_link_{name}": url for name, url in runner.connection().items() if name.endswith("_url")}

    def run(playbook, *arguments, **variables):
        files = f"-e @{vault} --vault-password-file {runner.folder / 'password'}"
        ended = runner.run_job(PLAYBOOKS / f"{playbook}.yml", files, *arguments, extravars={**urls, **variables})
        runner.assert_no_secret()
        return ended, handed_on(ended)

    return run


def handed_on(ended):
    (stats,) = (event for event in ended.events if event["event"] == "playbook_on_stats")
    return stats["event_data"].get("artifact_data", {})


def summary(tenants, changed=0, failed=0, **outcomes):
    told = {name.replace("_", " "): count for name, count in outcomes.items()}
    counts = {"tenants": tenants, "changed": changed, "failed": failed, "not_started": 0}
    return {**counts, "outcomes": told, "problem": ""}


def test_a_list_hands_on_what_came_of_it_also_where_it_fails(runner, job):
    report = str(runner.folder / "run.json")
    ended, told = job("link", freshservice_link_tenants=DECLARED, freshservice_link_report=report)
    assert ended.status == "failed"
    assert set(told) == HANDED_ON
    outcomes = {"linked": 2, "failed": 2}
    assert told["freshservice_link_summary"] == summary(4, changed=2, failed=2) | {"outcomes": outcomes}
    assert told["freshservice_link_failed_tenants"] == FAILED
    assert told["freshservice_link_reports"] == [report]
    assert ended.stats["changed"] == {"localhost": 1}


def test_a_report_that_could_not_be_written_is_not_handed_on(runner, job):
    written = str(runner.folder / "run.json")
    reports = [written, "/proc/run.html"]
    ended, told = job("link", freshservice_link_tenants=GOOD, freshservice_link_report=reports)
    assert ended.status == "failed"
    assert told["freshservice_link_reports"] == [written]
    assert told["freshservice_link_summary"]["changed"] == len(GOOD)


def test_every_run_over_a_list_hands_on(runner, job):
    """In check mode as well. A second run changed nothing, and handing on is not a change."""
    _check, told = job("link", "--check", freshservice_link_tenants=GOOD)
    assert told["freshservice_link_summary"] == summary(2, changed=2, would_be_linked=2)
    assert runner.emulator.accounts() == []
    job("link", freshservice_link_tenants=GOOD)
    again, told = job("link", freshservice_link_tenants=GOOD)
    assert (again.stats["changed"], told["freshservice_link_summary"]) == ({}, summary(2, as_declared=2))
    assert told["freshservice_link_failed_tenants"] == told["freshservice_link_reports"] == []
    _verified, told = job("verify", freshservice_link_tenants=DECLARED[1:])
    assert told["freshservice_link_summary"]["outcomes"] == {"valid": 1, "refused": 2}
    assert told["freshservice_link_failed_tenants"] == FAILED
    new = runner.folder / "new.csv"
    runner.encrypt(new, f"domain,api_key\nacme,{runner.tenant_key('acme')}\n")
    _rotated, told = job("rotate", freshservice_link_tenants=GOOD, freshservice_link_new_api_keys_file=str(new))
    assert told["freshservice_link_summary"]["tenants"] == 1
    report = str(runner.folder / "report.csv")
    reported, told = job("report", freshservice_link_tenants=DECLARED, freshservice_link_report=report)
    assert (reported.status, told["freshservice_link_reports"]) == ("successful", [report])
    outcomes = {"as declared": 2, "failed": 2}
    assert told["freshservice_link_summary"] == summary(4, failed=2) | {"outcomes": outcomes}


def test_auth_links_hand_on_who_was_invited_and_no_link(runner, job):
    job("link", freshservice_link_tenants=GOOD[:1])
    path = runner.folder / "links.csv"
    runner.secret_files.add(path)
    _runner, told = job("auth_links", freshservice_link_tenants=GOOD, freshservice_link_auth_links_file=str(path))
    assert told["freshservice_link_summary"] == summary(2, changed=1, given_an_auth_link=1, linked_already=1)
    assert "token" not in json.dumps(told)


def test_a_run_that_ends_at_once_hands_on_why(runner, job):
    _runner, told = job("link", freshservice_link_tenants=GOOD, freshservice_link_stackone_url="http://127.0.0.1:9")
    assert told["freshservice_link_summary"]["problem"].startswith("StackOne could not be reached")


HOSTILE = "{{ lookup('pipe', 'touch ' ~ lookup('env', 'HOME') ~ '/was-here') }}"


def test_what_customers_are_called_is_a_template_in_no_later_job(runner, job):
    """A controller passes what was handed on to the next job, as extra variables: these are templates."""
    names = [HOSTILE, "#jinja2: variable_start_string: '<<'", "{% set x = 1 %}"]
    for name in names:
        runner.emulator.add_account(origin_owner_id=name, api_key=runner.tenant_key("acme"), status="error")
    report = str(runner.folder / "accounts.csv")
    _runner, told = job("report", freshservice_link_report=report)
    failed = told["freshservice_link_failed_tenants"]
    assert len(failed) == len(names)
    assert not any("{" in name or name.startswith("#") for name in failed)
    use = "{{ freshservice_link_failed_tenants | join }}{{ freshservice_link_summary.problem }}"
    ended, told = job("verify", freshservice_link_tenants=GOOD, freshservice_link_report_title=use, **told)
    assert ended.status == "successful", ended.stdout.read()
    assert told["freshservice_link_summary"] == summary(2, valid=2)
    assert not (runner.home / "was-here").exists()


@pytest.mark.parametrize("how", ["linear", "free", "serial"])
def test_hosts_hand_on_one_result_for_all(runner, job, inventory, how, tmp_path):
    """Also those that could not be begun. A report of the job has its number."""
    book = yaml.safe_load((PLAYBOOKS / "link_by_host.yml").read_text())
    (link,) = (play for play in book if "tasks" in play or "roles" in play)
    link.update({"serial": 2} if how == "serial" else {"strategy": how})
    path = tmp_path / "by_host.yml"
    path.write_text(yaml.safe_dump(book))
    report = f"{runner.folder}/{{{{ awx_job_id | default('local') }}}}.json"
    arguments = ("-i", str(inventory), "--vault-password-file", str(runner.folder / "password"))
    variables = {"freshservice_link_report": report, "awx_job_id": 4711}
    told = handed_on(runner.run_job(path, *arguments, extravars=variables))
    assert told["freshservice_link_summary"]["outcomes"] == {"linked": 2, "failed": 2}
    assert told["freshservice_link_failed_tenants"] == FAILED
    assert told["freshservice_link_reports"] == [f"{runner.folder}/4711.json"]
    assert json.loads((runner.folder / "4711.json").read_text())["totals"]["tenants"] == 4


SECOND = """
from ansible.plugins.lookup import LookupBase


class LookupModule(LookupBase):
    def run(self, terms, variables=None, **kwargs):
        with open(terms[0], "a+") as calls:
            calls.write("x")
            calls.seek(0)
            return [len(calls.read()) > 1]
"""


def test_a_host_that_writes_no_report_hands_nothing_on(runner, inventory, tmp_path):
    """The last of the others has finished right after this one had found that one is still at work: it does both."""
    (tmp_path / "second.py").write_text(SECOND)
    ended = runner.run_job(
        PLAYBOOKS / "link_by_host.yml",
        *("-i", str(inventory), "--vault-password-file", str(runner.folder / "password")),
        extravars={
            "freshservice_link_report": str(runner.folder / "run.json"),
            "__freshservice_link_complete": f"{{{{ lookup('second', '{tmp_path / 'calls'}') }}}}",
        },
        env={"ANSIBLE_LOOKUP_PLUGINS": str(tmp_path)},
    )
    assert (tmp_path / "calls").read_text() == "xx"
    assert handed_on(ended) == {}


def test_a_list_that_runs_once_for_several_hosts_is_counted_once(runner, job, tmp_path):
    role = {"name": "tenantlink.stackone.freshservice_link"}
    task = {"ansible.builtin.include_role": {**role, "apply": {"run_once": True}}, "run_once": True}
    play = {"hosts": "several", "connection": "local", "gather_facts": False, "tasks": [task]}
    path = tmp_path / "once.yml"
    path.write_text(yaml.safe_dump([play]))
    inventory = tmp_path / "hosts.ini"
    inventory.write_text(f"[several]\none\ntwo\nthree\n[several:vars]\nansible_python_interpreter={runner.python}\n")
    report = f"{runner.folder}/{{{{ inventory_hostname }}}}.json"
    given = {"freshservice_link_tenants": DECLARED, "freshservice_link_report": report}
    files = f"-e @{runner.folder / 'vault.yml'} --vault-password-file {runner.folder / 'password'} -i {inventory}"
    urls = {f"freshservice_link_{name}": url for name, url in runner.connection().items() if name.endswith("_url")}
    told = handed_on(runner.run_job(path, files, extravars={**urls, **given}))
    assert told["freshservice_link_summary"] == summary(4, changed=2, failed=2) | {
        "outcomes": {"linked": 2, "failed": 2}
    }
    assert told["freshservice_link_reports"] == [str(runner.folder / "one.json")]


def mode(path):
    return stat.S_IMODE(path.stat().st_mode)


def test_the_reports_of_slices_are_merged(runner, job):
    """Each job has its own file, and one command makes one report of them in every form."""
    slices = runner.folder / "slices"
    slices.mkdir()
    report = f"{slices}/{{{{ awx_job_id | default('local') }}}}.json"
    for number, declared in enumerate((DECLARED[:1], DECLARED[1:3], DECLARED[3:]), 7):
        job("link", freshservice_link_tenants=declared, freshservice_link_report=report, awx_job_id=number)
    assert sorted(path.name for path in slices.iterdir()) == ["7.json", "8.json", "9.json"]
    written = [slices / f"all.{kind}" for kind in ("html", "csv", "json")]
    runner.emulator.clear_requests()
    # The second time, the merged report lies among the others.
    for _time in range(2):
        ended, told = job(
            "merge_reports",
            freshservice_link_report_files=str(slices),
            freshservice_link_report=list(map(str, written)),
            freshservice_link_report_title="Last night",
        )
        said = ended.stdout.read()
        assert ended.status == "successful", said
        assert "4 tenants of 3 reports: 2 linked, 2 failed" in said
        assert told["freshservice_link_summary"]["outcomes"] == {"linked": 2, "failed": 2}
        assert told["freshservice_link_summary"]["changed"] == 2
        assert told["freshservice_link_failed_tenants"] == FAILED
    assert runner.emulator.requests() == []
    assert {mode(path) for path in written} == {0o600}
    document = json.loads(written[2].read_text())
    assert (document["title"], document["parts"]) == ("Last night", 3)
    assert document["totals"] == {"tenants": 4, "changed": 2, "failed": 2, "not_started": 0}
    parts = [json.loads((slices / f"{number}.json").read_text()) for number in (7, 8, 9)]
    assert document["requests"]["freshservice"] == sum(part["requests"]["freshservice"] for part in parts)
    assert "Last night" in written[0].read_text()
    assert written[1].read_text().count("\n") == 5


WRONG = {
    "absent": (None, "the file {path} does not exist."),
    "text": ("no report", "{path} is not a report of this collection in JSON."),
    "another": ('{"rows": 1}', "{path} is not a report of this collection in JSON."),
    "older": ('{"rows": [], "totals": {}}', "{path} was made by another version of this collection."),
}


@pytest.mark.parametrize(("content", "words"), WRONG.values(), ids=WRONG)
def test_a_file_that_cannot_be_merged_is_named_in_one_line(runner, job, content, words):
    path, out = runner.folder / "part.json", runner.folder / "all.csv"
    if content is not None:
        path.write_text(content)
    ended, _told = job("merge_reports", freshservice_link_report_files=[str(path)], freshservice_link_report=str(out))
    assert ended.status == "failed"
    (failure,) = (event["event_data"]["res"]["msg"] for event in ended.events if event["event"] == "runner_on_failed")
    assert failure.startswith(f"freshservice_link_report_files: {words.format(path=path)}")
    assert not out.exists()


@pytest.mark.parametrize("forks", ["1", "5"])
def test_a_play_with_a_list_and_a_tenant_as_a_host(runner, forks):
    """The list is refused, because nothing compares it with the tenant."""
    inventory = {
        "all": {
            "hosts": {
                "globex": {"freshservice_link_origin_owner_id": "customer-globex", "freshservice_link_api_key": runner.tenant_key("globex")},
                "list": {"freshservice_link_tenants": DECLARED[:1], "freshservice_link_api_keys": {"acme": runner.tenant_key("acme")}},
            },
            "vars": {"ansible_connection": "local", "ansible_python_interpreter": "{{ ansible_playbook_python }}"},
        }
    }  # fmt: skip
    urls = {f"freshservice_link_{name}": url for name, url in runner.connection().items() if name.endswith("_url")}
    inventory["all"]["vars"].update(urls, freshservice_link_stackone_api_key=runner.emulator.stackone_api_key)
    runner.encrypt(runner.folder / "hosts.yml", yaml.safe_dump(inventory))
    task = {"ansible.builtin.import_role": {"name": "tenantlink.stackone.freshservice_link"}}
    path = runner.folder / "mixed.json"
    path.write_text(json.dumps([{"hosts": "all", "gather_facts": False, "tasks": [task]}]))
    password = ("--vault-password-file", str(runner.folder / "password"))
    ended = runner.run_job(path, "-i", str(runner.folder / "hosts.yml"), *password, "--forks", forks)
    output = "".join(event["stdout"] for event in ended.events)
    assert set(runner.linked()) == {"customer-globex"}
    assert ended.rc == 2, output
    assert "The host globex of this play is a tenant itself, and list has a list of tenants." in output
