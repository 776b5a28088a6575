# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whoever builds a commit gets the same bytes, and only a commit is built."""

from __future__ import annotations

import hashlib
import os
import subprocess
from dataclasses import replace

import pytest

from tests.release import __main__ as release
from tests.release.archive import members, normalised
from tests.release.conftest import commit_all
from tests.release.source import TWO, Refused, Source, build, git


def built(source, place):
    """One build, as both are made for a release."""
    return normalised(build(source, place / "place", TWO[0]), source.epoch)


def test_two_builds_would_differ_without_normalisation(source, monkeypatch):
    monkeypatch.setattr(release, "normalised", lambda archive, epoch: archive)
    with pytest.raises(Refused, match="two builds of the same commit differ in the order, the times"):
        release.reproduced(source)


def test_they_are_the_same_with_it_and_in_another_checkout(source, artifact, tmp_path):
    clone = tmp_path / "clone"
    git(source.root, "clone", "--quiet", ".", str(clone))
    assert built(Source.of(clone, {}), tmp_path) == artifact


def test_a_checkout_without_history_is_enough(source, artifact, tmp_path):
    """The forge makes such checkouts."""
    clone = tmp_path / "clone"
    git(tmp_path, "clone", "--quiet", "--depth", "1", source.root.as_uri(), str(clone))
    assert (clone / ".git" / "shallow").exists()
    assert built(Source.of(clone, {}), tmp_path) == artifact


def test_a_folder_without_git_is_refused(tmp_path, capsys):
    assert release.main([], tmp_path) == 1
    assert capsys.readouterr().out.startswith("RELEASE FAILED: git status failed: fatal: not a git repository")


def test_the_time_is_the_commit_s(source):
    assert source.epoch == 1767323045


def test_the_time_can_be_named(source, artifact):
    named = Source.of(source.root, {"SOURCE_DATE_EPOCH": "1500000000"})
    assert named == replace(source, epoch=1500000000)
    with pytest.raises(Refused, match="SOURCE_DATE_EPOCH must be seconds"):
        Source.of(source.root, {"SOURCE_DATE_EPOCH": "yesterday"})
    with pytest.raises(Refused, match="SOURCE_DATE_EPOCH must be seconds"):
        Source.of(source.root, {"SOURCE_DATE_EPOCH": str(2**40)})


@pytest.mark.parametrize("setting", ["hook", "line ends", "filter", "replaced commit"])
def test_settings_of_git_change_nothing(repository, artifact, tmp_path, monkeypatch, setting):
    """Else both builds would have the same wrong bytes."""
    clone, attributes = tmp_path / "clone", tmp_path / "attributes"
    git(repository, "clone", "--quiet", ".", str(clone))
    settings = {"core.attributesFile": str(attributes)}
    if setting == "hook":
        settings = {"core.hooksPath": str(tmp_path)}
        hook = tmp_path / "post-checkout"
        hook.write_text("#!/bin/sh\necho more >> README.md\n")
        hook.chmod(0o755)
    elif setting == "line ends":
        attributes.write_text("*.md text eol=crlf\n")
    elif setting == "filter":
        attributes.write_text("*.md filter=other\n")
        settings["filter.other.smudge"] = "sed s/the/THE/"
    else:
        other = tmp_path / "other"
        git(repository, "clone", "--quiet", ".", str(other))
        (other / "README.md").write_text("Something else")
        commit_all(other)
        git(clone, "fetch", "--quiet", str(other), "HEAD")
        git(clone, "replace", "HEAD", "FETCH_HEAD")
    source = Source.of(clone, {})
    config = tmp_path / "config"
    for name, value in settings.items():
        subprocess.run(["git", "config", "--file", str(config), name, value], check=True)
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(config))
    assert built(source, tmp_path) == artifact


