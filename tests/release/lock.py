# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Write the versions and hashes of all that an execution environment needs, for every supported Python: `make lock`.

Versions that are locked already are kept; `make lock ARGS=--upgrade` takes the newest.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import yaml

from tests.release.sbom import LOCKED
from tests.support.ansible_versions import SUPPORTED, text
from tests.support.collection import ROOT

EXAMPLES = ROOT / "docs" / "examples"
HEADER = """\
# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# The Python packages of an execution environment, with their hashes, for Python {oldest} and newer.
# Written by `make lock`.
"""


def bounds() -> str:
    """Return the requirements to lock: those of the collection, within the bounds of the examples."""
    usual = yaml.safe_load((EXAMPLES / "execution-environment.yml").read_text())["dependencies"]
    locked = yaml.safe_load((EXAMPLES / "execution-environment-locked.yml").read_text())["options"]
    images = [
        part["package_pip"] for part in (usual["ansible_core"], usual["ansible_runner"], locked["container_init"])
    ]
    return "\n".join([(ROOT / "requirements.txt").read_text().strip(), *images])


def compiled(target: Path, *options: str) -> str:
    """Return the locked requirements. Versions are kept that `target` has."""
    oldest = text(min(python for python, _newest in SUPPORTED.values()))
    uv = [sys.executable, "-m", "uv", "pip", "compile", "--quiet", "--universal", "--python-version", oldest]
    form = ["--generate-hashes", "--no-header", "--no-annotate", "--output-file", str(target)]
    subprocess.run([*uv, *form, *options, "-"], input=bounds(), text=True, check=True, stdout=subprocess.DEVNULL)
    return HEADER.format(oldest=oldest) + target.read_text()


if __name__ == "__main__":
    place = ROOT / LOCKED
    place.write_text(compiled(place, *sys.argv[1:]))
