"""Configuration, and the programs that are called."""

from __future__ import annotations

from celestial_nasops import causes as shared
from healthcheck.catalogue.entry import Entry, Text, Translation

THEME = {"en": "Configuration, and the programs that are called", "zh": "配置，以及所调用的程序"}

ENTRIES = (
    Entry(
        shared.CONFIG_MISSING,
        where=("configuration", "daemon"),
        en=Text(
            title="There is no configuration",
            explanation=(
                "Neither the file that was named nor the installed one exists, so nothing was measured. Usually "
                "the installation was not finished, or --config or UNIFIED_CONFIG holds an old path. Naming "
                "another file is safe; starting with an empty one is not, because all paths would be the "
                "defaults."
            ),
        ),
        zh=Translation(
            title="没有配置文件",
            explanation=(
                "指定的文件和默认安装的文件都不存在，因此什么也没有测量。通常是安装没有完成，或者 --config、"
                "UNIFIED_CONFIG 里是旧路径。改为指定正确的文件是安全的；用空文件启动则不安全，因为所有路径都会取"
                "默认值。"
            ),
            summary="在 {path} 没有配置文件",
            remedy=(
                "用 --config FILE 或 UNIFIED_CONFIG=FILE 指定文件，或把配置放到 "
                "/etc/celestial-nasops/unified_config.json"
            ),
        ),
    ),
    Entry(
        shared.CONFIG_UNREADABLE,
        where=("configuration", "daemon"),
        en=Text(
            title="The configuration can't be read",
            explanation=(
                "The file is there and this user may not read it, or its bytes are no UTF-8 text. It often "
                "happens after an edit as root, or with an editor that saves in another encoding. Changing owner "
                "or mode of this one file is safe."
            ),
        ),
        zh=Translation(
            title="配置文件无法读取",
            explanation=(
                "文件存在，但当前用户无权读取，或者内容不是 UTF-8 文本。常见于用 root 编辑之后，或编辑器以其他编"
                "码保存。只修改这一个文件的属主或权限是安全的。"
            ),
            summary="配置文件 {path} 无法读取：{reason}",
            remedy="查看它：ls -l {path}",
        ),
    ),
    Entry(
        shared.CONFIG_NOT_JSON,
        where=("configuration", "daemon"),
        en=Text(
            title="The configuration is not JSON",
            explanation=(
                "The text breaks the rules of JSON at the place that is named: a comma too many or too few, a "
                "quote that is missing, a comment. Nothing was measured and the daemon does not start with it. "
                "Mend that place by hand; a running daemon keeps its old configuration until it is restarted."
            ),
        ),
        zh=Translation(
            title="配置文件不是 JSON",
            explanation=(
                "文本在所指位置不符合 JSON 语法：多了或少了逗号、缺少引号，或写了注释。这次什么也没有测量，守护进"
                "程也无法用它启动。请手工修正该处；正在运行的守护进程在重启之前一直使用旧配置。"
            ),
            summary="配置文件 {path} 不是 JSON：{reason}",
            remedy="修正该处，然后试一试：smoke-check config check {path}",
        ),
    ),
    Entry(
        shared.CONFIG_INVALID,
        where=("configuration", "daemon"),
        en=Text(
            title="The configuration has wrong values",
            explanation=(
                "The file is JSON, and some of its values can't be used; all of them are listed, each with its "
                "path in the file, what was found and what would be right. Usually a number was written as a "
                "text, or a limit was passed. Mend them all before the daemon is restarted, because it refuses "
                "the same file."
            ),
        ),
        zh=Translation(
            title="配置文件中的值有误",
            explanation=(
                "文件是合法的 JSON，但有些值不能使用；全部问题都已列出，包括它在文件中的位置、找到的值和应有的值"
                "。通常是把数字写成了文本，或超出了限制。请在重启守护进程之前全部改正，因为它同样会拒绝这个文件。"
            ),
            summary="配置文件 {path} 有 {count} 处问题：{problems}",
            remedy="改正它们，然后试一试：smoke-check config check {path}",
        ),
    ),
    Entry(
        shared.PROGRAM_MISSING,
        where=("daemon_status", "ping", "remote_verify", "daemon"),
        en=Text(
            title="A program is not installed",
            explanation=(
                "A program that these two call is not on this server, or not in the PATH of the service. Minimal "
                "systems lack ping or the ssh client. Installing the package is safe at any time."
            ),
        ),
        zh=Translation(
            title="缺少一个程序",
            explanation=(
                "本软件要调用的一个程序不在这台服务器上，或不在服务的 PATH 中。精简的系统常常没有 ping 或 ssh 客"
                "户端。随时安装该软件包都是安全的。"
            ),
            summary="程序 {program} 没有安装",
            remedy="安装它：sudo apt-get install {package}",
        ),
    ),
    Entry(
        shared.PROGRAM_UNUSABLE,
        where=("daemon_status", "ping", "remote_verify", "daemon"),
        en=Text(
            title="A program can't be started",
            explanation=(
                "The program is there and the kernel refuses to start it: no permission, a wrong architecture, "
                "no memory or no process left. The sandbox of the unit can be the reason as well. Running it by "
                "hand as the same user shows which."
            ),
        ),
        zh=Translation(
            title="一个程序无法启动",
            explanation=(
                "程序存在，但内核拒绝启动它：没有权限、架构不符、内存或进程数用尽。服务单元的沙箱也可能是原因。用"
                "同一个用户手工运行即可看出是哪一种。"
            ),
            summary="程序 {program} 无法启动：{reason}",
            remedy="手工运行它：{command}",
        ),
    ),
    Entry(
        shared.PROGRAM_TIMED_OUT,
        where=("daemon_status", "ping", "remote_verify", "daemon"),
        en=Text(
            title="A program gave no answer in time",
            explanation=(
                "A program was killed, with all that it had started, because it did not end within its time. "
                "systemctl hangs when the system bus does, ssh when a name server or a configured command does. "
                "Nothing was changed by it; run it by hand to see where it waits."
            ),
        ),
        zh=Translation(
            title="一个程序没有按时应答",
            explanation=(
                "一个程序没有在限定时间内结束，已连同它启动的一切被强行终止。系统总线卡住时 systemctl 会卡住，域"
                "名服务器或所配置的命令卡住时 ssh 会卡住。它没有改变任何东西；手工运行可看出它在等什么。"
            ),
            summary="{command} 在 {seconds} 秒内没有应答，已被终止",
            remedy="手工运行，看它卡在哪里：{command}",
        ),
    ),
    Entry(
        shared.PROGRAM_FAILED,
        where=("daemon_status", "ping", "remote_verify", "daemon"),
        en=Text(
            title="A program failed",
            explanation=(
                "A program ended with an exit code that means failure, and its last words are quoted. What they "
                "say is the thing to mend. Running the same command by hand is safe: it only looks."
            ),
        ),
        zh=Translation(
            title="一个程序执行失败",
            explanation=(
                "一个程序以表示失败的退出码结束，这里引用了它最后的输出。要解决的就是其中所说的问题。手工运行同一"
                "条命令是安全的：它只查看，不修改。"
            ),
            summary="{command} 以退出码 {exit_code} 结束：{output}",
            remedy="手工运行它：{command}",
        ),
    ),
)
