"""What docs/operations.md says to type where a queue is damaged, typed on a machine whose queue is."""

from __future__ import annotations

import re

from tests.system.product import CHECKOUT
from tests.system.site import DAEMON, DATABASE, USER, Site
from tests.waiting import eventually

DOCUMENT = CHECKOUT / "docs" / "operations.md"
ROWS = 3000
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
