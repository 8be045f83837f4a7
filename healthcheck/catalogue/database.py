"""The queue's database."""

from __future__ import annotations

from celestial_nasops import causes as shared
from healthcheck import causes
from healthcheck.catalogue.entry import Entry, Text, Translation

THEME = {"en": "The queue's database", "zh": "队列数据库"}

ENTRIES = (
    Entry(
        shared.DATABASE_MISSING,
        where=("database", "file_insert", "remote_verify", "daemon"),
        en=Text(
            title="The database is missing",
            explanation=(
                "There is no file at the configured path, so nothing can be queued or carried. Usually the path "
                "in the configuration is wrong, the data disk is not mounted, or somebody removed the file. Look "
                "whether the disk is mounted before the daemon is started, because it would make a new, empty "
                "queue beside the real one."
            ),
        ),
        zh=Translation(
            title="数据库不存在",
            explanation=(
                "所配置的路径上没有文件，因此既不能排队也不能传输。通常是配置中的路径有误、数据盘没有挂载，或有人"
                "删除了文件。启动守护进程之前请先确认磁盘已挂载，否则它会另建一个空的队列。"
            ),
            summary="{path} 没有数据库",
            remedy=(
                "检查 unified_config.json 中的 database_settings.db_path；守护进程启动时会创建该文件：sudo "
                "systemctl restart media-sync-daemon"
            ),
        ),
    ),
    Entry(
        shared.DATABASE_NOT_A_DATABASE,
        where=("database", "file_insert", "remote_verify", "daemon"),
        en=Text(
            title="The file is no SQLite database",
            explanation=(
                "What lies at the configured path is another kind of file, or its first page was overwritten. "
                "Usually the path points at the wrong file. Don't delete it before you know what it is."
            ),
        ),
        zh=Translation(
            title="该文件不是 SQLite 数据库",
            explanation=(
                "所配置路径上的是另一种文件，或者它的第一页被覆盖了。通常是路径指向了错误的文件。弄清它是什么之前"
                "不要删除它。"
            ),
            summary="{path} 不是 SQLite 数据库",
            remedy="检查 unified_config.json 中的 database_settings.db_path，并看看这个文件是什么：file {path}",
        ),
    ),
    Entry(
        shared.DATABASE_CORRUPT,
        where=("database", "file_insert", "remote_verify", "daemon"),
        en=Text(
            title="The database is damaged",
            explanation=(
                "SQLite found pages that contradict each other. A failing disk, a power cut on a disk that lies "
                "about flushing, or a copy made while it was written leads to this. The media themselves are not "
                "touched. Keep a copy of the file together with its -wal file before anything else is tried; "
                "deleting it would forget which files were not carried yet."
            ),
        ),
        zh=Translation(
            title="数据库已损坏",
            explanation=(
                "SQLite 发现了互相矛盾的页。磁盘故障、在谎报落盘的磁盘上断电，或在写入过程中复制文件，都会造成这"
                "种情况。媒体文件本身没有受影响。做任何尝试之前，先把该文件连同它的 -wal 文件复制一份；删除它会丢"
                "失哪些文件尚未传输的记录。"
            ),
            summary="数据库 {path} 已损坏：{reason}",
            remedy=(
                "停止写入它的程序，保留一份副本，再恢复还能读出的内容："
                "sqlite3 {path} .dump | sed 's/^ROLLBACK.*/COMMIT;/' | sqlite3 {path}.recovered"
            ),
        ),
    ),
    Entry(
        shared.DATABASE_LOCKED,
        where=("database", "file_insert", "remote_verify", "daemon"),
        en=Text(
            title="The database stayed locked",
            explanation=(
                "Another process held the write lock for longer than anyone should. It hangs in the middle of a "
                "write, was stopped by a signal, or an operator left a transaction open in sqlite3. While it "
                "lasts no file can be queued or carried. Ending that process is safe for the database: what it "
                "had not committed is rolled back."
            ),
        ),
        zh=Translation(
            title="数据库一直被锁定",
            explanation=(
                "另一个进程持有写锁的时间过长。它在写入中途卡住、被信号暂停，或者操作员在 sqlite3 里留下了未结束"
                "的事务。在此期间文件既不能排队也不能传输。结束那个进程对数据库是安全的：未提交的内容会被回滚。"
            ),
            summary="数据库 {path} 被{holder}锁定了 {seconds} 秒",
            remedy="看那个进程在做什么：sudo fuser -v {path}",
        ),
    ),
    Entry(
        shared.DATABASE_READ_ONLY,
        where=("database", "file_insert", "remote_verify", "daemon"),
        en=Text(
            title="The database can't be written",
            explanation=(
                "It can be read, and writing is refused by the owner and mode of the file, of the -wal or -shm file "
                "beside it, or of its folder. SQLite needs to write all of them. Usually a program, or sqlite3 as "
                "root, opened the queue under another name. Where owner and mode would allow it, see lsattr -d: the "
                "file may be immutable."
            ),
        ),
        zh=Translation(
            title="数据库不可写",
            explanation=(
                "可以读取，但写入被文件、它旁边的 -wal 或 -shm 文件，或所在目录的属主和权限拒绝。SQLite 需要写所有"
                "这些。通常是某个程序，或以 root 运行的 sqlite3，用别的身份打开过队列。如果属主和权限本应允许，用 "
                "lsattr -d 查看：文件可能被设为不可更改。"
            ),
            summary="数据库 {path} 可读但不可写：用户 {user} 无权写入 {places}（属主 {owner}，权限 {mode}）",
            remedy=(
                "SQLite 必须以守护进程的用户身份写该文件及其整个目录；如果 {user} 就是该用户："
                "sudo chown {user} {places} && sudo chmod u+rwX {places}"
            ),
        ),
    ),
    Entry(
        shared.DATABASE_NO_PERMISSION,
        where=("database", "file_insert", "remote_verify", "daemon"),
        en=Text(
            title="This user may not open the database",
            explanation=(
                "The file, or the -wal or -shm file beside it, belongs to another user. Usually a program, or "
                "sqlite3 as root, opened the queue under another name and left those files behind. Give them "
                "back to the daemon's user; don't delete a -wal file, for it holds rows that are not in the main "
                "file yet."
            ),
        ),
        zh=Translation(
            title="当前用户无权打开数据库",
            explanation=(
                "该文件或它旁边的 -wal、-shm 文件属于另一个用户。通常是某个程序，或以 root 运行的 sqlite3，用别的"
                "身份打开过队列并留下了这些文件。请把它们改回守护进程的用户；不要删除 -wal 文件，里面有尚未写入主"
                "文件的记录。"
            ),
            summary="用户 {user} 无权打开数据库 {path} 及其旁边的文件",
            remedy="它们必须属于守护进程的用户，检查程序也以该用户运行：ls -l {path}*; ls -ld {folder}",
        ),
    ),
    Entry(
        shared.DATABASE_DISK_FULL,
        where=("database", "file_insert", "remote_verify", "daemon"),
        en=Text(
            title="No space left for the database",
            explanation=(
                "The disk of the queue is full, so nothing can be recorded: files are neither queued nor marked "
                "as done. Usually media that were not carried or not deleted fill it; see whether the daemon "
                "carries and deletes. Free other space first, and never delete media by hand before their copies "
                "are verified."
            ),
        ),
        zh=Translation(
            title="数据库所在磁盘已满",
            explanation=(
                "队列所在的磁盘已满，什么都无法记录：文件既不能排队，也不能标记为完成。通常是没有传走或没有删除的"
                "媒体占满了磁盘；请查看守护进程是否在传输和删除。先清理其他文件；在副本校验之前绝不要手工删除媒体"
                "。"
            ),
            summary="数据库 {path} 所在磁盘没有剩余空间：{mount_point}（{device}）共 {total}，可用 {free}",
            remedy="在那里腾出空间；查看占用：sudo du -xhd2 {mount_point} | sort -h | tail",
        ),
    ),
    Entry(
        shared.DATABASE_NO_TABLE,
        where=("database", "file_insert", "remote_verify", "daemon"),
        en=Text(
            title="The queue's table is missing",
            explanation=(
                "The file is an SQLite database and has no such table, so it is another program's, or a new one. "
                "Usually the path in the configuration is wrong. The daemon adds its table to whatever database "
                "it is pointed at; correct the path before it is started."
            ),
        ),
        zh=Translation(
            title="缺少队列表",
            explanation=(
                "该文件是 SQLite 数据库，但没有这个表，所以它属于别的程序，或者是新建的。通常是配置中的路径有误。"
                "守护进程会把表建到它所指向的任何数据库里，因此启动之前先改正路径。"
            ),
            summary="数据库 {path} 中没有表 {table}",
            remedy=(
                "检查 unified_config.json 中的 database_settings.db_path；守护进程启动时会创建该表：sudo "
                "systemctl restart media-sync-daemon"
            ),
        ),
    ),
    Entry(
        shared.DATABASE_NO_COLUMN,
        where=("database", "file_insert", "remote_verify", "daemon"),
        en=Text(
            title="The queue's table lacks a column",
            explanation=(
                "The table was made by a program that knows fewer columns than are needed. Usually an old "
                "dock-info-manager or an old daemon made it. Adding a column is safe while others use the table; "
                "removing or renaming one is not."
            ),
        ),
        zh=Translation(
            title="队列表缺少列",
            explanation=(
                "该表由另一个程序创建，列数少于所需。通常是旧版 dock-info-manager 或旧版守护进程建的。其他程序使"
                "用该表时增加列是安全的；删除或改名则不安全。"
            ),
            summary="{path} 中的表 {table} 缺少：{columns}",
            remedy='补上缺少的列，例如：sqlite3 {path} "ALTER TABLE {table} ADD COLUMN {first_column} TEXT"',
        ),
    ),
    Entry(
        shared.DATABASE_REPLACED,
        where=("database", "file_insert", "remote_verify", "daemon"),
        en=Text(
            title="The database was replaced while it was open",
            explanation=(
                "Somebody deleted or replaced the file under the programs that had it open. They go on writing "
                "to the old one, which has no name any more, and all that is lost when they end. Restart every "
                "program that uses the queue, and put a backup back only while all of them are stopped."
            ),
        ),
        zh=Translation(
            title="数据库在打开期间被替换",
            explanation=(
                "有人在程序打开着数据库时删除或替换了文件。这些程序继续写入已经没有名字的旧文件，它们结束时其中的"
                "内容就会丢失。请重启所有使用队列的程序；只有在它们全部停止时才能放回备份。"
            ),
            summary="数据库 {path} 在打开期间被删除或替换；写入旧文件的内容会丢失",
            remedy="重启使用它的程序，让它们打开新文件：sudo systemctl restart media-sync-daemon",
        ),
    ),
    Entry(
        shared.DATABASE_FAILED,
        where=("database", "file_insert", "remote_verify", "daemon"),
        en=Text(
            title="The database failed",
            explanation=(
                "SQLite reports an error that has no name of its own here; its words are quoted. Mostly the disk "
                "below it fails. A quick_check only reads and is safe at any time."
            ),
        ),
        zh=Translation(
            title="数据库出错",
            explanation=(
                "SQLite 报告了一个这里没有单独命名的错误，原文已引用。多半是底层磁盘出错。quick_check 只读取，随"
                "时执行都是安全的。"
            ),
            summary="数据库 {path} 出错：{reason}",
            remedy="检查它：sqlite3 {path} 'PRAGMA quick_check'",
        ),
    ),
    Entry(
        shared.RECEIPT_UNREADABLE,
        where=("daemon",),
        en=Text(
            title="A receipt can't be understood",
            explanation=(
                "A row in the table of receipts holds what this version never writes. A newer version may have written "
                "it, or somebody by hand. It proves nothing, so what it is asked for does not happen: the file stays "
                "here. `receipts` and `verify` name it, and go on with the others. Looking is safe; install the newer "
                "version again if there was one."
            ),
        ),
        zh=Translation(
            title="回执无法理解",
            explanation=(
                "回执表中有一行是本版本从不写入的内容。也许是更新的版本写的，也许是有人手工写的。它不能证明什么，因此依"
                "赖它的操作不会进行：文件留在本地。`receipts` 和 `verify` 会指出它，并继续处理其余的。查看是安全的；"
                "如果曾装过更新的版本，请重新安装它。"
            ),
            summary="{path} 中的回执 {row_id} 无法理解：其 {column} 不是本版本写入的值",
            remedy="查看它是什么、由谁写入：sqlite3 {path} 'SELECT * FROM media_transfer_receipts WHERE id = {row_id}'",
        ),
    ),
    Entry(
        shared.ROW_EXISTS,
        where=("file_insert",),
        en=Text(
            title="The file is in the queue already",
            explanation=(
                "A row with that path exists, and a path can be queued only once. The file was queued before "
                "under the same name. Look at its state before you change it: a completed row protects its file "
                "from being sent twice."
            ),
        ),
        zh=Translation(
            title="文件已经在队列中",
            explanation=(
                "已经有该路径的记录，而一个路径只能排队一次。同名文件以前排过队。修改之前先看它的状态：已完成的记"
                "录可防止文件被重复发送。"
            ),
            summary="队列中已有 {file_path} 的记录",
            remedy="查看它：sqlite3 {path} 'SELECT * FROM media_transfer_status' | grep -F {file_path}",
        ),
    ),
    Entry(
        shared.ROW_CHANGED,
        where=("daemon",),
        en=Text(
            title="Another program changed the row",
            explanation=(
                "The daemon wanted to move a row on, and meanwhile another program had changed or removed it. "
                "Two daemons on one queue, or an operator's UPDATE, lead to this. The daemon leaves the row as "
                "it found it, so nothing is lost."
            ),
        ),
        zh=Translation(
            title="记录被其他程序修改",
            explanation=(
                "守护进程要推进一条记录时，别的程序已经修改或删除了它。两个守护进程共用一个队列，或操作员手工执行"
                "了 UPDATE，都会这样。守护进程会让记录保持原样，所以没有损失。"
            ),
            summary="记录 {row_id} 已不再是 '{expected}'；另一个程序修改或删除了它",
            remedy="看看谁在写队列：sudo fuser -v {path}",
        ),
    ),
    Entry(
        causes.BACKLOG_OLD,
        where=("database",),
        en=Text(
            title="Files wait for too long",
            explanation=(
                "Files are ready to be carried and the oldest has waited for longer than "
                "check_settings.backlog_warn_minutes allows. The daemon may be stopped or stuck, the NAS away, "
                "or the link too slow for what the dock delivers. The files are safe where they are; only the "
                "disk fills up."
            ),
        ),
        zh=Translation(
            title="文件等待过久",
            explanation=(
                "有文件可以传输，而最早的一个等待时间已超过 check_settings.backlog_warn_minutes。可能是守护进程停"
                "止或卡住、NAS 不在，或链路跟不上机场产生的数据。文件在原处是安全的，只是磁盘会逐渐占满。"
            ),
            summary="{ready} 个文件等待传输；最早的已等 {age_minutes} 分钟：{oldest}",
            remedy="看守护进程在做什么：systemctl status {unit}; journalctl -u {unit} -n 50",
        ),
    ),
    Entry(
        causes.FILES_FAILED,
        where=("database",),
        en=Text(
            title="Files have failed for good",
            explanation=(
                "The daemon has given up on files after all its tries, and does not take them up again by "
                "itself. The reason of the newest stands in the message. The files are still on this server. Put "
                "a row back only after its reason is mended, else it fails again."
            ),
        ),
        zh=Translation(
            title="有文件最终传输失败",
            explanation=(
                "守护进程用尽所有重试后放弃了一些文件，不会再自行处理它们。消息中是最近一个的原因。文件仍在这台服"
                "务器上。原因解决之后再把记录放回队列，否则还会失败。"
            ),
            summary="{failed} 个文件最终失败；最近一次在 {age_minutes} 分钟前：{newest}：{error}",
            remedy=(
                "解决所说的问题，然后重新发送：sudo media-sync-daemon requeue {newest}；或全部重新发送："
                "sudo media-sync-daemon requeue --failed"
            ),
        ),
    ),
)
