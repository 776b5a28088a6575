# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the stand-in of a controller knows of each kind of object: its fields with their defaults, and what the real one refuses."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from jinja2 import StrictUndefined, TemplateError
from jinja2.sandbox import ImmutableSandboxedEnvironment

MASK = "$encrypted$"
"""What the API shows in place of a secret."""


class Refused(Exception):
    """A request that gets an error for an answer."""

    def __init__(self, status: int, body: dict[str, Any]) -> None:
        super().__init__(status, body)
        self.status = status
        self.body = body


@dataclass(frozen=True)
class Kind:
    """A kind of object: where it is listed, what it has, and what can be associated with it, by name of the association."""

    path: str
    type: str
    fields: dict[str, Any]
    required: tuple[str, ...] = ("name",)
    unique: tuple[str, ...] = ("name", "organization")
    associations: dict[str, str] = field(default_factory=dict)
    survey: bool = False

    def taken(self, body: dict[str, Any]) -> dict[str, Any]:
        """What the API takes of a request: no field that it does not know, and an empty text for null."""
        known = {name: value for name, value in body.items() if name in self.fields}
        return {
            name: "" if value is None and isinstance(self.fields[name], str) else value for name, value in known.items()
        }


NAMED = {"name": "", "description": ""}
IN_ORGANIZATION = {**NAMED, "organization": None}
NOTIFICATIONS = {f"notification_templates_{when}": "notification_templates" for when in ("started", "success", "error")}
PROMPTS = (
    *("credential", "diff_mode", "execution_environment", "forks", "instance_groups", "inventory", "job_slice_count"),
    *("job_type", "labels", "limit", "scm_branch", "skip_tags", "tags", "timeout", "variables", "verbosity"),
)
NODES = {f"{when}_nodes": "workflow_job_template_nodes" for when in ("success", "failure", "always")}

JOB_TEMPLATE = {
    **IN_ORGANIZATION, "job_type": "run", "inventory": None, "project": None, "playbook": "", "scm_branch": "",
    "forks": 0, "limit": "", "verbosity": 0, "extra_vars": "", "timeout": 0, "execution_environment": None,
    "survey_enabled": False, "diff_mode": False, "allow_simultaneous": False, "job_slice_count": 1,
    **{f"ask_{name}_on_launch": False for name in PROMPTS},
}  # fmt: skip
PROJECT = {
    **IN_ORGANIZATION, "scm_type": "", "scm_url": "", "scm_branch": "", "scm_revision": "",
    "scm_update_on_launch": False, "scm_update_cache_timeout": 0, "default_environment": None,
}  # fmt: skip
INVENTORY_SOURCE = {
    **NAMED, "inventory": None, "source": "", "source_path": "", "source_project": None, "credential": None,
    "execution_environment": None, "overwrite": False, "overwrite_vars": False, "update_on_launch": False,
}  # fmt: skip
NODE = {
    "identifier": "", "workflow_job_template": None, "unified_job_template": None,
    "all_parents_must_converge": False,
}  # fmt: skip
NOTIFICATION = {**IN_ORGANIZATION, "notification_type": "", "notification_configuration": {}, "messages": None}
SCHEDULE = {**NAMED, "unified_job_template": None, "rrule": "", "enabled": True, "extra_data": {}}

KINDS = {
    kind.path: kind
    for kind in (
        Kind("organizations", "organization", NAMED, unique=("name",)),
        Kind(
            "credential_types", "credential_type",
            {**NAMED, "kind": "", "managed": False, "inputs": {}, "injectors": {}}, required=("name", "kind"),
            unique=("name", "kind"),
        ),
        Kind(
            "credentials", "credential", {**IN_ORGANIZATION, "credential_type": None, "inputs": {}},
            required=("name", "credential_type"), unique=("name", "organization", "credential_type"),
        ),
        Kind(
            "execution_environments", "execution_environment",
            {**IN_ORGANIZATION, "image": "", "pull": "", "credential": None}, required=("name", "image"),
            unique=("name",),
        ),
        Kind("projects", "project", PROJECT, associations=NOTIFICATIONS),
        Kind("inventories", "inventory", {**IN_ORGANIZATION, "kind": "", "host_filter": None, "variables": ""}),
        Kind(
            "inventory_sources", "inventory_source", INVENTORY_SOURCE, required=("name", "inventory"),
            unique=("name", "inventory"), associations=NOTIFICATIONS,
        ),
        Kind("labels", "label", {"name": "", "organization": None}, required=("name", "organization")),
        Kind(
            "notification_templates", "notification_template", NOTIFICATION,
            required=("name", "notification_type", "organization"),
        ),
        Kind(
            "job_templates", "job_template", JOB_TEMPLATE, required=("name", "project", "playbook"),
            associations={"credentials": "credentials", "labels": "labels", **NOTIFICATIONS}, survey=True,
        ),
        Kind(
            "workflow_job_templates",
            "workflow_job_template",
            {**IN_ORGANIZATION, "allow_simultaneous": False, "extra_vars": "", "survey_enabled": False},
            associations={
                "labels": "labels", **NOTIFICATIONS, "notification_templates_approvals": "notification_templates",
            },
            survey=True,
        ),
        Kind(
            "workflow_job_template_nodes",
            "workflow_job_template_node",
            NODE,
            required=("identifier", "workflow_job_template"),
            unique=("identifier", "workflow_job_template"),
            associations={**NODES, "credentials": "credentials", "labels": "labels"},
        ),
        # No associations: the real one has none below it, which a module asks for all the same where an approval has next steps.
        Kind("workflow_approval_templates", "workflow_approval_template", {**NAMED, "timeout": 0}, unique=()),
        Kind(
            "schedules",
            "schedule",
            SCHEDULE,
            required=("name", "unified_job_template", "rrule"),
            unique=("name", "unified_job_template"),
        ),
    )
}  # fmt: skip
UNIFIED = {"job_templates", "workflow_job_templates", "projects", "inventory_sources"}
"""What can be run, and is found among the unified job templates."""
REFERENCES = {
    "organization": {"organizations"}, "credential_type": {"credential_types"}, "credential": {"credentials"},
    "default_environment": {"execution_environments"}, "execution_environment": {"execution_environments"},
    "project": {"projects"}, "source_project": {"projects"}, "inventory": {"inventories"},
    "workflow_job_template": {"workflow_job_templates"},
    "unified_job_template": {*UNIFIED, "workflow_approval_templates"},
}  # fmt: skip
"""Which kinds the id in a field may be of."""
CASCADES = {
    ("schedules", "unified_job_template"),
    ("inventory_sources", "inventory"),
    ("workflow_job_template_nodes", "workflow_job_template"),
}
"""What goes with the object that its field names."""


