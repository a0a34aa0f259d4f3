# SPDX-License-Identifier: Apache-2.0
"""What all who come at one time may do to the front door together."""

import signal
import ssl
import subprocess

from harness.front import Front
from harness.tls import Authority, context_for, options


# -- a stop ------------------------------------------------------------------------------------

def test_a_stop_is_not_put_off_by_all_who_wait_to_be_accepted(tmp_path):
    """Each handshake with such a key takes milliseconds: those in the backlog are more than a
    second's, and a stop begins none beyond that."""
    n = 1500
    authority = Authority(tmp_path, "ca")
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:4096", "-nodes", "-days", "3", "-subj",
         "/CN=slow", "-keyout", authority.path("slow.key"), "-out", authority.path("slow.pem")],
        check=True, stderr=subprocess.DEVNULL)
    outgoing = ssl.MemoryBIO()
    shaking = context_for(authority).wrap_bio(ssl.MemoryBIO(), outgoing,
                                              server_hostname="dorad.test")
    try:
        shaking.do_handshake()
    except ssl.SSLWantReadError:
        hello = outgoing.read()
    with Front(**options(authority, "slow"), per_address=n, handshakes=n, drain_us=100_000,
               costs=True) as front:
        front.send(signal.SIGSTOP)
        waiting = []
        for _ in range(n):
            client = front.connect()
            client.sendall(hello)
            waiting.append(client)
        front.send(signal.SIGTERM)
        front.send(signal.SIGCONT)
        assert front.process.wait(timeout=60) == 0
        n_served = sum(is_answered(client) for client in waiting)
        print(f"{n_served} of {n} were answered")
        assert 0 < n_served < n
        for client in waiting:
            client.close()


def is_answered(client):
    try:
        return client.recv(1) != b""
    except ConnectionError:
        return False
