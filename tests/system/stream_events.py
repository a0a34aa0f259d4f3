# SPDX-License-Identifier: Apache-2.0
"""Events put straight into the streams, as the receiver's forwarder would: for tests of the
roll-up alone."""

import json


def deployments(n, services=3, start=0):
    """n successful deployments of some services, one an hour, as (kind, fields)."""
    made = []
    for i in range(start, start + n):
        day, hour = divmod(i, 24)
        made.append(event("deployment", f"d-{i}",
                          f"2025-{3 + day // 28:02}-{1 + day % 28:02}T{hour:02}:00:00Z",
                          {"deployment_id": f"d-{i}", "service": f"svc-{i % services}",
                           "environment": "production", "status": "succeeded",
                           "sha": f"{i:040x}"}))
    return made


def event(kind, identity, time, data):
    return kind, {
        "specversion": "1.0", "id": identity, "source": "/dorad/test",
        "type": f"dorad.{kind}.v1", "subject": identity, "time": time,
        "datacontenttype": "application/json", "endpoint": "push", "delivery": "7f3a9c-1",
        "data": data if isinstance(data, str) else json.dumps(data)}


def add(site, events):
    """Appends them; returns their entries' ids."""
    pipeline = site.redis.client().pipeline(transaction=False)
    for kind, fields in events:
        pipeline.xadd(f"dorad:{kind}", fields)
    return pipeline.execute()


def kept(site):
    """The ids of the events in the database, sorted."""
    return [row["id"] for row in
            site.query('SELECT id FROM dorad_data.observation ORDER BY id')]


def pending(site, kind="deployment"):
    """Entries handed out and not acknowledged; with those not handed out, what is to do."""
    client = site.redis.client()
    if not client.exists(f"dorad:{kind}"):
        return 0
    groups = client.xinfo_groups(f"dorad:{kind}")
    return sum(group["pending"] + (group["lag"] or 0) for group in groups) \
        if groups else client.xlen(f"dorad:{kind}")
