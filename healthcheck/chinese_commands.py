"""What is said around the commands, in Simplified Chinese: usage, problems of a configuration, the daemon's orders.

It is kept by the English texts that stand in the code.
"""

from __future__ import annotations

# Help texts and complaints of both command lines; argparse's own are those in celestial_nasops.command_line.
USAGE = {
    "usage: ": "用法：",
    "positional arguments": "位置参数",
    "options": "选项",
    "show this help message and exit": "显示本帮助并退出",
    "show program's version number and exit": "显示版本号并退出",
    "argument {argument}: {complaint}": "参数 {argument}：{complaint}",
    "the following arguments are required: {names}": "缺少以下参数：{names}",
    "one of the arguments {names} is required": "以下参数必须给出其中一个：{names}",
    "unrecognized arguments: {arguments}": "无法识别的参数：{arguments}",
    "ambiguous option: {option} could match {options}": "选项不明确：{option} 可能是 {options}",
    "invalid choice: {value} (choose from {choices})": "无效的选择：{value}（可选：{choices}）",
    "invalid {kind} value: {value}": "无效的{kind}：{value}",
    "expected one argument": "需要一个值",
    "expected at least one argument": "至少需要一个值",
    "expected at most one argument": "最多只能有一个值",
    "not allowed with argument {argument}": "不能与参数 {argument} 同时使用",
    "ignored explicit argument {value}": "不接受值 {value}",
    "number of minutes (more than 0, at most 1440)": "分钟数（大于 0，最多 1440）",
    "number of files (1 to 1000)": "文件数（1 到 1000）",
    "number of bytes (256 to 2^40)": "字节数（256 到 2^40）",
    "number (1 or more)": "数目（至少为 1）",
    # --- smoke-check ---
    "Send one marked file through the media path, follow it to the end.": (
        "沿媒体路径发送一个带标记的文件，并跟踪到底。"
    ),
    "default: $STATE_DIRECTORY, else /var/lib/smoke-check": "默认：$STATE_DIRECTORY，否则 /var/lib/smoke-check",
    "default: $UNIFIED_CONFIG, else the installed one": "默认：$UNIFIED_CONFIG，否则已安装的配置",
    "run the six probes once": "运行一次全部六项探测",
    "the run ends within this time": "运行在此时间内结束",
    "send several files at once": "一次发送多个文件",
    "size of each file": "每个文件的大小",
    "look only: send no file": "只查看，不发送文件",
    "print the status as JSON and nothing else": "只输出 JSON 格式的状态",
    "print the last verdict and exit with its code": "输出最近的结论，并以其退出码退出",
    "print the status file": "输出状态文件",
    "fail where the last verdict is stale or missing": "最近的结论已过期或缺失时失败",
    "tell that a unit has failed; for OnFailure=": "报告某个单元失败；用于 OnFailure=",
    "its name, where $MONITOR_UNIT does not say it": "单元名，用于 $MONITOR_UNIT 未给出时",
    "remove now whatever earlier runs left or owe": "立即清除以往运行遗留或尚未清除的一切",
    "check a configuration, or print its schema": "检查配置，或输出其 schema",
    "report all problems of a configuration": "报告配置的全部问题",
    "default: as for run": "默认：与 run 相同",
    "print the JSON Schema": "输出 JSON Schema",
    "print the values in force, one a line": "输出生效的值，每行一个",
    "what a code means and what is safe to do; without one, all codes": (
        "代码的含义和可以放心做的事；不给代码则列出全部"
    ),
    "default: the configuration's, else the locale's": "默认：配置中的语言，否则系统区域的语言",
    "look at all that the way needs; changes nothing, sends nothing": "查看整条路径所需的一切；不改动，不发送",
    "print the findings as JSON": "以 JSON 输出查看结果",
    "tell all that keeps a first run from passing; changes nothing": "列出妨碍首次运行通过的一切；不改动",
    "who will run it, where that user does not exist yet": "将要运行它的用户，用于该用户尚不存在时",
    "count what an uninstallation would leave behind": "统计卸载会留下的东西",
    "make the systemd units for this machine": "为本机生成 systemd 单元",
    "the folder systemd/ of this version": "本版本的 systemd/ 目录",
    "the account that runs both programs": "运行两个程序的账户",
    "where the programs are: DIR/venv/bin": "程序所在位置：DIR/venv/bin",
    "where the units are put": "单元的存放位置",
    "leave out the unit of media-sync-daemon": "不生成 media-sync-daemon 的单元",
    "make units for systemctl --user": "生成用于 systemctl --user 的单元",
    "run the main job on an embedded NAS, in a temporary folder": "在临时目录中用内置 NAS 运行主要任务",
    # --- media-sync-daemon ---
    "Carry media to the NAS, verified, and free their space.": "把媒体文件传到 NAS，校验后释放本地空间。",
    "carry what is ready, delete what is due, and end": "传输已就绪的，删除已到期的，然后结束",
    "commands for the operator": "供操作员使用的命令",
    "as above": "同上",
    "what waits, is in hand, failed, and is to be deleted; live on a terminal": (
        "等待、处理中、失败和待删除的文件；在终端上实时显示"
    ),
    "once, as JSON": "一次，JSON 格式",
    "once, also on a terminal": "一次，在终端上也是",
    "have a file sent again, or all that failed": "重新发送一个文件，或所有失败的文件",
    "the file's path, as the queue has it": "文件路径，与队列中的一致",
    "all that failed": "所有失败的文件",
    "what has become of a file, or of the last ones": "一个文件或最近若干文件的去向",
    "the file's path, as the queue had it": "文件路径，与当时队列中的一致",
    "how many, without a path; default 20": "不给路径时的数目；默认 20",
    "as JSON": "JSON 格式",
    "look at copies on the NAS again, chosen at random": "随机抽取 NAS 上的副本，重新查看",
    "how many; default 10": "数目；默认 10",
    "carry and delete nothing until it is resumed, over restarts, too": "恢复之前不传输也不删除，重启后仍有效",
    "for those who wonder": "写给询问者的原因",
    "put down what is in hand rather than finish it": "放下正在处理的文件，而不是先完成",
    "go on after a pause, and with deletions that were stopped": "暂停之后继续，被停止的删除也继续",
}

