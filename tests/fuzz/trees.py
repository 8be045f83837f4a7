"""Strategies: JSON near a good example, and bytes near good bytes."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from typing import Any

from hypothesis import strategies as st

# What breaks programs: limits of types, of floats, of Python's own conversions, and texts that are no good names.
ODD_NUMBERS = (0, -1, 1, 2**31, 2**53, 2**63, 2**64, -(2**63), 10**25, 10**400, 1e308, -1e308, 5e-324, 0.5)
ODD_TEXTS = (
    "",
    "\0",
    "/",
    "..",
    "\n",
    "\x1b[31m",
    "無",
    "a" * 5000,
    "{summary}",
    "-oProxyCommand=x",
    "0001-01-01T00:00",
)
_REMOVED = object()
# json.loads takes these, although they are no JSON.
NOT_NUMBERS = (float("nan"), float("inf"), float("-inf"))

scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.sampled_from(ODD_NUMBERS),
    st.sampled_from(NOT_NUMBERS),
    st.sampled_from(ODD_TEXTS),
    st.integers(),
    st.floats(),
    st.text(max_size=20),
)
values = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
)
documents = st.binary(max_size=60) | values.map(lambda value: json.dumps(value).encode())
"""Files that have nothing to do with what is expected."""


def _places(tree: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Every place in a tree of objects and arrays."""
    inner = tree.items() if isinstance(tree, dict) else enumerate(tree) if isinstance(tree, list) else ()
    return [path, *(place for key, value in inner for place in _places(value, (*path, key)))]


def each_odd(example: Any) -> Iterator[Any]:
    """Every tree with one place removed, or replaced by one of the odd values: what chance would take long to find."""
    for path in _places(example)[1:]:
        for value in (*ODD_NUMBERS, *NOT_NUMBERS, *ODD_TEXTS, "\ud800", None, True, [], {}, _REMOVED):
            tree = copy.deepcopy(example)
            parent = tree
            for step in path[:-1]:
                parent = parent[step]
            if value is _REMOVED:
                del parent[path[-1]]
            else:
                parent[path[-1]] = value
            yield tree


@st.composite
def near(draw: st.DrawFn, example: Any) -> Any:
    """A tree that differs from a good one in one to three places: a value replaced or removed, or a key added."""
    tree = copy.deepcopy(example)
    for _ in range(draw(st.integers(1, 3))):
        path = draw(st.sampled_from(_places(tree)))
        if not path:
            if isinstance(tree, dict):
                tree[draw(st.text(max_size=8))] = draw(values)
            continue
        parent = tree
        for step in path[:-1]:
            parent = parent[step]
        if draw(st.integers(0, 4)):
            parent[path[-1]] = draw(values)
        else:
            del parent[path[-1]]
    return tree


def encoded(tree: Any) -> bytes:
    """The JSON of a tree, not-numbers and lone surrogates included."""
    return json.dumps(tree).encode()


@st.composite
def damaged(draw: st.DrawFn, good: bytes) -> bytes:
    """Bytes that were cut, overwritten or stretched in one to four places."""
    data = bytearray(good)
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, len(data)))
        length = draw(st.integers(0, 40))
        data[at : at + length] = draw(st.binary(max_size=40))
    return bytes(data)
