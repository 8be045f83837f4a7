"""What was found of each fault, for the table that ``./dev faults`` prints."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass, field

from tests.faults.table import Fault


@dataclass
class Found:
    """One row of that table."""

    fault: Fault
    named: str = "-"
    seconds: float = 0.0
    litter: list[str] | None = None
    right: bool = False


@dataclass
class Findings:
    """All of them."""

    rows: list[Found] = field(default_factory=list)

    @contextlib.contextmanager
    def about(self, fault: Fault) -> Iterator[Found]:
        """The row of a fault; it is right if the block comes to its end."""
        self.rows.append(found := Found(fault))
        yield found
        found.right = True

    def table(self) -> Iterator[str]:
        """The lines."""
        width = max((len(f"{found.fault.group}: {found.fault.what}") for found in self.rows), default=0)
        yield f"{'fault':<{width}} {'expected cause':<26} {'named cause':<26} {'seconds':>7}  litter"
        for found in self.rows:
            fault = found.fault
            litter = "not looked for" if found.litter is None else ", ".join(found.litter) or "none"
            mark = "" if found.right else "  WRONG"
            what = f"{fault.group}: {fault.what}"
            yield f"{what:<{width}} {fault.cause or 'none':<26} {found.named:<26} {found.seconds:7.1f}  {litter}{mark}"
        yield f"{len(self.rows)} faults, {sum(1 for found in self.rows if found.right)} named rightly"
