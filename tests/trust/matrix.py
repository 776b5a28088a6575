# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every request of every flow times every fault: one cell each, with what must be true of it.

The requests are not listed here: each flow is run once without a fault, and what the emulator's journal then holds
is spoilt, one request after the other.
"""

from __future__ import annotations

import base64
import contextlib
import json
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from ansible_collections.tenantlink.stackone.plugins.module_utils._failure import FailureCode, Phase
from tests.support.module_runner import Hooks, Killed, ModuleRunner, Run
from tests.support.ports import Listener
from tests.trust.faults import FAULTS, LATE, Fault, Harm
from tests.trust.fingerprint_checks import remembered
from tests.trust.flows import Flow, as_wanted, failed_domains
from tests.trust.rules import WRITES, Expected, Kind, Outcome, Target, expected, target, targets, unprovable
from tests.trust.share import SHARE, chosen

ATTEMPTS = 5
"""How often a cell is begun on a machine so busy that late answers are not late."""

LONGEST = {False: 400.0, True: 1200.0}
"""Virtual seconds that a run may take, for one tenant and for several."""


@dataclass(frozen=True)
class Cell:
    """One fault at one request of one flow: at this request alone, or at all of its kind from there on."""

    flow: Flow
    hit: Target
    fault: Fault
    for_ever: bool

    @property
    def id(self) -> str:
        """How a report names it."""
        return f"{self.flow.name}/{self.hit.id}/{self.fault.name}/{'for_ever' if self.for_ever else 'once'}"


class Matrix:
    """The cells of the fault matrix, run one at a time, and the checks of each. A check gives back what is wrong, in words."""

    def __init__(self, runner: ModuleRunner, elsewhere: Listener) -> None:
        self.runner = runner
        self.elsewhere = elsewhere
        self._baselines: dict[str, tuple[Run, list[Target]]] = {}

    def baseline(self, flow: Flow) -> tuple[Run, list[Target]]:
        """A run without faults, and its requests."""
        if flow.name not in self._baselines:
            options = self.begin(flow)
            run = self.runner.run(flow.module, options)
            assert flow.ended_well(run), run.result
            assert as_wanted(list(self.runner.stored().values()), flow.wanted(self.runner))
            self._baselines[flow.name] = run, targets(run.requests)
        return self._baselines[flow.name]

    def begin(self, flow: Flow) -> dict[str, Any]:
        """The state before a flow; the options of its module."""
        self.runner.reset()
        # The StackOne that forgives least: the same tenant linked twice is two accounts.
        self.runner.emulator.switch(hub_existing_triple="duplicate")
        flow.arrange(self.runner)
        return flow.options(self.runner)

    def cells(self, flow: Flow, fault: Fault) -> Iterator[Cell]:
        """The cells of a flow and a fault."""
        for hit in self.baseline(flow)[1]:
            for for_ever in (False, True):
                cell = Cell(flow, hit, fault, for_ever)
                if chosen(cell.id):
                    yield cell

    def check(self, cell: Cell) -> list[str]:
        """Run a cell; what is wrong."""
        flow, hit, fault = cell.flow, cell.hit, cell.fault
        options, before, run = self._strike(cell)
        if fault.late and hit.kind is Kind.TEST:
            # StackOne does what it was asked for, but later than anybody waits.
            time.sleep(2 * LATE / 1000)
        after = self.runner.stored()
        assert any(row["fault"] for row in run.requests), f"{cell.id} was not struck"
        problems = [
            *self.sound(
                flow,
                run,
                before,
                after,
                truth=not unprovable(flow, hit, fault),
                may_be_unknown=fault.late and hit.kind is Kind.TEST,
            ),
            *_as_expected(expected(flow, hit, fault, cell.for_ever), run, flow),
            *(_honest_of_admin(fault, run) if hit.kind is Kind.SETTLE else ()),
        ]
        return [f"{cell.id}: {problem}" for problem in [*problems, *self.heals(flow, options)]]

    def sound(
        self,
        flow: Flow,
        run: Run,
        before: dict[str, Any],
        after: dict[str, Any],
        truth: bool = True,
        may_be_unknown: bool = False,
    ) -> Iterator[str]:
        """What must be true of every run, whatever went wrong."""
        yield from _coded(run)
        if truth:
            yield from _truthful(flow, run, before, after, may_be_unknown=may_be_unknown or flow.hidden)
        yield from without_twins(after)
        yield from self._secretive(run)
        yield from self._bounded(flow, run)
        yield from careful_with_keys(run)
        for domain in set(flow.refusals) - set(failed_domains(run)):
            yield f"the key of {domain} is not said to be refused: {run.text}"
        if self.elsewhere.connections:
            self.elsewhere.connections = 0
            yield "another host was called"

    def heals(self, flow: Flow, options: dict[str, Any]) -> Iterator[str]:
        """Without faults, a second run makes true what is declared, and a third changes nothing."""
        self.runner.emulator.clear_faults()
        yield from self._remembered(flow, "the first run")
        second = self.runner.run(flow.module, options)
        healed = self.runner.stored()
        if not flow.ended_well(second):
            yield f"the second run did not end well: {second.result}"
        if not as_wanted(list(healed.values()), flow.wanted(self.runner)):
            yield f"after the second run there is {list(healed.values())}"
        yield from without_twins(healed)
        yield from self._remembered(flow, "the second run")
        third = self.runner.run(flow.module, options)
        if not flow.ended_well(third) or (third.changed and not flow.module.startswith("auth")):
            yield f"the third run is no quiet one: {third.text}"
        if self.runner.stored() != healed:
            yield "the third run changed what is stored"
        if flow.remembers and not {target(row).kind for row in third.sent} <= {Kind.AGENT, Kind.LIST}:
            yield f"the third run asked what it should remember: {third.sent}"

    def _strike(self, cell: Cell) -> tuple[dict[str, Any], dict[str, Any], Run]:
        """Run a flow with the fault of a cell: its options, what was stored before, and the run."""
        for _attempt in range(ATTEMPTS):
            options = self.begin(cell.flow)
            before = self.runner.stored()
            self._inject(cell)
            run = self.runner.run(cell.flow.module, {**options, **_patience(cell.fault)})
            if not _missed(cell, run):
                return options, before, run
        raise AssertionError(f"{cell.id}: this machine is too slow to be too late for")

    def _inject(self, cell: Cell) -> None:
        properties = dict(cell.fault.properties)
        if cell.fault.harm is Harm.REDIRECT:
            properties["headers"] = {"Location": f"{self.elsewhere.url}/api/v2/agents/me"}
        count = 1_000_000 if cell.for_ever else 1
        self.runner.emulator.fault(**cell.hit.match(), call=cell.hit.call, count=count, **properties)

    def _secretive(self, run: Run) -> Iterator[str]:
        text = run.text
        url = run.result.get("auth_link_url")
        for hidden in [url, *(row.get("auth_link_url") for row in run.result.get("owners") or ())]:
            text = text.replace(hidden, "") if hidden else text
        if self.runner.betrayed_by(text):
            yield f"a secret, or the better half of one, is in {text}"

    def _remembered(self, flow: Flow, run: str) -> Iterator[str]:
        for problem in remembered(self.runner) if flow.remembers else ():
            yield f"after {run}, {problem}"

    def _bounded(self, flow: Flow, run: Run) -> Iterator[str]:
        if run.seconds > LONGEST[flow.many]:
            yield f"it took {run.seconds:.0f} s"
        usual = len(self.baseline(flow)[0].sent)
        # A list looks at everything, page by page until one is empty, whenever it looks.
        if len(run.sent) > 3 * usual + (80 if flow.many else 20):
            yield f"it sent {len(run.sent)} requests instead of {usual}"


def in_turn(flow: Flow, name: str) -> bool:
    """Tell whether one of the things that are done to a flow is done: all of them for one tenant, a share for a list."""
    return chosen(f"{flow.name}/{name}", SHARE if flow.many else 2)


def _missed(cell: Cell, run: Run) -> bool:
    """Whether an answer that was to be late was taken all the same: this process had to wait for longer."""
    struck = sum(row["fault"] for row in run.sent)
    return cell.fault.late and sum(told.status is None for told in run.told) < struck


def _patience(fault: Fault) -> dict[str, Any]:
    return {"timeout": fault.timeout} if fault.timeout else {}


def _as_expected(wanted: Expected, run: Run, flow: Flow) -> Iterator[str]:
    if wanted.outcome is Outcome.GREEN and run.failed:
        yield f"it should have succeeded: {run.result['msg']}"
    if wanted.outcome is Outcome.SETTLED and not flow.ended_well(run):
        yield f"it should have told why the key is refused: {run.text}"
    if wanted.outcome is Outcome.RED and not run.failed:
        yield f"it should have failed: {run.text}"
    for failure in run.failures if run.failed else ():
        pair = FailureCode(failure["code"]), Phase(failure["phase"])
        if pair not in wanted.failures:
            yield f"failure {failure['code']} in {failure['phase']} is none of {sorted(wanted.failures)}: {run.result['msg']}"


def _honest_of_admin(fault: Fault, run: Run) -> Iterator[str]:
    """The evidence blames neither the admin's key nor the e-mail address for what is the fault's doing."""
    refused = fault.harm in (Harm.UNAUTHORIZED, Harm.FORBIDDEN)
    for failure in run.failures:
        evidence = failure["details"].get("evidence", "")
        if "no agent has" in evidence or ("may not look up" in evidence and not refused):
            yield f"the evidence is not true: {evidence}"


def _coded(run: Run) -> Iterator[str]:
    if run.failed:
        failure = run.result.get("failure")
        if not failure:
            yield f"a failure without a code: {run.result['msg']}"
            return
        FailureCode(failure["code"]), Phase(failure["phase"])
        if "\n" in run.result["msg"]:
            yield "the message is not one line"
    codes = {failure["code"] for failure in run.failures}
    if FailureCode.INTERNAL_ERROR.value in codes:
        yield f"a defect: {run.result}"


def _truthful(
    flow: Flow, run: Run, before: dict[str, Any], after: dict[str, Any], may_be_unknown: bool = False
) -> Iterator[str]:
    if flow.reads and before != after:
        yield "a module that reads has changed an account"
    if flow.module.startswith("auth"):
        links = [run.result, *(run.result.get("owners") or ())]
        if run.changed != any(one.get("auth_link_url") for one in links):
            yield f"changed is {run.changed}, but that is not whether there is a link"
    else:
        yield from truthful(run, before, after, may_be_unknown)


def truthful(run: Run, before: dict[str, Any], after: dict[str, Any], may_be_unknown: bool = False) -> Iterator[str]:
    """Changed is what changed, in the whole and, of a list, in each row.

    Where an answer is lost and nothing can be looked at any more, it cannot be known whether anything changed. Only
    then, C(may_be_unknown): the run is red, and its failure says so.
    """
    excused = may_be_unknown and run.failed and any(map(_says_unknown, run.failures))
    if run.changed != (before != after) and not excused:
        yield f"changed is {run.changed}, but: {_difference(before, after)}; {run.result}"
    for row in run.result.get("results") or ():
        known = "failure" not in row or not _says_unknown(row["failure"])
        if "changed" in row and (known or not may_be_unknown):
            yield from _truthful_row(row, before, after)


def _says_unknown(failure: dict[str, Any]) -> bool:
    return failure["code"] in ("create_uncertain", "link_mismatch") or failure["details"].get("uncertain", False)


def _difference(before: dict[str, Any], after: dict[str, Any]) -> str:
    gone, new = sorted(set(before) - set(after)), sorted(set(after) - set(before))
    other = {name: (before[name], after[name]) for name in set(before) & set(after) if before[name] != after[name]}
    return f"gone {gone}, new {new}, other {other}"


def _truthful_row(row: dict[str, Any], before: dict[str, Any], after: dict[str, Any]) -> Iterator[str]:
    owned = [{name: one for name, one in state.items() if _is_of(row, name, one)} for state in (before, after)]
    if row["changed"] != (owned[0] != owned[1]):
        yield f"the row {row} is wrong: {_difference(*owned)}"


def _is_of(row: dict[str, Any], account_id: str, account: dict[str, Any]) -> bool:
    """Whether a row speaks of an account: of this one, or where it names none, of those with its owner and domain."""
    if row["account_id"]:
        return account_id == row["account_id"]
    return (
        account["origin_owner_id"] == row["origin_owner_id"] and row["domain"] in account["setup_information"].values()
    )


def without_twins(stored: dict[str, Any]) -> Iterator[str]:
    identities = Counter(
        (account["provider"], account["origin_owner_id"], json.dumps(account["setup_information"], sort_keys=True))
        for account in stored.values()
    )
    for identity, count in identities.items():
        if count > 1:
            yield f"{count} accounts for {identity}"


def careful_with_keys(run: Run, links: int = 1) -> Iterator[str]:
    """A refused key is tried once for each of so many links: Freshservice locks out after repeated failures (F21)."""
    answers: defaultdict[str, list[bool]] = defaultdict(list)
    for told in run.told:
        if told.service == "freshservice":
            # The agent's own key asks for other things than the admin's.
            answers[told.url].append(told.status in (401, 403))
    for url, refused in answers.items():
        if len(refused) > 2 * links:
            yield f"a key was sent to {url} {len(refused)} times"
        if sum(refused) > links or (links == 1 and any(refused[:-1])):
            yield f"a refused key was sent to {url} again"


class Broken:
    """What else can happen to a run: StackOne gone for good from a request on, the process killed, the run stopped."""

    def __init__(self, matrix: Matrix, flow: Flow) -> None:
        self.matrix, self.flow, self.runner = matrix, flow, matrix.runner
        self.requests = len(matrix.baseline(flow)[0].sent)

    def outage(self, number: int) -> list[str]:
        """StackOne answers no more: the n-th request of the run is carried out yet, and none after it."""

        def before(current: int) -> None:
            if current == number + 1:
                self.runner.emulator.clear_faults()
            if current in (number, number + 1):
                drop = "after" if current == number else "before"
                for service in ("stackone", "hub"):
                    self.runner.emulator.fault(service=service, drop=drop)

        options, stored = self._begin()
        run = self.runner.run(self.flow.module, options, hooks=Hooks(before=before))
        after = self.runner.stored()
        problems = [
            *self.matrix.sound(self.flow, run, stored, after, truth=False),
            *_truthful(self.flow, run, stored, after, may_be_unknown=True),
        ]
        return self._named(f"outage{number}", [*problems, *self.matrix.heals(self.flow, options)])

    def killed(self, number: int, after: bool) -> list[str]:
        """The process dies before the n-th request or after it."""

        def die(current: int) -> None:
            if current >= number:
                raise Killed

        options, _stored = self._begin()
        with contextlib.suppress(Killed):
            self.runner.run(self.flow.module, options, hooks=Hooks(after=die) if after else Hooks(before=die))
        return self._named(f"killed{number}", [*self.matrix.heals(self.flow, options)])

    def stopped(self, number: int) -> list[str]:
        """The run is told to end at once, while the n-th request is under way."""
        hooks = Hooks()

        def stop(current: int) -> None:
            if current == number:
                hooks.stops[0].at_once("by SIGTERM")

        hooks.before = stop
        options, stored = self._begin()
        run = self.runner.run(self.flow.module, options, hooks=hooks)
        problems = list(self.matrix.sound(self.flow, run, stored, self.runner.stored()))
        if not run.failed or run.result["failure"]["code"] != "stopped":
            problems.append(f"it does not say that it was stopped: {run.text}")
        return self._named(f"stopped{number}", [*problems, *self.matrix.heals(self.flow, options)])

    def distorted(self, rewrite: Callable[[str, str, Any], Any], name: str) -> list[str]:
        """All answers say less or other than they should."""
        options, stored = self._begin()
        run = self.runner.run(self.flow.module, options, hooks=Hooks(rewrite=rewrite))
        after = self.runner.stored()
        problems = [*self.matrix.sound(self.flow, run, stored, after, truth=False)]
        if not self.flow.module.startswith("auth"):
            sent = [row for row in run.sent if target(row).kind in WRITES]
            # What StackOne says that it has not kept is no change, whatever it stores.
            unkept = "did not keep" in run.text
            if (run.changed and not sent) or (stored != after and not run.changed and not unkept):
                problems.append(f"changed is {run.changed} with {sent}: {run.text}")
        return self._named(name, [*problems, *self.matrix.heals(self.flow, options)])

    def echoed(self, number: int, status: int, padding: int) -> list[str]:
        """The n-th answer repeats everything that it was asked with, perhaps so that a secret is cut at a limit."""
        count = [0]

        def echo(response: Any, _raw: bytes) -> bytes:
            count[0] += 1
            if count[0] != number:
                return _raw
            sent = response.request
            asked = [sent.headers.get(name) or "" for name in ("Authorization", "x-hub-session-token")]
            words = ["x" * padding, *asked, *_opened(asked[0]), *_values(sent.body)]
            response.status_code, response.headers["Content-Type"] = status, "application/json"
            return json.dumps({"statusCode": status, "message": " ".join(filter(None, words))}).encode()

        options, stored = self._begin()
        run = self.runner.run(self.flow.module, options, hooks=Hooks(spoil=echo))
        problems = self.matrix.sound(self.flow, run, stored, self.runner.stored(), truth=False)
        return self._named(f"echo{number}/{status}/{padding}", [*problems, *self.matrix.heals(self.flow, options)])

    def elsewhere(self, url_option: str, url: str, listener: Listener | None = None, **options: Any) -> list[str]:
        """One of the services is not where it is said to be; who listens there must get nothing."""
        declared, stored = self._begin()
        run = self.runner.run(self.flow.module, {**declared, **options, url_option: url})
        problems = list(self.matrix.sound(self.flow, run, stored, self.runner.stored()))
        service = "freshservice" if url_option == "freshservice_url" else "stackone"
        wanted = {"freshservice": {"unreachable", "domain_not_found"}, "stackone": {"stackone_unreachable"}}[service]
        phases = {Phase.KEY_CHECK.value} if service == "freshservice" else {Phase.OBSERVE.value}
        found = {(failure["code"], failure["phase"]) for failure in run.failures}
        if not run.failed or not found <= {(code, phase) for code in wanted for phase in phases}:
            problems.append(f"failures {found}: {run.text}")
        if listener and any(listener.received):
            problems.append(f"it was told {listener.received}")
        return self._named(url, [*problems, *self.matrix.heals(self.flow, declared)])

    def _begin(self) -> tuple[dict[str, Any], dict[str, Any]]:
        options = self.matrix.begin(self.flow)
        return options, self.runner.stored()

    def _named(self, name: str, problems: list[str]) -> list[str]:
        return [f"{self.flow.name}/{name}: {problem}" for problem in problems]


def _opened(authorization: str) -> list[str]:
    """The user name of Basic credentials, which is the key."""
    encoded = authorization.partition(" ")[2]
    return [base64.b64decode(encoded).decode().partition(":")[0]] if encoded else []


def _values(body: bytes | None) -> list[str]:
    """Every text in a JSON body."""

    def walk(value: Any) -> Iterator[str]:
        if isinstance(value, dict):
            for item in value.values():
                yield from walk(item)
        elif isinstance(value, str):
            yield value

    return list(walk(json.loads(body))) if body else []


NULLABLE = (
    *("provider_name", "status_reasons", "origin_username", "credentials", "setup_information", "label", "shared"),
    *("categories", "metadata", "external_trigger_token", "integration_id", "organization_id", "account_id"),
    *("email", "first_name", "last_name", "occasional", "active", "roles", "time_zone", "secrets", "authConfigKey"),
    *("environment", "version", "existing_account_id", "type", "updated_at", "created_at", "origin_owner_name"),
    *("token", "auth_link_url", "setupInformation", "integrationId", "data", "agent"),
)
"""What may be null in accounts, sessions, the Hub's views and agents (S30, S53, H11, F34), and a little more."""


def nulled(name: str) -> Callable[[str, str, Any], Any]:
    """A rewrite that makes a property null wherever it is."""

    def walk(value: Any) -> Any:
        if isinstance(value, list):
            return [walk(item) for item in value]
        if isinstance(value, dict):
            return {key: None if key == name else walk(item) for key, item in value.items()}
        return value

    # The form of the connector has properties of the same names, which are of another kind.
    return lambda _method, path, data: data if "/hub/connectors" in path else walk(data)


def said(name: str, value: Any) -> Callable[[str, str, Any], Any]:
    """A rewrite that gives a property of StackOne's accounts a value that nobody knows."""

    def walk(value_of: Any) -> Any:
        if isinstance(value_of, list):
            return [walk(item) for item in value_of]
        if isinstance(value_of, dict) and "origin_owner_id" in value_of and "status" in value_of:
            return {**value_of, name: value}
        return value_of

    return lambda _method, _path, data: walk(data)


__all__ = ["FAULTS", "NULLABLE", "Broken", "Cell", "Kind", "Matrix", "nulled", "said"]
