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
                "file. It may look at other folders, another queue or another NAS than this check. After a reload it "
                "takes the new one once the files in hand are done, and this is told until then. A restart puts them "
                "down, is sooner, and is safe at any time."
            ),
        ),
        zh=Translation(
            title="守护进程使用的是旧配置",
            explanation=(
                "守护进程读取配置之后，配置又被修改，或守护进程启动时用了别的文件。它使用的目录、队列或 NAS 可能"
                "与检查不同。重新加载之后，它要等手头的文件完成才采用新配置，在那之前一直会这样提示。重启会放下这些文件，"
                "因而更快，随时重启都是安全的。"
            ),
            summary="守护进程（pid {pid}）没有使用当前的配置 {config_path}",
            remedy="sudo systemctl restart {unit}",
        ),
    ),
    Entry(
        causes.DAEMON_WRONG_USER,
        where=("daemon_status",),
        en=Text(
            title="The daemon runs as another user than the check",
            explanation=(
                "The daemon needs the media folder, the queue and the key of the NAS, which all belong to one user, "
                "and SQLite leaves files beside the queue that only their owner can use. Somebody has changed User= "
                "of a unit, in a drop-in for example. Give the unit its user back rather than the folders to another "
                "user: the dock's program and this check use them, too."
            ),
        ),
        zh=Translation(
            title="守护进程与检查以不同用户运行",
            explanation=(
                "守护进程需要媒体目录、队列和 NAS 的密钥，它们属于同一个用户；SQLite 在队列旁留下的文件也只有属主"
                "能用。有人修改了单元的 User=，例如在 drop-in 中。应把单元改回原来的用户，而不是把目录交给别的用户："
                "机场程序和本检查也在使用它们。"
            ),
            summary="{unit} 以用户 {user} 运行，而本检查以 {own_user} 运行：{evidence}",
            remedy=(
                "sudo systemctl edit {unit}，加入 [Service] 和 User={own_user} 两行并保存，然后：sudo systemctl "
                "reset-failed {unit} && sudo systemctl restart {unit}；如果 {user} 才是对的：sudo ./install.sh "
                "--user {user}"
            ),
        ),
    ),
    Entry(
        causes.DAEMON_WRONG_DATABASE,
        where=("daemon_status",),
        en=Text(
            title="The daemon uses another database",
            explanation=(
                "The path of the queue was changed in the configuration after the daemon had read it. The daemon goes "
                "on with the old queue, so what is written to the new one is never carried. Nothing is lost; decide "
                "which of the two is right. The units have to be made anew for a new path, which the installer does."
            ),
        ),
        zh=Translation(
            title="守护进程使用另一个数据库",
            explanation=(
                "守护进程读取配置之后，配置中的队列路径被修改。守护进程仍使用旧队列，写入新队列的文件不会被传输。不会"
                "丢失文件；先确定哪一个是对的。新路径需要重新生成服务单元，安装程序会做。"
            ),
            summary="守护进程（pid {pid}）从数据库 {theirs} 取文件，而 {config_path} 现在写的是 {ours}",
            remedy="在那里改正 database_settings.db_path，或让两者都使用它：sudo ./install.sh",
        ),
    ),
    Entry(
        causes.DAEMON_WRONG_MEDIA,
        where=("daemon_status",),
        en=Text(
            title="The daemon uses another media folder",
            explanation=(
                "The media folder was changed in the configuration after the daemon had read it. The daemon refuses "
                "files outside of the folder that it knows, so those in the new one would fail. Decide which of the "
                "two is right. The units have to be made anew for a new folder, which the installer does."
            ),
        ),
        zh=Translation(
            title="守护进程使用另一个媒体目录",
            explanation=(
                "守护进程读取配置之后，配置中的媒体目录被修改。守护进程拒绝它所知目录之外的文件，因此新目录中的文件会"
                "失败。先确定哪一个是对的。新目录需要重新生成服务单元，安装程序会做。"
            ),
            summary="守护进程（pid {pid}）从目录 {theirs} 取文件，而 {config_path} 现在写的是 {ours}",
            remedy="在那里改正 local_settings.media_path，或让两者都使用它：sudo ./install.sh",
        ),
    ),
    Entry(
        causes.DAEMON_OTHER_CONFIG,
        where=("daemon_status",),
        en=Text(
            title="The daemon was started with another configuration file",
            explanation=(
                "The daemon and this check read two files, and the two don't say the same. The check then looks at "
                "other places than the daemon works in. An edited ExecStart= of the unit, a drop-in or a daemon "
                "started by hand lead to this. Let both read one file."
            ),
        ),
        zh=Translation(
            title="守护进程启动时用了另一个配置文件",
            explanation=(
                "守护进程与本检查读取两个不同的文件，内容不一致，因此检查的位置与守护进程工作的位置不同。单元的 "
                "ExecStart= 被修改、drop-in，或手工启动的守护进程都会这样。请让两者读取同一个文件。"
            ),
            summary=(
                "守护进程（pid {pid}）启动时用的是 {their_config}，本检查用的是 {config_path}，两者不同：{differences}"
            ),
            remedy=(
                "查看 --config {their_config} 来自哪里，并改为 {config_path}：systemctl cat {unit}；然后：sudo "
                "systemctl daemon-reload && sudo systemctl restart {unit}"
            ),
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
                "看总线是否卡住：busctl --timeout=5 list；如果是：sudo systemctl restart dbus；如果守护进程不由 "
                "systemd 管理，请将 daemon_settings.supervisor 设为 none"
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
            remedy="让它继续：sudo media-sync-daemon resume",
        ),
    ),
)
