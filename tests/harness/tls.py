# SPDX-License-Identifier: Apache-2.0
"""Certificates of the tests' own, and a client that holds its TLS records in its hands.

    authority = Authority(folder, "ca")
    authority.issue("server")
    with Front(**options(authority)) as front:
        client = RecordClient(front.port, context_for(authority))
        client.sendall(client.record(b"...")[:7])
"""

import ctypes
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


class Rekeying:
    """A TLS 1.3 connection whose client changes its key as often as it likes: Python's ssl has no
    call for that, the library beneath it has."""

    KEEP_YOURS = 0      # SSL_KEY_UPDATE_NOT_REQUESTED

    def __init__(self, connection):
        self.library = ctypes.CDLL("libssl.so.3")
        self.memory = ctypes.CDLL("libcrypto.so.3")
        for library, name in (
                (self.library, "TLS_client_method"), (self.library, "SSL_CTX_new"),
                (self.library, "SSL_new"), (self.memory, "BIO_new"), (self.memory, "BIO_s_mem")):
            getattr(library, name).restype = ctypes.c_void_p
        method = ctypes.c_void_p(self.library.TLS_client_method())
        context = ctypes.c_void_p(self.library.SSL_CTX_new(method))
        self.tls = ctypes.c_void_p(self.library.SSL_new(context))
        self.library.SSL_CTX_free(context)
        self.incoming, self.outgoing = self.buffer(), self.buffer()
        self.library.SSL_set_bio(self.tls, self.incoming, self.outgoing)
        self.library.SSL_set_connect_state(self.tls)
        while self.library.SSL_do_handshake(self.tls) != 1:
            connection.sendall(self.read())
            said = connection.recv(65536)
            assert said
            self.memory.BIO_write(self.incoming, said, len(said))
        connection.sendall(self.read())

    def buffer(self):
        return ctypes.c_void_p(self.memory.BIO_new(ctypes.c_void_p(self.memory.BIO_s_mem())))

    def read(self):
        parts, room = [], ctypes.create_string_buffer(65536)
        while (n := self.memory.BIO_read(self.outgoing, room, len(room))) > 0:
            parts.append(room.raw[:n])
        return b"".join(parts)

    def burst(self, n):
        """The bytes that change the key n times; the connection ends with them."""
        parts = []
        for _ in range(n):
            assert self.library.SSL_key_update(self.tls, self.KEEP_YOURS) == 1
            assert self.library.SSL_do_handshake(self.tls) == 1
            parts.append(self.read())
        self.library.SSL_free(self.tls)
        return b"".join(parts)
