#!/bin/sh
# The looks of smoke-check with the usual tools, as one would write them by hand. Waiting costs nothing: it sleeps.
# What it leaves on the NAS and in the queue, its caller removes.
# usage: same_looks.sh SSH_CONFIG DATABASE MEDIA_FOLDER BACKUP_FOLDER
set -eu
ssh_config=$1 database=$2 media=$3 backup=$4
name="smoketest_$(date +%Y%m%d_%H%M%S)_$(printf %08x $$)-1.smoke-check.bin"
file=$media/$name copy=$backup/$(date +%Y/%m/%d)/$name

systemctl show media-sync-daemon --property=ActiveState,SubState,MainPID,NRestarts >/dev/null 2>&1 || true
ping -c 1 -W 2 127.0.0.1 >/dev/null
sqlite3 "$database" 'BEGIN IMMEDIATE; ROLLBACK;
  SELECT count(*), min(created_at) FROM media_transfer_status WHERE transfer_status = "pending"' >/dev/null

head -c 1024 /dev/urandom >"$file"
sync "$file"
sum=$(sha256sum <"$file")
sqlite3 "$database" ".timeout 5000" "INSERT INTO media_transfer_status
  (file_path, file_name, file_size, file_hash, download_status, transfer_status)
  VALUES ('$file', '$name', 1024, '${sum%% *}', 'completed', 'pending')"
sleep 0.3
until [ "$(sqlite3 "$database" ".timeout 5000" "SELECT transfer_status FROM media_transfer_status
  WHERE file_path = '$file'")" = completed ]; do sleep 0.3; done

ssh -F "$ssh_config" nas-edge test -f "$copy" </dev/null
[ "$(ssh -F "$ssh_config" nas-edge sha256sum "<$copy" </dev/null)" = "$sum" ]
sleep 0.6
while [ -e "$file" ]; do sleep 0.3; done
