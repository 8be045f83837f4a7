#!/usr/bin/env bash
# Installs smoke-check and media-sync-daemon on an edge server, upgrades them, and removes them again.
# What it does and why is explained in docs/operations.md. Try: ./install.sh --help
set -Eeuo pipefail
umask 022

help() {
    case $language in zh) help_zh ;; *) help_en ;; esac
}

help_en() {
    cat <<'TEXT'
sudo ./install.sh [--user NAME] [--config FILE] [--prefix DIR] [--wheelhouse DIR] [--no-start] [--dry-run]
                  [--agent-only]      install; run again it changes nothing
sudo ./install.sh --upgrade [...]     replace the installed code by this one, and restart the daemon when it has finished
                                      the files in hand; it waits --wait-minutes N for them (30)
sudo ./install.sh --uninstall [--purge[=media,database,pending-deletes]]
                                      remove everything but media, queue and pending deletions; --purge removes these,
                                      too, where nothing would be lost, and whatever it names in any case
./install.sh --user-units [...]       install for systemctl --user, without root
./install.sh --bundle FILE            make an archive that installs on a machine without network; --python 3.13: on one
                                      with another Python than this one

--user NAME       the account that runs both programs; made where it is missing (media-sync)
--config FILE     the configuration to install; with --agent-only it is used where it lies
--prefix DIR      where the programs go (/opt/celestial-nasops)
--wheelhouse DIR  take all packages from there, and none from the network
--no-start        install, but start nothing: what the link to the NAS still lacks is told at the end
--dry-run         tell what would be changed, and change nothing
--agent-only      install the check alone, beside a daemon that is there; nothing of that daemon is touched
TEXT
}

help_zh() {
    cat <<'TEXT'
sudo ./install.sh [--user NAME] [--config FILE] [--prefix DIR] [--wheelhouse DIR] [--no-start] [--dry-run]
                  [--agent-only]      安装；再次运行不会改动任何东西
sudo ./install.sh --upgrade [...]     用本版本的代码替换已安装的代码，并在守护进程完成手头的文件之后重启它；
                                      为此最多等待 --wait-minutes N 分钟（30）
sudo ./install.sh --uninstall [--purge[=media,database,pending-deletes]]
                                      删除除媒体、队列和待执行的删除之外的一切；--purge 在不会丢失任何东西时
                                      也删除这些，并且无论如何都删除它所指名的
./install.sh --user-units [...]       为 systemctl --user 安装，不需要 root
./install.sh --bundle FILE            制作可在无网络的机器上安装的包；--python 3.13：用于装有
                                      另一版本 Python 的机器

--user NAME       运行两个程序的账户；没有时创建（media-sync）
--config FILE     要安装的配置；与 --agent-only 一起时，在原处使用
--prefix DIR      程序的位置（/opt/celestial-nasops）
--wheelhouse DIR  所有软件包都取自该目录，不使用网络
--no-start        安装，但不启动任何东西：到 NAS 的通路还缺什么，在最后说明
--dry-run         说明会改动什么，但什么都不改
--agent-only      只安装检查，与已有的守护进程并存；不触碰那个守护进程
TEXT
}

# --- what it says: each sentence in English, and beside it the same in Chinese ---

# As celestial_nasops/language.py: the locale is the first of these that is set. A terminal that shows neither UTF-8 nor
# just ASCII, which tells nothing of it, can't show these texts.
language_of_locale() {
    local locale=${LC_ALL:-${LC_MESSAGES:-${LANG-}}}
    case $locale in [zZ][hH]*) ;; *) echo en && return ;; esac
    case $(locale charmap 2>/dev/null) in UTF-8 | ANSI_X3.4-1968 | '') echo zh ;; *) echo en ;; esac
}
language=$(language_of_locale)

