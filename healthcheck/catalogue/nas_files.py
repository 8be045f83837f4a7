"""Files on the NAS."""

from __future__ import annotations

from celestial_nasops import causes as shared
from healthcheck import causes
from healthcheck.catalogue.entry import Entry, Text, Translation

THEME = {"en": "Files on the NAS", "zh": "NAS 上的文件"}

ENTRIES = (
    Entry(
        shared.NAS_DISK_FULL,
        where=("remote_verify", "daemon"),
        en=Text(
            title="No space left on the NAS",
            explanation=(
                "The volume is full, so nothing more is taken. Snapshots and the recycle bin count as well. Files wait "
                "on this server, and its own disk fills up in turn. Free space or raise the quota; don't touch the "
                "folder of the copies, for deletions here rely on them."
            ),
        ),
        zh=Translation(
            title="NAS 没有剩余空间",
            explanation=(
                "存储空间已满，因此不再接收文件。快照和回收站也占空间。文件在本机等待，本机磁盘也会随之占满。"
                "请腾出空间或提高配额；不要动存放副本的目录，本机的删除要依赖它们。"
            ),
            summary="NAS 上没有空间存放 {path}：{reason}",
            remedy="在那里腾出空间或提高配额：ssh {target} df -h",
            remedy_by_sftp="在那里腾出空间或提高配额：echo 'df -h \"{seen}\"' | {sftp}",
        ),
    ),
    Entry(
        shared.NAS_OVER_QUOTA,
        where=("remote_verify", "daemon"),
        en=Text(
            title="The quota on the NAS is used up",
            explanation=(
                "A quota of the account, of its group or of the shared folder is used up, while the volume itself may "
                "have ample room. Nothing is lost: files wait on this server, whose own disk fills up in turn, and go "
                "on by themselves. An SFTP server never says so. Where it takes not even one byte more, a quota is the "
                "usual reason, and a volume that fails the other one; where it does not tell its free space either, a "
                "full or read-only volume as well. Raise the quota; don't touch the folder of the copies, for "
                "deletions here rely on them."
            ),
        ),
        zh=Translation(
            title="NAS 上的配额已用尽",
            explanation=(
                "账户、其群组或共享文件夹的配额已用尽，而存储空间本身可能还有很多余量。没有任何损失：文件在本机等待，"
                "之后自动继续，但本机磁盘会随之占满。SFTP 服务器从不说明这一点；它连一个字节也不再接收时，通常是配额，"
                "否则就是存储空间出了故障；若它也不报告剩余空间，则也可能是存储空间已满或变为只读。请提高配额；不要动存放副本的目录，本机的删除要依赖它们。"
            ),
            summary="NAS 不再为 {path} 接收 {username} 的数据：{reason}",
            remedy=(
                "在那里提高配额，或腾出计入配额的空间，其余自动继续（DSM：控制面板 > 用户与群组或共享文件夹 > 编辑 > "
                "配额）；df 不显示配额，NAS 若有此程序则用：ssh {target} quota -s"
            ),
            remedy_by_sftp=(
                "在那里提高配额，或腾出计入配额的空间，其余自动继续（DSM：控制面板 > 用户与群组或共享文件夹 > 编辑 > "
                "配额）；如果没有配额，查看存储空间：存储管理器"
            ),
        ),
    ),
    Entry(
        shared.NAS_READ_ONLY,
        where=("remote_verify", "daemon"),
        en=Text(
            title="The NAS volume is read-only",
            explanation=(
                "The NAS has set its volume read-only, which DSM does when a volume is damaged or a disk fails. "
                "Nothing can be stored until that is mended. Look at Storage Manager first, and keep what is "
                "there safe before a repair is started."
            ),
        ),
        zh=Translation(
            title="NAS 存储空间为只读",
            explanation=(
                "NAS 把存储空间设为只读；存储空间损坏或磁盘故障时 DSM 会这样做。修复之前无法存放任何文件。先查看"
                "存储管理器，并在开始修复之前保全已有数据。"
            ),
            summary="{path} 所在的 NAS 存储空间为只读",
            remedy="在 DSM 的存储管理器中查看其状态：ssh {target} mount",
            remedy_by_sftp="在 DSM 的存储管理器中查看其状态",
        ),
    ),
    Entry(
        shared.NAS_NO_PERMISSION,
        where=("remote_verify", "local_delete", "daemon"),
        en=Text(
            title="The account lacks a permission on the NAS",
            explanation=(
                "The login works and the account may not do that in that folder. Permissions of the shared "
                "folder, an ACL, or a folder made by another account lead to this. Give the account read and "
                "write permission on that folder only."
            ),
        ),
        zh=Translation(
            title="该账户在 NAS 上缺少权限",
            explanation=(
                "可以登录，但该账户不能在那个目录里这样做。共享文件夹的权限、ACL，或目录由别的账户创建，都会造成"
                "这种情况。只需给该账户对这个目录的读写权限。"
            ),
            summary="{username} 在 NAS 上无权对 {path} 执行：{action}",
            remedy="给该账户对目录的读写权限：ssh {target} ls -ld {folder}",
            remedy_by_sftp="给该账户对目录 {folder} 的读写权限：echo 'ls -la \"{seen}\"' | {sftp}",
        ),
    ),
    Entry(
        shared.NAS_BASE_MISSING,
        where=("remote_verify", "daemon"),
        en=Text(
            title="The base folder is missing on the NAS",
            explanation=(
                "nas_settings.base_path does not exist there. On a NAS that has worked before, its volume is not "
                "mounted or the shared folder was renamed. The daemon never creates it, so that nothing is "
                "stored beside an unmounted volume; create it only on a new NAS."
            ),
        ),
        zh=Translation(
            title="NAS 上缺少基础目录",
            explanation=(
                "nas_settings.base_path 在 NAS 上不存在。如果这台 NAS 以前正常，那就是存储空间没有挂载，或共享文"
                "件夹被改名。守护进程绝不会创建它，以免把文件存到未挂载的位置；只有新的 NAS 才需要手工创建。"
            ),
            summary="NAS 上没有目录 {path}；它的存储空间挂载了吗？",
            remedy="挂载存储空间；如果这是新的 NAS，则创建目录：ssh {target} mkdir -p {path}",
            remedy_by_sftp="挂载存储空间；如果这是新的 NAS，则创建目录；查看该账户能看到什么：echo 'ls -la /' | {sftp}",
        ),
    ),
    Entry(
        shared.NAS_NAME_TAKEN,
        where=("remote_verify", "daemon"),
        en=Text(
            title="Another file has that name on the NAS",
            explanation=(
                "A file with this name and other content lies there already, and nothing on the NAS is ever "
                "overwritten. Two docks with equal names, or a file that was sent and changed, lead to this. "
                "Compare the two before one is renamed."
            ),
        ),
        zh=Translation(
            title="NAS 上已有同名文件",
            explanation=(
                "那里已有同名而内容不同的文件，而 NAS 上的文件绝不会被覆盖。两台机场用了相同的文件名，或文件发送"
                "之后又被修改，都会这样。改名之前先比较两者。"
            ),
            summary="NAS 上已有内容不同的 {path}，不会覆盖",
            remedy="比较两者并给其中一个改名：ssh {target} ls -l {path}",
        ),
    ),
    Entry(
        shared.NAS_COPY_DIFFERS,
        where=("daemon",),
        en=Text(
            title="What arrived is not what was sent",
            explanation=(
                "The copy was read back after its transfer and has another size or checksum, so it was not "
                "published. It is sent again by itself. If it repeats, memory or disks of the NAS are failing; "
                "nothing is deleted here meanwhile."
            ),
        ),
        zh=Translation(
            title="送达的内容与发送的不同",
            explanation=(
                "传输之后读回副本，大小或校验和不符，因此没有发布。会自动重新发送。如果反复出现，说明 NAS 的内存"
                "或磁盘有问题；其间本机不会删除任何文件。"
            ),
            summary="送达 {path} 的内容与发送的不同：{found}，应为 {expected}",
            remedy="会重新发送；如果反复出现，请检查 NAS 的内存和磁盘",
        ),
    ),
    Entry(
        shared.NAS_COMMAND_FAILED,
        where=("remote_verify", "local_delete", "daemon"),
        en=Text(
            title="The NAS could not do what was asked",
            explanation=(
                "A command on the NAS failed for a reason that has no name of its own here; its words are "
                "quoted. Looking at the same path by hand shows what is in the way. Nothing is deleted on this "
                "server while that lasts. Where they are those of a disk that fails (Input/output error), or of a "
                "mount that is gone, see to the NAS's disks: no file is given up for it, each is tried again."
            ),
        ),
        zh=Translation(
            title="NAS 无法完成所要求的操作",
            explanation=(
                "NAS 上的命令失败，原因没有单独命名，这里引用了原文。手工查看同一路径即可看出是什么在妨碍。其间本"
                "机不会删除任何文件。如果原文是磁盘故障（Input/output error）或挂载丢失，请检查 NAS 的磁盘：不会因此放"
                "弃任何文件，每个文件都会重试。"
            ),
            summary="NAS 无法对 {path} 执行 {action}：{reason}",
            remedy="手工试一试：ssh {target} ls -ld {path}",
            remedy_by_sftp="手工试一试：echo 'ls -la \"{seen}\"' | {sftp}",
        ),
    ),
    Entry(
        shared.NAS_NO_ROOM,
        where=("daemon", "remote_verify"),
        en=Text(
            title="A file waits for room on the NAS",
            explanation=(
                "The free space on the NAS is less than this file needs, which was seen before anything was "
                "sent. Smaller files that still fit go on. It is sent by itself once there is room."
            ),
        ),
        zh=Translation(
            title="文件在等待 NAS 的空间",
            explanation=(
                "NAS 的可用空间小于该文件所需，这是发送之前就发现的。仍能放下的小文件继续传输。有了空间之后它会自"
                "动发送。"
            ),
            summary="{path} 在等待 NAS 的空间：需要 {needed}，可用 {free}",
            remedy="在那里腾出空间或提高配额，其余会自动继续：ssh {target} df -h {base}",
        ),
    ),
    Entry(
        shared.NAS_STORED_BESIDE,
        where=("daemon",),
        en=Text(
            title="A copy was stored under another name",
            explanation=(
                "A file of that name with other content was on the NAS, so this one was stored beside it, under "
                "a name with its checksum. Nothing was overwritten or lost. See why one name was given twice."
            ),
        ),
        zh=Translation(
            title="副本以另一个名称存放",
            explanation=(
                "NAS 上已有同名而内容不同的文件，因此这个文件以带校验和的名称存放在旁边。没有覆盖或丢失任何内容。"
                "请查明为什么同一名称用了两次。"
            ),
            summary="NAS 上的 {taken} 内容不同，不会覆盖；{path} 已存放在旁边，名为 {beside}",
            remedy="没有丢失；请在 NAS 上比较两者，并查明为什么同一名称用了两次",
        ),
    ),
    Entry(
        causes.NAS_IS_FULL,
        where=("daemon_status",),
        en=Text(
            title="The daemon can't send everything for want of room",
            explanation=(
                "The daemon says that the NAS has no room for some files. What still fits goes on; the others "
                "wait here, and this disk fills up in turn. They go by themselves once there is room."
            ),
        ),
        zh=Translation(
            title="NAS 空间不足，守护进程无法全部发送",
            explanation=(
                "守护进程报告 NAS 没有空间存放某些文件。放得下的继续传输，其余在本机等待，本机磁盘也会随之占满。"
                "有了空间之后会自动发送。"
            ),
            summary="守护进程（pid {pid}）无法发送全部文件：{reason}",
            remedy="在 NAS 上腾出空间或提高配额；其余会自动继续",
        ),
    ),
)
