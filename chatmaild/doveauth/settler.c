#include "chatmaild/doveauth/settler.h"

#include "lib/die.h"
#include "lib/log.h"
#include "lib/workers.h"

enum {
	/* How long the journal keeps what it was given, at least. */
	SETTLE_USEC = 2000000,
	SETTLE_SLACK_USEC = 200000,
	NICENESS = 10,
};

struct settler {
	struct user_journal *journal;
	struct workers *thread;
	struct worker_job job;
	sd_event_source *timer;
	bool is_under_way; /* the timer or the job */
	bool has_more;     /* since the job began */
	bool is_stopped;
};

static void settle(const struct settler *s)
{
	AUTO_BUF struct buf why = BUF_INIT(BUF_WHY_MAX_BYTES);

	if (user_journal_settle(s->journal, &why) < 0)
		log_err("journal of new accounts is kept: %s", buf_str(&why));
}

/* On the thread. */
static void run(struct worker_job *job)
{
	settle(CONTAINER_OF(job, struct settler, job));
}

static int on_time(
	sd_event_source *source UNUSED, uint64_t usec UNUSED, void *userdata)
{
	struct settler *s = userdata;

	s->has_more = false;
	if (workers_submit(s->thread, &s->job) < 0) {
		s->is_under_way = false;
		settler_plan(s);
	}
	return 0;
}

static void on_done(struct worker_job *job)
{
	struct settler *s = CONTAINER_OF(job, struct settler, job);

	s->is_under_way = false;
	if (s->has_more && !job->is_cancelled)
		settler_plan(s);
}

static int start(struct settler *s, sd_event *event)
{
	struct workers_options options = {
		.run = run,
		.n_threads = 1,
		.queue_max = 1,
		.batch_max = 1,
		.niceness = NICENESS,
	};
	int r = workers_new(event, &options, &s->thread);

	if (r == 0)
		r = sd_event_add_time_relative(event, &s->timer,
			CLOCK_MONOTONIC, SETTLE_USEC, SETTLE_SLACK_USEC,
			on_time, s);
	if (r >= 0)
		r = sd_event_source_set_enabled(s->timer, SD_EVENT_OFF);
	return r;
}

int settler_new(sd_event *event, struct user_journal *journal,
	struct settler **ret_settler)
{
	struct settler *s = xcalloc(1, sizeof(*s));

	s->journal = journal;
	s->job.done = on_done;
	int r = start(s, event);
	if (r < 0) {
		settler_free(s);
		return r;
	}
	*ret_settler = s;
	return 0;
}

void settler_plan(struct settler *s)
{
	s->has_more = true;
	if (s->is_under_way || s->is_stopped)
		return;
	if (sd_event_source_set_time_relative(s->timer, SETTLE_USEC) < 0 ||
		sd_event_source_set_enabled(s->timer, SD_EVENT_ONESHOT) < 0)
		bug("cannot set a timer");
	s->is_under_way = true;
}

void settler_stop(struct settler *s)
{
	if (s)
		s->is_stopped = true;
}

void settler_free(struct settler *s)
{
	if (!s)
		return;
	settler_stop(s);
	workers_free(s->thread);
	sd_event_source_disable_unref(s->timer);
	settle(s);
	free(s);
}
