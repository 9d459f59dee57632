/*
 * Unit tests of chatmaild/doveauth/clients.h: how long something waits. Time
 * passes when a test says so, in pass().
 */
#include "chatmaild/doveauth/clients.h"

#include <errno.h>
#include <sys/socket.h>

#include "chatmaild/common/limits.h"
#include "tests/test.h"

enum {
	TIMERS_MAX = 2 * LATE_REFUSALS_MAX,
	TEXT_MAX_BYTES = 1 << 24,
	PID = 4711,
	AT_LEAST_SEC = 1, /* that a wrong password waits */
	AT_MOST_SEC = 10,
	WHILE_SEC = 60, /* for which a good one can be picked up */
	TOO_LATE_SEC = 600,
};

static struct timer {
	sd_event_source *source;
	uint64_t due;
} timers[TIMERS_MAX];
static size_t n_timers;
static uint64_t now;
static sd_event *event;
static struct clients *clients;
static int fd; /* of what asks them */
static struct buf heard = BUF_INIT(TEXT_MAX_BYTES);

/* In place of libsystemd's. */
int sd_event_add_time_relative(sd_event *e, sd_event_source **ret,
	clockid_t clock, uint64_t usec, uint64_t accuracy,
	sd_event_time_handler_t callback, void *userdata)
{
	int r = sd_event_add_time(
		e, ret, clock, UINT64_MAX, accuracy, callback, userdata);

	if (r < 0 || n_timers >= TIMERS_MAX)
		return r < 0 ? r : -ENOSPC;
	timers[n_timers++] =
		(struct timer){ sd_event_source_ref(*ret), now + usec };
	return r;
}

/* The same. */
int sd_event_source_set_time_relative(sd_event_source *source, uint64_t usec)
{
	for (size_t i = 0; i < n_timers; i++)
		if (timers[i].source == source)
			timers[i].due = now + usec;
	return sd_event_source_set_time(source, UINT64_MAX);
}

/* In place of login.c: who is called "right" is let in. */
void logins_begin(struct logins *logins UNUSED, struct login *login)
{
	login->done(login,
		slice_starts(slice_of(login->user), SLICE("right"))
			? LOGIN_GOOD
			: LOGIN_WRONG,
		NULL);
}

/* Until nobody has anything to do. */
static void settle(void)
{
	char text[4096];
	ssize_t n;

	do {
		while (sd_event_run(event, 0) > 0)
			continue;
		n = recv(fd, text, sizeof(text), MSG_DONTWAIT);
		if (n > 0)
			buf_add(&heard, text, (size_t)n);
	} while (n > 0);
}

static void pass(uint64_t sec)
{
	now += sec * 1000000;
	for (size_t i = 0; i < n_timers; i++) {
		int enabled = SD_EVENT_OFF;
		sd_event_source_get_enabled(timers[i].source, &enabled);
		if (enabled != SD_EVENT_OFF && timers[i].due <= now)
			sd_event_source_set_time(timers[i].source, 0);
	}
	settle();
}

static void say(struct slice text)
{
	while (text.len > 0) {
		ssize_t n = send(fd, text.ptr, text.len, MSG_DONTWAIT);
		if (n > 0)
			text = slice_from(text, (size_t)n);
		settle();
	}
}

/* With "right@x.test" or "wrong@x.test". */
static void ask(unsigned id, bool is_right)
{
	AUTO_BUF struct buf line = BUF_INIT(TEXT_MAX_BYTES);

	buf_addf(&line, "AUTH\t%u\tPLAIN\tservice=imap\tresp=%s\n", id,
		is_right ? "AHJpZ2h0QHgudGVzdABw" : "AHdyb25nQHgudGVzdABw");
	say(buf_slice(&line));
}

/* Lines of this begin that were heard; all is forgotten then. */
static size_t count_heard(const char *begin)
{
	struct slice rest = buf_slice(&heard), line;
	size_t n = 0;

	while (slice_next_line(&rest, &line))
		n += slice_starts(line, slice_of(begin));
	buf_reset(&heard);
	return n;
}

