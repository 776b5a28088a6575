# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What test workers share is made by one of them, also on a fresh machine where all begin at once."""

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.support import ansible_package, ansible_versions
from tests.support.collection import ROOT

WORKERS = 4
COUNTED = """
import sys, time
from pathlib import Path
from tests.support.ansible_package import filled_once

def fill(folder):
    with open(sys.argv[2], "a") as log:
        log.write("made\\n")
    time.sleep(0.2)
    folder.mkdir()
    (folder / "whole").touch()

assert (filled_once([b"of"], Path(sys.argv[1]), fill) / "whole").exists()
"""


def at_once(work):
    with ThreadPoolExecutor(WORKERS) as pool:
        return [done.result() for done in [pool.submit(work) for _each in range(WORKERS)]]


def test_one_process_fills_a_folder_and_the_others_wait(tmp_path):
    command = [sys.executable, "-c", COUNTED, tmp_path / "cache", tmp_path / "log"]
    for done in at_once(lambda: subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)):
        assert done.returncode == 0, done.stderr
    assert (tmp_path / "log").read_text() == "made\n"


def test_a_failed_attempt_leaves_it_to_the_next(tmp_path):
    def fill(folder):
        folder.mkdir()
        raise OSError("no space")

    with pytest.raises(OSError, match="no space"):
        ansible_package.filled_once([b"of"], tmp_path, fill)
    assert (ansible_package.filled_once([b"of"], tmp_path, lambda folder: folder.mkdir())).is_dir()
    assert len([place for place in tmp_path.iterdir() if place.is_dir()]) == 1


def test_nobody_clears_an_environment_that_others_use_already(tmp_path, monkeypatch):
    """An environment that is made a second time is empty for a while: a release's bill then lacked ansible-core."""
    made = []
    monkeypatch.setattr(ansible_versions, "ENVIRONMENTS", tmp_path)

    def run(command, **_options):
        made.append(command)
        (tmp_path / "env" / "bin").mkdir(parents=True, exist_ok=True)

    monkeypatch.setattr(ansible_versions.subprocess, "run", run)
    at_once(lambda: ansible_versions.environment(sys.executable, "env", "a-package"))
    assert len(made) == 2, "a venv once, and pip once"
