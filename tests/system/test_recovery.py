"""What docs/operations.md says to type for a damaged queue and for an older daemon, typed on machines that have one."""

from __future__ import annotations

import re
from pathlib import Path

from tests.system.pair import Keys, know_the_nas, pair
from tests.system.product import CHECKOUT, bundle
from tests.system.roots import Disk
from tests.system.site import DAEMON, DATABASE, MEDIA, USER, Site, unpack
from tests.waiting import eventually

DOCUMENT = CHECKOUT / "docs" / "operations.md"
CELESTIAL, OLD_DATABASE = "/home/celestial", "/data/edge/media_status.db"
V2 = Path(__file__).parent.parent / "data" / "config_v2.json"
ROWS = 3000
_OLD_QUEUE = """
CREATE TABLE media_transfer_status (id INTEGER PRIMARY KEY AUTOINCREMENT, file_path TEXT UNIQUE NOT NULL,
    file_name TEXT NOT NULL, file_size INTEGER, file_hash TEXT, download_status TEXT NOT NULL DEFAULT 'pending',
    download_start_time TEXT, download_end_time TEXT, download_retry_count INTEGER DEFAULT 0,
    transfer_status TEXT NOT NULL DEFAULT 'pending', transfer_start_time TEXT, transfer_end_time TEXT,
    transfer_retry_count INTEGER DEFAULT 0, last_error_message TEXT,
    created_at DATETIME DEFAULT CURRENT_TIMESTAMP, updated_at DATETIME DEFAULT CURRENT_TIMESTAMP);
INSERT INTO media_transfer_status (file_path, file_name, file_size, download_status, transfer_status) VALUES
    ('{media}/20250101_old.mp4', '20250101_old.mp4', 1, 'COMPLETED', 'COMPLETED'),
    ('{media}/20250122_new.mp4', '20250122_new.mp4', 6, 'completed', 'pending');
"""
_MANY_ROWS = (
    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {count}) "
    "INSERT INTO media_transfer_status (file_path, file_name, file_size, download_status, transfer_status) "
    "SELECT '/data/temp/dji/media/20250101_' || i || '.mp4', '20250101_' || i || '.mp4', i, 'completed', 'completed' "
    "FROM n"
)


def block(after: str) -> list[str]:
    """The commands of the first block after some words of the document, as root types them."""
    text = DOCUMENT.read_text(encoding="utf-8").partition(after)[2]
    found = re.search(r"\n\n((?:    \S.*\n)+)", text)
    assert found is not None
    return [line.strip() for line in found[1].splitlines()]


