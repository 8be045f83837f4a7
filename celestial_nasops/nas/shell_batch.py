"""Many small files at once: unpacked into a private folder, hashed there, and published together; or hashed later."""

from __future__ import annotations

import os
import posixpath
import re
import stat
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from celestial_nasops import causes
from celestial_nasops.fault import NasFault, NasUnavailable
from celestial_nasops.nas import remote_errors
from celestial_nasops.nas.files import SLOWEST_FLUSH_SECONDS, SLOWEST_HASH_BYTES_PER_SECOND, absolute
from celestial_nasops.nas.piece import Chunk
from celestial_nasops.nas.shell import Reply, quoted_argument

# Linux takes at most 128 KiB as one argument, and the login shell gets the whole command as one.
COMMAND_LIMIT_BYTES = 64 * 1024
_HASH_LINE = re.compile(rb"([0-9a-f]{64}) [ *](?:\./)?([^\n]+)")
_STAT_LINE = re.compile(rb"([0-9a-f]{1,8}) (\d{1,19}) ([^\n]+)")
# What is one line in the answer of any program, unescaped.
_PLAIN_PATH = re.compile(rb"[^\x00-\x1f\x7f\\]+")
# A folder of its own, which nobody has: a predecessor that lives on unpacks into one that is gone.
# GNU tar is told by its environment, which BusyBox ignores, to take 64 KiB at a time, as a pipe gives them, not 10.
# Files are hashed while later ones arrive. tar names each as it begins it, so sed keeps back the last that it has read.
# One flush of the file system is cheaper than one of each file, and it keeps the disk busy while the processor hashes
# the last ones; it holds the descriptor 3, which the shell waits for. No name holds a tab, so a tab tells of a failure,
# and then only what the programs complained of is said.
_UNPACK = (
    'stat -L -c %f -- "$1" > /dev/null || exit 3; mkdir -p -- "${2%/*}" && mkdir -- "$2" && cd -- "$2" || exit; '
    "if command -v openssl > /dev/null 2>&1; then set -- openssl dgst -sha256 -r; else set -- sha256sum; fi; "
    "hashes=$({ { TAR_OPTIONS='-b128 --quoting-style=literal' "
    "tar -x -v -m -o --no-same-permissions -f - || echo '\t' >&3; "
    "{ sync -f . 2> /dev/null || sync || echo '\t'; } >&3 & } | "
    "sed -n -e '/\\/$/d' -e 'x;/./p;${x;p;}' | tr '\\n' '\\0' | "
    """xargs -0 -n 200 -- "$@" || echo '\t'; } 3>&1); """
    """case $hashes in *'\t'*) exit 1 ;; esac; printf '%s\\n' "$hashes\""""
)
# Both complain of what they can't look at in words that fit no line here, and tell of the others all the same.
_STAT_ALL = 'stat -c "%f %s %n" -- "$@"'
# openssl is faster where there is one.
_HASH_ALL = (
    'if command -v openssl > /dev/null 2>&1; then find "$@" -maxdepth 0 -type f -exec openssl dgst -sha256 -r {} +; '
    'else find "$@" -maxdepth 0 -type f -exec sha256sum {} +; fi'
)
# How ln ends where the file system has no hard links: EPERM on FAT and exFAT, the others on some network file systems.
NO_HARD_LINKS = (
    '*": Operation not permitted"|*": Operation not supported"|*": Not supported"|*": Function not implemented"'
)
# ln links what it can and refuses each name that is taken. What it did is told from the inodes, not from its words.
# Where there are no hard links each is moved by itself, if its name is free; see shell_files.
# That is said in one line: one for each file would become a packet of its own.
_PUBLISH = (
    'cd -- "$1" || exit; folder=$2; shift 2; mkdir -p -- "$folder" || exit; '
    'said=$(ln -- "$@" "$folder/" 2>&1); '
    f"case $said in {NO_HARD_LINKS}) move=y ;; *) move= ;; esac; "
    'n=0; published=; for name; do if [ "./$name" -ef "$folder/$name" ]; then published="$published $n"; '
    'elif [ "$move" ] && [ ! -e "$folder/$name" ] && [ ! -L "$folder/$name" ] && '
    'mv -n -- "./$name" "$folder/$name" 2> /dev/null && [ ! -e "./$name" ]; then published="$published $n"; fi; '
    'n=$((n + 1)); done; echo "$published"; sync "$folder/"'
)
_REMOVE = 'for folder in "$1"*; do if [ -d "$folder" ] && [ ! -L "$folder" ]; then rm -rf -- "$folder"; fi; done'


