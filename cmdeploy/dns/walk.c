/* The way from the root servers to the answer of a zone's own servers. */
#include "cmdeploy/dns/walk.h"

#include <errno.h>
#include <string.h>

#include "cmdeploy/dns/ask.h"
#include "cmdeploy/dns/zones.h"
#include "lib/clock.h"
#include "lib/file.h"

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
	ldns_rdf *name;
	ldns_rr_type type;
	unsigned depth;
	struct dns_seen *seen;
	/* Who answered last. */
	const struct zone *zone;
	const char *server;
};

static ldns_pkt *question_of(
	const struct walk *walk, const ldns_rdf *name, ldns_rr_type type)
{
	return ldns_pkt_query_new(ldns_rdf_clone(name), type, LDNS_RR_CLASS_IN,
		walk->is_resolver ? LDNS_RD : 0);
}

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
	struct dns_servers *roots = &root_of(walk)->servers;
	ldns_pkt *question =
		question_of(walk, root_of(walk)->name, LDNS_RR_TYPE_NS);
	const struct addr *racers[ASK_RACE_MAX] = { NULL };

	/* From all over the list, and so of both families. */
	for (size_t i = 0; i < ASK_RACE_MAX; i++)
		racers[i] = &roots->v[i * roots->n / ASK_RACE_MAX].addr;
	int first = dns_race(racers, ASK_RACE_MAX, question, msec);
	ldns_pkt_free(question);
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

const char *walk_source(const struct walk *walk)
{
	return walk->source;
}

static void add_reason(struct buf *reasons, const char *who, const char *what)
{
	buf_addf(reasons, "%s%s: %s", reasons->len ? "; " : "", who, what);
}

static int ask(struct walk *walk, struct dns_server *server,
	const ldns_rdf *name, ldns_rr_type type, ldns_pkt **ret)
{
	ldns_pkt *question = question_of(walk, name, type);
	int r = dns_ask(&server->addr, question, ret);

	ldns_pkt_free(question);
	walk->n_questions++;
	walk->n_silent += r == -ETIMEDOUT;
	server->is_silent = r < 0;
	return r;
}

/* One server of the zone; REPLY_USELESS, and one more of the reasons. */
static enum reply ask_server(struct walk *walk, const struct zone *zone,
	struct search *s, ldns_pkt **ret, struct buf *reasons)
{
	struct dns_server *server = &zone->servers.v[0];
	ldns_pkt *m;
	int r = ask(walk, server, s->name, s->type, &m);

	s->server = server->text;

