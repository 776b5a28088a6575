# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What can be read of values whose templates may fail."""

from __future__ import annotations

from collections import UserDict, UserList

from ansible_collections.tenantlink.stackone.plugins.plugin_utils._keys.readable_values import readable


class Closed:
    """A value that only a secret store knows, which does not answer."""


def _read(value):
    if isinstance(value, Closed):
        raise RuntimeError("the store is closed")
    return value


class LazyDict(UserDict):
    """A dictionary whose values are evaluated when they are read."""

    def __getitem__(self, name):
        return _read(self.data[name])


class LazyList(UserList):
    """A list whose items are evaluated when they are read."""

    def __getitem__(self, place):
        return _read(self.data[place])


class Vaulted(str):
    """Text as ansible-core before 2.19 decrypts it, which is a sequence of its characters."""

    __slots__ = ()
    __ENCRYPTED__ = True


def test_what_cannot_be_read_is_left_out():
    keys = LazyDict({"acme": "k1", "globex": Closed(), "more": LazyList(["k2", Closed(), LazyDict({"x": Closed()})])})
    assert readable(LazyList([keys, Closed(), "k3"])) == [{"acme": "k1", "more": ["k2", {}]}, "k3"]


def test_all_else_is_as_it_was():
    value = {"a": ["b", 1, None, {"c": ("d",)}], "e": b"f", "g": Vaulted("h")}
    assert readable(value) == {"a": ["b", 1, None, {"c": ["d"]}], "e": b"f", "g": "h"}
    assert readable("text") == "text"
