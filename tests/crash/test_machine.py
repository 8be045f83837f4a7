"""Database, local files, NAS and faults, driven at random against a model of what may never be lost."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import random
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, ClassVar

import pytest
from hypothesis import HealthCheck, Phase, settings, strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from celestial_nasops import config_file, control
from celestial_nasops.daemon.deletion_guard import MARKER_NAME
from celestial_nasops.daemon.signals import Signals
from celestial_nasops.daemon.supervisor import Supervisor
from celestial_nasops.media_status_db import TransferStatus
from celestial_nasops.nas import shell_batch, shell_files
from celestial_nasops.nas.shell_files import ShellFiles
from celestial_nasops.notify import Notifier
from celestial_nasops.steering.database import SteeringDb
from tests.crash.arena import SETTINGS, Arena, Media, sha256_of
from tests.crash.nursery import Nursery
from tests.crash.steps import STEPS, WHENS
from tests.daemon_field import Field
from tests.nas_servers import Server, openssh_server

# What a disk may do to all that was just written there: the first byte is another one, and the size is right.
_SPOIL = (
    'find "$(if [ -f "$1" ]; then echo "$1"; else pwd; fi)" -type f -exec sh -c '
    "'for one; do printf \\\\001 | dd of=\"$one\" bs=1 count=1 conv=notrunc 2> /dev/null; done' sh {} +;"
)
CONTENTS = st.binary(min_size=1, max_size=2000)
FILES = st.integers(0, 1 << 16)


@dataclass
class Model:
    """What the world has done to the files.

    Attributes:
        contents: the hash of every content that any file has ever had.
        spoilt: files whose copy somebody spoilt or removed, while the local file was there.
        changed: files that somebody changed after they were put into the queue.
        removed: files that somebody removed, while their copy was right.
    """

    contents: set[str] = field(default_factory=set)
    spoilt: set[Path] = field(default_factory=set)
    changed: set[Path] = field(default_factory=set)
    removed: set[Path] = field(default_factory=set)


class Machine(RuleBasedStateMachine):
    """One field for each example, one NAS and one nursery for all."""

    nas: ClassVar[Server]
    nursery: ClassVar[Nursery]
    folder: ClassVar[Path]

    def __init__(self) -> None:
        super().__init__()
        self.place = Path(tempfile.mkdtemp(dir=self.folder))
        (self.place / "nas").mkdir()
        base = {"nas_settings": {**self.nas.nas_settings(), "base_path": str(self.place / "nas"), "reserve_bytes": 0}}
        config: dict[str, dict[str, Any]] = {**SETTINGS, **base}
        config["sync_settings"] = {**config["sync_settings"], "retry_delay_seconds": 0, "max_retry_attempts": 1}
        config["sync_settings"]["safe_delete_delay_minutes"] = 30
        self.arena = Arena(self.place, self.nas, self.nursery, random.Random(0), config)
        self.model = Model()
        self.count = 0

    @property
    def field(self) -> Field:
        return self.arena.field

    def teardown(self) -> None:
        self.arena.kill()
        self.field.db.close()
        shutil.rmtree(self.place)

    # --- what the dock does ---

    @rule(content=CONTENTS, dated=st.booleans())
    def a_file_is_put(self, content: bytes, dated: bool) -> None:
        self.count += 1
        name = f"{'20250122_' if dated else 'clip'}{self.count}.jpg"
        row_id = self.field.put(name, content)
        self.arena.media.append(Media(self.field.media / name, hashlib.sha256(content).hexdigest(), row_id))
        self.model.contents.add(self.arena.media[-1].sha256)

    @rule(content=CONTENTS)
    def a_file_is_put_whose_name_is_taken(self, content: bytes) -> None:
        taken = self.field.remote(f"20250122_{self.count + 1}.jpg")
        taken.parent.mkdir(parents=True, exist_ok=True)
        taken.write_bytes(b"somebody else's" + content)
        self.arena.others[taken] = sha256_of(taken)
        self.a_file_is_put(content, dated=True)

    @precondition(lambda self: self._here())
    @rule(which=FILES, content=CONTENTS)
    def a_file_is_changed(self, which: int, content: bytes) -> None:
        one = self._pick(self._here(), which)
        one.path.write_bytes(b"changed" + content)
        now = replace(one, sha256=sha256_of(one.path))
        self.arena.media[self.arena.media.index(one)] = now
        self.model.contents.add(now.sha256)
        self.model.changed.add(one.path)

    # --- what others do ---

    @precondition(lambda self: self._copied())
    @rule(which=FILES, how=st.sampled_from(["removed", "spoilt", "cut"]), due=st.booleans())
    def a_copy_is_lost(self, which: int, how: str, due: bool) -> None:
        self._lose_a_copy(self._pick(self._copied(), which), how, due)

    @rule(content=CONTENTS, how=st.sampled_from(["removed", "spoilt", "cut"]))
    def a_copy_is_lost_right_before_the_deletion(self, content: bytes, how: str) -> None:
        self.resumed()
        self.a_file_is_put_and_carried(content)
        one = self.arena.media[-1]
        if one in self._copied():
            self._lose_a_copy(one, how, due=True)

    def _lose_a_copy(self, one: Media, how: str, due: bool) -> None:
        for copy in self.arena.copies(one):
            if how == "removed":
                copy.unlink()
            elif how == "cut":
                os.truncate(copy, copy.stat().st_size - 1)
            else:
                copy.write_bytes(bytes([copy.read_bytes()[0] ^ 1]) + copy.read_bytes()[1:])
            self.model.contents.add(sha256_of(copy))
        self.model.spoilt.add(one.path)
        if due:  # and nothing but the verification stands between the file and its deletion
            self.resumed()
            self.what_is_scheduled_falls_due()

    @precondition(lambda self: self._copied())
    @rule(which=FILES)
    def a_local_file_is_removed(self, which: int) -> None:
        one = self._pick(self._copied(), which)
        one.path.unlink()
        self.model.removed.add(one.path)

    @precondition(lambda self: not (self.field.state_folder / "control" / "release.json").exists())
    @rule(side=st.sampled_from(["media", "nas"]), resumed=st.booleans())
    def a_marker_is_lost(self, side: str, resumed: bool) -> None:
        (self.place / side / MARKER_NAME).unlink(missing_ok=True)
        self.what_is_scheduled_falls_due()
        if resumed:
            self.resumed()

    @rule()
    def the_list_is_lost(self) -> None:
        self.field.list_path.unlink(missing_ok=True)

    # --- what the operator does ---

    @rule()
    def resumed(self) -> None:
        control.release(str(self.field.state_folder), control.Order("a person", 0.0))

    @rule()
    def requeued(self) -> None:
        with contextlib.closing(SteeringDb.of(self.field.config)) as db:
            db.requeue_failed()
            for one in self._here():
                record = db.get(one.row_id)
                if record is not None and record.transfer_status is TransferStatus.COMPLETED:
                    db.requeue(record)

    # --- what the daemon does ---

    @rule(content=CONTENTS)
    def a_file_is_put_and_carried(self, content: bytes) -> None:
        self.a_file_is_put(content, dated=True)
        self._once()

    @rule()
    def all_that_is_ready_is_carried(self) -> None:
        self._once()

    @rule()
    def what_is_scheduled_falls_due(self) -> None:
        self._let_it_fall_due()
        self._once()

    def _let_it_fall_due(self) -> None:
        if self.field.list_path.exists():
            overdue = [{**entry, "scheduled_time": 1.0} for entry in self.field.pending()]
            self.field.list_path.write_text(json.dumps(overdue))

    @rule(away=st.booleans())
    def it_is_tried_while_the_nas_is_away_or_the_link_breaks(self, away: bool) -> None:
        if away:
            self.nas.stop()
            try:
                self._once()
            finally:
                self.nas.start()
                assert self.nas.wait_until_it_answers()
        else:
            self.nas.cut_connections()
            self._once()

    @rule(content=CONTENTS, count=st.sampled_from([1, 4]))
    def files_are_carried_while_the_nas_spoils_what_it_writes(self, content: bytes, count: int) -> None:
        for _ in range(count):
            self.a_file_is_put(content, dated=True)
        with pytest.MonkeyPatch.context() as patch:
            for module, name, before, then in (
                (shell_files, "_WRITE", 'sync "$1"', "&&"),
                (shell_batch, "_UNPACK", "{ sync", ";"),  # what && joins to it would be done beside the hashing
            ):
                script = getattr(module, name)
                spoilt = script.replace(before, f"{{ {_SPOIL} }} {then} {before}", 1)
                assert spoilt != script
                patch.setattr(module, name, spoilt)
            self._once()

    @rule(content=CONTENTS)
    def a_name_is_taken_at_the_last_moment(self, content: bytes) -> None:
        publish = ShellFiles.publish

        def and_be_late(files: ShellFiles, temporary: str, final: str) -> bool:
            if Path(final).name != MARKER_NAME:  # which the daemon may make anew, after a person has looked
                with contextlib.suppress(FileExistsError), open(final, "xb") as theirs:
                    theirs.write(b"somebody was faster" + content)
                    self.arena.others[Path(final)] = hashlib.sha256(b"somebody was faster" + content).hexdigest()
            return publish(files, temporary, final)

        self.a_file_is_put(content, dated=True)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(ShellFiles, "publish", and_be_late)
            self._once()

    @rule(step=st.sampled_from(sorted(STEPS)), when=st.sampled_from(WHENS), nth=st.integers(1, 3))
    def the_daemon_dies(self, step: str, when: str, nth: int) -> None:
        self._let_it_fall_due()
        self.arena.start((step, when, nth))
        with contextlib.suppress(AssertionError):  # it may have nothing to do there
            self.arena.await_death(0.5)
        self.arena.kill()

    def _once(self) -> None:
        signals = Signals()
        supervisor = Supervisor(config_file.load(str(self.field.config_path)), signals, Notifier(), once=True)
        supervisor.run_once()
        supervisor._db.close()
        supervisor._wakeup.close()
        os.close(signals._read)
        os.close(signals._write)

    # --- what must hold ---

    @invariant()
    def nothing_is_lost(self) -> None:
        for one in self.arena.media:
            here, copies = sha256_of(one.path) == one.sha256, self.arena.copies(one)
            assert here or copies, f"{one.path} is lost\n{self.arena.story(one)}"

    @invariant()
    def nothing_is_said_that_is_not_so(self) -> None:
        for one in self.arena.media:
            record = self.field.db.get(one.row_id)
            assert record is not None
            tampered = one.path in self.model.spoilt | self.model.changed
            if record.transfer_status is TransferStatus.COMPLETED and not tampered:
                assert self.arena.copies(one), self.arena.story(one)

    @invariant()
    def nothing_is_overwritten_or_half_visible(self) -> None:
        published = self.arena.published()
        for path, sha256 in self.arena.others.items():
            assert published.get(path) == sha256, f"{path} was overwritten"
        known = self.model.contents | set(self.arena.others.values())
        assert {path: sha256 for path, sha256 in published.items() if sha256 not in known} == {}

    @invariant()
    def nothing_goes_without_a_receipt(self) -> None:
        for one in self.arena.media:
            if not one.path.exists() and one.path not in self.model.removed:
                events = [receipt.event for receipt in self.field.db.receipts_of(str(one.path))]
                assert "verified_again" in events, self.arena.story(one)

    # --- picking ---

    def _here(self) -> list[Media]:
        return [one for one in self.arena.media if one.path.exists()]

    def _copied(self) -> list[Media]:
        """Those that are complete on both sides, so that one of them may be lost."""
        return [one for one in self._here() if self.arena.copies(one) and sha256_of(one.path) == one.sha256]

    def _pick(self, candidates: list[Media], which: int) -> Media:
        return candidates[which % len(candidates)]


@pytest.fixture
def machine(tmp_path: Path) -> Iterator[type[Machine]]:
    with openssh_server(tmp_path / "server") as nas, Nursery() as nursery:
        Machine.nas, Machine.nursery, Machine.folder = nas, nursery, tmp_path
        yield Machine


def test_nothing_is_lost_whatever_happens_in_whatever_order(machine: type[Machine]) -> None:
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=30,
            stateful_step_count=20,
            deadline=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        ),
    )
