# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The rows of a report: the outcome of one tenant each. Pure.

A result can come from another version of a module, or through somebody's own tasks: whatever it holds becomes text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields
from enum import Enum
from typing import Any

from ...module_utils._clients.account import Account
from ...module_utils._clients.key_status import KeyStatus
from ...module_utils._core.failure import STARTED
from ...module_utils._core.tenant import NOT_DECLARED
from ...module_utils._core.text import one_line
from ...module_utils._link.actions import Action, AgentChange, StoredKey
from ...module_utils._link.status import not_active

SPOKEN = {"origin_owner_name": "owner name", "origin_username": "username"}
"""The names of changed options in a report, if the option's own name is not a word."""
NO_REASON = "It failed, and the result does not say why."

_INVISIBLE = re.compile("[\u180e\ufff9-\ufffb\U000e0000-\U000e007f]")
_PLAIN_WORD = re.compile(r"[a-z]+ ")


class ReportedOutcome(str, Enum):
    """The outcome of a tenant. The outcome of an account that was only listed is its status."""

    LINKED = "linked"
    RELINKED = "re-linked"
    REPLACED = "replaced"
    UPDATED = "updated"
    UNLINKED = "unlinked"
    AS_DECLARED = "as declared"
    VALID = "valid"
    REFUSED = "refused"
    NOT_CHECKED = "not checked"
    LINKED_ALREADY = "linked already"
    INVITED = "given an auth link"
    FAILED = "failed"
    NOT_STARTED = "not started"

    @property
    def planned(self) -> str:
        """Return what check mode calls the outcome."""
        return f"would be {self.value}"


CHANGING = {
    Action.CREATE.value: ReportedOutcome.LINKED,
    Action.RELINK.value: ReportedOutcome.RELINKED,
    Action.UPDATE.value: ReportedOutcome.UPDATED,
    Action.DELETE.value: ReportedOutcome.UNLINKED,
}
CHANGED = (*CHANGING.values(), ReportedOutcome.REPLACED)
"""The outcomes of an account that was changed."""

_REFUSALS = {status.value for status in KeyStatus} - {KeyStatus.RATE_LIMITED.value, KeyStatus.UNREACHABLE.value}
_SECRET_WORDS = [word.value for word in StoredKey]


@dataclass(frozen=True)
class Row:
    """One tenant in a report. Unknown values are empty. `changed` and `moved` are not in any column."""

    domain: str = ""
    origin_owner_id: str = ""
    origin_owner_name: str = ""
    account_id: str = ""
    outcome: str = ""
    account_status: str = ""
    agent: str = ""
    verdict: str = ""
    changes: list[str] = field(default_factory=list)
    problem: str = ""
    remediation: str = ""
    code: str = ""
    warnings: list[str] = field(default_factory=list)
    changed: bool = False
    moved: str = ""
    """The change of its domain, if there was one: its customer's data comes from another site."""

    @property
    def failed(self) -> bool:
        """Return whether something went wrong; a tenant whose turn never came has not failed."""
        return bool(self.problem) and self.outcome != ReportedOutcome.NOT_STARTED.value

    def as_dict(self) -> dict[str, Any]:
        """Return the row as part of a document."""
        return {name: getattr(self, name) for name in (*COLUMNS, "changed")}


COLUMNS = [each.name for each in fields(Row) if each.name not in ("changed", "moved")]
LISTS = ("changes", "warnings")


@dataclass(frozen=True)
class Trouble:
    """A failure in the parts that a report shows, each of them only once."""

    problem: str = ""
    remediation: str = ""
    code: str = ""


def in_words(name: Any) -> str:
    """Return a name such as `key_refused` in words, on one line."""
    return to_line(to_line(name).replace("_", " "))


def to_line(value: Any) -> str:
    """Return any value as text on one line, without characters that a terminal or a browser would act on or hide."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Mapping):
        return ", ".join(f"{to_line(name)}: {to_line(inner)}".strip() for name, inner in value.items())
    if isinstance(value, (list, tuple)):
        return "; ".join(texts(value))
    text = str(value)
    if not text.isascii():
        # Half a surrogate pair could not be written to a file.
        text = _INVISIBLE.sub("", text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace"))
    return one_line(text)


def texts(value: Any) -> list[str]:
    """Return the texts of a list, or the one of anything else; none that is empty."""
    items = value if isinstance(value, (list, tuple)) else [value]
    return [text for text in map(to_line, items) if text]


def mapping(value: Any) -> Mapping[Any, Any]:
    """Return the value itself if it is a dictionary, else an empty one."""
    return value if isinstance(value, Mapping) else {}


def trouble_from(record: Mapping[Any, Any]) -> Trouble:
    """Return the parts of a record's failure; of a failure that has none, its line."""
    if not (record.get("failure") or record.get("msg")):
        return Trouble()
    failure = mapping(record.get("failure"))
    line = to_line(failure.get("msg")) or to_line(record.get("msg"))
    if not failure:
        return Trouble(_sentence(line or to_line(record.get("failure"))) or NO_REASON)
    code, message = to_line(failure.get("code")), to_line(failure.get("message"))
    if line and not message:
        return Trouble(line, code=code)
    return Trouble(_sentence(message or in_words(code)) or NO_REASON, to_line(failure.get("remediation")), code)


