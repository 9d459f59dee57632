/*
 * notifier.c - when which notification goes out, and what its answer means
 * for it and for the others.
 */
#include "chatmaild/metadata/notifier.h"

#include <errno.h>
#include <string.h>
#include <time.h>

#include "chatmaild/metadata/pending.h"
#include "chatmaild/metadata/queue.h"
#include "chatmaild/metadata/schedule.h"
#include "lib/die.h"
#include "lib/https.h"
#include "lib/log.h"
#include "lib/loop.h"

enum {
	/* Of one user's requests, how many may hang, and what hanging is. */
	HANGING_MAX = 4,
	HANGING_SEC = 2,
	HANGING_DELAY_SEC = 60,
	/* Repetitions under way, in parts of all. */
	RETRIES_PART = 2,
	/* Refusals (429, 503) in a row that are meant for all. */
	REFUSALS_MAX = 8,
	/* Time-outs in a row after which a new connection is tried. */
	TIMEOUTS_MAX = 8,
	PAUSE_MAX_SEC = 8,
	REFUSED_PAUSE_MAX_SEC = 60,
	RETRY_AFTER_MAX_SEC = NOTIFY_GIVE_UP_SEC,
	/* Of new notifications; beyond, they are read from the disk again. */
	HELD_MAX_BYTES = 1 << 20,
};

#define USEC 1000000ULL

struct delivery {
	struct notifier *notifier;
	struct due *due;
	struct notification notification;
	uint64_t begun_at;
	size_t place; /* among those under way */
	bool is_retry;
};

struct notifier {
	sd_event *event;
	sd_event_source *timer;
	uint64_t timer_at;
	struct https *https;
	struct counters *counters; /* or NULL */
	struct queue queue;
	struct pending *pending; /* the tokens that wait in the two below */
	struct schedule fresh;   /* all are due */
	size_t held_bytes;       /* of them in memory, with their files */
	struct schedule retries; /* and what was found on disk */
	struct delivery *under_way[HTTPS_STREAMS_MAX];
	size_t n_under_way;
	size_t n_retrying;
	/* While the server cannot be reached, or refuses all. */
	uint64_t paused_until;
	unsigned pause_sec; /* 0: all is well */
	unsigned n_refusals;
	unsigned n_timeouts;
	bool is_full; /* and the log says so */
	notifier_gone_fn gone;
	void *owner;
};

static void pump(struct notifier *n);

unsigned notifier_delay_sec(unsigned n_attempts)
{
	static const unsigned delays[] = { 8, 64, 512, 4096 };
	size_t last = ARRAY_LEN(delays) - 1;

	if (n_attempts == 0)
		return 0;
	return delays[n_attempts - 1 < last ? n_attempts - 1 : last];
}

static void delivery_free(struct delivery *d)
{
	notification_release(&d->notification);
	free(d->due);
	free(d);
}

static void drop(struct notifier *n, struct delivery *d, time_t age)
{
	log_warning("notification dropped: reason=too-old age=%lds attempts=%u",
		(long)age, d->due->n_attempts);
	counters_add(n->counters, COUNT_DROPPED, 1);
	queue_remove(&n->queue, d->due->id);
	delivery_free(d);
}

/* Takes `d`: only its file stays. */
static void wait_again(struct notifier *n, struct schedule *schedule,
	struct delivery *d, uint64_t wait_sec)
{
	uint64_t now = loop_usec(n->event);

	d->due->key = pending_key(n->pending, d->notification.address,
		d->notification.token);
	pending_add(n->pending, d->due->key, now);
	schedule_add(schedule, d->due, now + wait_sec * USEC);
	d->due = NULL;
	delivery_free(d);
}

/* Into the queue again, or out of it when it would come up too late. */
static void put_back(struct notifier *n, struct delivery *d, uint64_t wait_sec)
{
	time_t age = time(NULL) - d->notification.began;

	if (age + (time_t)wait_sec > NOTIFY_GIVE_UP_SEC) {
		drop(n, d, age);
		return;
	}
	wait_again(n, &n->retries, d, wait_sec);
}

/* Nobody is asked for a while; then one request tries. */
static void pause_sending(
	struct notifier *n, unsigned seconds, const char *reason)
{
	uint64_t now = loop_usec(n->event);

