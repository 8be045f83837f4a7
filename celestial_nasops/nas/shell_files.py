"""Files on the NAS, handled by commands that GNU coreutils and BusyBox both understand."""

from __future__ import annotations

import logging
import re
import stat
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from celestial_nasops import causes
from celestial_nasops.fault import NasFault, NasUnavailable
from celestial_nasops.nas import remote_errors, shell_batch, shell_resume
from celestial_nasops.nas.capabilities import Capabilities, of_shell
from celestial_nasops.nas.files import (
    SLOWEST_FLUSH_SECONDS,
    SLOWEST_HASH_BYTES_PER_SECOND,
    NasFiles,
    RemoteCopy,
    RemoteStat,
    WrittenCopy,
    absolute,
    folder_below,
)
from celestial_nasops.nas.piece import Chunk
from celestial_nasops.nas.session import NasSession
from celestial_nasops.nas.shell import Reply
from celestial_nasops.nas.shell_batch import ShellBatch, command_lengths
from celestial_nasops.nas.shell_resume import Counts, prefix_args
from celestial_nasops.nas.ssh_child import NoSshChild, SshChild

# From so many bytes on a process and a connection of their own are worth their start.
_BULK_FROM_BYTES = 16 << 20
# Numbers are bounded, here and below: 64 bits have no more digits, and a NAS may say anything.
_STAT_LINE = re.compile(rb"([0-9a-f]{1,8}) (\d{1,19}) (-?\d{1,19})\n")
_HASH_LINE = re.compile(rb"([0-9a-f]{64})  -\n")

# In these scripts "$@" is fixed before anything is done, and a failing tool's message is the last thing said.
_STAT = 'stat -c "%f %s %Y" -- "$1"'
_SHA256 = 'sha256sum < "$1"'
# The size comes first, for it decides how long the hash may take; a file of another one than is expected needs none.
_INSPECT_FIRST = (
    'n=0; for path; do n=$((n + 1)); if [ -e "$path" ] || [ -L "$path" ]; then '
    'echo "$n"; found=$(stat -c "%f %s %Y" -- "$path"); status=$?; printf "%s\\n" "$found"; '
    '[ "$status" = 0 ] || exit "$status"; size=${found#* }; size=${size%% *}; '
    'if [ -f "$path" ] && [ ! -L "$path" ] && [ "${expected:-$size}" = "$size" ]; then sha256sum < "$path"; fi; '
    "exit; fi; done; exit 0"
)
_MAKE_FOLDER = 'stat -L -c %f -- "$2" > /dev/null || exit 3; mkdir -p -- "$1"'
# The folder is made here as well: one that was empty a moment ago may have been tidied away by somebody else.
# noclobber opens exclusively. Flushing here and not first at publishing gives it the time limit of the upload.
_WRITE = (
    shell_resume.FLUSH
    + 'mkdir -p -- "${1%/*}" && rm -f -- "$1" && set -C && cat > "$1" && flush "$1" && stat -c %s -- "$1"'
)
# A hard link is the one way to publish that is atomic and never overwrites. Where there is none, as on exFAT, mv -n is
# what is left. Its exit code may be 0 when it did nothing, so that is told from what lies there.
#
# A flush may outlive the session that waits for it, and then the next try begins a new file of the same name: what was
# verified is held open meanwhile, so that none can have its inode number, and nothing but it is published.
_PUBLISH = (
    'inode=$(stat -c %i -- "$1") && exec 4< "$1" && sync "$1" || exit; '
    '[ "$(stat -c %i -- "$1")" = "$inode" ] || { echo "$1: it was replaced meanwhile"; exit 1; }; exec 4<&-; '
    'if said=$(ln -T -- "$1" "$2" 2>&1); then rm -f -- "$1" || exit; else '
    f'case $said in {shell_batch.NO_HARD_LINKS}) ;; *) printf "%s" "$said"; exit 3 ;; esac; '
    'said=; [ -e "$2" ] || [ -L "$2" ] || said=$(mv -n -- "$1" "$2" 2>&1); status=$?; '
    'if [ -e "$1" ]; then if [ -e "$2" ] || [ -L "$2" ]; then echo "$2: File exists"; exit 3; fi; '
    'printf "%s" "$said"; [ "$status" = 0 ] || exit "$status"; exit 1; fi; fi; sync "${2%/*}/"'
)
# rm without -f tells a missing file from one that could not be reached; it asks nobody, as there is no terminal.
_REMOVE = (
    'n=0; i=0; failed=; for path; do if said=$(rm -- "$path" 2>&1); then n=$((n + 1)); else case $said in '
    '*": No such file or directory"|*": Not a directory") ;; '
    '*) [ -n "$failed" ] || failed=$i; why=$said ;; esac; fi; i=$((i + 1)); done; '
    'echo "$n"; [ -z "$failed" ] && exit 0; echo "$failed"; printf "%s" "$why"; exit 3'
)
_REMOVE_EMPTY_FOLDERS = (
    'folder=$1; while [ "$folder" != "$2" ] && [ -n "$folder" ]; do if said=$(rmdir -- "$folder" 2>&1); then :; '
    'else case $said in *": No such file or directory") ;; *) printf "%s" "$said"; exit 3 ;; esac; fi; '
    "folder=${folder%/*}; done; exit 0"
)
_FREE = 'stat -f -c "%a %S" -- "$1"'


