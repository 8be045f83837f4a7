"""What a login on the NAS needs on this side: the alias, the key, the pinned host key, and who may change them."""

from __future__ import annotations

import os
from collections.abc import Iterator

from celestial_nasops import causes as shared
from celestial_nasops.fault import Fault
from celestial_nasops.language import say
from celestial_nasops.nas import identity
from celestial_nasops.nas.known_hosts import KnownHosts
from celestial_nasops.nas.target import SshTarget, resolve
from healthcheck import causes, preflight
from healthcheck.doctor.case import Case
from healthcheck.doctor.finding import Finding
from healthcheck.doctor.folders import open_to_others, unreadable

_NAMES = {
    causes.NO_SSH_KEY.code: "key",
    shared.NAS_KEY_MISSING.code: "key",
    shared.NAS_KEY_UNUSABLE.code: "key",
    causes.HOST_KEY_NOT_PINNED.code: "host_key",
}


def look_at_ssh(case: Case) -> Iterator[Finding]:
    """Look at the files alone; the NAS is not asked."""
    faults = {_NAMES.get(fault.code, "ssh"): fault for fault in preflight.of_link(case.config)}
    try:
        target = resolve(case.config)
    except Fault as fault:
        yield Finding.of_fault("ssh", fault)
        for name in ("key", "host_key"):
            yield Finding.left_out(name, say("because of {probe}", probe="ssh"))
        return
    yield from _of_alias(target, faults.get("ssh"))
    yield from _of_key(target, faults.get("key"))
    yield from _of_host_key(target, faults.get("host_key"))


def _of_alias(target: SshTarget, fault: Fault | None) -> Iterator[Finding]:
    config = os.path.expanduser(target.ssh_config)
    found = unreadable("ssh", config) or open_to_others("ssh", config)
    if found is not None:
        yield found
    elif fault is not None:
        yield Finding.of_fault("ssh", fault)
    else:
        account = f"{target.username}@{target.host}"
        yield Finding.ok(
            "ssh", say("ssh {alias} means {account} port {port}", alias=target.alias, account=account, port=target.port)
        )


def _of_key(target: SshTarget, fault: Fault | None) -> Iterator[Finding]:
    path = identity.path_of(target) or ""
    mode = identity.mode_open_to_others(path) if path else None
    hidden = unreadable("key", path)
    if mode is not None:
        yield Finding.of_cause("key", causes.KEY_OPEN_TO_OTHERS, path=path, mode=mode)
    elif hidden is not None:
        yield hidden
    elif fault is not None:
        yield Finding.of_fault("key", fault)
    else:
        yield Finding.ok("key", say("{path} is a key without passphrase, and private", path=path))


def _of_host_key(target: SshTarget, fault: Fault | None) -> Iterator[Finding]:
    files = target.known_hosts_files
    known = KnownHosts.read(files)
    bad = [found for path in files if (found := unreadable("host_key", path)) is not None]
    if fault is not None and not bad:
        yield Finding.of_fault("host_key", fault)
        return
    bad += [found for path in files if (found := open_to_others("host_key", path)) is not None]
    yield from bad
    if bad:
        return
    if target.proxy_command is not None:
        yield Finding.ok("host_key", say("the NAS is reached through a proxy, which only a login proves"))
        return
    pinned = known.pinned(target.known_hosts_name) or known.pinned(target.host.lower())
    yield Finding.ok(
        "host_key",
        say(
            "{key} is pinned for {name} in {path}", key=pinned[0].key, name=target.known_hosts_name, path=pinned[0].file
        ),
    )
