"""What is sent to the service manager, over a real datagram socket."""

import socket

import pytest

from agent.notify import OWED, ServiceManager
from tests.agent.managers import Manager


@pytest.mark.parametrize("abstract", [False, True])
def test_messages_arrive_by_path_and_by_abstract_name(tmp_path, abstract):
    with Manager(tmp_path, abstract=abstract) as manager:
        ours = ServiceManager(manager.address)
        ours.state("READY=1", "STATUS=3 targets")
        ours.pulse("WATCHDOG=1")
        assert manager.all() == [{"READY": "1", "STATUS": "3 targets"}, {"WATCHDOG": "1"}]
        ours.close()


def test_without_a_manager_nothing_is_sent_and_nothing_fails():
    ours = ServiceManager.found({})
    assert not ours.listens
    assert ours.watchdog_us == 0
    ours.state("READY=1")
    ours.pulse("WATCHDOG=1")
    ours.close()


@pytest.mark.parametrize(
    ("environ", "listens", "watchdog"),
    [
        ({"NOTIFY_SOCKET": "/run/x", "WATCHDOG_USEC": "60000000"}, True, 60_000_000),
        ({"NOTIFY_SOCKET": "@x", "WATCHDOG_USEC": "60000000", "WATCHDOG_PID": "7"}, True, 60_000_000),
        ({"NOTIFY_SOCKET": "@x", "WATCHDOG_USEC": "60000000", "WATCHDOG_PID": "8"}, True, 0),
        ({"NOTIFY_SOCKET": "@x", "WATCHDOG_USEC": "soon"}, True, 0),
        ({"NOTIFY_SOCKET": "@x"}, True, 0),
        ({"NOTIFY_SOCKET": "vsock:2:9999", "WATCHDOG_USEC": "60000000"}, False, 0),
        ({"WATCHDOG_USEC": "60000000"}, False, 0),
    ],
)
def test_the_environment_says_who_listens_and_children_do_not_inherit_it(environ, listens, watchdog):
    given = {**environ, "PATH": "/bin"}
    ours = ServiceManager.found(given, pid=7)
    assert (ours.listens, ours.watchdog_us) == (listens, watchdog)
    assert given == {"PATH": "/bin"}


def test_a_manager_that_is_gone_is_logged_once_and_told_when_it_is_back(tmp_path, caplog):
    ours = ServiceManager(str(tmp_path / "notify"))
    ours.state("READY=1")
    ours.pulse("WATCHDOG=1")
    assert len(caplog.records) == 1
    with Manager(tmp_path) as manager:
        ours.pulse("WATCHDOG=1")
        assert manager.all() == [{"READY": "1"}, {"WATCHDOG": "1"}], "the state was kept, the old pulse was not"
    ours.close()


def test_a_manager_that_reads_nothing_blocks_nobody_and_what_is_kept_is_bounded(tmp_path):
    with Manager(tmp_path) as manager:
        manager._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1)
        ours = ServiceManager(manager.address)
        for number in range(10_000):
            ours.state(f"STATUS={number}")
        assert len(ours._owed) == OWED
        manager.all()
        ours.pulse("WATCHDOG=1")
        told = manager.until("WATCHDOG")
        assert told[-2] == {"STATUS": "9999"}
        ours.close()
