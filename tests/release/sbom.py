# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The software bill of materials of what a user runs, as CycloneDX JSON."""

from __future__ import annotations

import hashlib
import json
import re
import subprocess
import sys
import uuid
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from cyclonedx.model import ExternalReference, ExternalReferenceType, HashAlgorithm, HashType, Property, XsUri
from cyclonedx.model.bom import Bom
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.model.license import DisjunctiveLicense
from cyclonedx.output import make_outputter
from cyclonedx.schema import OutputFormat, SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from packageurl import PackageURL

from tests.release.archive import manifest_of
from tests.support.ansible_versions import environment
from tests.support.collection import ROOT

LOCKED = Path("docs") / "examples" / "locked-requirements.txt"
SCHEMA = SchemaVersion.V1_6
NAMESPACE = uuid.UUID("6ba7b811-9dad-11d1-80b4-00c04fd430c8")
"""That of URLs, as RFC 9562 has it."""


def installed(root: Path = ROOT) -> Path:
    """Return the Python of an environment that has the locked versions. It is made once for each lock file."""
    lock = root / LOCKED
    name = f"locked-{hashlib.sha256(lock.read_bytes()).hexdigest()[:12]}"
    return environment(Path(sys.executable), name, "--require-hashes", "-r", str(lock))


def described(python: Path, epoch: int) -> Bom:
    """Return the bill of everything that an environment has, of the time `epoch`."""
    command = [
        sys.executable,
        "-m",
        "cyclonedx_py",
        "environment",
        "--sv",
        SCHEMA.to_version(),
        "--output-reproducible",
    ]
    env = {"SOURCE_DATE_EPOCH": str(epoch)}
    done = subprocess.run([*command, str(python)], check=True, capture_output=True, env=env)
    return Bom.from_json(json.loads(done.stdout))


def bill(archive: bytes, everything: Bom, requirements: Iterable[str], commit: str) -> str:
    """Return the JSON for a collection's archive: the collection, its requirements, and what these require.

    Raises ValueError if it does not conform to CycloneDX's schema.
    """
    bom = everything
    by_name = {normalised_name(component.name): component for component in bom.components}
    direct = [by_name[normalised_name(name)] for name in requirements]
    collection = _collection(archive, commit)
    bom.metadata.component = collection
    bom.register_dependency(collection, direct)
    needed = reachable(
        {each.ref: [one.ref for one in each.dependencies] for each in bom.dependencies}, collection.bom_ref
    )
    bom.components = [component for component in bom.components if component.bom_ref in needed]
    bom.dependencies = [each for each in bom.dependencies if each.ref in needed]
    bom.metadata.properties.add(Property(name="tenantlink:python", value="{}.{}".format(*sys.version_info)))
    bom.serial_number = uuid.uuid5(NAMESPACE, hashlib.sha256(archive).hexdigest())
    text: str = make_outputter(bom, OutputFormat.JSON, SCHEMA).output_as_string(indent=2)
    problem = JsonStrictValidator(SCHEMA).validate_str(text)
    if problem:
        raise ValueError(f"the bill of materials does not conform to CycloneDX {SCHEMA.to_version()}: {problem}")
    return f"{text}\n"


def reachable(graph: dict[Any, list[Any]], start: Any) -> set[Any]:
    """Return the nodes that can be reached from one node, itself included."""
    found, waiting = set(), [start]
    while waiting:
        node = waiting.pop()
        if node not in found:
            found.add(node)
            waiting += graph.get(node, [])
    return found


def required(root: Path = ROOT) -> list[str]:
    """Return the names in requirements.txt."""
    return re.findall(r"(?m)^[\w.-]+", (root / "requirements.txt").read_text())


def normalised_name(name: str) -> str:
    """Return a package's name as package indexes compare it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def _collection(archive: bytes, commit: str) -> Component:
    about = json.loads(manifest_of(archive))["collection_info"]
    digest = hashlib.sha256(archive).hexdigest()
    name = f"{about['namespace']}.{about['name']}"
    # There is no type of package URL for Ansible's collections.
    purl = PackageURL(
        "generic",
        about["namespace"],
        about["name"],
        about["version"],
        {"vcs_url": f"git+{about['repository']}@{commit}"},
    )
    return Component(
        name=name,
        version=about["version"],
        type=ComponentType.LIBRARY,
        bom_ref=f"{name}=={about['version']}",
        description=about["description"],
        licenses=[DisjunctiveLicense(id="GPL-3.0-or-later")],
        purl=purl,
        hashes=[HashType(alg=HashAlgorithm.SHA_256, content=digest)],
        external_references=[ExternalReference(type=ExternalReferenceType.VCS, url=XsUri(about["repository"]))],
    )