	if (r < 0) {
		add_reason(reasons, server->text,
			r == -ETIMEDOUT ? "no answer" : strerror(-r));
		return REPLY_USELESS;
	}
	enum reply reply = reply_judge(
		m, walk->is_resolver ? NULL : zone->name, s->name, s->type);
	if (reply == REPLY_USELESS) {
		add_reason(reasons, server->text, reply_reason(m));
		ldns_pkt_free(m);
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
	struct search *s, ldns_pkt **ret, struct buf *reasons)
{
	for (; n > 0 && !is_over(walk); n--) {
		enum reply reply = ask_server(walk, zone, s, ret, reasons);
		if (reply != REPLY_USELESS)
			return reply;
		dns_servers_rotate(&zone->servers, 1);
	}
	return REPLY_USELESS;
}

static int search(struct walk *walk, struct search *s, struct buf *why);

/* Looks up the addresses of a name server. */
static void find_server(struct walk *walk, struct zone *zone,
	const ldns_rdf *name, unsigned depth, struct buf *reasons)
{
	AUTO_BUF struct buf why = BUF_INIT(BUF_WHY_MAX_BYTES);
	AUTO_FREE char *text = dns_name_text(name);
	struct dns_seen seen = { 0 };
	int r = 0;

	for (int i = 0; i < 2; i++) {
		struct search s = {
			.name = ldns_rdf_clone(name),
			.type = i == 0 ? LDNS_RR_TYPE_A : LDNS_RR_TYPE_AAAA,
			.depth = depth,
			.seen = &seen,
		};
		r = search(walk, &s, &why);
		ldns_rdf_deep_free(s.name);
	}
	for (size_t i = 0; i < seen.data.n; i++)
		dns_servers_add(
			&zone->servers, text, seen.data.v[i], walk->zones.port);
	if (seen.data.n == 0)
		add_reason(reasons, text,
			r < 0 ? buf_str(&why) : "has no address");
	dns_seen_release(&seen);
}

/* The names among the servers of a zone, which then are names no more. */
static void find_servers(struct walk *walk, struct zone *zone, unsigned depth,
	struct buf *reasons)
{
	while (zone->n_names > 0) {
		ldns_rdf *name = zone->names[--zone->n_names];
		if (depth < WALK_DEPTH_MAX && !is_over(walk))
			find_server(walk, zone, name, depth + 1, reasons);
		ldns_rdf_deep_free(name);
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
	AUTO_FREE char *name = dns_name_text(zone->name);
	const char *of = walk->is_resolver ? "this machine's resolvers"
		: zone == root_of(walk)    ? "the root servers"
					   : name;
	AUTO_FREE char *text = xasprintf("nobody answers for %s: %s", of,
		reasons->len ? buf_str(reasons) : "no time for more questions");

	because(why, -EIO, "%s", text);
	if (is_hopeless(walk, zone))
		zone->failure = TAKE(text);
	return -EIO;
}

/* The servers with a known address, then those to be looked up. */
static int ask_zone(struct walk *walk, struct zone *zone, struct search *s,
	enum reply *ret_reply, ldns_pkt **ret, struct buf *why)
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
	ldns_pkt **ret, struct buf *why)
{
	struct zone *zone = zones_nearest(&walk->zones, s->name);

	for (int i = 0; i < WALK_CUTS_MAX && zone; i++) {
		ldns_pkt *m;
		int r = ask_zone(walk, zone, s, ret_reply, &m, why);
		if (r < 0)
			return r;
		if (*ret_reply != REPLY_CUT) {
			*ret = m;
			return 0;
		}
		zone = zones_add(&walk->zones, zone,
			reply_cut(m, zone->name, s->name), m);
		ldns_pkt_free(m);
	}
	AUTO_FREE char *name = dns_name_text(s->name);
	return because(why, -ELOOP, "%s: too many zones on the way", name);
}

/* The name stands for another one: that is searched from now on. */
static void follow_alias(struct search *s, const ldns_pkt *m)
{
	const ldns_rr *alias =
		dns_find(ldns_pkt_answer(m), s->name, LDNS_RR_TYPE_CNAME);
	AUTO_FREE char *target = dns_name_text(ldns_rr_rdf(alias, 0));

	if (!words_has(&s->seen->aliases, target))
		words_add(&s->seen->aliases, target);
	ldns_rdf_deep_free(s->name);
	s->name = ldns_rdf_clone(ldns_rr_rdf(alias, 0));
}

static void take_found(struct search *s, const ldns_pkt *m)
{
	const ldns_rr_list *rrs = ldns_pkt_answer(m);

	for (size_t i = 0; i < ldns_rr_list_rr_count(rrs); i++) {
		const ldns_rr *rr = ldns_rr_list_rr(rrs, i);
		if (ldns_rr_get_type(rr) == s->type &&
			ldns_dname_compare(ldns_rr_owner(rr), s->name) == 0)
			dns_seen_add(s->seen, rr);
	}
}

/* As walk_lookup(), without the time and the source. */
static int search(struct walk *walk, struct search *s, struct buf *why)
{
	for (int i = 0; i <= WALK_ALIASES_MAX; i++) {
		ldns_pkt *m = NULL;
		enum reply reply;
		int r = descend(walk, s, &reply, &m, why);
		if (r < 0)
			return r;
		if (reply == REPLY_ALIAS)
			follow_alias(s, m);
		else if (reply == REPLY_FOUND)
			take_found(s, m);
		ldns_pkt_free(m);
		if (reply != REPLY_ALIAS)
			return reply == REPLY_FOUND;
	}
	AUTO_FREE char *name = dns_name_text(s->name);
	return because(why, -ELOOP,
		"%s: aliases point to aliases without an end", name);
}

/* Who gave an answer, and why they could. */
static char *source_of(const struct walk *walk, const struct search *s)
{
	if (walk->is_resolver)
		return xasprintf("%s, a resolver of this machine (may be old)",
			s->server);
	AUTO_FREE char *zone = dns_name_text(s->zone->name);
	return xasprintf("%s, which serves %s", s->server,
		s->zone == root_of(walk) ? "the root zone" : zone);
}

int walk_lookup(struct walk *walk, const char *name, ldns_rr_type type,
	struct dns_seen *io_seen, struct buf *why)
{
	struct search s = {
		.name = dns_name(name),
		.type = type,
		.seen = io_seen,
	};

