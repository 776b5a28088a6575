# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Builds the collection and installs the artifact, for tests that run against what users get: `make integration`."""

from __future__ import annotations

from tests.support.artifact import build, install

if __name__ == "__main__":
    install(build())
