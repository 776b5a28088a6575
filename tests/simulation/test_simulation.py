# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The simulation itself: a number tells one history to the letter, and a defect is found, made small and replayed."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from tests.simulation.__main__ import main
from tests.simulation.checks import names_of, problems
from tests.simulation.defects import defect, found_after
from tests.simulation.generator import KINDS, made_of, named
from tests.simulation.history import left_out, pieces
from tests.simulation.jobs import Setting, shared, table
from tests.simulation.play import players
from tests.simulation.shrink import shrunk
from tests.support.collection import COLLECTIONS, ROOT

TRACES = """
import hashlib
from tests.simulation.generator import made_of
from tests.simulation.jobs import Setting, shared, table
from tests.simulation.play import players
with players() as player:
    for seed in range(60):
        print(hashlib.sha256("\\n".join(player.play(made_of(seed)).trace).encode()).hexdigest())
"""


def traces_with(hash_seed: str) -> str:
    """What happens in some histories, in a process of its own."""
    env = {**os.environ, "PYTHONHASHSEED": hash_seed, "PYTHONPATH": os.pathsep.join([str(COLLECTIONS), str(ROOT)])}
    return subprocess.run([sys.executable, "-c", TRACES], env=env, check=True, capture_output=True, text=True).stdout


def test_a_number_tells_the_same_history_to_the_letter_in_every_process():
    first, second = traces_with("1"), traces_with("2")
    assert len(first.split()) == 60
    assert first == second


def test_a_history_does_not_depend_on_those_before_it():
    with players() as player:
        alone = list(player.play(made_of(3)).trace)
    with players() as player:
        player.play(made_of(2))
        assert list(player.play(made_of(3)).trace) == alone


def test_histories_are_of_every_kind():
    assert {made_of(seed).kind for seed in range(200)} == set(KINDS)


@pytest.mark.parametrize("seed", range(0, 200, 20))
def test_whatever_is_left_out_the_rest_can_be_played(seed):
    history = made_of(seed)
    with players() as player:
        for name in pieces(history):
            smaller = left_out(history, name)
            assert named(smaller.name) == smaller
            player.play(smaller)


@pytest.mark.parametrize(
    ("name", "check"),
    [
        ("a creation whose answer is lost is sent again at once", "a link that may be made is not made again"),
        ("a re-link is not a change", "changed is what changed"),
        ("of two runs that create at once neither gives way", "one link has one account"),
        ("nothing is paced", "the quota is kept"),
    ],
)
def test_a_defect_is_found_made_small_and_replayed(name, check):
    after, _found = found_after(name, 500, check)
    assert after, "no history finds it"
    with players() as player, defect(name):
        small = shrunk(made_of(after - 1), lambda history: check in names_of(problems(player.play(history))))
        assert len(small.without) > 2
        assert check in names_of(problems(player.play(named(small.name))))


def test_jobs_that_share_a_quota_all_end_and_none_gives_up():
    setting = Setting(jobs=2, tenants=30, quota=40, window=6.0, neighbour=4, concurrency=8)
    *jobs, neighbour = shares = shared(setting)
    assert [share.failed for share in jobs] == [0, 0]
    assert sum(share.requests - share.refused for share in shares) > 2 * setting.tenants
    assert sum(share.refused for share in jobs) > 0
    assert neighbour.requests > 0
    assert len(list(table(setting, shares))) == len(shares) + 2
    assert shared(setting) == shares


@pytest.mark.parametrize(
    "arguments", [["--seeds", "0"], ["--jobs", "-1"], ["--replay", "x"], ["--replay", "3/run9"], ["--replay", ""]]
)
def test_arguments_that_mean_nothing_are_refused(monkeypatch, capsys, arguments):
    """Else a mistyped name would show a history in which nothing goes wrong."""
    monkeypatch.setattr(sys, "argv", ["simulate", *arguments])
    with pytest.raises(SystemExit, match="2"):
        main()
    assert f"error: argument {arguments[0]}" in capsys.readouterr().err
