"""Every cause that the programs can name, explained in English and Chinese: one file a theme, one entry a cause.

The English summary and remedy stand with the code that raises them, in ``causes.py`` of either package; all other texts
stand here, both languages beside each other. A run in English never loads them.
"""

from __future__ import annotations

from healthcheck.catalogue import (
    commands,
    configuration,
    daemon,
    daemon_ends,
    database,
    deletion,
    deletion_seen,
    doctor,
    doctor_units,
    edge,
    installation,
    nas_files,
    nas_link,
    nas_login,
    run,
    transfer,
)
from healthcheck.catalogue.entry import Entry

THEMES = (
    (configuration.THEME, configuration.ENTRIES),
    (database.THEME, database.ENTRIES),
    (edge.THEME, edge.ENTRIES),
    (nas_link.THEME, nas_link.ENTRIES),
    (nas_login.THEME, nas_login.ENTRIES),
    (nas_files.THEME, nas_files.ENTRIES),
    (daemon.THEME, daemon.ENTRIES),
    (daemon_ends.THEME, daemon_ends.ENTRIES),
    (commands.THEME, commands.ENTRIES),
    (transfer.THEME, transfer.ENTRIES),
    (deletion.THEME, deletion.ENTRIES),
    (deletion_seen.THEME, deletion_seen.ENTRIES),
    (run.THEME, run.ENTRIES),
    (installation.THEME, installation.ENTRIES),
    (doctor_units.THEME, doctor_units.ENTRIES),
    (doctor.THEME, doctor.ENTRIES),
)

BY_CODE: dict[str, Entry] = {entry.cause.code: entry for _, entries in THEMES for entry in entries}
