#include "cmdeploy/dns/walk.h"

#include <errno.h>
#include <string.h>

#include "cmdeploy/dns/delegation.h"
#include "cmdeploy/dns/reply.h"
#include "lib/clock.h"
#include "lib/file.h"
#include "lib/num.h"

enum {
	DEAD_MAX = 64,
	/* So many servers of a zone that do not answer are enough. */
	SILENT_MAX = 4,
	RESOLV_CONF_MAX_BYTES = 1 << 16,
};

struct walk {
	struct delegations zones;
	bool is_resolver;
	unsigned n_questions;
	unsigned n_silent; /* of the zone just asked */
	uint64_t until;
	struct addr dead[DEAD_MAX];
	size_t n_dead;
};

/* A name on its way to an answer. */
struct search {
	char *name;
	enum dns_type type;
	unsigned depth;
	struct walk_answer answer;
};

static struct walk *walk_begin(void)
{
	struct walk *walk = xcalloc(1, sizeof(*walk));

	delegations_init(&walk->zones);
	return walk;
}

static struct delegation *root_of(const struct walk *walk)
{
	return walk->zones.v[0];
}

int walk_new(const char *roots, struct walk **ret_walk, struct buf *why)
{
	struct walk *walk = walk_begin();
	struct dns_servers *servers = &root_of(walk)->servers;
	int r = 0;

	if (roots)
		r = dns_servers_parse(roots, servers, &walk->zones.port, why);
	else
		dns_servers_add_roots(servers);
	if (r < 0)
		walk_free(walk);
	else
		*ret_walk = walk;
	return r;
}

int walk_new_resolver(struct walk **ret_walk, struct buf *why)
{
	AUTO_BUF struct buf text = BUF_INIT(RESOLV_CONF_MAX_BYTES);
	int r = file_read("/etc/resolv.conf", &text, why);

	if (r < 0)
		return r;
	struct walk *walk = walk_begin();
	struct dns_servers *servers = &root_of(walk)->servers;
	walk->is_resolver = true;
	dns_servers_add_resolvers(servers, buf_slice(&text));
	if (servers->n == 0) {
		walk_free(walk);
		return because(
			why, -ENOENT, "/etc/resolv.conf names no nameserver");
	}
	*ret_walk = walk;
	return 0;
}

void walk_free(struct walk *walk)
{
	if (walk)
		delegations_release(&walk->zones);
	free(walk);
}

bool walk_is_open(struct walk *walk, uint64_t msec)
{
	static const struct dns_question question = {
		.name = ".",
		.type = DNS_NS,
		.has_edns = true,
	};
	struct dns_servers *roots = &root_of(walk)->servers;
	const struct addr *racers[ASK_RACE_MAX] = { NULL };
	size_t n = roots->n < ASK_RACE_MAX ? roots->n : ASK_RACE_MAX;

	/* From all over the list, and so of both families. */
	for (size_t i = 0; i < n; i++)
		racers[i] = &roots->v[i * roots->n / n].addr;
	int first = dns_race(racers, n, &question, msec);
	if (first < 0)
		return false;
	size_t at = (size_t)first * roots->n / n;
	struct dns_server winner = roots->v[at];
	roots->v[at] = roots->v[0];
	roots->v[0] = winner;
	return true;
}

void walk_answer_release(struct walk_answer *answer)
{
	dns_rrs_release(&answer->rrs);
	dns_rrs_release(&answer->aliases);
	free(answer->name);
	free(answer->zone);
	free(answer->server);
	*answer = (struct walk_answer){ 0 };
}

static bool is_dead(const struct walk *walk, const struct addr *addr)
{
	for (size_t i = 0; i < walk->n_dead; i++)
		if (walk->dead[i].len == addr->len &&
			memcmp(&walk->dead[i].sa, &addr->sa, addr->len) == 0)
			return true;
	return false;
}

static void note_dead(struct walk *walk, const struct addr *addr)
{
	if (walk->n_dead < DEAD_MAX && !is_dead(walk, addr))
		walk->dead[walk->n_dead++] = *addr;
}

static const char *error_text(int error)
{
	return error == -ETIMEDOUT ? "no answer" : strerror(-error);
}

static void add_reason(
	struct buf *reasons, const struct dns_server *server, const char *what)
{
	buf_addf(reasons, "%s%s: %s", reasons->len ? "; " : "", server->text,
		what);
}

static struct reply_want want_of(const struct walk *walk,
	const struct delegation *zone, const struct search *s)
{
	return (struct reply_want){
		.zone = zone->name,
		.name = s->name,
		.type = s->type,
		.from_resolver = walk->is_resolver,
	};
}

