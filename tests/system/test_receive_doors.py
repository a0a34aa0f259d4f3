# SPDX-License-Identifier: Apache-2.0
"""What dorad.yaml says of addresses, TLS, client certificates and proxies reaches the front door:
the receiver itself on a TCP port, a second one and a unix socket, behind a proxy that speaks the
PROXY protocol, with clients that have to show a certificate. Each alone is in test_front*.py."""

import os
import signal
import socket
import ssl
import struct
import subprocess

import pytest

from harness import http
from harness.front import is_closed
from harness.wait import wait_until

BODY = b'{"zen": "x"}'
PROXY = b"\r\n\r\n\0\r\nQUIT\n" + struct.pack("!BBH", 0x21, 0x11, 12) + \
    socket.inet_aton("192.0.2.7") + socket.inet_aton("192.0.2.1") + struct.pack("!HH", 4711, 443)


def openssl(*arguments):
    subprocess.run(["openssl", *arguments], check=True, stderr=subprocess.DEVNULL)


def certify(folder, name, *more):
    """name.pem and name.key of the folder, signed by ca.pem where there is one."""
    at = os.path.join(folder, name)
    signer = ["-CA", os.path.join(folder, "ca.pem"), "-CAkey", os.path.join(folder, "ca.key")]
    openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
            "-days", "3", "-subj", f"/CN={name}", "-addext", "subjectAltName=DNS:dorad.test",
            "-keyout", at + ".key", "-out", at + ".pem", *(signer if name != "ca" else []), *more)
    os.chmod(at + ".key", 0o600)
    return at + ".pem", at + ".key"


@pytest.fixture
def doors(site):
    """(site, receiver, addresses): port, another port, unix socket; the first is its own."""
    site.endpoint("github", "github")
    ca, _ = certify(site.folder, "ca")
    pem, key = certify(site.folder, "server")
    certify(site.folder, "client")
    addresses = [f"127.0.0.1:{http.free_port()}", f"127.0.0.1:{http.free_port()}",
                 f"unix:{site.folder}/door.sock"]
    site.config["receive"] |= {
        "listen": addresses, "tls": {"certificate": pem, "key": key, "client_ca": ca},
        "proxy_protocol": True, "trusted_proxies": ["127.0.0.0/8", "unix"]}
    site.receive_address = None
    return site, site.start("receive"), addresses


def connect_tls(site, address, client="client"):
    context = ssl.create_default_context(cafile=os.path.join(site.folder, "ca.pem"))
    if client:
        at = os.path.join(site.folder, client)
        context.load_cert_chain(at + ".pem", at + ".key")
    plain = http.connect(address)
    plain.sendall(PROXY)
    return context.wrap_socket(plain, server_hostname="dorad.test")


def post(connection, secret):
    fields = http.github_headers("ping", BODY, secret) | {"Content-Length": len(BODY)}
    connection.sendall(b"POST /webhooks/github HTTP/1.1\r\nHost: dorad.test\r\n" + "".join(
        f"{name}: {value}\r\n" for name, value in fields.items()).encode() + b"\r\n" + BODY)
    return connection.recv(65536)


def test_every_address_takes_a_delivery_from_who_shows_a_certificate(doors):
    site, receive, addresses = doors
    for address in addresses:
        with connect_tls(site, address) as connection:
            assert post(connection, site.secrets["github"]).startswith(b"HTTP/1.1 200 ")
    assert len(site.table("deliveries")) == 3
    # Who the client is, the proxy said.
    with connect_tls(site, addresses[1]) as connection:
        assert post(connection, "another").startswith(b"HTTP/1.1 401 ")
    wait_until(lambda: "status=401" in receive.read_log())
    assert "peer=192.0.2.7 " in receive.read_log()


def test_without_a_certificate_or_the_proxys_header_there_is_no_answer(doors):
    site, _, addresses = doors
    with pytest.raises(OSError):
        with connect_tls(site, addresses[0], client=None) as connection:
            # TLS 1.3 tells a client of its refusal when it reads.
            assert post(connection, site.secrets["github"]) == b"never"
    with http.connect(addresses[0]) as connection:
        connection.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
        assert is_closed(connection)
    assert site.table("deliveries") == []


def test_a_reload_takes_up_the_new_certificate_of_every_address(doors):
    site, receive, addresses = doors
    with open(site.folder + "/server.pem", encoding="ascii") as file:
        before = ssl.PEM_cert_to_DER_cert(file.read())
    certify(site.folder, "server")
    receive.send(signal.SIGHUP)
    for address in addresses:
        def is_new():
            with connect_tls(site, address) as connection:
                return connection.getpeercert(True) != before
        wait_until(is_new)
