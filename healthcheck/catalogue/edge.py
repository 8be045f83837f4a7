"""Folders and files of the edge server."""

from __future__ import annotations

from celestial_nasops import causes as shared
from healthcheck.catalogue.entry import Entry, Text, Translation

THEME = {"en": "Folders and files of the edge server", "zh": "边缘服务器上的目录和文件"}

ENTRIES = (
    Entry(
        shared.FOLDER_MISSING,
        where=("file_insert", "daemon"),
        en=Text(
            title="A folder is missing",
            explanation=(
                "A folder that the configuration names does not exist. Usually its disk is not mounted, or the "
                "key holds an old path. Check the mount first: a folder that is created on top of a missing "
                "mount hides what lies on the disk."
            ),
        ),
        zh=Translation(
            title="目录不存在",
            explanation=(
                "配置中指定的目录不存在。通常是它的磁盘没有挂载，或配置项里是旧路径。先检查挂载：在未挂载的位置新"
                "建目录，会遮住磁盘上的内容。"
            ),
            summary="目录 {path} 不存在（{setting}）",
            remedy="创建它，或改正 unified_config.json 中的 {setting}：sudo install -d -o {user} {path}",
        ),
    ),
    Entry(
        shared.FOLDER_NOT_A_FOLDER,
        where=("file_insert", "daemon"),
        en=Text(
            title="A file lies where a folder should be",
            explanation=(
                "The path exists and is no folder. A script that wrote a file there, or a link that points at "
                "one, leads to this. Look at what it is before it is moved away."
            ),
        ),
        zh=Translation(
            title="应为目录的位置是一个文件",
            explanation="路径存在，但不是目录。可能是脚本在那里写了文件，或链接指向了文件。移走之前先看清它是什么。",
            summary="{path} 不是目录（{setting}）",
            remedy="改正 unified_config.json 中的 {setting}，或看看那里是什么：ls -ld {path}",
        ),
    ),
    Entry(
        shared.FOLDER_NO_PERMISSION,
        where=("file_insert", "daemon"),
        en=Text(
            title="This user may not write in a folder",
            explanation=(
                "Owner or mode of the folder keep the user of the service out. It often happens after a folder "
                "was made again as root. Giving the folder to that user is safe; opening it for everybody (mode "
                "777) is not."
            ),
        ),
        zh=Translation(
            title="当前用户无权写入目录",
            explanation=(
                "目录的属主或权限不允许服务的用户写入。常见于用 root 重新创建目录之后。把目录交给该用户是安全的；"
                "对所有人开放（777）则不安全。"
            ),
            summary="用户 {user} 无权写入 {path}（{setting}）",
            remedy="把目录交给该用户：sudo chown {user} {path}",
        ),
    ),
    Entry(
        shared.FOLDER_READ_ONLY,
        where=("file_insert", "daemon"),
        en=Text(
            title="A folder is read-only",
            explanation=(
                "Writing fails with errno 30, because the file system itself is read-only: mounted so on "
                "purpose, or by the kernel after an error of the disk. Read dmesg before you remount it, and "
                "save what is on a disk that fails. What a unit's sandbox forbids has codes of its own: "
                "folder_sandboxed and folder_replaced."
            ),
        ),
        zh=Translation(
            title="目录是只读的",
            explanation=(
                "写入失败，errno 30，因为文件系统本身是只读的：有意如此挂载，或磁盘出错后由内核设为只读。重新挂载"
                "之前先看 dmesg，并保存故障磁盘上的内容。服务单元的沙箱造成的情况另有代码：folder_sandboxed 和 "
                "folder_replaced。"
            ),
            summary=(
                "{path} 是只读的（{setting}）：[Errno 30] Read-only file system；挂载在 {mount_point} 的文件系统"
                "是只读的"
            ),
            remedy="查明原因，然后重新挂载为可写：dmesg | tail; sudo mount -o remount,rw {mount_point}",
        ),
    ),
    Entry(
        shared.FOLDER_FULL,
        where=("file_insert", "daemon"),
        en=Text(
            title="No space left in a folder",
            explanation=(
                "The disk has no blocks or no inodes left, or a quota is used up. On an edge server this mostly "
                "means that media are not carried or not deleted any more. Free other files first; never delete "
                "media by hand whose copies nobody has verified. A quota is shown by: sudo quota -u USER."
            ),
        ),
        zh=Translation(
            title="目录所在磁盘没有剩余空间",
            explanation=(
                "磁盘的块或 inode 用尽，或配额已满。在边缘服务器上，这多半意味着媒体没有被传走或没有被删除。先清"
                "理其他文件；没有校验过副本的媒体绝不要手工删除。查看配额：sudo quota -u USER。"
            ),
            summary="{path} 没有剩余空间（{setting}）：{reason}；{mount_point}（{device}）共 {total}，可用 {free}",
            remedy=(
                "在那里腾出空间；查看占用：sudo du -xhd2 {mount_point} | sort -h | tail；没有可用的 inode 时："
                "sudo du -xd2 --inodes {mount_point} | sort -n | tail"
            ),
        ),
    ),
    Entry(
        shared.FOLDER_FAILED,
        where=("file_insert", "daemon"),
        en=Text(
            title="A folder can't be written",
            explanation=(
                "Writing a small file there failed for a reason that has no name of its own here; the system's "
                "words are quoted. An input/output error points at the disk. Looking is safe; save what is on "
                "that disk before it is repaired."
            ),
        ),
        zh=Translation(
            title="目录无法写入",
            explanation=(
                "在那里写小文件失败，原因没有单独命名，这里引用了系统的原文。输入输出错误说明磁盘有问题。查看是安"
                "全的；修复之前先保存该磁盘上的内容。"
            ),
            summary="{path} 无法写入（{setting}）：{reason}",
            remedy="检查它：ls -ld {path}; findmnt -T {path}; dmesg | tail",
        ),
    ),
    Entry(
        shared.FILE_MISSING,
        where=("daemon",),
        en=Text(
            title="A queued file is not there",
            explanation=(
                "The queue names a file that does not exist on this server. It was moved or deleted before it "
                "was carried, or the media disk is not mounted. The daemon keeps the row. Remove the row only "
                "when you know that the file is not coming back."
            ),
        ),
        zh=Translation(
            title="队列中的文件不存在",
            explanation=(
                "队列中记录的文件不在这台服务器上。它在传输之前被移走或删除，或者媒体盘没有挂载。守护进程会保留该"
                "记录。确认文件不会再出现之后，才可删除记录。"
            ),
            summary="{path} 在队列中，但不在这台服务器上",
            remedy="查明是谁删除了它；如果不会再出现，就从队列中删除它的记录",
        ),
    ),
    Entry(
        shared.FILE_REFUSED,
        where=("daemon",),
        en=Text(
            title="A queued file is not one to send",
            explanation=(
                "The row names something that is not sent: a link, a folder, a device, a path that is not "
                "absolute or lies outside the media folder. Nothing is read and nothing is deleted. Correct what "
                "writes the queue."
            ),
        ),
        zh=Translation(
            title="队列中的文件不能发送",
            explanation=(
                "记录指向不会发送的东西：链接、目录、设备、非绝对路径，或媒体目录之外的路径。什么都没有读取，也没"
                "有删除。请改正写队列的程序。"
            ),
            summary="不发送 {path}：{reason}",
            remedy="查看它：ls -ld {path}",
        ),
    ),
    Entry(
        shared.FILE_UNREADABLE,
        where=("daemon",),
        en=Text(
            title="A queued file can't be read",
            explanation=(
                "The file is there and reading it fails: no permission, or an error of the disk. It stays where "
                "it is and its row keeps the reason. An input/output error means that the disk should be "
                "replaced soon; copy what can still be read."
            ),
        ),
        zh=Translation(
            title="队列中的文件无法读取",
            explanation=(
                "文件存在，但读取失败：没有权限，或磁盘出错。文件保持原样，记录里写有原因。输入输出错误说明应尽快"
                "更换磁盘，并复制还能读出的内容。"
            ),
            summary="{path} 无法读取：{reason}",
            remedy="检查它：ls -l {path}; dmesg | tail",
        ),
    ),
    Entry(
        shared.FILE_SIZE_DIFFERS,
        where=("daemon",),
        en=Text(
            title="A file has another size than its row says",
            explanation=(
                "The queue says how large the file was when its download ended, and it is not. Usually the row "
                "was marked as completed too early. The file is not sent and not deleted, so that no torso is "
                "taken for the whole."
            ),
        ),
        zh=Translation(
            title="文件大小与记录不符",
            explanation=(
                "队列记录了下载结束时文件的大小，而实际不是。通常是记录被过早标记为完成。文件不会发送，也不会删除"
                "，以免残缺的文件被当成完整的。"
            ),
            summary="{path} 有 {found} 字节，记录中是 {expected}",
            remedy="查一查在记录写成完成之前，下载是否真的结束",
        ),
    ),
    Entry(
        shared.FILE_CHANGED,
        where=("daemon",),
        en=Text(
            title="A file changed while it was sent",
            explanation=(
                "Something wrote to the file during its transfer, so what arrived may be neither the old nor the "
                "new one. The copy is not published. The daemon sends the file again when it rests; there is "
                "nothing to do."
            ),
        ),
        zh=Translation(
            title="文件在发送时发生变化",
            explanation=(
                "传输过程中有程序写入该文件，送达的内容可能既不是旧的也不是新的。该副本不会发布。文件静止之后，守"
                "护进程会重新发送；无需处理。"
            ),
            summary="{path} 在发送时发生变化",
            remedy="无需处理：文件静止后会重新发送",
        ),
    ),
    Entry(
        shared.FOLDER_SANDBOXED,
        where=("daemon_status", "file_insert", "daemon"),
        en=Text(
            title="The unit's sandbox forbids a folder",
            explanation=(
                "The disk can be written and the unit can't: its sandbox makes everything read-only that "
                "ReadWritePaths does not name. Usually a path of the configuration was changed and the units "
                "were not made anew. Adding the one folder is safe; switching the sandbox off is not needed."
            ),
        ),
        zh=Translation(
            title="服务单元的沙箱不允许写目录",
            explanation=(
                "磁盘可写，但服务单元不能写：沙箱把 ReadWritePaths 没有列出的一切设为只读。通常是修改了配置中的路"
                "径而没有重新生成单元。只加入这一个目录是安全的；不需要关闭沙箱。"
            ),
            summary=(
                "{path} 对 {unit} 只读（{setting}）：[Errno 30] Read-only file system；服务单元的沙箱不允许在那里写入"
            ),
            remedy=(
                "sudo systemctl edit {unit}，加入 [Service] 和 ReadWritePaths={path} 两行并保存，然后：sudo "
                "systemctl restart {unit}"
            ),
        ),
    ),
    Entry(
        shared.FOLDER_REPLACED,
        where=("daemon_status", "file_insert", "daemon"),
        en=Text(
            title="A folder was replaced under the running unit",
            explanation=(
                "The folder was removed and made again while the unit runs, and the sandbox of the unit still "
                "allows only the old one. A deployment or a restore that swaps folders does that. A restart is "
                "all that is needed."
            ),
        ),
        zh=Translation(
            title="目录在单元运行时被替换",
            explanation=(
                "服务单元运行期间目录被删除并重建，而单元的沙箱只允许旧的目录。替换目录的部署或恢复操作会这样。只"
                "需重启服务。"
            ),
            summary=(
                "{path} 对 {unit} 只读（{setting}）：[Errno 30] Read-only file system；单元运行期间目录被替换，其"
                "沙箱只允许旧的目录"
            ),
            remedy="sudo systemctl restart {unit}",
        ),
    ),
    Entry(
        shared.FILE_HASH_DIFFERS,
        where=("daemon",),
        en=Text(
            title="A file is not the one its row describes",
            explanation=(
                "The row holds a SHA-256, and the file has another. It was changed after its download, or the "
                "program that wrote the row counted wrongly. The file is not sent and not deleted, so that "
                "nothing wrong takes its place."
            ),
        ),
        zh=Translation(
            title="文件与记录的校验和不符",
            explanation=(
                "记录中有 SHA-256，而文件的不同。可能是下载之后被修改，或写记录的程序算错了。文件不会发送，也不会"
                "删除，以免错误的内容取而代之。"
            ),
            summary="{path} 的 SHA-256 是 {found}，记录中是 {expected}",
            remedy="看该文件是否就是程序所指的那个；如仍要发送，把 sync_settings.wrong_file_hash 设为 note",
        ),
    ),
)
