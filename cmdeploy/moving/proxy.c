/* Makes a host a proxy of a relay, step by step, or undoes it. */
#include "cmdeploy/moving/proxy.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <string.h>
#include <sys/stat.h>

#include "cmdeploy/components/components.h"
#include "cmdeploy/dns/records.h"
#include "cmdeploy/host/ssh.h"
#include "cmdeploy/moving/tunnel.h"
#include "cmdeploy/say.h"
#include "cmdeploy/signals.h"
#include "lib/file.h"
#include "lib/ini.h"

enum {
	SCRIPT_SEC = 1800,
	FACT_MAX_BYTES = 4096,
	SETTINGS_MAX_BYTES = 1 << 20,
};

#define KEY "public_addresses"

struct proxy {
	const struct proxy_options *options;
	struct config config;
	struct ssh_host ssh;
	struct words own;   /* the proxy's addresses */
	struct words front; /* of them, those that are forwarded */
	struct words relay; /* the relay's */
	struct words ports;
};

static bool is_ipv6(const char *address)
{
	return strchr(address, ':') != NULL;
}

/* The first of that family, or "". */
static const char *first(const struct words *addresses, bool ipv6)
{
	for (size_t i = 0; i < addresses->n; i++)
		if (is_ipv6(addresses->v[i]) == ipv6)
			return addresses->v[i];
	return "";
}

int proxy_add_addresses(
	const struct host *host, struct words *out, struct buf *why)
{
	/* The addresses that it has, not those that settings give it. */
	static const struct config none;
	struct dns_facts facts = { 0 };
	int r = dns_facts_get(host, &none, &facts, why);

	for (size_t i = 0; i < facts.addresses.n; i++)
		if (!tunnel_has(facts.addresses.v[i]))
			words_add(out, facts.addresses.v[i]);
	dns_facts_release(&facts);
	return r;
}

static int step_connect(struct proxy *p, struct buf *why)
{
	AUTO_BUF struct buf os = BUF_INIT(FACT_MAX_BYTES);
	const struct host *host = &p->ssh.host;

	say_step("connect");
	int r = ssh_connect(&p->ssh, why);
	if (r == 0)
		r = host_has_release(host, why);
	if (r < 0)
		return r;
	if (r == 0 || !host_has_fact(host, "systemd"))
		return because(why, -ENOTSUP,
			"%s: a proxy needs " HOST_RELEASES " with systemd",
			host->name);
	r = host_fact(host, "os_name", &os, why);
	if (r == 0)
		r = proxy_add_addresses(host, &p->own, why);
	if (r == 0)
		say_done("%s", buf_str(&os));
	return r;
}

void proxy_add_ports(struct words *ports)
{
	for (size_t i = 0; components_server[i]; i++) {
		const struct service *s = components_server[i]->services;
		for (; s && s->name; s++) {
			const struct port *port = s->when ? NULL : s->ports;
			for (; port && port->address; port++)
				if (port->label && !port->when &&
					!words_has(ports, port->port))
					words_add(ports, port->port);
		}
	}
}

/* "443:sshd": what is forwarded does not reach it any more. */
static int check_ports(struct proxy *p, struct buf *why)
{
	AUTO_BUF struct buf all = BUF_INIT(FACT_MAX_BYTES);
	struct slice rest, word, port, program;
	int r = host_fact(&p->ssh.host, "listeners", &all, why);

	rest = buf_slice(&all);
	while (r == 0 && slice_next_word(&rest, &word)) {
		AUTO_FREE char *number = NULL;
		if (!slice_cut(word, ':', &port, &program))
			continue;
		number = slice_dup(port);
		if (words_has(&p->ports, number))
			return because(why, -EADDRINUSE,
				"%s: port %s, which is to be forwarded, is in "
				"use by %.*s; stop that first, or give it "
				"another port",
				p->ssh.host.name, number, SLICE_FMT(program));
	}
	return r;
}

static int step_check(struct proxy *p, struct buf *why)
{
	AUTO_BUF struct buf domain = BUF_INIT(FACT_MAX_BYTES);
	const struct host *host = &p->ssh.host;

	say_step("check");
	proxy_add_ports(&p->ports);
	int r = host_fact(host, "relay", &domain, why);
	if (r == 0 && domain.len > 0)
		return because(why, -EEXIST,
			"%s is the relay %s itself; a proxy is another host",
			host->name, buf_str(&domain));
	if (r == 0)
		r = check_ports(p, why);
	if (r == 0)
		say_done("nothing is in the way");
	return r;
}

static bool is_proxys(const struct proxy *p, const char *address)
{
	if (words_has(&p->own, address))
		return true;
	/* The relay's own may be among these, and --to names it. */
	if (p->options->to)
		return false;
	for (size_t i = 0; i < p->config.public_addresses.n; i++)
		if (strcmp(p->config.public_addresses.items[i], address) == 0)
			return true;
	return false;
}

