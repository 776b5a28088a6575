# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Fetches community.general and OpenTelemetry, so that the tests here do not each do it."""

from .packages import collections, libraries

if __name__ == "__main__":
    print(f"community.general is in {collections()}, OpenTelemetry in {libraries()}")
