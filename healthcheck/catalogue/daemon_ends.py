"""How the daemon has ended."""

from __future__ import annotations

from healthcheck import causes
from healthcheck.catalogue.entry import Entry, Text, Translation

THEME = {"en": "When the daemon ends", "zh": "守护进程的结束"}

ENTRIES = (
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
        causes.DAEMON_KILLED,
        where=("daemon_status",),
        en=Text(
            title="The daemon was killed",
            explanation=(
                "A signal has ended the daemon: a person or a program sent it, it crashed, systemd killed it since it "
                "gave no sign of life (watchdog), or the kernel did since memory ran out, which systemd does not "
                "always hear of: then the kernel's log has a line 'Killed process'. Nothing is lost, for what it had "
                "in hand is sent again or gone on with. systemd starts it again after a moment, unless the unit's "
                "state says failed."
            ),
        ),
        zh=Translation(
            title="守护进程被终止",
            explanation=(
                "守护进程被信号终止：由人或程序发送、自身崩溃、因没有活动迹象被 systemd 终止（watchdog），"
                "或因内存耗尽被内核终止；后一种情况 systemd 未必得知，但内核日志中会有一行“Killed process”。"
                "不会丢失文件，正在处理的会重新发送或续传。除非单元状态为 failed，systemd 稍后会再次启动它。"
            ),
            summary="{unit} 被{exit_status}终止（{result}），现在处于 {state}",
            remedy=(
                "看是否因内存耗尽而由内核终止：journalctl -k -g 'Killed process' -n 5；否则看是谁做的："
                "journalctl -n 50 -u {unit}；如果它没有自行恢复：sudo systemctl restart {unit}"
            ),
        ),
    ),
    Entry(
        causes.DAEMON_OUT_OF_MEMORY,
        where=("daemon_status",),
        en=Text(
            title="The daemon was killed because memory ran out",
            explanation=(
                "This server had no memory left, and the kernel or systemd-oomd chose the daemon to free some. The "
                "daemon itself needs little, so look for the program that takes much. Nothing is lost: what was in "
                "hand is sent again or gone on with."
            ),
        ),
        zh=Translation(
            title="内存耗尽，守护进程被终止",
            explanation=(
                "服务器内存耗尽，内核或 systemd-oomd 选择终止守护进程以腾出内存。守护进程本身用得很少，请查找占用内存"
                "多的程序。不会丢失文件：正在处理的会重新发送或续传。"
            ),
            summary="{unit} 因内存耗尽被终止（oom-kill），现在处于 {state}",
            remedy=(
                "看是谁占用内存：ps -eo rss,comm --sort=-rss | head；内核的记录：journalctl -k -g oom -n 50；如果它没有"
                "自行恢复：sudo systemctl restart {unit}"
            ),
        ),
    ),
    Entry(
        causes.DAEMON_ENDED,
        where=("daemon_status",),
        en=Text(
            title="The daemon has ended and is started again",
            explanation=(
                "The daemon has ended with an error once, and systemd starts it again after some seconds. Its exit "
                "status and its last error are quoted. If the error persists, it keeps crashing, and the next run "
                "says so."
            ),
        ),
        zh=Translation(
            title="守护进程已结束，正在重新启动",
            explanation=(
                "守护进程因错误结束了一次，systemd 几秒后会再次启动它。消息中有退出状态和它最后的错误。如果错误一直存在"
                "，它会反复崩溃，下一次运行会指出。"
            ),
            summary="{unit} 自行结束，将被重新启动：{state}；它最后的错误：{last_error}",
            remedy="解决所说的问题，它会自动重新启动；更多：journalctl -u {unit} -n 50",
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
                "restarting by hand changes nothing before that is mended. systemd goes on counting until it is told "
                "to forget the failures."
            ),
        ),
        zh=Translation(
            title="守护进程反复崩溃",
            explanation=(
                "systemd 启动守护进程，它很快又结束，如此反复。常见原因是配置有误、目录不可写，或某个文件使它崩溃"
                "。先看它最后的错误；解决之前手工重启没有用。systemd 会一直计数，直到让它忘记这些失败。"
            ),
            summary="{unit} 反复崩溃：重启 {restarts} 次，{state}；它最后的错误：{last_error}",
            remedy=(
                "解决所说的问题，然后：sudo systemctl reset-failed {unit} && sudo systemctl restart {unit}；更多："
                "journalctl -u {unit} -n 50"
            ),
        ),
    ),
)
