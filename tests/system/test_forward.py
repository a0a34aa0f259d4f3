# SPDX-License-Identifier: Apache-2.0
"""From the ledger to Redis: whatever happens between the two costs time and nothing else."""

import json
import os
import signal

import pytest

from harness.dorad import Site
from harness.redis import Redis
from harness.wait import wait_until


def event(name, kind="deployment", **data):
    return {"specversion": "1.0", "id": name, "source": "/test", "type": f"dorad.{kind}.v1",
            "time": "2026-06-01T10:00:00Z",
            "data": {"deployment_id": name, "service": "checkout", "status": "succeeded",
                     "environment": "production", **data}}


def post(receive, *names):
    for name in names:
        assert receive.post_events([event(name)]).status == 200


def ids(site):
    return [entry["id"] for entry in site.redis.entries("deployment")]


def settled(site):
    """Nothing waits: neither a new delivery nor one to be replayed."""
    done = site.run("status", "--json", check=False)
    return json.loads(done.stdout)["ledger"]["backlog"] == 0


@pytest.fixture
def receive(site):
    site.endpoint("push", "events")
    return site.start("receive")


def test_kill_9_between_two_posts_loses_nothing_answered_200(site, receive):
    names = []
    for turn in range(10):
        post(receive, f"a{turn}", f"b{turn}")
        names += [f"a{turn}", f"b{turn}"]
        receive.kill()
        receive.start()
    site.wait_for_entries("deployment", len(names))
    wait_until(lambda: settled(site))
    assert set(ids(site)) == set(names)
    assert len(site.table("deliveries", "--state", "forwarded")) == len(names)


def test_events_arrive_in_the_order_in_which_they_were_kept(site, receive):
    site.redis.kill()
    names = [f"d{i:03}" for i in range(100)]
    post(receive, *names)
    site.redis.start()
    site.wait_for_entries("deployment", 100)
    assert ids(site) == names


def test_redis_away_for_a_while_only_delays(site, receive):
    post(receive, "before")
    site.wait_for_entries("deployment", 1)
    site.redis.kill()
    post(receive, "while", "away")
    wait_until(lambda: len(site.table("deliveries", "--state", "kept")) == 2)
    site.redis.start()
    site.wait_for_entries("deployment", 3)
    assert ids(site) == ["before", "while", "away"]
    wait_until(lambda: "redis works again" in receive.read_log())


def test_a_frozen_redis_is_given_up_and_nothing_is_lost(site, receive):
    post(receive, "before")
    site.wait_for_entries("deployment", 1)
    site.redis.freeze()
    post(receive, "while", "frozen")
    wait_until(lambda: "no answer in time" in receive.read_log())
    site.redis.thaw()
    wait_until(lambda: {"before", "while", "frozen"} <= set(ids(site)))
    wait_until(lambda: settled(site))


def test_a_receiver_starts_and_receives_without_redis(site):
    site.endpoint("push", "events")
    site.redis.kill()
    receive = site.start("receive")
    post(receive, "early")
    site.redis.start()
    assert site.wait_for_entries("deployment", 1)[0]["id"] == "early"


def test_a_flushall_is_noticed_with_the_next_event(site, receive):
    post(receive, "a", "b")
    site.wait_for_entries("deployment", 2)
    wait_until(lambda: settled(site))
    site.redis.client().flushall()
    post(receive, "c")
    wait_until(lambda: set(ids(site)) == {"a", "b", "c"})
    assert "redis lost what it had acknowledged" in receive.read_log()
    assert receive.metrics()["dorad_redis_losses_total"] == 1


def test_a_flushall_and_a_group_made_anew_is_noticed_too(site, receive):
    post(receive, "a", "b")
    site.wait_for_entries("deployment", 2)
    wait_until(lambda: settled(site))
    site.redis.client().flushall()
    site.redis.client().xgroup_create("dorad:deployment", "rollup", "0", mkstream=True)
    post(receive, "c")
    wait_until(lambda: set(ids(site)) == {"a", "b", "c"})


