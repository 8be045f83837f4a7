"""All that the check says besides causes, in Simplified Chinese: by the English sentences that stand in the code."""

from __future__ import annotations

PHRASES = {
    # --- the verdict ---
    "{probe}: {summary}": "{probe}：{summary}",
    "; as its consequence {probe}: {summary}": "；由此导致 {probe}：{summary}",
    "; as its consequence {probe} failed": "；由此导致 {probe} 失败",
    "; as its consequence {probe} could not be measured": "；由此导致 {probe} 无法测量",
    "; as its consequence {probe} warns": "；由此导致 {probe} 警告",
    "; also ": "；另外 ",
    "{verdict}; {told}": "{verdict}；{told}",
    "all good so far; {probe}: {summary}": "到目前为止一切正常；{probe}：{summary}",
    "all good up to {probe}; not tried: {probes}": "到 {probe} 为止一切正常；没有尝试：{probes}",
    "every step from the daemon to the deletion is proven": "从守护进程到删除的每一步都已证明",
    "no probe was tried": "没有尝试任何探测",
    " in {seconds} s": "，用时 {seconds} 秒",
    "still owed: {name}: {reason}": "尚未清除：{name}：{reason}",
    "still owed: {count} more, see the status file": "尚未清除：还有 {count} 项，见状态文件",
    "; still owed: {name}: {reason}": "；尚未清除：{name}：{reason}",
    " and {count} more": "，另有 {count} 项",
    "internal error: {error}": "内部错误：{error}",
    "give the folder and all in it to the user of the check: sudo chown -R {user} {folder}": (
        "把该目录及其中的一切交给检查的用户：sudo chown -R {user} {folder}"
    ),
    "the folder belongs to {owner}: sudo {command}": "该目录属于 {owner}：sudo {command}",
    "create it, or name another folder by {setting}: sudo install -d -o {user} {folder}": (
        "创建它，或用 {setting} 指定另一个目录：sudo install -d -o {user} {folder}"
    ),
    "that is no folder; name one by {setting}, or look at what is there: ls -ld {folder}": (
        "那不是目录；用 {setting} 指定一个，或看看那里是什么：ls -ld {folder}"
    ),
    # --- the negative proof ---
    "not made: check_settings.negative_proof is off": "未做：check_settings.negative_proof 为 off",
    "not made: sync_settings.wrong_file_hash is note": "未做：sync_settings.wrong_file_hash 为 note",
    "not made: the daemon is not known to be ours and to use the present code and configuration": (
        "未做：无法确认守护进程是我们的，且使用当前的代码和配置"
    ),
    "not made: another program was faster with the row": "未做：其他程序先写入了记录",
    "not made: {why}": "未做：{why}",
    "made with {file}": "使用 {file}",
    "a file with a wrong hash was refused": "哈希错误的文件已被拒绝",
    "open: the file with a wrong hash did not get its turn, and was not published": (
        "未决：哈希错误的文件没有轮到，也没有被发布"
    ),
    "open: there was no time left to look at the NAS": "未决：没有时间查看 NAS",
    "open: {path} can't be read: {reason}": "未决：无法读取 {path}：{reason}",
    "open: the NAS could not be looked at: {why}": "未决：无法查看 NAS：{why}",
    "a file with a wrong hash is still here, and no deletion of it is planned": (
        "哈希错误的文件仍在本机，也没有计划删除它"
    ),
    "waiting for the daemon to refuse a wrong file": "等待守护进程拒绝错误的文件",
    # --- while it runs ---
    "run {run_id} begins, smoke-check {version}": "运行 {run_id} 开始，smoke-check {version}",
    "measuring": "正在测量",
    "under way": "正在进行",
    "cleaning up": "正在清理",
    "verifying the copy on the NAS": "正在校验 NAS 上的副本",
    "the daemon is not there: is it being restarted?": "守护进程不在：是否正在重启？",
    "waiting for the daemon ({status})": "等待守护进程（{status}）",
    "waiting for the daemon ({status}, {count} files)": "等待守护进程（{status}，{count} 个文件）",
    "waiting for the daemon to delete {count} file(s), due {moment}": (
        "等待守护进程删除 {count} 个文件，到期时间 {moment}"
    ),
    "no row": "没有记录",
    "{seconds} s": "{seconds} 秒",
    "{minutes} min": "{minutes} 分钟",
    "{hours} h": "{hours} 小时",
    "{days} days": "{days} 天",
    # --- skipped ---
    "because of {probe}": "因为 {probe}",
    "--no-insert: no file is sent": "--no-insert：不发送文件",
    "a signal": "信号",
    "the run was ended by {signal}": "运行被 {signal} 结束",
    "no verified copy, so no deletion is due": "没有已校验的副本，因此没有到期的删除",
    "sync_settings.delete_after_sync is off, so nothing is to be deleted": (
        "sync_settings.delete_after_sync 已关闭，因此不删除任何文件"
    ),
    "{host} is reached through a proxy ({proxy}); remote_verify proves that way": (
        "{host} 经由代理（{proxy}）到达；由 remote_verify 证明"
    ),
    # --- daemon_status ---
    "running (pid {pid}) with the installed code and the present configuration; {doing}": (
        "正在运行（pid {pid}），使用已安装的代码和当前的配置；守护进程自述：{doing}"
    ),
    "running (pid {pid}); it keeps no state file, so more is not known": (
        "正在运行（pid {pid}）；没有状态文件，因此只知道这些"
    ),
    "running for {time} only": "刚运行 {time}",
    "it belongs to {owner}, and the daemon runs as {user}": "它属于 {owner}，而守护进程以 {user} 运行",
    "there is no state file in {folder}": "{folder} 中没有状态文件",
    "process {pid}, which wrote {path}, is gone": "写入 {path} 的进程 {pid} 已不存在",
    "it was doing: {doing}": "当时在做：{doing}",
    "its process is stopped by a signal": "进程被信号暂停",
    "it told no ActiveState": "没有给出 ActiveState",
    "exit code {status}": "退出码 {status}",
    "signal {status}": "信号 {status}",
    "none in the journal that this user may read": "当前用户可读的日志中没有",
    "none in the journal that this user may read; its last status: {status}": (
        "当前用户可读的日志中没有；它最后的状态：{status}"
    ),
    "its last error: {error}": "它最后的错误：{error}",
    "what the one leaves beside the queue, the other can't use": "一方在队列旁留下的文件，另一方无法使用",
    "systemctl gave no answer within {seconds} s": "systemctl 在 {seconds} 秒内没有应答",
    "systemctl ended with exit code {code}: {output}": "systemctl 以退出码 {code} 结束：{output}",
    "{setting} is {theirs} there and {ours} here": "{setting} 在那里是 {theirs}，在这里是 {ours}",
    "not in the media folder or the database": "但媒体目录和数据库相同",
    "not readable ({why})": "无法读取（{why}）",
    "no reason given": "没有说明原因",
    "nothing": "无",
    # --- ping ---
    "{host} answers: port {port} connects in {ms} ms": "{host} 有应答：端口 {port} 连接用时 {ms} 毫秒",
    "{host} answers: {echo} ms by ICMP, port {port} connects in {ms} ms": (
        "{host} 有应答：ICMP {echo} 毫秒，端口 {port} 连接用时 {ms} 毫秒"
    ),
    ", although it answers ping in {ms} ms": "，但 ping 在 {ms} 毫秒内有应答",
    "no answer within {seconds} s": "{seconds} 秒内没有应答",
    "the connection was not up yet": "连接尚未建立",
    "the connection to the NAS": "到 NAS 的连接",
    # --- database ---
    "opens and takes writes; {ready} file(s) wait": "可以打开并写入；{ready} 个文件在等待",
    ", {failed} failed earlier": "，之前失败 {failed} 个",
    # --- file_insert ---
    "{what} ({total} bytes) is in place and in the queue": "{what}（{total} 字节）已就位并进入队列",
    "{count} files, the first {first}": "{count} 个文件，第一个是 {first}",
    "; the daemon had scanned the folder and was faster with the row": "；守护进程已扫描目录，先写入了记录",
    "{needed} are needed": "需要 {needed}",
    # --- remote_verify ---
    "{path} holds the same {size} bytes (SHA-256 {sha256})": "{path} 内容相同，{size} 字节（SHA-256 {sha256}）",
    "{count} copies are right; the last: {last}": "{count} 个副本正确；最后一个：{last}",
    "{good} of {count} copies are right; {worst}": "{count} 个副本中 {good} 个正确；{worst}",
    "{ahead} file(s) ahead, {in_hand} in hand, {done} done meanwhile": (
        "前面有 {ahead} 个文件，正在处理 {in_hand} 个，其间完成 {done} 个"
    ),
    # --- local_delete ---
    "{file} was deleted after its delay of {delay}, and its copy is still right": (
        "{file} 在 {delay} 的延迟之后被删除，副本仍然正确"
    ),
    "the daemon found its list of deletions damaged at {anew} and has begun it anew, so the deletion falls due at "
    "{moment}; a later run settles it": (
        "守护进程于 {anew} 发现其待删除列表损坏并重新开始，因此删除将于 {moment} 到期；由之后的运行了结"
    ),
    "the deletion falls due at {moment}; the next run settles it": "删除将于 {moment} 到期；由下一次运行结清",
    "the deletion is due since {moment}; the next run settles it": "删除已于 {moment} 到期；由下一次运行结清",
    " ({settled} of {count} deletions are settled and right)": "（{count} 项删除中 {settled} 项已结清且正确）",
    "the daemon deletes it after its delay": "守护进程会在延迟之后删除它",
    # --- what is left ---
    "a disk of this server gave no answer": "本机的一块磁盘没有应答",
    "there was no time left": "没有时间了",
    "its row: {why}": "它的记录：{why}",
    "its copy on the NAS: {why}": "它在 NAS 上的副本：{why}",
    "{folder} is not there, or is another volume": "{folder} 不存在，或是另一个卷",
    "another check of this server may wait for it until {moment}": "本机的另一个检查可能在 {moment} 之前还需要它",
    "the daemon held it when it was withdrawn and may still publish a copy": (
        "撤回时守护进程正在处理它，仍可能发布副本"
    ),
    "the ledger could not be read and was put aside as {path}; {found}": "账本无法读取，已移为 {path}；{found}",
    "{count} marked file(s) were found by their names": "按名称找到 {count} 个带标记的文件",
    "leftovers could not be looked for: {error}": "无法查找遗留文件：{error}",
    "an unreadable state file was put aside as {path}": "无法读取的状态文件已移为 {path}",
    "an unreadable ledger was put aside as {path}": "无法读取的账本已移为 {path}",
    # --- the doctor ---
    "could not look: {reason}": "无法查看：{reason}",
    "{ok} ok, {warn} warn, {fail} fail, {unknown} unknown, {skipped} skipped": (
        "{ok} 项 ok，{warn} 项 warn，{fail} 项 fail，{unknown} 项 unknown，{skipped} 项 skipped"
    ),
    "SQLite {version}": "SQLite {version}",
    "SQLite {version} has the WAL-reset bug of 3.7.0 to 3.51.2, which very rarely damages a queue that two programs "
    "write at the same moment": (
        "SQLite {version} 带有 3.7.0 至 3.51.2 的 WAL-reset 缺陷：两个程序同一时刻写入队列时，极少数情况下会损坏它"
    ),
    "nothing to do but to take updates: sudo apt-get upgrade libsqlite3-0": (
        "无需处理，及时更新即可：sudo apt-get upgrade libsqlite3-0"
    ),
    "not installed": "未安装",
    "this program was not installed by pip, so what it needs is not recorded": (
        "本程序不是用 pip 安装的，因此没有记录它需要什么"
    ),
    "this terminal": "当前终端",
    "{locales}; language: {setting}": "{locales}；语言：{setting}",
    "daemon_settings.supervisor is none, so there are no units to look at": (
        "daemon_settings.supervisor 为 none，因此没有可查看的单元"
    ),
    "all start at boot, run as {user}, and end in time": "都随系统启动，以 {user} 运行，并会按时结束",
    "{unit} is not loaded": "{unit} 没有加载",
    "{unit} belongs to one user and has no sandbox": "{unit} 属于单个用户，没有沙箱",
    "{unit} has a root of its own, {path}": "{unit} 有自己的根目录 {path}",
    "{unit} can write in {writes}, and see all else that it needs": "{unit} 可以写入 {writes}，并能看到其他所需的一切",
    "{user} can write in {folders}": "{user} 可以写入 {folders}",
    "free: {free}": "可用空间：{free}",
    "none of the folders is there": "这些目录都不存在",
    "{path} is a queue; {count} file(s) wait": "{path} 是一个队列；有 {count} 个文件等待",
    "ssh {alias} means {account} port {port}": "ssh {alias} 指向 {account} 端口 {port}",
    "{path} is a key without passphrase, and private": "{path} 是没有口令的私钥，且只有属主可用",
    "{key} is pinned for {name} in {path}": "{path} 中为 {name} 固定了 {key}",
    "the NAS is reached through a proxy, which only a login proves": "NAS 经由代理到达，只有登录才能证明",
    "looking at it": "查看",
    "{account} can log in": "{account} 可以登录",
    "{path} is there": "{path} 存在",
    "{path} is there, and the account may write in it": "{path} 存在，且该账户可以写入",
    "{free} free, {reserve} reserved": "可用 {free}，预留 {reserve}",
    "what waits in the queue": "队列中等待的文件",
    "SFTP tells no time": "SFTP 不提供时间",
    "this NAS does not tell its free space": "该 NAS 不提供可用空间",
    "the NAS told no time": "NAS 没有给出时间",
    "at most {seconds} s off this server's": "与本服务器的时钟最多相差 {seconds} 秒",
    "ahead of": "快于",
    "behind": "慢于",
    # --- the commands ---
    "run {run_id} on {host}, ended {moment}": "{host} 上的运行 {run_id}，结束于 {moment}",
    "run {run_id} on {host} is under way since {moment}": "{host} 上的运行 {run_id} 自 {moment} 起正在进行",
    "the run that began at {moment} ended without a verdict": "{moment} 开始的运行没有结论就结束了",
    "the run that began at {moment} hangs": "{moment} 开始的运行卡住了",
    "stale: the last run was stopped at {moment}, and the verdict before it counts no more": (
        "已过期：上一次运行在 {moment} 被停止，而它之前的结论已不再有效"
    ),
    "the last run ended at {moment}, which is still to come: the clock was set back, so its age is not known": (
        "上一次运行结束于 {moment}，这个时刻还没有到：时钟被调回过，因此无法知道它有多旧"
    ),
    "stale: the last run ended {minutes} min ago, at {moment}; see: systemctl list-timers": (
        "已过期：上一次运行在 {minutes} 分钟前（{moment}）结束；查看：systemctl list-timers"
    ),
    "the run under way has no verdict yet, and the one before it is stale": (
        "正在进行的运行还没有结论，而上一个结论已过期"
    ),
    "wait for it": "等待它结束",
    "no run has been recorded in {folder}": "{folder} 中没有运行记录",
    "{path} can't be read: {reason}": "{path} 无法读取：{reason}",
    "start one: sudo systemctl start smoke-check": "启动一次：sudo systemctl start smoke-check",
    "run the check again: sudo systemctl start smoke-check": "重新运行检查：sudo systemctl start smoke-check",
    "still there: {name}: {reason}": "仍然存在：{name}：{reason}",
    "nothing is left of any run": "没有任何运行的遗留",
    "warning: {text}": "警告：{text}",
    "problem: {text}": "问题：{text}",
    "{path} is good": "{path} 没有问题",
    "there is no key {key}": "没有配置项 {key}",
    "see them all: smoke-check config schema": "查看全部：smoke-check config schema",
    "interrupted": "已中断",
    "it is {kind}, not a file": "它是{kind}，不是文件",
    "this is a fault of smoke-check; run it with SMOKE_CHECK_DEBUG=1 and report what it prints": (
        "这是 smoke-check 的缺陷；用 SMOKE_CHECK_DEBUG=1 运行并报告其输出"
    ),
    "there is no cause '{code}'": "没有原因代码 '{code}'",
    "; did you mean {codes}?": "；是否指 {codes}？",
    "see them all: smoke-check explain": "查看全部：smoke-check explain",
    "named by: {parts}": "来自：{parts}",
    "it says: {text}": "显示：{text}",
    "  -> without a shell on the NAS: {text}": "  -> NAS 上没有 shell 时：{text}",
}

