"""What an operator tells the daemon, as small files in a folder that it watches: durable, and without signals."""

from __future__ import annotations

import contextlib
import json
import os
import time
from dataclasses import asdict, dataclass

from celestial_nasops import regular_file
from celestial_nasops.durable import folder_faults, fsync_folder, write_atomically

FOLDER_NAME = "control"
_PAUSED_NAME = "paused.json"
_RELEASE_NAME = "release.json"
_SETTING = "daemon_settings.state_path"
_LATEST = 1e11  # later than any calendar goes on for


@dataclass(frozen=True, slots=True)
class Order:
    """Who ordered something, when (Unix seconds), and why.

    Attributes:
        by: a user's name.
        at: when.
        reason: as it was given; may be empty.
        at_once: whether what is in hand is put down rather than finished.
    """

    by: str
    at: float
    reason: str = ""
    at_once: bool = False


def folder(state_path: str) -> str:
    """The folder of orders, made where it is missing.

    Raises:
        LocalFault: it can't be made.
    """
    path = os.path.join(state_path, FOLDER_NAME)
    with folder_faults(state_path, _SETTING):
        os.makedirs(path, exist_ok=True)
    return path


def pause(state_path: str, order: Order) -> None:
    """Have the daemon carry and delete nothing until it is resumed, over restarts, too.

    Raises:
        LocalFault: the order can't be written.
    """
    _write(state_path, _PAUSED_NAME, order)


def paused(state_path: str) -> Order | None:
    """The order to pause, where there is one. One that can't be read counts: it was given."""
    return _read(os.path.join(state_path, FOLDER_NAME, _PAUSED_NAME))


def resume(state_path: str) -> Order | None:
    """Take the order to pause back, and return it; None where there was none.

    Raises:
        LocalFault: it can't be taken back.
    """
    order = paused(state_path)
    if order is not None:
        _remove(state_path, _PAUSED_NAME)
    return order


def release(state_path: str, order: Order) -> None:
    """Have deletions that were stopped go on.

    Raises:
        LocalFault: the order can't be written.
    """
    _write(state_path, _RELEASE_NAME, order)


def released(state_path: str) -> Order | None:
    """The order to let deletions go on, where there is one."""
    return _read(os.path.join(state_path, FOLDER_NAME, _RELEASE_NAME))


def release_is_done(state_path: str) -> None:
    """Strike the order to let deletions go on.

    Raises:
        LocalFault: it can't be removed.
    """
    _remove(state_path, _RELEASE_NAME)


def _write(state_path: str, name: str, order: Order) -> None:
    place = folder(state_path)
    path = os.path.join(place, name)
    with folder_faults(place, _SETTING):
        write_atomically(path, json.dumps(asdict(order), indent=1).encode())


def _remove(state_path: str, name: str) -> None:
    place = folder(state_path)
    path = os.path.join(place, name)
    with folder_faults(place, _SETTING):
        with contextlib.suppress(FileNotFoundError):
            os.unlink(path)
        fsync_folder(place)


def _read(path: str) -> Order | None:
    try:
        raw = json.loads(regular_file.read(path))
        order = Order(str(raw["by"]), float(raw["at"]), str(raw["reason"]), bool(raw["at_once"]))
        if not 0 <= order.at < _LATEST:
            raise ValueError(f"{order.at:g} is no time")
        return order
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        reason = error.strerror or str(error)
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        reason = f"{type(error).__name__}: {error}"
    return Order("somebody", _modified(path), f"{path} can't be read: {reason}")


def _modified(path: str) -> float:
    try:
        return os.stat(path).st_mtime
    except OSError:
        return time.time()