def test_what_is_not_committed_is_refused_by_its_name(repository, tmp_path, capsys):
    clone = tmp_path / "clone"
    git(repository, "clone", "--quiet", ".", str(clone))
    (clone / "plugins" / "modules" / "stray.py").write_text("")
    with (clone / "README.md").open("a") as readme:
        readme.write("more")
    assert release.main(["--output", str(tmp_path / "dist")], clone) == 1
    said = capsys.readouterr().out
    assert said.startswith("RELEASE FAILED: the tree differs from its commit")
    assert "plugins/modules/stray.py" in said
    assert "README.md" in said
    assert not (tmp_path / "dist").exists()


def test_an_artifact_that_users_cannot_use_is_refused(repository, tmp_path):
    clone = tmp_path / "clone"
    git(repository, "clone", "--quiet", ".", str(clone))
    (clone / "stray.txt").write_text("")
    commit_all(clone)
    with pytest.raises(Refused, match=r"the artifact holds stray\.txt"):
        release.make(Source.of(clone, {}), tmp_path / "dist", None)


def test_without_a_key_nothing_is_signed_and_it_is_said(source, artifact, released, tmp_path, capsys, monkeypatch):
    monkeypatch.delenv(release.KEY, raising=False)
    monkeypatch.setattr(release, "reproduced", lambda source: artifact)
    assert release.main(["--output", str(tmp_path)], source.root) == 0
    said = capsys.readouterr().out
    assert "RELEASE MADE, and not published." in said
    assert f'NOT SIGNED: name a key, with ARGS="--key KEY" or {release.KEY}.' in said
    assert not list(tmp_path.glob("*.asc"))
    # What is not signed does not depend on the key.
    for path in (*tmp_path.glob("*.tar.gz"), *tmp_path.glob("*.cdx.json")):
        assert path.read_bytes() == (released.folder / path.name).read_bytes()


def test_an_unknown_key_is_refused_before_anything_is_built(source, keys, tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("GNUPGHOME", str(keys.home))
    monkeypatch.setenv(release.KEY, "nobody@keys.example")
    assert release.main(["--output", str(tmp_path / "dist")], source.root) == 1
    assert "GnuPG could not find the secret key nobody@keys.example" in capsys.readouterr().out
    assert not (tmp_path / "dist").exists()


def test_the_files_and_their_checksums(released, version):
    stem = f"tenantlink-stackone-{version}"
    signed = [f"{stem}.cdx.json", f"{stem}.tar.gz", f"{stem}-MANIFEST.json.asc", "tenantlink-stackone-key.asc"]
    assert {path.name for path in released.folder.iterdir()} == {*signed, "SHA256SUMS", "SHA256SUMS.asc"}
    lines = dict(reversed(line.split("  ")) for line in (released.folder / "SHA256SUMS").read_text().splitlines())
    assert set(lines) == set(signed)
    assert {name: hashlib.sha256((released.folder / name).read_bytes()).hexdigest() for name in signed} == lines


def test_a_signed_release_says_by_whom(released, keys):
    (fingerprint,) = [
        line.split(":")[9]
        for line in keys.gpg("--with-colons", "--fingerprint", keys.maintainer).decode().splitlines()
        if line.startswith("fpr:")
    ]
    assert f"Signed by {fingerprint}." in released.notes
    assert f"SECURITY.md does not name the fingerprint {fingerprint}: add it." in released.notes


def test_no_file_of_the_artifact_tells_who_built_it(artifact, source):
    strangers = (str(source.root).encode(), os.environ.get("HOME", "/nowhere/").encode() + b"/")
    assert [
        name for name, member in members(artifact).items() if any(each in member.content for each in strangers)
    ] == []


def test_git_s_own_settings_do_not_matter(source, artifact, tmp_path, monkeypatch):
    """Those that change the bytes of a checkout."""
    settings = tmp_path / "gitconfig"
    subprocess.run(["git", "config", "--file", str(settings), "core.autocrlf", "true"], check=True)
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(settings))
    assert built(source, tmp_path) == artifact
