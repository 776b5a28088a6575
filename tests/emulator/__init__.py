# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A local Freshservice and StackOne, for the demo and for every test. See README.md."""

import sys

if sys.version_info < (3, 10):
    sys.exit("The emulator needs Python 3.10 or newer, and this is Python " + ".".join(map(str, sys.version_info[:3])))