def test_a_redis_that_forgets_all_gets_all_again():
    with Redis({"appendonly": "no"}) as redis, Site(redis=redis) as site:
        site.endpoint("push", "events")
        receive = site.start("receive")
        post(receive, *[f"d{i}" for i in range(50)])
        site.wait_for_entries("deployment", 50)
        wait_until(lambda: settled(site))
        redis.kill()
        redis.start()
        wait_until(lambda: set(ids(site)) == {f"d{i}" for i in range(50)})


def test_a_redis_that_forgets_its_last_moments_gets_those_again():
    with Redis({"appendonly": "no"}) as redis, Site(redis=redis) as site:
        site.endpoint("push", "events")
        receive = site.start("receive")
        post(receive, "old", "older")
        site.wait_for_entries("deployment", 2)
        newest = redis.client().xinfo_stream("dorad:deployment")["last-generated-id"]
        # The receiver's mark follows the entries; a snapshot between the two would have one twice.
        wait_until(lambda: newest in redis.client().hgetall("dorad:marks").values())
        redis.client().save()
        post(receive, "lost1", "lost2")
        site.wait_for_entries("deployment", 4)
        wait_until(lambda: settled(site))
        redis.kill()
        redis.start()
        wait_until(lambda: len(ids(site)) == 4)
        assert set(ids(site)) == {"old", "older", "lost1", "lost2"}
        assert "2 deliveries are forwarded again" in receive.read_log()


def test_a_trimmed_stream_is_no_loss(site, receive):
    post(receive, "a", "b", "c")
    site.wait_for_entries("deployment", 3)
    wait_until(lambda: settled(site))
    site.redis.client().xtrim("dorad:deployment", maxlen=1, approximate=False)
    receive.restart()
    post(receive, "d")
    wait_until(lambda: ids(site) == ["c", "d"])
    assert "redis lost" not in receive.read_log()


# -- what Redis may answer (one test for each class) ------------------------------------------

def test_a_full_redis_is_waited_for(site, receive):
    site.redis.client().config_set("maxmemory", "1")
    post(receive, "a")
    wait_until(lambda: "result=later" in receive.read_log())
    assert "OOM" in receive.read_log()
    site.redis.client().config_set("maxmemory", "0")
    site.wait_for_entries("deployment", 1)


def test_a_replica_is_not_written_to_until_it_is_master(site, receive):
    with Redis() as other:
        other.client().config_set("port", "0")
        site.redis.client().replicaof("127.0.0.1", "1")
        post(receive, "a")
        wait_until(lambda: "result=not_master" in receive.read_log())
        site.redis.client().replicaof("NO", "ONE")
        site.wait_for_entries("deployment", 1)


def test_a_redis_that_wants_replicas_is_waited_for(site, receive):
    site.redis.client().config_set("min-replicas-to-write", "1")
    post(receive, "a")
    wait_until(lambda: "NOREPLICAS" in receive.read_log())
    site.redis.client().config_set("min-replicas-to-write", "0")
    site.wait_for_entries("deployment", 1)


def test_a_password_that_is_missing_is_an_error_for_somebody(site):
    site.endpoint("push", "events")
    site.redis.client().config_set("requirepass", "hunter2")
    receive = site.start("receive")
    post(receive, "a")
    wait_until(lambda: "<3>redis refuses" in receive.read_log())
    site.redis.client(password="hunter2").config_set("requirepass", "")
    receive.send(signal.SIGHUP)     # it is mended: try at once
    site.wait_for_entries("deployment", 1)


def test_a_password_from_its_file_lets_us_in(site):
    site.endpoint("push", "events")
    site.redis.client().config_set("requirepass", "hunter2")
    site.config["redis_password"] = site.file("redis.password", "hunter2\n")
    receive = site.start("receive")
    post(receive, "a")
    wait_until(lambda: settled(site))
    assert "hunter2" not in receive.read_log()
    site.redis.client(password="hunter2").config_set("requirepass", "")
    assert ids(site) == ["a"]


