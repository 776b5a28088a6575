# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Several StackOne projects as hosts of one run, as in playbooks/inventory_projects: each has its own key, list and report."""

from __future__ import annotations

import json
import re
import shutil

import pytest
import yaml

from tests.emulator.handle import Emulator
from tests.support.collection import PLAYBOOKS
from tests.support.playbook_runner import recap, run_by_host

EXAMPLE = PLAYBOOKS / "inventory_projects"
PROJECTS = ("staging", "production")
ALL = ("-e", "freshservice_link_hosts=projects")


@pytest.fixture(scope="module")
def second():
    with Emulator() as running:
        yield running


def declared(name):
    return yaml.safe_load((EXAMPLE / "host_vars" / name / "vars.yml").read_text())[
        "freshservice_link_stackone_project_id"
    ]


class Projects:
    """The example, with an emulator for each project."""

    def __init__(self, runner, second):
        second.reset()
        second.key()
        self.runner = runner
        self.emulators = dict(zip(PROJECTS, (runner.emulator, second)))
        self.folder = runner.folder / "inventory"
        shutil.copytree(EXAMPLE, self.folder)
        self.domains = dict(zip(PROJECTS, (("acme",), ("globex", "hooli"))))
        for name in PROJECTS:
            self.lay_out(name, self.emulators[name].key(project=declared(name)))

    def lay_out(self, name, key):
        """Write the files of a project; its tenants are those in `domains`."""
        emulator, files = self.emulators[name], self.folder / "host_vars" / name
        self.runner.known.add(key)
        urls = {"stackone_url": emulator.stackone_url, "freshservice_url": emulator.freshservice_url}
        variables = yaml.safe_load((EXAMPLE / "host_vars" / name / "vars.yml").read_text())
        variables.update({f"freshservice_link_{option}": value for option, value in urls.items()})
        (files / "vars.yml").write_text(yaml.safe_dump(variables))
        rows = [f"{domain},customer-{domain}" for domain in self.domains[name]]
        (files / "tenants.csv").write_text("\n".join(["domain,origin_owner_id", *rows]) + "\n")
        keys = {tenant["domain"]: tenant["api_key"] for tenant in emulator.tenants()}
        secrets = {"freshservice_link_stackone_api_key": key, "freshservice_link_api_keys": keys}
        self.runner.encrypt(files / "vault.yml", yaml.safe_dump(secrets))

    def play(self, playbook, *args, **options):
        password = str(self.runner.folder / "password")
        return self.runner.ansible_playbook(
            playbook if playbook.endswith(".json") else f"tenantlink.stackone.{playbook}",
            "-i",
            str(self.folder),
            "--vault-password-file",
            password,
            *args,
            **options,
        )

    def linked(self):
        return {
            name: sorted(account["setup_information"]["domain"] for account in emulator.accounts())
            for name, emulator in self.emulators.items()
        }


@pytest.fixture
def projects(runner, second):
    return Projects(runner, second)


def test_the_example_names_the_tenants_of_its_own_keys():
    for name in PROJECTS:
        folder = EXAMPLE / "host_vars" / name
        assert (folder / "vault.yml").read_text().startswith("$ANSIBLE_VAULT;1.1;AES256\n")
        assert (folder / "tenants.csv").read_text().startswith("domain,origin_owner_id,origin_owner_name\n")


def test_each_project_gets_its_own_tenants(projects):
    run = projects.play("link", *ALL)
    assert run.code == 0, run.output
    assert projects.linked() == {"staging": ["acme"], "production": ["globex", "hooli"]}
    assert {account["type"] for account in projects.emulators["staging"].accounts()} == {"test"}
    for name in PROJECTS:
        report = (projects.runner.here / f"report-{name}.html").read_text()
        assert f"Freshservice links, {name}" in report
        shown = [domain for domain in ("acme", "globex", "hooli") if f"customer-{domain}" in report]
        assert shown == list(projects.domains[name])
    again = projects.play("link", *ALL)
    assert (again.code, recap(again)) == (0, dict.fromkeys(PROJECTS, (0, 0))), again.output
    assert "belong to another version or StackOne key" not in again.output


