# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a test does with a report's page, and what it waits for."""

from __future__ import annotations

PHONE = {"width": 390, "height": 844}
ROWS = "tbody tr:visible"


def names(page):
    """The tenants that are shown, in order."""
    return page.locator(f"{ROWS} b").all_text_contents()


def count(page):
    return page.locator("#count")


def search(page, text):
    page.get_by_label("Search tenants").fill(text)


def has_text(locator, text):
    """Wait until it says so."""
    from playwright.sync_api import expect

    expect(locator).to_have_text(text)


def header(page, name):
    return page.get_by_role("columnheader", name=name)


def sort(page, name):
    header(page, name).get_by_role("button").click()
