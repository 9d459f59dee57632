/* Waits until every port of a relay answers, or a service fails. */
#include "cmdeploy/relay/readiness.h"

#include <errno.h>

#include "cmdeploy/relay/ports.h"
#include "cmdeploy/say.h"
#include "cmdeploy/signals.h"
#include "lib/clock.h"

enum {
	READY_SEC = 30,
	ROUND_MSEC = 25,
	SERVER_ROUND_MSEC = 150, /* to ask systemd takes a process */
	ENDS_MAX = 3,            /* as many, and it will not come up */
	LOG_LINES = 8,
	LOG_MSEC = 3000, /* for what writes logs to start, too */
};

/* How often a service has ended since we wait for it. */
struct ends {
	uint64_t last_stamp;
	int n;
};

struct waiting {
	const struct relay *relay;
	struct relay_ports ports;
	char **units;      /* one a port, of its service */
	struct ends *ends; /* likewise */
	struct service_status *statuses;
	bool *is_up;
	size_t n_left;
};

/* What a service says before its end may reach the log after it. */
static void tell_log(const struct waiting *w, size_t i, struct buf *why)
{
	AUTO_BUF struct buf lines = BUF_INIT(BUF_WHY_MAX_BYTES / 2);
	uint64_t end = clock_msec() + LOG_MSEC;

	do {
		supervisor_log_tail(
			&w->relay->supervisor, w->units[i], LOG_LINES, &lines);
	} while (lines.len == 0 && clock_msec() < end &&
		signals_next(ROUND_MSEC) == SIGNALS_NOTHING);
	if (lines.len == 0)
		buf_add_str(why, "\n  its log is empty");
	else
		buf_addf(why, "\n  the end of its log:\n%.*s",
			(int)(lines.len - 1), buf_str(&lines));
}

/* -EIO when the service behind the port keeps dying. */
static int check_service(struct waiting *w, size_t i,
	const struct service_status *status, struct buf *why)
{
	const char *name = w->ports.v[i].service->name;
	struct ends *ends = &w->ends[i];

	if (status->end_stamp != 0 && status->end_stamp != ends->last_stamp) {
		ends->last_stamp = status->end_stamp;
		ends->n++;
	}
	if (!status->is_failed && ends->n < ENDS_MAX)
		return 0;
	because(why, -EIO, "%s dies right after its start", name);
	tell_log(w, i, why);
	return -EIO;
}

static int check_services(struct waiting *w, struct buf *why)
{
	const struct unit_list units = { (const char *const *)w->units,
		w->ports.n };
	int r = supervisor_status(
		&w->relay->supervisor, units, w->statuses, why);

	for (size_t i = 0; r == 0 && i < w->ports.n; i++)
		if (!w->is_up[i])
			r = check_service(w, i, &w->statuses[i], why);
	return r;
}

static int look_around(struct waiting *w, struct buf *why)
{
	for (size_t i = 0; i < w->ports.n; i++) {
		if (w->is_up[i])
			continue;
		if (relay_port_probe(&w->ports.v[i]) == 0) {
			w->is_up[i] = true;
			w->n_left--;
		}
	}
	return w->n_left > 0 ? check_services(w, why) : 0;
}

static void tell_progress(const struct waiting *w)
{
	AUTO_BUF struct buf text = BUF_INIT(BUF_WHY_MAX_BYTES);

	for (size_t i = 0; i < w->ports.n; i++)
		if (!w->is_up[i] &&
			(i == 0 || w->is_up[i - 1] ||
				w->ports.v[i].service !=
					w->ports.v[i - 1].service))
			buf_addf(&text, "%s %s", text.len ? "," : "waiting for",
				w->ports.v[i].service->name);
	say_progress(buf_slice(&text));
}

static int refuse_silent(struct waiting *w, struct buf *why)
{
	size_t i = 0;

	while (w->is_up[i])
		i++;
	const struct relay_port *port = &w->ports.v[i];
	because(why, -EIO, "%s does not answer on %s", port->service->name,
		port->text);
	tell_log(w, i, why);
	return -EIO;
}

static int wait_rounds(struct waiting *w, struct buf *why)
{
	uint64_t end = clock_msec() + READY_SEC * 1000;
	int round_msec = w->relay->has_systemd ? SERVER_ROUND_MSEC : ROUND_MSEC;

	while (w->n_left > 0) {
		int r = look_around(w, why);
		if (r < 0)
			return r;
		if (w->n_left == 0)
			break;
		tell_progress(w);
		enum signals_event event = signals_next(round_msec);
		if (event == SIGNALS_STOP)
			return -EINTR;
		if (event == SIGNALS_LOST)
			return because(why, -EIO,
				"runsvdir has ended; log/runsvdir.log in the "
				"relay's folder tells why");
		if (clock_msec() > end)
			return refuse_silent(w, why);
	}
	return 0;
}

static int name_units(struct waiting *w, struct buf *why)
{
	int r = 0;

	w->units = xcalloc(w->ports.n, sizeof(*w->units));
	for (size_t i = 0; r == 0 && i < w->ports.n; i++)
		r = relay_unit(
			w->relay, w->ports.v[i].service, &w->units[i], why);
	return r;
}

static void waiting_release(struct waiting *w)
{
	for (size_t i = 0; i < w->ports.n; i++)
		free(w->units[i]);
	free(w->units);
	free(w->ends);
	free(w->statuses);
	free(w->is_up);
	relay_ports_release(&w->ports);
}

int readiness_wait(const struct relay *relay, struct buf *why)
{
	struct waiting w = { .relay = relay };
	int r = relay_ports_list(relay, &w.ports, why);

	if (r < 0)
		return r;
	w.ends = xcalloc(w.ports.n, sizeof(*w.ends));
	w.statuses = xcalloc(w.ports.n, sizeof(*w.statuses));
	w.is_up = xcalloc(w.ports.n, sizeof(*w.is_up));
	w.n_left = w.ports.n;
	r = name_units(&w, why);
	if (r == 0)
		r = wait_rounds(&w, why);
	waiting_release(&w);
	return r;
}