def test_a_wrong_key_of_one_project_does_not_stop_the_other(projects):
    projects.lay_out("staging", projects.emulators["staging"].key(project="somebody-elses-1"))
    projects.domains["production"] = ("globex", "nowhere")
    projects.lay_out("production", projects.emulators["production"].key(project=declared("production")))
    run = projects.play("link", *ALL, quiet=True)
    assert run.code == 2
    assert projects.linked() == {"staging": [], "production": ["globex"]}
    assert [
        row for row in projects.runner.emulator.requests(service="stackone") if row["path"] != "/connect_sessions"
    ] == []
    lines = [line for line in run.output.splitlines() if "fatal" in line or "failed" in line]
    assert any("staging" in line and "belongs to the project somebody-elses-1" in line for line in lines), run.output
    assert "nowhere (owner customer-nowhere)" in run.output
    assert recap(run)["staging"] == (0, 1)


def test_a_project_that_is_refused_does_not_stop_the_other(projects):
    """Its variables are wrong, so it has no result when the other one sums up those of all."""
    vars_file = projects.folder / "host_vars" / "staging" / "vars.yml"
    vars_file.write_text(vars_file.read_text() + "freshservice_link_labell: Desk\n")
    projects.domains["production"] = ("globex", "nowhere")
    projects.lay_out("production", projects.emulators["production"].key(project=declared("production")))
    run = projects.play("link", *ALL, quiet=True)
    assert run.code == 2
    assert projects.linked() == {"staging": [], "production": ["globex"]}
    assert "The role has no variable freshservice_link_labell" in run.output
    assert "nowhere (owner customer-nowhere)" in run.output
    assert "freshservice_link_result" not in run.output


def test_one_of_them_alone(projects):
    run = projects.play("link", *ALL, "--limit", "production")
    assert (run.code, list(recap(run))) == (0, ["production"])
    assert projects.linked()["staging"] == []


@pytest.mark.parametrize("playbook", ["report", "verify", "export"])
def test_every_playbook_over_a_list_works_on_several_projects(projects, playbook):
    projects.play("link", *ALL)
    name = "freshservice_link_export" if playbook == "export" else "freshservice_link_report"
    run = projects.play(playbook, *ALL, "-e", name + "=out-{{ inventory_hostname }}.json")
    assert run.code == 0, run.output
    for project in PROJECTS:
        rows = json.loads((projects.runner.here / f"out-{project}.json").read_text())
        rows = rows["rows"] if isinstance(rows, dict) else rows
        assert [row["domain"] for row in rows] == list(projects.domains[project])


def test_a_file_for_two_projects_is_refused_before_anything_is_done(projects):
    run = projects.play("link", *ALL, "-e", "freshservice_link_report=report.html")
    assert run.code == 2
    assert projects.linked() == {"staging": [], "production": []}
    path = projects.runner.here / "report.html"
    assert (
        f"freshservice_link_report is {path} for the host production as well. Name one file for each host" in run.output
    )


def test_a_file_has_one_name(projects, monkeypatch):
    """What writes a file replaces variables of the environment in its path."""
    folder = projects.runner.folder
    monkeypatch.setenv("NAME_OF_A_TEST", "links")
    for name, report in {"staging": "$NAME_OF_A_TEST.json", "production": "links.json"}.items():
        path = projects.folder / "host_vars" / name / "report.yml"
        path.write_text(json.dumps({"freshservice_link_report": f"{folder}/{report}"}))
    run = projects.play("link", *ALL)
    assert run.code == 2
    assert f"freshservice_link_report is {folder}/links.json for the host production as well." in run.output
    assert projects.linked() == {"staging": [], "production": []}


OWN_PATH = {"linear": {}, "batches": {"serial": 1}, "free": {"strategy": "free"}}


