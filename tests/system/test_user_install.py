"""Units of one user, without root: installed by install.sh for an account that lingers, run, and removed."""

from __future__ import annotations

import json

from healthcheck import pipeline
from tests.system.pair import Keys, know_the_nas, pair
from tests.system.product import bundle
from tests.system.roots import Disk
from tests.system.site import QUICK, merged

NAME = "pilot"
HOME = f"/home/{NAME}"


def test_an_account_that_lingers_installs_runs_and_removes_its_own(bookworm: Disk, nas_disk: Disk, keys: Keys) -> None:
    with pair(bookworm, nas_disk) as both:
        edge = both.edge
        edge.shell(f"useradd --create-home --shell /bin/bash {NAME}; loginctl enable-linger {NAME}")
        uid = edge.run("id", "-u", NAME).stdout.strip()
        edge.wait_for_unit(f"user@{uid}.service", ActiveState="active")

        def own(script: str, *, check: bool = True) -> str:
            account = f"export HOME={HOME} USER={NAME} XDG_RUNTIME_DIR=/run/user/{uid}; cd"
            return edge.shell(f"{account}; {script}", user=NAME, check=check)

        know_the_nas(edge, keys, user=NAME, home=HOME)
        edge.write(f"{HOME}/bundle.tar.gz", bundle(bookworm.suite).read_bytes(), owner=f"{NAME}:")
        own("tar -xzf bundle.tar.gz; rm bundle.tar.gz; mv celestial-nasops-* nasops")
        before = edge.find(HOME, "-printf", "%y %m %u %P\\n")
        places = {
            "daemon_settings": {"supervisor": "systemd-user", "state_path": f"{HOME}/state"},
            "local_settings": {"media_path": f"{HOME}/media"},
            "database_settings": {"db_path": f"{HOME}/queue/media_status.db"},
        }
        settings = merged(merged(json.loads(edge.read(f"{HOME}/nasops/unified_config.json")), QUICK), places)
        edge.write(f"{HOME}/nasops/site.json", json.dumps(settings), owner=f"{NAME}:")
        printed = own("nasops/install.sh --user-units --config ~/nasops/site.json")
        assert "every step from the daemon to the deletion is proven" in printed

        own("systemctl --user start smoke-check")
        shown = own("systemctl --user show smoke-check -p Result -p ExecMainStatus -p StatusText").splitlines()
        proven = "StatusText=PASS every step from the daemon to the deletion is proven"
        assert set(shown) == {"Result=success", "ExecMainStatus=0", proven}
        assert (
            own("systemctl --user is-active media-sync-daemon smoke-check.timer smoke-check-watch.timer").split()
            == ["active"] * 3
        )
        doctor = own("~/.local/bin/smoke-check doctor")  # which finds this account's configuration and state
        assert doctor.endswith("\n17 ok, 0 warn, 0 fail, 0 unknown, 2 skipped\n"), doctor
        assert "skipped  check_sandbox   smoke-check.service belongs to one user and has no sandbox\n" in doctor

        own("systemctl --user stop media-sync-daemon; systemctl --user start smoke-check || true")
        told = json.loads(own("~/.local/bin/smoke-check status --json", check=False))
        assert told["probes"][0]["outcome"] == "fail"
        assert len(told["probes"]) == len(pipeline.probe_names())
        assert told["probes"][0]["remedy"].startswith("systemctl --user start media-sync-daemon.service")

        explained = own("~/.local/bin/smoke-check explain daemon_inactive")
        assert "  -> systemctl --user start {unit}; and so that it starts at boot: systemctl --user enable" in explained
        queued = own("~/.local/bin/media-sync-daemon requeue /nowhere 2>&1", check=False)
        assert queued.startswith("[requeue_no_row] "), queued  # and no complaint of another configuration

        edge.stop()
        edge.boot()  # nobody logs in: the account lingers
        edge.wait_for_unit(f"user@{uid}.service", ActiveState="active")
        assert own("systemctl --user is-system-running --wait") == "running\n"  # the daemon is up, not on its way
        own("systemctl --user start smoke-check")
        assert edge.failed_units() == []

        own("nasops/install.sh --user-units --uninstall --purge")
        own("rm nasops/site.json")
        assert edge.find(HOME, "-printf", "%y %m %u %P\\n") == before
