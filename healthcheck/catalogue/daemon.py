"""The daemon."""

from __future__ import annotations

from celestial_nasops import causes as shared
from healthcheck import causes
from healthcheck.catalogue.entry import Entry, Text, Translation

THEME = {"en": "The daemon", "zh": "守护进程"}

ENTRIES = (
    Entry(
        shared.DAEMON_ALREADY_RUNS,
        where=("daemon",),
        en=Text(
            title="Another daemon runs already",
            explanation=(
                "A second daemon was started with the same state folder and has ended at once, so that two never "
                "carry one file. Usually it was started by hand while the unit runs. The first one goes on "
                "undisturbed."
            ),
        ),
        zh=Translation(
            title="已有另一个守护进程在运行",
            explanation=(
                "用同一个状态目录启动了第二个守护进程，它立即退出，以免两个进程传输同一个文件。通常是服务运行时又"
                "手工启动了一次。先启动的那个不受影响。"
            ),
            summary="另一个 media-sync-daemon（pid {pid}）正在使用状态目录 {path}",
            remedy="查看它：systemctl status media-sync-daemon",
        ),
    ),
    Entry(
        shared.STATE_CORRUPT,
        where=("daemon_status", "daemon"),
        en=Text(
            title="A state file can't be read",
            explanation=(
                "A small state file of the daemon holds something that is not understood, or this user may not "
                "read it. A full disk, an edit by hand or wrong owners lead to this. The daemon writes its state "
                "anew within seconds; if the message stays, the file's owner or the disk is wrong."
            ),
        ),
        zh=Translation(
            title="状态文件无法读取",
            explanation=(
                "守护进程的状态文件内容无法理解，或当前用户无权读取。磁盘已满、手工编辑或属主错误都会这样。守护进"
                "程几秒内会重写状态；如果消息一直存在，则是属主或磁盘有问题。"
            ),
            summary="{path} 无法读取：{reason}",
            remedy="查看它：cat {path}",
        ),
    ),
    Entry(
        causes.DAEMON_NOT_FOUND,
        where=("daemon_status",),
        en=Text(
            title="The daemon's unit is not installed",
            explanation=(
                "systemd knows no unit of that name, so nothing carries the files. The installation was not "
                "finished, or the unit has another name here. Files wait safely until the daemon runs."
            ),
        ),
        zh=Translation(
            title="守护进程的服务单元没有安装",
            explanation=(
                "systemd 不认识这个单元，因此没有程序传输文件。可能是安装没有完成，或这里的单元用了别的名称。守护"
                "进程运行之前，文件会安全地等待。"
            ),
            summary="systemd 中没有单元 {unit}",
            remedy=(
                "安装守护进程的单元，或改正 unified_config.json 中的 daemon_settings.unit；查看：systemctl "
                "list-unit-files"
            ),
        ),
    ),
    Entry(
        causes.DAEMON_MASKED,
        where=("daemon_status",),
        en=Text(
            title="The daemon's unit is masked",
            explanation=(
                "Somebody has forbidden systemd to start the unit. That is done on purpose, for maintenance for "
                "example, and easily forgotten. Ask who did it before it is undone; until then nothing is "
                "carried."
            ),
        ),
        zh=Translation(
            title="守护进程的单元被屏蔽",
            explanation=(
                "有人禁止 systemd 启动该单元。这是有意的操作（例如维护），但容易被忘记。撤销之前先问清是谁做的；"
                "在此之前不会传输任何文件。"
            ),
            summary="{unit} 被屏蔽（masked），无法启动",
            remedy="sudo systemctl unmask {unit} && sudo systemctl start {unit}",
        ),
    ),
    Entry(
        causes.DAEMON_INACTIVE,
        where=("daemon_status",),
        en=Text(
            title="The daemon is stopped",
            explanation=(
                "The unit is installed and was not started, or was stopped by hand. Nothing is carried or "
                "deleted meanwhile, and nothing is lost. Starting it is safe: it takes up where it was."
            ),
        ),
        zh=Translation(
            title="守护进程已停止",
            explanation=(
                "单元已安装，但没有启动，或被手工停止。其间不传输也不删除任何文件，不会丢失。启动它是安全的：它会"
                "从停下的地方继续。"
            ),
            summary="{unit} 没有运行（{state}）",
            remedy="sudo systemctl start {unit}；并让它开机启动：sudo systemctl enable {unit}",
        ),
    ),
    Entry(
        causes.DAEMON_FAILED,
        where=("daemon_status",),
        en=Text(
            title="The daemon has failed",
            explanation=(
                "The daemon ended with an error or was killed, and systemd has not started it again. The exit "
                "status and its last error are quoted. Files wait safely. Mend what the error says before it is "
                "started again, else it fails the same way."
            ),
        ),
        zh=Translation(
            title="守护进程已失败",
            explanation=(
                "守护进程因错误结束或被终止，systemd 没有再启动它。消息中有退出状态和它最后的错误。文件在安全地等"
                "待。重新启动之前先解决错误所说的问题，否则会同样失败。"
            ),
            summary="{unit} 已失败（{result}，{exit_status}）；它最后的错误：{last_error}",
            remedy="解决所说的问题，然后：sudo systemctl restart {unit}；更多：journalctl -u {unit} -n 50",
        ),
    ),
    Entry(
        causes.DAEMON_CRASH_LOOP,
        where=("daemon_status",),
        en=Text(
            title="The daemon keeps crashing",
            explanation=(
                "systemd starts the daemon and it ends again shortly after, over and over. A bad configuration, "
                "a folder it can't write, or a file that brings it down are usual. Read its last error first; "
                "restarting by hand changes nothing."
            ),
        ),
        zh=Translation(
            title="守护进程反复崩溃",
            explanation=(
                "systemd 启动守护进程，它很快又结束，如此反复。常见原因是配置有误、目录不可写，或某个文件使它崩溃"
                "。先看它最后的错误；手工重启没有用。"
            ),
            summary="{unit} 反复崩溃：重启 {restarts} 次，{state}；它最后的错误：{last_error}",
            remedy="解决所说的问题；更多：journalctl -u {unit} -n 50",
        ),
    ),
    Entry(
        causes.DAEMON_STARTING,
        where=("daemon_status",),
        en=Text(
            title="The daemon is still starting",
            explanation=(
                "systemd has started the daemon and it has not said yet that it is ready. Just after boot or a "
                "restart that is normal for some seconds. If it lasts, something holds its start: a disk, a "
                "lock, or a NAS name that does not resolve."
            ),
        ),
        zh=Translation(
            title="守护进程仍在启动",
            explanation=(
                "systemd 已启动守护进程，但它还没有报告就绪。刚开机或重启后的几秒内这是正常的。如果持续如此，说明"
                "启动被磁盘、锁或无法解析的名称卡住。"
            ),
            summary="{unit} 处于 {state}，还没有运行",
            remedy="等待，或看是什么卡住了它：systemctl status {unit}",
        ),
    ),
    Entry(
        causes.DAEMON_DEAD,
        where=("daemon_status",),
        en=Text(
            title="The daemon does not run",
            explanation=(
                "There is no living process behind the daemon's state file, or there is no such file. It was "
                "never started, ended, or was killed. Nothing is carried or deleted until it runs; starting it "
                "is safe."
            ),
        ),
        zh=Translation(
            title="守护进程没有运行",
            explanation=(
                "守护进程的状态文件背后没有存活的进程，或根本没有该文件。它从未启动、已结束，或被终止。运行之前不"
                "会传输或删除任何文件；启动它是安全的。"
            ),
            summary="media-sync-daemon 没有运行：{evidence}",
            remedy="启动它：media-sync-daemon --config {config_path}",
        ),
    ),
    Entry(
        causes.DAEMON_HUNG,
        where=("daemon_status",),
        en=Text(
            title="The daemon hangs",
            explanation=(
                "The process is there and gives no sign of life: it waits for a disk that does not answer, or "
                "was stopped by a signal. Nothing is carried. Restarting it is safe, because a transfer that is "
                "cut off publishes nothing."
            ),
        ),
        zh=Translation(
            title="守护进程卡住",
            explanation=(
                "进程还在，但没有任何活动迹象：它在等待不应答的磁盘，或被信号暂停。不会传输任何文件。重启是安全的"
                "，因为被打断的传输不会发布任何内容。"
            ),
            summary="守护进程（pid {pid}）已有 {silent_seconds} 秒没有活动迹象，{evidence}",
            remedy="sudo systemctl restart {unit}；如果是被信号暂停的：sudo kill -CONT {pid}",
        ),
    ),
    Entry(
        causes.DAEMON_CANNOT_WRITE_STATE,
        where=("daemon_status",),
        en=Text(
            title="The daemon can't write its state",
            explanation=(
                "The daemon runs and its state folder can't be written: the disk is full or read-only, or the "
                "folder belongs to another user. It goes on carrying and deletes nothing, because it could not "
                "remember what it deletes. Make room or make the folder writable; it recovers by itself."
            ),
        ),
        zh=Translation(
            title="守护进程无法写入状态",
            explanation=(
                "守护进程在运行，但状态目录不可写：磁盘已满或只读，或目录属于其他用户。它继续传输，但不删除任何文件，因为"
                "无法记下要删除什么。腾出空间或使目录可写之后，它会自行恢复。"
            ),
            summary="守护进程（pid {pid}）在运行，但无法在 {folder} 写入状态：{reason}",
            remedy="使目录可写，在此之前不会删除任何文件：{remedy}",
        ),
    ),
    Entry(
        causes.DAEMON_STALE_CODE,
        where=("daemon_status",),
        en=Text(
            title="The daemon runs old code",
            explanation=(
                "The program was upgraded and the daemon was not restarted, so it still runs what it had loaded. "
                "It works, and what the upgrade mended is not mended yet. A restart is safe at any time."
            ),
        ),
        zh=Translation(
            title="守护进程运行的是旧代码",
            explanation=(
                "程序已升级，但守护进程没有重启，仍在运行旧代码。它可以工作，但升级所修复的问题尚未生效。随时重启"
                "都是安全的。"
            ),
            summary="守护进程（pid {pid}）仍在运行升级之前的代码",
            remedy="sudo systemctl restart {unit}",
        ),
    ),
    Entry(
        causes.DAEMON_STALE_CONFIG,
        where=("daemon_status",),
        en=Text(
            title="The daemon uses an old configuration",
            explanation=(
                "The configuration was edited after the daemon read it, or the daemon was started with another "
                "file. It may look at other folders, another queue or another NAS than this check. A restart is "
                "safe at any time."
            ),
        ),
        zh=Translation(
            title="守护进程使用的是旧配置",
            explanation=(
                "守护进程读取配置之后，配置又被修改，或守护进程启动时用了别的文件。它使用的目录、队列或 NAS 可能"
                "与检查不同。随时重启都是安全的。"
            ),
            summary="守护进程（pid {pid}）没有使用当前的配置 {config_path}",
            remedy="sudo systemctl restart {unit}",
        ),
    ),
    Entry(
        causes.SYSTEMD_UNAVAILABLE,
        where=("daemon_status",),
        en=Text(
            title="systemd could not be asked",
            explanation=(
                "systemctl gave no usable answer, so it is not known whether the daemon runs. The system bus "
                "hangs, this is a container without systemd, or the program is missing. Nothing is said about "
                "the daemon itself."
            ),
        ),
        zh=Translation(
            title="无法询问 systemd",
            explanation=(
                "systemctl 没有给出可用的回答，因此不知道守护进程是否在运行。可能是系统总线卡住、这是没有 "
                "systemd 的容器，或缺少该程序。这不说明守护进程本身有问题。"
            ),
            summary="无法向 systemd 询问 {unit}：{reason}",
            remedy=(
                "试一试：systemctl status {unit}；如果守护进程不由 systemd 管理，请将 daemon_settings.supervisor "
                "设为 none"
            ),
        ),
    ),
    Entry(
        shared.DAEMON_PAUSED,
        where=("daemon_status", "daemon"),
        en=Text(
            title="The daemon is paused",
            explanation=(
                "A person has told the daemon to pause, so nothing is carried or deleted. It is easily forgotten "
                "after maintenance. Ask whoever did it, then let it go on; nothing is lost meanwhile."
            ),
        ),
        zh=Translation(
            title="守护进程已暂停",
            explanation=(
                "有人让守护进程暂停，因此不传输也不删除任何文件。维护之后很容易忘记。先问清操作的人，再让它继续；"
                "其间不会丢失任何文件。"
            ),
            summary="守护进程自 {since} 起被 {by} 暂停（{reason}）：不传输也不删除任何文件",
            remedy="让它继续：media-sync-daemon resume",
        ),
    ),
)