@pytest.mark.parametrize("options", OWN_PATH.values(), ids=OWN_PATH)
def test_a_file_that_the_play_names_for_two_projects_is_refused(projects, options):
    """No host sees the variables that another one has of the play. Of batches, the first has ended by then."""
    report = projects.runner.folder / "links.json"
    role = {"ansible.builtin.import_role": {"name": "tenantlink.stackone.freshservice_link"}}
    variables = {"freshservice_link_report": str(report)}
    play = {"hosts": "projects", "gather_facts": False, "vars": variables, "tasks": [role], **options}
    path = projects.runner.folder / "own.json"
    path.write_text(json.dumps([play]))
    run = projects.play(str(path), *ALL)
    assert run.code == 2
    assert f"freshservice_link_report is {report} for the host " in run.output
    (written,) = [json.loads(report.read_text())] if report.exists() else [{"rows": []}]
    done = [name for names in projects.linked().values() for name in names]
    assert [row["domain"] for row in written["rows"]] == done


def test_a_file_of_an_earlier_run_stays_with_the_host_that_wrote_it(projects):
    folder = projects.runner.folder
    calls = {"staging": "a", "production": "b"}, {"staging": "c", "production": "a"}
    names = [{host: str(folder / f"{name}.json") for host, name in of_call.items()} for of_call in calls]
    tasks = [
        {
            "ansible.builtin.import_role": {"name": "tenantlink.stackone.freshservice_link", "tasks_from": entry_point},
            "vars": {"freshservice_link_report": "{{ " + json.dumps(of_call) + "[inventory_hostname] }}"},
        }
        for entry_point, of_call in zip(("verify", "main"), names)
    ]
    path = folder / "own.json"
    path.write_text(json.dumps([{"hosts": "projects", "gather_facts": False, "tasks": tasks}]))
    run = projects.play(str(path), *ALL)
    assert run.code == 2
    assert f"freshservice_link_report is {folder}/a.json for the host staging as well." in run.output
    rows = {name: json.loads((folder / f"{name}.json").read_text())["rows"] for name in "abc"}
    shown = {name: [row["domain"] for row in of_file] for name, of_file in rows.items()}
    linked = projects.linked()
    assert shown == {"a": linked["staging"], "b": list(projects.domains["production"]), "c": linked["staging"]}
    assert (linked["staging"], linked["production"]) == (list(projects.domains["staging"]), [])


@pytest.mark.parametrize("form", ["md", "xml", "prom"])
def test_a_refusal_does_not_replace_the_report_of_another_host(projects, form):
    """The first batch has linked its tenants, and its report is the record of that."""
    report = projects.runner.folder / f"links.{form}"
    role = {"ansible.builtin.import_role": {"name": "tenantlink.stackone.freshservice_link"}}
    variables = {"freshservice_link_report": str(report)}
    play = {"hosts": "projects", "gather_facts": False, "serial": 1, "vars": variables, "tasks": [role]}
    path = projects.runner.folder / "own.json"
    path.write_text(json.dumps([play]))
    run = projects.play(str(path), *ALL)
    assert run.code == 2
    assert f"is {report} for the host " in run.output
    first = next(name for name, linked in projects.linked().items() if linked)
    assert f"for the host {first} as well" in run.output
    # Metrics have the name of the host, and no names of customers.
    names = [f'host="{first}"'] if form == "prom" else projects.domains[first]
    assert all(name in report.read_text() for name in names)