log = logging.getLogger(__name__)


class ShellFiles(NasFiles):
    """By way of a shell, which GNU coreutils or BusyBox stand behind."""

    def __init__(self, session: NasSession, *, timeout_seconds: float, child: SshChild | None = None) -> None:
        """Use a session.

        Args:
            session: the login.
            timeout_seconds: bounds each command that moves no data.
            child: the way for what moves many bytes, where there is one besides the session.
        """
        self._session = session
        self._timeout_seconds = timeout_seconds
        self._child = child

    @property
    def typed_after_ssh(self) -> str:
        return self._session.target.alias

    @property
    def capabilities(self) -> Capabilities:
        if self._session.shell_facts is None:
            self._session.exec(":", timeout_seconds=self._timeout_seconds, action="look around", path="there")
        assert self._session.shell_facts is not None  # the frame was complete, or exec had raised
        return of_shell(self._session.shell_facts)

    def stat(self, path: str) -> RemoteStat | None:
        reply = self._run(_STAT, [path], "look at", path)
        if reply.status != 0 and remote_errors.ends_with(reply.output, remote_errors.NO_SUCH_FILE):
            return None
        self._demand_success(reply, "look at", path)
        return self._stat_of(reply.output, path)[0]

    def sha256(self, path: str, size: int) -> str:
        reply = self._run(_SHA256, [path], "hash", path, self._timeout_seconds + size / SLOWEST_HASH_BYTES_PER_SECOND)
        self._demand_success(reply, "hash", path)
        return self._hash_of(reply.output, path)

    def inspect(self, path: str, *, expected_size: int | None = None) -> RemoteCopy | None:
        found = self.inspect_first([path], expected_size=expected_size)
        return found[1] if found else None

    def inspect_first(self, paths: Sequence[str], *, expected_size: int | None = None) -> tuple[str, RemoteCopy] | None:
        action, shown = "look at", paths[0]
        expected = "" if expected_size is None else f"{expected_size:d}"
        script = f"expected={expected}; {_INSPECT_FIRST}"
        reply = self._run(script, paths, action, shown, more_time=_time_to_hash(expected_size))
        number, _, rest = reply.output.partition(b"\n")
        if reply.status == 0 and not reply.output:
            return None
        is_one = _is_index(number) and 0 < int(number) <= len(paths)
        path = paths[int(number) - 1] if is_one else shown
        if reply.status != 0 and remote_errors.ends_with(rest, remote_errors.NO_SUCH_FILE):
            return None  # it went away between two looks
        if reply.status != 0:
            raise remote_errors.fault_of(self._session.target, action, path, rest or reply.output)
        if not is_one:
            raise self._odd(reply.output, action, path)
        found, rest = self._stat_of(rest, path)
        is_of_interest = expected_size in (None, found.size)
        return path, RemoteCopy(found.size, found.modified, self._hash_of(rest, path) if is_of_interest else "")

    def sha256_of_all(self, sizes: Mapping[str, int]) -> dict[str, str]:
        return self.batch.sha256_of_all(sizes)

    def make_folder(self, folder: str, *, below: str) -> None:
        reply = self._run(_MAKE_FOLDER, [folder, below], "make the folder", folder)
        if reply.status == 3 and remote_errors.ends_with(reply.output, remote_errors.NO_SUCH_FILE):
            raise NasUnavailable(causes.NAS_BASE_MISSING, path=below, target=self._session.target.alias)
        self._demand_success(reply, "make the folder", folder)

    def write(self, path: str, chunks: Iterable[bytes], *, stall_timeout_seconds: float) -> int:
        reply = self._session.exec(
            _WRITE,
            args=[absolute(path)],
            timeout_seconds=stall_timeout_seconds,
            stdin=chunks,
            action="write",
            path=path,
        )
        self._demand_success(reply, "write", path)
        return self._number_of(reply.output, "write", path)

    def hash_segments(self, path: str, size: int, segment_bytes: int) -> list[str]:
        action = "hash"
        if not self._can_write_on:
            return []
        reply = self._session.exec(
            shell_resume.HASH_SEGMENTS,
            args=[absolute(path), *Counts.of(size, segment_bytes).args()],
            timeout_seconds=self._timeout_seconds + size / SLOWEST_HASH_BYTES_PER_SECOND,
            action=action,
            path=path,
        )
        self._demand_success(reply, action, path)
        lines = [shell_resume.HASH_LINE.fullmatch(line) for line in reply.output.splitlines()]
        if None in lines:
            raise self._odd(reply.output, action, path)
        return [line[1].decode() for line in lines if line is not None]

    def write_on(
        self,
        path: str,
        chunks: Iterable[Chunk],
        *,
        start: int,
        size: int,
        segment_bytes: int,
        stall_timeout_seconds: float,
    ) -> WrittenCopy:
        action = "write"
        if not self._can_write_on:
            written = self.write(path, map(bytes, chunks), stall_timeout_seconds=stall_timeout_seconds)
            copy = self.inspect(path) if written == size else None
            return WrittenCopy(copy.size, copy.sha256) if copy is not None else WrittenCopy(written, "")
        to_hash = size / SLOWEST_HASH_BYTES_PER_SECOND  # at most, where hashing has not kept up with what came
        reply = self._exec_bulk(
            shell_resume.WRITE_ON,
            args=[absolute(path), str(start), *Counts.of(size - start, segment_bytes).args(), *prefix_args(start)],
            timeout_seconds=stall_timeout_seconds,
            stdin=chunks,
            action=action,
            path=path,
            more_time=lambda _: to_hash,
            moves=size - start,
        )
        self._demand_success(reply, action, path)
        match = shell_resume.WRITTEN.fullmatch(reply.output)
        if match is None:
            # Trouble on the way is said first, whatever came after it.
            first_line = reply.output.partition(b"\n")[0]
            if first_line.startswith(b"dd:"):
                raise remote_errors.fault_of(self._session.target, action, path, first_line)
            raise self._odd(reply.output, action, path)
        return WrittenCopy(int(match[1]), match[2].decode())

    @property
    def _can_write_on(self) -> bool:
        """Whether its dd can do what that needs; found out once per connection. Without it, each upload begins anew."""
        if self._session.can_write_on is None:
            reply = self._run(shell_resume.PROBE, [], "look for", "dd")
            self._session.can_write_on = reply.status == 0
        return self._session.can_write_on

    @property
    def batch(self) -> ShellBatch:
        return ShellBatch(self._session.exec, self._exec_bulk, self.typed_after_ssh, self._timeout_seconds)

    def _exec_bulk(self, script: str, *, moves: int, stdin: Iterable[Chunk], **how: Any) -> Reply:
        """Run a script that reads ``moves`` bytes, by the way that is best for so many."""
        if self._child is not None and self._child.is_usable and moves >= _BULK_FROM_BYTES:
            try:
                return self._child.exec(script, stdin=stdin, **how)
            except NoSshChild as error:
                log.warning("%s is reached without the program ssh, which is slower: %s", self.typed_after_ssh, error)
        return self._session.exec(script, stdin=map(bytes, stdin), **how)

    def publish(self, temporary: str, final: str) -> bool:
        seconds = self._timeout_seconds + SLOWEST_FLUSH_SECONDS
        reply = self._run(_PUBLISH, [temporary, final], "publish", final, seconds)
        if reply.status == 3 and remote_errors.ends_with(reply.output, remote_errors.FILE_EXISTS):
            return False
        self._demand_success(reply, "publish", final)
        return True

    def remove(self, paths: Sequence[str]) -> int:
        return sum(self._remove_some(batch) for batch in command_lengths(paths))

    def _remove_some(self, paths: Sequence[str]) -> int:
        reply = self._run(_REMOVE, paths, "remove", paths[0])
        count, _, rest = reply.output.partition(b"\n")
        if reply.status == 3:
            number, _, why = rest.partition(b"\n")
            failed = paths[int(number)] if _is_index(number) and int(number) < len(paths) else paths[0]
            raise remote_errors.fault_of(self._session.target, "remove", failed, why)
        self._demand_success(reply, "remove", paths[0])
        return self._number_of(count, "remove", paths[0])

    def remove_empty_folders(self, folder: str, *, below: str) -> None:
        folder, below = folder_below(folder, below)
        reply = self._run(_REMOVE_EMPTY_FOLDERS, [folder, below], "remove the empty folder", folder)
        if reply.status == 3 and remote_errors.ends_with(reply.output, remote_errors.NOT_EMPTY):
            return
        self._demand_success(reply, "remove the empty folder", folder)

    def free_bytes(self, folder: str) -> int:
        reply = self._run(_FREE, [folder], "measure the free space of", folder)
        if reply.status != 0 and remote_errors.ends_with(reply.output, remote_errors.NO_SUCH_FILE):
            raise NasUnavailable(causes.NAS_BASE_MISSING, path=folder, target=self._session.target.alias)
        self._demand_success(reply, "measure the free space of", folder)
        match = re.fullmatch(rb"(\d{1,19}) (\d{1,19})\n", reply.output)
        if match is None:
            raise self._odd(reply.output, "measure the free space of", folder)
        return int(match[1]) * int(match[2])

    def _run(
        self,
        script: str,
        paths: Sequence[str],
        action: str,
        shown: str,
        timeout_seconds: float | None = None,
        *,
        more_time: Callable[[bytes], float | None] | None = None,
    ) -> Reply:
        return self._session.exec(
            script,
            args=[absolute(path) for path in paths],
            timeout_seconds=self._timeout_seconds if timeout_seconds is None else timeout_seconds,
            action=action,
            path=shown,
            more_time=more_time,
        )

    def _demand_success(self, reply: Reply, action: str, path: str) -> None:
        if reply.status != 0:
            raise remote_errors.fault_of(self._session.target, action, path, reply.output)

    def _stat_of(self, output: bytes, path: str) -> tuple[RemoteStat, bytes]:
        """Read the line of ``stat`` and return what follows it."""
        match = _STAT_LINE.match(output)
        if match is None:
            raise self._odd(output, "look at", path)
        if not stat.S_ISREG(int(match[1], 16)):
            raise remote_errors.command_failed(self._session.target, "look at", path, "it is not a regular file")
        return RemoteStat(int(match[2]), float(match[3])), output[match.end() :]

    def _hash_of(self, output: bytes, path: str) -> str:
        match = _HASH_LINE.fullmatch(output)
        if match is None:
            raise self._odd(output, "hash", path)
        return match[1].decode()

    def _number_of(self, output: bytes, action: str, path: str) -> int:
        if not re.fullmatch(rb"\d{1,19}\n?", output):
            raise self._odd(output, action, path)
        return int(output)

    def _odd(self, output: bytes, action: str, path: str) -> NasFault:
        said = output[:100].decode("utf-8", "replace").strip()
        return remote_errors.command_failed(
            self._session.target, action, path, f"its answer was not understood: '{said}'"
        )


def _is_index(number: bytes) -> bool:
    return re.fullmatch(rb"[0-9]{1,9}", number) is not None


def _time_to_hash(expected_size: int | None) -> Callable[[bytes], float | None]:
    """How long the hash may take, once the line with the size has come."""

    def seconds(answer: bytes) -> float | None:
        match = _STAT_LINE.search(answer)
        if match is None:
            return None
        size = int(match[2])
        return (size if expected_size is None else min(size, expected_size)) / SLOWEST_HASH_BYTES_PER_SECOND

    return seconds
