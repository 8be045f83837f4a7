"""``media-sync-daemon verify`` where more than a single copy is amiss."""

from __future__ import annotations

from pathlib import Path

from celestial_nasops.media_status_db import TransferStatus
from celestial_nasops.paths import MARKER_NAME
from tests.daemon_field import Field
from tests.integration.test_steering import steer
from tests.nas_servers import ALIAS

NAMES = ("20250122_0.jpg", "20250122_1.jpg", "20250122_2.jpg")


def sent(field: Field) -> list[Path]:
    """Some copies on the NAS."""
    with field.daemon():
        for row_id in [field.put(name) for name in NAMES]:
            field.becomes(row_id, TransferStatus.COMPLETED)
    return [field.remote(name) for name in NAMES]


def test_a_volume_that_is_away_is_no_copy_that_vanished(field: Field) -> None:
    sent(field)
    base = Path(field.config.nas_settings.base_path)
    base.rename(f"{base}-away")
    code, told = steer(field, "verify")
    assert code == 2
    assert told.startswith(
        f"[nas_base_missing] the folder {base} does not exist on the NAS; is its volume mounted?\n  -> "
    )
    Path(f"{base}-away").rename(base)
    assert steer(field, "verify") == (0, "3 of 3 copies are right, by hash; 0 are not\n")


def test_another_volume_in_its_place_is_no_copy_that_vanished(field: Field) -> None:
    sent(field)
    base = Path(field.config.nas_settings.base_path)
    base.rename(f"{base}-away")
    base.mkdir()
    code, told = steer(field, "verify")
    assert code == 2
    assert told.startswith(
        f"[nas_marker_missing] {base} on the NAS is not the folder that it was: its marker {MARKER_NAME} is missing; "
        "nothing is deleted until a person has looked\n"
        f"  -> see that the right volume is mounted: ssh -F {field.nas.ssh_config} {ALIAS} ls -la {base}; "
        f"then: sudo media-sync-daemon --config {field.config_path} resume"
    )
    assert list(base.iterdir()) == []


def test_those_that_could_not_be_looked_at_are_counted(field: Field) -> None:
    folder, gone, _ = sent(field)
    gone.unlink()
    folder.unlink()
    folder.mkdir()
    code, told = steer(field, "verify")
    assert code == 1
    assert told.splitlines()[-1] == "1 of 3 copies are right, by hash; 1 are not, 1 could not be looked at"
