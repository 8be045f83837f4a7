"""The way to the NAS."""

from __future__ import annotations

from celestial_nasops import causes as shared
from healthcheck import causes
from healthcheck.catalogue.entry import Entry, Text, Translation

THEME = {"en": "The way to the NAS", "zh": "通往 NAS 的连接"}

ENTRIES = (
    Entry(
        shared.NAS_ALIAS_UNKNOWN,
        where=("ping", "remote_verify", "daemon"),
        en=Text(
            title="The ssh alias is not defined",
            explanation=(
                "nas_settings.ssh_alias names a host that the service user's ssh configuration does not know, "
                "and no such name can be resolved either. Usually the entry is in another user's file, or the "
                "alias was misspelt. Adding the entry is safe and needs no restart."
            ),
        ),
        zh=Translation(
            title="ssh 别名没有定义",
            explanation=(
                "nas_settings.ssh_alias 指定的主机在服务用户的 ssh 配置中不存在，这个名称也无法解析。通常是条目写"
                "在了另一个用户的文件里，或别名拼写有误。添加条目是安全的，也不需要重启。"
            ),
            summary="ssh 不认识主机 '{alias}'，该名称也无法解析",
            remedy=(
                "在 {ssh_config} 中加入 'Host {alias}'，或改正 unified_config.json 中的 nas_settings.ssh_alias；"
                "查看：ssh -G {alias}"
            ),
        ),
    ),
    Entry(
        shared.NAS_NAME_UNKNOWN,
        where=("ping", "remote_verify", "local_delete", "daemon"),
        en=Text(
            title="The NAS's name can't be resolved",
            explanation=(
                "Neither the name server nor /etc/hosts knows the name of the NAS. The name may be wrong, the "
                "name server unreachable, or the link of this server down. An address in place of the name works "
                "without a name server."
            ),
        ),
        zh=Translation(
            title="NAS 的名称无法解析",
            explanation=(
                "域名服务器和 /etc/hosts 都不认识 NAS 的名称。可能是名称有误、域名服务器不可达，或本机链路断开。"
                "用地址代替名称则不需要域名服务器。"
            ),
            summary="名称 {host} 无法解析：{reason}",
            remedy="检查名称和本机的 DNS：getent hosts {host}",
        ),
    ),
    Entry(
        shared.NAS_NO_ROUTE,
        where=("ping", "remote_verify", "local_delete", "daemon"),
        en=Text(
            title="There is no way to the NAS",
            explanation=(
                "The kernel knows no way to that address, or the last router says that the host is not there. A "
                "cable, a switched-off NAS in the same network, a lost route or a VPN that is down lead to this. "
                "Nothing is lost: files wait until the way is back."
            ),
        ),
        zh=Translation(
            title="没有通往 NAS 的路由",
            explanation=(
                "内核找不到通往该地址的路径，或最后一跳报告主机不在。网线松脱、同网段的 NAS 关机、路由丢失或 VPN "
                "断开都会这样。不会有损失：文件会等到线路恢复。"
            ),
            summary="无法到达 {host} 端口 {port}：{reason}",
            remedy="检查本机的网络：ip route get {host}",
        ),
    ),
    Entry(
        shared.NAS_REFUSED,
        where=("ping", "remote_verify", "local_delete", "daemon"),
        en=Text(
            title="The NAS refuses SSH connections",
            explanation=(
                "The machine is on and nothing listens on the port, or a firewall refuses it. Mostly the SSH "
                "service was switched off in DSM, after an update for example, or it listens on another port. "
                "Switching it on again is safe; files wait until then."
            ),
        ),
        zh=Translation(
            title="NAS 拒绝 SSH 连接",
            explanation=(
                "机器是开着的，但该端口无人监听，或被防火墙拒绝。多半是 DSM 中的 SSH 服务被关闭（例如更新之后），"
                "或改用了别的端口。重新打开是安全的；在此之前文件会等待。"
            ),
            summary="{host} 拒绝端口 {port} 上的连接",
            remedy="确认 SSH 已打开（DSM：控制面板 > 终端机和 SNMP）且端口正确：ssh -v -p {port} {host}",
        ),
    ),
    Entry(
        shared.NAS_SILENT,
        where=("ping", "remote_verify", "local_delete", "daemon"),
        en=Text(
            title="The NAS gives no answer",
            explanation=(
                "Packets go out and nothing comes back at the stage that is named. The NAS is off, asleep or "
                "hangs, or a firewall drops the packets. A NAS that wakes up from hibernation answers on the "
                "next run. Files wait meanwhile; nothing is lost."
            ),
        ),
        zh=Translation(
            title="NAS 没有应答",
            explanation=(
                "数据包发出后，在所指阶段没有任何回应。NAS 关机、休眠或卡死，或防火墙丢弃了数据包。从休眠中唤醒的"
                " NAS 会在下一次运行时应答。其间文件等待，不会丢失。"
            ),
            summary="{host} 端口 {port} 在 {seconds} 秒内没有应答（{stage}）",
            remedy="确认 NAS 已开机且已唤醒，中间没有防火墙：ssh -v -p {port} {host}",
        ),
    ),
    Entry(
        shared.NAS_HUNG_UP,
        where=("ping", "remote_verify", "local_delete", "daemon"),
        en=Text(
            title="The NAS closes the connection",
            explanation=(
                "The connection opens and the other side ends it before a login. Too many connections at once "
                "(MaxStartups), an address that DSM has blocked after failed logins, or an SSH service that is "
                "just starting do that. Don't try again and again by hand: that prolongs a block."
            ),
        ),
        zh=Translation(
            title="NAS 关闭了连接",
            explanation=(
                "连接建立后，对方在登录之前就断开。同时连接过多（MaxStartups）、登录失败后地址被 DSM 封锁，或 "
                "SSH 服务正在启动，都会这样。不要反复手工尝试：那会延长封锁。"
            ),
            summary="{host} 端口 {port} 关闭了连接（{stage}）：{reason}",
            remedy=(
                "NAS 可能连接过多，或封锁了本机地址（DSM：控制面板 > 安全性 > 保护）；试一试：ssh -v -p {port} {host}"
            ),
        ),
    ),
    Entry(
        shared.NAS_CONNECTION_LOST,
        where=("remote_verify", "local_delete", "daemon"),
        en=Text(
            title="The connection to the NAS was lost",
            explanation=(
                "A connection that worked ended in the middle of something. The link was cut, the NAS restarted, "
                "or its SSH service was ended. What was being sent is not published; the daemon goes on when the "
                "way is back."
            ),
        ),
        zh=Translation(
            title="与 NAS 的连接中断",
            explanation=(
                "原本正常的连接在操作中途断开。可能是链路被切断、NAS 重启，或其 SSH 服务被停止。正在发送的内容不"
                "会发布；线路恢复后守护进程会继续。"
            ),
            summary="与 {host} 的连接中断（{stage}）",
            remedy="检查网络和 NAS：ping {host}; ssh {target}",
        ),
    ),
    Entry(
        shared.NAS_PROXY_FAILED,
        where=("remote_verify", "local_delete", "daemon"),
        en=Text(
            title="The way through the proxy failed",
            explanation=(
                "The ssh configuration says that the NAS is reached through another host or command, and that "
                "one failed. The jump host is down, refuses the key, or can't reach the NAS itself. Trying by "
                "hand with -v shows which of them it is."
            ),
        ),
        zh=Translation(
            title="经由代理的连接失败",
            explanation=(
                "ssh 配置指定经由另一台主机或命令到达 NAS，而它失败了。跳板机关机、拒绝密钥，或它自己也到不了 NAS"
                "。手工加 -v 尝试即可看出是哪一步。"
            ),
            summary="经由 {proxy} 到 {host} 的连接失败：{reason}",
            remedy="手工试一试：ssh -v {target}",
        ),
    ),
    Entry(
        shared.NAS_SSH_FAILED,
        where=("remote_verify", "local_delete", "daemon"),
        en=Text(
            title="The SSH connection failed",
            explanation=(
                "SSH failed at the stage that is named, in a way that has no name of its own here; its words are "
                "quoted. An option of the ssh configuration that is not supported shows here as well. Trying by "
                "hand with -v shows more."
            ),
        ),
        zh=Translation(
            title="SSH 连接失败",
            explanation=(
                "SSH 在所指阶段失败，这种情况没有单独命名，这里引用了原文。ssh 配置中不支持的选项也会显示在这里。"
                "手工加 -v 尝试可看到更多。"
            ),
            summary="到 {host} 的 SSH 连接失败（{stage}）：{reason}",
            remedy="手工试一试：ssh -v {target}",
        ),
    ),
    Entry(
        causes.ICMP_BLOCKED,
        where=("ping",),
        en=Text(
            title="The NAS does not answer ping",
            explanation=(
                "The SSH port answers, so the NAS can be reached; only ICMP echo is not answered. A firewall on "
                "the NAS or between does that, often on purpose. Nothing is broken and files are carried."
            ),
        ),
        zh=Translation(
            title="NAS 不应答 ping",
            explanation=(
                "SSH 端口有应答，说明 NAS 可以到达；只是不应答 ICMP 回显。NAS 上或中间的防火墙会这样，往往是有意"
                "的。没有故障，文件照常传输。"
            ),
            summary="{host} 不应答 ping，但其 SSH 端口有应答",
            remedy="没有故障；如果需要应答 ping，请在 NAS 及中间设备上允许 ICMP 回显",
        ),
    ),
    Entry(
        causes.NOT_SSH,
        where=("ping",),
        en=Text(
            title="The port is not an SSH server's",
            explanation=(
                "Something answers on the configured port, and it does not speak SSH: a web interface, a proxy, "
                "another machine with that address. Usually the port in the ssh configuration or in "
                "nas_settings.port is wrong. No password or key was sent to it."
            ),
        ),
        zh=Translation(
            title="该端口不是 SSH 服务",
            explanation=(
                "所配置的端口有应答，但说的不是 SSH：可能是网页界面、代理，或占用该地址的另一台机器。通常是 ssh "
                "配置或 nas_settings.port 中的端口有误。没有向它发送任何口令或密钥。"
            ),
            summary="{host} 端口 {port} 上应答的不是 SSH 服务器：它说的是 {banner}",
            remedy="改正 ssh 配置中的端口，或 nas_settings.port：ssh -v -p {port} {host}",
        ),
    ),
    Entry(
        causes.NAS_NOT_ALLOWED,
        where=("ping",),
        en=Text(
            title="The unit may not speak to the NAS's address",
            explanation=(
                "The unit allows itself only the addresses that it was made with, and the NAS has another one "
                "now. So it is this server that drops the packets, not the NAS. Making the units anew is safe "
                "and keeps their other settings."
            ),
        ),
        zh=Translation(
            title="服务单元不允许访问 NAS 的地址",
            explanation=(
                "服务单元只允许生成时的地址，而 NAS 现在是另一个地址。所以是本机丢弃了数据包，不是 NAS。重新生成"
                "单元是安全的，其他设置会保留。"
            ),
            summary="{unit} 不允许访问 {host}（{address}）：生成单元时 NAS 是另一个地址，只允许 {allowed}",
            remedy="重新生成单元：sudo ./install.sh；查看允许的地址：systemctl show --property=IPAddressAllow {unit}",
        ),
    ),
)
