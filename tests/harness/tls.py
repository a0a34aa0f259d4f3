# SPDX-License-Identifier: Apache-2.0
"""Certificates of the tests' own, and a client that holds its TLS records in its hands.

    authority = Authority(folder, "ca")
    authority.issue("server")
    with Front(**options(authority)) as front:
        client = RecordClient(front.port, context_for(authority))
        client.sendall(client.record(b"...")[:7])
"""

import socket
import ssl
import subprocess


class Authority:
    """A certificate authority in a folder."""

    def __init__(self, folder, name):
        self.folder, self.name = str(folder), name
        self.file = self.make(name, [])

    def path(self, name):
        return f"{self.folder}/{self.name}-{name}"

    def make(self, name, signer):
        """name.pem and name.key; returns the first."""
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
             "-nodes", "-days", "30", "-subj", f"/CN={name}", "-addext",
             "subjectAltName=DNS:dorad.test", "-keyout", self.path(f"{name}.key"), "-out",
             self.path(f"{name}.pem"), *signer], check=True, stderr=subprocess.DEVNULL)
        return self.path(f"{name}.pem")

    def issue(self, name):
        return self.make(name, ["-CA", self.file, "-CAkey", self.path(f"{self.name}.key"),
                                "-addext", "basicConstraints=critical,CA:FALSE"])


def options(authority, name="server"):
    return {"certificate": authority.path(f"{name}.pem"), "key": authority.path(f"{name}.key")}


def context_for(authority, version=None):
    context = ssl.create_default_context(cafile=authority.file)
    context.options &= ~ssl.OP_IGNORE_UNEXPECTED_EOF    # an end without a farewell is none
    if version:
        context.minimum_version = context.maximum_version = version
    return context


class RecordClient(socket.socket):
    """A TCP connection after its TLS handshake: what it sends is what the test says."""

    def __init__(self, port, context, source="127.0.0.1"):
        self.connect_plainly(port, context, source)
        self.shake_hands()

    @classmethod
    def unshaken(cls, port, context, source):
        """Before its handshake, whose first bytes are in outgoing."""
        it = cls.__new__(cls)
        it.connect_plainly(port, context, source)
        assert not it.is_shaken()
        return it

    def connect_plainly(self, port, context, source):
        super().__init__()
        self.settimeout(30)
        self.bind((source, 0))
        self.connect(("127.0.0.1", port))
        self.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.incoming, self.outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.tls = context.wrap_bio(self.incoming, self.outgoing, server_hostname="dorad.test")

    def is_shaken(self):
        try:
            self.tls.do_handshake()
            return True
        except ssl.SSLWantReadError:
            return False

    def shake_hands(self):
        while not self.is_shaken():
            self.sendall(self.outgoing.read())
            self.incoming.write(self.recv(65536))
        self.sendall(self.outgoing.read())

    def record(self, data):
        """A TLS record that holds data, not sent yet."""
        self.tls.write(data)
        return self.outgoing.read()

    def read(self):
        """What the other side has said next."""
        while True:
            try:
                return self.tls.read(65536)
            except ssl.SSLWantReadError:
                self.incoming.write(self.recv(65536))
