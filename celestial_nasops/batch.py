"""Many small files on their way to the NAS together: one stream, one look at what lies there, one publishing."""

from __future__ import annotations

import datetime as dt
import functools
import hashlib
import os
import posixpath
import re
import secrets
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from celestial_nasops import paths
from celestial_nasops.config import Config
from celestial_nasops.database.records import FileRecord
from celestial_nasops.fault import LocalFault, NasFault, NasUnavailable
from celestial_nasops.nas.files import BatchWay
from celestial_nasops.nas.piece import Chunk
from celestial_nasops.nas.verification import VerificationLevel
from celestial_nasops.source import Source, Stopped
from celestial_nasops.transfer import Sent, check_hash, check_place

# What goes into a tar header of the oldest kind, and is one line in the answer of any program that hashes.
_PLAIN_NAME = re.compile(rb"[^\x00-\x1f\x7f\\/]{1,90}")
_TAR_BLOCK = 512


@dataclass(frozen=True, slots=True)
class Hooks:
    """What a batch tells and asks whoever carries it.

    Attributes:
        moved: told how many bytes of all files have been read so far.
        expect: told how long the next step may take (seconds) without anything to be told.
        is_stopping: whether to put the files down; asked between them.
        still_ours: which of these rows are still in hand; asked once, before the copies are published.
        pace: told how many bytes are about to be sent; waits until they may.
        left: told of a folder on the NAS that could not be removed.
    """

    moved: Callable[[int], None]
    expect: Callable[[float], None]
    is_stopping: Callable[[], bool]
    still_ours: Callable[[Sequence[int]], set[int]]
    pace: Callable[[int], None] = lambda _: None
    left: Callable[[str], None] = lambda _: None


@dataclass(slots=True)
class Delivered:
    """How it went: what was sent, and the rows whose files have to go one by one."""

    sent: list[tuple[FileRecord, Sent]] = field(default_factory=list)
    rest: list[FileRecord] = field(default_factory=list)


@dataclass(slots=True)
class _Item:
    """A file of the batch: ``member`` is its path in the archive, ``sha256`` is of what was read (hex)."""

    record: FileRecord
    source: Source
    folder: str
    member: str
    sha256: str = ""


def folder_prefix(config: Config) -> str:
    """How the paths of this machine's private folders on the NAS begin."""
    nas = config.nas_settings
    name = paths.temporary_name(config, "/batch")
    return posixpath.join(nas.base_path, nas.backup_path.strip("/"), f"{name}.")


def send_batch(way: BatchWay, config: Config, records: Sequence[FileRecord], day: dt.date, hooks: Hooks) -> Delivered:
    """Carry small files to the NAS together.

    Whatever does not go smoothly with a file is left for it to meet again on its own way, where it gets its name.

    Args:
        way: the NAS.
        config: where to, and how.
        records: the files' rows, which are in hand.
        day: the day of transfer, which counts where a file's name holds no date.
        hooks: see there.

    Raises:
        NasUnavailable: no file is to blame. Some may have been published; they count as sent when they are sent again.
        Stopped: as ``hooks`` asked for; likewise.
    """
    delivered = Delivered()
    items = _items(config, records, day, delivered.rest)
    folder = f"{folder_prefix(config)}{secrets.token_hex(4)}"
    try:
        _send(way, config, folder, items, hooks, delivered)
    except NasUnavailable:
        raise
    except NasFault:
        delivered.rest += [item.record for item in items]
        delivered.sent.clear()
    finally:
        for item in items:
            item.source.close()
        try:
            way.remove_folders(folder)
        except NasFault:
            hooks.left(folder)
    done = {record.id for record, _ in delivered.sent} | {record.id for record in delivered.rest}
    delivered.rest += [item.record for item in items if item.record.id not in done]
    delivered.rest.sort(key=lambda record: records.index(record))
    return delivered


def _items(config: Config, records: Sequence[FileRecord], day: dt.date, rest: list[FileRecord]) -> list[_Item]:
    items: list[_Item] = []
    folders: dict[str, int] = {}
    taken: set[str] = set()
    resolve: Callable[[str], str] = functools.cache(os.path.realpath)
    for record in records:
        folder = paths.remote_folder(config, record.file_name, day)
        member = f"{folders.setdefault(folder, len(folders))}/{record.file_name}"
        try:
            check_place(config, record, resolve)
            if member in taken or not _PLAIN_NAME.fullmatch(os.fsencode(record.file_name)):
                rest.append(record)
                continue
            items.append(_Item(record, Source(record), folder, member))
        except LocalFault:
            rest.append(record)
        else:
            taken.add(member)
    return items


def _send(way: BatchWay, config: Config, folder: str, items: list[_Item], hooks: Hooks, delivered: Delivered) -> None:
    if not items:
        return
    base = config.nas_settings.base_path
    found = way.unpack(
        folder,
        _archive(items, hooks),
        below=base,
        size=sum(item.source.size + 2 * _TAR_BLOCK for item in items),
        stall_timeout_seconds=config.sync_settings.sync_timeout_seconds,
    )
    right = [item for item in items if item.sha256 and found.get(item.member) == item.sha256 and _rests(item, config)]
    ours = hooks.still_ours([item.record.id for item in right])
    right = [item for item in right if item.record.id in ours]
    by_folder: dict[str, list[_Item]] = {}
    for item in right:
        by_folder.setdefault(item.folder, []).append(item)
    for target, group in by_folder.items():
        inside = posixpath.dirname(group[0].member)
        published = way.publish(f"{folder}/{inside}", [item.record.file_name for item in group], target)
        for item in group:
            if item.record.file_name in published:
                final = f"{target}/{item.record.file_name}"
                sent = Sent(final, item.source.size, item.sha256, item.source.mtime_ns, VerificationLevel.HASH)
                delivered.sent.append((item.record, sent))


def _rests(item: _Item, config: Config) -> bool:
    """Whether the file is still what was read, and what its row says."""
    try:
        item.source.check_unchanged()
        check_hash(config, item.record, item.sha256)
    except LocalFault:
        return False
    return True


def _archive(items: list[_Item], hooks: Hooks) -> Iterator[Chunk]:
    done, padding = 0, b""
    for number in sorted({item.member.partition("/")[0] for item in items}, key=int):
        yield _header(f"{number}/", 0, b"5", 0o755)
    for item in items:
        if hooks.is_stopping():
            raise Stopped
        try:
            content = item.source.whole()
        except LocalFault:
            continue
        item.sha256 = hashlib.sha256(content).hexdigest()
        done += len(content)
        hooks.pace(len(content))
        hooks.moved(done)
        yield padding + _header(item.member, len(content), b"0", 0o666)
        yield item.source.piece(content, 0)
        padding = bytes(-len(content) % _TAR_BLOCK)
    yield padding + bytes(2 * _TAR_BLOCK)


def _header(member: str, size: int, kind: bytes, mode: int) -> bytes:
    """One header of a tar archive, tar(5), as all programs have read it for forty years."""
    fields = (
        os.fsencode(member).ljust(100, b"\0"),
        b"%07o\0" % mode,
        b"%07o\0" % 0,
        b"%07o\0" % 0,
        b"%011o\0" % size,
        b"%011o\0" % 0,
        b" " * 8,
        kind,
        bytes(100),
        b"ustar\x0000",
    )
    header = b"".join(fields).ljust(_TAR_BLOCK, b"\0")
    return header[:148] + b"%06o\0 " % sum(header) + header[156:]
