"""The kinds of events that the daemon writes to the journal, and how a line gets its fields.

``log.info("sent %s", path, extra=journalled(FILE_SENT, FILE_PATH=path))``: where the log is the journal, the line has
these fields as its own; on standard error it is the line alone. A message id never changes and never gets another
meaning.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import NamedTuple

from celestial_nasops.fault import Fault
from celestial_nasops.journal import Event, event_of_cause

FILE_SENT = Event(
    "87f53e73848b412a9d752601fd52626f",
    "A file has arrived on the NAS",
    """@FILE_PATH@ lies on the NAS as @REMOTE_PATH@.
The copy was verified there (@VERIFICATION_LEVEL@) before it got that name; the queue and the receipts say so. The local
file is deleted after the delay, if the copy is verified once more then. What has become of it since:

    sudo media-sync-daemon receipts '@FILE_PATH@'""",
)
FILE_PUT_OFF = Event(
    "10f6da12785e4db3bb91115c6f3dbf88",
    "A file could not be sent, and is tried again",
    """@FILE_PATH@ is still here and stays in the queue: [@CAUSE@].
The line ends in what mends it; the daemon tries again by itself. What waits, and why:

    sudo media-sync-daemon queue""",
)
FILE_FAILED = Event(
    "44ac68871fb447c8b9bfbda6ba003f12",
    "A file is given up and not sent",
    """@FILE_PATH@ was not sent and is not tried again: [@CAUSE@].
It was not deleted. The line ends in what mends it; then:

    sudo media-sync-daemon requeue '@FILE_PATH@'""",
)
FILE_PUT_DOWN = Event(
    "cc39241b08804cf099d4f4644275461d",
    "A file was put down before it had arrived",
    """@FILE_PATH@ is still here and in the queue. The daemon was told to end, or to pause; it is sent when the daemon
works again, a large one from where it was put down.""",
)
FILE_DELETED = Event(
    "f4fa928c8c4243c6a1f3bd029c0b8c96",
    "A file was deleted here, its copy on the NAS is right",
    """@FILE_PATH@ was deleted after both it and its copy @REMOTE_PATH@
had been read once more, and had the same content (@VERIFICATION_LEVEL@). Its receipts:

    sudo media-sync-daemon receipts '@FILE_PATH@'""",
)
FILE_KEPT = Event(
    "f1dba2a83a7f42c3abfbbf91a291a545",
    "A file was to be deleted and was kept",
    """@FILE_PATH@ was sent, and could not be deleted: [@CAUSE@].