	if (now < n->paused_until)
		return;
	if (n->pause_sec == 0)
		log_warning(
			"notification server: no service: reason=%s", reason);
	unsigned next = n->pause_sec ? 2 * n->pause_sec : 1;
	n->pause_sec = next < PAUSE_MAX_SEC ? next : PAUSE_MAX_SEC;
	if (seconds > REFUSED_PAUSE_MAX_SEC)
		seconds = REFUSED_PAUSE_MAX_SEC;
	if (seconds < n->pause_sec)
		seconds = n->pause_sec;
	n->paused_until = now + seconds * USEC;
}

static void all_is_well(struct notifier *n)
{
	if (n->pause_sec)
		log_notice("notification server: in service again");
	n->pause_sec = 0;
	n->n_refusals = 0;
	n->n_timeouts = 0;
}

/* What an answer says about the server, whomever it was for. */
static void judge_server(struct notifier *n, const struct https_answer *answer)
{
	bool is_refusal = answer->status == 429 || answer->status == 503;

	if (answer->status && !is_refusal) {
		all_is_well(n);
	} else if (answer->is_unreachable) {
		pause_sending(n, 0, answer->failure);
	} else if (answer->is_timeout) {
		n->n_timeouts++;
	} else if (is_refusal && ++n->n_refusals >= REFUSALS_MAX) {
		pause_sending(n, (unsigned)answer->retry_after_sec,
			answer->status == 429 ? "status 429" : "status 503");
	} else if (answer->is_lost && ++n->n_refusals >= REFUSALS_MAX) {
		pause_sending(n, 0, answer->failure);
	}
}

static void try_again(
	struct notifier *n, struct delivery *d, const struct https_answer *a)
{
	/* It went out just when the server closed the connection. */
	if (a->is_lost && !d->due->was_lost) {
		d->due->was_lost = true;
		wait_again(n, &n->fresh, d, 0);
		return;
	}
	if (d->due->n_attempts < UINT8_MAX)
		d->due->n_attempts++;
	uint64_t wait = notifier_delay_sec(d->due->n_attempts);
	uint64_t asked =
		a->retry_after_sec > 0 ? (uint64_t)a->retry_after_sec : 0;
	if (asked > RETRY_AFTER_MAX_SEC)
		asked = RETRY_AFTER_MAX_SEC;
	log_info("not notified: status=%d reason=%s attempts=%u", a->status,
		a->failure ? a->failure : "-", d->due->n_attempts);
	put_back(n, d, wait > asked ? wait : asked);
}

static void remove_from_way(struct notifier *n, struct delivery *d)
{
	struct delivery *last = n->under_way[--n->n_under_way];

	n->under_way[d->place] = last;
	last->place = d->place;
	n->n_retrying -= d->is_retry;
}

static void on_done(const struct https_answer *answer, void *owner)
{
	struct delivery *d = owner;
	struct notifier *n = d->notifier;
	bool is_taken = answer->status >= 200 && answer->status < 300;

	remove_from_way(n, d);
	judge_server(n, answer);
	if (is_taken || answer->status == 410) {
		counters_add(
			n->counters, is_taken ? COUNT_SENT : COUNT_GONE, 1);
		if (answer->status == 410)
			n->gone(d->notification.address, d->notification.token,
				n->owner);
		queue_remove(&n->queue, d->due->id);
		delivery_free(d);
	} else {
		counters_add(n->counters, COUNT_RETRIED, 1);
		try_again(n, d, answer);
	}
	pump(n);
}

/* Some requests of this user got no answer for a while. */
static bool is_hanging(struct notifier *n, struct slice address, uint64_t now)
{
	int n_hanging = 0;

	for (size_t i = 0; i < n->n_under_way; i++) {
		const struct delivery *d = n->under_way[i];
		if (now - d->begun_at > HANGING_SEC * USEC &&
			slice_eq(d->notification.address, address))
			n_hanging++;
	}
	return n_hanging >= HANGING_MAX;
}

