"""What the check itself is made of, and what the system leaves to it."""

from __future__ import annotations

from collections.abc import Iterator

from tests.faults.loopback import Loopback, fault, told
from tests.faults.table import Way

GROUP = "itself"
# An account of its own, which may read and write what is ours, with the one process that it has.
_READS_ALL = ("--inh-caps=-all,+dac_override", "--ambient-caps=-all,+dac_override")
_WITHOUT_THREADS = ("setpriv", "--reuid=61234", "--clear-groups", *_READS_ALL, "prlimit", "--nproc=1")
REPORT = "this is a fault of smoke-check; run it with SMOKE_CHECK_DEBUG=1 and report what it prints"


@fault(
    probe="remote_verify",
    cause="probe_crashed",
    says="the connection to the NAS stopped with an internal error: ImportError: undefined symbol: PyFoo",
    remedy=REPORT,
    outcome="error",
)
def ssh_library_does_not_load(place: Loopback) -> Iterator[Way]:
    """The SSH library is of another Python, as after an upgrade of the system."""
    library = place.scene.folder / "broken" / "paramiko"
    library.mkdir(parents=True)
    (library / "__init__.py").write_text("raise ImportError('undefined symbol: PyFoo')\n")
    with place.daemon():
        yield lambda: told(place.scene.check(PYTHONPATH=str(library.parent)))


@fault(
    probe="daemon_status",
    cause="probe_crashed",
    says="daemon_status stopped with an internal error: RuntimeError: can't start new thread",
    remedy=REPORT,
    outcome="error",
)
def no_thread_left(place: Loopback) -> Iterator[Way]:
    """The check's account has as many processes as it may have."""
    with place.daemon("idle"):
        with place.start() as killed:
            place.wait_for_row()
            killed.kill()  # so that there is something to clean up
        yield lambda: told(place.scene.check(prefix=_WITHOUT_THREADS))
