# shellcheck shell=bash
# Part of install.sh: what is wrong, collected before anything is changed, and told in one go.

problems=() todo=()
problem() { problems+=("$1"$'\n'"  -> $2"); }

refuse_if_wrong() {
    [ ${#problems[@]} -gt 0 ] || return 0
    complain "nothing was changed, because of ${#problems[@]} problem(s):"
    printf '%s\n' "${problems[@]}" >&2
    exit 1
}

find_python() {
    for name in python3 python3.13 python3.12 python3.11; do
        python=$(command -v "$name") && "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && break
        python=''
    done
    if [ -z "$python" ]; then
        problem "Python 3.11 or newer is needed, found $(python3 --version 2>/dev/null || echo no python3)" \
            "Debian 12 and Ubuntu 24.04 have it: sudo apt-get install python3 python3-venv"
    elif ! "$python" -c 'import venv, ensurepip' 2>/dev/null; then
        problem "$python can't make virtual environments" \
            "sudo apt-get install $("$python" -c 'import sys; print("python%d.%d-venv" % sys.version_info[:2])')"
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
    die "no folder for temporary files can be used: TMPDIR=DIR $again"
}

existing() { # the part of a path that exists
    local path=$1
    while [ ! -e "$path" ]; do path=$(dirname "$path"); done
    printf '%s\n' "$path"
}

check_machine() {
    if [ -z "$user_units" ]; then
        [ "$(id -u)" -eq 0 ] || problem "this needs root" "$again"
    elif [ "$(id -u)" -eq 0 ]; then
        problem "--user-units is for an ordinary user" "run it as the user who shall own the units, or without --user-units"
    elif [ "$(loginctl show-user "$(id -un)" --property=Linger --value 2>/dev/null)" != yes ]; then
        problem "user $(id -un) does not linger: the units would stop with the last logout" \
            "sudo loginctl enable-linger $(id -un)"
    fi
    [ -d /run/systemd/system ] || problem "this machine was not booted with systemd" \
        "install on the edge server itself; to try the check anywhere: ./dev demo"
    command -v ssh >/dev/null || problem "the program ssh is not installed" "sudo apt-get install openssh-client"
    local free place
    place=$(existing "$prefix")
    free=$(df -Pk "$place" | awk 'NR == 2 { print int($4 / 1024) }')
    [ "$free" -ge 200 ] || problem "200 MB are needed in $place, $free MB are free" "free space there: df -h $place"
    find_python
}

check_place() {
    local installed_user
    installed_user=$(remembered user)
    if [ ! -e "$manifest" ]; then
        [ "$action" != upgrade ] || problem "nothing is installed in $prefix" "install it: $again"
        [ ! -d "$prefix" ] || [ -z "$(ls -A "$prefix")" ] || problem "$prefix is not empty, and not of this program" \
            "name another folder: $again --prefix DIR"
    elif [ -n "$installed_user" ] && [ -n "$user" ] && [ "$user" != "$installed_user" ]; then
        problem "it is installed for user $installed_user, not $user" "remove that first: $self --uninstall"
    elif [ -n "$installed_user" ] && [ -n "$agent_only" ] && [ "$(remembered agent_only)" != yes ]; then
        problem "it is installed with its daemon, not the check alone" "remove that first: $self --uninstall"
    fi
    user=${installed_user:-$user}
    [ -z "$agent_only" ] || user=${user:-$("${control[@]}" show --property=User --value media-sync-daemon.service 2>/dev/null || true)}
    user=${user:-media-sync}
    [ -z "$installed_user" ] || agent_only=$(remembered agent_only)
    [ -z "$user_units" ] || user=$(id -un)
    [ "$user" != root ] || [ -n "$user_units" ] || problem "the programs don't run as root" "name another account: $again --user NAME"
    if getent passwd "$user" >/dev/null; then
        home=$(getent passwd "$user" | cut -d: -f6)
    else
        home=$default_home
        [ -z "$agent_only" ] || problem "there is no user $user" \
            "name the account that runs the daemon: $again --agent-only --user NAME"
        [ -z "$start" ] || problem "there is no user $user yet, so it has no way to log in to the NAS" \
            "$again --no-start makes the user and tells what else is needed"
    fi
    local name
    for name in smoke-check media-sync-daemon; do
        [ ! -e "$bin_dir/$name" ] || [ "$(readlink "$bin_dir/$name")" = "$prefix/venv/bin/$name" ] ||
            problem "$bin_dir/$name is there already, and leads to $(readlink -f "$bin_dir/$name")" "see what it is: ls -l $bin_dir/$name"
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
                "compare them: diff $target $config; if yours is right: sudo cp $config $target"
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
                problem "$config_source: $(without_label "$line")" "correct it there: sudo nano $config_source" ;;
            esac
        done <<<"$says"
        [ ${#problems[@]} -gt "$before" ] || add_problems problems < <(sed 's/^smoke-check: /problem: /' "$stage/config.log")
        return 0
    fi
    printf '%s\n' "$says" | sed -n -e 's/^warning: /install: note: /p' -e 's/^警告：/install: note: /p'
    cp "$config_source" "$checked" # the file may be one that only root can read
    [ -z "$in_place" ] || checked=$config_source
    { read -r media && read -r database && read -r state_path && read -r daemon; } < <("${program[@]}" config get --config "$checked" \
        local_settings.media_path database_settings.db_path daemon_settings.state_path daemon_settings.unit)
    [ -z "$agent_only" ] || daemon=''
    cd /
    if [ -n "$user_units" ]; then
        for line in "$media" "$(dirname "$database")" "$state_path"; do
            [ -w "$(existing "$line")" ] || problem "user $user can't make the folder $line" "sudo install -d -o $user $line"
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
    local name folder folders=("$unit_dir")
    [ -n "${daemon+known}" ] || daemon=$([ -n "$agent_only" ] || echo media-sync-daemon.service)
    [ -n "$user_units" ] || folders+=(/run/systemd/system /usr/local/lib/systemd/system /usr/lib/systemd/system)
    for name in $daemon smoke-check.service smoke-check.timer smoke-check-watch.service smoke-check-watch.timer smoke-check-alert@.service; do
        for folder in "${folders[@]}"; do
            [ -e "$folder/$name" ] && ! is_recorded "file $folder/$name" || continue
            if [ "$name" = "$daemon" ]; then
                problem "another $daemon is installed: $folder/$name" \
                    "install the check alone, for its user and its configuration: $again --agent-only --user $("${control[@]}" show -p User --value "$daemon") --config FILE"
            else
                problem "another $name is installed: $folder/$name" "see what it is, and remove it: systemctl cat $name"
            fi
        done
    done
}
