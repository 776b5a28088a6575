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
html_static_path = ["static"]
html_css_files = ["site.css"]
pygments_style = "ansible"

REPOSITORY = f"{GALAXY['repository']}/blob/main"
PICTURES = "https://raw.githubusercontent.com/tenantlink/stackone/main"
ANSIBLE = "https://docs.ansible.com/projects/ansible/devel"
ANSIBLE_LABELS = {
    "action_plugins": "plugins/action.html",
    "ansible_configuration_settings": "reference_appendices/config.html",
    "common_return_values": "reference_appendices/common_return_values.html",
}
"""The pages of Ansible's documentation that the reference refers to. Intersphinx would download an index for these few."""

_BUILTIN = re.compile(r"ansible_collections\.ansible\.builtin\.(\w+_module)")
_HERE = re.compile(rf"\]\((?:{re.escape(REPOSITORY)}|{re.escape(PICTURES)})/([\w./-]+)(#[\w-]+)?\)")
_LINK = re.compile(r"\]\(([\w./-]+)(#[\w-]+)?\)")


def resolve_links(app: Sphinx, document: str, source: list[str]) -> None:
    """Point links at pages of the site if they are on it, and at the repository otherwise, however they are written."""
    folder = posixpath.dirname(document)

    def local(link: re.Match[str]) -> str:
        path = posixpath.relpath(link[1], folder or ".")
        return f"]({path}{link[2] or ''})" if Path(app.srcdir, link[1]).is_file() else link[0]

    def remote(link: re.Match[str]) -> str:
        path = posixpath.normpath(posixpath.join(folder, link[1]))
        elsewhere = (ROOT / path).exists() and not Path(app.srcdir, path).is_file()
        return f"]({REPOSITORY}/{path}{link[2] or ''})" if elsewhere else link[0]

    source[0] = _LINK.sub(remote, _HERE.sub(local, source[0]))


def link_ansible(_app: Sphinx, _env: object, node: pending_xref, content: nodes.TextElement) -> nodes.reference | None:
    """Point references to Ansible's own documentation there; any other missing reference remains a warning."""
    target = node["reftarget"]
    if node["reftype"] == "envvar" and target.startswith("ANSIBLE_"):
        page = f"{ANSIBLE_LABELS['ansible_configuration_settings']}#envvar-{target}"
    elif node["reftype"] == "ref" and target in ANSIBLE_LABELS:
        page = ANSIBLE_LABELS[target]
    elif node["reftype"] == "ref" and (builtin := _BUILTIN.fullmatch(target)):
        page = f"collections/ansible/builtin/{builtin[1]}.html"
    else:
        return None
    return nodes.reference("", "", content, refuri=f"{ANSIBLE}/{page}", internal=False)


def drop_contents(_app: Sphinx, document: nodes.document) -> None:
    """Remove each page's own table of contents: the theme shows one, and reports a second one as an error."""
    for topic in list(document.findall(nodes.topic)):
        if "contents" in topic["classes"]:
            topic.parent.remove(topic)


def setup(app: Sphinx) -> None:
    """Register the hooks. Sphinx calls this."""
    # Pygments has no lexer for CSV.
    app.add_lexer("csv", TextLexer)
    app.connect("source-read", resolve_links)
    app.connect("doctree-read", drop_contents)
    app.connect("missing-reference", link_ansible)