@pytest.mark.parametrize("options", [{"serial": 1}, {}], ids=["batches", "ended"])
def test_a_host_is_not_refused_for_variables_of_another_one(projects, options):
    """The path of a report may refer to variables of the play, which nobody sees for another host."""
    for name in PROJECTS:
        path = "{{ folder }}/{{ inventory_hostname }}.prom"
        (projects.folder / "host_vars" / name / "report.yml").write_text(f'freshservice_link_report: "{path}"\n')
    end = {"ansible.builtin.meta": "end_host", "when": "inventory_hostname == 'staging'"}
    role = {"ansible.builtin.import_role": {"name": "tenantlink.stackone.freshservice_link"}}
    play = {"hosts": "projects", "gather_facts": False, "vars": {"folder": str(projects.runner.folder)}, **options}
    path = projects.runner.folder / "own.json"
    path.write_text(json.dumps([{**play, "tasks": [role] if options else [end, role]}]))
    run = projects.play(str(path), *ALL)
    assert run.code == 0, run.output
    assert projects.linked()["production"] == list(projects.domains["production"])


def test_files_are_of_hosts_that_use_them(projects):
    """One host runs the role for all, and an export that is declared for all hosts is not written by `link`."""
    role = {"ansible.builtin.import_role": {"name": "tenantlink.stackone.freshservice_link"}, "run_once": True}
    path = projects.runner.folder / "own.json"
    path.write_text(json.dumps([{"hosts": "projects", "gather_facts": False, "tasks": [role]}]))
    run = projects.play(str(path), *ALL, "-e", f"freshservice_link_report={projects.runner.folder}/once.json")
    assert run.code == 0, run.output
    assert projects.linked() == {"staging": list(projects.domains["staging"]), "production": []}
    run = projects.play("link", *ALL, "-e", "freshservice_link_export=all.yml")
    assert run.code == 0, run.output
    assert projects.linked()["production"] == list(projects.domains["production"])


@pytest.mark.parametrize("options", OWN_PATH.values(), ids=OWN_PATH)
def test_a_plan_of_one_host_is_not_the_report_of_another(projects, options):
    plan = projects.runner.folder / "plan.json"
    for name, variable in {"staging": "plan", "production": "report"}.items():
        variables = {"freshservice_link_plan": f"plan-{name}.json", f"freshservice_link_{variable}": str(plan)}
        (projects.folder / "host_vars" / name / "own.yml").write_text(json.dumps(variables))
    role = {"ansible.builtin.import_role": {"name": "tenantlink.stackone.freshservice_link", "tasks_from": "plan"}}
    path = projects.runner.folder / "own.json"
    path.write_text(json.dumps([{"hosts": "projects", "gather_facts": False, "tasks": [role], **options}]))
    run = projects.play(str(path), *ALL)
    assert run.code == 2
    kept = re.search(
        rf"is {plan} for the host (\w+) as well, as freshservice_link_|{plan} holds something else than a rep",
        run.output,
    )
    assert kept, run.output
    # Without a strategy that lets hosts run ahead, both are refused.
    mine = "outcomes" if kept[1] == "production" else "tenants"
    assert not plan.exists() or mine in json.loads(plan.read_text())
    assert bool(options) == plan.exists()


@pytest.mark.parametrize("report", [5, ["{{ nobody }}"], {"a": 1}])
@pytest.mark.parametrize("own", ["report.html", ""])
def test_a_variable_of_one_project_that_cannot_be_right_does_not_stop_the_others(projects, report, own):
    for project, value in {"staging": report, "production": own}.items():
        path = projects.folder / "host_vars" / project / "report.yml"
        path.write_text(json.dumps({"freshservice_link_report": value}))
    run = projects.play("link", *ALL)
    assert run.code == 2
    assert '"msg": "freshservice_link_report ' in run.output
    assert run.output.count("fatal: ") == 1, run.output
    assert projects.linked() == {"staging": [], "production": ["globex", "hooli"]}
    assert "2 linked" in run.output


PURGE = ("-e", "freshservice_link_purge=true", "-e", "freshservice_link_purge_limit=5")


@pytest.mark.parametrize("limit", [[], ["--limit", "production"]], ids=["both hosts", "a limit"])
def test_no_project_is_purged_by_the_lists_of_two_hosts(projects, limit):
    """Each would unlink what the other one declares, in every run, also if only one of them is in the run."""
    assert projects.play("link", *ALL).code == 0
    linked = projects.linked()
    staging, production = (projects.folder / "host_vars" / name for name in PROJECTS)
    for name in ("vault.yml", "vars.yml"):
        shutil.copy(production / name, staging / name)
    run = projects.play("link", *ALL, *limit, *PURGE)
    assert run.code == 2
    assert "unlinked. Put all tenants of a StackOne project into one list" in run.output
    assert projects.linked() == linked


