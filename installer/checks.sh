# shellcheck shell=bash
# Part of install.sh: what is wrong, collected before anything is changed, and told in one go.

problems=() todo=()
problem() { # ENGLISH CHINESE REMEDY [ITS-CHINESE]; a remedy of nothing but a command is the same in both
    local what
    choose "$1" "$2"
    what=$text
    choose "$3" "${4-$3}"
    problems+=("$what"$'\n'"  -> $text")
}

refuse_if_wrong() {
    [ ${#problems[@]} -gt 0 ] || return 0
    complain "nothing was changed, because of ${#problems[@]} problem(s):" "由于 ${#problems[@]} 个问题，没有改动任何东西："
    printf '%s\n' "${problems[@]}" >&2
    exit 1
}

find_python() {
    for name in python3 python3.13 python3.12 python3.11; do
        python=$(command -v "$name") && "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && break
        python=''
    done
    local found package
    if [ -z "$python" ]; then
        found=$(python3 --version 2>/dev/null) || found=''
        problem "Python 3.11 or newer is needed, found ${found:-no python3}" \
            "需要 Python 3.11 或更新的版本，实际为 ${found:-没有 python3}" \
            "Debian 12 and Ubuntu 24.04 have it: sudo apt-get install python3 python3-venv" \
            "Debian 12 和 Ubuntu 24.04 都有：sudo apt-get install python3 python3-venv"
    elif ! "$python" -c 'import venv, ensurepip' 2>/dev/null; then
        package=$("$python" -c 'import sys; print("python%d.%d-venv" % sys.version_info[:2])')
        problem "$python can't make virtual environments" "$python 无法创建虚拟环境" "sudo apt-get install $package"
        python=''
    else
        python_name=$("$python" -c 'import sys, os; print("%d.%d" % sys.version_info[:2], os.uname().machine)')
    fi
}

# Where nothing is executed from /tmp, compiled packages can't be tried there.
make_stage() {
    for parent in "${TMPDIR:-/tmp}" /var/tmp "$(dirname "$prefix")"; do
        stage=$(mktemp -d "$parent/celestial-nasops-XXXXXX" 2>/dev/null) || continue
        printf '#!/bin/sh\n' >"$stage/try" && chmod 755 "$stage" "$stage/try"
        ! "$stage/try" 2>/dev/null || return 0
        rm -rf -- "$stage"
    done
    die "no folder for temporary files can be used: TMPDIR=DIR $again" "没有可用的临时文件目录：TMPDIR=DIR $again"
}

existing() { # the part of a path that exists
    local path=$1
    while [ ! -e "$path" ]; do path=$(dirname "$path"); done
    printf '%s\n' "$path"
}

check_machine() {
    if [ -z "$user_units" ]; then
        [ "$(id -u)" -eq 0 ] || problem "this needs root" "需要 root" "$again"
    elif [ "$(id -u)" -eq 0 ]; then
        problem "--user-units is for an ordinary user" "--user-units 用于普通用户" \
            "run it as the user who shall own the units, or without --user-units" \
            "以将拥有这些单元的用户运行，或不带 --user-units"
    elif [ "$(loginctl show-user "$(id -un)" --property=Linger --value 2>/dev/null)" != yes ]; then
        problem "user $(id -un) does not linger: the units would stop with the last logout" \
            "用户 $(id -un) 没有启用 linger：最后一次注销之后这些单元就会停止" \
            "sudo loginctl enable-linger $(id -un)"
    fi
    [ -d /run/systemd/system ] || problem "this machine was not booted with systemd" "这台机器不是由 systemd 启动的" \
        "install on the edge server itself; to try the check anywhere: ./dev demo" \
        "请在边缘服务器本身上安装；要在任意机器上试用检查：./dev demo"
    command -v ssh >/dev/null || problem "the program ssh is not installed" "没有安装程序 ssh" "sudo apt-get install openssh-client"
    local free place
    place=$(existing "$prefix")
    free=$(df -Pk "$place" | awk 'NR == 2 { print int($4 / 1024) }')
    [ "$free" -ge 200 ] || problem "200 MB are needed in $place, $free MB are free" "$place 需要 200 MB，可用 $free MB" \
        "free space there: df -h $place" "在那里腾出空间：df -h $place"
    find_python
}

check_place() {
    local installed_user
    installed_user=$(remembered user)
    if [ ! -e "$manifest" ]; then
        [ "$action" != upgrade ] || problem "nothing is installed in $prefix" "$prefix 中没有安装任何东西" \
            "install it: $again" "安装它：$again"
        [ ! -d "$prefix" ] || [ -z "$(ls -A "$prefix")" ] || problem "$prefix is not empty, and not of this program" \
            "$prefix 不是空的，也不属于本程序" \
            "name another folder: $again --prefix DIR" "指定另一个目录：$again --prefix DIR"
    elif [ -n "$installed_user" ] && [ -n "$user" ] && [ "$user" != "$installed_user" ]; then
        problem "it is installed for user $installed_user, not $user" "它是为用户 $installed_user 安装的，而不是 $user" \
            "remove that first: $self --uninstall" "请先将其卸载：$self --uninstall"
    elif [ -n "$installed_user" ] && [ -n "$agent_only" ] && [ "$(remembered agent_only)" != yes ]; then
        problem "it is installed with its daemon, not the check alone" "它是与守护进程一起安装的，而不是只有检查" \
            "remove that first: $self --uninstall" "请先将其卸载：$self --uninstall"
    fi
    user=${installed_user:-$user}
    [ -z "$agent_only" ] || user=${user:-$("${control[@]}" show --property=User --value media-sync-daemon.service 2>/dev/null || true)}
    user=${user:-media-sync}
    [ -z "$installed_user" ] || agent_only=$(remembered agent_only)
    [ -z "$user_units" ] || user=$(id -un)
    [ "$user" != root ] || [ -n "$user_units" ] || problem "the programs don't run as root" "程序不以 root 运行" \
        "name another account: $again --user NAME" "指定另一个账户：$again --user NAME"
    if getent passwd "$user" >/dev/null; then
        home=$(getent passwd "$user" | cut -d: -f6)
    else
        home=$default_home
        [ -z "$agent_only" ] || problem "there is no user $user" "没有用户 $user" \
            "name the account that runs the daemon: $again --agent-only --user NAME" \
            "指定运行守护进程的账户：$again --agent-only --user NAME"
        [ -z "$start" ] || problem "there is no user $user yet, so it has no way to log in to the NAS" \
            "还没有用户 $user，因此它无法登录 NAS" \
            "$again --no-start makes the user and tells what else is needed" \
            "$again --no-start 会创建该用户，并说明还需要什么"
    fi
    local name there
    for name in smoke-check media-sync-daemon; do
        if [ ! -e "$bin_dir/$name" ] || [ "$(readlink "$bin_dir/$name")" = "$prefix/venv/bin/$name" ]; then continue; fi
        there=$(readlink -f "$bin_dir/$name")
        problem "$bin_dir/$name is there already, and leads to $there" "$bin_dir/$name 已经存在，指向 $there" \
            "see what it is: ls -l $bin_dir/$name" "看看它是什么：ls -l $bin_dir/$name"
    done
}

# The configuration to check, and whether it is used where it lies.
choose_config() {
    in_place='' target=$(remembered config)
    if [ -n "$target" ]; then
        [ "$target" = "$etc_dir/unified_config.json" ] || in_place=yes
    elif [ -n "$agent_only" ] && [ -n "$config" ]; then
        in_place=yes target=$config
    else
        target=$etc_dir/unified_config.json
    fi
    if [ -e "$target" ]; then
        config_source=$target
        [ -z "$config" ] || [ "$config" = "$target" ] || cmp -s "$config" "$target" ||
            problem "$target exists, differs from $config, and is never overwritten" \
                "$target 已存在，与 $config 不同，并且绝不会被覆盖" \
                "compare them: diff $target $config; if yours is right: ${with_root}cp $config $target" \
                "比较两者：diff $target $config；如果您的是对的：${with_root}cp $config $target"
    else
        config_source=${config:-$here/unified_config.json}
        [ -n "$config" ] || [ -z "$user_units" ] || config_of_one_user
    fi
}

# The shipped configuration, for a daemon that runs under the user's own systemd and has no part of /var/lib.
config_of_one_user() {
    config_source=$stage/unified_config.json
    sed -e 's|"supervisor": "systemd"|"supervisor": "systemd-user"|' \
        -e "s|/var/lib/media-sync-daemon|${check_states[0]%/*}/media-sync-daemon|" "$here/unified_config.json" >"$config_source"
}

as_user() {
    if [ "$(id -un)" = "$user" ]; then "$@"; else
        setpriv --reuid "$user" --regid "$(id -g "$user")" --init-groups --reset-env -- \
            env ${LC_ALL+"LC_ALL=$LC_ALL"} ${LC_MESSAGES+"LC_MESSAGES=$LC_MESSAGES"} ${LANG+"LANG=$LANG"} "$@"
    fi
}

without_label() { # the programs speak the operator's language
    local line=${1#problem: }
    printf '%s\n' "${line#问题：}"
}

add_problems() { # to the list of that name, from the program's own words
    local -n list=$1
    local line
    while IFS= read -r line; do
        case $line in
            'problem: '* | '问题：'*) list+=("$(without_label "$line")") ;;
            '  -> '*) list[-1]+=$'\n'$line ;;
        esac
    done
}

check_code() {
    local checked=$stage/config.json says line
    local before=${#problems[@]}
    if ! says=$("${program[@]}" config check "$config_source" 2>"$stage/config.log"); then
        while IFS= read -r line; do
            case $line in 'problem: '* | '问题：'*)
                line=$(without_label "$line")
                problem "$config_source: $line" "$config_source：$line" \
                    "correct it there: ${with_root}nano $config_source" "在那里改正：${with_root}nano $config_source" ;;
            esac
        done <<<"$says"
        [ ${#problems[@]} -gt "$before" ] || add_problems problems < <(sed 's/^smoke-check: /problem: /' "$stage/config.log")
        return 0
    fi
    while IFS= read -r line; do
        case $line in
            'warning: '*) line=${line#warning: } ;;
            '警告：'*) line=${line#警告：} ;;
            *) continue ;;
        esac
        say "note: $line" "说明：$line"
    done <<<"$says"
    cp "$config_source" "$checked" # the file may be one that only root can read
    [ -z "$in_place" ] || checked=$config_source
    { read -r media && read -r database && read -r state_path && read -r daemon; } < <("${program[@]}" config get --config "$checked" \
        local_settings.media_path database_settings.db_path daemon_settings.state_path daemon_settings.unit)
    [ -z "$agent_only" ] || daemon=''
    cd /
    if [ -n "$user_units" ]; then
        for line in "$media" "$(dirname "$database")" "$state_path"; do
            [ -w "$(existing "$line")" ] || problem "user $user can't make the folder $line" "用户 $user 无法创建目录 $line" "sudo install -d -o $user $line"
        done
    fi
    if getent passwd "$user" >/dev/null; then
        [ "$(id -un)" = "$user" ] || [ "$(id -u)" -eq 0 ] || return 0
        says=$(as_user "${program[@]}" preflight --config "$checked") || true
    else
        says=$("${program[@]}" preflight --config "$checked" --new-user "$user") || true
    fi
    if [ -n "$start" ]; then add_problems problems <<<"$says"; else add_problems todo <<<"$says"; fi
}

# The units depend on the user, and name the configuration where it is installed. So before a first installation they
# can't be made yet.
make_units() {
    [ ! -d "$stage/units" ] || return 0
    mkdir "$stage/units"
    "${program[@]}" units --templates "$here/systemd" --user "$user" --prefix "$prefix" --config "$target" \
        --into "$stage/units" ${agent_only:+--agent-only} ${user_units:+--user-units} >/dev/null
}

check_units() {
    local name folder folders=("$unit_dir") owner
    [ -n "${daemon+known}" ] || daemon=$([ -n "$agent_only" ] || echo media-sync-daemon.service)
    [ -n "$user_units" ] || folders+=(/run/systemd/system /usr/local/lib/systemd/system /usr/lib/systemd/system)
    for name in $daemon smoke-check.service smoke-check.timer smoke-check-watch.service smoke-check-watch.timer smoke-check-alert@.service; do
        for folder in "${folders[@]}"; do
            [ -e "$folder/$name" ] && ! is_recorded "file $folder/$name" || continue
            if [ "$name" = "$daemon" ]; then
                owner=$("${control[@]}" show -p User --value "$daemon")
                problem "another $daemon is installed: $folder/$name" "已安装了另一个 $daemon：$folder/$name" \
                    "install the check alone, for its user and its configuration: $again --agent-only --user $owner --config FILE" \
                    "只安装检查，使用它的用户和它的配置：$again --agent-only --user $owner --config FILE"
            else
                problem "another $name is installed: $folder/$name" "已安装了另一个 $name：$folder/$name" \
                    "see what it is, and remove it: ${control[*]} cat $name" "看看它是什么，并将其删除：${control[*]} cat $name"
            fi
        done
    done
}
