# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Fetches StackOne's TypeScript client, so that the tests here do not each do it."""

from .sdk import Unavailable, installed

if __name__ == "__main__":
    try:
        print(f"StackOne's TypeScript client is in {installed()}")
    except Unavailable as why:
        print(f"Without StackOne's TypeScript client: {why}")