def test_a_key_of_another_type_stops_the_stream_and_says_so(site, receive):
    site.redis.client().set("dorad:deployment", "x")
    post(receive, "a")
    wait_until(lambda: "<3>redis refuses" in receive.read_log())
    assert "WRONGTYPE" in receive.read_log()
    assert len(site.table("deliveries", "--state", "kept")) == 1
    site.redis.client().delete("dorad:deployment")
    receive.send(signal.SIGHUP)
    site.wait_for_entries("deployment", 1)


def test_a_memory_policy_that_throws_events_away_is_warned_of(site):
    site.redis.client().config_set("maxmemory", "100mb")
    site.redis.client().config_set("maxmemory-policy", "allkeys-lru")
    site.endpoint("push", "events")
    receive = site.start("receive")
    wait_until(lambda: "noeviction" in receive.read_log())


# -- replay --------------------------------------------------------------------------------

def test_a_replay_after_flushall_restores_the_same_events(site, receive):
    post(receive, "a", "b", "c")
    before = site.wait_for_entries("deployment", 3)
    wait_until(lambda: settled(site))
    receive.stop()
    site.redis.client().flushall()
    assert "3 deliveries" in site.run("replay").stdout
    assert site.entries("deployment") == before


def test_a_running_receiver_does_the_replay_that_a_command_asks_for(site, receive):
    post(receive, "a", "b")
    site.wait_for_entries("deployment", 2)
    wait_until(lambda: settled(site))
    site.run("replay")
    assert ids(site) == ["a", "b", "a", "b"]


def test_a_replay_takes_endpoint_time_and_state(site):
    site.endpoint("one", "events")
    site.endpoint("two", "events")
    receive = site.start("receive")
    assert receive.post_events([event("a")], "one").status == 200
    assert receive.post_events([event("b")], "two").status == 200
    site.wait_for_entries("deployment", 2)
    wait_until(lambda: settled(site))
    rows = site.table("deliveries")
    site.run("replay", "--endpoint", "two")
    assert ids(site)[2:] == ["b"]
    site.run("replay", "--since", rows[1]["received_at"])
    assert ids(site)[3:] == ["b"]
    site.run("replay", "--until", rows[1]["received_at"])
    assert ids(site)[4:] == ["a"]
    site.run("replay", "--state", "quarantined")
    site.run("replay", "--since", "1s", "--until", rows[0]["received_at"])
    assert len(ids(site)) == 5


def test_replay_without_redis_fails_with_words_and_loses_nothing(site, receive):
    post(receive, "a")
    site.wait_for_entries("deployment", 1)
    wait_until(lambda: settled(site))
    receive.stop()
    site.redis.kill()
    done = site.run("replay", check=False)
    assert done.returncode == 1 and "stays marked" in done.stderr
    site.redis.start()
    site.start("receive")
    wait_until(lambda: ids(site) == ["a", "a"])


def test_an_event_not_made_any_more_is_withdrawn_and_may_come_back(site, receive):
    assert receive.post_events([event("a"), event("b", service="billing")]).status == 200
    site.wait_for_entries("deployment", 2)
    wait_until(lambda: settled(site))
    receive.stop()
    site.config["receive"]["endpoints"]["push"]["services"] = ["checkout"]
    site.run("replay")
    a, b = site.entries("deployment")[2:]
    assert (a["id"], a["data"]["service"]) == ("a", "checkout")
    assert (b["id"], b["source"], b["data"]) == ("b", "/test", None)
    del site.config["receive"]["endpoints"]["push"]["services"]
    site.run("replay")
    a, b = site.entries("deployment")[4:]
    assert "revision" not in a
    assert b["data"]["service"] == "billing"
    assert b["revision"] == "1"     # above the withdrawal, which would else stand


def test_mended_bad_lines_are_sent_alone(site, receive):
    receive.stop()
    site.config["receive"]["endpoints"]["push"]["services"] = ["checkout"]
    receive = site.start("receive")
    assert receive.post_events([event("a"), event("b", service="billing")]).status == 200
    site.wait_for_entries("deployment", 1)
    row, = wait_until(lambda: site.table("deliveries", "--state", "quarantined"))
    assert (row["events"], row["bad_lines"]) == (1, 1)
    assert "line 2" in row["reason"]
    receive.stop()
    del site.config["receive"]["endpoints"]["push"]["services"]
    site.run("replay", "--state", "quarantined")
    assert ids(site) == ["a", "b"]
    row, = site.table("deliveries")
    assert (row["state"], row["events"], row["bad_lines"]) == ("forwarded", 2, 0)


