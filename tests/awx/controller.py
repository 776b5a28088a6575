# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A stand-in of the API of AWX 24, as far as the modules of awx.awx look at it.

Written from awx/api and awx/main of github.com/ansible/awx, commit e21dd0a0933fd544d1fe2513c54fe41203775eb5. What it knows of each kind
of object stands in `kinds.py`. It refuses what the real one refuses (an unknown playbook, a rule without an interval, a message that
cannot be rendered), masks what the real one masks, and keeps a journal of all requests.
"""

from __future__ import annotations

import copy
import itertools
import json
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from .kinds import CASCADES, KINDS, MASK, REFERENCES, UNIFIED, Kind, Refused, notification_problems, rule_problems

API = "/api/v2/"
PAGE = 25


@dataclass(frozen=True)
class Request:
    """What a module has sent."""

    method: str
    path: str
    body: Any

    @property
    def writes(self) -> bool:
        return self.method not in {"GET", "HEAD"}


@dataclass
class Thing:
    """An object of the controller: its own fields, and the ids of what is associated with it by name of the association."""

    kind: Kind
    id: int
    fields: dict[str, Any]
    associated: dict[str, list[int]] = field(default_factory=dict)
    survey: dict[str, Any] = field(default_factory=dict)

    @property
    def url(self) -> str:
        return f"{API}{self.kind.path}/{self.id}/"


class Controller:
    """The objects of a controller, and what each request does to them."""

    def __init__(self, project: Path) -> None:
        self.project = project
        self.journal: list[Request] = []
        self.things: dict[int, Thing] = {}
        self.ids = itertools.count(1)
        self.add("organizations", {"name": "Default"})
        secret = [{"id": "vault_password", "type": "string", "secret": True}, {"id": "vault_id", "type": "string"}]
        self.add("credential_types", {"name": "Vault", "kind": "vault", "managed": True, "inputs": {"fields": secret}})

    def add(self, path: str, fields: dict[str, Any]) -> Thing:
        kind = KINDS[path]
        thing = Thing(kind, next(self.ids), {**copy.deepcopy(kind.fields), **fields})
        self.things[thing.id] = thing
        return thing

    def all(self, path: str) -> list[Thing]:
        paths = UNIFIED if path == "unified_job_templates" else {path}
        return [thing for thing in self.things.values() if thing.kind.path in paths]

    def named(self, path: str, name: str) -> Thing:
        """The one object of a kind that has this name."""
        (found,) = [one for one in self.all(path) if one.fields.get("name", one.fields.get("identifier")) == name]
        return found

    def names(self, path: str) -> set[str]:
        return {thing.fields.get("name") or thing.fields.get("identifier") for thing in self.all(path)}

    def names_of(self, thing: Thing, association: str) -> set[str]:
        """The names of what is associated with an object."""
        others = [self.things[each].fields for each in thing.associated.get(association, [])]
        return {other.get("name") or other["identifier"] for other in others}

    def writes(self) -> list[Request]:
        return [request for request in self.journal if request.writes]

    # What is asked for

    def answer(self, request: Request, query: dict[str, str]) -> tuple[int, Any]:
        """Status and body of the answer."""
        self.journal.append(request)
        path, _slash, rest = request.path.removeprefix(API).strip("/").partition("/")
        if path == "project_updates":
            return 200, {"id": int(rest), "status": "successful"}
        if path not in KINDS and path != "unified_job_templates":
            raise Refused(404, {"detail": "Not found."})
        if not rest:
            return self._collection(request, path, query)
        identity, _slash, association = rest.partition("/")
        thing = self.things.get(int(identity)) if identity.isdigit() else None
        if thing is None or thing.kind.path != path:
            raise Refused(404, {"detail": "Not found."})
        if not association:
            return self._object(request, thing)
        return self._part(request, thing, association)

    def _collection(self, request: Request, path: str, query: dict[str, str]) -> tuple[int, Any]:
        if request.method == "GET":
            return 200, self._page(path, query)
        if request.method != "POST" or path == "unified_job_templates":
            raise Refused(405, {"detail": "Method not allowed."})
        kind = KINDS[path]
        missing = [name for name in kind.required if request.body.get(name) in (None, "")]
        if missing:
            raise Refused(400, {name: ["This field is required."] for name in missing})
        fields = kind.taken(request.body)
        self._check(kind, fields, None)
        thing = self.add(path, fields)
        return 201, self._shown(thing, updating=path == "projects")

    def _object(self, request: Request, thing: Thing) -> tuple[int, Any]:
        if request.method == "GET":
            return 200, self._shown(thing)
        if request.method == "DELETE":
            self._delete(thing)
            return 204, None
        if request.method != "PATCH":
            raise Refused(405, {"detail": "Method not allowed."})
        fields = thing.kind.taken(request.body)
        self._check(thing.kind, fields, thing)
        thing.fields.update(fields)
        return 200, self._shown(thing, updating=any(name.startswith("scm_") for name in fields))

    def _part(self, request: Request, thing: Thing, name: str) -> tuple[int, Any]:
        """What lies below an object's address."""
        if name == "survey_spec" and thing.kind.survey:
            return self._survey(request, thing)
        if name == "create_approval_template" and thing.kind.path == "workflow_job_template_nodes":
            approval = self.add("workflow_approval_templates", dict(request.body))
            thing.fields["unified_job_template"] = approval.id
            return 201, self._shown(approval)
        if name not in thing.kind.associations:
            raise Refused(404, {"detail": "Not found."})
        ids = thing.associated.setdefault(name, [])
        if request.method == "GET":
            return 200, listing([self._shown(self.things[each]) for each in ids], {}, request.path)
        other = self.things.get(request.body["id"])
        if other is None or other.kind.path != thing.kind.associations[name]:
            raise Refused(400, {"detail": "Object to associate was not found."})
        if request.body.get("disassociate"):
            ids.remove(other.id)
        elif other.id not in ids:
            ids.append(other.id)
        return 204, None

    def _survey(self, request: Request, thing: Thing) -> tuple[int, Any]:
        if request.method == "POST":
            thing.survey = request.body
            return 200, {}
        shown = copy.deepcopy(thing.survey)
        for question in shown.get("spec", []):
            if question["type"] == "password" and question.get("default"):
                question["default"] = MASK
        return 200, shown

    # What is kept

    def _check(self, kind: Kind, fields: dict[str, Any], thing: Thing | None) -> None:
        """Refuse what the real one refuses."""
        for name, value in fields.items():
            if name in REFERENCES and value is not None:
                other = self.things.get(value)
                if other is None or other.kind.path not in REFERENCES[name]:
                    raise Refused(400, {name: [f'Invalid pk "{value}" - object does not exist.']})
        whole = {**(thing.fields if thing else kind.fields), **fields}
        unique = [whole.get(name) for name in kind.unique]
        for other in self.all(kind.path):
            if kind.unique and other is not thing and [other.fields.get(name) for name in kind.unique] == unique:
                raise Refused(400, {"__all__": [f"{kind.type} with this {' and '.join(kind.unique)} already exists."]})
        if kind.path == "job_templates" and not (self.project / whole["playbook"]).is_file():
            raise Refused(400, {"playbook": ["Playbook not found for project."]})
        if kind.path == "schedules" and (problems := rule_problems(whole["rrule"])):
            raise Refused(400, {"rrule": problems})
        if kind.path == "notification_templates" and (problems := notification_problems(fields, whole)):
            raise Refused(400, {"__all__": problems})

    def _delete(self, thing: Thing) -> None:
        del self.things[thing.id]
        for other in list(self.things.values()):
            for ids in other.associated.values():
                ids[:] = [each for each in ids if each != thing.id]
            for name in [name for name in REFERENCES if other.fields.get(name) == thing.id]:
                if (other.kind.path, name) in CASCADES:
                    self._delete(other)
                else:
                    other.fields[name] = None

    def _shown(self, thing: Thing, updating: bool = False) -> dict[str, Any]:
        """An object as the API shows it, with its secrets masked."""
        fields = copy.deepcopy(thing.fields)
        related = {name: f"{thing.url}{name}/" for name in thing.kind.associations}
        if thing.kind.survey:
            related["survey_spec"] = f"{thing.url}survey_spec/"
        unified = fields.get("unified_job_template")
        if unified:
            related["unified_job_template"] = self.things[unified].url
        for owner, name in self._secrets(thing, fields):
            if owner.get(name):
                owner[name] = MASK
        summary = {"current_update": {"id": thing.id}} if updating and thing.kind.path == "projects" else {}
        named = {"id": thing.id, "type": thing.kind.type, "url": thing.url}
        return {**named, "related": related, "summary_fields": summary, **fields}

    def _secrets(self, thing: Thing, fields: dict[str, Any]) -> list[tuple[dict[str, Any], str]]:
        if thing.kind.path == "notification_templates":
            return [(fields["notification_configuration"], "password")]
        if thing.kind.path == "credentials":
            inputs = self.things[fields["credential_type"]].fields["inputs"]
            return [(fields["inputs"], each["id"]) for each in inputs["fields"] if each.get("secret")]
        return []

    def _page(self, path: str, query: dict[str, str]) -> dict[str, Any]:
        page = {name: query.pop(name) for name in ("page", "page_size") if name in query}
        shown = [self._shown(thing) for thing in self.all(path)]
        for name in query:
            if shown and name.removeprefix("or__") not in shown[0]:
                raise Refused(400, {"detail": f"{path} has no field named '{name}'"})
        found = [thing for thing in shown if matches(thing, query)]
        return listing(found, page, f"{API}{path}/", query)


