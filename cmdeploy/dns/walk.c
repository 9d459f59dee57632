/* The way from the root servers to the answer of a zone's own servers. */
#include "cmdeploy/dns/walk.h"

#include <errno.h>
#include <string.h>

#include "cmdeploy/dns/ask.h"
#include "cmdeploy/dns/zones.h"
#include "lib/clock.h"
#include "lib/file.h"
#include "lib/num.h"

enum {
	/* So many servers of a zone that do not answer are enough. */
	SILENT_MAX = 4,
	RESOLV_CONF_MAX_BYTES = 1 << 16,
	SERIAL_FIELD = 2, /* of a SOA record, from 0 on */
};

struct walk {
	struct zones zones;
	bool is_resolver;
	char *source;
	unsigned n_questions;
	unsigned n_silent; /* of the zone just asked */
	uint64_t until;
};

/* A name on its way to an answer. */
struct search {
	char *name;
	enum dns_type type;
	unsigned depth;
	struct walk_answer *answer;
	/* Who answered last. */
	const struct zone *zone;
	const char *server;
};

static struct zone *root_of(const struct walk *walk)
{
	return walk->zones.v[0];
}

/*
 * One of the servers that it begins with answers in that time. Several are
 * asked at once, and the quickest is asked first from then on.
 */
static bool is_open(struct walk *walk, uint64_t msec)
{
	static const struct dns_question question = {
		.name = ".",
		.type = DNS_NS,
		.has_edns = true,
	};
	struct dns_servers *roots = &root_of(walk)->servers;
	const struct addr *racers[ASK_RACE_MAX] = { NULL };

	/* From all over the list, and so of both families. */
	for (size_t i = 0; i < ASK_RACE_MAX; i++)
		racers[i] = &roots->v[i * roots->n / ASK_RACE_MAX].addr;
	int first = dns_race(racers, ASK_RACE_MAX, &question, msec);
	if (first >= 0)
		dns_servers_rotate(
			roots, (size_t)first * roots->n / ASK_RACE_MAX);
	return first >= 0;
}

static int use_resolvers(struct walk *walk, struct buf *why)
{
	AUTO_BUF struct buf text = BUF_INIT(RESOLV_CONF_MAX_BYTES);
	struct dns_servers *servers = &root_of(walk)->servers;
	int r = file_read("/etc/resolv.conf", &text, why);

	if (r < 0)
		return r;
	walk->is_resolver = true;
	dns_servers_release(servers);
	dns_servers_add_resolvers(servers, buf_slice(&text));
	return servers->n > 0
		? 0
		: because(why, -ENOENT, "/etc/resolv.conf names no nameserver");
}

int walk_open(uint64_t msec, struct walk **ret_walk, struct buf *why)
{
	AUTO_BUF struct buf reason = BUF_INIT(BUF_WHY_MAX_BYTES);
	const char *named = getenv("CMDEPLOY_DNS_ROOT");
	struct walk *walk = xcalloc(1, sizeof(*walk));
	int r = 0;

	zones_init(&walk->zones);
	struct dns_servers *servers = &root_of(walk)->servers;
	if (named && named[0]) {
		r = dns_servers_parse(
			named, servers, &walk->zones.port, &reason);
		if (r < 0)
			because(why, r, "CMDEPLOY_DNS_ROOT: %s",
				buf_str(&reason));
	} else {
		dns_servers_add_roots(servers);
		if (!is_open(walk, msec))
			r = use_resolvers(walk, why);
	}
	if (r < 0)
		walk_free(walk);
	else
		*ret_walk = walk;
	return r;
}

void walk_free(struct walk *walk)
{
	if (!walk)
		return;
	zones_release(&walk->zones);
	free(walk->source);
	free(walk);
}

void walk_answer_release(struct walk_answer *answer)
{
	dns_rrs_release(&answer->rrs);
	dns_rrs_release(&answer->aliases);
}

const char *walk_source(const struct walk *walk)
{
	return walk->source;
}

static void add_reason(struct buf *reasons, const char *who, const char *what)
{
	buf_addf(reasons, "%s%s: %s", reasons->len ? "; " : "", who, what);
}

static struct reply_want want_of(const struct walk *walk,
	const struct zone *zone, const struct search *s)
{
	return (struct reply_want){
		.zone = zone->name,
		.name = s->name,
		.type = s->type,
		.from_resolver = walk->is_resolver,
	};
}

static int ask(struct walk *walk, struct dns_server *server, const char *name,
	enum dns_type type, struct dns_message *ret)
{
	const struct dns_question question = {
		.name = name,
		.type = type,
		.is_recursive = walk->is_resolver,
	};
	int r = dns_ask(&server->addr, &question, ret);

	walk->n_questions++;
	walk->n_silent += r == -ETIMEDOUT;
	server->is_silent = r < 0;
	return r;
}

/* One server of the zone; REPLY_USELESS, and one more of the reasons. */
static enum reply ask_server(struct walk *walk, struct dns_server *server,
	const struct reply_want *want, struct dns_message *ret,
	struct buf *reasons)
{
	struct dns_message m;
	int r = ask(walk, server, want->name, want->type, &m);

