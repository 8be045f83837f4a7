"""Fixtures for all tests."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from celestial_nasops import remedies
from tests.mounts import SmallTmpfs, cannot

# A shell lets what it starts in the background ignore this, and children inherit that; some tests send it to them.
signal.signal(signal.SIGINT, signal.default_int_handler)
os.environ["LC_ALL"] = "C.UTF-8"  # what is said is compared word by word, so it is said in English on any machine


@pytest.fixture(autouse=True)
def _installation() -> Iterator[None]:
    """What a program that ran in this process has settled of its installation counts for no other test."""
    yield
    remedies.settle(user_manager=False)


@pytest.fixture
def need_root() -> None:
    """For tests that mount or that change to another user."""
    if os.geteuid() != 0:
        cannot("needs root: sudo ./dev test")


@pytest.fixture
def small_tmpfs(need_root: None, tmp_path: Path) -> Iterator[SmallTmpfs]:
    """``small_tmpfs(64 * 1024)`` mounts one and returns its folder."""
    mounts = SmallTmpfs(tmp_path)
    try:
        yield mounts
    finally:
        mounts.unmount_all()