/* One server of the zone; REPLY_USELESS, and one more of the reasons. */
static enum reply ask_server(struct walk *walk, const struct dns_server *server,
	const struct reply_want *want, struct dns_message *ret,
	struct buf *reasons)
{
	const struct dns_question question = {
		.name = want->name,
		.type = want->type,
		.is_recursive = walk->is_resolver,
	};
	struct dns_message m;

	walk->n_questions++;
	int r = dns_ask(&server->addr, &question, &m);
	if (r < 0) {
		walk->n_silent += r == -ETIMEDOUT;
		note_dead(walk, &server->addr);
		add_reason(reasons, server, error_text(r));
		return REPLY_USELESS;
	}
	enum reply reply = reply_judge(&m, want);
	if (reply == REPLY_USELESS) {
		add_reason(reasons, server, reply_reason(&m));
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

/* Those from `first` on: the living, then those that did not answer before. */
static enum reply ask_servers(struct walk *walk, const struct delegation *zone,
	size_t first, struct search *s, struct dns_message *ret,
	struct buf *reasons)
{
	const struct reply_want want = want_of(walk, zone, s);
	bool was_dead[DNS_SERVERS_MAX];

	for (size_t i = first; i < zone->servers.n; i++)
		was_dead[i] = is_dead(walk, &zone->servers.v[i].addr);
	for (int pass = 0; pass < 2; pass++)
		for (size_t i = first; i < zone->servers.n; i++) {
			const struct dns_server *server = &zone->servers.v[i];
			if (was_dead[i] != pass || is_over(walk))
				continue;
			enum reply reply =
				ask_server(walk, server, &want, ret, reasons);
			if (reply == REPLY_USELESS)
				continue;
			free(s->answer.server);
			s->answer.server = xstrdup(server->text);
			return reply;
		}
	return REPLY_USELESS;
}

static int search(struct walk *walk, struct search *s, struct buf *why);

/* Looks up the addresses of a name server. */
static void find_server(struct walk *walk, struct delegation *zone,
	const char *name, unsigned depth, struct buf *reasons)
{
	static const enum dns_type types[] = { DNS_A, DNS_AAAA };
	AUTO_BUF struct buf why = BUF_INIT(BUF_WHY_MAX_BYTES);
	size_t before = zone->servers.n;

	for (size_t i = 0; i < ARRAY_LEN(types); i++) {
		struct search s = {
			.name = xstrdup(name),
			.type = types[i],
			.depth = depth,
		};
		int r = search(walk, &s, &why);
		for (size_t k = 0; r == 1 && k < s.answer.rrs.n; k++)
			dns_servers_add(&zone->servers, name,
				s.answer.rrs.v[k].data, walk->zones.port);
		walk_answer_release(&s.answer);
		free(s.name);
	}
	if (zone->servers.n == before)
		buf_addf(reasons, "%s%s: %s", reasons->len ? "; " : "", name,
			why.len ? buf_str(&why) : "has no address");
}

/* The names among the servers of a zone, which then are names no more. */
static void find_servers(struct walk *walk, struct delegation *zone,
	unsigned depth, struct buf *reasons)
{
	while (zone->n_names > 0) {
		AUTO_FREE char *name = zone->names[--zone->n_names];
		if (depth < WALK_DEPTH_MAX && !is_over(walk))
			find_server(walk, zone, name, depth + 1, reasons);
	}
}

/* Asking all of them for each name again takes long, and helps nobody. */
static bool is_hopeless(const struct walk *walk, const struct delegation *zone)
{
	if (walk->n_silent >= SILENT_MAX)
		return true;
	for (size_t i = 0; i < zone->servers.n; i++)
		if (!is_dead(walk, &zone->servers.v[i].addr))
			return false;
	return true;
}

static int fail(const struct walk *walk, struct delegation *zone,
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
static int ask_zone(struct walk *walk, struct delegation *zone,
	struct search *s, enum reply *ret_reply, struct dns_message *ret,
	struct buf *why)
{
	AUTO_BUF struct buf reasons = BUF_INIT(BUF_WHY_MAX_BYTES);

	if (zone->failure)
		return because(why, -EIO, "%s", zone->failure);
	walk->n_silent = 0;
	enum reply reply = ask_servers(walk, zone, 0, s, ret, &reasons);
	if (reply == REPLY_USELESS && zone->n_names > 0) {
		size_t first = zone->servers.n;
		find_servers(walk, zone, s->depth, &reasons);
		reply = ask_servers(walk, zone, first, s, ret, &reasons);
	}
	*ret_reply = reply;
	if (reply != REPLY_USELESS)
		return 0;
	return fail(walk, zone, &reasons, why);
}

/* Down to the zone that answers. */
static int descend(struct walk *walk, struct search *s, enum reply *ret_reply,
	struct dns_message *ret, struct buf *why)
{
	struct delegation *zone = delegations_nearest(&walk->zones, s->name);

	for (int i = 0; i < WALK_CUTS_MAX && zone; i++) {
		struct dns_message m;
		int r = ask_zone(walk, zone, s, ret_reply, &m, why);
		if (r < 0)
			return r;
		if (*ret_reply != REPLY_CUT) {
			free(s->answer.zone);
			s->answer.zone =
				xstrdup(walk->is_resolver ? "" : zone->name);
			*ret = m;
			return 0;
		}
		const struct reply_want want = want_of(walk, zone, s);
		zone = delegations_add(
			&walk->zones, zone, reply_cut(&m, &want), &m);
		dns_message_release(&m);
	}
	return because(why, -ELOOP, "%s: too many zones on the way", s->name);
}

/* The name stands for another one: that is searched from now on. */
static void follow_alias(struct search *s, const struct dns_message *m)
{
	const struct dns_rr *alias =
		reply_find(m, DNS_ANSWER, s->name, DNS_CNAME);

	dns_rrs_add(
		&s->answer.aliases, s->name, DNS_CNAME, slice_of(alias->data));
	free(s->name);
	s->name = xstrdup(alias->data);
}

static void take_found(struct search *s, const struct dns_message *m)
{
	for (size_t i = 0; i < m->rrs.n; i++) {
		const struct dns_rr *rr = &m->rrs.v[i];
		if (rr->section == DNS_ANSWER && rr->type == s->type &&
			strcmp(rr->owner, s->name) == 0)
			dns_rrs_add(&s->answer.rrs, rr->owner, rr->type,
				slice_make(rr->data, rr->len));
	}
}

/* As walk_lookup(); what is in s->answer is to be released in any case. */
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
		"%s: aliases lead to aliases without an end", s->name);
}

int walk_lookup(struct walk *walk, const char *name, enum dns_type type,
	struct walk_answer *ret_answer, struct buf *why)
{
	struct search s = { .name = dns_name(name), .type = type };

