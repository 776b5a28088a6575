# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""setup.yml, run with the real modules of awx.awx: each of its runs leaves on a controller what the settings say, and nothing else.

The modules refuse options that they do not have; the stand-in refuses what a controller would.
"""

from __future__ import annotations

import json

import pytest
import yaml

from .kinds import CONTEXT, JOB, rendered
from .setup_runner import AWX, SECRETS

WORKFLOW = "Check, approve and link Freshservice tenants"
OF_A_LIST = {
    "Link Freshservice tenants": "link.yml",
    "Link one Freshservice tenant": "link_one.yml",
    "Heal Freshservice links": "heal.yml",
    "Verify Freshservice tenants": "verify.yml",
    "Rotate Freshservice keys": "rotate.yml",
    "Report on Freshservice links": "report.yml",
    "Make auth links": "auth_links.yml",
}
OF_HOSTS = {
    "Link Freshservice tenants": "link_by_host.yml",
    "Link some Freshservice tenants": "link_by_host.yml",
    "Link one Freshservice tenant": "link_one.yml",
}


def notifying(kind, **configuration):
    return {"awx_notification_type": kind, "awx_notification_configuration": configuration}


WEBHOOK = notifying("webhook", url="https://chat.example.com/hook")
FROM = {"host": "mail.example.com", "username": "links", "sender": "links@example.com"}
MAIL = notifying("email", **FROM, recipients=["operations@example.com"])
NO_PASSWORD = {"awx_notification_password": ""}


def playbooks(runner):
    return {thing.fields["name"]: thing.fields["playbook"] for thing in runner.controller.all("job_templates")}


def template(runner, name):
    return runner.controller.named("job_templates", name)


def variables(runner, name):
    return json.loads(template(runner, name).fields["extra_vars"])


def share(runner, name):
    return int(variables(runner, name)["freshservice_link_requests_per_minute"])


def places(runner, secret):
    """Where a secret was sent to, in the last run."""
    return {request.path.split("/")[3] for request in runner.controller.writes() if secret in json.dumps(request.body)}


class TestList:
    """Tenants in a list."""

    SETTINGS = {**WEBHOOK, **NO_PASSWORD, "awx_folder": "/srv/links"}

    def test_all_is_there(self, runner):
        assert runner.set_up(**self.SETTINGS) > 0
        controller = runner.controller
        assert playbooks(runner) == OF_A_LIST
        assert controller.names("inventories") == {"Freshservice links", "StackOne accounts"}
        assert controller.names("inventory_sources") == {"Accounts"}
        assert controller.names("projects") == {"Freshservice links"}
        for name in OF_A_LIST:
            thing = template(runner, name)
            assert controller.names_of(thing, "credentials") == {"StackOne key", "Freshservice keys"}
            assert controller.names_of(thing, "labels") == {"Freshservice links"}
            assert controller.names_of(thing, "notification_templates_error") == {"Freshservice links"}
            assert thing.fields["allow_simultaneous"] is False
            assert thing.fields["timeout"] > 0
            assert thing.fields["job_slice_count"] == 1

    def test_secrets_are_in_credentials_alone(self, runner):
        """And in no output: each run is searched for them."""
        assert places(runner, SECRETS["awx_stackone_api_key"]) == {"credentials"}
        assert places(runner, SECRETS["awx_vault_password"]) == {"credentials"}
        secret = runner.controller.named("credential_types", "StackOne").fields["inputs"]["fields"]
        assert [(each["id"], each["secret"]) for each in secret] == [("stackone_api_key", True)]

    def test_shares_fit_into_the_quota(self, runner):
        using = set(OF_A_LIST) - {"Verify Freshservice tenants"}
        assert all(share(runner, name) >= 1 for name in using)
        assert sum(share(runner, name) for name in using) <= 1000

    def test_the_survey_hides_the_key(self, runner):
        survey = template(runner, "Link one Freshservice tenant").survey
        assert {each["variable"] for each in survey["spec"] if each["type"] == "password"} == {"survey_api_key"}

    def test_the_rulebook_may_hand_over_an_event(self, runner):
        asking = {name for name in OF_A_LIST if template(runner, name).fields["ask_variables_on_launch"]}
        assert asking == {"Heal Freshservice links"}

    def test_links_by_night_and_looks_every_few_minutes(self, runner):
        rules = {}
        for schedule in runner.controller.all("schedules"):
            of = runner.controller.things[schedule.fields["unified_job_template"]].fields["name"]
            rules[of] = schedule.fields["rrule"].partition("RRULE:")[2]
        assert rules == {
            "Link Freshservice tenants": "FREQ=DAILY;INTERVAL=1",
            "Heal Freshservice links": "FREQ=MINUTELY;INTERVAL=60",
        }

    def test_the_workflow_asks_between_check_and_links(self, runner):
        controller = runner.controller
        steps = {}
        for node in controller.all("workflow_job_template_nodes"):
            runs = controller.things[node.fields["unified_job_template"]]
            after = {name: controller.names_of(node, name) for name in node.associated if node.associated[name]}
            steps[node.fields["identifier"]] = (runs.kind.type, runs.fields["name"], after)
        assert steps == {
            "verify": ("job_template", "Verify Freshservice tenants", {"always_nodes": {"approve"}}),
            "approve": ("workflow_approval_template", "Link the Freshservice tenants", {"success_nodes": {"link"}}),
            "link": ("job_template", "Link Freshservice tenants", {"always_nodes": {"report"}}),
            "report": ("job_template", "Report on Freshservice links", {}),
        }
        workflow = controller.named("workflow_job_templates", WORKFLOW)
        assert controller.names_of(workflow, "notification_templates_error") == {"Freshservice links"}
        assert controller.names_of(workflow, "notification_templates_approvals") == {"Freshservice links"}

    def test_the_webhook_names_the_failed_tenants(self, runner):
        messages = runner.controller.named("notification_templates", "Freshservice links").fields["messages"]
        failed = ["acme", 'a "quoted" one']
        artifacts = {"freshservice_link_summary": {"failed": 2}, "freshservice_link_failed_tenants": failed}
        body = json.loads(rendered(messages["error"]["body"], {**CONTEXT, "job": {**JOB, "artifacts": artifacts}}))
        assert body["failed_tenants"] == failed
        assert body["summary"] == {"failed": 2}
        # Of a job that handed nothing on, and of a workflow, which has no artifacts.
        assert json.loads(rendered(messages["error"]["body"], CONTEXT))["failed_tenants"] == []
        without = {name: value for name, value in JOB.items() if name != "artifacts"}
        assert json.loads(rendered(messages["error"]["body"], {**CONTEXT, "job": without}))["summary"] == {}
        asking = json.loads(rendered(messages["workflow_approval"]["running"]["body"], CONTEXT))
        assert asking["approval"] == "Approve Me"

    def test_a_second_run_changes_nothing(self, runner):
        assert runner.set_up(**self.SETTINGS) == 0
        assert runner.written() == []

    def test_one_setting_is_one_change(self, runner):
        """The time between two looks is the schedule's, and the time-out of a look."""
        assert runner.set_up(**self.SETTINGS, awx_heal_minutes="5") == 2
        heal = template(runner, "Heal Freshservice links")
        schedule = runner.controller.named("schedules", "Heal Freshservice links every few minutes")
        assert runner.written() == [("PATCH", heal.url), ("PATCH", schedule.url)]
        assert heal.fields["timeout"] < 5 * 60
        assert schedule.fields["rrule"].endswith("RRULE:FREQ=MINUTELY;INTERVAL=5")


