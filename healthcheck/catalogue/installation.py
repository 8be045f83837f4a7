"""Installation and units."""

from __future__ import annotations

from healthcheck import causes
from healthcheck.catalogue.entry import Entry, Text, Translation

THEME = {"en": "Installation and units", "zh": "安装与服务单元"}

ENTRIES = (
    Entry(
        causes.NO_SSH_ALIAS,
        where=("installation",),
        en=Text(
            title="The service user has no ssh alias for the NAS",
            explanation=(
                "The installation looked for the alias in the service user's ssh configuration and found none. "
                "It is often defined for the person who installs, which does not help a service. Writing the "
                "entry is safe."
            ),
        ),
        zh=Translation(
            title="服务用户没有 NAS 的 ssh 别名",
            explanation=(
                "安装程序在服务用户的 ssh 配置中没有找到该别名。它往往定义在安装者自己的账户下，对服务没有用。写"
                "入该条目是安全的。"
            ),
            summary="用户 {user} 在 {path} 中没有 ssh 别名 '{alias}'",
            remedy="写入它，包括 NAS 的地址和账户：{command}",
        ),
    ),
    Entry(
        causes.NO_SSH_KEY,
        where=("installation",),
        en=Text(
            title="The service user has no key for the NAS",
            explanation=(
                "The key that the alias names does not exist for the service user. Without one nobody can log in "
                "to the NAS. Making one and adding its public half on the NAS is safe."
            ),
        ),
        zh=Translation(
            title="服务用户没有登录 NAS 的密钥",
            explanation=(
                "别名指定的密钥对服务用户来说不存在。没有密钥就无法登录 NAS。生成一个并把公钥加到 NAS 上是安全的。"
            ),
            summary="用户 {user} 没有用于登录 NAS 的密钥 {path}",
            remedy="生成一个：{command}；然后把 {path}.pub 中的一行加到 {account} 的 ~/.ssh/authorized_keys",
        ),
    ),
    Entry(
        causes.HOST_KEY_NOT_PINNED,
        where=("installation",),
        en=Text(
            title="The NAS's host key is not pinned",
            explanation=(
                "The service user has never accepted the NAS's host key, so no connection would be made. Compare "
                "the fingerprint on the NAS itself after it is pinned. Pinning an unseen key gives the media to "
                "whoever answers."
            ),
        ),
        zh=Translation(
            title="没有固定 NAS 的主机密钥",
            explanation=(
                "服务用户从未接受 NAS 的主机密钥，因此不会建立连接。固定之后请在 NAS 上核对指纹。不核对就固定，等"
                "于把媒体交给任何应答者。"
            ),
            summary="{path} 中没有固定 {name} 的主机密钥",
            remedy="固定它：{command}；然后与 NAS 显示的核对：ssh-keygen -l -f {path}",
        ),
    ),
    Entry(
        causes.OF_ANOTHER,
        where=("installation",),
        en=Text(
            title="A path belongs to another account",
            explanation=(
                "Both programs run as one user, and this path belongs to another account. Usually an older "
                "daemon ran under that name. Running as that account changes the least."
            ),
        ),
        zh=Translation(
            title="路径属于另一个账户",
            explanation=(
                "两个程序以同一个用户运行，而该路径属于另一个账户。通常是旧版守护进程以那个身份运行。以该账户运行"
                "改动最少。"
            ),
            summary="{path} 属于 {owner}，用户 {user} 无权写入（{setting}）",
            remedy="以其属主运行：sudo ./install.sh --user {owner}；或把它交出：sudo chown {user} {path}",
        ),
    ),
    Entry(
        causes.OF_NO_ACCOUNT,
        where=("installation",),
        en=Text(
            title="A path belongs to no service account",
            explanation=(
                "The path belongs to root or to a number without an account, and the service user may not write "
                "it. Giving it to that user is safe. root can use it as before."
            ),
        ),
        zh=Translation(
            title="路径不属于服务账户",
            explanation="路径属于 root 或没有账户的编号，服务用户无权写入。把它交给该用户是安全的。root 仍可照常使用。",
            summary="{path} 属于 {owner}，用户 {user} 无权写入（{setting}）",
            remedy="把它交给该用户；root 仍可照常使用：sudo chown {user} {path}",
        ),
    ),
    Entry(
        causes.FOLDER_ON_READ_ONLY_DISK,
        where=("installation",),
        en=Text(
            title="A folder lies on a read-only file system",
            explanation=(
                "The installation found that nobody can write there. The disk was mounted read-only on purpose, "
                "or the kernel did it after an error. Read dmesg before it is remounted."
            ),
        ),
        zh=Translation(
            title="目录位于只读文件系统",
            explanation=(
                "安装程序发现那里任何人都无法写入。磁盘可能是有意以只读挂载，或内核在出错后所为。重新挂载之前先看"
                " dmesg。"
            ),
            summary="{path} 所在的文件系统以只读挂载（{setting}）",
            remedy="查明原因：findmnt -T {path}；或改正 unified_config.json 中的 {setting}",
        ),
    ),
    Entry(
        causes.ALERT_FAILED,
        where=("installation",),
        en=Text(
            title="The alert could not be sent",
            explanation=(
                "A unit has failed and the program in check_settings.alert_command told nobody. It is missing, "
                "took too long or failed itself. The journal and the status file hold the verdict all the same."
            ),
        ),
        zh=Translation(
            title="警报没有发出",
            explanation=(
                "有单元失败，而 check_settings.alert_command 中的程序没有通知任何人。它不存在、超时，或自身失败。"
                "日志和状态文件中仍有结论。"
            ),
            summary="check_settings.alert_command 没有通知任何人：{reason}",
            remedy="解决该问题，然后试一试：sudo systemctl start smoke-check-alert@smoke-check.service",
        ),
    ),
    Entry(
        causes.NOT_FOR_UNITS,
        where=("installation",),
        en=Text(
            title="A value can't stand in a unit",
            explanation=(
                "systemd's unit files hold lines of text, and this path has a control character or bytes that "
                "are no text. Units were not written. Give the folder or file another name."
            ),
        ),
        zh=Translation(
            title="某个值无法写入服务单元",
            explanation=(
                "systemd 的单元文件由文本行组成，而该路径含有控制字符或非文本字节。没有写入单元。请给该目录或文件改名。"
            ),
            summary="'{value}' 无法写入 systemd 单元，因为含有控制字符或残缺的字符",
            remedy="给该目录或文件改名，unified_config.json 中也一并修改",
        ),
    ),
    Entry(
        causes.USER_UNKNOWN,
        where=("installation",),
        en=Text(
            title="The account does not exist",
            explanation=(
                "Units can be made only for an account of this machine. The name may be misspelt, or the account "
                "was not made yet. Nothing was changed."
            ),
        ),
        zh=Translation(
            title="账户不存在",
            explanation="只能为本机上的账户生成单元。可能是名称有误，或账户尚未创建。没有改动任何东西。",
            summary="本机没有用户 '{user}'",
            remedy="指定运行守护进程的账户：--user NAME；已有的账户：getent passwd",
        ),
    ),
    Entry(
        causes.TEMPLATES_UNUSABLE,
        where=("installation",),
        en=Text(
            title="The unit templates can't be used",
            explanation=(
                "The folder with the units' templates is missing, incomplete or of another version. Nothing was "
                "written. Use the folder that came with this version."
            ),
        ),
        zh=Translation(
            title="单元模板无法使用",
            explanation="单元模板目录缺失、不完整，或属于另一个版本。没有写入任何内容。请使用本版本附带的目录。",
            summary="无法用 {path} 生成单元：{reason}",
            remedy="用 --templates 指定本版本的 systemd/ 目录；ls -l {path}",
        ),
    ),
    Entry(
        causes.UNITS_UNWRITABLE,
        where=("installation",),
        en=Text(
            title="The units can't be written",
            explanation=(
                "The folder for the units does not exist or may not be written by this user. Nothing was left "
                "half-written. Name another folder, or work as root."
            ),
        ),
        zh=Translation(
            title="无法写入服务单元",
            explanation=(
                "存放单元的目录不存在，或当前用户无权写入。没有留下写了一半的文件。请指定其他目录，或以 root 操作。"
            ),
            summary="{path} 无法写入：{reason}",
            remedy="用 --into 指定一个存在且属于您的目录：ls -ld {folder}",
        ),
    ),
)