def is_of_check_mode(result: Mapping[Any, Any], otherwise: bool) -> bool:
    """Say whether a result only says what would be done. Before 2.0.0, and if a module could not start, it does not say."""
    said = result.get("check_mode")
    return said if isinstance(said, bool) else otherwise


def link_row(record: Mapping[Any, Any], check_mode: bool) -> Row:
    """Return the row of a result of freshservice_links."""
    return _row(
        record,
        _link_outcome(record, to_line(record.get("action")), check_mode),
        domain=to_line(record.get("domain")),
        account_status=to_line(record.get("account_status")),
        verdict=_verdict(record),
        changes=[
            *_changes(mapping(record.get("changes"))),
            *_agent_change(record),
            *_duplicate(record),
            *_replaced(record),
        ],
    )


def key_row(record: Mapping[Any, Any]) -> Row:
    """Return the row of a result of freshservice_keys_info."""
    verdict = _verdict(record)
    outcome = _key_outcome(verdict) if was_started(record) else ReportedOutcome.NOT_STARTED.value
    if outcome != ReportedOutcome.VALID.value and not record.get("failure") and not lacks_key(record):
        record = {**record, "failure": {"code": verdict or outcome}}
    return _row(record, outcome, domain=to_line(record.get("domain")), verdict=verdict)


def owner_row(record: Mapping[Any, Any], check_mode: bool) -> Row:
    """Return the row of a result of auth_links. The link itself is for its customer only."""
    if record.get("failure"):
        outcome = (ReportedOutcome.FAILED if was_started(record) else ReportedOutcome.NOT_STARTED).value
    elif record.get("purpose"):
        record = {**record, "changed": True}
        outcome = ReportedOutcome.INVITED.planned if check_mode else ReportedOutcome.INVITED.value
    else:
        outcome = ReportedOutcome.LINKED_ALREADY.value
    return _row(record, outcome, domain=to_line(record.get("domain")))


def account_row(record: Mapping[Any, Any]) -> Row:
    """Return the row of an account of account_info. Its problem is worded like that of the module that links it."""
    account = Account(
        id=to_line(record.get("id")),
        provider=to_line(record.get("provider")),
        status=to_line(record.get("status")) or "unknown",
        origin_owner_id=to_line(record.get("origin_owner_id")),
        status_reasons=tuple(texts(record.get("status_reasons"))),
    )
    wrong = None if account.active else not_active(account).failure
    return _row(
        {**record, "account_id": account.id, "failure": wrong and wrong.as_dict(), "msg": wrong and wrong.line},
        account.status,
        domain=to_line(record.get("domain")),
        account_status=account.status,
    )


def waiting_row(host: str) -> Row:
    """Return the row of a host whose turn has not come."""
    return Row(domain=host, outcome=ReportedOutcome.NOT_STARTED.value)


def host_row(host: str, result: Mapping[Any, Any], check_mode: bool) -> Row:
    """Return the row of one host's result of freshservice_link or freshservice_key_info."""
    account, check = mapping(result.get("account")), mapping(result.get("key_check"))
    before, after = (mapping(mapping(result.get("diff")).get(side)) for side in ("before", "after"))
    told = (account, after, before, result)
    differences = _differences(before, after)
    verdict = to_line(check.get("status")) or _verdict(result)
    record = {
        **result,
        "origin_owner_id": _first("origin_owner_id", *told),
        "origin_owner_name": _first("origin_owner_name", *told),
        "account_id": account.get("id"),
    }
    if verdict and "actions" not in result:
        outcome = _key_outcome(verdict)
        if check and outcome != ReportedOutcome.VALID.value and not record.get("failure"):
            record.update(failure={"code": verdict, **check}, msg=check.get("message"))
    else:
        outcome = _link_outcome(result, next(iter(texts(result.get("actions"))), ""), check_mode)
    return _row(
        record,
        outcome,
        domain=_first("domain", *told) or host,
        account_status=to_line(account.get("status")),
        verdict=verdict,
        changes=[*_changes(differences), *_agent_change(result)],
        moved=next(_changes({name: sides for name, sides in differences.items() if name == "domain"}), ""),
    )