static void post(struct notifier *n, struct delivery *d)
{
	bool is_stuck = n->n_timeouts >= TIMEOUTS_MAX;

	d->begun_at = loop_usec(n->event);
	d->place = n->n_under_way;
	if (https_post(n->https, d->notification.token, is_stuck, on_done, d) <
		0)
		bug("no room for a request");
	n->under_way[n->n_under_way++] = d;
	n->n_retrying += d->is_retry;
	if (is_stuck)
		n->n_timeouts = 0;
}

static void begin(struct notifier *n, struct delivery *d)
{
	time_t age = time(NULL) - d->notification.began;

	if (age > NOTIFY_GIVE_UP_SEC)
		drop(n, d, age);
	else if (is_hanging(n, d->notification.address, loop_usec(n->event)))
		put_back(n, d, HANGING_DELAY_SEC);
	else
		post(n, d);
}

/* What queue_add() wrote, kept in memory as far as there is room. */
static void hold(struct notifier *n, struct due *due, struct slice address,
	struct slice token, time_t began)
{
	size_t len = address.len + token.len;

	if (n->held_bytes + sizeof(struct delivery) + len > HELD_MAX_BYTES)
		return;
	struct delivery *d = xcalloc(1, sizeof(*d));
	struct buf *text = &d->notification.text;
	*text = BUF_INIT(QUEUE_FILE_MAX_BYTES);
	buf_add_slice(text, address);
	buf_add_slice(text, token);
	d->notification.began = began;
	d->notification.address = slice_head(buf_slice(text), address.len);
	d->notification.token = slice_from(buf_slice(text), address.len);
	due->held = d;
	n->held_bytes += sizeof(*d) + len;
}

/* From memory or from the disk; NULL: it is there no more, or broken. */
static struct delivery *take(struct notifier *n, struct due *due)
{
	struct delivery *d = TAKE(due->held);

	if (d) {
		n->held_bytes -= sizeof(*d) + d->notification.text.len;
		return d;
	}
	d = xcalloc(1, sizeof(*d));
	int r = queue_read(&n->queue, due->id, &d->notification);
	if (r == 0)
		return d;
	if (r != -ENOENT) {
		log_err("broken notification put aside: file=%s reason=%s",
			due->id, strerror(-r));
		queue_put_aside(&n->queue, due->id);
	}
	free(d);
	return NULL;
}

/* Takes `due`. */
static void begin_due(struct notifier *n, struct due *due, bool is_retry)
{
	struct delivery *d = take(n, due);

	pending_remove(n->pending, due->key, loop_usec(n->event));
	if (!d) {
		free(due);
		return;
	}
	d->notifier = n;
	d->due = due;
	d->is_retry = is_retry;
	begin(n, d);
}

static bool may_send(const struct notifier *n, uint64_t now)
{
	if (https_room(n->https) == 0)
		return false;
	if (n->pause_sec == 0)
		return true;
	return now >= n->paused_until && n->n_under_way == 0;
}

static bool may_retry(const struct notifier *n, uint64_t now)
{
	const struct due *first = schedule_first(&n->retries);
	size_t all = n->n_under_way + https_room(n->https);

	return first && first->at <= now &&
		n->n_retrying < (all + 1) / RETRIES_PART;
}

static void set_timer(struct notifier *n, uint64_t now)
{
	const struct due *retry = schedule_first(&n->retries);
	uint64_t at = UINT64_MAX;

	if (n->fresh.n)
		at = 0;
	else if (retry)
		at = retry->at;
	if (at < n->paused_until)
		at = n->paused_until;
	/* What is due and has no room comes with the next answer. */
	if (at <= now)
		at = UINT64_MAX;
	if (at == n->timer_at)
		return;
	n->timer_at = at;
	if (sd_event_source_set_time(n->timer, at) < 0 ||
		sd_event_source_set_enabled(n->timer,
			at == UINT64_MAX ? SD_EVENT_OFF : SD_EVENT_ONESHOT) < 0)
		bug("cannot set a timer");
}

static void pump(struct notifier *n)
{
	uint64_t now = loop_usec(n->event);

	while (may_send(n, now)) {
		if (may_retry(n, now))
			begin_due(n, schedule_pop(&n->retries), true);
		else if (n->fresh.n)
			begin_due(n, schedule_pop(&n->fresh), false);
		else
			break;
	}
	set_timer(n, now);
}