def damage(site: Site) -> int:
    """Overwrite one page of the queue's table with what is no page, as a bad disk does; how many rows it held."""
    [page_size, *_] = site.sql("PRAGMA wal_checkpoint(TRUNCATE); PRAGMA page_size")[1:]
    edge, size = site.edge, int(page_size)
    pages = edge.path(DATABASE).read_bytes()
    needle = f"/20250101_{ROWS // 2}.mp4".encode()
    # The same path stands in the index, too; the page of the table has the name a second time.
    numbers = [n for n in range(len(pages) // size) if pages[n * size : (n + 1) * size].count(needle[1:]) > 1]
    [number] = [n for n in numbers if pages[n * size] == 13]  # a leaf of a table
    held = int.from_bytes(pages[number * size + 3 : number * size + 5], "big")
    with edge.path(DATABASE).open("r+b") as file:
        file.seek(number * size)
        file.write(b"\xa5" * size)
    return held


def test_a_damaged_database_is_recovered_as_the_document_says(site: Site) -> None:
    site.sql(_MANY_ROWS.format(count=ROWS))
    before = site.put("20250122_101500_x.mp4")
    sent = "SELECT count(*) FROM media_transfer_receipts WHERE event = 'deleted'"
    eventually(lambda: site.sql(sent) == ["1"], 30)
    site.edge.run("systemctl", "stop", DAEMON)
    lost = damage(site)
    assert 0 < lost < ROWS // 10
    asked = site.edge.run("sqlite3", DATABASE, "PRAGMA quick_check", user=USER, check=False)
    assert "database disk image is malformed" in asked.stderr
    commands = block("**The database is damaged.**")
    assert any(".dump" in line for line in commands)
    site.edge.shell("\n".join(["set -e", 'sudo() { "$@"; }', *commands]))
    assert site.sql("PRAGMA integrity_check") == ["ok"]
    [kept] = site.sql("SELECT count(*) FROM media_transfer_status WHERE file_path LIKE '%/20250101_%'")
    assert int(kept) == ROWS - lost  # on either side of the page that is gone
    assert before in site.sql("SELECT file_path FROM media_transfer_status")
    assert site.sql(sent)[0] >= "1"
    told = site.check()
    assert (told.result, told.exit_code, told.status["outcome"]) == ("success", 0, "pass"), told.status
    site.put("20250122_101501_x.mp4")
    eventually(lambda: any(path.endswith("20250122_101501_x.mp4") for path in site.copies()), 30)
    owner = site.edge.run("stat", "-c", "%U", DATABASE).stdout.strip()
    assert owner == USER
    assert site.edge.find("/root/queue", "-name", "media_status.db") == ["/root/queue/media_status.db"]
    assert site.failed_units() == []


def test_an_older_daemon_is_replaced_as_the_document_says(bookworm: Disk, nas_disk: Disk, keys: Keys) -> None:
    with pair(bookworm, nas_disk) as both:
        edge = both.edge
        edge.shell(
            f"useradd --create-home celestial; mkdir -p /data/edge {MEDIA}; echo media >{MEDIA}/20250122_new.mp4"
        )
        edge.run("sqlite3", OLD_DATABASE, text=_OLD_QUEUE.format(media=MEDIA))
        edge.shell("chown -R celestial: /data")
        know_the_nas(edge, keys, user="celestial", home=CELESTIAL)
        quick = V2.read_text(encoding="utf-8").replace('"default_wait_minutes": 12', '"default_wait_minutes": 0.5')
        edge.write(f"{CELESTIAL}/unified_config.json", quick, owner="celestial:")
        old = "[Service]\nUser=celestial\nExecStart=/bin/sleep infinity\n[Install]\nWantedBy=multi-user.target\n"
        edge.write(f"/etc/systemd/system/{DAEMON}", old)
        edge.run("systemctl", "enable", "--now", DAEMON)
        pid = edge.unit(DAEMON)["MainPID"]
        unpack(edge, bundle("bookworm"))
        head = ["set -e", 'sudo() { "$@"; }', "cd /root/nasops", f"FILE={CELESTIAL}/unified_config.json"]
        beside, instead = block("## Moving from an older daemon"), block("which is understood.")
        # The older one is none that the check can prove, and the installer says so with 2.
        edge.shell("\n".join([*head, *(f"{beside[0].replace('FILE', '$FILE')} || [ $? = 2 ]", "")]))
        assert edge.unit(DAEMON)["MainPID"] == pid
        edge.shell("\n".join([*head, *(line.replace("FILE", "$FILE") for line in instead)]))
        edge.wait_for_unit(DAEMON, ActiveState="active", SubState="running")
        assert edge.unit(DAEMON)["User"] == "celestial"
        assert edge.read("/root/media-sync-daemon.service") == old
        copy = both.nas.path("/volume1/homes/edge_sync/drone_media/EdgeBackup/2025/01/22/20250122_new.mp4")
        eventually(copy.exists, 30)
        assert copy.read_text() == "media\n"
        rows = (
            "SELECT transfer_status FROM media_transfer_status WHERE file_name LIKE '2025%'"  # not those of the check
        )
        asked = edge.run("sqlite3", OLD_DATABASE, rows, user="celestial")
        assert asked.stdout.split() == ["COMPLETED", "completed"]
