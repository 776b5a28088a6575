# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reports that an operator's own playbook writes into files."""

from __future__ import annotations

import json
import stat

import pytest

from tests.support.written_reports import earlier_report

ENDINGS = ("html", "csv", "json", "md", "xml", "prom")


@pytest.fixture
def write(runner):
    """Run a playbook that writes reports of one tenant."""

    def run(*paths, args=(), **options):
        result = {"results": [{"domain": "acme", "action": "create", "changed": True}], "summary": {"tenants": 1}}
        task = {
            "document": "{{ result | tenantlink.stackone.report('Customers', '2026-11-26T10:00:00Z') }}",
            "paths": [str(path) for path in paths],
            **options,
        }
        play = runner.local_play({"name": "Write", "tenantlink.stackone.report_files": task}, vars={"result": result})
        path = runner.folder / "write.yml"
        path.write_text(json.dumps(play))
        return runner.ansible_playbook(str(path), *args)

    return run


@pytest.mark.parametrize("args", [(), ("--check",)])
def test_each_ending_is_a_form_of_its_own(write, tmp_path, args):
    paths = [tmp_path / f"report.{ending}" for ending in ENDINGS]
    run = write(*paths, args=args)
    assert run.code == 0, run.output
    assert "changed=0" in run.output
    assert all("acme" in path.read_text() for path in paths if path.suffix != ".prom")
    modes = {path.suffix: stat.S_IMODE(path.stat().st_mode) for path in paths}
    assert modes.pop(".prom") == 0o644
    assert set(modes.values()) == {0o600}


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("report.pdf", "report.pdf ends in none of .html, .csv, .json, .md, .xml, .prom"),
        ("missing/report.html", "missing/report.html does not exist"),
        (f"{'a' * 251}.html", "html is too long for a file"),
        ("folder.html", "folder.html cannot be written (it is a directory, not a file)"),
    ],
)
def test_what_cannot_be_written_is_named(write, tmp_path, name, words):
    (tmp_path / "folder.html").mkdir()
    run = write(tmp_path / name)
    assert run.code == 2
    assert words in run.output


def test_what_cannot_be_written_is_left_out_on_request(write, tmp_path):
    run = write(tmp_path / "report.pdf", tmp_path / "missing" / "a.html", tmp_path / "b.csv", skip_unusable=True)
    assert run.code == 0, run.output
    assert [path.name for path in tmp_path.iterdir() if path.suffix in (".pdf", ".csv")] == ["b.csv"]


def test_a_report_that_is_there_is_replaced_and_a_link_to_it_kept(write, tmp_path):
    earlier_report(tmp_path / "real.csv")
    (tmp_path / "report.csv").symlink_to("real.csv")
    run = write(tmp_path / "report.csv")
    assert run.code == 0, run.output
    assert f'"{tmp_path / "real.csv"}"' in run.output
    assert (tmp_path / "report.csv").is_symlink()
    assert "acme" in (tmp_path / "real.csv").read_text()
