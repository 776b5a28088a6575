# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The artifact that users install: what its pages link to is in it, and so is what Ansible's tools look for."""

from __future__ import annotations

import tarfile

import pytest
import yaml

from tests.support.artifact import build, dead_links, lacking, links_in, names_in, strangers


@pytest.fixture(scope="module")
def artifact(tmp_path_factory):
    return build(tmp_path_factory.mktemp("artifact"))


@pytest.mark.programs
def test_it_is_whole(artifact):
    assert [*strangers(artifact), *lacking(artifact), *dead_links(artifact)] == []


@pytest.mark.programs
def test_ansible_test_learns_the_oldest_python(artifact):
    with tarfile.open(artifact) as archive:
        config = yaml.safe_load(archive.extractfile("tests/config.yml"))
    assert config["modules"]["python_requires"].startswith(">=3.")


@pytest.mark.programs
def test_its_manifest_lists_what_it_holds(artifact):
    with tarfile.open(artifact) as archive:
        manifest = yaml.safe_load(archive.extractfile("FILES.json"))
    listed = {entry["name"] for entry in manifest["files"]} - {"."}
    assert listed == names_in(artifact) - {"FILES.json", "MANIFEST.json"}


def packed(folder, **files):
    for name, text in files.items():
        (folder / f"{name}.md").write_text(text)
    path = folder / "made.tar.gz"
    with tarfile.open(path, "w:gz") as archive:
        for page in sorted(folder.glob("*.md")):
            archive.add(page, page.name)
    return path


@pytest.mark.parametrize(
    ("text", "dead"),
    [
        ("[a](b.md), [a](b.md#c), [`a`](./b.md), [a](#here), [a](https://a.example/x), <a href=\"mailto:a@b.example\">", []),
        ("[a](c.md)", ["c.md"]),
        ("[`a`](examples/x), with `code`", ["examples/x"]),
        ('![a](b.png) <img src="c.png"> <source srcset="d.png">', ["b.png", "c.png", "d.png"]),
        ("```\n[a](c.md)\n```\n[a](../d.md#e)", ["../d.md#e"]),
    ],
)  # fmt: skip
def test_a_link_that_leads_to_nothing_is_told(tmp_path, text, dead):
    found = list(dead_links(packed(tmp_path, a=text, b="")))
    assert [line.split()[3].rstrip(",") for line in found] == dead
    assert set(dead) <= set(links_in(text))
