"""Logging in to the NAS, and what its login shell does.

The daemon is made to log in anew where the fault alone would not end its present connection.
"""

from __future__ import annotations

import contextlib
import os
import signal
from collections.abc import Iterator

from tests.faults.table import fault, no_alarm
from tests.system.pair import NAS_HOME, NAS_USER
from tests.system.site import HOME, USER, Site

SSH = f"{HOME}/.ssh"
KEY, KNOWN_HOSTS, CONFIG = f"{SSH}/id_ed25519", f"{SSH}/known_hosts", f"{SSH}/config"
AS_USER = f"sudo -u {USER}"
OF_HOST = "sudo ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub"
# A run waits no longer than needed for what can't come.
IMPATIENT = {"testing": {"max_wait_minutes": 0.06}}
KEEPS_TRYING = "the daemon could not deliver {name}.smoke-check.bin within {few} s and keeps trying: "
LOOK_IN = (
    "see what it waits for there (a disk that wakes up or fails, a profile, a directory service): "
    f"{AS_USER} ssh -v nas-edge uptime; if that hangs as well, restart the NAS"
)
key_refused = fault(
    probe="remote_verify",
    cause="nas_key_refused",
    says=f"10.77.0.3 refuses the key {KEY} for user {NAS_USER}",
    remedy=f"install the key on the NAS: {AS_USER} ssh-copy-id -i {KEY} nas-edge; if it is there, see on the NAS that "
    "nobody else may write the home and its .ssh, and that the account is not locked: "
    f"ls -ld ~{NAS_USER} ~{NAS_USER}/.ssh; sudo passwd -S {NAS_USER}",
)


@contextlib.contextmanager
def sshd(site: Site, *lines: str) -> Iterator[None]:
    """Run the NAS's sshd with other settings for a while, which win, and have everybody connect to it anew."""
    there = "/etc/ssh/sshd_config.d/fault.conf"
    site.nas.write(there, "\n".join([*lines, ""]))
    site.nas.run("systemctl", "restart", "ssh.service")
    site.forget_connections()
    yield
    site.nas.shell(f"rm {there}; systemctl restart ssh.service")
    site.forget_connections()


@contextlib.contextmanager
def on_the_nas(site: Site, breaks: str, mends: str) -> Iterator[None]:
    """Break something there, and have the daemon log in anew."""
    site.nas.shell(breaks)
    site.forget_connections()
    yield
    site.nas.shell(mends)
    site.forget_connections()


@contextlib.contextmanager
def on_the_edge(site: Site, breaks: str, mends: str) -> Iterator[None]:
    """Break something here, as the service's user, and have the daemon log in anew."""
    site.edge.shell(breaks, user=USER)
    site.forget_connections()
    yield
    site.edge.shell(mends, user=USER)
    site.forget_connections()


# --- who it is ---


@fault(
    probe="remote_verify",
    cause="nas_host_key_unknown",
    says=f"the host key of 10.77.0.3 is not in {KNOWN_HOSTS}; it shows ssh-ed25519 SHA256:{{fingerprint}}",
    remedy=f"compare that fingerprint with the NAS's own, seen there by {OF_HOST}, then log in once and accept it: "
    f"{AS_USER} ssh nas-edge",
)
def unknown_host(site: Site) -> Iterator[None]:
    """The NAS's host key is not pinned."""
    with on_the_edge(site, f"mv {KNOWN_HOSTS} {KNOWN_HOSTS}.aside", f"mv {KNOWN_HOSTS}.aside {KNOWN_HOSTS}"):
        yield


@fault(
    probe="remote_verify",
    cause="nas_host_key_changed",
    says="the host key of 10.77.0.3 has changed: ssh-ed25519 SHA256:{seen}, expected ssh-ed25519 SHA256:{expected} "
    f"from {KNOWN_HOSTS}",
    remedy="find out why (a new NAS, or somebody in between?); the NAS itself shows its own by "
    f"{OF_HOST}; if it is right: {AS_USER} ssh-keygen -R '10.77.0.3' -f {KNOWN_HOSTS} && {AS_USER} ssh nas-edge",
)
def changed_key(site: Site) -> Iterator[None]:
    """The NAS shows another host key than the pinned one."""
    key = "/etc/ssh/ssh_host_ed25519_key"
    with on_the_nas(
        site,
        f"mv {key} {key}.old; ssh-keygen -q -t ed25519 -N '' -f {key} <&-; systemctl restart ssh.service",
        f"mv {key}.old {key}; systemctl restart ssh.service",
    ):
        yield


