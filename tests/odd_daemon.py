"""A daemon that does one thing wrong: ``python -m tests.odd_daemon --config FILE --how HOW``.

It works on the queue through plain SQL, as another program would, and reaches the NAS's files through the loopback's
file system. Its state file is right, so that only what it does with the files can give it away.
"""

from __future__ import annotations

import argparse
import datetime as dt
import hashlib
import json
import os
import signal
import sqlite3
import time
from pathlib import Path

import celestial_nasops
from celestial_nasops import config_file, daemon_state, paths
from celestial_nasops.config import Config
from celestial_nasops.daemon_state import DaemonState, InHand
from celestial_nasops.wakeup import Wakeup
from healthcheck import marked_file

WAYS = (
    "right",  # as our own daemon, with the deletion on time
    "altered",  # the copy has the right size and other content
    "truncated",  # the copy lacks its last byte
    "wrong_path",  # backup_path left out
    "beside",  # the copy has the name for one whose own name is taken
    "next_day",  # in the folder of the day after the one that the name tells
    "swapped",  # the copies of two files changed places
    "no_copy",  # completed without a copy
    "idle",  # never takes a row
    "slow",  # takes a row, and moves a byte now and then
    "stuck",  # takes a row and does nothing with it
    "fails",  # gives the row up
    "fails_in_turn",  # gives one up while it has the next in hand, and then that
    "busy",  # carries another file all the time
    "vanishes",  # removes the row
    "keeps_no_row",  # removes the row of what it has delivered
    "deletes_early",  # right copy, local file deleted at once
    "deletes_first",  # local file deleted before the row is completed
    "deletes_both",  # local file deleted on time, and the copy with it
    "loses_copy",  # right copy, which is gone when the deletion is due; local file stays
    "rots_copy",  # the same, deletes the local file, and the copy is another one by then
    "restored",  # local file deleted on time, and put back at once
    "never_deletes",  # right copy, local file stays
    "odd_status",  # writes a status that nobody knows
    "publishes_wrong",  # takes a file for right whose hash is wrong, to its end
    "publishes_secretly",  # publishes it, and says that it was refused
    "completes_wrong",  # calls it completed
    "deletes_wrong",  # refuses it, and deletes it
    "schedules_wrong",  # refuses it, and plans its deletion
    "upper_case",  # as older daemons do: DOWNLOADING, COMPLETED
)


