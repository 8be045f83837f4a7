"""The kinds of events in Chinese, by their names: title and meaning. The English texts stand with the events."""

from __future__ import annotations

EVENTS = {
    "RUN_STARTED": (
        "一次冒烟检查开始了",
        """检查让一个带标记的小文件走媒体的真实路径，并一直跟踪到底。
每个探测有一条记录，最后是结论：

    journalctl -u smoke-check SMOKE_CHECK_RUN_ID=@SMOKE_CHECK_RUN_ID@""",
    ),
    "PROBE_FINISHED": (
        "探测 @SMOKE_CHECK_PROBE@ 的结果：@SMOKE_CHECK_OUTCOME@",
        """pass：已证明。warn：已证明，但有需要注意的事。fail：坏了。error：无法测量，既不算好也不算坏。
skipped：没有尝试，原因见该行。deferred：到目前为止正常，由以后的运行作最后判断。

测得的数值在状态文件中：

    smoke-check status --json""",
    ),
    "RUN_ENDED": (
        "冒烟检查的结论：@SMOKE_CHECK_OUTCOME@",
        """结论先说根本原因；“另外”之后是与它无关的问题。退出码 0：媒体能送达，副本校验之前什么都不删除。
1：有探测失败。2：没有失败，但有探测无法测量。

整次运行：        journalctl -u smoke-check SMOKE_CHECK_RUN_ID=@SMOKE_CHECK_RUN_ID@
上一次正常：      journalctl SMOKE_CHECK_EXIT_CODE=0 -n 1
处理之后再运行：  sudo systemctl start smoke-check""",
    ),
    "INTERRUPTED": (
        "一次冒烟检查被外部终止",
        """探测 @SMOKE_CHECK_PROBE@ 完成之前，一个信号终止了运行：“systemctl stop”、关机，或启动时间过长。
没有东西损坏；这次运行创建的东西已删除，或已记下由下一次运行删除。

    sudo systemctl start smoke-check""",
    ),
    "REMARK": (
        "冒烟检查对配置或状态目录有一条说明",
        """运行继续。没有程序读取的配置项往往是笔误：

    smoke-check config check""",
    ),
    "ALERT": (
        "单元 @SMOKE_CHECK_FAILED_UNIT@ 失败了",
        """结果 @SMOKE_CHECK_RESULT@，退出状态 @SMOKE_CHECK_EXIT_STATUS@。失败的那一次说了什么：

    journalctl _SYSTEMD_INVOCATION_ID=@SMOKE_CHECK_INVOCATION_ID@
    systemctl status @SMOKE_CHECK_FAILED_UNIT@

想用别的方式得到通知，在 unified_config.json 的 check_settings.alert_command 中指定一个程序。""",
    ),
    "ALERT_NOT_SENT": (
        "没有人得知 @SMOKE_CHECK_FAILED_UNIT@ 失败了",
        """check_settings.alert_command 中的程序无法启动、用时超过一分钟，或退出码不是 0。以检查的用户手动试一次：

    sudo systemctl start 'smoke-check-alert@smoke-check.service'""",
    ),
    "CHECK_STALE": (
        "冒烟检查不再运行",
        """没有今天有效的结论，所以没有人知道媒体是否还能送达 NAS。定时器开着吗？

    systemctl list-timers smoke-check.timer
    sudo systemctl enable --now smoke-check.timer
    sudo systemctl start smoke-check""",
    ),
    "FILE_SENT": (
        "一个文件已送达 NAS",
        """@FILE_PATH@ 在 NAS 上的位置是 @REMOTE_PATH@。
副本得到这个名字之前已在那里校验（@VERIFICATION_LEVEL@）；队列和凭据都有记录。延迟之后再次校验副本，正确才删除本地文件。
此后的情况：

    sudo media-sync-daemon receipts '@FILE_PATH@'""",
    ),
    "FILE_PUT_OFF": (
        "一个文件没能发送，会再试",
        """@FILE_PATH@ 仍在本机和队列中：[@CAUSE@]。
该行末尾是处理方法；守护进程会自己再试。什么在等待、为什么：

    sudo media-sync-daemon queue""",
    ),
    "FILE_FAILED": (
        "一个文件被放弃，没有发送",
        """@FILE_PATH@ 没有发送，也不再尝试：[@CAUSE@]。
它没有被删除。该行末尾是处理方法；之后：

    sudo media-sync-daemon requeue '@FILE_PATH@'""",
    ),
    "FILE_PUT_DOWN": (
        "一个文件在送达之前被放下",
        """@FILE_PATH@ 仍在本机和队列中。守护进程被要求结束或暂停；
它再次工作时会发送该文件，大文件从放下的位置继续。""",
    ),
    "FILE_DELETED": (
        "本机的一个文件已删除，它在 NAS 上的副本正确",
        """@FILE_PATH@ 与副本 @REMOTE_PATH@
都重新读过一遍，内容相同（@VERIFICATION_LEVEL@），之后才删除。它的凭据：

    sudo media-sync-daemon receipts '@FILE_PATH@'""",
    ),
    "FILE_KEPT": (
        "一个本应删除的文件被保留",
        """@FILE_PATH@ 已发送，但无法删除：[@CAUSE@]。
没有丢失任何东西；在按该行的方法处理之前，它一直占用本机空间。""",
    ),
    "FILE_GONE": (
        "一个待删除的文件已经不在了",
        """@FILE_PATH@ 已不在原处，守护进程没有看到自己删除它：是守护进程以外的人或程序
删除的；如果它的上一张凭据是 verified_again，也可能是守护进程在被强行结束之前删除的。
它的副本 @REMOTE_PATH@ 在发送时已得到证明。

    sudo media-sync-daemon receipts '@FILE_PATH@'""",
    ),
    "NAS_AWAY": (
        "NAS 连不上",
        """文件在队列中等待，不算任何文件的错：[@CAUSE@]。守护进程会自己查看 NAS 是否恢复。

    systemctl status media-sync-daemon""",
    ),
    "NAS_BACK": ("NAS 恢复了", "等待它的文件现在开始发送。"),
    "DELETIONS_STOPPED": (
        "在有人查看之前不再删除任何文件",
        """文件继续发送，并同时存在于两处：[@CAUSE@]。按该行所说查看，然后：

    sudo media-sync-daemon resume""",
    ),
    "FILE_TAKEN_BACK": (
        "一个文件在之前的守护进程结束时正在发送，将重新发送",
        """@FILE_PATH@ 仍在本机，它的行停留在 transferring。该行已重新就绪；大文件从放下的位置继续。""",
    ),
    "FILE_WITHDRAWN": (
        "一个文件没有发布，因为它的行已被改动",
        """发送 @FILE_PATH@ 期间，别的程序改动或删除了它的行。已发送的部分会从 NAS 上清除；本地文件保持不动。""",
    ),
    "NAS_GIVES": (
        "得知了 NAS 的能力，或它发生了变化",
        """守护进程据此选择发送和校验的方式。NAS 更新之后，能力可能比之前少：

    smoke-check doctor""",
    ),
    "DELETIONS_GO_ON": (
        "文件恢复删除",
        """有人查看后放行了删除，或者当初使其停止的原因已恢复原状。""",
    ),
    "TROUBLE_OVER": (
        "一个问题自行消失了",
        """是哪一个见该行。无需处理。""",
    ),
    "DAEMON_AT_WORK": (
        "守护进程开始工作",
        """它刚刚启动，或在暂停、更换配置、更换队列之后继续。

    systemctl status media-sync-daemon""",
    ),
    "DAEMON_PAUSED": (
        "守护进程已暂停",
        """有人下了命令：既不发送也不删除，重启之后也是如此，直到

    sudo media-sync-daemon resume""",
    ),
    "DAEMON_RESUMED": (
        "守护进程的暂停结束了",
        """其间在队列中等待的文件现在开始发送。""",
    ),
    "DAEMON_FINISHING": (
        "守护进程在手头的文件送达之后结束",
        """由 SIGUSR1 要求，例如升级时。不再取新的文件。“systemctl stop” 会让它立即结束。""",
    ),
    "DAEMON_STOPPED": (
        "守护进程已结束",
        """此后到来的文件在队列中等待。

    sudo systemctl start media-sync-daemon""",
    ),
    "DAEMON_STUCK": (
        "守护进程的一部分卡住了",
        """它在等待得不到的东西，多半是不应答的磁盘，而且无法打断。
没有存活信号，systemd 会结束守护进程并重新启动它。内核消息：

    dmesg | tail""",
    ),
    "DAEMON_BROKEN": (
        "守护进程因自身的错误结束",
        """这是程序的缺陷，与本机无关。systemd 会重新启动它；不会丢失文件。请报告该行内容。""",
    ),
    "CONFIG_REREAD": (
        "使用更改后的配置",
        """手头的文件按旧配置完成。只有 daemon_settings.state_path 需要重启。""",
    ),
    "CONFIG_REFUSED": (
        "不使用更改后的配置",
        """守护进程继续使用现有的配置：[@CAUSE@]。改正文件，然后：

    smoke-check config check && sudo systemctl reload media-sync-daemon""",
    ),
    "CONFIG_REMARK": (
        "守护进程对配置有一条说明",
        """工作继续。没有程序读取的配置项往往是笔误：

    smoke-check config check""",
    ),
}