	if (r < 0) {
		add_reason(reasons, server->text,
			r == -ETIMEDOUT ? "no answer" : strerror(-r));
		return REPLY_USELESS;
	}
	enum reply reply = reply_judge(&m, want);
	if (reply == REPLY_USELESS) {
		add_reason(reasons, server->text, reply_reason(&m));
		dns_message_release(&m);
		return reply;
	}
	*ret = m;
	return reply;
}

static bool is_over(const struct walk *walk)
{
	return walk->n_questions >= WALK_QUESTIONS_MAX ||
		walk->n_silent >= SILENT_MAX || clock_msec() >= walk->until;
}

/* The first n, each until one is of use, which then stays the first. */
static enum reply ask_servers(struct walk *walk, struct zone *zone, size_t n,
	struct search *s, struct dns_message *ret, struct buf *reasons)
{
	const struct reply_want want = want_of(walk, zone, s);

	for (; n > 0 && !is_over(walk); n--) {
		struct dns_server *server = &zone->servers.v[0];
		enum reply reply =
			ask_server(walk, server, &want, ret, reasons);
		s->server = server->text;
		if (reply != REPLY_USELESS)
			return reply;
		dns_servers_rotate(&zone->servers, 1);
	}
	return REPLY_USELESS;
}

static int search(struct walk *walk, struct search *s, struct buf *why);

/* Looks up the addresses of a name server. */
static void find_server(struct walk *walk, struct zone *zone, const char *name,
	unsigned depth, struct buf *reasons)
{
	AUTO_BUF struct buf why = BUF_INIT(BUF_WHY_MAX_BYTES);
	struct walk_answer answer = { 0 };
	int r = 0;

	for (int i = 0; i < 2; i++) {
		struct search s = {
			.name = xstrdup(name),
			.type = i == 0 ? DNS_A : DNS_AAAA,
			.depth = depth,
			.answer = &answer,
		};
		r = search(walk, &s, &why);
		free(s.name);
	}
	for (size_t i = 0; i < answer.rrs.n; i++)
		dns_servers_add(&zone->servers, name, answer.rrs.v[i].data,
			walk->zones.port);
	if (answer.rrs.n == 0)
		add_reason(reasons, name,
			r < 0 ? buf_str(&why) : "has no address");
	walk_answer_release(&answer);
}

/* The names among the servers of a zone, which then are names no more. */
static void find_servers(struct walk *walk, struct zone *zone, unsigned depth,
	struct buf *reasons)
{
	while (zone->n_names > 0) {
		AUTO_FREE char *name = zone->names[--zone->n_names];
		if (depth < WALK_DEPTH_MAX && !is_over(walk))
			find_server(walk, zone, name, depth + 1, reasons);
	}
}

/* Asking all of them for each name again takes long, and helps nobody. */
static bool is_hopeless(const struct walk *walk, const struct zone *zone)
{
	for (size_t i = 0; i < zone->servers.n; i++)
		if (!zone->servers.v[i].is_silent)
			return walk->n_silent >= SILENT_MAX;
	return true;
}

static int fail(const struct walk *walk, struct zone *zone,
	const struct buf *reasons, struct buf *why)
{
	const char *of = walk->is_resolver     ? "this machine's resolvers"
		: strcmp(zone->name, ".") == 0 ? "the root servers"
					       : zone->name;
	AUTO_FREE char *text = xasprintf("nobody answers for %s: %s", of,
		reasons->len ? buf_str(reasons) : "no time for more questions");

	because(why, -EIO, "%s", text);
	if (is_hopeless(walk, zone))
		zone->failure = TAKE(text);
	return -EIO;
}

/* The servers with a known address, then those to be looked up. */
static int ask_zone(struct walk *walk, struct zone *zone, struct search *s,
	enum reply *ret_reply, struct dns_message *ret, struct buf *why)
{
	AUTO_BUF struct buf reasons = BUF_INIT(BUF_WHY_MAX_BYTES);
	size_t n = zone->servers.n;

	if (zone->failure)
		return because(why, -EIO, "%s", zone->failure);
	walk->n_silent = 0;
	*ret_reply = ask_servers(walk, zone, n, s, ret, &reasons);
	if (*ret_reply == REPLY_USELESS && zone->n_names > 0) {
		find_servers(walk, zone, s->depth, &reasons);
		dns_servers_rotate(&zone->servers, n);
		n = zone->servers.n - n;
		*ret_reply = ask_servers(walk, zone, n, s, ret, &reasons);
	}
	s->zone = zone;
	return *ret_reply == REPLY_USELESS ? fail(walk, zone, &reasons, why)
					   : 0;
}

/* Down to the zone that answers. */
static int descend(struct walk *walk, struct search *s, enum reply *ret_reply,
	struct dns_message *ret, struct buf *why)
{
	struct zone *zone = zones_nearest(&walk->zones, s->name);

