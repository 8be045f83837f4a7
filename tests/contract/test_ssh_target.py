"""The alias is resolved the way ssh itself resolves it, proxies included."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

import pytest

from celestial_nasops import causes, process
from celestial_nasops.config import Config, NasSettings
from celestial_nasops.durable import user_name
from celestial_nasops.fault import NasRefusal, NasUnavailable
from celestial_nasops.nas.session import NasSession
from celestial_nasops.nas.target import SshTarget, resolve
from tests.nas_servers import Server, openssh_server, public_key


def resolved(ssh_config: Path, text: str, alias: str = "nas-edge", **settings: object) -> SshTarget:
    ssh_config.write_text(text)
    return resolve(
        Config.model_validate({"nas_settings": {"ssh_alias": alias, "ssh_config_path": str(ssh_config), **settings}})
    )


def test_include_match_and_first_value_wins(tmp_path: Path) -> None:
    (tmp_path / "included").write_text(
        "Match host 10.1.2.3 user edge_sync\n  Port 2222\nHost nas-*\n  User other\n  IdentityFile /second\n"
    )
    text = (
        "Host nas-edge\n  HostName 10.1.2.3\n  User edge_sync\n  IdentityFile /first\n"
        f"Host *\n  Include {tmp_path}/included\nMatch final\n  HostKeyAlias THE-NAS\n"
    )
    target = resolved(tmp_path / "config", text)
    assert (target.host, target.port, target.username) == ("10.1.2.3", 2222, "edge_sync")
    assert target.identity_files == ("/first", "/second")
    assert target.known_hosts_name == "the-nas"
    assert target.alias == f"-F {tmp_path}/config nas-edge"
    assert (target.config_alias, target.ssh_config) == ("nas-edge", f"{tmp_path}/config")


def test_tokens_variables_and_spaces_in_paths(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KEY_FOLDER", "/keys")
    text = (
        "Host nas-edge\n  HostName nas.example\n  User edge_sync\n  Port 2222\n"
        '  IdentityFile "/with space/%n/%h/%r/%p/100%%"\n  IdentityFile ${KEY_FOLDER}/key\n  IdentityFile ~/.ssh/key\n'
        '  IdentityFile none\n  UserKnownHostsFile "/a b/known hosts" ~/known\n  GlobalKnownHostsFile /etc/x\n'
    )
    target = resolved(tmp_path / "config", text)
    home = os.path.expanduser("~")
    assert target.identity_files == (
        "/with space/nas-edge/nas.example/edge_sync/2222/100%",
        "/keys/key",
        f"{home}/.ssh/key",
    )
    assert target.known_hosts_files == ("/a b/known hosts", f"{home}/known", "/etc/x")
    assert target.known_hosts_name == "[nas.example]:2222"


def test_no_known_hosts_at_all(tmp_path: Path) -> None:
    text = "Host *\n  UserKnownHostsFile none\n  GlobalKnownHostsFile none\n  IdentityFile none\n"
    target = resolved(tmp_path / "config", text)
    assert target.known_hosts_files == ()
    assert target.identity_files == ()


def test_the_configuration_s_own_paths_win(tmp_path: Path) -> None:
    (tmp_path / "config").write_text("Host *\n  IdentityFile /x\n  UserKnownHostsFile /y\n")
    config = Config.model_validate(
        {
            "nas_settings": {"ssh_config_path": f"{tmp_path}/config", "known_hosts_path": "~/pinned"},
            "security": {"ssh_key_path": "~/own_key"},
        }
    )
    target = resolve(config)
    assert target.identity_files == (os.path.expanduser("~/own_key"),)
    assert target.known_hosts_files == (os.path.expanduser("~/pinned"),)


def test_without_an_alias_the_settings_count() -> None:
    settings = {"ssh_alias": "", "host": "NAS.example", "port": 2222, "username": "edge_sync"}
    target = resolve(Config.model_validate({"nas_settings": settings}))
    assert (target.host, target.port, target.username) == ("NAS.example", 2222, "edge_sync")
    assert target.alias == "-p 2222 edge_sync@NAS.example"
    assert target.known_hosts_name == "[nas.example]:2222"
    assert target.identity_files[0] == os.path.expanduser("~/.ssh/id_ed25519")
    assert target.proxy_command is None
    plain = resolve(Config.model_validate({"nas_settings": {**settings, "port": 22}}))
    assert plain.alias == "edge_sync@NAS.example"
    assert plain.known_hosts_name == "nas.example"


def test_an_alias_that_ssh_does_not_know_resolves_to_itself(tmp_path: Path) -> None:
    target = resolved(tmp_path / "config", "", alias="unknown-nas")
    assert (target.host, target.port, target.username) == ("unknown-nas", 22, user_name())


def test_proxies_become_programs(tmp_path: Path) -> None:
    config = tmp_path / "config"
    head = "Host nas-edge\n  HostName nas.example\n  User edge_sync\n  Port 2222\n"
    one = resolved(config, f"{head}  ProxyJump gate\n")
    ssh = ("ssh", "-F", str(config), "-o", "BatchMode=yes")
    assert one.proxy_command == (*ssh, "-W", "[nas.example]:2222", "--", "ssh://gate")
    three = resolved(config, f"{head}  ProxyJump first,u@second:2200,ssh://third:22\n")
    assert three.proxy_command == (
        *(*ssh, "-J", "first,u@second:2200"),
        *("-W", "[nas.example]:2222", "--", "ssh://third:22"),
    )
    command = resolved(config, f"{head}  ProxyCommand connect %h %p %r %n 100%%\n")
    assert command.proxy_command == ("/bin/sh", "-c", "exec connect nas.example 2222 edge_sync nas-edge 100%")
    assert resolved(config, f"{head}  ProxyCommand none\n").proxy_command is None
    assert resolved(config, f"{head}  ProxyJump none\n").proxy_command is None


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("Host *\n  Hos t\n", "{0}: line 2: Bad configuration option: hos"),
        ("Host *\n  ProxyCommand connect %C\n", "the token %C in 'connect %C' is not supported"),
        ("Host *\n  IdentityFile /key/%j\n", "the token %j in '/key/%j' is not supported"),
    ],
)
def test_a_configuration_that_ssh_or_we_can_not_use(tmp_path: Path, text: str, reason: str) -> None:
    with pytest.raises(NasRefusal) as caught:
        resolved(tmp_path / "config", text)
    assert caught.value.cause is causes.NAS_SSH_FAILED
    shown = reason.format(tmp_path / "config")
    assert str(caught.value) == f"the SSH connection to nas-edge failed (ssh configuration): {shown}"
    assert caught.value.remedy == f"try it by hand: ssh -v -F {tmp_path}/config nas-edge"


def test_a_configuration_that_is_not_there(tmp_path: Path) -> None:
    path = f"{tmp_path}/none"
    with pytest.raises(NasRefusal) as caught:
        resolve(Config.model_validate({"nas_settings": {"ssh_config_path": path}}))
    assert f"Can't open user config file {path}: No such file or directory" in str(caught.value)


def test_an_alias_is_never_an_option(tmp_path: Path) -> None:
    """The configuration's own check is not the only wall."""
    owned = tmp_path / "owned"
    settings = NasSettings(ssh_config_path=str(tmp_path / "none")).model_copy(
        update={"ssh_alias": f"-oProxyCommand=touch {owned}", "ssh_config_path": ""}
    )
    with pytest.raises(NasRefusal) as caught:
        resolve(Config().model_copy(update={"nas_settings": settings}))
    assert caught.value.cause is causes.NAS_SSH_FAILED
    assert str(caught.value).endswith("hostname contains invalid characters")
    assert not owned.exists()