Nothing is lost; it takes room here until the line's remedy was followed.""",
)
FILE_GONE = Event(
    "35333e804bc24fe285ee062d10b51e25",
    "A file that was to be deleted is gone already",
    """@FILE_PATH@ is gone, and the daemon did not see itself delete it:
somebody else removed it; or, if the receipt before is verified_again, perhaps a daemon
that was killed right afterwards.
Its copy @REMOTE_PATH@ was proven when it was sent.

    sudo media-sync-daemon receipts '@FILE_PATH@'""",
)
NAS_AWAY = Event(
    "749f51b5037b4eec99b405dcc1e689fd",
    "The NAS is away",
    """Files wait in the queue, and none of them is blamed: [@CAUSE@]. The daemon looks by itself whether the NAS
is back.

    systemctl status media-sync-daemon""",
)
NAS_BACK = Event(
    "da777bcfa8dd43ccac698951f14f79b6",
    "The NAS is back",
    """Files that waited for it are sent now.""",
)
DELETIONS_STOPPED = Event(
    "ecbf59d84003402d9ed21f6b2e7ce052",
    "Nothing is deleted any more until a person has looked",
    """Files are carried on and exist twice: [@CAUSE@]. Look as the line says, then:

    sudo media-sync-daemon resume""",
)
FILE_TAKEN_BACK = Event(
    "ab553ecc152d4b0883041b565912f07a",
    "A file was in hand when an earlier daemon ended, and is sent anew",
    """@FILE_PATH@ is still here, and its row was left in transferring. The row is
ready again; a large file goes on from where it was.""",
)
FILE_WITHDRAWN = Event(
    "85287d53c156467a9164d199218766ee",
    "A file was not published, for its row was changed meanwhile",
    """Somebody else changed or removed the row of @FILE_PATH@ while it was being sent. What had
been sent of it is removed from the NAS; the local file is left alone.""",
)
NAS_GIVES = Event(
    "fdee4a15da1741ca9cb789742e16f177",
    "What the NAS can do was found out, or has changed",
    """By this the daemon chooses how it sends and verifies. After an update of the NAS it may be less than before:

    smoke-check doctor""",
)
DELETIONS_GO_ON = Event(
    "1ce581e64de74645be7f482b6a25f45e",
    "Files are deleted again",
    """A person has looked and released the deletions, or what had stopped them is as it was before.""",
)
TROUBLE_OVER = Event(
    "e9ea63aa0eab410f8430f11f60aa998b",
    "A trouble is over by itself",
    """The line says which. Nothing is to be done.""",
)
DAEMON_AT_WORK = Event(
    "fa770b07db6c4bea90d391f046ac15c4",
    "The daemon is at work",
    """It has just been started, or goes on after a pause, with another configuration or with a queue that was replaced.

    systemctl status media-sync-daemon""",
)
DAEMON_PAUSED = Event(
    "9007129aae8849b296dbd427946b25d1",
    "The daemon is paused",
    """Somebody has ordered it: nothing is carried and nothing is deleted, over restarts, too, until

    sudo media-sync-daemon resume""",
)
DAEMON_RESUMED = Event(
    "07cbaf7d3c9642b9aba640e23f33f139",
    "A pause of the daemon is over",
    """What has waited in the queue meanwhile is sent now.""",
)
DAEMON_FINISHING = Event(
    "5c036cb73e234372b61329674c71d959",
    "The daemon ends as soon as the files in hand have arrived",
    """It was told to by SIGUSR1, as by an upgrade. No further file is taken. "systemctl stop" ends it at once.""",
)
DAEMON_STOPPED = Event(
    "8496d938dae9431e8ef25b2ac8b85e82",
    "The daemon has ended",
    """Files that come in meanwhile wait in the queue.

    sudo systemctl start media-sync-daemon""",
)
DAEMON_STUCK = Event(
    "47049684a96948b79ad5f6261fca68c2",
    "A part of the daemon hangs",
    """It waits for something that does not come, mostly for a disk that does not answer, and nothing can interrupt it.
Without signs of life systemd ends the daemon and starts it again. What the kernel says:

    dmesg | tail""",
)
DAEMON_BROKEN = Event(
    "d590cecd45714b7f8d9d80fa4f8859b0",
    "The daemon ends over an error of its own",
    """This is a fault of the program, not of this machine. systemd starts it again; no file is lost.
Please report the line.""",
)
CONFIG_REREAD = Event(
    "9b52ab340b18468c88a15f246fb326e9",
    "The changed configuration is used",
    """Files in hand are finished under the old one. daemon_settings.state_path alone needs a restart.""",
)
CONFIG_REFUSED = Event(
    "3b11d5058c2d4697b57d7afd325f69b5",
    "The changed configuration is not used",
    """The daemon goes on with the one it has: [@CAUSE@]. Mend the file, then:

    smoke-check config check && sudo systemctl reload media-sync-daemon""",
)
CONFIG_REMARK = Event(
    "018ebc9e44434f029248860e2bdb4c79",
    "The daemon has a remark on its configuration",
    """The work goes on. A key that nobody reads is often a slip of the pen:

    smoke-check config check""",
)

# What identifies a file is kept byte by byte: its name need not be text.
_PATHS = ("FILE_PATH", "REMOTE_PATH")


class Told(NamedTuple):
    """What belongs to a line of the log besides its words.

    Attributes:
        event: its kind, if it has one.
        fields: for the journal.
    """

    event: Event | None
    fields: Mapping[str, object]


def journalled(event: Event | None = None, fault: Fault | None = None, **fields: object) -> dict[str, Told]:
    """What a line tells programs, for the ``extra`` of a call that logs it.

    Args:
        event: its kind; where there is none, that of the fault.
        fault: what went wrong; gives CAUSE and REMEDY.
        fields: by their names in the journal; those that are None are left out.
    """
    told: dict[str, object] = dict(fields)
    for name in _PATHS:
        if isinstance(path := told.get(name), str):
            told[name] = os.fsencode(path)
    if fault is not None:
        told |= {"CAUSE": fault.code, "REMEDY": fault.remedy}
        event = event or event_of_cause(fault.code)
    return {"told": Told(event, told)}


def all_events() -> dict[str, Event]:
    """Every kind by its name."""
    return {name: value for name, value in globals().items() if isinstance(value, Event)}
