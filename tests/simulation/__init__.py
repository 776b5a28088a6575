# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Histories of runs, faults and people in virtual time, decided by a seed: see README.md in this folder."""