# check_settings.language of the first of these configurations that can be read goes before the locale.
speak_as_configured() {
    local path found
    for path in "$@"; do
        if [ ! -f "$path" ] || [ ! -r "$path" ]; then continue; fi
        found=$(sed -n '/.*"language"[[:space:]]*:[[:space:]]*"\(en\|zh\)".*/{s//\1/p;q}' "$path")
        language=${found:-$language}
        return 0
    done
}

choose() { # ENGLISH CHINESE; sets: text
    text=$1
    [ "$language" = en ] || text=$2
}
say() {
    choose "$@"
    printf 'install: %s\n' "$text"
}
complain() {
    choose "$@"
    printf 'install: %s\n' "$text" >&2
}
die() {
    complain "$@"
    exit 1
}
usage() {
    complain "$1; try: ./install.sh --help" "$2；请看：./install.sh --help"
    exit 64
}

# --- options ---

here=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)
action=install user='' config='' prefix='' wheelhouse='' bundle='' for_python='' purge='' wait_minutes=30
start=yes dry='' agent_only='' user_units=''
absolute() { case $1 in /*) printf '%s\n' "$1" ;; *) printf '%s/%s\n' "$PWD" "$1" ;; esac }

# What is said of the options themselves goes by the configuration, too.
config_named_in() {
    while [ $# -gt 0 ]; do
        case $1 in --config=*) printf '%s\n' "${1#*=}" ;; --config) printf '%s\n' "${2-}" ;; esac
        shift
    done | tail -n 1
}
case " $* " in
    *' --user-units '*) etc_dir=${XDG_CONFIG_HOME:-$HOME/.config}/celestial-nasops ;;
    *) etc_dir=/etc/celestial-nasops ;;
esac
speak_as_configured "$(config_named_in "$@")" "$etc_dir/unified_config.json"

given='' # what to type again, besides --upgrade and the like
while [ $# -gt 0 ]; do
    option=$1 value=''
    case $option in
        --*=*) value=${option#*=} option=${option%%=*} ;;
        --user | --config | --prefix | --wheelhouse | --bundle | --python | --wait-minutes)
            [ $# -gt 1 ] || usage "$1 needs a value" "$1 需要一个值"
            value=$2
            shift
            ;;
    esac
    case $option in
        --user | --config | --prefix | --wheelhouse) given+=" $option $(printf %q "$value")" ;;
        --agent-only) given+=" $option" ;;
    esac
    case $option in
        --user) user=$value ;;
        --config) config=$(absolute "$value") ;;
        --prefix) prefix=$(absolute "${value%/}") ;;
        --wheelhouse) wheelhouse=$(absolute "$value") ;;
        --bundle) action=bundle bundle=$(absolute "$value") ;;
        --python) for_python=$value ;;
        --wait-minutes) wait_minutes=$value ;;
        --no-start) start='' ;;
        --dry-run) dry=yes ;;
        --agent-only) agent_only=yes ;;
        --user-units) user_units=yes ;;
        --upgrade) action=upgrade ;;
        --uninstall) action=uninstall ;;
        --purge) purge=${value:-safe} ;;
        --help | -h) help && exit ;;
        *) usage "there is no option '$1'" "没有选项 '$1'" ;;
    esac
    shift
done
[ -z "$purge" ] || [ "$action" = uninstall ] || usage "--purge belongs to --uninstall" "--purge 须与 --uninstall 一起使用"
[ -z "$for_python" ] || [ "$action" = bundle ] || usage "--python belongs to --bundle" "--python 须与 --bundle 一起使用"
[[ -z $for_python || $for_python =~ ^3\.(1[1-9]|[2-9][0-9])$ ]] ||
    usage "--python needs a version from 3.11, found '$for_python'" "--python 需要 3.11 或更新的版本，实际为 '$for_python'"
case $wait_minutes in '' | *[!0-9]*)
    usage "--wait-minutes needs a whole number, found '$wait_minutes'" "--wait-minutes 需要整数，实际为 '$wait_minutes'" ;;
esac
case ,$purge, in ,, | ,safe,) ;; *) for word in ${purge//,/ }; do
    case $word in media | database | pending-deletes) ;; *) usage "--purge can't remove '$word'" "--purge 不能删除 '$word'" ;; esac
done ;; esac

if [ -n "$user_units" ]; then
    prefix=${prefix:-${XDG_DATA_HOME:-$HOME/.local/share}/celestial-nasops}
    unit_dir=${XDG_CONFIG_HOME:-$HOME/.config}/systemd/user
    check_states=("${XDG_STATE_HOME:-$HOME/.local/state}/smoke-check" "${XDG_CONFIG_HOME:-$HOME/.config}/smoke-check")
    bin_dir=$HOME/.local/bin catalog_dir='' root_user=$(id -un) lock=$HOME
    control=(systemctl --user) journal=(journalctl --user) self="./install.sh --user-units" with_root=''
else
    # Without --prefix, the one in use.
    link=$(readlink /usr/local/bin/smoke-check || true)
    case $link in /*/venv/bin/smoke-check) prefix=${prefix:-${link%/venv/bin/smoke-check}} ;; esac
    prefix=${prefix:-/opt/celestial-nasops}
    check_states=(/var/lib/smoke-check)
    unit_dir=/etc/systemd/system
    bin_dir=/usr/local/bin catalog_dir=/usr/local/lib/systemd/catalog root_user=root lock=/etc
    control=(systemctl) journal=(journalctl) self="sudo ./install.sh" with_root="sudo "