class OddDaemon:
    def __init__(self, config_path: str, how: str) -> None:
        self.path = config_path
        self.config: Config = config_file.load(config_path).config
        self.how = how
        self.started = time.time()
        self.due: list[tuple[float, str, str]] = []
        self.held = ""
        self.bytes_done = 0
        self.db = sqlite3.connect(self.config.database_settings.db_path, isolation_level=None, timeout=10)
        self.db.text_factory = os.fsdecode

    def serve(self) -> None:
        self.sign_of_life()
        folder = os.path.dirname(self.config.database_settings.db_path)
        with Wakeup(folder) as wakeup:
            while True:
                rows = self.db.execute(
                    "SELECT id, file_path, file_name, file_hash FROM media_transfer_status"
                    " WHERE download_status = 'completed' AND transfer_status = 'pending' ORDER BY id"
                ).fetchall()
                if self.how in ("swapped", "fails_in_turn") and len(rows) < 2:
                    rows = []
                for number, (row_id, path, name, recorded) in enumerate(rows):
                    source = rows[number ^ 1][1] if self.how == "swapped" else path
                    self.carry(row_id, path, name, recorded, source)
                self.delete_due()
                wakeup.wait(0.02)
                self.sign_of_life()

    def carry(self, row_id: int, path: str, name: str, recorded: str, source: str) -> None:
        how = self.how
        if how in ("idle", "busy"):
            return None
        if how == "odd_status":
            return self.set(row_id, "on holiday")
        if how == "vanishes":
            self.db.execute("DELETE FROM media_transfer_status WHERE id = ?", (row_id,))
            return None
        self.set(row_id, "DOWNLOADING" if how == "upper_case" else "transferring")
        copy = Path(marked_file.expected_remote_path(self.config, name))
        is_wrong = os.path.exists(path) and hashlib.sha256(Path(path).read_bytes()).hexdigest() != recorded
        if is_wrong and how != "publishes_wrong":
            return self.meet_wrong(row_id, path, copy)
        if how in ("slow", "stuck"):
            self.held = path
            return None
        if how == "fails_in_turn":  # in one step, so that nobody sees the next one waiting
            self.db.execute(
                "UPDATE media_transfer_status"
                " SET transfer_status = CASE id WHEN ? THEN 'failed' ELSE 'transferring' END",
                (row_id,),
            )
            return None
        if how == "fails":
            self.db.execute(
                "UPDATE media_transfer_status SET transfer_status='failed', last_error_message=? WHERE id = ?",
                ("scp: /volume1: Disk quota exceeded", row_id),
            )
            return None
        if how == "wrong_path":
            backup = f"/{self.config.nas_settings.backup_path}/"
            copy = Path(str(copy).replace(backup, "/"))
        if how == "next_day":
            day = paths.date_in_name(name)
            assert day is not None
            copy = Path(paths.remote_folder(self.config, "", day + dt.timedelta(days=1)), name)
        if how == "beside":
            copy = copy.with_name(paths.beside_name(name, hashlib.sha256(Path(path).read_bytes()).hexdigest()))
        if how != "no_copy":
            copy.parent.mkdir(parents=True, exist_ok=True)
            content = Path(source).read_bytes()
            if how == "altered":
                content = content[:-1] + bytes([content[-1] ^ 1])
            copy.write_bytes(content[:-1] if how == "truncated" else content)
        if how == "deletes_first":
            os.unlink(path)
            time.sleep(0.5)  # so that the check can see the one before the other
        if how == "keeps_no_row":
            self.db.execute("DELETE FROM media_transfer_status WHERE id = ?", (row_id,))
        else:
            self.set(row_id, "COMPLETED" if how == "upper_case" else "completed")
        delay = 0 if how == "deletes_early" else self.config.sync_settings.safe_delete_delay_minutes * 60
        if how not in ("never_deletes", "deletes_first"):
            self.due.append((time.time() + delay, path, str(copy)))
        return None

    def meet_wrong(self, row_id: int, path: str, copy: Path) -> None:
        if self.how == "fails_in_turn":
            time.sleep(1)  # as a try takes
        if self.how == "completes_wrong":
            return self.set(row_id, "completed")
        if self.how == "publishes_secretly":
            copy.parent.mkdir(parents=True, exist_ok=True)
            copy.write_bytes(Path(path).read_bytes())
        if self.how == "deletes_wrong":
            os.unlink(path)
        if self.how == "schedules_wrong":
            pending = Path(self.config.daemon_settings.state_path) / "pending_deletes.json"
            pending.write_text(json.dumps([{"local_file_path": path}]))
        self.db.execute(
            "UPDATE media_transfer_status SET transfer_status='failed', last_error_message=? WHERE id = ?",
            ("[file_hash_differs] refused", row_id),
        )
        return None

    def delete_due(self) -> None:
        for entry in [entry for entry in self.due if entry[0] <= time.time()]:
            self.due.remove(entry)
            local, copy = Path(entry[1]), Path(entry[2])
            if self.how == "rots_copy":
                copy.write_bytes(b"rotten")
            if self.how in ("deletes_both", "loses_copy"):
                copy.unlink(missing_ok=True)
            if self.how == "restored":
                content = local.read_bytes()
                local.with_name("kept").write_bytes(content)  # so that the new one is another inode
                local.unlink()
                local.with_name("kept").rename(local)
            elif self.how != "loses_copy":
                local.unlink(missing_ok=True)

    def set(self, row_id: int, status: str) -> None:
        column = "end" if status.lower() == "completed" else "start"
        self.db.execute(
            f"UPDATE media_transfer_status SET transfer_status = ?, transfer_{column}_time = CURRENT_TIMESTAMP"
            " WHERE id = ?",
            (status, row_id),
        )

    def sign_of_life(self) -> None:
        code_path = os.path.dirname(celestial_nasops.__file__)
        in_hand = [InHand("/media/film.mp4", 5, 30_000_000_000, self.started)] if self.how == "busy" else []
        if self.held:
            self.bytes_done += 1 if self.how == "slow" else 0
            in_hand = [InHand(self.held, self.bytes_done, os.path.getsize(self.held), self.started)]
        state = DaemonState(
            pid=os.getpid(),
            process_start_ticks=daemon_state.process_start_ticks(os.getpid()) or 0,
            started_at=self.started,
            version="0",
            code_path=code_path,
            code_fingerprint=daemon_state.code_fingerprint(code_path),
            config_path=self.path,
            config_fingerprint=self.config.fingerprint(),
            heartbeat_at=time.time(),
            heartbeat_boottime=time.clock_gettime(time.CLOCK_BOOTTIME),
            heartbeat_seconds=1,
            doing="odd things",
            in_hand=tuple(in_hand),
        )
        daemon_state.write(self.config.daemon_settings.state_path, state)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--config", required=True)
    parser.add_argument("--how", choices=WAYS, required=True)
    arguments = parser.parse_args()
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    daemon = OddDaemon(arguments.config, arguments.how)
    if daemon.how == "busy":
        daemon.db.execute(
            "INSERT INTO media_transfer_status (file_path, file_name, download_status, transfer_status)"
            " VALUES ('/media/film.mp4', 'film.mp4', 'completed', 'transferring')"
        )
    daemon.serve()


if __name__ == "__main__":
    main()
