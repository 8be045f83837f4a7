"""Where machines can't be booted, the tests say so, and what to install; where everything must run, they fail."""

from __future__ import annotations

import pytest

from tests.system.host import PROGRAMS, need_booted_machines

PACKAGES = "debootstrap iproute2 nftables openssh-client systemd-container util-linux"


@pytest.mark.parametrize(("ci", "end"), [("", pytest.skip.Exception), ("true", pytest.fail.Exception)])
def test_missing_programs_are_named_by_their_packages(
    monkeypatch: pytest.MonkeyPatch, ci: str, end: type[BaseException]
) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    monkeypatch.setenv("CI", ci)
    with pytest.raises(end, match=f"machines can't be booted here: sudo apt-get install {PACKAGES}"):
        need_booted_machines()
    assert sorted(set(PROGRAMS.values())) == PACKAGES.split()


def test_without_root_it_says_so(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("bin")
    for program in PROGRAMS:
        (folder / program).touch(mode=0o755)
    monkeypatch.setenv("PATH", str(folder))
    monkeypatch.setenv("CI", "")
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    with pytest.raises(pytest.skip.Exception) as caught:
        need_booted_machines()
    assert str(caught.value) == "machines can't be booted here: needs root: sudo ./dev test system"