fi
again=$self$given manifest=$prefix/manifest default_home=/var/lib/celestial-nasops
remembered() { [ ! -r "$manifest" ] || sed -n "s/^set $1 //p" "$manifest"; }

speak_as_configured "$config" "$(remembered config)" "$etc_dir/unified_config.json"

# shellcheck source=installer/checks.sh
. "$here/installer/checks.sh"
# shellcheck source=installer/code.sh
. "$here/installer/code.sh"
# shellcheck source=installer/changes.sh
. "$here/installer/changes.sh"
# shellcheck source=installer/services.sh
. "$here/installer/services.sh"
# shellcheck source=installer/uninstall.sh
. "$here/installer/uninstall.sh"

# --- the end, whatever it is: clean, or rolled back ---

stage='' step=checking undo=() changes=0
on_undo() { undo+=("$(printf '%q ' "$@")"); }

finish() {
    local code=$? i
    trap '' INT TERM HUP
    set +e
    if [ "$code" -ne 0 ] && [ ${#undo[@]} -gt 0 ]; then
        local left=''
        complain "stopped while: $step; rolling back" "在 $step 时停止；正在回滚"
        for ((i = ${#undo[@]} - 1; i >= 0; i--)); do
            eval "${undo[i]}" >/dev/null || {
                complain "could not undo: ${undo[i]}" "无法撤销：${undo[i]}"
                left=yes
            }
        done
        if [ -z "$left" ]; then
            complain "rolled back: everything is as it was" "已回滚：一切恢复原状"
        else
            complain "rolled back, but for what is named above" "已回滚，上面所列的除外"
        fi
    fi
    [ -z "$stage" ] || rm -rf -- "$stage"
    exit "$code"
}
trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

# Names what is being done. INSTALL_FAIL_AT is for tests alone: STEP fails there, STEP:TERM gets that signal there.
at() {
    step=$1
    case ${INSTALL_FAIL_AT-} in "$step") false ;; "$step":*) kill -s "${INSTALL_FAIL_AT#*:}" $$ ;; esac
}

# --- the three things to do ---

install_or_upgrade() {
    check_machine
    check_place
    choose_config
    if [ -n "$python" ]; then
        prepare_code
        [ ${#program[@]} -eq 0 ] || check_code
    fi
    check_units
    refuse_if_wrong

    local before unit sum restart='' folder
    ran=()
    for unit in $daemon "${timers[@]}"; do ! is_on "$unit" || ran+=("$unit"); done
    sum=$(cksum <"$config_source")
    if [ -z "$dry" ]; then
        [ ! -e "$manifest" ] || { cp "$manifest" "$stage/manifest" && on_undo cp "$stage/manifest" "$manifest"; }
        on_undo restart_what_ran
    fi

    at prefix
    put_folder "$prefix" "$root_user" 755
    if [ -z "$dry" ]; then
        [ -e "$stage/manifest" ] || on_undo rm -f "$manifest"
        touch "$manifest"
    fi
    for unit in user:"$user" agent_only:"$agent_only" config:"$target" daemon:"$daemon"; do remember "${unit%%:*}" "${unit#*:}"; done
    at user
    put_user
    at folders
    while IFS= read -r folder; do # the outer one first
        put_folder "$folder" "$user" 755
    done < <(printf '%s\n' "${media%/}" "$(dirname "$database")" | LC_ALL=C sort)
    at code
    put_code
    before=$changes
    [ ! -e "$target" ] || ! getent passwd "$user" >/dev/null || make_units
    ! units_differ || restart=yes
    [ -z "$site" ] && [ "$(remembered config_sum)" = "$sum" ] || restart=yes
    if [ -n "$restart" ] && [ ${#ran[@]} -gt 0 ]; then
        change "restart ${ran[*]}" "重启 ${ran[*]}" || true
        at quiesce
        quiesce
    fi
    at swap
    swap_code
    at config
    put_config
    remember config_sum "$sum"
    at commands
    put_folder "$bin_dir" "$root_user" 755
    for unit in smoke-check ${daemon:+media-sync-daemon}; do put_link "$prefix/venv/bin/$unit" "$bin_dir/$unit"; done
    at units
    if [ -z "$dry" ]; then make_units; fi
    put_units
    [ -n "$dry" ] || [ "$changes" -eq "$before" ] || reload
    at start
    put_state
    local wanted=(${ran[@]+"${ran[@]}"})
    if [ -n "$start" ] && [ "$action" = install ]; then wanted=(${daemon:+"$daemon"} "${timers[@]}"); fi
    [ -e "$database" ] || [ -n "$dry" ] || on_undo forget_new_queue
    for unit in ${wanted[@]+"${wanted[@]}"}; do switch_on "$unit"; done
    at end

    [ -z "$dry" ] || { [ "$changes" -gt 0 ] || say "nothing to change" "没有要改动的"; return 0; }
    undo=()
    rm -rf "$prefix/venv.old"
    finish_installation
}

units_differ() {
    local path
    [ -d "$stage/units" ] || return 1
    for path in "$stage"/units/*.service "$stage"/units/*.timer; do cmp -s "$path" "$unit_dir/${path##*/}" || return 0; done
    return 1
}

finish_installation() {
    if ! is_on smoke-check.timer; then
        todo=()
        add_problems todo < <(as_user "$prefix/venv/bin/smoke-check" preflight --config "$target")
        say "installed, not started" "已安装，尚未启动"
        if [ ${#todo[@]} -gt 0 ]; then
            say "before it can start, ${#todo[@]} thing(s) remain to be done:" "启动之前还有 ${#todo[@]} 件事要做："
            printf '%s\n' "${todo[@]}"
        fi
        say "then start it: $self" "然后启动：$self"
        return 0
    fi
    local code=0
    if [ "$changes" -eq 0 ]; then
        say "nothing to change: all of it is installed and runs; the last verdict:" "没有要改动的：全部已安装并在运行；最近的结论："
    else
        say "running the check once; where something is broken this may take some minutes" \
            "运行一次检查；如果有故障，可能需要几分钟"
        "${control[@]}" start smoke-check.service || true
    fi
    show_verdict || code=$?
    [ "$code" -eq 0 ] || { complain "installed, and the check finds something wrong: see above" "已安装，检查发现有问题：见上文" && exit 2; }
}

python='' program=()
exec 9<"$lock"
flock -n 9 || die "another installation is under way" "另一次安装正在进行"
make_stage
case $action in
    bundle) make_bundle ;;
    uninstall) uninstall ;;
    *) install_or_upgrade ;;
esac
