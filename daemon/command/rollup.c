/* SPDX-License-Identifier: Apache-2.0 */
#include "rollup.h"

#include "base/log.h"
#include "base/timestamp.h"
#include "base/xalloc.h"
#include "database.h"
#include "dumps.h"
#include "reload.h"
#include "rollup_lease.h"
#include "rollup_metrics.h"
#include "rollup_recompute.h"
#include "rollup_whole.h"
#include "store/migration.h"
#include "table.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* How long a read waits for new events. */
#define BLOCK_MS 1000
#define BUSY_BLOCK_MS 50

/* The helper has been at it for so long that it may need a hand. Not sooner: what came in would
 * wait to be kept until the hand is free again. */
#define JOIN_AFTER_US 2000000

/* keep() is given this long (RELIABILITY.md section 5). */
#define STATEMENT_TIMEOUT_S 30

/* --once gives up after so many failures in a row. */
#define MOST_FAILURES 10

static bool pause_store(void *context, int64_t for_us)
{
	return wakeup_wait(context, for_us);
}

/* A long statement is work that goes on: the watchdog is fed meanwhile, and a stop heard. */
static bool go_on(void *context)
{
	return wakeup_wait(context, 0);
}

/* "<host>:<instance>": stable, so that after a restart it finds its own entries. */
static char *consumer_name(const struct config *config)
{
	char host[256] = "";

	(void)gethostname(host, sizeof(host) - 1);
	return xasprintf("%s:%s", host, config->rollup.instance);
}

static void clear(struct rollup *rollup)
{
	rollup_helper_stop(rollup->helper, true);
	store_destroy(rollup->hand.store);
	stream_destroy(rollup->stream);
	free(rollup->consumer);
	free(rollup->streams);
	free(rollup->mine);
	free(rollup->gauges);
	free(rollup->known_losses);
}

struct store_options rollup_store_options(const struct rollup *rollup)
{
	return (struct store_options){
		.conninfo = rollup->config->rollup.postgres,
		.application = "dorad rollup",
		.statement_timeout_s = STATEMENT_TIMEOUT_S,
		.account = rollup->once ? COMMAND_ACCOUNT : NULL,
		.pause = pause_store,
		.waiting = go_on,
		.context = rollup->wakeup,
	};
}

static bool init(struct rollup *rollup, struct error *err)
{
	const struct config *config = rollup->config;
	const struct store_options store_options = rollup_store_options(rollup);
	const struct stream_options stream_options = {
		.url = config->redis,
		.password_file = config->redis_password,
		.prefix = config->stream_prefix,
		.shards = config->shards,
	};

	if (!config->rollup.postgres) {
		error_setf(err,
			"%s: rollup.postgres is needed: which database, as in"
			" \"host=/run/postgresql dbname=dorad\"",
			config->path);
		return false;
	}
	rollup->hand = (struct rollup_hand){.store = store_create(&store_options, err),
		.counts = &rollup->counts,
		.by_turns = !rollup->once};
	rollup->stream = stream_create(&stream_options, err);
	if (!rollup->hand.store || !rollup->stream)
		return false;
	rollup->consumer = consumer_name(config);
	rollup->group =
		(struct stream_group){.name = ROLLUP_GROUP, .consumer = rollup->consumer};
	rollup->streams =
		xasprintf("%s/%zu", config->stream_prefix, stream_n_shards(rollup->stream));
	rollup->mine = xcalloc(stream_n_keys(rollup->stream), sizeof(*rollup->mine));
	if (config->shards && !rollup->once)
		rollup->group.mine = rollup->mine;
	rollup->gauges = xcalloc(stream_n_keys(rollup->stream), sizeof(*rollup->gauges));
	rollup->known_losses = xcalloc(stream_n_keys(rollup->stream), sizeof(int64_t));
	rollup->batch = (size_t)config->rollup.batch;
	link_init(&rollup->link, (uint64_t)getpid() << 32 ^ (uint64_t)rollup_now_us());
	if (stream_fails_over(rollup->stream))
		link_hurry(&rollup->link);
	return true;
}

/* Waits as long as what failed last asks for. */
static void wait_out(struct rollup *rollup, int failures)
{
	int64_t wait_us = store_backoff_us(STORE_AGAIN, failures, UINT32_MAX);

	if (rollup->link.state != LINK_READY && link_wait_us(&rollup->link) > wait_us)
		wait_us = link_wait_us(&rollup->link);
	(void)wakeup_wait(rollup->wakeup, wait_us);
}