def rule_problems(rule: str) -> list[str]:
    """What the controller has against a schedule's rule."""
    problems = []
    if not re.match(r"DTSTART(;TZID=[A-Za-z]+(/[A-Za-z_]+)?:\d{8}T\d{6}|:\d{8}T\d{6}Z) RRULE:", rule):
        problems.append("Valid DTSTART required in rrule. Value should start with: DTSTART:YYYYMMDDTHHMMSSZ")
    if "INTERVAL=" not in rule:
        problems.append("INTERVAL required in rrule.")
    if "SECONDLY" in rule:
        problems.append("SECONDLY is not supported.")
    if rule.count("RRULE:") != 1:
        problems.append("Multiple RRULE is not supported.")
    return problems


REQUIRED = object()
CONFIGURATIONS: dict[str, dict[str, tuple[type, Any]]] = {
    "webhook": {
        "url": (str, REQUIRED), "http_method": (str, "POST"), "disable_ssl_verification": (bool, False),
        "username": (str, ""), "password": (str, ""), "headers": (dict, REQUIRED),
    },
    "email": {
        "host": (str, REQUIRED), "port": (int, REQUIRED), "username": (str, REQUIRED), "password": (str, REQUIRED),
        "use_tls": (bool, REQUIRED), "use_ssl": (bool, REQUIRED), "sender": (str, REQUIRED),
        "recipients": (list, REQUIRED), "timeout": (int, 30),
    },
}  # fmt: skip
"""The type and the default of each field of a notification template's configuration."""
JOB = {
    "id": 42, "name": "Stub JobTemplate", "status": "running", "url": "/api/v2/jobs/13/", "artifacts": {},
    "job_explanation": "Sample job explanation",
}  # fmt: skip
CONTEXT = {
    "job": JOB, "job_friendly_name": "Job", "url": "https://platformhost/#/jobs/playbook/1010",
    "approval_status": "approved", "approval_node_name": "Approve Me",
    "workflow_url": "https://platformhost/#/jobs/workflow/1010", "job_metadata": "{}",
}  # fmt: skip
"""What messages are rendered with when they are checked: a job that hands nothing on."""


def rendered(message: str, context: dict[str, Any]) -> str:
    """A message as the controller sends it; a name that it does not know is an error."""
    return ImmutableSandboxedEnvironment(undefined=StrictUndefined).from_string(message).render(context)


def notification_problems(fields: dict[str, Any], whole: dict[str, Any]) -> list[str]:
    """What the controller has against a notification template. Fills in what its configuration leaves out."""
    problems = []
    if "notification_configuration" in fields:
        configuration = fields["notification_configuration"]
        for name, (kind, default) in CONFIGURATIONS[whole["notification_type"]].items():
            if name not in configuration and default is REQUIRED:
                problems.append(f"Missing required fields for Notification Configuration: ['{name}'].")
            elif configuration.setdefault(name, default).__class__ is not kind:
                problems.append(f"Configuration field '{name}' incorrect type, expected {kind.__name__}.")
    for event, messages in (whole["messages"] or {}).items():
        if event not in ("started", "success", "error", "workflow_approval"):
            problems.append(f"Event '{event}' invalid")
        parts = (messages or {}).values() if event == "workflow_approval" else [messages]
        for part in parts:
            problems += message_problems(part or {})
    return problems


def message_problems(messages: dict[str, str]) -> list[str]:
    problems = []
    for name, message in messages.items():
        if name not in ("message", "body"):
            problems.append(f"Message type '{name}' invalid, must be either 'message' or 'body'")
        if name == "message" and "\n" in message:
            problems.append("Messages cannot contain newlines")
        try:
            rendered(message, CONTEXT)
        except TemplateError as error:
            problems.append(f"Unable to render message '{message}': {error}")
    return problems
