"""Deletion, as the daemon does it."""

from __future__ import annotations

from celestial_nasops import causes as shared
from healthcheck.catalogue.entry import Entry, Text, Translation

THEME = {"en": "Deletion, as the daemon does it", "zh": "守护进程的删除"}

ENTRIES = (
    Entry(
        shared.PENDING_DELETES_CORRUPT,
        where=("daemon",),
        en=Text(
            title="The list of deletions could not be read",
            explanation=(
                "pending_deletes.json held something that is not understood. It was put aside and the list was "
                "made anew from the queue. Nothing is deleted without a fresh verification, so there is nothing "
                "to do."
            ),
        ),
        zh=Translation(
            title="待删除列表无法读取",
            explanation=(
                "pending_deletes.json 的内容无法理解。它已被移到一边，列表已从队列重建。没有重新校验就不会删除任"
                "何文件，因此无需处理。"
            ),
            summary="{path} 无法读取（{reason}）；已移为 {aside} 并从数据库重建",
            remedy="无需处理；没有重新校验就不会删除任何文件",
        ),
    ),
    Entry(
        shared.PENDING_DELETES_UNSAVED,
        where=("daemon", "daemon_status", "local_delete"),
        en=Text(
            title="Scheduled deletions can't be saved",
            explanation=(
                "The daemon can't write the list of deletions, mostly for errno 30 or a full disk. It deletes "
                "nothing until it can, so the media disk fills up in the end. Make the folder writable; the "
                "daemon goes on by itself, after a change of the sandbox once it is restarted."
            ),
        ),
        zh=Translation(
            title="待删除列表无法保存",
            explanation=(
                "守护进程无法写入待删除列表，多半因为 errno 30 或磁盘已满。恢复之前它不删除任何文件，媒体盘最终会"
                "占满。使目录可写后它会自行继续；如果修改了沙箱，则需重启。"
            ),
            summary="{count} 项待删除无法保存：{reason}；保存之前不会删除任何文件",
            remedy="使守护进程可以写该目录：{remedy}",
        ),
    ),
    Entry(
        shared.DELETE_LOCAL_CHANGED,
        where=("daemon",),
        en=Text(
            title="The local file may not be the one that was sent",
            explanation=(
                "What lies at the path now differs from what was carried, or lies outside the media folder, as by way "
                "of a link that took a folder's place; so deleting it could destroy something that exists nowhere "
                "else. A new recording under an old name does that. The daemon keeps it; decide by hand. One to which "
                "something was done just while it was checked is checked again by itself."
            ),
        ),
        zh=Translation(
            title="本地文件可能不是当初发送的那个",
            explanation=(
                "该路径上现在的内容与已传输的不同，或者文件在媒体目录之外（例如目录被换成了链接），删除它可能毁掉"
                "别处没有的东西。新录像用了旧文件名就会这样。守护进程会保留它；请人工决定。如果只是在检查期间有人"
                "动过它，守护进程会自己再检查一次。"
            ),
            summary="不删除 {path}，因为它可能不是当初发送的文件（{what}）",
            remedy="看它是什么：ls -l {path}；如需发送，给它单独一条记录，或手工删除",
        ),
    ),
    Entry(
        shared.DELETE_CHECKSUM_UNKNOWN,
        where=("daemon",),
        en=Text(
            title="The recorded checksum is of no known kind",
            explanation=(
                "The entry of an older daemon holds a checksum that is neither SHA-256 nor MD5, so the file "
                "can't be compared with what was sent. It is kept. Compare it with its copy by hand before it is "
                "deleted."
            ),
        ),
        zh=Translation(
            title="记录的校验和类型未知",
            explanation=(
                "旧版守护进程留下的条目中，校验和既不是 SHA-256 也不是 MD5，因此无法与当初发送的内容比较。文件被"
                "保留。删除之前请手工与副本比较。"
            ),
            summary="不删除 {path}：pending_deletes.json 中的校验和 '{checksum}' 既不是 SHA-256 也不是 MD5",
            remedy="将该文件与 NAS 上的副本比较，然后手工删除",
        ),
    ),
    Entry(
        shared.DELETE_COPY_MISSING,
        where=("daemon",),
        en=Text(
            title="The copy is gone, so the file is kept",
            explanation=(
                "The copy was verified when it arrived and is not there any more. Somebody or something removed "
                "it from the NAS. The file here may be the only one left: don't delete it."
            ),
        ),
        zh=Translation(
            title="副本已消失，因此保留文件",
            explanation=(
                "副本送达时已校验，现在却不在了。有人或某个程序从 NAS 上删除了它。本机的文件可能是唯一的一份：不"
                "要删除。"
            ),
            summary="不删除 {path}：它的副本 {remote_path} 已从 NAS 上消失",
            remedy="查明是谁删除了副本；如需重新发送：sudo media-sync-daemon requeue {path}",
        ),
    ),
    Entry(
        shared.DELETE_COPY_DIFFERS,
        where=("daemon",),
        en=Text(
            title="The copy has changed, so the file is kept",
            explanation=(
                "The copy was verified when it arrived and is another now. Something writes to it on the NAS, or "
                "a disk there fails. The file here may be the only good one: don't delete it."
            ),
        ),
        zh=Translation(
            title="副本已改变，因此保留文件",
            explanation=(
                "副本送达时已校验，现在却不同了。NAS 上有程序在写它，或那里的磁盘有问题。本机的文件可能是唯一完好"
                "的一份：不要删除。"
            ),
            summary="不删除 {path}：它的副本 {remote_path} 为 {found}，应为 {expected}",
            remedy="查明是什么修改了副本；如需重新发送：sudo media-sync-daemon requeue {path}",
        ),
    ),
    Entry(
        shared.DELETE_FAILED,
        where=("daemon",),
        en=Text(
            title="The file could not be deleted",
            explanation=(
                "Its copy is right and the system refuses to delete the local file. The folder is read-only or "
                "belongs to another user. Nothing is at risk, and the disk fills up."
            ),
        ),
        zh=Translation(
            title="文件无法删除",
            explanation="副本正确，但系统拒绝删除本地文件。目录只读，或属于其他用户。没有风险，只是磁盘会占满。",
            summary="{path} 无法删除：{reason}",
            remedy="使守护进程可以写该目录：{remedy}",
        ),
    ),
    Entry(
        shared.DELETE_UNPROVEN,
        where=("daemon",),
        en=Text(
            title="Copies can't be verified well enough to delete",
            explanation=(
                "This NAS lets a copy be verified in a weaker way than sync_settings.required_verification_level "
                "demands. So the daemon deletes nothing, and the disk fills up. Giving the account a shell is "
                "the safe way; accepting less is a decision about how much proof a deletion needs."
            ),
        ),
        zh=Translation(
            title="副本的校验程度不足以删除",
            explanation=(
                "这台 NAS 只能以低于 sync_settings.required_verification_level 的程度校验副本。因此守护进程不删除"
                "任何文件，磁盘会占满。给该账户一个 shell 是安全的做法；降低要求则意味着决定删除需要多少证明。"
            ),
            summary="不删除任何文件：这台 NAS 只能按 {level} 校验副本，而要求 {required}",
            remedy=(
                "在 NAS 上给该账户一个 shell；或接受较弱的证明，把 unified_config.json 中的 "
                "sync_settings.required_verification_level 设为 {level}，然后：sudo systemctl reload "
                "media-sync-daemon"
            ),
        ),
    ),
    Entry(
        shared.MEDIA_MARKER_MISSING,
        where=("daemon",),
        en=Text(
            title="The media folder is not the one that it was",
            explanation=(
                "A marker that the daemon left in the folder is gone or another. Mostly the media disk is not "
                "mounted, or another disk is in its place. Nothing is deleted until a person has looked and said "
                "that it goes on."
            ),
        ),
        zh=Translation(
            title="媒体目录不是原来的那个",
            explanation=(
                "守护进程留在目录中的标记消失或不同。多半是媒体盘没有挂载，或换成了另一块盘。在有人查看并确认继续"
                "之前，不会删除任何文件。"
            ),
            summary="{path} 不是原来的目录：{what}；在有人查看之前不会删除任何文件",
            remedy="确认挂载的是正确的磁盘：findmnt -T {path}; ls -la {path}；然后：sudo media-sync-daemon resume",
        ),
    ),
    Entry(
        shared.NAS_MARKER_MISSING,
        where=("daemon",),
        en=Text(
            title="The folder on the NAS is not the one that it was",
            explanation=(
                "A marker that the daemon left there is gone or another. Mostly the volume is not mounted, or "
                "another NAS answers. The copies may be out of reach, so nothing is deleted until a person has "
                "looked."
            ),
        ),
        zh=Translation(
            title="NAS 上的目录不是原来的那个",
            explanation=(
                "守护进程留在那里的标记消失或不同。多半是存储空间没有挂载，或应答的是另一台 NAS。副本可能无法访问"
                "，因此在有人查看之前不会删除任何文件。"
            ),
            summary="NAS 上的 {path} 不是原来的目录：{what}；在有人查看之前不会删除任何文件",
            remedy="确认挂载的是正确的存储空间：ssh {target} ls -la {path}；然后：sudo media-sync-daemon resume",
        ),
    ),
    Entry(
        shared.QUEUE_REPLACED,
        where=("daemon",),
        en=Text(
            title="The queue is not the one that it was",
            explanation=(
                "The daemon had another database in this place, and a new one was made since, by itself or by another "
                "program. Files that come now are carried; those that waited in the old one stand in no queue, so they "
                "stay on this server until somebody queues them again. Nothing is deleted until a person has looked."
            ),
        ),
        zh=Translation(
            title="队列不是原来的那个",
            explanation=(
                "守护进程在此处原有另一个数据库，之后由它自己或其他程序新建了一个。现在到来的文件会被传走；在旧队列中等"
                "待的文件不在任何队列里，会留在本服务器上，直到有人重新加入队列。在有人查看之前，不会删除任何文件。"
            ),
            summary=(
                "{path} 不是原来的队列：它被删除或替换，在旧队列中等待的文件现在不在任何队列里；"
                "在有人查看之前不会删除任何文件"
            ),
            remedy=(
                "在守护进程停止时放回旧文件（sudo systemctl stop media-sync-daemon），即恢复如常；或把旧队列中等待的"
                "文件重新加入队列，然后：sudo media-sync-daemon resume"
            ),
        ),
    ),
    Entry(
        shared.UNUSUAL_DELETIONS,
        where=("daemon",),
        en=Text(
            title="Far more deletions than usual",
            explanation=(
                "Many more files are due for deletion than on other days. A changed delay, a clock that jumped "
                "or a rebuilt list can be behind it, or only a busy day. Nothing is deleted until a person has "
                "looked."
            ),
        ),
        zh=Translation(
            title="删除数量远超平常",
            explanation=(
                "待删除的文件远多于平日。可能是延迟被修改、时钟跳变或列表被重建，也可能只是当天任务多。在有人查看"
                "之前不会删除任何文件。"
            ),
            summary=(
                "过去 24 小时已删除 {deleted} 个，还有 {due} 个文件待删除，远超平常（每天最多 {usual} 个）；在有"
                "人查看之前不会删除任何文件"
            ),
            remedy="看看是哪些文件：sudo media-sync-daemon queue；如果正确：sudo media-sync-daemon resume",
        ),
    ),
    Entry(
        shared.GUARD_CORRUPT,
        where=("daemon",),
        en=Text(
            title="The record of the right folders could not be read",
            explanation=(
                "The file that tells the daemon which disk and which NAS are the right ones held something else "
                "and was put aside. Without it the daemon can't tell a wrong disk from the right one. Nothing is "
                "deleted until a person has looked."
            ),
        ),
        zh=Translation(
            title="无法读取正确目录的记录",
            explanation=(
                "守护进程用来辨认正确磁盘和 NAS 的文件内容有误，已被移到一边。没有它就无法分辨磁盘对错。在有人查"
                "看之前不会删除任何文件。"
            ),
            summary="{path} 无法读取（{reason}），已移为 {aside}；在有人查看之前不会删除任何文件",
            remedy="确认挂载的磁盘和 NAS 都是正确的，然后：sudo media-sync-daemon resume",
        ),
    ),
)