def with_proxy(sshd: Server, path: Path, line: str) -> SshTarget:
    config = Config.model_validate({"nas_settings": {"ssh_config_path": str(path)}})
    path.write_text(Path(sshd.ssh_config).read_text() + f"    {line}\n")
    return resolve(config)


def test_a_proxy_command_leads_there(sshd: Server, tmp_path: Path) -> None:
    target = with_proxy(sshd, tmp_path / "config", "ProxyCommand busybox nc %h %p")
    with NasSession.open(target, timeout_seconds=10) as session:
        assert session.exec("echo there", timeout_seconds=10).output == b"there\n"
        assert session.exec("wc -c", stdin=[b"x" * 5_000_000], timeout_seconds=10).output.strip() == b"5000000"


def test_a_proxy_jump_leads_there(sshd: Server, tmp_path: Path) -> None:
    with openssh_server(tmp_path / "gate") as gate:
        path = tmp_path / "config"
        target = with_proxy(sshd, path, "ProxyJump gate")
        path.write_text(path.read_text() + Path(gate.ssh_config).read_text().replace("Host nas-edge", "Host gate"))
        with NasSession.open(target, timeout_seconds=10) as session:
            assert session.exec("echo there", timeout_seconds=10).output == b"there\n"
            assert gate.descendants()
            gate.cut_connections()
            with pytest.raises(NasUnavailable) as caught:
                session.exec("true", timeout_seconds=10, action="look at", path="/x")
            assert caught.value.cause is causes.NAS_CONNECTION_LOST


