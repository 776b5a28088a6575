# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A local Freshservice and StackOne, for the demo and for every test. See README.md."""