def test_what_the_rollup_could_not_use_is_listed_as_dead_and_taken_up_again(site, receive):
    post(receive, "a")
    site.wait_for_entries("deployment", 1)
    wait_until(lambda: settled(site))
    entry, = site.redis.client().xrange("dorad:deployment")
    site.redis.client().xadd("dorad:dead", {
        **entry[1], "reason": "no such year", "stream": "dorad:deployment", "entry": entry[0]})
    row, = wait_until(lambda: site.table("deliveries", "--state", "dead"))
    assert (row["seq"], row["reason"]) == (1, "no such year")
    assert "<3>event dead" in receive.read_log()
    site.run("replay", "--state", "dead")
    assert ids(site) == ["a", "a"]
    assert site.table("deliveries", "--state", "dead") == []


def test_shards_are_in_the_keys(site):
    site.config["shards"] = 2
    site.endpoint("push", "events")
    receive = site.start("receive")
    post(receive, *[f"d{i}" for i in range(20)])
    wait_until(lambda: settled(site))
    client = site.redis.client()
    lengths = [client.xlen(f"dorad:{{{n}}}:deployment") for n in range(2)]
    assert sum(lengths) == 20 and min(lengths) > 0


def test_memory_stays_flat_over_a_long_backlog(site):
    site.endpoint("push", "events")
    site.redis.kill()
    receive = site.start("receive")
    for turn in range(12):
        assert receive.post_events(
            [event(f"d{turn}-{i}", ref="x" * 200) for i in range(500)]).status == 200
    before = resident_kib(receive.pid)
    site.redis.start()
    site.wait_for_entries("deployment", 6000)
    wait_until(lambda: settled(site))
    # AddressSanitizer holds on to what was freed: the bound is for any build.
    assert resident_kib(receive.pid) - before < 400 * 1024


def resident_kib(pid):
    with open(f"/proc/{pid}/status", encoding="ascii") as status:
        line, = [line for line in status if line.startswith("VmRSS")]
    return int(line.split()[1])


def test_a_ledger_of_another_disk_state_is_not_mixed_up(site, receive):
    """Set aside while rows are in flight: the new ledger's numbers mean other rows."""
    post(receive, "a")
    site.wait_for_entries("deployment", 1)
    receive.stop()
    with open(os.path.join(site.folder, "ledger.db"), "r+b") as ledger:
        ledger.write(b"garbage" * 100)
    receive = site.start("receive")
    assert "set aside" in receive.read_log()
    post(receive, "b")
    assert [e["id"] for e in site.wait_for_entries("deployment", 2)] == ["a", "b"]


def test_what_an_endpoint_might_not_say_is_not_said_by_a_replay_once_it_is_gone(site, receive):
    """Nobody knows any more what it was held to: it stays, and its reason says what to do."""
    receive.stop()
    endpoints = site.config["receive"]["endpoints"]
    endpoints["push"]["services"] = ["checkout"]
    receive = site.start("receive")
    receive.post_events([event("a"), event("b", service="billing")])
    receive.post_events([event("c", service="billing")])
    wait_until(lambda: len(site.table("deliveries", "--state", "quarantined")) == 2)
    receive.stop()
    endpoints["other"] = endpoints.pop("push")
    site.run("replay", "--state", "quarantined")
    rows = site.table("deliveries")
    assert [(row["state"], row["events"]) for row in rows] == [
        ("quarantined", 1), ("quarantined", 0)]
    assert all("there is no endpoint push any more" in row["reason"] for row in rows)
    endpoints["push"] = endpoints.pop("other") | {"services": ["checkout", "billing"]}
    site.run("replay", "--state", "quarantined")
    assert set(ids(site)) == {"a", "b", "c"}
