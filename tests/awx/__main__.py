# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Fetches the collection awx.awx, so that the tests here do not each do it."""

from tests.support.ansible_package import fetched

if __name__ == "__main__":
    print(f"awx.awx is in {fetched('awx.awx')}")
