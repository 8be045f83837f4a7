# shellcheck shell=bash
# Part of install.sh: what runs: stopped when nothing is in hand, started, and asked.

reload() {
    "${control[@]}" daemon-reload
    [ -z "$catalog_dir" ] || journalctl --update-catalog
}

timers=(smoke-check.timer smoke-check-watch.timer)
is_active() { "${control[@]}" is-active --quiet "$1" 2>/dev/null; }

restart_what_ran() {
    reload
    local unit
    for unit in "${ran[@]}"; do is_active "$unit" || "${control[@]}" start "$unit"; done
}

# What runs meanwhile would meet half of the old and half of the new. Files in hand are finished, for they may be of 30 GB.
quiesce() {
    local unit until=$((SECONDS + wait_minutes * 60))
    [ -z "$dry" ] || return 0
    for unit in "${timers[@]}"; do ! is_active "$unit" || "${control[@]}" stop "$unit"; done
    while [ "$("${control[@]}" show --property=ActiveState --value smoke-check.service)" = activating ]; do sleep 0.2; done
    [ -n "$daemon" ] && is_active "$daemon" || return 0
    say "waiting for $daemon to finish the files in hand (at most $wait_minutes minutes)"
    "${control[@]}" kill --signal=SIGUSR1 --kill-who=main "$daemon"
    while is_active "$daemon"; do
        if [ "$SECONDS" -ge "$until" ]; then
            say "it is still at it; stopping it, and its files will be carried on afterwards"
            "${control[@]}" stop "$daemon"
        fi
        sleep 0.2
    done
}

switch_on() { # UNIT
    if ! "${control[@]}" is-enabled --quiet "$1" 2>/dev/null; then
        change "enable $1" || return 0
        on_undo "${control[@]}" disable --quiet "$1"
        "${control[@]}" enable --quiet "$1"
    fi
    is_active "$1" && return 0
    change "start $1" || return 0
    on_undo "${control[@]}" stop "$1"
    "${control[@]}" start "$1" && return 0
    complain "$1 does not start; it says:"
    "${journal[@]}" --unit "$1" --lines 5 --output cat --no-pager >&2 || true
    return 1
}

forget_new_queue() { # of a daemon that was started and is taken back
    rm -f "$database-wal" "$database-shm" "$database"
}

show_verdict() {
    local code=0 folder=/var/lib/smoke-check
    [ -z "$user_units" ] || folder=$("${control[@]}" show --property=Environment --value smoke-check.service)
    "$prefix/venv/bin/smoke-check" status --state-dir "$folder" || code=$?
    return "$code"
}
