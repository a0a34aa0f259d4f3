# SPDX-License-Identifier: Apache-2.0
"""What one more event costs follows what it touches (METRICS.md 9.2), in rows and not in time:
tests/bench/rollup one-more has both, at a hundred times the size."""

import json
import os
import statistics

from harness.dorad import ROOT
from harness.postgres import touched
from harness.prepared import BY_FILES

PER_SERVICE = 6000       # far more than a batch: of less, reading all is as cheap


def large(postgres, services):
    """A database of services that were each deployed so often in three years."""
    name = f"cost{services}"
    postgres.create(name, BY_FILES)
    postgres.psql(name, "-v", f"deployments={services * PER_SERVICE}", "-v", f"services={services}",
                  "-v", "months=36", "-f", os.path.join(ROOT, "tests", "bench", "history.sql"))
    postgres.psql(name, "-c", "SELECT dorad_data.rebuild()")
    postgres.psql(name, "-c", "VACUUM ANALYZE")
    return name


def rows_of_one_more(postgres, name):
    """Rows read or written for a deployment of s0, the plans once made."""
    connection = postgres.connect(name)
    rows = []
    with connection.cursor() as cursor:
        for n in range(8):
            event = {"kind": "deployment", "source": "/test", "id": f"more/{n}", "revision": 0,
                     "time": f"2025-12-31T12:{n:02}:00.000000Z",
                     "data": {"deployment_id": f"more{n}", "service": "s0", "status": "succeeded",
                              "environment": "production", "sha": f"more{n}"}}
            before = touched(cursor)[0]
            cursor.execute("SELECT dorad_data.keep(%s)", [json.dumps([event])])
            while True:
                cursor.execute("SELECT dorad_data.recompute(16)")
                if cursor.fetchone()[0] == 0:
                    break
            rows.append(touched(cursor)[0] - before)
    connection.close()
    return statistics.median(rows[3:])


def test_one_more_event_reads_its_month_and_not_the_history(postgres):
    alone = rows_of_one_more(postgres, large(postgres, 1))
    beside_two = rows_of_one_more(postgres, large(postgres, 3))
    assert 0 < alone < PER_SERVICE / 6
    assert beside_two <= alone * 1.2