static int run_once(struct rollup *rollup, const char *as_of)
{
	enum rollup_progress progress = ROLLUP_WORKED;

	if (rollup_catalog(rollup) == ROLLUP_STUCK)
		return EXIT_FAILED;
	for (int failures = 0; progress != ROLLUP_IDLE;) {
		progress = rollup_intake(rollup, 0);
		if (rollup->behind)
			rollup_helper_tell(rollup->helper, true);
		failures = progress == ROLLUP_STUCK ? failures + 1 : 0;
		if (failures == MOST_FAILURES || rollup->wakeup->stop)
			return EXIT_FAILED;
		if (failures)
			wait_out(rollup, failures);
	}
	for (int failures = 0; rollup_recompute(rollup, as_of) != ROLLUP_IDLE;) {
		if (++failures == MOST_FAILURES || rollup->wakeup->stop)
			return EXIT_FAILED;
		wait_out(rollup, failures);
	}
	rollup_helper_stop(rollup->helper, false);
	rollup->helper = NULL;
	printf("kept %lld events, replaced %lld, knew %lld, put aside %lld, lost %lld\n",
		(long long)rollup->counts.kept, (long long)rollup->counts.replaced,
		(long long)rollup->counts.unchanged, (long long)rollup->counts.dead,
		(long long)rollup->counts.lost);
	return EXIT_DONE;
}

/* How long to wait for new events, the helper having been busy for so long. */
static int64_t block_ms(int64_t busy_us)
{
	if (busy_us > JOIN_AFTER_US)
		return 0;
	return busy_us ? BUSY_BLOCK_MS : BLOCK_MS;
}

/* Nothing comes in, and the helper has much to do. */
static enum rollup_progress lend_a_hand(struct rollup *rollup, int64_t busy_us)
{
	if (busy_us <= JOIN_AFTER_US)
		return ROLLUP_IDLE;
	enum rollup_progress progress = rollup_hand_work(&rollup->hand);
	/* What is left is what the helper has at hand. */
	if (progress == ROLLUP_IDLE)
		rollup->due.calm_us = rollup_now_us() + BUSY_BLOCK_MS * 1000;
	return progress;
}

static enum rollup_progress round_of_work(struct rollup *rollup)
{
	(void)rollup_catalog(rollup);
	if (rollup_lease(rollup) == ROLLUP_STUCK)
		return ROLLUP_STUCK;
	int64_t calm_us = rollup->due.calm_us - rollup_now_us();

	if (!rollup->behind && calm_us > 0 && !wakeup_wait(rollup->wakeup, calm_us))
		return ROLLUP_IDLE;
	int64_t busy_us = rollup_helper_busy_us(rollup->helper);
	enum rollup_progress progress = rollup_intake(rollup, block_ms(busy_us));

	if (progress == ROLLUP_STUCK)
		rollup->behind = false;
	if (rollup->dirty)
		rollup_helper_tell(rollup->helper, rollup->behind);
	rollup->dirty &= rollup->behind;
	if (progress == ROLLUP_STUCK || rollup_minute(rollup) == ROLLUP_STUCK)
		return ROLLUP_STUCK;
	if (progress == ROLLUP_WORKED)
		return progress;
	return busy_us ? lend_a_hand(rollup, busy_us) : rollup_quality(rollup);
}

/* What may change while it runs: the catalogue's name, the batch, idle times. */
static void reload(struct rollup *rollup, struct config **reloaded)
{
	struct error err = {0};
	struct config *config = NULL;

	rollup->wakeup->reload = false;
	notify("RELOADING=1");
	config = reload_config(rollup->config->path, rollup->config, "rollup", &err);
	if (config) {
		rollup->config = config;
		config_destroy(*reloaded);
		*reloaded = config;
		rollup->catalog = (struct stat){0};
		rollup->due.catalog_us = 0;
		log_info("reloaded config=%s", config->path);
	} else {
		log_error("reload error=%s: what was read before stands", LOG_QUOTE(err.text));
	}
	notify("READY=1");
}

static int run_on(struct rollup *rollup)
{
	CLEANUP(config_destroyp) struct config *reloaded = NULL;
	CLEANUP(rollup_metrics_stopp) struct rollup_metrics *metrics = NULL;
	struct error err = {0};
	int failures = 0;

	if (rollup->config->rollup.metrics_listen.n) {
		metrics = rollup_metrics_start(rollup, &err);
		if (!metrics) {
			log_error("metrics error=%s", LOG_QUOTE(err.text));
			return EXIT_FAILED;
		}
	}
	log_info("rollup consumer=%s version=%s", rollup->group.consumer, DORAD_VERSION);
	rollup->dirty = true; /* what a worker before this one left marked */
	notify("READY=1");
	while (wakeup_wait(rollup->wakeup, 0)) {
		if (rollup->wakeup->reload)
			reload(rollup, &reloaded);
		if (round_of_work(rollup) != ROLLUP_STUCK) {
			failures = 0;
			continue;
		}
		rollup->counts.failures++;
		wait_out(rollup, ++failures);
	}
	notify("STOPPING=1");
	rollup_helper_stop(rollup->helper, true);
	rollup->helper = NULL;
	rollup_leave(rollup);
	log_info("rollup stopped kept=%lld dead=%lld", (long long)rollup->counts.kept,
		(long long)rollup->counts.dead);
	return EXIT_DONE;
}

