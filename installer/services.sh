# shellcheck shell=bash
# Part of install.sh: what runs: stopped when nothing is in hand, started, and asked.

reload() {
    "${control[@]}" daemon-reload
    [ -z "$catalog_dir" ] || journalctl --update-catalog
}

timers=(smoke-check.timer smoke-check-watch.timer)
is_active() { "${control[@]}" is-active --quiet "$1" 2>/dev/null; }

is_on() { is_active "$1" || "${control[@]}" is-enabled --quiet "$1" 2>/dev/null; }

restart_what_ran() {
    reload
    "${control[@]}" reset-failed 'smoke-check*' 2>/dev/null || true
    local unit
    for unit in ${ran[@]+"${ran[@]}"}; do is_active "$unit" || "${control[@]}" start "$unit" || true; done
}

# What runs meanwhile would meet half of the old and half of the new. Files in hand are finished, for they may be of 30 GB.
quiesce() {
    local unit until=$((SECONDS + wait_minutes * 60))
    [ -z "$dry" ] || return 0
    for unit in "${timers[@]}"; do ! is_active "$unit" || "${control[@]}" stop "$unit"; done
    while [ "$("${control[@]}" show --property=ActiveState --value smoke-check.service)" = activating ]; do sleep 0.2; done
    [ -n "$daemon" ] && is_active "$daemon" || return 0
    say "waiting for $daemon to finish the files in hand (at most $wait_minutes minutes)" \
        "等待 $daemon 完成手头的文件（最多 $wait_minutes 分钟）"
    "${control[@]}" kill --signal=SIGUSR1 --kill-who=main "$daemon"
    while is_active "$daemon"; do
        if [ "$SECONDS" -ge "$until" ]; then
            say "it is still at it; stopping it, and its files will be carried on afterwards" \
                "它仍未完成；将其停止，这些文件之后会继续发送"
            "${control[@]}" stop "$daemon"
        fi
        sleep 0.2
    done
}

switch_on() { # UNIT
    if ! "${control[@]}" is-enabled --quiet "$1" 2>/dev/null; then
        change "enable $1" "启用 $1" || return 0
        on_undo "${control[@]}" disable --quiet "$1"
        "${control[@]}" enable --quiet "$1"
    fi
    is_active "$1" && return 0
    change "start $1" "启动 $1" || return 0
    case $1 in *.timer) on_undo take_back_runs "$1" ;; *) on_undo "${control[@]}" stop "$1" ;; esac
    "${control[@]}" start "$1" && return 0
    complain "$1 does not start; it says:" "$1 无法启动；它说："
    "${journal[@]}" --unit "$1" --lines 5 --output cat --no-pager >&2 || true
    return 1
}

take_back_runs() { # of a timer that was started and is taken back
    "${control[@]}" stop "$1" "${1%.timer}.service"
    settle_runs
}

# What runs left on the NAS or in the queue must not stay behind when nobody remembers it any more.
settle_runs() {
    local folder said
    for folder in "${check_states[@]}"; do
        [ -e "$folder/ledger.json" ] || continue
        said=$(as_user "$prefix/venv/bin/smoke-check" clean --config "$(remembered config)" --state-dir "$folder" 2>&1) || {
            complain "the check could not remove everything of its own:" "检查未能清除它自己的全部内容："
            printf '%s\n' "$said" >&2
        }
    done
}

forget_new_queue() { # of a daemon that was started and is taken back
    count_holdings
    [ "$undelivered" != 0 ] || rm -f "$database-wal" "$database-shm" "$database"
    [ -z "$media" ] || rm -f "${media%/}/.celestial-nasops-marker"
}

show_verdict() {
    local code=0 folder
    for folder in "${check_states[@]}"; do [ ! -d "$folder" ] || break; done
    "$prefix/venv/bin/smoke-check" status --state-dir "$folder" || code=$?
    return "$code"
}