def _row(record: Mapping[Any, Any], outcome: str, **own: Any) -> Row:
    trouble = trouble_from(record)
    return Row(
        origin_owner_id=to_line(record.get("origin_owner_id")),
        origin_owner_name=to_line(record.get("origin_owner_name")),
        account_id=to_line(record.get("account_id")),
        outcome=outcome,
        agent=_agent(record.get("agent")),
        problem=trouble.problem,
        remediation=trouble.remediation,
        code=trouble.code,
        warnings=texts(record.get("warnings")),
        changed=record.get("changed") is True,
        **own,
    )


def lacks_key(record: Mapping[Any, Any]) -> bool:
    """Return whether no key was declared for a tenant, so that none was checked or compared."""
    return record.get("key") == NOT_DECLARED


def _verdict(record: Mapping[Any, Any]) -> str:
    return "no key declared" if lacks_key(record) else to_line(record.get("verdict"))


def was_started(record: Mapping[Any, Any]) -> bool:
    """Return whether a tenant's turn came before the run was stopped."""
    return details_of(record).get(STARTED) is not False


def details_of(record: Mapping[Any, Any]) -> Mapping[Any, Any]:
    """Return the details of a record's failure."""
    return mapping(mapping(record.get("failure")).get("details"))


def missing_options(record: Mapping[Any, Any]) -> list[str]:
    """Return the options that a record's failure calls missing."""
    return texts(details_of(record).get("missing"))


def _link_outcome(record: Mapping[Any, Any], action: str, check_mode: bool) -> str:
    if not was_started(record):
        return ReportedOutcome.NOT_STARTED.value
    if record.get("failure") or record.get("msg"):
        return ReportedOutcome.FAILED.value
    if texts(record.get("replaced")):
        return ReportedOutcome.REPLACED.planned if check_mode else ReportedOutcome.REPLACED.value
    outcome = CHANGING.get(action) or (ReportedOutcome.UPDATED if record.get("changed") is True else None)
    if outcome is None:
        return ReportedOutcome.AS_DECLARED.value
    return outcome.planned if check_mode else outcome.value


def _key_outcome(verdict: str) -> str:
    """Return the outcome of a verdict: if Freshservice did not answer, nothing was refused."""
    if verdict == KeyStatus.VALID.value:
        return ReportedOutcome.VALID.value
    return (ReportedOutcome.REFUSED if verdict in _REFUSALS else ReportedOutcome.NOT_CHECKED).value


def _agent(value: Any) -> str:
    """Return the agent's e-mail address, or whatever else identifies the agent."""
    if not isinstance(value, Mapping):
        return to_line(value)
    return _first("email", value) or _first("name", value) or _first("id", value)


def _first(name: str, *records: Mapping[Any, Any]) -> str:
    return next((text for text in (to_line(record.get(name)) for record in records) if text), "")


def _differences(before: Mapping[Any, Any], after: Mapping[Any, Any]) -> dict[Any, Any]:
    """Return the differences between the sides of a diff; an account that is new or gone has only one side."""
    if not before or not after:
        return {}
    names = [name for name in after if before.get(name) != after[name]]
    return {name: {"before": before.get(name), "after": after[name]} for name in names}


def _changes(changes: Mapping[Any, Any]) -> Iterator[str]:
    for name, sides in changes.items():
        before, after = mapping(sides).get("before"), mapping(sides).get("after")
        if isinstance(after, Mapping):
            # Further fields of the connector's form.
            for inner, value in after.items():
                yield f"field {to_line(inner)}: {_secret_word(value)}"
        elif name == "api_key":
            yield f"API key: {_secret_word(after)}"
        else:
            yield f"{SPOKEN.get(name, to_line(name))}: {to_line(before) or 'unset'} → {to_line(after) or 'unset'}"


def _secret_word(value: Any) -> str:
    """Return the word to show for a secret: one of a few, whatever the result holds."""
    return str(value) if value in _SECRET_WORDS else StoredKey.CHANGED.value


def changed_fields(record: Mapping[Any, Any]) -> list[str]:
    """Return what a report says about what changes, of a record of a link module."""
    return [*_changes(mapping(record.get("changes"))), *_replaced(record)]


def planned_outcome(record: Mapping[Any, Any]) -> str:
    """Return what check mode calls the outcome of a record of a link module."""
    return _link_outcome(record, to_line(record.get("action")), check_mode=True)


def _agent_change(record: Mapping[Any, Any]) -> Iterator[str]:
    if record.get("agent_change") == AgentChange.OTHER.value:
        yield "agent: another one than before"


def _duplicate(record: Mapping[Any, Any]) -> Iterator[str]:
    if record.get("duplicate_of"):
        yield f"duplicate of account {to_line(record['duplicate_of'])}, which is kept"


def _replaced(record: Mapping[Any, Any]) -> Iterator[str]:
    for former in texts(record.get("replaced")):
        yield f"account {former} is unlinked: a new one takes its place"


def _sentence(text: str) -> str:
    """Return text that can stand alone. A name at its beginning is left as it is."""
    return text[:1].upper() + text[1:] if _PLAIN_WORD.match(text) else text
