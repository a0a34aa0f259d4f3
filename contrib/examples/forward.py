#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Forwards what dorad writes to Redis to an HTTP CloudEvents sink: forward.py SOCKET SINK [PREFIX]

Needs python3-redis. Binary mode of the CloudEvents HTTP binding: attributes in ce- headers, data as the body.
A consumer group of its own, so that dorad trims nothing which has not been forwarded (XACK after the 2xx).
"""
import sys
import urllib.parse
import urllib.request

import redis

socket, sink, prefix = (sys.argv[1:] + ["dorad"])[:3]
kinds = ("deployment", "change", "incident", "work_item", "change_request", "correction")
streams = [f"{prefix}:{kind}" for kind in kinds]
client = redis.Redis(unix_socket_path=socket, decode_responses=True)


def forward(fields):
    data = fields.pop("data").encode()
    headers = {f"ce-{name}": urllib.parse.quote(value, safe=" !#$&'()*+,/:;=?@[]-._~")
               for name, value in fields.items() if name != "datacontenttype"}
    request = urllib.request.Request(sink, data, {"Content-Type": "application/json", **headers})
    urllib.request.urlopen(request, timeout=10).close()


for stream in streams:
    try:
        client.xgroup_create(stream, "forward", "0", mkstream=True)
    except redis.ResponseError:
        pass  # it is there already
start = "0"  # 0: what an earlier run took and did not finish; >: what is new
while True:
    read = client.xreadgroup("forward", "one", dict.fromkeys(streams, start), count=100, block=5000)
    entries = [(stream, *entry) for stream, some in read for entry in some]
    for stream, number, fields in entries:
        if fields:
            forward(fields)
        client.xack(stream, "forward", number)
    if start == "0" and not entries:
        start = ">"
