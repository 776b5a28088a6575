# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation that stands in several places is written in one of them; this package copies it to the others."""
