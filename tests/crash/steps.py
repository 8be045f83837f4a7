"""The named steps of a file's way at which the daemon is killed: right before each of them, and right after."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

WHENS = ("before", "after")


@dataclass(frozen=True, slots=True)
class Step:
    """A function of the daemon, by the module and the name in it; ``only`` is a part of its first argument."""

    module: str
    name: str
    only: str = ""


STEPS = {
    "take back": Step("celestial_nasops.media_status_db", "MediaStatusDB.take_back_transferring"),
    "claim": Step("celestial_nasops.media_status_db", "MediaStatusDB.claim_ready"),
    "look at the name": Step("celestial_nasops.nas.shell_files", "ShellFiles.stat"),
    "make the folder": Step("celestial_nasops.nas.shell_files", "ShellFiles.make_folder"),
    "remember the part": Step("celestial_nasops.parts", "Parts.began"),
    "write a large file": Step("celestial_nasops.nas.shell_files", "ShellFiles.write_on"),
    "write one small file": Step("celestial_nasops.nas.shell_files", "ShellFiles.write"),
    "write many": Step("celestial_nasops.nas.shell_batch", "ShellBatch.unpack"),
    "see that the file rests": Step("celestial_nasops.source", "Source.check_unchanged"),
    "ask the row once more": Step("celestial_nasops.media_status_db", "MediaStatusDB.is_transferring"),
    "publish one": Step("celestial_nasops.nas.shell_files", "ShellFiles.publish"),
    "publish many": Step("celestial_nasops.nas.shell_batch", "ShellBatch.publish"),
    "remove the folders of many": Step("celestial_nasops.nas.shell_batch", "ShellBatch.remove_folders"),
    "forget the part": Step("celestial_nasops.parts", "Parts.gone"),
    "complete": Step("celestial_nasops.media_status_db", "MediaStatusDB.mark_all_completed"),
    "schedule": Step("celestial_nasops.safe_delete_manager", "SafeDeleteManager.schedule_all"),
    "save the list": Step("celestial_nasops.daemon.pending_deletes", "write"),
    "replace the list": Step("os", "rename", "pending_deletes.json.new"),
    "verify again": Step("celestial_nasops.nas.shell_files", "ShellFiles.inspect"),
    "testify": Step("celestial_nasops.media_status_db", "MediaStatusDB.add_receipt"),
    "delete": Step("os", "unlink", "/media/2025"),
    "verify many again": Step("celestial_nasops.nas.shell_batch", "ShellBatch.sha256_of_all"),
    "testify many": Step("celestial_nasops.media_status_db", "MediaStatusDB.add_receipts"),
    "delete many": Step("celestial_nasops.daemon.deletion_batch", "Deletions._unlink"),
    "flush many deletions": Step("celestial_nasops.daemon.deletion_batch", "fsync_folder"),
    "strike from the list": Step("celestial_nasops.safe_delete_manager", "SafeDeleteManager._take_over"),
}


def die_at(step: Step, when: str, nth: int) -> None:
    """From now on this process kills itself at a step.

    Args:
        step: where.
        when: ``before`` or ``after``.
        nth: at which of its calls.
    """
    import importlib

    owner: Any = importlib.import_module(step.module)
    *path, name = step.name.split(".")
    for part in path:
        owner = getattr(owner, part)
    setattr(owner, name, _deadly(getattr(owner, name), step.only, when, nth))


def _deadly(act: Callable[..., Any], only: str, when: str, nth: int) -> Callable[..., Any]:
    lock, calls = threading.Lock(), 0

    def deadly(*args: Any, **kwargs: Any) -> Any:
        nonlocal calls
        is_it = False
        if not only or only in str(args[0]):
            with lock:
                calls += 1
                is_it = calls == nth
        if is_it and when == "before":
            os.kill(os.getpid(), signal.SIGKILL)
        result = act(*args, **kwargs)
        if is_it:
            os.kill(os.getpid(), signal.SIGKILL)
        return result

    return deadly
