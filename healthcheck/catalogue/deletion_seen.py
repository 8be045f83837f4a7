"""Deletion, as the check sees it."""

from __future__ import annotations

from healthcheck import causes
from healthcheck.catalogue.entry import Entry, Text, Translation

THEME = {"en": "Deletion, as the check sees it", "zh": "检查所看到的删除"}

ENTRIES = (
    Entry(
        causes.DELETED_BEFORE_VERIFIED,
        where=("remote_verify",),
        en=Text(
            title="Deleted before it was completed",
            explanation=(
                "The marked file vanished from this server before the daemon had said that it arrived. A "
                "clean-up script or a daemon that deletes first does that, and it does the same to media. Stop "
                "whatever cleans that folder at once."
            ),
        ),
        zh=Translation(
            title="完成之前就被删除",
            explanation=(
                "守护进程报告送达之前，带标记的文件就从本机消失了。清理脚本或先删除的守护进程会这样，媒体也会同样"
                "遭殃。立即停止一切清理该目录的程序。"
            ),
            summary="{file} 在守护进程完成之前就从本机被删除",
            remedy="立即停止守护进程和其他清理 {folder} 的程序：sudo systemctl stop {unit}",
        ),
    ),
    Entry(
        causes.DELETED_WITHOUT_COPY,
        where=("local_delete",),
        en=Text(
            title="Deleted without a good copy",
            explanation=(
                "The local file is gone and its copy is missing or wrong: had it been a video, it would be lost. "
                "This is the failure that the check exists for. Stop the daemon first, then look at the NAS, its "
                "recycle bin and snapshots."
            ),
        ),
        zh=Translation(
            title="没有完好副本就被删除",
            explanation=(
                "本地文件已消失，而副本缺失或有误：如果是视频，就已经丢失了。这正是本检查要防范的故障。先停止守护"
                "进程，再查看 NAS、其回收站和快照。"
            ),
            summary="{file} 已从本机消失，而它的副本 {remote_path} {what}：已经没有任何一份存在",
            remedy="在媒体丢失之前立即停止守护进程：sudo systemctl stop {unit}；然后查看 NAS",
        ),
    ),
    Entry(
        causes.DELETED_TOO_EARLY,
        where=("local_delete",),
        en=Text(
            title="Deleted before its delay was over",
            explanation=(
                "The copy is right and the local file went earlier than sync_settings.safe_delete_delay_minutes "
                "says. The daemon uses an older configuration, or something else cleans the folder. Nothing is "
                "lost; the time to notice a bad copy is."
            ),
        ),
        zh=Translation(
            title="延迟未到就被删除",
            explanation=(
                "副本正确，但本地文件早于 sync_settings.safe_delete_delay_minutes 被删除。守护进程使用旧配置，或"
                "有其他程序清理该目录。没有丢失，但失去了发现坏副本的时间。"
            ),
            summary="{file} 在 {delay_minutes} 分钟的延迟结束前 {early_seconds} 秒就被删除；副本正确",
            remedy=(
                "确认守护进程使用同样的 sync_settings.safe_delete_delay_minutes，并看还有谁清理 {folder}：sudo "
                "systemctl restart {unit}"
            ),
        ),
    ),
    Entry(
        causes.DELETED_THOUGH_OFF,
        where=("local_delete",),
        en=Text(
            title="Deleted although deletion is off",
            explanation=(
                "The configuration says that nothing is to be deleted on this server, and the file was. The "
                "daemon was not restarted after the change, or another program cleans the folder. Find out which "
                "before media go the same way."
            ),
        ),
        zh=Translation(
            title="已关闭删除却被删除",
            explanation=(
                "配置规定本机不删除任何文件，但文件被删除了。修改之后守护进程没有重启，或有其他程序清理该目录。在"
                "媒体遭殃之前查明是哪一种。"
            ),
            summary="虽然 sync_settings.delete_after_sync 已关闭，{file} 仍从本机被删除",
            remedy="重启守护进程使其读取配置：sudo systemctl restart {unit}；并看还有谁在清理",
        ),
    ),
    Entry(
        causes.MEDIA_FOLDER_AWAY,
        where=("local_delete",),
        en=Text(
            title="The media folder is away",
            explanation=(
                "The folder is not there or is another volume than before, so a file that is not seen may still "
                "exist. A disk that is not mounted does that. Mount it; the next run settles what is owed."
            ),
        ),
        zh=Translation(
            title="媒体目录不在",
            explanation=(
                "目录不存在，或与之前不是同一个卷，因此看不到的文件可能仍然存在。磁盘没有挂载就会这样。挂载之后，"
                "下一次运行会结清所欠的事项。"
            ),
            summary="无法判断 {file} 是否已删除：{folder} 不存在，或现在是另一个卷",
            remedy="挂载媒体盘，或创建目录：findmnt -T {folder}; ls -ld {folder}",
        ),
    ),
    Entry(
        causes.DELETE_OVERDUE,
        where=("local_delete",),
        en=Text(
            title="A deletion is overdue",
            explanation=(
                "The copy is right and the local file should have been deleted some time ago. The daemon is not "
                "deleting: it does not run, can't save its list, or can't write the folder. Media stay as well, "
                "and the disk fills up; nothing is lost."
            ),
        ),
        zh=Translation(
            title="删除已逾期",
            explanation=(
                "副本正确，而本地文件早就应该被删除。守护进程没有在删除：它没有运行、无法保存列表，或无法写目录。"
                "媒体同样留着，磁盘会占满；没有丢失。"
            ),
            summary="{file} 应在 {overdue_minutes} 分钟前删除，但仍在本机",
            remedy="查看守护进程的待删除项和日志，否则磁盘会占满：journalctl -u {unit} -n 50",
        ),
    ),
    Entry(
        causes.COPY_LOST_BEFORE_DELETE,
        where=("local_delete",),
        en=Text(
            title="A verified copy was lost again",
            explanation=(
                "The copy was right and is missing or changed now, before the local file was deleted. Somebody "
                "or something changes files on the NAS. The daemon keeps what it can't verify; other copies may "
                "be affected, so look at the NAS."
            ),
        ),
        zh=Translation(
            title="已校验的副本又丢失",
            explanation=(
                "副本曾经正确，现在却缺失或改变，而本地文件尚未删除。有人或某个程序在修改 NAS 上的文件。守护进程"
                "会保留无法校验的文件；其他副本也可能受影响，请查看 NAS。"
            ),
            summary="{file} 已校验的副本 {remote_path} 现在{what}；文件仍在本机",
            remedy="查明是谁修改 NAS 上的文件；守护进程会保留无法校验的文件",
        ),
    ),
    Entry(
        causes.DELETIONS_STOPPED,
        where=("daemon_status",),
        en=Text(
            title="The daemon deletes nothing until a person has looked",
            explanation=(
                "The daemon carries files and has stopped deleting, because something looked dangerous; its "
                "reason is quoted. Nothing is lost and the disk fills up. Look first, and let it go on only if "
                "what you see is right."
            ),
        ),
        zh=Translation(
            title="在有人查看之前守护进程不删除",
            explanation=(
                "守护进程继续传输，但因发现可疑情况而停止删除；消息中是它的原因。没有丢失，只是磁盘会占满。先查看"
                "，确认无误后再让它继续。"
            ),
            summary="守护进程（pid {pid}）在传输，但在有人查看之前不删除：{reason}",
            remedy="查看所说的内容，然后：sudo media-sync-daemon resume；在此之前磁盘会逐渐占满",
        ),
    ),
    Entry(
        causes.DELETION_HELD_UP,
        where=("local_delete",),
        en=Text(
            title="A deletion waits for a person",
            explanation=(
                "The file is due, and the daemon has stopped all deletions until a person has looked; its reason "
                "is quoted. The copy is right. Nothing is lost and the disk fills up."
            ),
        ),
        zh=Translation(
            title="删除在等待人工确认",
            explanation=(
                "文件已到期，但守护进程停止了所有删除，等待有人查看；消息中是它的原因。副本正确。没有丢失，只是磁"
                "盘会占满。"
            ),
            summary="{file} 没有删除，因为守护进程在有人查看之前不删除任何文件：{reason}",
            remedy="查看所说的内容，然后：sudo media-sync-daemon resume；在此之前磁盘会逐渐占满",
        ),
    ),
    Entry(
        causes.DELETED_UNVERIFIED,
        where=("local_delete",),
        en=Text(
            title="A file that was never verified was deleted",
            explanation=(
                "The check's second file has a wrong hash on purpose, so "
                "nobody can have verified it, and it is gone here. "
                "A daemon or a clean-up script that does so loses media. Stop both at once."
            ),
        ),
        zh=Translation(
            title="从未校验的文件被删除",
            explanation=(
                "检查的第二个文件故意带有错误的哈希，因此不可能通过校验，但它已从本机消失。"
                "这样做的守护进程或清理脚本会丢失媒体。立即停止它们。"
            ),
            summary="{file} 的内容与记录不符，从未通过校验，却从本机被删除",
            remedy="立即停止守护进程和其他清理 {folder} 的程序：sudo systemctl stop {unit}",
        ),
    ),
    Entry(
        causes.DELETION_SCHEDULED_UNVERIFIED,
        where=("local_delete",),
        en=Text(
            title="A file that was never verified is to be deleted",
            explanation=(
                "The check's second file has a wrong hash on purpose, and "
                "the daemon has put it into its list of deletions. "
                "Media that were not verified may stand there as well. Nothing is lost yet; stop the daemon first."
            ),
        ),
        zh=Translation(
            title="从未校验的文件将被删除",
            explanation=(
                "检查的第二个文件故意带有错误的哈希，守护进程却把它列入了删除列表。"
                "未校验的媒体也可能在其中。目前没有丢失；先停止守护进程。"
            ),
            summary="守护进程的列表 {path} 中有待删除的 {file}，而它的内容与记录不符",
            remedy="在守护进程删除未校验的媒体之前停止它：sudo systemctl stop {unit}",
        ),
    ),
)