static int on_timer(
	sd_event_source *s UNUSED, uint64_t usec UNUSED, void *userdata)
{
	struct notifier *n = userdata;

	n->timer_at = UINT64_MAX;
	pump(n);
	return 0;
}

/* What was left behind, before anything new comes. */
static int take_up(struct notifier *n, struct buf *why)
{
	const char *id;
	DIR *dir;
	int r = queue_scan_open(&n->queue, &dir);

	if (r < 0)
		return because(
			why, r, "cannot read the queue: %s", strerror(-r));
	while ((r = queue_scan_next(&n->queue, dir, &id)) > 0)
		schedule_add(&n->retries, due_new(slice_of(id)), 0);
	closedir(dir);
	if (r < 0)
		return because(
			why, r, "cannot read the queue: %s", strerror(-r));
	if (n->retries.n)
		log_notice("notifications taken up: n=%zu", n->retries.n);
	return 0;
}

int notifier_new(sd_event *event, const char *mailboxes_dir, const char *url,
	notifier_gone_fn gone, void *owner, struct notifier **ret_notifier,
	struct buf *why)
{
	struct notifier *n = xcalloc(1, sizeof(*n));

	*n = (struct notifier){
		.event = event,
		.queue = { .fd = -1 },
		.pending = pending_new(),
		.gone = gone,
		.owner = owner,
		.timer_at = UINT64_MAX,
	};
	int r = queue_open(mailboxes_dir, &n->queue, why);
	if (r == 0)
		r = https_new(event, url, NOTIFY_TIMEOUT_SEC, &n->https, why);
	if (r == 0)
		r = take_up(n, why);
	if (r == 0)
		r = sd_event_add_time(
			event, &n->timer, CLOCK_MONOTONIC, 0, 1, on_timer, n);
	if (r < 0) {
		notifier_free(n);
		return r;
	}
	*ret_notifier = n;
	return 0;
}

void notifier_count(struct notifier *n, struct counters *counters)
{
	n->counters = counters;
}

static void release_held(struct schedule *schedule)
{
	for (size_t i = 0; i < schedule->n; i++)
		if (schedule->heap[i]->held)
			delivery_free(schedule->heap[i]->held);
}

void notifier_free(struct notifier *n)
{
	if (!n)
		return;
	https_free(n->https);
	for (size_t i = 0; i < n->n_under_way; i++)
		delivery_free(n->under_way[i]);
	release_held(&n->fresh);
	release_held(&n->retries);
	schedule_release(&n->fresh);
	schedule_release(&n->retries);
	pending_free(n->pending);
	sd_event_source_disable_unref(n->timer);
	queue_close(&n->queue);
	free(n);
}

/* While the queue is full, nobody's are taken; the log says so once. */
static bool is_full(struct notifier *n)
{
	bool was_full = n->is_full;

	n->is_full = n->fresh.n + n->retries.n >= NOTIFICATIONS_MAX;
	if (n->is_full && !was_full)
		log_warning("notifications dropped: reason=too-many");
	return n->is_full;
}

static void enqueue(struct notifier *n, struct due *due, struct slice address,
	struct slice token)
{
	uint64_t now = loop_usec(n->event);
	uint64_t at = pending_add(n->pending, due->key, now);

	hold(n, due, address, token, time(NULL));
	schedule_add(at > now ? &n->retries : &n->fresh, due, at);
	pump(n);
}

int notifier_add(struct notifier *n, struct slice address, struct slice token,
	struct buf *why)
{
	struct pending_key key = pending_key(n->pending, address, token);
	enum pending_room room = pending_room(n->pending, key);
	char id[QUEUE_ID_BYTES + 1];

	if (room == PENDING_WAITS)
		return 0;
	if (room == PENDING_FULL || is_full(n)) {
		counters_add(n->counters, COUNT_DROPPED, 1);
		return 0;
	}
	int r = queue_add(&n->queue, address, time(NULL), token, id, why);
	if (r < 0)
		return r;
	struct due *due = due_new(slice_of(id));
	due->key = key;
	enqueue(n, due, address, token);
	return 0;
}