	for (int i = 0; i < WALK_CUTS_MAX && zone; i++) {
		struct dns_message m;
		int r = ask_zone(walk, zone, s, ret_reply, &m, why);
		if (r < 0)
			return r;
		if (*ret_reply != REPLY_CUT) {
			*ret = m;
			return 0;
		}
		const struct reply_want want = want_of(walk, zone, s);
		zone = zones_add(&walk->zones, zone, reply_cut(&m, &want), &m);
		dns_message_release(&m);
	}
	return because(why, -ELOOP, "%s: too many zones on the way", s->name);
}

static void add_rr(struct dns_rrs *rrs, const struct dns_rr *rr)
{
	dns_rrs_add(rrs, rr->owner, rr->type, slice_make(rr->data, rr->len));
}

/* The name stands for another one: that is searched from now on. */
static void follow_alias(struct search *s, const struct dns_message *m)
{
	const struct dns_rr *alias =
		dns_message_find(m, DNS_ANSWER, s->name, DNS_CNAME);
	const struct dns_rrs *known = &s->answer->aliases;
	bool is_known = false;

	for (size_t i = 0; i < known->n; i++)
		is_known = is_known ||
			strcmp(known->v[i].owner, alias->owner) == 0;
	if (!is_known)
		add_rr(&s->answer->aliases, alias);
	free(s->name);
	s->name = xstrdup(alias->data);
}

static void take_found(struct search *s, const struct dns_message *m)
{
	for (size_t i = 0; i < m->rrs.n; i++) {
		const struct dns_rr *rr = &m->rrs.v[i];
		if (rr->section == DNS_ANSWER && rr->type == s->type &&
			strcmp(rr->owner, s->name) == 0)
			add_rr(&s->answer->rrs, rr);
	}
}

/* As walk_lookup(), without the time and the source. */
static int search(struct walk *walk, struct search *s, struct buf *why)
{
	for (int i = 0; i <= WALK_ALIASES_MAX; i++) {
		struct dns_message m;
		enum reply reply;
		int r = descend(walk, s, &reply, &m, why);
		if (r < 0)
			return r;
		if (reply == REPLY_ALIAS)
			follow_alias(s, &m);
		else if (reply == REPLY_FOUND)
			take_found(s, &m);
		dns_message_release(&m);
		if (reply != REPLY_ALIAS)
			return reply == REPLY_FOUND;
	}
	return because(why, -ELOOP,
		"%s: aliases point to aliases without an end", s->name);
}

int walk_lookup(struct walk *walk, const char *name, enum dns_type type,
	struct walk_answer *io_answer, struct buf *why)
{
	struct search s = {
		.name = dns_name(name),
		.type = type,
		.answer = io_answer,
	};

	walk->until = clock_msec() + WALK_LOOKUP_MSEC;
	int r = search(walk, &s, why);
	free(s.name);
	if (r < 0 || walk->source)
		return r;
	walk->source = walk->is_resolver
		? xasprintf("%s, a resolver of this machine (may be old)",
			  s.server)
		: xasprintf("%s, which serves %s", s.server,
			  s.zone == root_of(walk) ? "the root zone"
						  : s.zone->name);
	return r;
}

static bool read_serial(
	const struct dns_message *m, const char *zone, uint32_t *ret_serial)
{
	const struct dns_rr *soa =
		dns_message_find(m, DNS_ANSWER, zone, DNS_SOA);
	struct slice rest, word;
	uint64_t serial;

	if (!soa || !m->is_authoritative)
		return false;
	rest = slice_of(soa->data);
	for (int i = 0; i <= SERIAL_FIELD; i++)
		if (!slice_next_word(&rest, &word))
			return false;
	if (num_parse_max(word, UINT32_MAX, &serial) < 0)
		return false;
	*ret_serial = (uint32_t)serial;
	return true;
}

size_t walk_compare(struct walk *walk, const char *name,
	struct walk_state states[WALK_STATES_MAX])
{
	AUTO_BUF struct buf ignored = BUF_INIT(BUF_WHY_MAX_BYTES);
	AUTO_FREE char *text = dns_name(name);
	struct zone *zone = zones_nearest(&walk->zones, text);
	size_t n = 0;

	if (walk->is_resolver || zone == root_of(walk))
		return 0;
	walk->n_silent = 0;
	walk->until = clock_msec() + WALK_LOOKUP_MSEC;
	find_servers(walk, zone, 0, &ignored);
	for (; n < zone->servers.n && n < WALK_STATES_MAX; n++) {
		struct dns_server *server = &zone->servers.v[n];
		struct dns_message m;
		if (is_over(walk))
			break;
		states[n] = (struct walk_state){ .text = server->text };
		if (!server->is_silent &&
			ask(walk, server, zone->name, DNS_SOA, &m) == 0) {
			states[n].has_zone =
				read_serial(&m, zone->name, &states[n].serial);
			dns_message_release(&m);
		}
		states[n].is_silent = server->is_silent;
	}
	return n;
}
