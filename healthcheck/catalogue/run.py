"""The run itself."""

from __future__ import annotations

from healthcheck import causes
from healthcheck.catalogue.entry import Entry, Text, Translation

THEME = {"en": "The run itself", "zh": "运行本身"}

ENTRIES = (
    Entry(
        causes.PROBE_TIMED_OUT,
        where=("daemon_status", "ping", "database", "file_insert", "remote_verify", "local_delete"),
        en=Text(
            title="A probe got no result in time",
            explanation=(
                "The probe was given up because it hangs where nothing can interrupt it, mostly in a disk or a "
                "network file system that does not answer. The rest of the run went on. Look at the kernel's "
                "messages."
            ),
        ),
        zh=Translation(
            title="探测没有按时得到结果",
            explanation=(
                "该探测卡在无法打断的地方，多半是不应答的磁盘或网络文件系统，因此被放弃。其余部分照常运行。请查看"
                "内核消息。"
            ),
            summary="{probe} 在 {seconds} 秒后没有结果，已放弃",
            remedy="磁盘或程序卡住；查看：dmesg | tail；再运行一次：sudo systemctl start smoke-check",
        ),
    ),
    Entry(
        causes.PROBE_CRASHED,
        where=("daemon_status", "ping", "database", "file_insert", "remote_verify", "local_delete"),
        en=Text(
            title="A probe stopped with an internal error",
            explanation=(
                "The check itself has a fault, or its installation has: a library that does not load, or no memory or "
                "thread left for it. So this part of the path was not measured, and it says nothing about the media. "
                "Run it once more with SMOKE_CHECK_DEBUG=1 and report what it prints."
            ),
        ),
        zh=Translation(
            title="探测因内部错误停止",
            explanation=(
                "检查程序自身或其安装有缺陷：某个库无法加载，或没有内存、线程可用。因此这一段没有测量，这也不说明媒体"
                "有问题。请用 SMOKE_CHECK_DEBUG=1 再运行一次，并报告其输出。"
            ),
            summary="{probe} 因内部错误停止：{error}",
            remedy="这是 smoke-check 的缺陷；用 SMOKE_CHECK_DEBUG=1 运行并报告其输出",
        ),
    ),
    Entry(
        causes.INTERRUPTED,
        where=("daemon_status", "ping", "database", "file_insert", "remote_verify", "local_delete"),
        en=Text(
            title="The run was ended early",
            explanation=(
                "Somebody stopped the run, or the machine is shutting down. What it had left was cleaned up, or "
                "stands in the ledger for the next run. Nothing is broken, and nothing is proven."
            ),
        ),
        zh=Translation(
            title="运行被提前结束",
            explanation=(
                "有人停止了运行，或机器正在关机。它留下的内容已清理，或记在账本中由下一次运行处理。没有故障，但也"
                "没有证明什么。"
            ),
            summary="运行在 {probe} 完成之前被 {signal} 结束",
            remedy="没有故障；重新启动：sudo systemctl start smoke-check",
        ),
    ),
    Entry(
        causes.STATE_UNWRITABLE,
        where=("run", "file_insert", "local_delete"),
        en=Text(
            title="The state folder can't be written",
            explanation=(
                "The check can't write its status or its ledger, and without a ledger it puts nothing into the "
                "pipeline. The run was started by another user than the units': start it by sudo, which makes it that "
                "user's. Or a file in the folder belongs to somebody else; giving all of it to the check's user is "
                "safe. Or the disk is full or read-only."
            ),
        ),
        zh=Translation(
            title="状态目录不可写",
            explanation=(
                "检查无法写入状态文件或账本；没有账本它就不会放入任何文件。可能是由单元用户以外的用户启动：请用 sudo "
                "启动，它会以该用户运行。或者目录中的文件属于其他人：把它们全部交给检查的用户是安全的。或者磁盘已满、只读。"
            ),
            summary="{path} 无法写入：{reason}",
            remedy="让检查可以写入：{remedy}",
        ),
    ),
    Entry(
        causes.ALREADY_RUNNING,
        where=("run",),
        en=Text(
            title="Another run is under way",
            explanation=(
                "A run holds the lock of this state folder, and two at once would disturb each other. The "
                "timer's run may have begun just now. Wait for it; nothing is broken."
            ),
        ),
        zh=Translation(
            title="另一次运行正在进行",
            explanation=(
                "有一次运行持有该状态目录的锁，同时运行两次会互相干扰。可能是定时器刚刚启动了一次。等待即可，没有故障。"
            ),
            summary="另一次运行（pid {pid}）正在使用状态目录 {path}",
            remedy="等待它结束：journalctl -fu smoke-check",
        ),
    ),
)