static void add_address(struct words *list, const struct addrinfo *at)
{
	char text[NI_MAXHOST];

	if (getnameinfo(at->ai_addr, at->ai_addrlen, text, sizeof(text), NULL,
		    0, NI_NUMERICHOST) == 0)
		words_add(list, text);
}

static int make_tunnel(struct proxy *p, struct buf *why)
{
	say_step("tunnel");
	int r = tunnel_make(&p->ssh, p->options->to, &p->own, &p->relay, why);
	if (r == 0)
		say_done("%s %s is the relay's end", first(&p->relay, false),
			first(&p->relay, true));
	return r;
}

static int step_relay(struct proxy *p, struct buf *why)
{
	const struct addrinfo hints = { .ai_socktype = SOCK_STREAM };
	const char *name =
		p->options->to ? p->options->to : p->config.mail_domain;
	struct addrinfo *list = NULL;

	if (p->options->is_tunnel)
		return make_tunnel(p, why);
	say_step("relay");
	int e = getaddrinfo(name, NULL, &hints, &list);
	if (e != 0)
		return because(why, -ENOENT,
			"%s: %s; name the relay's address by --to", name,
			gai_strerror(e));
	for (const struct addrinfo *at = list; at; at = at->ai_next)
		add_address(&p->relay, at);
	freeaddrinfo(list);
	for (size_t i = 0; i < p->relay.n; i++)
		if (is_proxys(p, p->relay.v[i]))
			return because(why, -ELOOP,
				"%s, the address of %s, is a proxy's own; name "
				"the relay's address by --to",
				p->relay.v[i], name);
	say_done("%s%s%s", first(&p->relay, false), p->relay.n > 1 ? " " : "",
		first(&p->relay, true));
	return 0;
}

/* Those of a family that the relay has, too. */
static int choose_front(struct proxy *p, struct buf *why)
{
	for (size_t i = 0; i < p->own.n; i++)
		if (first(&p->relay, is_ipv6(p->own.v[i]))[0])
			words_add(&p->front, p->own.v[i]);
	if (p->front.n > 0)
		return 0;
	return because(why, -EAFNOSUPPORT,
		"%s and the relay have no family of addresses, IPv4 or IPv6, "
		"in common",
		p->ssh.host.name);
}

static int script(
	const struct ssh_host *ssh, const char *const *args, struct buf *why)
{
	return ssh_script(ssh,
		PROC_WORDS("remote/alone.sh", "remote/quietly.sh",
			"moving/proxy.sh"),
		args,
		&(struct proc){
			.timeout_sec = SCRIPT_SEC,
			.on_line = say_progress_line,
		},
		why);
}

int proxy_stop(const struct ssh_host *ssh, struct buf *why)
{
	return script(ssh, PROC_WORDS("off"), why);
}

static void list_words(
	const struct words *w, const char *between, struct buf *out)
{
	for (size_t i = 0; i < w->n; i++)
		buf_addf(out, "%s%s", i ? between : "", w->v[i]);
}

int proxy_prepare(const struct ssh_host *ssh, struct buf *why)
{
	return script(ssh, PROC_WORDS("ready"), why);
}

int proxy_forward(const struct ssh_host *ssh, const struct words *ports,
	const struct words *own, const struct words *relay, struct buf *why)
{
	AUTO_BUF struct buf text = BUF_INIT(FACT_MAX_BYTES);
	bool has4 = first(own, false)[0], has6 = first(own, true)[0];

	list_words(ports, ", ", &text);
	return script(ssh,
		PROC_WORDS("on", buf_str(&text),
			has4 ? first(relay, false) : "",
			has6 ? first(relay, true) : "",
			relay->n && tunnel_has(relay->v[0]) ? "tunnel" : ""),
		why);
}

static int step_forward(struct proxy *p, struct buf *why)
{
	AUTO_BUF struct buf ports = BUF_INIT(FACT_MAX_BYTES);
	AUTO_BUF struct buf front = BUF_INIT(FACT_MAX_BYTES);

	say_step("forward");
	int r = choose_front(p, why);
	if (r < 0)
		return r;
	list_words(&p->ports, ", ", &ports);
	list_words(&p->front, " ", &front);
	r = proxy_forward(&p->ssh, &p->ports, &p->own, &p->relay, why);
	if (r == 0)
		say_done("ports %s of %s", buf_str(&ports), buf_str(&front));
	return r;
}

static int step_remove(struct proxy *p, struct buf *why)
{
	say_step("remove");
	int r = proxy_stop(&p->ssh, why);
	if (r == 0 && p->options->is_tunnel)
		r = tunnel_remove(p->options->to, &p->own, why);
	if (r == 0)
		say_done("%s forwards nothing now", p->ssh.host.name);
	return r;
}

static void add_line(struct buf *out, const struct words *addresses)
{
	buf_add_str(out, addresses->n ? "" : "# ");
	buf_add_str(out, KEY " =");
	for (size_t i = 0; i < addresses->n; i++)
		buf_addf(out, " %s", addresses->v[i]);
	buf_add_char(out, '\n');
}

