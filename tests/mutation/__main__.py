# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Try whether the unit tests notice changes to the code that decides: `make mutation`.

mutmut changes one operator, number, word or argument of the targets at a time, in a copy of the tree, and runs the unit
tests that reach it. What no test notices must be in survivors.yml, with the reason. Changed letters of a sentence are
counted apart: the tests look at what a message tells, not at each of its words. Decorated functions (properties) and
what stands outside of functions are not changed by mutmut.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import yaml

from tests.support.collection import ROOT

from .mutants import Mutant, mutants_of

ACCEPTED = Path(__file__).with_name("survivors.yml")
COLLECTION = Path("ansible_collections/tenantlink/stackone")
CODE = COLLECTION / "plugins/module_utils"
UNIT_TESTS = COLLECTION / "tests/unit/plugins"
SUPPORT = COLLECTION / "tests/support"
LEAST = 0.9
SPINNER = "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏"

# As files in module_utils, without `.py`.
TARGETS: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(("_core/identity", "_core/tenant", "_core/urls", "_http/retry"), ()),
    **dict.fromkeys(("_clients/account", "_clients/account_answers"), ()),
    **dict.fromkeys(("_clients/directory", "_clients/hub", "_clients/hub_form", "_clients/paging"), ()),
    **dict.fromkeys(("_clients/provider_errors", "_clients/stackone_base", "_link/confirm", "_link/duplicates"), ()),
    **dict.fromkeys(
        (
            "_link/find",
            "_link/plan",
            "_link/selection",
            "_link/status",
            "_link/unclear",
            "_link/verify",
            "_link/writer",
        ),
        (),
    ),
    **dict.fromkeys(("_list/entries", "_list/link_jobs", "_list/purge"), ()),
    "_http/proxies": ("check_proxy",),
    "_http/session": ("Http.send", "Http._wait_after_error", "Http._waits_after_answer", "Http._pause"),
    "_http/causes": ("_judged", "_is_late", "_causes", "_classify", "_unless_unresolved"),
}
"""The files, and their deciding functions if the others do more than decide."""

TESTS = (
    *("test_plan", "test_tenant", "test_fields", "test_retry", "test_http", "test_verify", "test_proxies"),
    *("test_provider_errors", "test_duplicates", "test_account", "test_api", "test_hub", "test_hub_credentials"),
    *("test_entries", "test_unsound_entries", "test_jobs", "test_paging", "test_find", "test_directory"),
    *("test_purge", "test_workers", "test_list_report", "test_early_end"),
    *("test_link_new", "test_link_lost_answer", "test_link_again", "test_link_change", "test_bulk_in_memory"),
    *(
        "test_link_without_key",
        "test_profile_change",
        "test_project",
        "test_calls",
        "test_planning",
        "test_broken_accounts",
        "test_moved_owner",
    ),
)

# A fixed seed and no deadline, or a busy machine would kill mutants.
CONFIG = """\
[mutmut]
source_paths = {plugins}
only_mutate =
{targets}
also_copy =
    {tests}
pytest_add_cli_args =
    --hypothesis-profile=ci
pytest_add_cli_args_test_selection =
{files}
"""


@dataclass(frozen=True)
class Score:
    """What became of the mutants of one target."""

    target: str
    tried: Sequence[Mutant]

    @property
    def killed(self) -> int:
        """Return how many a test noticed."""
        return sum(mutant.killed for mutant in self.tried)

    @property
    def wording(self) -> int:
        """Return how many survivors only change letters of a sentence."""
        return sum(mutant.wording for mutant in self.tried if not mutant.killed)

    @property
    def survivors(self) -> list[Mutant]:
        """Return the other survivors."""
        return [mutant for mutant in self.tried if not mutant.killed and not mutant.wording]

    @property
    def share(self) -> float:
        """Return the share of the killed among those that count."""
        return self.killed / max(1, self.killed + len(self.survivors))

    @property
    def row(self) -> str:
        """Return its line of the table."""
        counts = f"{len(self.tried):>9}{self.killed:>9}{self.wording:>9}{len(self.survivors):>10}"
        return f"{self.target:<18}{counts}{self.share:>9.1%}"


