# SPDX-License-Identifier: Apache-2.0
"""Fault matrix row 31: the receiver is restarted again and again while it is posted to. Its
socket is systemd's, so that connections made meanwhile wait in it; nobody is refused."""

import socket

import pytest

from harness.dorad import Site
from harness.faults import ROUNDS, Senders, dice, optimised, settled, stream_ids
from harness.wait import wait_until


@pytest.fixture(autouse=True)
def program(monkeypatch):
    monkeypatch.setenv("DORAD", optimised())


def test_restarts_behind_a_socket_of_systemd_fail_no_request():
    rolls = dice("restart")
    n_restarts = 5 * ROUNDS
    with Site() as site, socket.create_server(("127.0.0.1", 0), backlog=4096) as listener:
        site.endpoint("push", "events")
        site.receive_address = "%s:%d" % listener.getsockname()
        site.config["receive"]["listen"] = ["systemd"]
        # Descriptor 3 of a shell that then becomes the program, as systemd would do it.
        listener.set_inheritable(True)
        wrapper = ["bash", "-c", f'LISTEN_PID=$$ exec "$@" 3<&{listener.fileno()}', "-"]
        receive = site.start("receive", env={"LISTEN_FDS": "1"}, wrapper=wrapper,
                             fds=[listener.fileno()])
        senders = Senders(site, "d").start()
        for _ in range(n_restarts):
            before = len(senders.answered)
            wanted = rolls.randrange(20, 120)
            wait_until(lambda: len(senders.answered) >= before + wanted)
            assert receive.stop() == 0
            receive.start()
        answered = senders.stop()
        assert senders.refused == []
        assert len(answered) == senders.next, "each post had its answer"
        wait_until(lambda: settled(site))
        assert sorted(stream_ids(site)) == sorted(answered)
        print(f"{n_restarts} restarts, {len(answered)} posts, 0 failed, 0 lost")
