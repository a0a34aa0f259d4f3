# SPDX-License-Identifier: Apache-2.0
"""A listener that is not a sound Redis: it answers whatever it is told to, and nothing else.

    with StrangeRedis(b"HTTP/1.1 400 Bad Request\\r\\n\\r\\n") as strange:
        site.config["redis"] = strange.url

It is no stand-in for a Redis: what works is tested against the real one.
"""

import os
import socket
import tempfile
import threading


class StrangeRedis:
    def __init__(self, answer, byte_by_byte=False, endless=False):
        """answer: the bytes sent for whatever is asked; endless: again and again, until the
        other side has had enough."""
        self.answer, self.byte_by_byte, self.endless = answer, byte_by_byte, endless
        self.folder = tempfile.mkdtemp(prefix="dorad-strange-")
        self.path = os.path.join(self.folder, "redis.sock")
        self.n_connections = 0
        self.n_bytes = 0
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(self.path)
        self.listener.listen(16)
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def url(self):
        return f"unix://{self.path}"

    def _accept(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            self.n_connections += 1
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection):
        with connection:
            try:
                while connection.recv(65536):
                    self._say(connection)
            except OSError:
                return

    def _say(self, connection):
        step = 1 if self.byte_by_byte else len(self.answer) or 1
        while True:
            for start in range(0, len(self.answer), step):
                connection.sendall(self.answer[start:start + step])
                self.n_bytes += step
            if not self.endless:
                return

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self.listener.close()
        os.unlink(self.path)
        os.rmdir(self.folder)