# Templates of what the daemon's commands for the operator print.
STEERING = {
    "standard output can't be written: {reason}": "标准输出无法写入：{reason}",
    "paused: nothing is carried or deleted until 'media-sync-daemon resume'": (
        "已暂停：在 'media-sync-daemon resume' 之前不传输也不删除"
    ),
    "; {count} file(s) in hand are finished or put down first": "；正在处理的 {count} 个文件会先完成或放下",
    "deletions go on with everything as it is now; they had been stopped: {reason}": (
        "按现状继续删除；之前被停止的原因：{reason}"
    ),
    "resumed; it was paused by {name} since {moment}": "已恢复；之前由 {name} 自 {moment} 起暂停",
    "nothing was paused, and no deletions were stopped": "没有暂停，也没有被停止的删除",
    "the daemon has heard it": "守护进程已收到",
    "the daemon has not answered yet: systemctl status media-sync-daemon": (
        "守护进程还没有回应：systemctl status media-sync-daemon"
    ),
    "the daemon does not run; it will heed that when it starts": "守护进程没有运行；启动时会遵照执行",
    "{count} file(s) that failed wait to be sent again": "{count} 个失败的文件等待重新发送",
    "{path} waits to be sent again; it was {status}": "{path} 等待重新发送；之前的状态是 {status}",
    "there are no receipts": "没有回执",
    "there are no receipts of {path}": "没有 {path} 的回执",
    "copy {path}{what}, proven by {level}": "副本 {path}{what}，证明方式 {level}",
    "there are no receipts yet, so there is nothing to verify": "还没有回执，因此没有可校验的",
    "not looked at  {path}: {reason}": "未能查看 {path}：{reason}",
    "; it is the copy of {path}, {moment}Z": "；它是 {path} 的副本，{moment}Z",
    "{right} of {count} copies are right, by {proof}; {bad} are not": (
        "{count} 个副本中 {right} 个正确（证明方式 {proof}）；{bad} 个不正确"
    ),
    ", {count} could not be looked at": "，{count} 个未能查看",
    "vanished       {path}": "已消失 {path}",
    "rotted         {path} has {found} bytes, had {expected}": "已损坏 {path} 现有 {found} 字节，原有 {expected}",
    "rotted         {path} has SHA-256 {found}, had {expected}": "已损坏 {path} 的 SHA-256 为 {found}，原为 {expected}",
    "{number} of {total}: {path}": "{number}/{total}：{path}",
    "paused       by {name} since {moment}": "已暂停   由 {name} 自 {moment} 起",
    "daemon       {doing}": "守护进程 {doing}",
    "media-sync-daemon does not run": "media-sync-daemon 没有运行",
    "trouble      {what}": "问题     {what}",
    ", the oldest for {time}": "，最早的已等 {time}",
    "what the daemon says of itself is {time} old: systemctl status media-sync-daemon": (
        "守护进程关于自身的信息是 {time} 前的：systemctl status media-sync-daemon"
    ),
    "waiting      {files}, {size}": "等待     {files}，{size}",
    "in hand      {files}": "处理中   {files}",
    "failed       {files}": "失败     {files}",
    "  to have them sent again: sudo media-sync-daemon requeue --failed": (
        "  重新发送它们：sudo media-sync-daemon requeue --failed"
    ),
    "not taken up {files} in a status that nobody knows": "未处理   {files}，状态无人认识",
    "  to have one of them sent: sudo media-sync-daemon requeue PATH": (
        "  发送其中一个：sudo media-sync-daemon requeue 路径"
    ),
    "deletions    {files}": "待删除   {files}",
    ", {count} tries failed": "，{count} 次尝试失败",
    "1 file": "1 个文件",
    "{count} files": "{count} 个文件",
    "{done} of {total}": "{done} / {total}",
    "{time} left": "还需 {time}",
    "in {time}": "{time} 后",
    "due for {time}": "已到期 {time}",
}