static bool pick_up(uint64_t id, struct slice cookie)
{
	AUTO_BUF struct buf user = BUF_INIT(TEXT_MAX_BYTES);
	bool is_good = clients_pick_up(clients, PID, id, cookie, &user);

	check_str("who", buf_str(&user), is_good ? "right@x.test" : "");
	return is_good;
}

static void test_pick_up(struct slice cookie)
{
	for (unsigned id = 1; id <= 3; id++)
		ask(id, true);
	check_int("good", (long long)count_heard("OK\t"), 3);
	check("picked up", pick_up(1, cookie));
	pass(WHILE_SEC);
	check("picked up later", pick_up(2, cookie));
	pass(TOO_LATE_SEC);
	check("too late", !pick_up(3, cookie));
	check_int("nobody is told", (long long)heard.len, 0);
	ask(3, true);
	check_int("its id is free", (long long)count_heard("OK\t3\t"), 1);
	check("once more", pick_up(3, cookie));
}

static void test_no_answer(void)
{
	say(SLICE("AUTH\t1\tLOGIN\tservice=imap\n"));
	check_int("asked", (long long)count_heard("CONT\t1\t"), 1);
	pass(WHILE_SEC);
	check_int("waits", (long long)heard.len, 0);
	pass(TOO_LATE_SEC);
	check_int("refused", (long long)count_heard("FAIL\t1"), 1);
}

static void test_late(void)
{
	ask(1, false);
	pass(AT_LEAST_SEC);
	check_int("not yet", (long long)heard.len, 0);
	pass(AT_MOST_SEC);
	check_int("told", (long long)count_heard("FAIL\t1"), 1);
}

/* Whoever is beyond the ceiling is told at once. */
static void test_ceiling(void)
{
	unsigned id;

	for (id = 1; id <= LATE_REFUSALS_MAX; id++)
		ask(id, false);
	check_int("all wait", (long long)heard.len, 0);
	ask(id, false);
	check_int("one does not", (long long)count_heard("FAIL\t10001\t"), 1);
	say(SLICE("CANCEL\t1\n"));
	ask(++id, false);
	check_int("there is room", (long long)heard.len, 0);
	ask(++id, false);
	check_int("no more", (long long)count_heard("FAIL\t10003\t"), 1);
	pass(AT_MOST_SEC);
	check_int("told", (long long)count_heard("FAIL\t"), LATE_REFUSALS_MAX);
	ask(++id, false);
	check_int("waits again", (long long)heard.len, 0);
	pass(AT_MOST_SEC);
	check_int("told", (long long)count_heard("FAIL\t10004\t"), 1);
}

/* The cookie of the greeting. */
static bool greet(struct buf *cookie)
{
	struct slice rest, line;

	say(SLICE("VERSION\t1\t2\nCPID\t4711\n"));
	rest = buf_slice(&heard);
	while (slice_next_line(&rest, &line))
		if (slice_starts(line, SLICE("COOKIE\t")))
			buf_add_slice(cookie, slice_from(line, 7));
	return count_heard("DONE") == 1;
}

int main(void)
{
	AUTO_BUF struct buf cookie = BUF_INIT(TEXT_MAX_BYTES);
	int pair[2];

	check("event", sd_event_new(&event) >= 0);
	check("pair", socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0);
	clients = clients_new(event, NULL);
	clients_accept(clients, pair[0]);
	fd = pair[1];
	check("greeted", greet(&cookie));
	test_pick_up(buf_slice(&cookie));
	test_no_answer();
	test_late();
	test_ceiling();
	clients_free(clients);
	for (size_t i = 0; i < n_timers; i++)
		sd_event_source_unref(timers[i].source);
	sd_event_unref(event);
	close(fd);
	buf_release(&heard);
	return test_end();
}