class ShellBatch:
    """What a shell on the NAS can do for many files at once."""

    def __init__(
        self, run: Callable[..., Reply], run_bulk: Callable[..., Reply], typed_after_ssh: str, timeout_seconds: float
    ) -> None:
        """Prepare it.

        Args:
            run: runs a script there.
            run_bulk: the same, by the way that is best for what ``moves`` many bytes.
            typed_after_ssh: for messages.
            timeout_seconds: bounds each command that moves no data.
        """
        self._run = run
        self._run_bulk = run_bulk
        self._typed_after_ssh = typed_after_ssh
        self._timeout_seconds = timeout_seconds

    def unpack(
        self, folder: str, archive: Iterable[Chunk], *, below: str, size: int, stall_timeout_seconds: float
    ) -> dict[str, str]:
        """Unpack an archive into a new folder, flush it to the disk, and read what lies there.

        Args:
            folder: made here; it must not exist.
            archive: in the format of tar. What this raises comes through.
            below: a folder that must exist: where it is missing, a volume is not mounted.
            size: about how many bytes the archive has.
            stall_timeout_seconds: the longest time in which nothing moves.

        Returns:
            The SHA-256 (hex) of each file, by its path in the archive.
        """
        action = "unpack files in"
        more = size / SLOWEST_HASH_BYTES_PER_SECOND
        reply = self._run_bulk(
            _UNPACK,
            args=[absolute(below), absolute(folder)],
            timeout_seconds=stall_timeout_seconds,
            stdin=archive,
            action=action,
            path=folder,
            more_time=lambda _: more,
            moves=size,
        )
        if reply.status == 3 and remote_errors.ends_with(reply.output, remote_errors.NO_SUCH_FILE):
            raise NasUnavailable(causes.NAS_BASE_MISSING, path=below, target=self._typed_after_ssh)
        if reply.status != 0:
            raise self._failed(action, folder, reply)
        return _hashes(reply.output)

    def sha256_of_all(self, sizes: Mapping[str, int]) -> dict[str, str]:
        """See ``NasFiles.sha256_of_all``; a path with a control character or a backslash does not go with others."""
        found: dict[str, str] = {}
        for some in command_lengths([absolute(path) for path in sizes if _PLAIN_PATH.fullmatch(os.fsencode(path))]):
            # Their sizes first: only then it is known how long the hashes may take.
            looked = self._run(
                _STAT_ALL, args=some, timeout_seconds=self._timeout_seconds, action="look at", path=some[0]
            )
            fitting = _regular(looked.output, sizes)
            if fitting:
                found |= self._hashed(fitting, sum(sizes[path] for path in fitting))
        return {path: sha256 for path, sha256 in found.items() if path in sizes}

    def _hashed(self, paths: Sequence[str], size: int) -> dict[str, str]:
        seconds = self._timeout_seconds + size / SLOWEST_HASH_BYTES_PER_SECOND
        return _hashes(self._run(_HASH_ALL, args=paths, timeout_seconds=seconds, action="hash", path=paths[0]).output)

    def publish(self, folder: str, names: Sequence[str], target_folder: str) -> set[str]:
        """Give files their final names, each in one step that never overwrites anything.

        Args:
            folder: where they are.
            names: their names there, which are those that they get.
            target_folder: made where it is missing.

        Returns:
            Those that have their final names now. The others' are taken, or can't be made.
        """
        published: set[str] = set()
        for some in command_lengths(names):
            reply = self._run(
                _PUBLISH,
                args=[absolute(folder), absolute(target_folder), *some],
                timeout_seconds=self._timeout_seconds + SLOWEST_FLUSH_SECONDS,
                action="publish files in",
                path=target_folder,
            )
            if reply.status != 0:
                raise self._failed("publish files in", target_folder, reply)
            published |= {
                some[int(n)] for n in reply.output.split() if n.isdigit() and len(n) < 10 and int(n) < len(some)
            }
        return published

    def remove_folders(self, prefix: str) -> None:
        """Remove with their content the private folders whose paths begin so."""
        if not posixpath.basename(prefix).startswith("."):
            raise ValueError(f"not a private folder: {prefix}")
        reply = self._run(
            _REMOVE,
            args=[absolute(prefix)],
            timeout_seconds=self._timeout_seconds,
            action="remove",
            path=prefix,
        )
        if reply.status != 0:
            raise self._failed("remove", prefix, reply)

    def _failed(self, action: str, path: str, reply: Reply) -> NasFault:
        said = reply.output.decode("utf-8", "replace").strip()[-300:] or "it says nothing"
        return NasFault(causes.NAS_COMMAND_FAILED, action=action, path=path, reason=said, target=self._typed_after_ssh)


def _hashes(output: bytes) -> dict[str, str]:
    """The SHA-256 (hex) of each file that a program has hashed, by its path without a ``./`` before it."""
    matches = map(_HASH_LINE.fullmatch, output.split(b"\n"))
    return {os.fsdecode(match[2]): match[1].decode() for match in matches if match is not None}


def _regular(output: bytes, sizes: Mapping[str, int]) -> list[str]:
    """Those of the paths that are regular files of the sizes that they shall have, as ``stat`` tells them."""
    found = []
    for match in map(_STAT_LINE.fullmatch, output.split(b"\n")):
        if match is not None and stat.S_ISREG(int(match[1], 16)):
            path = os.fsdecode(match[3])
            if sizes.get(path) == int(match[2]):
                found.append(path)
    return found


def command_lengths(words: Sequence[str]) -> Iterator[list[str]]:
    """Parts of a list of arguments that are short enough for one command each."""
    part: list[str] = []
    length = 0
    for word in words:
        size = len(quoted_argument(word)) + 1
        if part and length + size > COMMAND_LIMIT_BYTES:
            yield part
            part, length = [], 0
        part.append(word)
        length += size
    if part:
        yield part