class TestHosts:
    """Tenants as hosts, on a controller that an earlier version has set up."""

    SETTINGS = {**MAIL, "awx_by_host": True, "awx_slices": "5", "awx_forks": "3"}

    def test_all_is_there(self, runner):
        project = runner.controller.add("projects", {"name": "Freshservice links", "organization": 1})
        old = {"name": "Repair broken accounts", "organization": 1, "project": project.id, "playbook": "repair.yml"}
        runner.controller.add("job_templates", old)
        runner.set_up(**self.SETTINGS)
        assert playbooks(runner) == OF_HOSTS
        assert runner.controller.names("inventory_sources") == {"Accounts", "Declared tenants"}
        assert runner.controller.names("schedules") == {"Link Freshservice tenants every night"}

    def test_only_what_has_no_slices_asks_for_a_limit(self, runner):
        """A limit makes the slices red that have none of its hosts."""
        asking = {name: template(runner, name).fields["ask_limit_on_launch"] for name in OF_HOSTS}
        sliced = {name: template(runner, name).fields["job_slice_count"] > 1 for name in OF_HOSTS}
        assert [name for name in OF_HOSTS if asking[name]] == ["Link some Freshservice tenants"]
        assert [name for name in OF_HOSTS if sliced[name]] == ["Link Freshservice tenants"]

    def test_slices_and_forks_share(self, runner):
        link, some = template(runner, "Link Freshservice tenants"), template(runner, "Link some Freshservice tenants")
        assert (link.fields["job_slice_count"], link.fields["forks"], some.fields["forks"]) == (5, 3, 3)
        assert share(runner, "Link Freshservice tenants") == 400 // 15
        assert share(runner, "Link some Freshservice tenants") == 150 // 3

    def test_the_password_of_the_mail_goes_to_the_notification(self, runner):
        assert places(runner, SECRETS["awx_notification_password"]) == {"notification_templates"}

    def test_the_mail_names_the_failed_tenants(self, runner):
        messages = runner.controller.named("notification_templates", "Freshservice links").fields["messages"]
        said = [rendered(messages["error"]["body"], CONTEXT)]
        for failed, problem in ((["acme", "globex"], ""), ([], "No StackOne.")):
            handed_on = {"freshservice_link_failed_tenants": failed, "freshservice_link_summary": {"problem": problem}}
            context = {**CONTEXT, "job": {**JOB, "artifacts": handed_on}}
            said.append(rendered(messages["error"]["body"], context))
        assert said[0].strip() == "Failed tenants: none was named"
        assert said[1].strip() == "Failed tenants: acme, globex"
        assert said[2].startswith("No StackOne. Failed tenants: none")

    def test_a_second_run_changes_nothing(self, runner):
        assert runner.set_up(**self.SETTINGS) == 0
        assert runner.written() == []

    def test_a_change_of_the_mail_is_sent_once(self, runner):
        mail = {**self.SETTINGS["awx_notification_configuration"], "recipients": ["others@example.com"]}
        for sent in (["notification_templates"], []):
            runner.set_up(**{**self.SETTINGS, "awx_notification_configuration": mail})
            assert [path.split("/")[3] for _method, path in runner.written()] == sent
        assert runner.set_up(**self.SETTINGS) == 1

    def test_a_rotation_sends_the_secrets_again(self, runner):
        runner.set_up(**self.SETTINGS, awx_update_secrets=True)
        written = [(method, path.split("/")[3]) for method, path in runner.written()]
        assert written == [("PATCH", "credentials")] * 2 + [("PATCH", "notification_templates")]

    def test_a_list_in_their_place_leaves_nothing_behind(self, runner):
        runner.set_up(awx_notification_type="")
        without_folder = {name: playbook for name, playbook in OF_A_LIST.items() if name != "Make auth links"}
        assert playbooks(runner) == without_folder
        assert runner.controller.names("inventories") == {"Freshservice links", "StackOne accounts"}
        assert runner.controller.names("inventory_sources") == {"Accounts"}
        assert runner.controller.names("notification_templates") == set()
        assert runner.controller.names("workflow_job_templates") == {WORKFLOW}


