"""What else only the doctor names."""

from __future__ import annotations

from healthcheck import causes
from healthcheck.catalogue.entry import Entry, Text, Translation

THEME = {"en": "What else the doctor sees", "zh": "doctor 的其他所见"}

ENTRIES = (
    Entry(
        causes.CONFIG_WARNS,
        where=("doctor",),
        en=Text(
            title="A value of the configuration should be looked at",
            explanation=(
                "The configuration is good and in use, and something in it is probably not what its author "
                "meant: a key that nobody reads, or values that don't go together. The programs work with it as "
                "it is. Correcting it is safe; the daemon takes it over when it is reloaded."
            ),
        ),
        zh=Translation(
            title="配置中有值得留意之处",
            explanation=(
                "配置有效且正在使用，但其中某处可能并非作者本意：没有程序读取的键，或互不相配的值。程序按现状工作。"
                "改正它是安全的；守护进程重新加载后生效。"
            ),
            summary="配置 {path}：{warning}",
            remedy="改正该处，然后试一试：smoke-check config check {path}",
        ),
    ),
    Entry(
        causes.PACKAGE_UNFIT,
        where=("doctor",),
        en=Text(
            title="A Python package has the wrong version",
            explanation=(
                "The programs were made for other versions of this package, or it is missing from their virtual "
                "environment. Usually somebody ran pip there by hand. The installer puts the right ones back, "
                "without network where the bundle has them."
            ),
        ),
        zh=Translation(
            title="Python 软件包版本不符",
            explanation=(
                "程序是针对该软件包的其他版本编写的，或它在虚拟环境中缺失。通常是有人手动运行过 pip。安装程序"
                "会放回正确的版本；安装包自带时无需网络。"
            ),
            summary="Python 软件包 {package} 为 {found}，需要 {needed}",
            remedy="重新安装本版本自带的软件包：sudo ./install.sh",
        ),
    ),
    Entry(
        causes.LOCALE_UNKNOWN,
        where=("doctor",),
        en=Text(
            title="A locale is asked for that does not exist here",
            explanation=(
                "The environment names a locale that was never made on this server. The check works all the "
                "same, while other programs complain or fall back to plain English, and file names may be shown "
                "wrongly. Making the locale is safe."
            ),
        ),
        zh=Translation(
            title="指定的区域设置在本机不存在",
            explanation=(
                "环境变量指定的区域设置从未在本服务器上生成。检查照常工作，但其他程序会抱怨或退回英文，文件名也可"
                "能显示有误。生成该区域设置是安全的。"
            ),
            summary="{who} 指定的区域设置 {locale} 在本服务器上不存在",
            remedy=(
                "生成它：sudo localedef -i {language} -f UTF-8 {locale}；"
                "或改用已有的：sudo localectl set-locale LANG=C.UTF-8"
            ),
        ),
    ),
    Entry(
        causes.LOCALE_NOT_UTF8,
        where=("doctor",),
        en=Text(
            title="Chinese is asked for and can't be shown",
            explanation=(
                "Chinese is wanted by the configuration or the locale, and the locale's encoding has no Chinese "
                "characters. The check speaks English there rather than print what nobody can read. The journal "
                "and the status file are not concerned."
            ),
        ),
        zh=Translation(
            title="要求中文但无法显示",
            explanation=(
                "配置或区域设置要求中文，而其编码无法表示中文字符。检查会改说英文，而不是打印无法阅读的内容。日志"
                "和状态文件不受影响。"
            ),
            summary="{who} 的区域设置 {locale} 不是 UTF-8，无法显示中文，因此改说英文",
            remedy="改用支持的区域设置：sudo localectl set-locale LANG={right}",
        ),
    ),
    Entry(
        causes.DOCTOR_BLIND,
        where=("doctor",),
        en=Text(
            title="The doctor was started by another user",
            explanation=(
                "Whether the programs may read and write is known only to the account that runs them. The doctor "
                "goes on as that account where root starts it. What another user can or can't see says nothing."
            ),
        ),
        zh=Translation(
            title="doctor 由其他用户启动",
            explanation=(
                "程序能否读写，只有运行它们的账户才知道。由 root 启动时，doctor 会以该账户继续。其他"
                "用户能看到什么说明不了问题。"
            ),
            summary="程序以用户 {user} 运行，只有该用户或 root 才能看到它们所见；当前用户是 {own}",
            remedy="sudo smoke-check doctor --config {config_path}",
        ),
    ),
    Entry(
        causes.KEY_OPEN_TO_OTHERS,
        where=("remote_verify", "doctor"),
        en=Text(
            title="The key can be used by others",
            explanation=(
                "ssh refuses a private key that others than its owner may read, and large files go through ssh. "
                "A copy or a restore often leaves such a mode behind. If others could log in here, make a new "
                "key instead."
            ),
        ),
        zh=Translation(
            title="其他用户可以使用密钥",
            explanation=(
                "ssh 拒绝使用属主以外的用户可读的私钥，而大文件经由 ssh 传输。复制或恢复常会留下这样的权"
                "限。如果有其他人能登录本机，请另建密钥。"
            ),
            summary="属主以外的用户也可以使用密钥 {path}（权限 {mode}），因此 ssh 拒绝使用它",
            remedy="sudo chmod 600 {path}",
        ),
    ),
    Entry(
        causes.FILE_OPEN_TO_OTHERS,
        where=("doctor",),
        en=Text(
            title="Every user may change a file of the programs",
            explanation=(
                "Whoever may change the queue, the configuration, the list of pinned host keys or the daemon's "
                "state decides what is carried, where to, and what is deleted. Taking that right from the others "
                "is safe."
            ),
        ),
        zh=Translation(
            title="任何用户都可以修改程序的文件",
            explanation=(
                "能修改队列、配置、固定的主机密钥或守护进程状态的人，就能决定传输什么、传到哪里、删除什么。收回其"
                "他用户的权限是安全的。"
            ),
            summary="本服务器的任何用户都可以修改 {path}（权限 {mode}）",
            remedy="sudo chmod o-w {path}",
        ),
    ),
    Entry(
        causes.FILE_OF_ANOTHER,
        where=("doctor",),
        en=Text(
            title="A file of the programs belongs to another user",
            explanation=(
                "ssh's configuration, the key or the pinned host keys are there, and the account of the programs "
                "may not read them. Often somebody edited or copied them as root. Giving the file to that "
                "account is safe."
            ),
        ),
        zh=Translation(
            title="程序的文件属于其他用户",
            explanation=(
                "ssh 配置、密钥或固定的主机密钥存在，但程序的账户无权读取。往往是有人以 root 编辑或复制"
                "过。把文件交给该账户是安全的。"
            ),
            summary="用户 {user} 无法读取 {path}：它属于 {owner}（权限 {mode}）",
            remedy="sudo chown {user} {path}",
        ),
    ),
    Entry(
        causes.MODE_TOO_TIGHT,
        where=("doctor",),
        en=Text(
            title="The programs' own user may not write",
            explanation=(
                "The path belongs to the right user, and its mode forbids that user to write. Somebody protected "
                "it by hand, or it was restored so. Giving the right back is safe."
            ),
        ),
        zh=Translation(
            title="程序自己的用户无法写入",
            explanation="路径属于正确的用户，但权限禁止其写入。可能是有人手动保护，或恢复时如此。恢复该权限是安全的。",
            summary="{path} 的权限为 {mode}，因此其属主也无法写入（{setting}）",
            remedy="sudo chmod {right} {path}",
        ),
    ),
    Entry(
        causes.SPACE_LOW,
        where=("doctor",),
        en=Text(
            title="A disk of this server is nearly full",
            explanation=(
                "Less than a twentieth is free, and less than one large file needs. The dock can soon store "
                "nothing more, and the queue can't grow. Look what takes the room; media that were carried are "
                "deleted by the daemon itself."
            ),
        ),
        zh=Translation(
            title="本服务器的磁盘快满了",
            explanation=(
                "可用空间不足二十分之一，也不够一个大文件。dock 很快就无法存储，队列也无法增长。请查看是什么"
                "占用了空间；已传输的媒体由守护进程自己删除。"
            ),
            summary="{path} 的空间所剩不多（{setting}）：总共 {total}，可用 {free}",
            remedy=("查看是什么占用：df -h {path}; df -i {path}；以及等待删除的文件：sudo media-sync-daemon queue"),
        ),
    ),
    Entry(
        causes.NAS_CHANGED,
        where=("doctor",),
        en=Text(
            title="The NAS can do something else than before",
            explanation=(
                "What the daemon found at its last connection is not what the NAS offers now. A service was "
                "switched on or off there, it was updated, or another account answers. What is proven of copies "
                "may have become more or less."
            ),
        ),
        zh=Translation(
            title="NAS 的能力与之前不同",
            explanation=(
                "守护进程上次连接时的发现与 NAS 现在提供的不一致。可能是某项服务被打开或关闭、系统已更新，或"
                "换了账户。对副本的证明程度可能随之改变。"
            ),
            summary="NAS 与守护进程上次连接时不同：之前 {before}；现在 {now}",
            remedy=("查看那里打开或关闭了什么；然后让守护进程重新连接：sudo systemctl restart {unit}"),
        ),
    ),
    Entry(
        causes.NAS_CLOCK_OFF,
        where=("doctor",),
        en=Text(
            title="The clocks of the NAS and this server differ",
            explanation=(
                "Files without a date in their names go into the folder of the day, so around midnight that may "
                "be another day than people expect, and times in logs can't be compared. Certificates and keys "
                "with a date may be refused. Letting both keep the time by NTP is safe."
            ),
        ),
        zh=Translation(
            title="NAS 与本服务器的时钟不一致",
            explanation=(
                "名称中没有日期的文件按当天归入目录，因此午夜前后可能落在另一天，日志时间也无法对照。带有日期的证"
                "书和密钥可能被拒绝。让两者用 NTP 对时是安全的。"
            ),
            summary="{host} 的时钟{direction}本服务器 {seconds} 秒",
            remedy=(
                "让两者自动对时：sudo timedatectl set-ntp true；在 NAS 上（DS"
                "M：控制面板，区域选项，时间）打开 NTP；查看：ssh {target} date; date"
            ),
        ),
    ),
)
