"""Misconfigurations of files, of the locale and of the NAS, for the doctor to find."""

from __future__ import annotations

from tests.system.doctor_seeds import STATE, Line, Seed, because, on_nas
from tests.system.pair import BASE_PATH
from tests.system.site import CONFIG, DATABASE, HOME, MEDIA

NAS_DATE = "/usr/local/bin/date"
SEEDS = (
    # --- owners and modes ---
    Seed(
        "the media folder belongs to root",
        f"chown root: {MEDIA}; chmod 755 {MEDIA}",
        (
            Line(
                "fail",
                "folders",
                f"{MEDIA} belongs to root, and user media-sync may not write it (local_settings.media_path)",
                "of_no_account",
                f"give it to that user; root can use it as before: sudo chown media-sync {MEDIA}",
            ),
        ),
    ),
    Seed(
        "its own user may not write the state folder",
        f"chmod 555 {STATE}",
        (
            Line(
                "fail",
                "folders",
                f"{STATE} has the mode 555, so its own user may not write it (daemon_settings.state_path)",
                "mode_too_tight",
                f"sudo chmod u+rwx {STATE}",
            ),
        ),
    ),
    Seed(
        "everybody may change the configuration",
        f"chmod 666 {CONFIG}",
        (
            Line(
                "warn",
                "folders",
                f"every user of this server may change {CONFIG} (mode 666)",
                "file_open_to_others",
                f"sudo chmod o-w {CONFIG}",
            ),
        ),
        exit_code=0,
    ),
    Seed(
        "the -shm belongs to root",
        f"chown root: {DATABASE}-shm; chmod 600 {DATABASE}-shm",
        (
            Line(
                "fail",
                "queue",
                f"{DATABASE}-shm belongs to root, and user media-sync may not write it (database_settings.db_path)",
                "of_no_account",
                f"give it to that user; root can use it as before: sudo chown media-sync {DATABASE}-shm",
            ),
        ),
    ),
    Seed(
        "others may use the key",
        f"chmod 644 {HOME}/.ssh/id_ed25519",
        (
            Line(
                "fail",
                "key",
                f"others than its owner may use the key {HOME}/.ssh/id_ed25519 (mode 644), so ssh refuses to use it",
                "key_open_to_others",
                f"sudo chmod 600 {HOME}/.ssh/id_ed25519",
            ),
        ),
    ),
    Seed(
        "everybody may pin host keys",
        f"chmod 666 {HOME}/.ssh/known_hosts",
        (
            Line(
                "warn",
                "host_key",
                f"every user of this server may change {HOME}/.ssh/known_hosts (mode 666)",
                "file_open_to_others",
                f"sudo chmod o-w {HOME}/.ssh/known_hosts",
            ),
        ),
        exit_code=0,
    ),
    Seed(
        "the key belongs to root",
        f"chown root: {HOME}/.ssh/id_ed25519",
        (
            Line(
                "fail",
                "key",
                f"user media-sync can't read {HOME}/.ssh/id_ed25519: it belongs to root (mode 600)",
                "file_of_another",
                f"sudo chown media-sync {HOME}/.ssh/id_ed25519",
            ),
            Line(
                "fail",
                "nas",
                f"the key {HOME}/.ssh/id_ed25519 can't be used: Permission denied",
                "nas_key_unusable",
                "it must be a private key of user media-sync without passphrase: sudo chown media-sync "
                f"{HOME}/.ssh/id_ed25519; sudo -u media-sync ssh-keygen -p -N '' -f {HOME}/.ssh/id_ed25519",
            ),
            *because("nas", "nas_folder", "nas_space", "nas_abilities", "nas_clock"),
        ),
    ),
    # --- the NAS ---
    Seed(
        "the NAS's folder belongs to root",
        on_nas(f"chown root: {BASE_PATH}; chmod 755 {BASE_PATH}"),
        (
            Line(
                "fail",
                "nas_folder",
                f"edge_sync may not write in {BASE_PATH} on the NAS",
                "nas_no_permission",
                "give the account read and write permission on the folder: "
                f"sudo -u media-sync ssh nas-edge ls -ld {BASE_PATH}",
            ),
        ),
        mend=on_nas(f"chown edge_sync: {BASE_PATH}"),
    ),
    Seed(
        "the NAS's folder is gone",
        on_nas(f"mv {BASE_PATH} /root/aside"),
        (
            Line(
                "fail",
                "nas_folder",
                f"the folder {BASE_PATH} does not exist on the NAS; is its volume mounted?",
                "nas_base_missing",
                "mount the volume, or create the folder if this NAS is new: "
                f"sudo -u media-sync ssh nas-edge mkdir -p {BASE_PATH}",
            ),
            *because("nas_folder", "nas_space", "nas_abilities", "nas_clock"),
        ),
        mend=on_nas(f"mv /root/aside {BASE_PATH}"),
    ),
    Seed(
        "the NAS's clock is wrong",
        on_nas(f"printf '#!/bin/sh\\necho $(($(/bin/date +%%s) + 86400))\\n' >{NAS_DATE}; chmod 755 {NAS_DATE}"),
        (
            Line(
                "warn",
                "nas_clock",
                "the clock of 10.77.0.3 is 86400 s ahead of this server's",
                "nas_clock_off",
                "let both keep the time: sudo timedatectl set-ntp true; on the NAS (DSM: Control Panel, Regional "
                "Options, Time) switch on NTP; see: sudo -u media-sync ssh nas-edge date; date",
            ),
        ),
        mend=on_nas(f"rm {NAS_DATE}"),
        exit_code=0,
    ),
    Seed(
        "the locale does not exist",
        "systemctl set-environment LANG=de_XX.UTF-8",
        (
            Line(
                "warn",
                "locale",
                "systemd asks for the locale de_XX.UTF-8, which this server does not have",
                "locale_unknown",
                "make it: sudo localedef -i de_XX -f UTF-8 de_XX.UTF-8; or take one that is there: sudo localectl "
                "set-locale LANG=C.UTF-8",
            ),
        ),
        mend="systemctl set-environment LANG=C.UTF-8",
        exit_code=0,
    ),
)