@pytest.mark.parametrize("options", [{}, {"serial": 1}, {"strategy": "free"}], ids=["linear", "batches", "free"])
def test_lists_in_variables_of_the_play_are_not_purged_either(projects, options):
    """No host sees the variables that another one has of the play, of a role, or of a task that comes later."""
    assert projects.play("link", *ALL).code == 0
    linked = projects.linked()
    for name in PROJECTS:
        (projects.folder / "host_vars" / name / "vars.yml").unlink()
    vault, group = (projects.folder / path for path in ("host_vars/production/vault.yml", "group_vars/projects.yml"))
    shutil.copy(vault, projects.folder / "host_vars" / "staging")
    group.write_text(
        yaml.safe_dump(
            {name: value for name, value in yaml.safe_load(group.read_text()).items() if "_file" not in name}
        )
    )
    variables = {
        "freshservice_link_tenants_file": f"{projects.folder}/host_vars/{{{{ inventory_hostname }}}}/tenants.csv",
        "freshservice_link_stackone_url": projects.emulators["production"].stackone_url,
        "freshservice_link_freshservice_url": projects.emulators["production"].freshservice_url,
        "freshservice_link_purge": True,
        "freshservice_link_purge_limit": 5,
    }
    role = {"ansible.builtin.import_role": {"name": "tenantlink.stackone.freshservice_link"}}
    play = {"hosts": "projects", "gather_facts": False, "vars": variables, "tasks": [role], **options}
    path = projects.runner.folder / "own.json"
    path.write_text(json.dumps([play]))
    run = projects.play(str(path), *ALL)
    assert run.code == 2
    assert "is in this play as well, so accounts that belong to it could be unlinked." in run.output
    assert projects.linked() == linked


def test_a_list_for_everybody_is_purged_beside_hosts_without_one(runner, playbook):
    """Ansible gives what -e sets to each host of the inventory, so they seem to have the same list."""
    (runner.folder / "hosts.ini").write_text("[web]\nweb1\nweb2\n")
    runner.by_hand("globex", origin_owner_id="customer-gone")
    tenants = [{"domain": "acme", "origin_owner_id": "customer-acme"}]
    given = {"freshservice_link_tenants": tenants, "freshservice_link_purge": True, "freshservice_link_purge_limit": 1}
    run = playbook("link", "-i", str(runner.folder / "hosts.ini"), **given)
    assert run.code == 0, run.output
    assert set(runner.linked()) == {"customer-acme"}


@pytest.mark.parametrize(
    ("theirs", "words"),
    [
        (
            {"freshservice_link_tenants": [{"domain": "globex", "origin_owner_id": "customer-globex"}]},
            "has a list, too",
        ),
        ({"freshservice_link_origin_owner_id": "customer-globex"}, "is a tenant itself"),
    ],
)
@pytest.mark.parametrize("true", ["true", "y"])
def test_a_list_that_is_given_with_e_does_not_hide_what_others_declare(runner, playbook, theirs, words, true):
    (runner.folder / "hosts.json").write_text(json.dumps({"all": {"hosts": {"localhost": {}, "east": theirs}}}))
    runner.by_hand("globex", origin_owner_id="customer-globex")
    tenants = [{"domain": "acme", "origin_owner_id": "customer-acme"}]
    given = {"freshservice_link_tenants": tenants, "freshservice_link_purge": true, "freshservice_link_purge_limit": 1}
    run = playbook("link", "-i", str(runner.folder / "hosts.json"), **given)
    assert run.code == 2
    assert f"freshservice_link_purge: the host east of the inventory {words}" in run.output
    assert set(runner.linked()) == {"customer-globex"}


