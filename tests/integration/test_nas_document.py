"""What docs/nas.md promises, done."""

from __future__ import annotations

import re
from pathlib import Path

from celestial_nasops import causes
from celestial_nasops.config import Config
from celestial_nasops.durable import user_name
from celestial_nasops.fault import Cause
from celestial_nasops.nas.capabilities import Capabilities
from celestial_nasops.nas.opening import open_files
from celestial_nasops.nas.session import NasSession
from celestial_nasops.nas.verification import VerificationLevel
from tests.nas_profiles import root_s_own_folder
from tests.nas_servers import openssh_server
from tests.readme import samples

DOCUMENT = Path(__file__).resolve().parent.parent.parent / "docs" / "nas.md"
TEXT = DOCUMENT.read_text(encoding="utf-8")


def test_the_sample_of_sshd_config_makes_an_account_that_works(tmp_path: Path) -> None:
    with root_s_own_folder() as root:
        base = Path(root, "srv", "edge", "drone_media")
        base.mkdir(parents=True)
        sample = samples(TEXT)["sshd"].replace("edge_sync", user_name()).replace("/srv/edge", f"{root}/srv/edge")
        settings = ["Subsystem sftp internal-sftp", *sample.splitlines(), "Match all"]
        with openssh_server(tmp_path / "nas", settings=settings, base_path=str(base)) as server:
            nas = server.config().nas_settings
            with NasSession.open(server.target(), timeout_seconds=10) as session:
                files = open_files(session, nas, timeout_seconds=10)
                assert files.write(f"{base}/x", [b"content"], stall_timeout_seconds=10) == 7
                assert files.capabilities.hidden_prefix == f"{root}/srv/edge"
                assert files.verification_level is VerificationLevel.READ_BACK


def test_it_names_only_what_there_is() -> None:
    codes = {cause.code for cause in vars(causes).values() if isinstance(cause, Cause)}
    named = set(re.findall(r"`([a-z_]+(?:\.[a-z_]+)?)`", TEXT))
    keys = {
        f"{section}.{key}"
        for section, field in Config.model_fields.items()
        for key in field.annotation.model_fields  # type: ignore[union-attr]
    }
    known = codes | keys | {level.value for level in VerificationLevel} | set(Capabilities.__dataclass_fields__)
    known |= {"auto", "shell", "sftp", "nas", "remote_verify", "base_path", "edge_sync", "sshd_config", "statvfs"}
    assert named - known == set()
    assert {"nas_no_shell", "nas_no_sftp", "nas_settings.access"} <= named
    assert {level.value for level in VerificationLevel} <= named
