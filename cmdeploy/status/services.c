/* The services of a relay, and the ports on which they answer. */
#include <string.h>
#include <time.h>

#include "cmdeploy/relay/ports.h"
#include "cmdeploy/say.h"
#include "cmdeploy/status/status.h"

#define AUTO_UNITS __attribute__((cleanup(units_release)))

enum {
	WORD_WIDTH = 6,
	/* A restart is news for so long. */
	RESTART_NEWS_SEC = 3600,
};

struct units {
	const struct service **decl;
	char **name;
	struct service_status *status;
	size_t n;
};

/* Takes the name. */
static void units_add(
	struct units *units, const struct service *decl, char *name)
{
	size_t n = units->n + 1;

	units->decl = xreallocarray(units->decl, n, sizeof(*units->decl));
	units->name = xreallocarray(units->name, n, sizeof(*units->name));
	units->decl[units->n] = decl;
	units->name[units->n] = name;
	units->n = n;
}

static void units_release(struct units *units)
{
	for (size_t i = 0; i < units->n; i++)
		free(units->name[i]);
	free(units->decl);
	free(units->name);
	free(units->status);
}

static int ask(const struct relay *relay, struct units *units, struct buf *why)
{
	const struct unit_list all = {
		.names = (const char *const *)units->name,
		.n = units->n,
	};

	units->status = xcalloc(units->n + 1, sizeof(*units->status));
	return supervisor_status(&relay->supervisor, all, units->status, why);
}

static int list_units(
	const struct relay *relay, struct units *units, struct buf *why)
{
	const struct component *const *components = relay->apply.components;

	for (size_t i = 0; components[i]; i++) {
		const struct service *s = components[i]->services;
		for (; s && s->name; s++) {
			char *name;
			if (!apply_counts(&relay->apply, s->when))
				continue;
			int r = relay_unit(relay, s, &name, why);
			if (r < 0)
				return r;
			units_add(units, s, name);
		}
	}
	return ask(relay, units, why);
}

/* Those that are to start with the machine for its mail. */
static int list_wanted(const struct relay *relay, const struct units *units,
	struct units *wanted)
{
	for (size_t i = 0; i < units->n; i++) {
		const struct service *decl = units->decl[i];
		char *name;
		if (!decl->is_mail)
			continue;
		if (!decl->enable)
			name = xstrdup(units->name[i]);
		else if (apply_text(&relay->apply, decl->enable, &name, NULL) <
			0)
			continue;
		units_add(wanted, decl, name);
	}
	return ask(relay, wanted, NULL);
}

bool status_is_mail_off(const struct relay *relay)
{
	AUTO_UNITS struct units units = { 0 };
	AUTO_UNITS struct units wanted = { 0 };

	if (!relay->has_systemd || list_units(relay, &units, NULL) < 0)
		return false;
	for (size_t i = 0; i < units.n; i++)
		if (units.decl[i]->is_mail && units.status[i].is_up)
			return false;
	if (list_wanted(relay, &units, &wanted) < 0)
		return false;
	for (size_t i = 0; i < wanted.n; i++)
		if (wanted.status[i].is_enabled)
			return false;
	return wanted.n > 0;
}

static enum status_grade grade_of(
	const struct service *decl, const struct service_status *status)
{
	bool is_news = status->since > 0 &&
		time(NULL) - status->since < RESTART_NEWS_SEC;

	if (status->is_failed || (!status->is_up && !decl->is_oneshot))
		return STATUS_BAD;
	return status->n_restarts > 0 && is_news ? STATUS_DOUBT : STATUS_FINE;
}

static void add_restarts(const struct service_status *status, struct buf *out)
{
	if (status->n_restarts > 0)
		buf_addf(out, ", restarted %u time%s", status->n_restarts,
			status->n_restarts == 1 ? "" : "s");
}

/* In a word; a timer that is up has no process, but an hour. */
static const char *word_for(const struct service *decl, const char *unit,
	const struct service_status *status)
{
	if (status->is_failed)
		return "failed";
	if (decl->is_oneshot)
		return "done";
	if (!status->is_up)
		return "down";
	return slice_ends(slice_of(unit), SLICE(".timer")) ? "armed" : "up";
}

static void add_state(const struct service *decl, const char *unit,
	const struct service_status *status, struct buf *out)
{
	const char *word = word_for(decl, unit, status);

	buf_add_str(out, word);
	if (!status->is_up || decl->is_oneshot)
		return;
	buf_addf(out, "%*s", WORD_WIDTH - (int)strlen(word), "");
	if (status->pid > 0)
		buf_addf(out, "pid %-8d ", (int)status->pid);
	if (status->since > 0)
		status_add_duration(out, time(NULL) - status->since);
	add_restarts(status, out);
}

/* What timers start: a run that failed leaves the timer as it was. */
static int list_started(const struct relay *relay, const struct units *units,
	struct units *started)
{
	struct slice timer = SLICE(".timer");

