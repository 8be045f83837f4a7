"""Fixtures for tests on booted machines. Each test that asks for one boots it anew, in half a second."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.system import roots
from tests.system.host import need_booted_machines
from tests.system.machines import Machine, machine
from tests.system.pair import Keys, pair, set_up_nas
from tests.system.product import bundle
from tests.system.roots import Disk
from tests.system.site import Site, install, site as site_of, switch_off


@pytest.fixture(scope="session", autouse=True)
def _machines_can_be_booted() -> None:
    need_booted_machines()


@pytest.fixture(scope="session")
def bookworm() -> Disk:
    """Debian 12."""
    return roots.root(roots.BOOKWORM)


@pytest.fixture(scope="session")
def trixie() -> Disk:
    """Debian 13."""
    return roots.root(roots.TRIXIE)


@pytest.fixture(scope="session")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Keys:
    """The keys between the edge server and the NAS."""
    return Keys.make(tmp_path_factory.mktemp("keys"))


@pytest.fixture(scope="session")
def nas_disk(bookworm: Disk, keys: Keys) -> Iterator[Disk]:
    """The disk of a NAS that is set up."""
    with machine("nas", bookworm) as nas:
        set_up_nas(nas, keys)
        nas.stop()
        yield nas.disk()


@pytest.fixture(scope="session")
def edge_disk(bookworm: Disk, nas_disk: Disk, keys: Keys) -> Iterator[Disk]:
    """The disk of an edge server with the product installed, watched, and quick."""
    with pair(bookworm, nas_disk) as both:
        install(both.edge, keys, bundle(bookworm.suite))
        yield switch_off(both.edge)


@pytest.fixture
def site(edge_disk: Disk, nas_disk: Disk) -> Iterator[Site]:
    """Both machines of a watched site, for one test, which may do with them as it likes."""
    with site_of(edge_disk, nas_disk) as booted:
        yield booted


@pytest.fixture
def bare_edge(bookworm: Disk) -> Iterator[Machine]:
    """An edge server with nothing installed, on no network."""
    with machine("edge", bookworm) as edge:
        yield edge


@pytest.fixture(scope="session", params=[roots.BOOKWORM, roots.TRIXIE])
def disk(request: pytest.FixtureRequest, nas_disk: Disk, keys: Keys) -> Iterator[Disk]:
    """The disk of a watched edge server, of either Debian."""
    if request.param == roots.BOOKWORM:
        yield request.getfixturevalue("edge_disk")
        return
    with pair(roots.root(request.param), nas_disk) as both:
        install(both.edge, keys, bundle(request.param))
        yield switch_off(both.edge)


@pytest.fixture
def either(disk: Disk, nas_disk: Disk) -> Iterator[Site]:
    """A watched site, with systemd 252 and with 257."""
    with site_of(disk, nas_disk) as booted:
        yield booted