# --- our key ---


@key_refused
def key_not_installed(site: Site) -> Iterator[None]:
    """The NAS does not know the key."""
    keys = f"{NAS_HOME}/.ssh/authorized_keys"
    with on_the_nas(site, f"mv {keys} {keys}.aside", f"mv {keys}.aside {keys}"):
        yield


@key_refused
def home_of_mode_777(site: Site) -> Iterator[None]:
    """The account's home on the NAS is writable by others."""
    with on_the_nas(site, f"chmod 777 {NAS_HOME}", f"chmod 755 {NAS_HOME}"):
        yield


@key_refused
def account_locked(site: Site) -> Iterator[None]:
    """The account is locked, and its sshd asks no PAM."""
    with sshd(site, "UsePAM no"):
        site.nas.run("usermod", "--lock", NAS_USER)
        yield
        site.nas.run("usermod", "--password", "*", NAS_USER)


@fault(
    probe="remote_verify",
    cause="nas_account_refused",
    says=f"10.77.0.3 ends the login of {NAS_USER} and says: Your account has expired; please contact your system "
    "administrator.",
    remedy="see on the NAS whether the account is expired or locked (DSM: Control Panel, User & Group): "
    f"sudo chage -l {NAS_USER}; sudo passwd -S {NAS_USER}",
)
def account_deactivated(site: Site) -> Iterator[None]:
    """The account is deactivated."""
    with on_the_nas(site, f"usermod --expiredate 1 {NAS_USER}", f"usermod --expiredate '' {NAS_USER}"):
        yield


@fault(
    probe="remote_verify",
    cause="nas_key_missing",
    says=f"there is no key to log in to 10.77.0.3 with: {KEY}",
    remedy=f"make one and install it: {AS_USER} ssh-keygen -t ed25519 -N '' -f {KEY} && "
    f"{AS_USER} ssh-copy-id -i {KEY} nas-edge; or set security.ssh_key_path in unified_config.json",
)
def key_file_missing(site: Site) -> Iterator[None]:
    """The key is gone from this server."""
    with on_the_edge(site, f"mv {KEY} {KEY}.aside", f"mv {KEY}.aside {KEY}"):
        yield


@fault(
    probe="remote_verify",
    cause="nas_key_unusable",
    says=f"the key {KEY} can't be used: it has a passphrase",
    remedy=f"it must be a private key of user {USER} without passphrase: sudo chown {USER} {KEY}; "
    f"{AS_USER} ssh-keygen -p -N '' -f {KEY}",
)
def key_encrypted(site: Site) -> Iterator[None]:
    """The key has a passphrase."""
    phrase = "secret phrase"
    with on_the_edge(
        site,
        f"ssh-keygen -q -p -P '' -N '{phrase}' -f {KEY} >/dev/null",
        f"ssh-keygen -q -p -P '{phrase}' -N '' -f {KEY} >/dev/null",
    ):
        yield


@fault(
    probe="remote_verify",
    cause="key_open_to_others",
    says=f"others than its owner may use the key {KEY} (mode 644), so ssh refuses to use it",
    remedy=f"sudo chmod 600 {KEY}",
    outcome="warn",
)
def key_world_readable(site: Site) -> Iterator[None]:
    """The key can be read by everybody here."""
    with on_the_edge(site, f"chmod 644 {KEY}", f"chmod 600 {KEY}"):
        yield


# --- what the login gives ---