def matches(thing: dict[str, Any], query: dict[str, str]) -> bool:
    """Whether an object has all values of a query, and one of those that begin with or__."""
    either = [str(thing[name[4:]]) == value for name, value in query.items() if name.startswith("or__")]
    every = [str(thing.get(name)) == value for name, value in query.items() if not name.startswith("or__")]
    return all(every) and (not either or any(either))


def listing(found: list[Any], page: dict[str, str], path: str, query: dict[str, str] | None = None) -> dict[str, Any]:
    """One page of a list."""
    number, size = int(page.get("page", 1)), int(page.get("page_size", PAGE))
    terms = "&".join(f"{name}={value}" for name, value in (query or {}).items())
    more = f"{path}?{terms}&page={number + 1}" if number * size < len(found) else None
    return {"count": len(found), "next": more, "previous": None, "results": found[(number - 1) * size : number * size]}


class Server:
    """The stand-in on a port of this machine."""

    def __init__(self, controller: Controller, token: str) -> None:
        self.controller = controller
        self.lock = threading.Lock()
        server = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_args: Any) -> None:
                """Keep quiet: the journal has it all."""

            def handle_one(self) -> None:
                length = int(self.headers.get("Content-Length") or 0)
                body = self.rfile.read(length)
                parts = urlsplit(self.path)
                try:
                    if self.headers.get("Authorization") != f"Bearer {token}":
                        raise Refused(401, {"detail": "Authentication credentials were not provided."})
                    request = Request(self.command, parts.path, json.loads(body) if body else None)
                    with server.lock:
                        status, answer = server.controller.answer(request, dict(parse_qsl(parts.query)))
                except Refused as refused:
                    status, answer = refused.status, refused.body
                content = b"" if answer is None else json.dumps(answer).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(content)))
                self.send_header("X-API-Product-Name", "AWX")
                self.send_header("X-API-Product-Version", "24.6.1")
                self.end_headers()
                self.wfile.write(content)

            do_GET = do_POST = do_PATCH = do_DELETE = handle_one

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.http.server_port}"
        self.thread = threading.Thread(target=self.http.serve_forever, daemon=True)

    def __enter__(self) -> Server:
        self.thread.start()
        return self

    def __exit__(self, *_exc: object) -> None:
        self.http.shutdown()
        self.http.server_close()
        self.thread.join()
