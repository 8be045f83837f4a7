# shellcheck shell=bash
# Part of install.sh: the changes. Each is said, recorded for the removal, and can be undone.

change() { # ENGLISH CHINESE; false in a dry run
    changes=$((changes + 1))
    say "${dry:+would }$1" "${dry:+将}$2"
    [ -z "$dry" ]
}

# Written down before it is made, so that even a killed installation can be removed, or gone on with.
records=() promised=''
record() {
    records+=("$1 $2")
    [ -d "$prefix" ] || return 0
    local each
    for each in "${records[@]}"; do
        grep -qxF -- "$each" "$manifest" 2>/dev/null || printf '%s\n' "$each" >>"$manifest"
    done
    records=()
}

is_recorded() { grep -qxF -- "$1" "$manifest" 2>/dev/null; }

remember() {
    [ -z "$dry" ] && [ "$(remembered "$1")" != "$2" ] || return 0
    sed -i "/^set $1 /d" "$manifest"
    printf 'set %s %s\n' "$1" "$2" >>"$manifest"
}

put_folder() { # PATH OWNER MODE
    [ ! -d "$1" ] || return 0
    put_folder "$(dirname "$1")" "$root_user" 755
    [[ $promised != *"|$1|"* ]] || return 0
    change "make the folder $1" "创建目录 $1" || { promised+="|$1|" && return 0; }
    on_undo rmdir "$1"
    mkdir -m "$3" "$1"
    chown "$2:" "$1"
    record folder "$1"
}

put_file() { # SOURCE PATH
    [ -h "$2" ] || ! cmp -s "$1" "$2" || return 0
    change "write $2" "写入 $2" || return 0
    if [ -e "$2" ]; then
        local kept
        kept=$(mktemp "$stage/kept-XXXXXX")
        cp -a "$2" "$kept"
        on_undo cp -a "$kept" "$2"
    else
        record file "$2"
        on_undo rm -f "$2"
    fi
    on_undo rm -f "$2.part~"
    install -m 644 "$1" "$2.part~"
    mv -f "$2.part~" "$2"
}

put_link() { # TARGET PATH
    [ "$(readlink "$2" || true)" != "$1" ] || return 0
    change "link $2 to $1" "把 $2 链接到 $1" || return 0
    record file "$2"
    on_undo rm -f "$2"
    ln -s "$1" "$2"
}

put_user() {
    ! getent passwd "$user" >/dev/null || return 0
    change "make the system user $user, home $home" "创建系统用户 $user，主目录 $home" || return 0
    record user "$user"
    on_undo userdel "$user"
    useradd --system --user-group --home-dir "$home" --no-create-home --shell /usr/sbin/nologin "$user"
    [ ! -e "$home" ] || return 0
    record tree "$home"
    on_undo rm -rf "$home"
    install -d -m 750 -o "$user" -g "$user" "$home"
    install -d -m 700 -o "$user" -g "$user" "$home/.ssh"
}

# systemd makes the state folders below /var/lib, but no other, and for a user's daemon none.
put_state() {
    local folder
    for folder in "${check_states[@]}"; do
        put_folder "$(dirname "$folder")" "$root_user" 755 # before it, so that the removal comes to it later
        [ -e "$folder" ] || [ -n "$dry" ] || { record state "$folder" && on_undo rm -rf "$folder"; }
    done
    [ -n "$daemon" ] && [ ! -e "$state_path" ] || return 0
    if [ -n "$user_units" ] || [[ $state_path != /var/lib/* ]]; then
        put_folder "$(dirname "$state_path")" "$root_user" 755
        change "make the folder $state_path" "创建目录 $state_path" || return 0
        install -d -m 755 -o "$user" -g "$(id -g "$user")" "$state_path"
    fi
    [ -z "$dry" ] || return 0
    record daemon-state "$state_path"
    on_undo rm -rf "$state_path"
}

put_config() {
    local default=$here/unified_config.json
    if [ ! -e "$target" ]; then
        put_folder "$etc_dir" "$root_user" 755
        put_file "$config_source" "$target"
    elif [ -z "$in_place" ] && ! cmp -s "$default" "$target" && ! cmp -s "$default" "$prefix/default_config.json"; then
        put_file "$default" "$target.new"
    fi
    put_file "$default" "$prefix/default_config.json"
}

put_units() {
    local path kind name folder
    if [ ! -d "$stage/units" ]; then
        change "write the units into $unit_dir" "把单元写入 $unit_dir" || return 0
    fi
    for path in "$stage"/units/*; do
        case $path in
            *.catalog) folder=$catalog_dir ;;
            *) folder=$unit_dir ;;
        esac
        [ -n "$folder" ] || continue
        put_folder "$folder" "$root_user" 755
        put_file "$path" "$folder/${path##*/}"
    done
    [ -r "$manifest" ] || return 0
    while read -r kind path; do # what an earlier version or configuration named otherwise
        name=${path##*/}
        if [ "$kind ${path%/*}" != "file $unit_dir" ] || [ -e "$stage/units/$name" ] || [ ! -e "$path" ]; then continue; fi
        change "remove $path" "删除 $path" || continue
        cp -a "$path" "$stage/gone-$name"
        on_undo cp -a "$stage/gone-$name" "$path"
        "${control[@]}" disable --quiet --now "$name"
        rm "$path"
    done <"$manifest"
}