QUOTA = yaml.safe_load((AWX / "settings.yml").read_text())["awx_requests_per_minute"]


class TestRefused:
    """Settings that cannot be right are refused before anything is sent."""

    @pytest.mark.parametrize(
        "settings, said",
        [
            ({"awx_forks": 0}, "awx_forks 0: both must be whole numbers from 1"),
            ({"awx_slices": 2.5}, "awx_slices is 2.5"),
            ({"awx_slices": True}, "awx_slices is True"),
            ({"awx_by_host": "flase"}, "awx_by_host is flase"),
            ({"awx_update_secrets": "maybe"}, "awx_update_secrets maybe"),
            ({"awx_schedule": "every night at 2"}, "awx_schedule is every night at 2"),
            ({"awx_update_secret": True, "awx_slcies": 8}, "awx_slcies, awx_update_secret: not a setting"),
            ({"awx_organization": " ", "awx_stackone_api_key": ""}, "awx_organization, awx_stackone_api_key."),
            ({"awx_image": "registry.example.com/my links:1"}, "name a version"),
            ({"awx_folder": "/srv/../etc"}, "name the whole path"),
            ({"awx_folder": "/srv/links:/srv/links:rw"}, "name the whole path"),
            (notifying("webhook", url=""), "Of webhook, it needs url"),
            ({"awx_slices": "four"}, "awx_slices is four"),
            (
                {"awx_by_host": True, "awx_slices": 50, "awx_forks": 20},
                "link: 400 of awx_requests_per_minute would give a job no request",
            ),
            ({"awx_by_host": True, "awx_slices": 1, "awx_forks": 200}, "link_some: 150 of awx_requests_per_minute"),
            ({"awx_requests_per_minute": 900}, "awx_requests_per_minute must be a dictionary"),
            ({"awx_requests_per_minute": {**QUOTA, "heall": 5}}, "It may name no others than link, link_some"),
            ({"awx_quota": 500}, "together 850 requests a minute, and StackOne allows 500"),
            ({"awx_image": "registry.example.com/links:latest"}, "name a version"),
            ({"awx_image": "registry.example.com:5000/links"}, "name a version"),
            ({"awx_notification_type": "pigeon"}, "it can be webhook, email or empty"),
            ({"awx_notification_type": "email"}, "Of email, it needs host, sender, recipients"),
            ({"awx_folder": "links"}, "awx_folder is links: name the whole path"),
            (
                {"awx_by_host": None, "awx_vault_password": None},
                "Set in settings.yml or vault.yml: awx_by_host, awx_vault_password.",
            ),
            ({"awx_heal_minutes": 1}, "awx_heal_minutes is 1: it must be a whole number from 2"),
        ],
        ids=lambda value: " ".join(f"{name}={each}" for name, each in value.items()) if isinstance(value, dict) else "",
    )
    def test_the_message_says_what_to_change(self, runner, settings, said):
        run = runner.run(**settings)
        assert run.returncode == 2, run.stdout
        assert said in " ".join(run.stdout.split())
        assert runner.controller.journal == []