@fault(
    probe="remote_verify",
    cause="nas_no_shell",
    says=f"{KEEPS_TRYING}{NAS_USER} on 10.77.0.3 gets no shell: This account is currently not available.",
    remedy="on the NAS switch SFTP on (DSM: Control Panel, File Services, FTP, SFTP), or give the account a shell "
    f"(DSM gives one to members of administrators only); try: {AS_USER} sftp nas-edge",
)
def nologin(site: Site) -> Iterator[None]:
    """The account has no shell, which its SFTP server would need as well."""
    site.configure(IMPATIENT)
    with on_the_nas(site, f"usermod --shell /usr/sbin/nologin {NAS_USER}", f"usermod --shell /bin/bash {NAS_USER}"):
        yield


@no_alarm()
def sftp_only(site: Site) -> Iterator[None]:
    """The account has SFTP and no shell."""
    with sshd(site, f"Match User {NAS_USER}", "  ForceCommand internal-sftp"):
        yield


@no_alarm()
def poor_shell(site: Site) -> Iterator[None]:
    """The account's stat knows no -c, as that of some NAS, and there is SFTP."""
    site.nas.write(f"{NAS_HOME}/tools/stat", "#!/bin/sh\nexit 1\n", mode=0o755)
    site.nas.write(f"{NAS_HOME}/.bashrc", "PATH=~/tools:$PATH\n")
    with on_the_nas(site, ":", f"rm -r {NAS_HOME}/.bashrc {NAS_HOME}/tools"):
        yield


@fault(
    probe="remote_verify",
    cause="nas_no_shell",
    says=f"{KEEPS_TRYING}{NAS_USER} on 10.77.0.3 gets no shell: what is sent to a command there does not all reach it, "
    "as where a profile asks something",
    remedy="on the NAS switch SFTP on (DSM: Control Panel, File Services, FTP, SFTP), or give the account a shell "
    f"(DSM gives one to members of administrators only); try: {AS_USER} sftp nas-edge",
)
def asking_profile(site: Site) -> Iterator[None]:
    """The account's profile asks something, and its SFTP server is started by the same shell."""
    site.configure(IMPATIENT)
    site.nas.write(f"{NAS_HOME}/.bashrc", "echo 'Go on? [y/n]'; read -r answer\n")
    with on_the_nas(site, ":", f"rm {NAS_HOME}/.bashrc"):
        yield


@no_alarm()
def chatty_profile(site: Site) -> Iterator[None]:
    """The account's profile prints."""
    site.nas.write(f"{NAS_HOME}/.bashrc", "echo Welcome to this NAS; echo be careful >&2\n")
    with on_the_nas(site, ":", f"rm {NAS_HOME}/.bashrc"):
        yield


@fault(
    probe="remote_verify",
    cause="nas_no_common_algorithm",
    says="10.77.0.3 and this server share no algorithm: no cipher of aes128-gcm@openssh.com, {others}",
    remedy="allow one of them on the NAS (DSM: Control Panel, Terminal & SNMP, Advanced), or update it; what it has "
    "now, there: sudo sshd -T | grep -iE 'ciphers|macs|algorithms'",
)
def no_common_algorithm(site: Site) -> Iterator[None]:
    """The NAS offers no cipher that this server accepts."""
    with sshd(site, "Ciphers chacha20-poly1305@openssh.com"):
        yield


@fault(
    probe="remote_verify",
    cause="nas_session_refused",
    says=f"{KEEPS_TRYING}10.77.0.3 refuses to open another session: Connect failed",
    remedy="raise MaxSessions in the NAS's sshd_config, and restart its SSH service; what it is now, there: "
    "sudo sshd -T | grep -i maxsessions",
)
def max_sessions_0(site: Site) -> Iterator[None]:
    """The NAS lets a connection open no session."""
    site.configure(IMPATIENT)
    with sshd(site, "MaxSessions 0"):
        yield


@no_alarm()
def max_sessions_1(site: Site) -> Iterator[None]:
    """The NAS lets each connection open one session at a time."""
    with sshd(site, "MaxSessions 1"):
        yield


