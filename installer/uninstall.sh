# shellcheck shell=bash
# Part of install.sh: the removal, and what it spares.

# What an operator would miss: told before anything is removed. An installation that can't count it keeps it all.
count_holdings() {
    pending=unknown undelivered=unknown media_files=unknown media='' database=''
    local key value
    while IFS='=' read -r key value; do
        case $key in
            pending_deletes) pending=$value ;;
            undelivered) undelivered=$value ;;
            media_files) media_files=$value ;;
            media_path) media=$value ;;
            db_path) database=$value ;;
        esac
    done < <(as_user "$prefix/venv/bin/smoke-check" holdings --config "$(remembered config)" 2>/dev/null)
}

# Sets purge to what is to be removed, or refuses.
decide_purge() {
    [ -n "$purge" ] || return 0
    local config_path
    config_path=$(remembered config)
    [ -n "$daemon" ] || die "--purge: the media, the queue and the pending deletions belong to another daemon, and stay" \
        "--purge：媒体、队列和待执行的删除属于另一个守护进程，予以保留"
    local mend="$prefix/venv/bin/smoke-check config check $config_path"
    [ -n "$media" ] ||
        die "--purge: the configuration can't be read, so nobody knows where media and queue are; mend it first: $mend" \
            "--purge：配置无法读取，因此不知道媒体和队列在哪里；请先改正：$mend"
    if [ "$purge" = safe ]; then
        [ "$pending" = 0 ] || problem "$pending deletion(s) are pending: their local files would stay for ever" \
            "有 ${pending/unknown/未知} 个待执行的删除：它们的本地文件将永远留下" \
            "let the daemon finish them, or name them: $again --uninstall --purge=pending-deletes" \
            "让守护进程完成它们，或指名删除：$again --uninstall --purge=pending-deletes"
        [ "$undelivered" = 0 ] || problem "the queue $database holds $undelivered file(s) that were not delivered yet" \
            "队列 $database 中有 ${undelivered/unknown/未知} 个文件尚未送达" \
            "let the daemon finish them, or name it: $again --uninstall --purge=database" \
            "让守护进程完成它们，或指名删除：$again --uninstall --purge=database"
        [ "$media_files" = 0 ] || problem "$media holds $media_files file(s)" "$media 中有 ${media_files/unknown/未知} 个文件" \
            "move them away, or name them: $again --uninstall --purge=media" \
            "把它们移走，或指名删除：$again --uninstall --purge=media"
        refuse_if_wrong
        purge=media,database,pending-deletes
    fi
}

purge_named() {
    case ,$purge, in *,pending-deletes,*) pending=0 ;; esac
    case ,$purge, in *,database,*)
        ! change "remove the queue $database, $undelivered file(s) in it undelivered" \
            "删除队列 $database，其中有 ${undelivered/unknown/未知} 个文件未送达" ||
            rm -f -- "$database" "$database-wal" "$database-shm" ;;
    esac
    case ,$purge, in *,media,*)
        case $media in /*/*) ;; *) die "--purge=media: $media is not a folder to empty" "--purge=media：$media 不是可以清空的目录" ;; esac
        if [ "$media_files" != 0 ] && change "remove $media_files file(s) in $media" "删除 $media 中的 ${media_files/unknown/未知} 个文件"; then
            find "$media" -mindepth 1 -delete
        fi ;;
    esac
}

# The daemon's own mark in the media folder means nothing without the daemon.
remove_marker() {
    local marker=${media%/}/.celestial-nasops-marker
    [ -n "$daemon" ] && [ -n "$media" ] && [ -e "$marker" ] || return 0
    ! change "remove $marker" "删除 $marker" || rm -f -- "$marker"
}

uninstall() {
    [ -r "$manifest" ] || die "nothing is installed in $prefix" "$prefix 中没有安装任何东西"
    user=$(remembered user) daemon=$(remembered daemon)
    local unit i
    count_holdings
    decide_purge
    mapfile -t entries < <(grep -v '^set ' "$manifest")
    for unit in "${timers[@]}" smoke-check.service $daemon; do
        "${control[@]}" cat "$unit" >/dev/null 2>&1 || continue
        change "stop and disable $unit" "停止并禁用 $unit" || continue
        "${control[@]}" disable --quiet --now "$unit" 2>/dev/null || "${control[@]}" stop "$unit"
    done
    if [ -z "$dry" ]; then
        settle_runs
        count_holdings # the daemon may have done something meanwhile
    fi
    purge_named
    remove_marker
    for ((i = ${#entries[@]} - 1; i >= 0; i--)); do remove "${entries[i]%% *}" "${entries[i]#* }"; done
    [ -n "$dry" ] && return 0
    rm -f -- "$manifest"
    reload
    "${control[@]}" reset-failed 'smoke-check*' ${daemon:+"$daemon"} 2>/dev/null || true
    say "removed" "已删除"
}

remove() { # KIND PATH
    local kind=$1 path=$2
    case $kind in
        file)
            [ ! -d "$path.d" ] || [ "${path%/*}" != "$unit_dir" ] || remove_tree "$path.d" # of systemctl edit
            [ ! -e "$path" ] && [ ! -h "$path" ] || { change "remove $path" "删除 $path" && rm -f -- "$path"; } || true
            ;;
        tree) [ ! -e "$path" ] || remove_tree "$path" ;;
        folder)
            [ "$path" != "$prefix" ] || [ -n "$dry" ] || rm -f -- "$manifest"
            [ ! -d "$path" ] || { change "remove the folder $path" "删除目录 $path" && remove_if_empty "$path"; } || true
            ;;
        user) ! getent passwd "$path" >/dev/null || { change "remove the user $path" "删除用户 $path" && userdel "$path"; } || true ;;
        state) ! [ -d "$path" ] || remove_tree "$path" ;;
        daemon-state) ! [ -d "$path" ] || remove_daemon_state "$path" ;;
    esac
}

remove_if_empty() { rmdir -- "$1" 2>/dev/null || say "keeping $1, which is not empty" "保留 $1，它不是空的"; }

remove_tree() { # never anything but what lies two folders deep
    case $1 in /*/*) ;; *) return 0 ;; esac
    ! change "remove $1 and all in it" "删除 $1 及其中的一切" || rm -rf -- "$1"
}

remove_daemon_state() {
    if [ "$pending" = 0 ]; then
        remove_tree "$1"
        return
    fi
    say "keeping $1/pending_deletes.json: $pending deletion(s) are pending" "保留 $1/pending_deletes.json：有 ${pending/unknown/未知} 个待执行的删除"
    change "remove the rest of $1" "删除 $1 的其余内容" || return 0
    find "$1" -mindepth 1 -maxdepth 1 ! -name 'pending_deletes.json*' -exec rm -rf -- {} +
    chown -R "$root_user:" "$1"
}
