# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sphinx's configuration. The pages need no network, neither to build nor to view them."""

from __future__ import annotations

import posixpath
import re
from pathlib import Path

import yaml
from docutils import nodes
from pygments.lexers.special import TextLexer
from sphinx.addnodes import pending_xref
from sphinx.application import Sphinx

ROOT = Path(__file__).resolve().parents[2]
GALAXY = yaml.safe_load((ROOT / "galaxy.yml").read_text())

project = f"{GALAXY['namespace']}.{GALAXY['name']}"
author = GALAXY["authors"][0]
release = version = GALAXY["version"]

extensions = ["myst_parser", "sphinx_antsibull_ext"]
source_suffix = {".md": "markdown", ".rst": "restructuredtext"}
myst_heading_anchors = 3

html_theme = "furo"
html_title = f"{project} {release}"
html_copy_source = False
pygments_style = "ansible"

REPOSITORY = f"{GALAXY['repository']}/blob/main"
ANSIBLE = "https://docs.ansible.com/projects/ansible/devel"
ANSIBLE_LABELS = {
    "action_plugins": "plugins/action.html",
    "ansible_collections.ansible.builtin.debug_module": "collections/ansible/builtin/debug_module.html",
    "ansible_configuration_settings": "reference_appendices/config.html",
    "common_return_values": "reference_appendices/common_return_values.html",
}
"""Where the reference points into Ansible's own documentation. Intersphinx would fetch a list of all for these few."""

_LINK = re.compile(r"\]\(([\w./-]+)\)")


def link_repository(app: Sphinx, document: str, source: list[str]) -> None:
    """Let links to what is in the repository, but no page of the site, point there."""
    folder = posixpath.dirname(document)

    def pointed(link: re.Match[str]) -> str:
        path = posixpath.normpath(posixpath.join(folder, link[1]))
        elsewhere = (ROOT / path).exists() and not Path(app.srcdir, path).is_file()
        return f"]({REPOSITORY}/{path})" if elsewhere else link[0]

    source[0] = _LINK.sub(pointed, source[0])


def link_ansible(_app: Sphinx, _env: object, node: pending_xref, content: nodes.TextElement) -> nodes.reference | None:
    """Let references to Ansible's own documentation point there; any other that is missing stays a warning."""
    target = node["reftarget"]
    if node["reftype"] == "envvar" and target.startswith("ANSIBLE_"):
        page = f"{ANSIBLE_LABELS['ansible_configuration_settings']}#envvar-{target}"
    elif node["reftype"] == "ref" and target in ANSIBLE_LABELS:
        page = ANSIBLE_LABELS[target]
    else:
        return None
    return nodes.reference("", "", content, refuri=f"{ANSIBLE}/{page}", internal=False)


def drop_contents(_app: Sphinx, document: nodes.document) -> None:
    """Take out each page's own table of contents: the theme has one beside it, and marks a second one as an error."""
    for topic in list(document.findall(nodes.topic)):
        if "contents" in topic["classes"]:
            topic.parent.remove(topic)


def setup(app: Sphinx) -> None:
    """Connect the site's own steps: Sphinx calls this."""
    # Pygments has none for CSV.
    app.add_lexer("csv", TextLexer)
    app.connect("source-read", link_repository)
    app.connect("doctree-read", drop_contents)
    app.connect("missing-reference", link_ansible)
