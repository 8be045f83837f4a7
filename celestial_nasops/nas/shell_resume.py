"""Large files by way of a shell: written on from where an earlier try was cut off, and read back while they arrive."""

from __future__ import annotations

import re
from typing import NamedTuple

_BLOCK_BYTES = 1 << 16
WRITTEN = re.compile(rb"(\d{1,19})\n([0-9a-f]{64}) [ *][^\n]*\n")
HASH_LINE = re.compile(rb"([0-9a-f]{64}) [ *][^\n]*")

PROBE = (
    "dd bs=1 count=1 iflag=fullblock oflag=seek_bytes seek=0 conv=notrunc < /dev/null > /dev/null 2>&1 && "
    "command -v truncate > /dev/null"
)

# GNU's sync before 8.24 flushes everything, and complains that it ignores the name (NEWS of coreutils 8.24), which must
# not stand in an answer.
FLUSH = 'flush() { said=$(sync "$1" 2>&1) || { printf "%s\\n" "$said"; return 1; }; }; '

# get reads exactly so many blocks and bytes of what is open as 4; openssl hashes several times as fast as sha256sum.
_TOOLS = (
    "if command -v openssl > /dev/null 2>&1; then hash() { openssl dgst -sha256 -r; }; "
    "else hash() { sha256sum; }; fi; "
    "get() { "
    f'if [ "$1" -gt 0 ]; then dd bs={_BLOCK_BYTES} count="$1" iflag=fullblock <&4 2> /dev/null; fi; '
    'if [ "$2" -gt 0 ]; then dd bs="$2" count=1 iflag=fullblock <&4 2> /dev/null; fi; }; '
)

# $1 the file, $2 how many whole segments, $3 blocks of a segment, $4 and $5 blocks and bytes of the rest
HASH_SEGMENTS = (
    '[ -f "$1" ] && [ ! -L "$1" ] || exit 0; exec 4< "$1" || exit; ' + _TOOLS + 'n=0; while [ "$n" -lt "$2" ]; do '
    'get "$3" 0 | hash; n=$((n + 1)); done; if [ "$4" -gt 0 ] || [ "$5" -gt 0 ]; then get "$4" "$5" | hash; fi'
)

# $1 the file, $2 where to begin, then as above of what comes, $6 and $7 blocks and bytes of what is there already.
#
# A file that is begun anew is a new file, so that a predecessor whose last packets come late writes into one that has
# no name. It is opened once, for the same reason, and written to at its offsets: a predecessor that sent the same
# content does no harm. What lies at the path in the end must be that file still. Each segment is read back by a second
# process as soon as it was written.
WRITE_ON = (
    'if [ "$2" = 0 ]; then mkdir -p -- "${1%/*}" && rm -f -- "$1" && ( set -C; : > "$1" ) || exit; '
    'else truncate -c -s "$2" -- "$1" || exit; fi; exec 3>&1 5<> "$1" 4< "$1" || exit; '
    'inode=$(stat -c %i -- "$1"); '
    + FLUSH
    + _TOOLS
    + 'put() { said=$(dd bs="$1" count="$2" iflag=fullblock conv=notrunc $seek 2>&1 >&5) && seek= || '
    '{ printf "%s\\n" "$said" | head -n 1 >&3; exit 1; }; }; '
    'path=$1; seek="oflag=seek_bytes seek=$2"; all=$3; blocks=$4; tail=$5; rest=$6; shift 6; '
    'sum=$({ n=0; while [ "$n" -lt "$all" ]; do '
    f'put {_BLOCK_BYTES} "$blocks"; echo "$blocks 0"; n=$((n + 1)); done; '
    f'if [ "$tail" -gt 0 ]; then put {_BLOCK_BYTES} "$tail"; fi; '
    'if [ "$rest" -gt 0 ]; then put "$rest" 1; fi; echo "$tail $rest"; } | '
    '{ get "$1" "$2"; while read -r n m; do get "$n" "$m"; done; } | hash); '
    'flush "$path" && [ "$(stat -c %i -- "$path")" = "$inode" ] && stat -c %s -- "$path" && printf "%s\\n" "$sum"'
)


class Counts(NamedTuple):
    """A number of bytes as whole segments, and the rest as blocks and bytes."""

    segments: int
    blocks_of_segment: int
    blocks: int
    rest: int

    @classmethod
    def of(cls, size: int, segment_bytes: int) -> Counts:
        """Count; ``segment_bytes`` is a multiple of a block."""
        if segment_bytes % _BLOCK_BYTES:
            raise ValueError(f"{segment_bytes} is not a multiple of {_BLOCK_BYTES}")
        segments, left = divmod(size, segment_bytes)
        return cls(segments, segment_bytes // _BLOCK_BYTES, *divmod(left, _BLOCK_BYTES))

    def args(self) -> list[str]:
        """As arguments of the scripts."""
        return [str(n) for n in (self.segments, self.blocks_of_segment, self.blocks, self.rest)]


def prefix_args(size: int) -> list[str]:
    """What is there already, as arguments of the scripts."""
    return [str(n) for n in divmod(size, _BLOCK_BYTES)]