# Templates of a configuration's problems and warnings.
CONFIGURATION = {
    "not UTF-8 at byte {number}": "第 {number} 字节处不是 UTF-8",
    "{key} is false, which is not supported: it is always on": "{key} 为 false，不受支持：它始终开启",
    "{key} is false, which is not supported: a run leaves nothing behind": (
        "{key} 为 false，不受支持：运行不会留下任何东西"
    ),
    "check_settings.stale_after_minutes is {given}, so a verdict may be stale before the next one is due: with "
    "interval_minutes {interval}, random_delay_seconds {delay} and testing.max_wait_minutes {longest} it "
    "should be more than {needed}": (
        "check_settings.stale_after_minutes 为 {given}，因此结论可能在下一个到来之前就过期：当 interval_minutes 为 "
        "{interval}、random_delay_seconds 为 {delay}、testing.max_wait_minutes 为 {longest} 时，它应大于 {needed}"
    ),
    "the key {key} stands twice in one object; the last one counts": "同一对象中键 {key} 出现两次；以最后一个为准",
    "line {line}, column {column}: {what}": "第 {line} 行第 {column} 列：{what}",
    "it is nested too deeply": "嵌套过深",
    "it holds a number of thousands of digits": "含有一个长达数千位的数字",
    "an object is needed, found {found}": "需要一个对象，实际为 {found}",
    "{key} is not used: {wins} is given, too, and wins": "{key} 未被使用：同时给出了 {wins}，以后者为准",
    "{path}: found {found}, should be {right}": "{path}：实际为 {found}，应为 {right}",
    "nobody reads the key {key}": "没有程序读取键 {key}",
    "a whole number": "整数",
    "a number": "数字",
    "a text": "文本",
    "a list": "列表",
    "true or false": "true 或 false",
    "an object": "对象",
    "more than {number}": "大于 {number} 的值",
    "at least {number}": "至少 {number}",
    "at most {number}": "至多 {number}",
    "given {key}, too": "同时给出 {key}",
    "left out: nobody reads this key": "删去：没有程序读取此键",
    " or ": " 或 ",
}