# Values of faults that are words and no data: exactly these are said in Chinese, all others as they are.
WORDS = {
    "see": "看到",
    "write in": "写入",
    "write": "写入",
    "run": "运行",
    "look at": "查看",
    "look around": "查看",
    "look for": "查找",
    "hash": "计算哈希",
    "make the folder": "创建目录",
    "measure the free space of": "测量可用空间",
    "open": "打开",
    "publish": "发布",
    "publish files in": "发布文件",
    "unpack files in": "解包文件",
    "remove": "删除",
    "remove the empty folder": "删除空目录",
    "TCP connection": "TCP 连接",
    "SSH greeting": "SSH 问候",
    "waiting for its SSH greeting": "等待 SSH 问候",
    "connecting": "连接",
    "key exchange": "密钥交换",
    "login": "登录",
    "ssh configuration": "ssh 配置",
    "the daemon stops": "守护进程正在停止",
    "missing": "缺失",
    "changed": "已改变",
    "unknown": "未知",
    "an unknown process": "未知进程",
    "it was modified": "已被修改",
    "it changed during the check": "检查期间发生变化",
    "its content is another": "内容不同",
    "its path is not absolute": "路径不是绝对路径",
    "it is a symbolic link": "它是符号链接",
    "it is a folder": "它是目录",
    "it is not a regular file": "它不是普通文件",
    "it is a folder, not a file": "它是目录，不是文件",
    "it says nothing": "它没有说明原因",
    "it ends with status {status} and says nothing": "它以状态 {status} 结束，没有说明原因",
    "it ends at once": "它立即结束",
    "without a word": "没有说明原因",
    "the command was killed there": "命令在那里被杀死",
    "it has a passphrase": "它有口令",
    "it is no private key of the kinds ed25519, ecdsa and rsa": "它不是 ed25519、ecdsa 或 rsa 类型的私钥",
    "Read-only file system": "只读文件系统",
    "a folder": "目录",
    "a FIFO": "FIFO",
    "a socket": "套接字",
    "a device": "设备",
    "something else": "其他东西",
    "No space left on device": "设备上没有剩余空间",
    "Disk quota exceeded": "超出磁盘配额",
    "its volume has room, and its SFTP server takes not one byte more and does not say why": (
        "存储空间尚有余量，而其 SFTP 服务器一个字节也不再接收，也不说明原因"
    ),
    "its SFTP server takes not one byte more, and tells neither why nor how much is free": (
        "其 SFTP 服务器一个字节也不再接收，既不说明原因，也不报告剩余空间"
    ),
    "no inode free": "没有可用的 inode",
    "Permission denied": "权限不足",
    "Input/output error": "输入输出错误",
    "No such file or directory": "没有该文件或目录",
    "Not a directory": "不是目录",
    "File exists": "文件已存在",
    "No route to host": "没有到主机的路由",
    "Network is unreachable": "网络不可达",
    "Connection reset by peer": "连接被对方重置",
    "Connection timed out": "连接超时",
    "Name or service not known": "名称未知",
    "Temporary failure in name resolution": "名称解析暂时失败",
    # --- reasons with values: celestial_nasops.language.REASONS ---
    "its row's file_name is '{name}'": "记录中的 file_name 是 '{name}'",
    "it is not in the media folder {folder}": "它不在媒体目录 {folder} 中",
    "its marker {name} is missing": "缺少标记文件 {name}",
    "its marker {name} is another one": "标记文件 {name} 是另一个",
    "it has {found} bytes by now and had {expected}": "它现在有 {found} 字节，原有 {expected}",
    "its answer is longer than {limit} bytes": "应答超过 {limit} 字节",
    "its shell ended early with status {status}": "其 shell 提前结束，状态为 {status}",
    "its SFTP server doesn't tell, for it lacks {extension}": "其 SFTP 服务器不提供，因为缺少 {extension}",
    "the shell that it gets lacks {tools}": "得到的 shell 缺少 {tools}",
    "what is sent to a command there does not all reach it, as where a profile asks something": (
        "发给那里的命令的内容没有全部到达命令，例如登录脚本要求输入时"
    ),
    "it refuses to run commands": "它拒绝运行命令",
    "the SFTP server says only '{text}' (status {status})": "SFTP 服务器只说 '{text}'（状态 {status}）",
    "the key is accepted, but {methods} is wanted too": "密钥已被接受，但还要求 {methods}",
    "{token} is not supported": "不支持 {token}",
    "it can't be created: {reason}": "无法创建：{reason}",
    # --- what a configuration's value should be ---
    "an absolute path": "绝对路径",
    "an absolute path, one that starts with ~, or empty": "绝对路径、以 ~ 开头的路径，或留空",
    "a name without spaces that does not start with '-'": "不含空格且不以 '-' 开头的名称",
    "a name without spaces that does not start with '-', or empty": "不含空格且不以 '-' 开头的名称，或留空",
    "a dot and up to 31 letters, digits, '.', '_' or '-'": "一个点加最多 31 个字母、数字、'.'、'_' 或 '-'",
    "up to 40 letters, digits, '_' or '-', a letter first": "最多 40 个字母、数字、'_' 或 '-'，以字母开头",
    "up to 10 letters or digits, such as .bin": "最多 10 个字母或数字，例如 .bin",
    "a time of day such as 07:00": "一天中的时刻，例如 07:00",
    "a time of day such as 22:00, or 24:00": "一天中的时刻，例如 22:00，或 24:00",
    "a unit's name that ends in .service": "以 .service 结尾的单元名",
    "a text that is not empty": "非空文本",
    "a relative folder without '..'": "不含 '..' 的相对目录",
    "times that do not overlap": "互不重叠的时段",
    "made of YYYY, MM, DD (or %Y, %m, %d), for example YYYY/MM/DD": (
        "由 YYYY、MM、DD（或 %Y、%m、%d）组成，例如 YYYY/MM/DD"
    ),
    "a prefix without eight digits in a row, which would be read as a date": "不含连续八位数字的前缀，否则会被当作日期",
    # --- what is wrong with JSON ---
    "Expecting value": "此处应有一个值",
    "Expecting ',' delimiter": "此处应有逗号 ','",
    "Expecting ':' delimiter": "此处应有冒号 ':'",
    "Expecting property name enclosed in double quotes": "此处应有双引号中的键名",
    "Illegal trailing comma before end of object": "对象末尾多了一个逗号",
    "Illegal trailing comma before end of array": "数组末尾多了一个逗号",
    "Extra data": "此后还有多余的内容",
    "Unterminated string starting at": "从此处开始的字符串没有结束",
    "Invalid control character at": "此处有非法的控制字符",
}
