# SPDX-License-Identifier: Apache-2.0
"""A random history told by several sessions side by side, as workers tell it: some keep events,
some recompute, one moves the clock. What differs in the end from what is computed at one go."""

import json
import random
import threading
import time

import psycopg2

KEEPERS = 3
RECOMPUTERS = 2


class Workers:
    """The sessions, and what they are to do; a seed does not give the same again: it is a race."""

    def __init__(self, database, chaos, seed):
        self.server, self.name = database.server, database.name
        self.dice = random.Random(f"side by side {seed}")
        events = chaos.events + self.dice.sample(chaos.events, len(chaos.events) // 10)
        self.dice.shuffle(events)
        self.times = sorted(event["time"] for event in events)
        self.portions = []
        while events:
            n = self.dice.randint(1, 12)
            self.portions.append(events[:n])
            events = events[n:]
        self.kept = threading.Event()
        self.failures = []

    def run(self):
        keepers = [threading.Thread(target=self.session, args=[self.keep]) for _ in range(KEEPERS)]
        others = [threading.Thread(target=self.session, args=[self.recompute, number])
                  for number in range(RECOMPUTERS)]
        for thread in keepers + others:
            thread.start()
        for thread in keepers:
            thread.join()
        self.kept.set()
        for thread in others:
            thread.join()

    def session(self, work, *arguments):
        connection = self.server.connect(self.name)
        try:
            work(connection, *arguments)
        except psycopg2.Error as failure:
            self.failures.append(f"a session failed: {failure}")
        finally:
            connection.close()

    @staticmethod
    def ask(connection, query, *values):
        """As a worker does: what may go well the next time is tried again."""
        while True:
            try:
                with connection.cursor() as cursor:
                    cursor.execute(query, values)
                    return cursor.fetchone()[0]
            except (psycopg2.errors.SerializationFailure, psycopg2.errors.DeadlockDetected):
                continue

    def keep(self, connection):
        while True:
            try:
                portion = self.portions.pop()
            except IndexError:
                return
            self.ask(connection, "SELECT dorad_data.keep(%s)", json.dumps(portion))

    def recompute(self, connection, number):
        turn = 0
        while not self.kept.is_set():
            turn += 1
            if number == 0 and turn % 5 == 0:
                self.ask(connection, "SELECT dorad_data.advance(greatest(as_of, %s::timestamptz))"
                         " FROM dorad_data.clock", self.dice.choice(self.times))
            if self.ask(connection, "SELECT dorad_data.recompute(3, %s)", turn) == 0:
                time.sleep(0.002)       # as one who is told that there is something


def differences_side_by_side(database, chaos, seed):
    workers = Workers(database, chaos, seed)
    database.clear().apply(chaos.catalog)
    database.sql("SELECT dorad_data.start_clock(%s)", workers.times[len(workers.times) * 2 // 3])
    workers.run()
    database.advance(workers.times[-1])
    database.work()
    return workers.failures + [f"verify: {line}" for line in database.verify()]