	walk->until = clock_msec() + WALK_LOOKUP_MSEC;
	int r = search(walk, &s, why);
	s.answer.name = s.name;
	if (r < 0)
		walk_answer_release(&s.answer);
	else
		*ret_answer = s.answer;
	return r;
}

/* The last of the words "server mailbox serial". */
static bool read_serial(
	const struct dns_message *m, const char *zone, uint32_t *ret_serial)
{
	const struct dns_rr *soa = reply_find(m, DNS_ANSWER, zone, DNS_SOA);
	struct slice before, word;
	uint64_t serial;

	if (!soa || !m->is_authoritative ||
		!slice_cut_last(slice_of(soa->data), ' ', &before, &word) ||
		num_parse_max(word, UINT32_MAX, &serial) < 0)
		return false;
	*ret_serial = (uint32_t)serial;
	return true;
}

static void compare_server(struct walk *walk, const struct delegation *zone,
	const struct dns_server *server, struct walk_state *state)
{
	const struct dns_question question = {
		.name = zone->name,
		.type = DNS_SOA,
	};
	struct dns_message m;

	state->text = server->text;
	state->is_silent = is_dead(walk, &server->addr);
	if (state->is_silent)
		return;
	walk->n_questions++;
	state->is_silent = dns_ask(&server->addr, &question, &m) < 0;
	if (state->is_silent) {
		note_dead(walk, &server->addr);
		return;
	}
	state->has_zone = read_serial(&m, zone->name, &state->serial);
	dns_message_release(&m);
}

size_t walk_compare(struct walk *walk, const char *name,
	struct walk_state states[WALK_STATES_MAX])
{
	AUTO_BUF struct buf ignored = BUF_INIT(BUF_WHY_MAX_BYTES);
	AUTO_FREE char *text = dns_name(name);
	struct delegation *zone = delegations_nearest(&walk->zones, text);
	size_t n = 0;

	if (walk->is_resolver || zone == root_of(walk))
		return 0;
	walk->n_silent = 0;
	walk->until = clock_msec() + WALK_LOOKUP_MSEC;
	find_servers(walk, zone, 0, &ignored);
	for (; n < zone->servers.n && n < WALK_STATES_MAX; n++) {
		if (is_over(walk))
			break;
		states[n] = (struct walk_state){ 0 };
		compare_server(walk, zone, &zone->servers.v[n], &states[n]);
	}
	return n;
}
