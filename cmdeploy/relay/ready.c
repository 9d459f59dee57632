#include "cmdeploy/relay/ready.h"

#include <errno.h>

#include "cmdeploy/relay/ports.h"
#include "cmdeploy/relay/run.h"
#include "cmdeploy/say.h"
#include "cmdeploy/supervise/runit.h"
#include "lib/clock.h"

enum {
	READY_SEC = 30,
	ROUND_MSEC = 25,
	STARTS_MAX = 3, /* as many, and it will not come up */
	LOG_LINES = 8,
};

/* How often a service was seen with another process. */
struct starts {
	pid_t pid;
	int n;
};

struct waiting {
	const struct relay *relay;
	struct relay_ports ports;
	struct starts *starts; /* one a port, of its service */
	bool *is_up;
	size_t n_left;
};

static void tell_log(
	const struct relay *relay, const char *service, struct buf *why)
{
	AUTO_FREE char *text = xasprintf("log/%s", service);
	AUTO_FREE char *dir = relay_path(relay, text);
	AUTO_BUF struct buf lines = BUF_INIT(BUF_WHY_MAX_BYTES / 2);

	runit_log_tail(dir, LOG_LINES, &lines);
	if (lines.len == 0)
		buf_addf(why, "\n  its log, %s/current, is empty", dir);
	else
		buf_addf(why, "\n  the end of %s/current:\n%.*s", dir,
			(int)(lines.len - 1), buf_str(&lines));
}

/* -EIO when the service behind the port keeps dying. */
static int check_service(struct waiting *w, size_t i, struct buf *why)
{
	const char *name = w->ports.v[i].service->name;
	struct starts *starts = &w->starts[i];
	AUTO_FREE char *text = xasprintf("service/%s", name);
	AUTO_FREE char *dir = relay_path(w->relay, text);
	struct runit_status status;

	if (runit_status(dir, &status) <= 0 || status.pid == 0 ||
		status.pid == starts->pid)
		return 0;
	starts->pid = status.pid;
	if (++starts->n < STARTS_MAX)
		return 0;
	because(why, -EIO, "%s dies right after its start", name);
	tell_log(w->relay, name, why);
	return -EIO;
}

static int look_around(struct waiting *w, struct buf *why)
{
	for (size_t i = 0; i < w->ports.n; i++) {
		if (w->is_up[i])
			continue;
		if (relay_port_probe(&w->ports.v[i]) == 0) {
			w->is_up[i] = true;
			w->n_left--;
			continue;
		}
		int r = check_service(w, i, why);
		if (r < 0)
			return r;
	}
	return 0;
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
	tell_log(w->relay, port->service->name, why);
	return -EIO;
}

static int wait_rounds(struct waiting *w, struct buf *why)
{
	uint64_t end = clock_msec() + READY_SEC * 1000;

	while (w->n_left > 0) {
		int r = look_around(w, why);
		if (r < 0)
			return r;
		if (w->n_left == 0)
			break;
		tell_progress(w);
		enum run_event event = run_next_event(ROUND_MSEC);
		if (event == RUN_TOLD_TO_STOP)
			return -EINTR;
		if (event == RUN_LOST)
			return because(why, -EIO,
				"runsvdir has ended; log/runsvdir.log in the "
				"relay's folder tells why");
		if (clock_msec() > end)
			return refuse_silent(w, why);
	}
	return 0;
}

int ready_wait(const struct relay *relay, struct buf *why)
{
	struct waiting w = { .relay = relay };
	int r = relay_ports_list(relay, &w.ports, why);

	if (r < 0)
		return r;
	w.starts = xcalloc(w.ports.n, sizeof(*w.starts));
	w.is_up = xcalloc(w.ports.n, sizeof(*w.is_up));
	w.n_left = w.ports.n;
	r = wait_rounds(&w, why);
	free(w.starts);
	free(w.is_up);
	relay_ports_release(&w.ports);
	return r;
}