	if (!s.name)
		return because(why, -EINVAL, "\"%s\" cannot be a name", name);
	walk->until = clock_msec() + WALK_LOOKUP_MSEC;
	int r = search(walk, &s, why);
	if (r >= 0 && !walk->source)
		walk->source = source_of(walk, &s);
	ldns_rdf_deep_free(s.name);
	return r;
}

/* Which state of the zone the server has. */
static void ask_state(
	struct walk *walk, const struct zone *zone, struct dns_server *server)
{
	ldns_pkt *m;

	if (ask(walk, server, zone->name, LDNS_RR_TYPE_SOA, &m) < 0)
		return;
	const ldns_rr *soa =
		dns_find(ldns_pkt_answer(m), zone->name, LDNS_RR_TYPE_SOA);
	server->has_zone = soa && ldns_pkt_aa(m);
	if (server->has_zone)
		server->serial =
			ldns_rdf2native_int32(ldns_rr_rdf(soa, SERIAL_FIELD));
	ldns_pkt_free(m);
}

/* The newest state that any of them has (RFC 1982); NULL: none has one. */
static const struct dns_server *newest(const struct dns_servers *servers)
{
	const struct dns_server *best = NULL;

	for (size_t i = 0; i < servers->n; i++) {
		const struct dns_server *s = &servers->v[i];
		if (s->has_zone &&
			(!best || (int32_t)(s->serial - best->serial) > 0))
			best = s;
	}
	return best;
}

static void add_state(const struct dns_server *server,
	const struct dns_server *best, struct buf *out)
{
	if (server->is_silent)
		buf_addf(out, "%s does not answer\n", server->text);
	else if (!server->has_zone)
		buf_addf(out, "%s does not serve the zone\n", server->text);
	else if (server->serial != best->serial)
		buf_addf(out, "%s has an old state of the zone: %u, not %u\n",
			server->text, server->serial, best->serial);
}

void walk_compare(struct walk *walk, const char *name, struct buf *out)
{
	AUTO_BUF struct buf ignored = BUF_INIT(BUF_WHY_MAX_BYTES);
	ldns_rdf *wire = dns_name(name);
	struct zone *zone =
		wire ? zones_nearest(&walk->zones, wire) : root_of(walk);
	size_t n = 0;

	ldns_rdf_deep_free(wire);
	if (walk->is_resolver || zone == root_of(walk))
		return;
	walk->n_silent = 0;
	walk->until = clock_msec() + WALK_LOOKUP_MSEC;
	find_servers(walk, zone, 0, &ignored);
	for (; n < zone->servers.n && !is_over(walk); n++)
		if (!zone->servers.v[n].is_silent)
			ask_state(walk, zone, &zone->servers.v[n]);
	const struct dns_server *best = newest(&zone->servers);
	for (size_t i = 0; best && i < n; i++)
		add_state(&zone->servers.v[i], best, out);
}
