"""Logging in to the NAS."""

from __future__ import annotations

from celestial_nasops import causes as shared
from healthcheck.catalogue.entry import Entry, Text, Translation

THEME = {"en": "Logging in to the NAS", "zh": "登录 NAS"}

ENTRIES = (
    Entry(
        shared.NAS_HOST_KEY_UNKNOWN,
        where=("remote_verify", "local_delete", "daemon"),
        en=Text(
            title="The NAS's host key was never accepted",
            explanation=(
                "This server has no record of the NAS's host key, so it can't tell the NAS from a stranger, and "
                "nothing is sent. It is normal on a new server, or after the service user was changed. Compare "
                "the fingerprint on the NAS itself before it is accepted; accepting it unseen gives the media to "
                "whoever answers."
            ),
        ),
        zh=Translation(
            title="尚未接受 NAS 的主机密钥",
            explanation=(
                "本机没有 NAS 主机密钥的记录，无法分辨对方是 NAS 还是陌生人，因此什么也不发送。新服务器或更换服务"
                "用户之后这是正常的。接受之前请先在 NAS 上核对指纹；不看就接受，等于把媒体交给任何应答者。"
            ),
            summary="{host} 的主机密钥不在 {known_hosts} 中；它出示的是 {seen}",
            remedy=(
                "与 NAS 自身的指纹核对（在 NAS 上用 sudo ssh-keygen -lf {key_file} 查看），"
                "然后登录一次并接受：ssh {target}"
            ),
        ),
    ),
    Entry(
        shared.NAS_HOST_KEY_CHANGED,
        where=("remote_verify", "local_delete", "daemon"),
        en=Text(
            title="The NAS's host key has changed",
            explanation=(
                "The machine that answers shows another key than the one that was accepted. The NAS was replaced "
                "or reinstalled, another machine has its address, or somebody is in between. Nothing is sent. "
                "Remove the old key only after you have compared the new fingerprint on the NAS itself."
            ),
        ),
        zh=Translation(
            title="NAS 的主机密钥已改变",
            explanation=(
                "应答的机器出示的密钥与当初接受的不同。可能是 NAS 被更换或重装、别的机器占用了它的地址，或有人在"
                "中间。什么也不会发送。只有在 NAS 上核对过新指纹之后，才可删除旧密钥。"
            ),
            summary="{host} 的主机密钥已改变：{seen}，{known_hosts} 中应为 {expected}",
            remedy=(
                "查明原因（换了 NAS，还是有人在中间？）；在 NAS 上用 sudo ssh-keygen -lf {key_file} 查看它自身的；"
                "如果确认无误："
                "ssh-keygen -R '{known_hosts_name}' -f {known_hosts} && ssh {target}"
            ),
        ),
    ),
    Entry(
        shared.NAS_HOST_KEY_REVOKED,
        where=("remote_verify", "local_delete", "daemon"),
        en=Text(
            title="The NAS shows a revoked host key",
            explanation=(
                "Somebody has marked this very key as not to be trusted, and a machine shows it. Nothing is "
                "sent. Either the NAS still uses a key that was given up, or another machine uses a stolen one. "
                "Don't remove the mark before that is clear."
            ),
        ),
        zh=Translation(
            title="NAS 出示了已吊销的主机密钥",
            explanation=(
                "有人已把这个密钥标记为不可信，而某台机器正在出示它。什么也不会发送。要么 NAS 还在使用已废弃的密"
                "钥，要么别的机器在使用被盗的密钥。弄清之前不要去掉该标记。"
            ),
            summary="{host} 出示的主机密钥已被 {known_hosts} 标记为吊销：{seen}",
            remedy="不要在那里登录；给 NAS 换新的主机密钥，或查明是谁在代替它应答：ssh -v {target}",
        ),
    ),
    Entry(
        shared.NAS_KEY_MISSING,
        where=("remote_verify", "local_delete", "daemon"),
        en=Text(
            title="There is no key to log in with",
            explanation=(
                "None of the private keys that ssh would use exists for the service user. Usually the key was "
                "made for another user, or security.ssh_key_path holds an old path. Making a new key and "
                "installing its public half on the NAS is safe."
            ),
        ),
        zh=Translation(
            title="没有可用于登录的密钥",
            explanation=(
                "对服务用户来说，ssh 会用到的私钥一个都不存在。通常是密钥属于另一个用户，或 "
                "security.ssh_key_path 里是旧路径。新建密钥并把公钥装到 NAS 上是安全的。"
            ),
            summary="没有可用于登录 {host} 的密钥：{paths}",
            remedy=(
                "新建并安装一个：ssh-keygen -t ed25519 -N '' -f {path} && ssh-copy-id -i {path} {target}；"
                "或设置 unified_config.json 中的 security.ssh_key_path"
            ),
        ),
    ),
    Entry(
        shared.NAS_KEY_UNUSABLE,
        where=("remote_verify", "local_delete", "daemon"),
        en=Text(
            title="The key can't be used",
            explanation=(
                "The key file is there and is of no use to a service: protected by a passphrase, unreadable for "
                "this user, or no private key at all. Nobody is there to type a passphrase. Make a key of its "
                "own for this service rather than taking the passphrase from a personal one."
            ),
        ),
        zh=Translation(
            title="密钥无法使用",
            explanation=(
                "密钥文件存在，但服务用不了：有口令保护、当前用户无法读取，或根本不是私钥。没有人在场输入口令。请"
                "为这个服务单独生成密钥，而不是去掉个人密钥的口令。"
            ),
            summary="密钥 {path} 无法使用：{reason}",
            remedy="它必须是用户 {user} 的、没有口令的私钥：sudo chown {user} {path}; ssh-keygen -p -N '' -f {path}",
        ),
    ),
    Entry(
        shared.NAS_KEY_REFUSED,
        where=("remote_verify", "local_delete", "daemon"),
        en=Text(
            title="The NAS refuses the key",
            explanation=(
                "The NAS is reached and does not accept the key for this account. The public key is not "
                "installed there, the account is locked, or its home or .ssh can be written by others, which "
                "makes sshd ignore the keys. Only one try is made, because DSM blocks an address after several."
            ),
        ),
        zh=Translation(
            title="NAS 拒绝该密钥",
            explanation=(
                "可以连到 NAS，但它不接受该账户的这个密钥。可能是公钥没有安装、账户被锁定，或家目录、.ssh 可被他"
                "人写入，使 sshd 忽略密钥。只会尝试一次，因为多次失败后 DSM 会封锁地址。"
            ),
            summary="{host} 拒绝用户 {username} 的密钥 {path}",
            remedy=(
                "在 NAS 上安装密钥：ssh-copy-id -i {path} {target}；如果已经安装，请在 NAS 上确认家目录及其 .ssh "
                "不允许他人写入，且账户未被锁定：ls -ld ~{username} ~{username}/.ssh; sudo passwd -S {username}"
            ),
        ),
    ),
    Entry(
        shared.NAS_ACCOUNT_REFUSED,
        where=("remote_verify", "local_delete", "daemon"),
        en=Text(
            title="The NAS lets the account not log in",
            explanation=(
                "The NAS takes the key, and then ends the login with the words that are quoted. An account that "
                "was deactivated or has expired does that, and so does a NAS that is about to shut down. Files "
                "wait until the account is active again; nothing is lost."
            ),
        ),
        zh=Translation(
            title="NAS 不允许该账户登录",
            explanation=(
                "NAS 接受了密钥，随后以所引用的话结束登录。账户被停用或已过期会这样，即将关机的 NAS 也会。账户恢复之"
                "前文件会等待，不会丢失。"
            ),
            summary="{host} 结束了 {username} 的登录，并说：{output}",
            remedy=(
                "在 NAS 上查看该账户是否过期或被锁定（DSM：控制面板 > 用户与群组）：sudo chage -l {username}; "
                "sudo passwd -S {username}"
            ),
        ),
    ),
    Entry(
        shared.NAS_LOGIN_HANGS,
        where=("remote_verify", "local_delete", "daemon"),
        en=Text(
            title="The login on the NAS hangs",
            explanation=(
                "The NAS answers and shows its host key, and then nothing comes: it does not decide over the login, "
                "or the account's shell never begins. A disk that wakes up or fails, a profile that waits for "
                "something, or a directory service that is away hold a login up. Files wait; nothing is lost."
            ),
        ),
        zh=Translation(
            title="NAS 上的登录卡住",
            explanation=(
                "NAS 有应答并出示了主机密钥，之后便没有动静：它不对登录作出决定，或该账户的 shell 一直没有开始。磁盘"
                "正在唤醒或有故障、profile 在等待某事、目录服务不可用，都会卡住登录。文件会等待，不会丢失。"
            ),
            summary="{host} 上 {username} 的登录在 {seconds} 秒内没有应答（{stage}）",
            remedy=(
                "查看它在那里等什么（正在唤醒或有故障的磁盘、profile、目录服务）："
                "ssh -v {target} uptime；如果这样也卡住，请重启 NAS"
            ),
        ),
    ),
    Entry(
        shared.NAS_NO_COMMON_ALGORITHM,
        where=("remote_verify", "local_delete", "daemon"),
        en=Text(
            title="The two sides share no algorithm",
            explanation=(
                "The NAS offers only algorithms that this server does not speak any more, or the other way "
                "round. It happens with very old DSM versions and with hardened ones. Updating the NAS is the "
                "safe way; don't allow weak algorithms here for its sake."
            ),
        ),
        zh=Translation(
            title="双方没有共同的算法",
            explanation=(
                "NAS 只提供本机不再支持的算法，或者相反。很旧的 DSM 和经过加固的 DSM 都会这样。升级 NAS 是安全的"
                "做法；不要为了它在本机启用弱算法。"
            ),
            summary="{host} 与本机没有共同的算法：{reason}",
            remedy=(
                "在 NAS 上允许其中一种（DSM：控制面板 > 终端机和 SNMP > 高级），或升级 NAS；在 NAS 上查看现有的："
                "sudo sshd -T | grep -iE 'ciphers|macs|algorithms'"
            ),
        ),
    ),
    Entry(
        shared.NAS_NO_SHELL,
        where=("remote_verify", "local_delete", "daemon"),
        en=Text(
            title="The account gets no shell on the NAS",
            explanation=(
                "The login works and the commands that verify a copy can't be run. DSM gives a shell to members "
                "of administrators only, and nologin or an SFTP-only setting have the same effect. So has a shell "
                "that lacks a tool which every file needs, and a profile that asks something: it would read the "
                "beginning of each file. Files wait, and nothing is deleted while copies can't be verified."
            ),
        ),
        zh=Translation(
            title="该账户在 NAS 上没有 shell",
            explanation=(
                "可以登录，但无法运行校验副本的命令。DSM 只给 administrators 组成员提供 shell；nologin 或仅限 "
                "SFTP 的设置效果相同。shell 缺少每个文件都需要的工具，或登录脚本要求输入（会读走每个文件的开头），"
                "也是如此。文件会等待；无法校验副本期间不会删除任何文件。"
            ),
            summary="{host} 上的 {username} 没有 shell：{output}",
            remedy=(
                "在 NAS 上打开 SFTP（DSM：控制面板 > 文件服务 > FTP > SFTP），或给该账户一个 shell（DSM 只给 "
                "administrators 组成员提供）；试一试：sftp {target}"
            ),
        ),
    ),
    Entry(
        shared.NAS_SESSION_REFUSED,
        where=("remote_verify", "local_delete", "daemon"),
        en=Text(
            title="The NAS refuses another session",
            explanation=(
                "The login works and no further channel may be opened in it. MaxSessions of the NAS is small, or "
                "many programs share one connection. Files wait and nothing is lost."
            ),
        ),
        zh=Translation(
            title="NAS 拒绝再开会话",
            explanation=(
                "可以登录，但不允许再打开通道。NAS 的 MaxSessions 太小，或很多程序共用一个连接。文件会等待，不会丢失。"
            ),
            summary="{host} 拒绝再打开会话：{reason}",
            remedy=(
                "在 NAS 的 sshd_config 中调大 MaxSessions，并重启其 SSH 服务；在 NAS 上查看现在的值："
                "sudo sshd -T | grep -i maxsessions"
            ),
        ),
    ),
    Entry(
        shared.NAS_NO_SFTP,
        where=("remote_verify", "local_delete", "daemon"),
        en=Text(
            title="The account gets no SFTP",
            explanation=(
                "The configuration asks for SFTP, or the account has nothing else, and the NAS does not offer "
                "it. On DSM it is a service of its own, often switched off. Switching it on is safe; files wait "
                "until then."
            ),
        ),
        zh=Translation(
            title="该账户没有 SFTP",
            explanation=(
                "配置要求使用 SFTP，或该账户只能用 SFTP，而 NAS 没有提供。在 DSM 上它是一项单独的服务，常常是关闭"
                "的。打开它是安全的；在此之前文件会等待。"
            ),
            summary="{host} 上的 {username} 没有 SFTP：{reason}",
            remedy=(
                "打开它（DSM：控制面板 > 文件服务 > FTP > SFTP）并允许该账户使用，或把 unified_config.json 中的 "
                "nas_settings.access 设为 auto；试一试：sftp {target}"
            ),
        ),
    ),
)
