"""How figures are printed."""

from __future__ import annotations

import statistics
from collections.abc import Sequence


def row(name: str, values: Sequence[float], unit: str, goal: str = "") -> None:
    """One line: minimum, median, maximum, how many, and the goal."""
    low, mid, high = min(values), statistics.median(values), max(values)
    print(f"{name:<52} min {low:8.2f}  median {mid:8.2f}  max {high:8.2f} {unit:<3} n={len(values):<3} {goal}")
