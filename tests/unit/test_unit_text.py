"""The syntax of unit files, and the parts of them that depend on folders and addresses."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given, strategies as st

from celestial_nasops import causes as shared
from celestial_nasops.fault import ConfigFault, Fault
from celestial_nasops.nas.target import SshTarget
from healthcheck.units import sandbox, text
from healthcheck.units.sandbox import Access

WRITABLE = st.characters(blacklist_categories=("Cs", "Cc"))


def unquoted(word: str) -> str:
    """What systemd makes of one word, systemd.syntax(7) and systemd.unit(5)."""
    if word.startswith('"'):
        assert re.fullmatch(r'"(?:[^"\\]|\\.)*"', word)
        word = re.sub(r"\\(.)", r"\1", word[1:-1])
    else:
        assert not re.search(r"[\s\"'\\;:]", word)
    assert not re.search(r"(?<!%)(?:%%)*%(?!%)", word)
    return word.replace("%%", "%")


@given(st.text(WRITABLE, min_size=1))
def test_systemd_reads_back_what_was_quoted(value: str) -> None:
    assert unquoted(text.quoted(value)) == value
    assert unquoted(text.quoted(value, prefix="-")) == "-" + value


@pytest.mark.parametrize("value", ["/a\nb", "/a\tb", "/a\x7f", "/a\ud800"])
def test_what_no_unit_can_hold_is_refused_in_words(value: str) -> None:
    with pytest.raises(ConfigFault) as caught:
        text.quoted(value)
    assert re.fullmatch(
        r"'/a\\\S+' can't be written in a systemd unit, because of a control character or half a character",
        caught.value.summary,
    )
    assert caught.value.remedy == "give the folder or file another name, in unified_config.json too"


@pytest.mark.parametrize(
    ("seconds", "span"),
    [(60, "60s"), (0, "0s"), (1.5, "1500ms"), (0.0001, "1ms"), (0.1 + 0.2, "300ms"), (86400, "86400s")],
)
def test_a_span_is_never_shorter_than_asked(seconds: float, span: str) -> None:
    assert text.span(seconds) == span


def test_a_template_is_filled_in_for_the_system_or_for_one_user() -> None:
    template = "A=@ONE@ and @ONE@\n@SYSTEM@\nUser=x\n@LINES@\n@END@\n@USER_MANAGER@\nB=%h\n@END@\nlast\n\n"
    values = {"ONE": "1", "LINES": ["# why", "C=2"]}
    assert text.fill_in(template, values, user_manager=False) == "A=1 and 1\nUser=x\n# why\nC=2\nlast\n"
    assert text.fill_in(template, values, user_manager=True) == "A=1 and 1\nB=%h\nlast\n"
    assert text.fill_in("@NONE@\nB\n", {"NONE": []}, user_manager=False) == "B\n"
    with pytest.raises(KeyError, match="LOST"):
        text.fill_in("@LOST@", {}, user_manager=False)


# --- folders and homes ---


def settings(lines: list[str]) -> list[str]:
    return [line for line in lines if not line.startswith("#")]


def test_folders_are_granted_once_and_may_be_missing() -> None:
    access = Access(("/data/temp/dji/media/", "/data/temp/dji", "/srv/a b", "/data/temp/dji"))
    assert settings(sandbox.folders(access)) == ['ReadWritePaths=-/data/temp/dji "-/srv/a b"']
    assert sandbox.folders(Access(())) == []


def test_no_home_is_shown_where_none_is_needed() -> None:
    access = Access(("/data",), ("/var/lib/celestial-nasops/.ssh", "/etc/x.json", "/homes/x"))
    assert sandbox.homes(access) == ["ProtectHome=yes"]


def test_of_a_home_only_what_is_needed_is_shown() -> None:
    access = Access(("/home/celestial/media", "/data"), ("/home/celestial/.ssh", "/home/celestial/.ssh/id", "/opt/x"))
    assert settings(sandbox.homes(access)) == [
        "ProtectHome=tmpfs",
        "BindReadOnlyPaths=-/home/celestial/.ssh",
        "BindPaths=-/home/celestial/media",
    ]


def test_what_lies_in_tmp_is_shown_although_tmp_is_private() -> None:
    assert sandbox.homes(Access(("/tmp/q",), ("/var/tmp/c.json",))) == [
        "ProtectHome=yes",
        "BindReadOnlyPaths=-/var/tmp/c.json",
        "BindPaths=-/tmp/q",
    ]


# --- the addresses of the NAS ---


def target(host: str, proxy: tuple[str, ...] | None = None) -> SshTarget:
    return SshTarget("nas", host, 22, "u", (), (), proxy_command=proxy)


@pytest.mark.parametrize(
    ("host", "allowed"),
    [
        ("192.168.200.103", "localhost 192.168.200.103"),
        ("fd00::12", "localhost fd00::12"),
        ("fe80::1%eth0", "localhost fe80::1"),
        ("127.0.0.1", "localhost"),
    ],
)
def test_a_literal_address_is_pinned(host: str, allowed: str) -> None:
    assert settings(sandbox.network(target(host))) == ["IPAddressDeny=any", f"IPAddressAllow={allowed}"]


def test_a_name_gets_the_private_networks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sandbox, "name_servers", lambda: ["192.168.1.1", "fd00::1"])
    lines = sandbox.network(target("localhost"))
    assert (
        lines[0]
        == "# The NAS is known by a name, localhost, whose address may change, so all private networks are open."
    )
    assert settings(lines) == [
        "IPAddressDeny=any",
        "IPAddressAllow=localhost 10.0.0.0/8 172.16.0.0/12 192.168.0.0/16 169.254.0.0/16 fc00::/7 fe80::/10",
    ]


def test_a_name_that_needs_a_public_name_server_gets_no_filter(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sandbox, "name_servers", lambda: ["9.9.9.9"])
    lines = sandbox.network(target("localhost"))
    assert settings(lines) == []
    assert lines[0] == "# No IPAddressDeny=: the NAS's name localhost needs 9.9.9.9, which is no private address."


@pytest.mark.parametrize(
    ("where", "reason"),
    [
        (target("nas", ("ssh", "-W", "x")), "the NAS is reached through a proxy (ssh)"),
        (target("nas.invalid"), r"the NAS's name nas.invalid has no address now (.*)"),
        (
            Fault(shared.PROGRAM_MISSING, program="ssh", package="openssh-client"),
            "the NAS could not be resolved: .*ssh.*",
        ),
    ],
)
def test_where_no_filter_would_do_the_unit_says_why(where: SshTarget | Fault, reason: str) -> None:
    lines = sandbox.network(where)
    assert settings(lines) == []
    assert re.fullmatch(
        f"# No IPAddressDeny=: {reason.replace('(ssh)', '[(]ssh[)]').replace('(.*)', '[(].*[)]')}[.]", lines[0]
    )


def test_name_servers_are_read_from_resolv_conf(tmp_path: Path) -> None:
    file = tmp_path / "resolv.conf"
    file.write_text("# x\nsearch lan\nnameserver 10.0.0.1\nnameserver\nnameserver fe80::1%eth0\n")
    assert sandbox.name_servers(str(file)) == ["10.0.0.1", "fe80::1%eth0"]
    assert sandbox.name_servers(str(tmp_path / "none")) == []