@fault(
    probe="ping",
    cause="nas_hung_up",
    says="10.77.0.3 port 22 closed the connection (waiting for its SSH greeting): Exceeded MaxStartups, although it "
    "answers ping in {time} ms",
    remedy="the NAS may have too many connections or have blocked this address (DSM: Control Panel, Security, "
    f"Protection); try: {AS_USER} ssh -v -p 22 10.77.0.3",
)
def max_startups(site: Site) -> Iterator[None]:
    """Somebody else holds the only place for those who log in."""
    with sshd(site, "MaxStartups 1"):
        knock = "exec 3<>/dev/tcp/127.0.0.1/22; read -r greeting <&3; echo $greeting; read -r"
        squatter = site.nas.start("bash", "-c", knock)
        try:
            assert squatter.stdout is not None
            assert squatter.stdout.readline().startswith("SSH-")
            yield
        finally:
            os.killpg(squatter.pid, signal.SIGKILL)
            squatter.communicate()


# --- what never comes ---


@fault(
    probe="remote_verify",
    cause="nas_login_hangs",
    says=f"{KEEPS_TRYING}the login of {NAS_USER} on 10.77.0.3 gave no answer within 1 s (login)",
    remedy=LOOK_IN,
)
def login_hangs(site: Site) -> Iterator[None]:
    """The NAS never decides whether the key will do."""
    site.configure({**IMPATIENT, "security": {"connection_timeout_seconds": 1}})
    hangs = "account required pam_exec.so /bin/sleep 600"
    with on_the_nas(
        site,
        f"cp -p /etc/pam.d/sshd /run/sshd.kept; sed -i '1i {hangs}' /etc/pam.d/sshd",
        "mv /run/sshd.kept /etc/pam.d/sshd",
    ):
        yield


@fault(
    probe="remote_verify",
    cause="nas_login_hangs",
    says=f"{KEEPS_TRYING}the login of {NAS_USER} on 10.77.0.3 gave no answer within 1 s (look around there)",
    remedy=LOOK_IN,
)
def exec_never_answers(site: Site) -> Iterator[None]:
    """A command on the NAS never answers."""
    site.configure({**IMPATIENT, "security": {"connection_timeout_seconds": 1}})
    with sshd(site, f"Match User {NAS_USER}", "  ForceCommand sleep 600"):
        yield


# --- the way there ---


@fault(
    probe="ping",
    cause="nas_alias_unknown",
    says="ssh knows no host 'nas-edge' and no such name can be resolved",
    remedy=f"add 'Host nas-edge' to {CONFIG}, or correct nas_settings.ssh_alias in unified_config.json; "
    f"see: {AS_USER} ssh -G nas-edge",
)
def alias_undefined(site: Site) -> Iterator[None]:
    """The alias is in no ssh configuration."""
    with on_the_edge(site, f"mv {CONFIG} {CONFIG}.aside", f"mv {CONFIG}.aside {CONFIG}"):
        yield


@fault(
    probe="remote_verify",
    cause="nas_proxy_failed",
    says=f"{KEEPS_TRYING}the way to 10.77.0.3 through "
    "'ssh -o BatchMode=yes -W [10.77.0.3]:22 -- ssh://[10.77.0.3]:2222' failed: "
    "Connection {ended} by 10.77.0.3 port 2222",
    remedy=f"try it by hand: {AS_USER} ssh -v nas-edge",
)
def jump_host_dies(site: Site) -> Iterator[None]:
    """The NAS is reached through another host, which takes connections and ends them."""
    site.configure(IMPATIENT)
    # As files: systemd-run's template is forgotten with its first instance, and then the socket fails.
    socket, template = "/run/systemd/system/jump.socket", "/run/systemd/system/jump@.service"
    site.nas.write(socket, "[Socket]\nListenStream=2222\nAccept=yes\n")
    site.nas.write(template, "[Service]\nExecStart=/bin/true\nStandardInput=socket\n")
    site.nas.shell("systemctl daemon-reload; systemctl start jump.socket")
    jump = "  ProxyJump 10.77.0.3:2222"
    with on_the_edge(site, f"cp -p {CONFIG} {CONFIG}.aside; echo '{jump}' >> {CONFIG}", f"mv {CONFIG}.aside {CONFIG}"):
        yield
    site.nas.shell(f"systemctl stop jump.socket; rm {socket} {template}; systemctl daemon-reload")