	for (size_t i = 0; i < units->n; i++) {
		struct slice name = slice_of(units->name[i]);
		if (!slice_ends(name, timer))
			continue;
		name = slice_head(name, name.len - timer.len);
		units_add(started, units->decl[i],
			xasprintf("%.*s.service", SLICE_FMT(name)));
	}
	return ask(relay, started, NULL);
}

static void add_failed_runs(const struct relay *relay,
	const struct units *units, struct findings *list)
{
	AUTO_UNITS struct units started = { 0 };

	if (list_started(relay, units, &started) < 0)
		return;
	for (size_t i = 0; i < started.n; i++)
		if (started.status[i].is_failed)
			findings_add(list, STATUS_BAD, started.decl[i]->name,
				"its last run failed; \"journalctl -u %s\" "
				"says why",
				started.name[i]);
}

/* It is started by whoever calls, as after a boot; the socket is there. */
static bool is_on_call(const struct relay *relay, const struct service *decl,
	const struct service_status *status)
{
	return relay->has_systemd && !status->is_up && !status->is_failed &&
		decl->enable &&
		slice_ends(slice_of(decl->enable), SLICE(".socket"));
}

static void add_service(const struct relay *relay, const struct units *units,
	size_t i, struct findings *list)
{
	AUTO_BUF struct buf text = BUF_INIT(BUF_WHY_MAX_BYTES);
	const struct service *decl = units->decl[i];
	const struct service_status *status = &units->status[i];
	bool waits = is_on_call(relay, decl, status);

	if (waits)
		buf_add_str(&text, "on call");
	else
		add_state(decl, units->name[i], status, &text);
	findings_add(list, waits ? STATUS_FINE : grade_of(decl, status),
		decl->name, "%s", buf_str(&text));
}

void status_services(struct relay *relay, struct findings *list)
{
	AUTO_BUF struct buf why = BUF_INIT(BUF_WHY_MAX_BYTES);
	AUTO_UNITS struct units units = { 0 };

	if (list_units(relay, &units, &why) < 0) {
		findings_add(list, STATUS_BAD, "services", "%s", buf_str(&why));
		return;
	}
	for (size_t i = 0; i < units.n; i++) {
		if (relay->is_without_mail && units.decl[i]->is_mail)
			continue;
		add_service(relay, &units, i, list);
	}
	add_failed_runs(relay, &units, list);
	if (relay->is_without_mail)
		findings_add(list, STATUS_DOUBT, "mail",
			"switched off; \"%s run\" switches it on",
			say_program());
}

/* From here by a proxy and back: a TLS handshake with our own port 443. */
static void add_proxies(const struct relay *relay, struct findings *list)
{
	const struct text_list *proxies = &relay->config.public_addresses;
	static const struct port https = { .probe = PROBE_TLS };
	AUTO_BUF struct buf up = BUF_INIT(BUF_WHY_MAX_BYTES);
	AUTO_BUF struct buf down = BUF_INIT(BUF_WHY_MAX_BYTES);

	for (size_t i = 0; i < proxies->n; i++) {
		const char *address = proxies->items[i];
		AUTO_FREE char *text = xasprintf(
			strchr(address, ':') ? "[%s]:443" : "%s:443", address);
		const struct relay_port port = { .decl = &https, .text = text };
		struct buf *out = relay_port_probe(&port) < 0 ? &down : &up;
		buf_addf(out, "%s%s", out->len ? " " : "", address);
	}
	if (up.len > 0)
		findings_add(list, STATUS_FINE, "public addresses", "%s",
			buf_str(&up));
	if (down.len > 0)
		findings_add(list, STATUS_BAD, "no way in",
			"%s: from here the relay is not reached by it; if it "
			"is a proxy, look at that host (\"systemctl status "
			"chatmail-proxy\"), or take its address out of "
			"public_addresses and DNS",
			buf_str(&down));
}

/* Those for users by number; of the inner ones only the silent are told. */
void status_ports(struct relay *relay, struct findings *list)
{
	AUTO_BUF struct buf up = BUF_INIT(BUF_WHY_MAX_BYTES);
	AUTO_BUF struct buf down = BUF_INIT(BUF_WHY_MAX_BYTES);
	struct relay_ports ports;

	if (relay_ports_list(relay, &ports, &down) < 0) {
		findings_add(list, STATUS_BAD, "ports", "%s", buf_str(&down));
		return;
	}
	buf_reset(&down);
	for (size_t i = 0; i < ports.n; i++) {
		const struct relay_port *port = &ports.v[i];
		if (relay_port_probe(port) < 0)
			buf_addf(&down, "%s%s (%s)", down.len ? " " : "",
				port->text, port->service->name);
		else if (port->decl->label)
			buf_addf(&up, "%s%u", up.len ? " " : "", port->number);
	}
	relay_ports_release(&ports);
	findings_add(list, STATUS_FINE, "answering ports", "%s",
		up.len ? buf_str(&up) : "none");
	if (down.len > 0)
		findings_add(list, STATUS_BAD, "silent", "%s", buf_str(&down));
	if (relay->is_server && !relay->is_without_mail)
		add_proxies(relay, list);
}
