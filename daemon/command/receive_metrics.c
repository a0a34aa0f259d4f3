/* SPDX-License-Identifier: Apache-2.0 */
#include "http/metrics.h"
#include "receive.h"

#include <stdio.h>

static double seconds(int64_t us)
{
	return (double)us / 1e6;
}

/* How long ago, 0 for never. */
static double age(int64_t since_us)
{
	int64_t now = receive_clock_us(CLOCK_REALTIME);

	return since_us && now > since_us ? seconds(now - since_us) : 0;
}

static void put_counters(FILE *to, struct endpoint_tally *tallies)
{
	metric_begin(to, "dorad_receive_deliveries_total", "counter",
		"Deliveries kept and answered 200.");
	for (struct endpoint_tally *tally = tallies; tally; tally = tally->next)
		METRIC_PUT(to, "dorad_receive_deliveries_total", tally->n_kept, "endpoint",
			tally->name);
	metric_begin(to, "dorad_receive_bytes_total", "counter", "Bytes of the bodies kept.");
	for (struct endpoint_tally *tally = tallies; tally; tally = tally->next)
		METRIC_PUT(to, "dorad_receive_bytes_total", tally->n_bytes, "endpoint",
			tally->name);
	metric_begin(to, "dorad_receive_unavailable_total", "counter",
		"Deliveries answered 503: the ledger could not keep them.");
	for (struct endpoint_tally *tally = tallies; tally; tally = tally->next)
		METRIC_PUT(to, "dorad_receive_unavailable_total", tally->n_unavailable,
			"endpoint", tally->name);
	metric_begin(to, "dorad_receive_last_delivery_timestamp_seconds", "gauge",
		"When an endpoint last received something; 0: not since the start.");
	for (struct endpoint_tally *tally = tallies; tally; tally = tally->next)
		METRIC_PUT(to, "dorad_receive_last_delivery_timestamp_seconds",
			seconds(tally->last_us), "endpoint", tally->name);
}

static void put_authentication(FILE *to, struct endpoint_tally *tallies)
{
	metric_begin(to, "dorad_receive_refused_total", "counter",
		"Requests answered 401, by reason.");
	for (struct endpoint_tally *tally = tallies; tally; tally = tally->next) {
		for (size_t i = 0; i < ENDPOINT_N_REASONS && tally->refused[i].reason; i++)
			METRIC_PUT(to, "dorad_receive_refused_total", tally->refused[i].n,
				"endpoint", tally->name, "reason", tally->refused[i].reason);
	}
	metric_begin(to, "dorad_receive_verified_total", "counter",
		"Deliveries verified, by the place of the secret in the configuration: when "
		"an old one's stands still it can go.");
	for (struct endpoint_tally *tally = tallies; tally; tally = tally->next) {
		for (size_t i = 0; i < ENDPOINT_N_SECRETS; i++) {
			char place[8];

			(void)snprintf(place, sizeof(place), "%zu", i);
			if (tally->verified_by[i])
				METRIC_PUT(to, "dorad_receive_verified_total",
					tally->verified_by[i], "endpoint", tally->name,
					"secret", place);
		}
	}
}

static void put_ledger(FILE *to, struct receiver *receiver)
{
	const struct ledger_counts *counts = &receiver->counts;
	struct ledger_health health;

	ledger_health(receiver->ledger, &health);
	metric_single(to, "dorad_ledger_backlog", "gauge", (double)counts->backlog,
		"Deliveries kept and not yet forwarded.");
	metric_single(to, "dorad_ledger_backlog_age_seconds", "gauge", age(counts->oldest_us),
		"Age of the oldest of them.");
	metric_single(to, "dorad_ledger_replay", "gauge", (double)counts->again,
		"Deliveries marked to be forwarded again.");
	metric_single(to, "dorad_ledger_quarantined", "gauge", (double)counts->quarantined,
		"Deliveries that could not be read, or of which some lines could not.");
	metric_single(to, "dorad_ledger_dead", "gauge", (double)counts->dead,
		"Deliveries with an event that the roll-up could not use.");
	metric_single(to, "dorad_ledger_bytes", "gauge", (double)counts->bytes,
		"Bytes of the ledger in use.");
	metric_single(to, "dorad_ledger_disk_free_bytes", "gauge",
		(double)receiver->disk_free_bytes, "Free space on the ledger's disk.");
	metric_single(to, "dorad_ledger_full", "gauge", health.full,
		"1 while the ledger finds no space and keeps nothing.");
	metric_single(to, "dorad_ledger_failing", "gauge", health.failing,
		"1 while the ledger cannot be written for another reason.");
	metric_single(to, "dorad_ledger_waiting", "gauge", (double)health.n_waiting,
		"Deliveries that wait to be committed.");
	metric_single(to, "dorad_ledger_behind_seconds", "gauge", seconds(health.behind_us),
		"How long the oldest that is not synced has waited.");
	metric_single(to, "dorad_ledger_commits_total", "counter", (double)health.n_commits,
		"Commits, each of one delivery or many.");
	metric_single(to, "dorad_ledger_commit_errors_total", "counter",
		(double)health.n_errors, "Commits that failed, or whose sync did.");
	metric_single(to, "dorad_ledger_expired_total", "counter", (double)health.n_expired,
		"Deliveries deleted by retention.");
	metric_single(to, "dorad_ledger_set_aside_total", "counter", (double)health.n_set_aside,
		"Ledgers set aside because they were corrupt.");
}

