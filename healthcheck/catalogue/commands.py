"""The daemon's commands."""

from __future__ import annotations

from celestial_nasops import causes as shared
from healthcheck.catalogue.entry import Entry, Text, Translation

THEME = {"en": "The daemon's commands", "zh": "守护进程的命令"}

ENTRIES = (
    Entry(
        shared.WRONG_USER,
        where=("daemon",),
        en=Text(
            title="The command was given as another user",
            explanation=(
                "The queue and the daemon's state belong to one user, and this is another. Files written by "
                "somebody else, even by root, would lock the daemon out. Give the command as the daemon's user."
            ),
        ),
        zh=Translation(
            title="以其他用户执行了命令",
            explanation=(
                "队列和守护进程的状态属于一个用户，而当前是另一个。由别人（即使是 root）写入的文件会使守护进程无"
                "法访问。请以守护进程的用户执行。"
            ),
            summary="{user} 不能这样做：队列和 {path} 中守护进程的状态属于 {owner}",
            remedy="以该用户执行，否则守护进程会失去它的文件：sudo media-sync-daemon {command}",
        ),
    ),
    Entry(
        shared.REQUEUE_NO_ROW,
        where=("daemon",),
        en=Text(
            title="There is no row to put back",
            explanation=(
                "No row of the queue has that path, so there is nothing to put back. Paths are compared letter "
                "by letter. The queue lists those that failed."
            ),
        ),
        zh=Translation(
            title="没有可放回的记录",
            explanation="队列中没有该路径的记录，因此无可放回。路径按字面逐字比较。用 queue 命令可列出失败的文件。",
            summary="队列中没有 {path} 的记录",
            remedy="按队列中的写法给出路径；失败的可用此列出：sudo media-sync-daemon queue",
        ),
    ),
    Entry(
        shared.REQUEUE_IN_HAND,
        where=("daemon",),
        en=Text(
            title="The file is being carried",
            explanation=(
                "The daemon holds that file now, so it can't be put back. Nothing is wrong. Wait until it is "
                "done or has failed."
            ),
        ),
        zh=Translation(
            title="文件正在传输",
            explanation="守护进程正在处理该文件，因此不能放回队列。没有故障。等它完成或失败即可。",
            summary="{path} 正在传输",
            remedy="等待：sudo media-sync-daemon queue",
        ),
    ),
    Entry(
        shared.REQUEUE_WAITS,
        where=("daemon",),
        en=Text(
            title="The file waits already",
            explanation=(
                "The row is in the queue and was not sent yet, so there is nothing to put back. Nothing is "
                "wrong. Other files are ahead of it, or the daemon does not run."
            ),
        ),
        zh=Translation(
            title="文件已在等待",
            explanation="记录已在队列中且尚未发送，因此无需放回。没有故障。前面还有其他文件，或守护进程没有运行。",
            summary="{path} 尚未发送，已在队列中等待（{status}）",
            remedy="看前面还有什么：sudo media-sync-daemon queue",
        ),
    ),
)