def main() -> int:
    """Try the mutants, report, and return an exit code."""
    options = _options()
    with tempfile.TemporaryDirectory(prefix="mutation-") as folder:
        os.chdir(folder)
        _copy_tree(options.targets)
        print(f"Trying the mutants of {', '.join(options.targets)}; all of them take some minutes ...", flush=True)
        if not _try_all(options.targets, options.processes):
            print("MUTATION FAILED: the unit tests do not pass, or mutmut does not run; see above.")
            return 1
        scores = [Score(target, list(mutants_of(CODE, f"{target}.py"))) for target in options.targets]
        os.chdir(ROOT)
    return _report(scores)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.mutation", description=__doc__.partition("\n")[0])
    parser.add_argument("targets", nargs="*", metavar="target", help=f"some of {', '.join(TARGETS)}; default: all")
    parser.add_argument("--processes", type=int, choices=(1, 2), default=2, help="default: %(default)s")
    options = parser.parse_args()
    options.targets = options.targets or list(TARGETS)
    unknown = set(options.targets) - set(TARGETS)
    if unknown:
        parser.error(f"no such target: {', '.join(sorted(unknown))}")
    return options


def _copy_tree(targets: Sequence[str]) -> None:
    """Copy the collection under its full name: mutmut tells modules by their paths, so a symbolic link would not do."""
    junk = shutil.ignore_patterns("__pycache__")
    shutil.copytree(ROOT / "plugins", COLLECTION / "plugins", ignore=junk)
    for tests in (UNIT_TESTS, SUPPORT):
        shutil.copytree(ROOT / tests.relative_to(COLLECTION), tests, ignore=junk)
    for package in (UNIT_TESTS.parents[1], UNIT_TESTS.parent):
        shutil.copy(ROOT / package.relative_to(COLLECTION) / "__init__.py", package)
    config = CONFIG.format(
        plugins=COLLECTION / "plugins",
        targets="\n".join(f"    {CODE / name}.py" for name in targets),
        tests=COLLECTION / "tests",
        files="\n".join(f"    {UNIT_TESTS / name}.py" for name in TESTS),
    )
    Path("setup.cfg").write_text(config)


def _try_all(targets: Sequence[str], processes: int) -> bool:
    names = [name for target in targets for name in _names(target)]
    command = [sys.executable, "-m", "mutmut", "run", "--max-children", str(processes), *names]
    # mutmut itself lets the tests import the copy; a path from outside would lead to the tree.
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    done = subprocess.run(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
    )
    if done.returncode:
        print("\n".join(line for line in done.stdout.splitlines() if line.strip() and line[0] not in SPINNER))
    return done.returncode == 0


def _names(target: str) -> Iterator[str]:
    """Yield the patterns of mutmut's names for a target's mutants."""
    module = target.replace("/", ".")
    for function in TARGETS[target]:
        owner, _dot, name = function.rpartition(".")
        yield f"*.{module}.xǁ{owner}ǁ{name}*" if owner else f"*.{module}.x_{name}*"
    if not TARGETS[target]:
        yield f"*.{module}.x*"


def _report(scores: Sequence[Score]) -> int:
    accepted = _accepted({f"{score.target}.py" for score in scores})
    survivors = [mutant for score in scores for mutant in score.survivors]
    unexplained = [mutant for mutant in survivors if mutant.key not in accepted]
    weak = [score.target for score in scores if score.share < LEAST]

    print(f"\n{'target':<18}{'mutants':>9}{'killed':>9}{'wording':>9}{'survived':>10}{'score':>9}")
    print("\n".join(score.row for score in scores))
    for mutant in survivors:
        print(f"\n{mutant.file}:{mutant.line} {mutant.function}{'' if mutant.key in accepted else ' (not accepted)'}")
        print(f"  - {mutant.was}\n  + {mutant.now}")
    for key in accepted - {mutant.key for mutant in survivors}:
        print(f"\nNot needed any more in {ACCEPTED.name}: {' | '.join(key)}")
    if weak or unexplained:
        reasons = [f"{', '.join(weak)} below {LEAST:.0%}"] * bool(weak)
        reasons += [f"{len(unexplained)} survivors not in {ACCEPTED.name}"] * bool(unexplained)
        print(f"\nMUTATION FAILED: {'; '.join(reasons)}.")
        return 1
    print(f"\nMUTATION PASSED: each target reaches {LEAST:.0%}; {len(survivors)} survivors, each with its reason.")
    return 0


def _accepted(files: set[str]) -> set[tuple[str, ...]]:
    """Return the keys of the mutants of some files that may survive. Without a reason none may."""
    found = yaml.safe_load(ACCEPTED.read_text()).items()
    listed = {
        (*place.split(), each["was"], each["now"]) for place, entries in found for each in entries if each.get("reason")
    }
    return {key for key in listed if key[0] in files}


if __name__ == "__main__":
    sys.exit(main())