static void put_forwarder(FILE *to, const struct forwarder_state *state)
{
	metric_begin(to, "dorad_forward_deliveries_total", "counter",
		"Deliveries handled, by what became of them.");
	for (int i = LEDGER_STATE_FORWARDED; i <= LEDGER_STATE_QUARANTINED; i++)
		METRIC_PUT(to, "dorad_forward_deliveries_total", state->n_rows[i], "state",
			ledger_state_name((enum ledger_state)i));
	metric_begin(to, "dorad_forward_events_total", "counter",
		"Events that Redis acknowledged, by kind.");
	for (int kind = 0; kind < DORA_N_KINDS; kind++)
		METRIC_PUT(to, "dorad_forward_events_total", state->n_events[kind], "kind",
			dora_kind_name((enum dora_kind)kind));
	metric_single(to, "dorad_forward_withdrawn_total", "counter",
		(double)state->n_withdrawn, "Events withdrawn by a replay.");
	metric_single(to, "dorad_forward_bad_lines_total", "counter",
		(double)state->n_bad_lines, "Lines of deliveries that were refused.");
	metric_single(to, "dorad_forward_crashed_total", "counter", (double)state->n_crashed,
		"Deliveries quarantined because reading them ended the process.");
	metric_single(to, "dorad_forward_dead_total", "counter", (double)state->n_buried,
		"Events that the roll-up could not use.");
	metric_single(to, "dorad_forward_dead_unreadable", "gauge", state->dead_refused,
		"1 while Redis does not let the stream of these be read.");
	metric_single(to, "dorad_forward_marks_refused", "gauge", state->marks_refused,
		"1 while Redis refuses the marks by which its losses are seen.");
}

static void put_redis(FILE *to, const struct forwarder_state *state)
{
	metric_single(to, "dorad_redis_connected", "gauge", state->connected,
		"1 while there is a connection to Redis.");
	metric_single(to, "dorad_redis_failing_seconds", "gauge", age(state->failing_since_us),
		"For how long Redis has taken nothing; 0: it does.");
	metric_single(to, "dorad_redis_connects_total", "counter", (double)state->n_connects,
		"Connections made to Redis.");
	metric_begin(to, "dorad_redis_failures_total", "counter",
		"Failed exchanges with Redis, by kind.");
	for (int i = STREAM_BROKEN; i <= STREAM_WRONG; i++)
		METRIC_PUT(to, "dorad_redis_failures_total", state->n_failures[i], "result",
			stream_result_name((enum stream_result)i));
	metric_single(to, "dorad_redis_losses_total", "counter", (double)state->n_losses,
		"Times Redis was found to have lost what it had acknowledged.");
	metric_single(to, "dorad_forward_set_back_total", "counter", (double)state->n_set_back,
		"Deliveries forwarded again because of that.");
}

static void put(FILE *to, void *context)
{
	struct receiver *receiver = context;
	struct forwarder_state state;
	struct http_stats stats;

	forwarder_state(receiver->forwarder, &state);
	http_server_stats(receiver->server, &stats);
	(void)pthread_mutex_lock(&receiver->lock);
	metrics_put_process(to, receiver->started_us);
	put_counters(to, receiver->tallies);
	put_authentication(to, receiver->tallies);
	put_ledger(to, receiver);
	(void)pthread_mutex_unlock(&receiver->lock);
	put_forwarder(to, &state);
	put_redis(to, &state);
	metrics_put_http(to, &stats);
}

void receive_metrics(struct receiver *receiver, struct http_request *request)
{
	metrics_answer(request, false, put, receiver);
}