def test_a_proxy_that_says_why_it_fails(sshd: Server, tmp_path: Path) -> None:
    target = with_proxy(sshd, tmp_path / "config", "ProxyCommand sh -c 'echo the gate is closed >&2'")
    with pytest.raises(NasUnavailable) as caught:
        NasSession.open(target, timeout_seconds=5)
    assert caught.value.cause is causes.NAS_PROXY_FAILED
    assert str(caught.value) == (
        "the way to 127.0.0.1 through '/bin/sh -c exec sh -c 'echo the gate is closed >&2'' failed: the gate is closed"
    )
    assert caught.value.remedy == f"try it by hand: ssh -v -F {tmp_path}/config nas-edge"


def test_a_proxy_that_is_not_there(sshd: Server, tmp_path: Path) -> None:
    target = with_proxy(sshd, tmp_path / "config", "ProxyCommand /none/connect %h")
    with pytest.raises(NasUnavailable) as caught:
        NasSession.open(target, timeout_seconds=5)
    assert caught.value.cause is causes.NAS_PROXY_FAILED
    assert "/none/connect: not found" in str(caught.value)


def test_a_proxy_that_ends_without_a_word(sshd: Server, tmp_path: Path) -> None:
    target = with_proxy(sshd, tmp_path / "config", "ProxyCommand true")
    with pytest.raises(NasUnavailable) as caught:
        NasSession.open(target, timeout_seconds=5)
    assert str(caught.value) == "the way to 127.0.0.1 through '/bin/sh -c exec true' failed: without a word"


def test_a_proxy_that_leads_nowhere(sshd: Server, tmp_path: Path) -> None:
    target = with_proxy(sshd, tmp_path / "config", "ProxyCommand sleep 62")
    started = time.monotonic()
    with pytest.raises(NasUnavailable) as caught:
        NasSession.open(target, timeout_seconds=0.5)
    assert time.monotonic() - started < 5
    assert caught.value.cause is causes.NAS_PROXY_FAILED
    assert str(caught.value) == "the way to 127.0.0.1 through '/bin/sh -c exec sleep 62' failed: no answer within 0.5 s"
    running = [Path(f"/proc/{pid}/cmdline") for pid in os.listdir("/proc") if pid.isdecimal()]
    assert not [path for path in running if path.exists() and path.read_bytes() == b"sleep\x0062\x00"]


def test_hashed_names_and_all_that_ssh_keygen_writes(sshd: Server, tmp_path: Path) -> None:
    known_hosts = tmp_path / "known_hosts"
    key = public_key(f"{sshd.folder}/host_ed25519")
    for text in (
        Path(sshd.known_hosts).read_text(),
        f"127.0.0.1 {key}\n",  # ssh accepts a key pinned for the host without port
        f"@cert-authority * {key}\n# comment\n\nbroken\n* ssh-ed25519 !!!\nx,[127.0.0.?]:{sshd.port} {key} comment\n",
    ):
        known_hosts.write_text(text)
        hashed = tmp_path / "hashed"
        hashed.write_text(text)
        if "broken" not in text:
            process.run(["ssh-keygen", "-q", "-H", "-f", str(hashed)], timeout_seconds=10)
            assert "|1|" in hashed.read_text()
        for path in (known_hosts, hashed):
            config = Config.model_validate(
                {"nas_settings": {"ssh_config_path": sshd.ssh_config, "known_hosts_path": str(path)}}
            )
            with NasSession.open(resolve(config), timeout_seconds=10) as session:
                assert session.alive


def test_paramiko_comes_late_and_without_invoke() -> None:
    """The agent often ends before it needs the NAS."""
    code = (
        "import sys; from celestial_nasops.nas import session, files, target; assert 'paramiko' not in sys.modules;"
        "from celestial_nasops.nas import ssh_library; ssh_library.load();"
        "from paramiko import config; assert config.invoke is None and 'invoke' not in sys.modules; print('fine')"
    )
    assert process.run([sys.executable, "-c", code], timeout_seconds=30).stdout == "fine\n"


@pytest.mark.parametrize(
    ("output", "reason"),
    [
        ("", "ssh -G told no hostname"),
        ("hostname nas\nport 22\nuser ", "ssh -G told no user"),
        ("hostname nas\nport 70000\nuser x", "ssh -G told the port '70000'"),
        ("hostname n\\0as\nport 22\nuser x", "ssh -G printed a NUL byte"),
    ],
)
def test_an_ssh_that_prints_something_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, output: str, reason: str
) -> None:
    (tmp_path / "ssh").write_text(f"#!/bin/sh\nprintf '{output}'\n")
    (tmp_path / "ssh").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    with pytest.raises(NasRefusal) as caught:
        resolve(Config())
    assert caught.value.summary == f"the SSH connection to nas-edge failed (ssh configuration): {reason}"
    assert caught.value.remedy == "try it by hand: ssh -v nas-edge"