/* Before anything is taken from a stream: is this our schema? A server that is away is waited
 * for, and so is dorad migrate, but not by --once. */
static bool schema_fits(struct rollup *rollup, struct error *err)
{
	for (int n = 1;; n++) {
		struct error words = {0};
		enum store_class class = migration_check(rollup->hand.store, &words);

		if (class == STORE_FINE)
			return true;
		int64_t wait_us = store_backoff_us(STORE_LATER, n, UINT32_MAX);
		if (class == STORE_WRONG || rollup->once) {
			error_setf(err, "%s", words.text);
			return false;
		}
		notify("READY=1"); /* as far as it depends on us */
		log_line(class == STORE_LATER ? LOG_LEVEL_ERROR : LOG_LEVEL_WARN,
			"postgres doing=connect retry_ms=%d error=%s", (int)(wait_us / 1000),
			LOG_QUOTE(words.text));
		if (!wakeup_wait(rollup->wakeup, wait_us))
			return false;
	}
}

static int run_worker(const struct command_line *line, struct rollup *rollup, const char *as_of)
{
	struct error err = {0};

	if (!init(rollup, &err))
		return command_fail(line, "%s", err.text);
	if (!schema_fits(rollup, &err))
		return rollup->wakeup->stop ? EXIT_DONE : command_fail(line, "%s", err.text);
	if (rollup_start_clock(rollup, as_of) == ROLLUP_STUCK && rollup->once)
		return EXIT_FAILED;
	rollup->helper = rollup_helper_start(rollup, &err);
	if (!rollup->helper)
		return command_fail(line, "%s", err.text);
	return rollup->once ? run_once(rollup, as_of) : run_on(rollup);
}

static int run(const struct command_line *line)
{
	bool once = command_option(line, "--once", 0) != NULL;
	const char *as_of = command_option(line, "--as-of", 0);
	int64_t as_of_us;

	if (as_of && !once)
		return command_misuse(line, "--as-of goes with --once");
	if (as_of && !timestamp_parse(as_of, strlen(as_of), &as_of_us))
		return command_misuse(
			line, "--as-of %s: want a time, as 2025-11-17T09:00:00Z", as_of);
	if (command_option(line, "--rebuild", 0))
		return rollup_rebuild(line);
	if (command_option(line, "--sessions", 0))
		return command_misuse(line, "--sessions goes with --rebuild");
	if (command_option(line, "--verify", 0))
		return rollup_verify(line);

	dumps_forbid();
	CLEANUP(config_destroyp) struct config *config = command_config(line);
	if (!config)
		return EXIT_FAILED;
	const char *instance = command_option(line, "--instance", 0);
	if (instance) {
		free(config->rollup.instance);
		config->rollup.instance = xstrdup(instance);
	}
	char text[TIMESTAMP_TEXT_MAX];
	if (as_of)
		timestamp_format(as_of_us, text);
	struct wakeup wakeup;
	wakeup_init(&wakeup);
	struct rollup rollup = {.config = config, .wakeup = &wakeup, .once = once};
	int code = run_worker(line, &rollup, as_of ? text : NULL);
	clear(&rollup);
	wakeup_clear(&wakeup);
	return code;
}

const struct command rollup_command = {
	.name = "rollup",
	.arguments = "",
	.summary = "from the streams to facts and months in Postgres",
	.details = "Any number of workers may run; each needs a rollup.instance of its own on "
		   "its\n"
		   "host. SIGTERM ends it after the batch at hand, SIGHUP makes it read its\n"
		   "configuration and the catalogue again.",
	.options =
		(const struct command_option[]){
			{"--once", NULL, "work off what is there, recompute, and end", false},
			{"--as-of", "TIME", "with --once: the instant the numbers are about",
				false},
			{"--instance", "NAME", "in place of rollup.instance", false},
			{"--rebuild", NULL,
				"throw facts and months away and compute them again", false},
			{"--sessions", "N",
				"with --rebuild: that many of Postgres compute side by "
				"side (3)",
				false},
			{"--verify", NULL,
				"compute beside, and say what differs (exit 1) or nothing",
				false},
			{0},
		},
	.run = run,
};