static bool has_value(struct slice text)
{
	struct ini_lines lines = { .key = KEY };
	struct slice line;

	while (slice_next_line(&text, &line))
		if (ini_line_of(&lines, line) == INI_LINE_VALUE)
			return true;
	return false;
}

/* A comment that stands before `text` is in the middle of a value. */
static bool goes_on(struct slice text)
{
	struct slice line, trimmed;

	while (slice_next_line(&text, &line)) {
		trimmed = slice_trim(line);
		if (trimmed.len > 0 &&
			!slice_has_char(SLICE("#;"), trimmed.ptr[0]))
			return ascii_is_space(line.ptr[0]);
	}
	return false;
}

void proxy_add_settings(
	struct buf *out, struct slice text, const struct words *addresses)
{
	enum ini_line old = has_value(text) ? INI_LINE_VALUE : INI_LINE_COMMENT;
	struct ini_lines lines = { .key = KEY };
	bool is_done = false;
	struct slice line;

	while (slice_next_line(&text, &line)) {
		if (ini_line_of(&lines, line) != old ||
			(old == INI_LINE_COMMENT && goes_on(text))) {
			buf_addf(out, "%.*s\n", SLICE_FMT(line));
			continue;
		}
		if (!is_done)
			add_line(out, addresses);
		is_done = true;
	}
	if (!is_done && addresses->n > 0)
		add_line(out, addresses);
}

int proxy_write_settings(
	const char *ini_path, const struct words *addresses, struct buf *why)
{
	AUTO_BUF struct buf text = BUF_INIT(SETTINGS_MAX_BYTES);
	AUTO_BUF struct buf changed = BUF_INIT(SETTINGS_MAX_BYTES);
	struct stat st;
	int r = file_read(ini_path, &text, why);

	if (r == 0 && stat(ini_path, &st) < 0)
		r = because(why, -errno, "%s: %s", ini_path, strerror(errno));
	if (r < 0)
		return r;
	proxy_add_settings(&changed, buf_slice(&text), addresses);
	if (slice_eq(buf_slice(&text), buf_slice(&changed)))
		return 0;
	return file_write(ini_path, buf_slice(&changed),
		(struct file_owner){ st.st_mode & 0777, st.st_uid, st.st_gid },
		why);
}

/* Those that are known, without the proxy's, or with them. */
static int step_settings(struct proxy *p, struct buf *why)
{
	AUTO_BUF struct buf shown = BUF_INIT(SETTINGS_MAX_BYTES);
	AUTO_WORDS struct words addresses = { 0 };
	const struct text_list *known = &p->config.public_addresses;
	const char *path = p->options->ini_path;

	for (size_t i = 0; i < known->n; i++)
		if (!words_has(&p->own, known->items[i]))
			words_add(&addresses, known->items[i]);
	words_add_all(&addresses, words_list(&p->front));
	say_step("settings");
	int r = proxy_write_settings(path, &addresses, why);
	list_words(&addresses, " ", &shown);
	if (r == 0)
		say_done(KEY " in %s: %s", path,
			addresses.n ? buf_str(&shown) : "none");
	return r;
}

static int (*const steps[])(struct proxy *p, struct buf *why) = {
	step_connect,
	step_check,
	step_relay,
	step_forward,
	step_settings,
};

static int (*const removal_steps[])(struct proxy *p, struct buf *why) = {
	step_connect,
	step_remove,
	step_settings,
};

static int carry_out(struct proxy *p, struct buf *why)
{
	bool is_removal = p->options->is_removal;
	size_t n = is_removal ? ARRAY_LEN(removal_steps) : ARRAY_LEN(steps);
	int r = 0;

	for (size_t i = 0; i < n && r == 0; i++) {
		r = is_removal ? removal_steps[i](p, why) : steps[i](p, why);
		if (signals_told_to_stop())
			r = -EINTR;
	}
	return r;
}

static void release(struct proxy *p)
{
	ssh_close(&p->ssh);
	config_release(&p->config);
	words_release(&p->own);
	words_release(&p->front);
	words_release(&p->relay);
	words_release(&p->ports);
}

static void show_end(const struct proxy *p)
{
	say_bold(p->options->is_removal
			? "%s is not a proxy of the relay %s any more."
			: "%s is a proxy of the relay %s.",
		p->ssh.target.name, p->config.mail_domain);
	say("Next: \"%s run\" tells the relay; then \"%s dns\" shows which "
	    "records change.",
		say_program(), say_program());
}

int proxy_run(const struct proxy_options *options, struct buf *why)
{
	__attribute__((cleanup(release))) struct proxy p = {
		.options = options,
	};

	signals_hold();
	int r = config_load(
		options->ini_path, &p.config, say_settings_note, NULL, why);
	if (r == 0)
		r = ssh_open(options->ssh_host, &p.ssh, why);
	if (r < 0)
		return r;
	p.ssh.is_unwanted = signals_unwanted;
	say_bold("A proxy of the relay %s on %s", p.config.mail_domain,
		p.ssh.target.where);
	r = carry_out(&p, why);
	if (r == 0)
		show_end(&p);
	return r;
}
