"""What only the doctor names of units and their sandboxes."""

from __future__ import annotations

from healthcheck import causes
from healthcheck.catalogue.entry import Entry, Text, Translation

THEME = {"en": "What the doctor sees in the units", "zh": "doctor 在单元中所见"}

ENTRIES = (
    Entry(
        causes.USERS_DIFFER,
        where=("doctor",),
        en=Text(
            title="The check and the daemon run as different users",
            explanation=(
                "SQLite leaves files beside the queue that belong to whoever opened it. Where check and daemon "
                "are different users, one of them ends up with a queue that it can't write. The installer makes "
                "both units for one user."
            ),
        ),
        zh=Translation(
            title="检查与守护进程以不同用户运行",
            explanation=(
                "SQLite 在队列旁留下的文件属于打开者。检查与守护进程用户不同时，其中之一终将无法写入队列。"
                "安装程序会让两个单元使用同一用户。"
            ),
            summary=(
                "{unit} 以 {user} 运行，而 {other_unit} 以 {other_user} 运行：一方在队列旁留下的文件，另一方无法使用"
            ),
            remedy="让两者以同一用户运行：sudo ./install.sh --user {other_user}",
        ),
    ),
    Entry(
        causes.UNIT_MISSING,
        where=("doctor",),
        en=Text(
            title="A unit is not installed",
            explanation=(
                "systemd does not know this unit or can't read it. The installation was not finished, or a file "
                "was removed or damaged. Without it the check is not run or not watched."
            ),
        ),
        zh=Translation(
            title="服务单元没有安装",
            explanation=(
                "systemd 不认识或无法读取该单元。安装没有完成，或文件被删除、损坏。缺少它，检查就不会运行或无人监视。"
            ),
            summary="systemd 没有可用的单元 {unit}（{load}）",
            remedy="把它放回原处：sudo ./install.sh；现有内容：systemctl cat {unit}",
        ),
    ),
    Entry(
        causes.UNIT_OFF,
        where=("doctor",),
        en=Text(
            title="A unit is not started at boot, or not now",
            explanation=(
                "Nobody notices a timer that does not run: no verdict comes any more. A daemon that is disabled "
                "carries files until the next boot, and not after it. Enabling is safe."
            ),
        ),
        zh=Translation(
            title="服务单元没有随系统启动，或现在没有运行",
            explanation="定时器停了没有人会察觉：只是不再有结论。被禁用的守护进程只会工作到下次重启。启用是安全的。",
            summary="{unit} 没有起作用：{enabled}，{active}",
            remedy="sudo systemctl enable --now {unit}",
        ),
    ),
    Entry(
        causes.UNIT_NOT_RELOADED,
        where=("doctor",),
        en=Text(
            title="A unit was changed and systemd has not read it again",
            explanation=(
                "A file of the unit is newer than what systemd knows of it. What the file says, such as another "
                "folder that may be written, is not in force. Reloading is safe; the restart puts it into force."
            ),
        ),
        zh=Translation(
            title="单元已修改，但 systemd 尚未重新读取",
            explanation=(
                "单元文件比 systemd 所知的更新。文件中的内容（例如允许写入的新目录）尚未生效。重新加载是"
                "安全的；重启后生效。"
            ),
            summary="systemd 使用的仍是磁盘上修改之前的 {unit}",
            remedy=("sudo systemctl daemon-reload && sudo systemctl restart {unit}"),
        ),
    ),
    Entry(
        causes.UNIT_ENDED_TOO_SOON,
        where=("doctor",),
        en=Text(
            title="systemd ends a unit before it can be done",
            explanation=(
                "The program has a deadline of its own in the configuration, and systemd's is earlier. Then "
                "systemd kills it in the middle of its work, and it can't say what was wrong. Usually the "
                "configuration was changed and the units were not made anew."
            ),
        ),
        zh=Translation(
            title="systemd 过早结束单元",
            explanation=(
                "程序在配置中有自己的期限，而 systemd 的期限更早。于是 systemd 在中途将其杀死，"
                "它也说不出原因。通常是修改了配置而没有重新生成单元。"
            ),
            summary=("systemd 在 {seconds} 秒后结束 {unit}（{property}），而它可能需要 {needed} 秒（{setting}）"),
            remedy=(
                "sudo systemctl edit {unit}，加入 [Service] 和 {property}"
                "={right}s 两行，保存，然后：sudo systemctl restart {unit}"
            ),
        ),
    ),
    Entry(
        causes.UNIT_NEVER_ENDED,
        where=("doctor",),
        en=Text(
            title="systemd has no deadline for the check",
            explanation=(
                "A run ends by itself, but one that hangs in the kernel does not. A timer waits for the end of "
                "its unit, so without a deadline the check would never run again. The installed unit has one."
            ),
        ),
        zh=Translation(
            title="systemd 没有为检查设定期限",
            explanation=(
                "运行会自行结束，但卡在内核中的不会。定时器要等单元结束，没有期限检查就再也不会运行。安装的单元带"
                "有期限。"
            ),
            summary=("systemd 从不结束 {unit}（TimeoutStartSec=infinity）：一次卡住的运行会让定时器永远停下"),
            remedy=(
                "sudo systemctl edit {unit}，加入 [Service] 和 Timeou"
                "tStartSec={right}s 两行，保存，然后：sudo systemctl resta"
                "rt {unit}"
            ),
        ),
    ),
    Entry(
        causes.SANDBOX_IN_THE_WAY,
        where=("doctor",),
        en=Text(
            title="A unit's sandbox is in the way",
            explanation=(
                "The unit may not see or write a path that the configuration names. Usually the configuration "
                "was changed without making the units anew, or a drop-in forbids too much. The line named is the "
                "one that decides; adding the other is safe."
            ),
        ),
        zh=Translation(
            title="单元的沙箱碍事",
            explanation=(
                "单元无法看到或写入配置指定的路径。通常是修改了配置而没有重新生成单元，或附加配置限制过多。起决定"
                "作用的就是所指的那一行；加入另一行是安全的。"
            ),
            summary="{unit} 无法{action} {path}（{setting}）：被 {line} 阻止",
            remedy=(
                "sudo systemctl edit {unit}，加入 [Service] 和 {right} 两行，保存，然后：sudo systemctl restart {unit}"
            ),
        ),
    ),
    Entry(
        causes.SANDBOX_PATH_MISSING,
        where=("doctor",),
        en=Text(
            title="A unit names a path that does not exist",
            explanation=(
                "A path in the unit's sandbox is missing and is not marked as optional with a minus sign. "
                "systemd refuses to start such a unit, with status 226. It shows at the next start only, which "
                "may be the next boot."
            ),
        ),
        zh=Translation(
            title="单元指定的路径不存在",
            explanation=(
                "单元沙箱中的某个路径不存在，且没有用减号标为可选。systemd 会拒绝启动这样的单元，状态为 "
                "226。这要到下次启动才会显现，也许是下次开机。"
            ),
            summary=("{unit} 无法启动（状态 226/NAMESPACE）：{line} 指定的 {path} 不存在"),
            remedy=("创建它：sudo install -d -o {user} {path}；然后：sudo systemctl restart {unit}"),
        ),
    ),
    Entry(
        causes.SANDBOX_SINGLE_FILE,
        where=("doctor",),
        en=Text(
            title="A unit may write a single file only",
            explanation=(
                "State files are replaced by renaming a new one onto the old, and SQLite makes files beside the "
                "queue. Both need the folder, so with the file alone both fail with [Errno 30]. Grant the "
                "folder."
            ),
        ),
        zh=Translation(
            title="单元只能写入单个文件",
            explanation=(
                "状态文件通过把新文件改名覆盖旧文件来替换，SQLite 也会在队列旁创建文件。两者都需要整个目录，"
                "只给文件都会以 [Errno 30] 失败。请授予目录。"
            ),
            summary=("{unit} 只可写入单个文件 {path}（ReadWritePaths），因此既不能替换它，也不能在旁边创建文件"),
            remedy=(
                "sudo systemctl edit {unit}，改为指定目录：ReadWritePaths"
                "={folder}，保存，然后：sudo systemctl restart {unit}"
            ),
        ),
    ),
)
