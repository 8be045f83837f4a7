"""The transfer, as the check follows it."""

from __future__ import annotations

from healthcheck import causes
from healthcheck.catalogue.entry import Entry, Text, Translation

THEME = {"en": "The transfer, as the check follows it", "zh": "检查所跟踪的传输"}

ENTRIES = (
    Entry(
        causes.TRANSFER_FAILED,
        where=("remote_verify",),
        en=Text(
            title="The daemon gave up on the file",
            explanation=(
                "The marked file was taken up and the daemon has marked it as failed; its own reason is quoted. "
                "Media meet the same trouble. They stay on this server and are not deleted."
            ),
        ),
        zh=Translation(
            title="守护进程放弃了该文件",
            explanation=(
                "守护进程处理了带标记的文件，并把它标为失败；消息中是它给出的原因。媒体文件会遇到同样的问题。它们"
                "仍在本机，不会被删除。"
            ),
            summary="守护进程放弃了 {file}：{error}",
            remedy="解决所说的问题；更多：journalctl -u {unit} -n 50",
        ),
    ),
    Entry(
        causes.TRANSFER_RETRYING,
        where=("remote_verify",),
        en=Text(
            title="The daemon can't deliver and keeps trying",
            explanation=(
                "The daemon has met an error with the file and tries again; its reason is quoted. It goes on by "
                "itself once that is mended. Nothing is lost meanwhile."
            ),
        ),
        zh=Translation(
            title="守护进程无法送达，正在重试",
            explanation=(
                "守护进程处理该文件时出错并在重试；消息中是它的原因。问题解决后它会自行继续。其间不会丢失任何文件。"
            ),
            summary="守护进程在 {waited_seconds} 秒内未能送达 {file}，正在重试：{error}",
            remedy="解决所说的问题；更多：journalctl -u {unit} -n 50",
        ),
    ),
    Entry(
        causes.NOT_PICKED_UP,
        where=("remote_verify",),
        en=Text(
            title="The daemon did not pick the file up",
            explanation=(
                "The row was ready and the daemon neither took it nor worked on others. It uses another "
                "database, its loop is dead, or it is paused. Compare the database that it was started with "
                "before you restart it."
            ),
        ),
        zh=Translation(
            title="守护进程没有取走文件",
            explanation=(
                "记录已就绪，但守护进程既没有取走它，也没有处理其他文件。可能是它使用另一个数据库、主循环已停，或"
                "被暂停。重启之前先核对它启动时使用的数据库。"
            ),
            summary="守护进程在 {waited_seconds} 秒内没有处理 {file}，手上也没有其他文件",
            remedy="看它在做什么：systemctl status {unit}；它使用的是数据库 {database} 吗？",
        ),
    ),
    Entry(
        causes.STUCK_HALF_WAY,
        where=("remote_verify",),
        en=Text(
            title="The transfer is stuck half-way",
            explanation=(
                "The daemon took the file up and has not finished it, and nothing is seen to move. It hangs, or "
                "it died and left the row behind. A restart is safe: nothing half-done is ever published."
            ),
        ),
        zh=Translation(
            title="传输卡在半途",
            explanation=(
                "守护进程取走了文件但没有完成，也看不到任何进展。它卡住了，或已结束而留下了记录。重启是安全的：未"
                "完成的内容绝不会发布。"
            ),
            summary="守护进程在 {stuck_seconds} 秒前取走 {file}，至今没有完成",
            remedy="看它在做什么：journalctl -u {unit} -n 50；如果卡住：sudo systemctl restart {unit}",
        ),
    ),
    Entry(
        causes.TRANSFER_SLOW,
        where=("remote_verify",),
        en=Text(
            title="The transfer is slow",
            explanation=(
                "The file moves, and there was not enough time for it. A large test file or a slow link does "
                "that. Nothing is broken and nothing needs to be restarted."
            ),
        ),
        zh=Translation(
            title="传输较慢",
            explanation="文件在传输，只是时间不够。测试文件较大或链路较慢时会这样。没有故障，也不需要重启任何程序。",
            summary="{file} 正在传输，{waited_seconds} 秒内没有完成：已传 {bytes_done} / {bytes_total} 字节",
            remedy=(
                "没有故障；给这样大的文件更多时间：sudo smoke-check run --max-wait-minutes N，或调大 "
                "unified_config.json 中的 testing.max_wait_minutes"
            ),
        ),
    ),
    Entry(
        causes.DAEMON_BUSY,
        where=("remote_verify",),
        en=Text(
            title="The daemon is busy with other files",
            explanation=(
                "The daemon works, and other files were before ours. A mission's worth of media does that. "
                "Nothing is broken; if it is always so, the run needs more time or the link is too slow."
            ),
        ),
        zh=Translation(
            title="守护进程在忙于其他文件",
            explanation=(
                "守护进程在工作，只是其他文件排在前面。一次任务产生的大量媒体就会这样。没有故障；如果总是如此，则"
                "需要给运行更多时间，或链路太慢。"
            ),
            summary="守护进程在处理其他文件，{file} 在 {waited_seconds} 秒内没有轮到：{evidence}",
            remedy="没有故障；如果总是如此，请调大 unified_config.json 中的 testing.max_wait_minutes",
        ),
    ),
    Entry(
        causes.DAEMON_RESTARTED,
        where=("remote_verify",),
        en=Text(
            title="The daemon was restarted during the run",
            explanation=(
                "The daemon ran when the run began, and ended or was started anew just before the run's time was up. "
                "An upgrade or systemctl restart does that. Nothing is known to be broken; a daemon that does not "
                "come back turns the next run red."
            ),
        ),
        zh=Translation(
            title="守护进程在检查期间被重启",
            explanation=(
                "检查开始时守护进程在运行，但就在检查的时间用完之前，它结束或重新启动了。升级或 systemctl restart 会这"
                "样。目前没有发现故障；如果守护进程没有恢复，下一次检查会报告失败。"
            ),
            summary="守护进程在 {seconds} 秒前重启或结束，当时 {file} 正在等待；时间太短，无法判断",
            remedy="下一次检查会给出结论；如需立即检查：sudo systemctl start smoke-check.service",
        ),
    ),
    Entry(
        causes.ROW_VANISHED,
        where=("remote_verify",),
        en=Text(
            title="The row disappeared from the queue",
            explanation=(
                "The row of the marked file was removed by another program before the daemon had completed it. A "
                "clean-up script, or a second check with another state folder, does that. The same may happen to "
                "the rows of media, which then stay here unnoticed."
            ),
        ),
        zh=Translation(
            title="记录从队列中消失",
            explanation=(
                "带标记文件的记录在守护进程完成之前被其他程序删除。清理脚本，或使用另一个状态目录的第二个检查，会"
                "这样。媒体的记录也可能遭遇同样的事，文件就会无人知晓地留在本机。"
            ),
            summary="{file} 的记录在完成之前从队列中消失",
            remedy="看还有谁在写队列：sudo fuser -v {database}",
        ),
    ),
    Entry(
        causes.ROW_REMOVED,
        where=("remote_verify",),
        en=Text(
            title="The row is gone, and the copy is right",
            explanation=(
                "Nobody saw the row completed, but its copy lies on the NAS with the right size and SHA-256. Some "
                "daemons remove the rows of what they have delivered. If yours does not, another program removes rows, "
                "and media whose rows go before they are delivered stay here unnoticed."
            ),
        ),
        zh=Translation(
            title="记录不在了，副本正确",
            explanation=(
                "没有看到该记录完成，但副本已在 NAS 上，大小和 SHA-256 都正确。有些守护进程会删除已送达文件的记录。如果"
                "您的守护进程不这样做，就是其他程序在删除记录，而送达之前就失去记录的媒体会无人知晓地留在本机。"
            ),
            summary="{file} 的记录已从队列中删除；它在 NAS 上的副本正确",
            remedy="如果守护进程会删除已送达文件的记录，则一切正常；否则看是谁删除的：sudo fuser -v {database}",
        ),
    ),
    Entry(
        causes.STATUS_UNKNOWN,
        where=("remote_verify",),
        en=Text(
            title="The row has an unknown status",
            explanation=(
                "A program has written a status that is none of the known ones. Another daemon's version or an "
                "edit by hand leads to this. Find out who wrote it before it is changed."
            ),
        ),
        zh=Translation(
            title="记录的状态未知",
            explanation="某个程序写入了不认识的状态。别的守护进程版本或手工修改会这样。修改之前先查明是谁写的。",
            summary="{file} 的记录状态为 '{status}'，检查不认识它",
            remedy="看是哪个程序写的：sudo fuser -v {database}",
        ),
    ),
    Entry(
        causes.COPY_MISSING,
        where=("remote_verify",),
        en=Text(
            title="Completed, and there is no copy",
            explanation=(
                "The daemon says that the file has arrived, and it is in none of the places where it could be. "
                "Media may be marked as completed and deleted the same way, so this is the gravest kind of "
                "failure. Stop the daemon first and look afterwards."
            ),
        ),
        zh=Translation(
            title="标为完成，却没有副本",
            explanation=(
                "守护进程说文件已送达，但它不在任何可能的位置。媒体也可能同样被标为完成并删除，因此这是最严重的一"
                "类故障。先停止守护进程，再查看。"
            ),
            summary="{file} 的记录为已完成，但 {expected} 处没有副本",
            remedy="在更多文件被删除之前停止守护进程：sudo systemctl stop {unit}；然后看它把文件放到了哪里",
        ),
    ),
    Entry(
        causes.COPY_WRONG_PATH,
        where=("remote_verify",),
        en=Text(
            title="The copy lies at the wrong path",
            explanation=(
                "The copy is right and lies elsewhere than the configuration says. Older daemons leave "
                "backup_path out, or the daemon uses another configuration or time zone. Nothing is lost; media "
                "that went there have to be looked for there."
            ),
        ),
        zh=Translation(
            title="副本的路径不对",
            explanation=(
                "副本内容正确，但不在配置所说的位置。旧版守护进程会省略 backup_path，或守护进程使用了别的配置或时"
                "区。没有丢失；之前送到那里的媒体要去那里找。"
            ),
            summary="{file} 的副本在 {found}，应在 {expected}",
            remedy="为所有程序统一设置 nas_settings.base_path、nas_settings.backup_path 和 file_organization",
        ),
    ),
    Entry(
        causes.COPY_WRONG_DAY,
        where=("remote_verify",),
        en=Text(
            title="The copy lies in the folder of another day",
            explanation=(
                "The date in a file's name says which folder it belongs in, and the daemon put the copy under "
                "another date. It goes by the day of transfer, by UTC, or by the time zone that this server had when "
                "it was started. Nothing is lost; media of that time may lie one day off, too."
            ),
        ),
        zh=Translation(
            title="副本位于另一天的目录",
            explanation=(
                "文件名中的日期决定所属目录，而守护进程把副本放到了别的日期下。它按传输当天、按 UTC 或按启动时本机的"
                "时区来定。没有丢失；那段时间的媒体可能也差一天。"
            ),
            summary="{file} 的副本位于另一天的目录：{found}，应在 {expected}",
            remedy=(
                "让守护进程按文件名中的日期和本机时区存放：timedatectl；systemctl show --property=Environment {unit}；"
                "修改之后：sudo systemctl restart {unit}"
            ),
        ),
    ),
    Entry(
        causes.COPY_WRONG_SIZE,
        where=("remote_verify",),
        en=Text(
            title="The copy is truncated",
            explanation=(
                "The copy has another size than the file that was sent, although the daemon calls it completed. "
                "An interrupted upload that was taken for a whole one, or a full disk, leads to this. Stop the "
                "daemon before it deletes media that arrived the same way."
            ),
        ),
        zh=Translation(
            title="副本大小不符",
            explanation=(
                "副本大小与发送的文件不同，而守护进程却称已完成。中断的上传被当成完整的，或磁盘已满，都会这样。在"
                "守护进程删除同样送达的媒体之前停止它。"
            ),
            summary="{expected} 处的副本有 {found_bytes} 字节，应为 {expected_bytes}",
            remedy="在更多文件被删除之前停止守护进程：sudo systemctl stop {unit}；然后检查 NAS 的磁盘",
        ),
    ),
    Entry(
        causes.COPY_WRONG_CONTENT,
        where=("remote_verify",),
        en=Text(
            title="The copy has other content",
            explanation=(
                "The copy has the right size and another checksum than the file that was sent. Memory or disks "
                "of the NAS are failing, or a program changed the copy. Stop the daemon before it deletes media, "
                "and don't trust recent copies unchecked."
            ),
        ),
        zh=Translation(
            title="副本内容不同",
            explanation=(
                "副本大小正确，但校验和与发送的文件不同。NAS 的内存或磁盘有问题，或有程序修改了副本。在守护进程删"
                "除媒体之前停止它；未经核对不要信任近期的副本。"
            ),
            summary="{expected} 处的副本大小正确但内容不同（SHA-256 {found_sha256}，发送的是 {expected_sha256}）",
            remedy="在更多文件被删除之前停止守护进程：sudo systemctl stop {unit}；然后检查 NAS 的磁盘和内存",
        ),
    ),
    Entry(
        causes.PUBLISHED_THOUGH_WRONG,
        where=("remote_verify",),
        en=Text(
            title="A file with a wrong hash was published",
            explanation=(
                "The check sends a second file whose recorded hash is wrong on purpose, and the daemon must refuse it. "
                "This one was published, so damaged media would be, too, "
                "and would be deleted here. Stop the daemon first."
            ),
        ),
        zh=Translation(
            title="哈希错误的文件被发布",
            explanation=(
                "检查会发送第二个文件，其记录的哈希故意写错，守护进程必须拒绝它。"
                "这一次它却被发布了，损坏的媒体也会同样被发布并从本机删除。先停止守护进程。"
            ),
            summary="{file} 的内容与记录不符，却被发布为 {path}",
            remedy=(
                "停止守护进程，因为它会删除它认为正确的文件：sudo systemctl stop "
                "{unit}；然后安装正确的版本：sudo ./install.sh"
            ),
        ),
    ),
    Entry(
        causes.COMPLETED_THOUGH_WRONG,
        where=("remote_verify",),
        en=Text(
            title="A file with a wrong hash was marked as completed",
            explanation=(
                "The check sends a second file whose recorded hash is wrong on purpose, and the daemon must refuse it. "
                "This one was called completed without any copy, and media may be as well. Stop the daemon first."
            ),
        ),
        zh=Translation(
            title="哈希错误的文件被标为完成",
            explanation=(
                "检查会发送第二个文件，其记录的哈希故意写错，守护进程必须拒绝它。"
                "这一次它没有副本却被标为完成，媒体也可能如此。先停止守护进程。"
            ),
            summary="{file} 的内容与记录不符，且没有副本，却被标为完成",
            remedy=(
                "停止守护进程，因为它会删除它认为已送达的文件：sudo systemctl stop "
                "{unit}；然后安装正确的版本：sudo ./install.sh"
            ),
        ),
    ),
)