def test_a_plan_that_purges_is_not_carried_out_beside_another_list(projects):
    """The plan was made when the inventory had one host."""
    projects.emulators["production"].add_account(origin_owner_id="gone", domain="gone", api_key="x")
    path = projects.runner.folder / "plan.json"
    plan = ("-e", f"freshservice_link_plan={path}", "--limit", "production")
    assert projects.play("plan", *ALL, *plan, *PURGE).code == 0
    staging, production = (projects.folder / "host_vars" / name for name in PROJECTS)
    for name in ("vault.yml", "vars.yml"):
        shutil.copy(production / name, staging / name)
    run = projects.play("link", *ALL, *plan)
    assert run.code == 2
    assert "the host staging of the inventory has a list, too" in run.output
    assert projects.linked()["production"] == ["gone"]


def test_each_project_is_purged_by_the_host_that_declares_it(projects):
    projects.emulators["staging"].add_account(origin_owner_id="gone", domain="gone", api_key="x")
    run = projects.play("link", *ALL, *PURGE)
    assert run.code == 0, run.output
    assert "gone" not in projects.linked()["staging"]
    assert "1 unlinked" in run.output


def test_a_controller_gets_the_sum_of_all_projects(projects):
    projects.domains["staging"] = ("acme", "initech")
    projects.lay_out("staging", projects.emulators["staging"].key(project=declared("staging")))
    options = ["-i", str(projects.folder), "--vault-password-file", str(projects.runner.folder / "password"), *ALL]
    job = projects.runner.run_job(PLAYBOOKS / "link.yml", *options)
    (stats,) = (event for event in job.events if event["event"] == "playbook_on_stats")
    told = stats["event_data"]["artifact_data"]
    counts = {"tenants": 4, "changed": 3, "failed": 1, "not_started": 0}
    assert told["freshservice_link_summary"] == {**counts, "outcomes": {"linked": 3, "failed": 1}, "problem": ""}
    assert told["freshservice_link_failed_tenants"] == ["initech (owner customer-initech)"]
    assert [path.rpartition("/")[2] for path in sorted(told["freshservice_link_reports"])] == [
        "report-production.html",
        "report-staging.html",
    ]


WRONG = {"freshservice_link_stackone_project_id": "somebody-elses-1"}
REFUSED = "not to somebody-elses-1, which freshservice_link_stackone_project_id declares"


def refused(run):
    """The hosts whose key is said to be of another project."""
    told = re.findall(r"^fatal: \[(\w+)\](.*?)^(?:\}$|PLAY RECAP)", run.output, re.MULTILINE | re.DOTALL)
    return [host for host, text in told if REFUSED in text]


@pytest.mark.parametrize("name", ["link", "report", "auth_links"])
def test_a_preview_with_the_key_of_another_project_fails(runner, playbook, name):
    written = {"report": "freshservice_link_report", "auth_links": "freshservice_link_auth_links_file"}
    files = (
        {written[name]: str(runner.folder / f"out.{'json' if name == 'report' else 'csv'}")} if name in written else {}
    )
    tenants = [{"domain": "acme", "origin_owner_id": "customer-acme"}]
    run = playbook(name, "--check", freshservice_link_tenants=tenants, **WRONG, **files, quiet=True)
    assert (run.code, refused(run)) == (2, ["localhost"]), run.output
    assert [row["path"] for row in runner.emulator.requests(service="stackone")] == ["/connect_sessions"]


def test_tenants_as_hosts_are_refused_one_by_one(runner, inventory):
    with (inventory / "group_vars" / "tenants" / "vars.yml").open("a") as variables:
        variables.write(yaml.safe_dump(WRONG))
    run = run_by_host(runner, inventory, "link_by_host", "--limit", "acme,globex", quiet=True)
    assert (run.code, sorted(refused(run))) == (2, ["acme", "globex"]), run.output
    assert (runner.changing(), runner.emulator.accounts()) == ([], [])
