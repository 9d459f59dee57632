/* The table of other relays, and how it is filled (peers.h). */
#include "chatmaild/mxsend/peers.h"

#include <string.h>

#include "chatmaild/mxsend/mx.h"
#include "chatmaild/mxsend/transfer.h"
#include "lib/die.h"
#include "lib/file.h"
#include "lib/log.h"
#include "lib/loop.h"
#include "lib/workers.h"

/* Its default function falls through cases, of which clang complains. */
#define HASH_FUNCTION(key, len, ret) HASH_OAT(key, len, ret)
#define uthash_fatal(text)           oom()
#include <uthash.h>

enum {
	RESOLVERS = 16,
	RESOLVES_MAX = PEERS_MAX,
	CONNECT_SEC = 10,
	/* Of port 25; who is slower gets mail over HTTPS, if at all. */
	PROBE_SEC = 4,
	USEC_PER_SEC = 1000000,
};

enum port25 {
	PORT25_UNKNOWN,
	PORT25_OPEN,
	PORT25_CLOSED,
};

struct peer {
	UT_hash_handle hh;
	struct transfer probe; /* the greeting that is waited for */
	struct worker_job job; /* the question for its host */
	struct peers *peers;
	struct peer_waiter *waiters;
	unsigned n_users; /* and what is under way */
	bool is_resolving;
	enum mx_outcome outcome;
	enum port25 port25;
	uint64_t known_until;
	uint64_t https_bad_until;
	char *domain;
	struct mx_hosts hosts; /* the one whose turn it is first */
	unsigned n_failed;     /* of them, one after the other, over HTTPS */
	unsigned n_probed;     /* of them, without an answer of port 25 */
	struct mx_hosts next_hosts; /* the worker's */
	enum mx_outcome next_outcome;
};

struct peers {
	sd_event *event;
	struct peers_options options;
	struct curl_loop *curl;
	struct workers *resolvers;
	struct peer *all;  /* the oldest first */
	unsigned n_closed; /* in a row */
};

static uint64_t now(const struct peers *peers)
{
	return loop_usec(peers->event);
}

static void peer_free(struct peer *peer)
{
	HASH_DEL(peer->peers->all, peer);
	if (peer->probe.easy) {
		curl_must_multi(curl_multi_remove_handle(
			peer->peers->curl->multi, peer->probe.easy));
		curl_easy_cleanup(peer->probe.easy);
	}
	mx_hosts_release(&peer->hosts);
	mx_hosts_release(&peer->next_hosts);
	free(peer->domain);
	free(peer);
}

static void forget_oldest(struct peers *peers)
{
	struct peer *peer, *next;

	if (HASH_COUNT(peers->all) < PEERS_MAX)
		return;
	HASH_ITER(hh, peers->all, peer, next)
	{
		if (peer->n_users > 0)
			continue;
		peer_free(peer);
		return;
	}
}

static bool is_closed_for_us(const struct peers *peers)
{
	return peers->n_closed >= PEERS_CLOSED;
}

/* For `status`: which way mail leaves. */
static void write_state(const struct peers *peers)
{
	AUTO_BUF struct buf why = BUF_INIT(BUF_WHY_MAX_BYTES);
	AUTO_BUF struct buf text = BUF_INIT(BUF_WHY_MAX_BYTES);
	unsigned n_open = 0, n_closed = 0;

	for (const struct peer *p = peers->all; p; p = p->hh.next) {
		n_open += p->port25 == PORT25_OPEN;
		n_closed += p->port25 == PORT25_CLOSED;
	}
	buf_addf(&text, "%s open %u closed %u\n",
		peers->options.is_https_first || is_closed_for_us(peers)
			? "https"
			: "smtp",
		n_open, n_closed);
	if (file_write(peers->options.state_path, buf_slice(&text),
		    (struct file_owner){ 0644, -1, -1 }, &why) < 0)
		log_warning("state not written: reason=%s", buf_str(&why));
}

static void note_port25(struct peer *peer, bool is_open)
{
	struct peers *peers = peer->peers;
	bool was_closed = is_closed_for_us(peers);
	bool is_news = peer->port25 != PORT25_CLOSED;
	unsigned sec = is_open ? PEER_KNOWN_SEC : PEER_CLOSED_SEC;

	peer->port25 = is_open ? PORT25_OPEN : PORT25_CLOSED;
	peer->known_until = now(peers) + (uint64_t)sec * USEC_PER_SEC;
	if (is_open)
		peers->n_closed = 0;
	else if (is_news)
		peers->n_closed++;
	if (was_closed != is_closed_for_us(peers))
		log_notice("mail leaves by another way: first=%s",
			was_closed ? "smtp" : "https");
	write_state(peers);
}

static void probe(struct peer *peer);

/* Of several hosts, one that answers is enough. */
static void on_greeting(struct transfer *transfer, CURLcode code)
{
	struct peer *peer = CONTAINER_OF(transfer, struct peer, probe);
	CURL *easy = TAKE(transfer->easy);

	curl_must_multi(
		curl_multi_remove_handle(peer->peers->curl->multi, easy));
	curl_easy_cleanup(easy);
	if (code != CURLE_OK && ++peer->n_probed < peer->hosts.n) {
		probe(peer);
	} else {
		peer->n_probed = 0;
		note_port25(peer, code == CURLE_OK);
	}
	peer_release(peer);
}

/* Waits for the greeting of SMTP, and no longer. */
static void probe(struct peer *peer)
{
	CURL *easy = curl_easy_init();
	AUTO_FREE char *url =
		xasprintf("smtp://%s:25/", peer->hosts.names[peer->n_probed]);

	if (!easy)
		oom();
	peer->n_users++;
	peer->probe = (struct transfer){ .easy = easy, .on_done = on_greeting };
	peer_set_up(peer, easy);
	curl_must(curl_easy_setopt(easy, CURLOPT_URL, url));
	curl_must(curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "smtp"));
	curl_must(curl_easy_setopt(easy, CURLOPT_CONNECT_ONLY, 1L));
	curl_must(curl_easy_setopt(easy, CURLOPT_TIMEOUT, (long)PROBE_SEC));
	curl_must(curl_easy_setopt(easy, CURLOPT_PRIVATE, &peer->probe));
	curl_must_multi(curl_multi_add_handle(peer->peers->curl->multi, easy));
}

static bool is_literal(const struct peer *peer)
{
	return peer->domain[0] == '[';
}

/* On a thread. */
static void resolve(struct worker_job *job)
{
	struct peer *peer = CONTAINER_OF(job, struct peer, job);

	peer->next_outcome = mx_find(peer->domain, &peer->next_hosts);
	if (peer->next_outcome == MX_HOST || !peer->peers->options.is_private)
		return;
	peer->next_hosts = (struct mx_hosts){ 1, { xstrdup(peer->domain) } };
	peer->next_outcome = MX_HOST;
}

static void set_hosts(struct peer *peer, struct mx_hosts hosts)
{
	mx_hosts_release(&peer->hosts);
	peer->hosts = hosts;
	peer->n_failed = 0;
	peer->n_probed = 0;
}

static void wake_waiters(struct peer *peer)
{
	while (peer->waiters) {
		struct peer_waiter *waiter = peer->waiters;
		peer->waiters = waiter->next;
		waiter->on_ready(waiter);
	}
}

static void on_resolved(struct worker_job *job)
{
	struct peer *peer = CONTAINER_OF(job, struct peer, job);

	peer->is_resolving = false;
	peer->outcome = job->is_cancelled ? MX_TROUBLE : peer->next_outcome;
	set_hosts(peer, peer->next_hosts);
	peer->next_hosts = (struct mx_hosts){ 0 };
	if (!job->is_cancelled) {
		wake_waiters(peer);
		if (peer->outcome == MX_HOST && !peer->probe.easy)
			probe(peer);
	}
	peer_release(peer);
}

/* The host of an address is the address: without "IPv6:", but in brackets. */
static void resolve_literal(struct peer *peer)
{
	struct slice inside = slice_of(peer->domain);
	bool is_v6 = slice_starts_nocase(inside, SLICE("[IPv6:"));

	inside = slice_from(inside, is_v6 ? strlen("[IPv6:") : 1);
	if (inside.len > 0)
		inside.len--;
	peer->outcome = MX_HOST;
	char *name = xasprintf(is_v6 ? "[%.*s]" : "%.*s", SLICE_FMT(inside));
	set_hosts(peer, (struct mx_hosts){ 1, { name } });
	if (!peer->probe.easy)
		probe(peer);
}

static void find_out(struct peer *peer)
{
	struct peers *peers = peer->peers;

	if (peer->is_resolving || now(peers) < peer->known_until)
		return;
	/* Meanwhile, and when it fails: not at every message. */
	peer->known_until = now(peers) + 30ULL * USEC_PER_SEC;
	if (is_literal(peer)) {
		resolve_literal(peer);
		return;
	}
	peer->job = (struct worker_job){ .done = on_resolved };
	peer->n_users++;
	peer->is_resolving = true;
	if (workers_submit(peers->resolvers, &peer->job) == 0)
		return;
	peer->is_resolving = false;
	peer->n_users--;
}

struct peers *peers_new(sd_event *event, const struct peers_options *options,
	struct curl_loop *curl)
{
	static const struct workers_options resolvers = {
		.run = resolve,
		.n_threads = RESOLVERS,
		.queue_max = RESOLVES_MAX,
	};
	struct peers *peers = xcalloc(1, sizeof(*peers));

	*peers = (struct peers){
		.event = event, .options = *options, .curl = curl
	};
	if (workers_new(event, &resolvers, &peers->resolvers) < 0)
		die("cannot set up threads");
	write_state(peers);
	return peers;
}

void peers_free(struct peers *peers)
{
	struct peer *peer, *next;

	if (!peers)
		return;
	workers_free(peers->resolvers);
	HASH_ITER(hh, peers->all, peer, next)
	peer_free(peer);
	free(peers);
}

struct peer *peers_take(struct peers *peers, struct slice domain)
{
	struct peer *peer;

	HASH_FIND(hh, peers->all, domain.ptr, domain.len, peer);
	if (!peer) {
		forget_oldest(peers);
		peer = xcalloc(1, sizeof(*peer));
		peer->peers = peers;
		peer->domain = slice_dup(domain);
		peer->outcome = MX_TROUBLE;
		HASH_ADD_KEYPTR(hh, peers->all, peer->domain, domain.len, peer);
	}
	peer->n_users++;
	find_out(peer);
	return peer;
}

void peer_release(struct peer *peer)
{
	if (peer)
		peer->n_users--;
}

enum peer_way peers_ask(struct peers *peers, struct slice domain)
{
	struct peer *peer = peers_take(peers, domain);
	bool is_first = peers->options.is_https_first;

	peer_release(peer);
	if (now(peers) < peer->https_bad_until)
		return PEER_BY_SMTP;
	if (is_first || peer->port25 == PORT25_CLOSED)
		return PEER_BY_HTTPS;
	if (peer_is_open(peer))
		return PEER_BY_SMTP;
	return is_closed_for_us(peers) ? PEER_BY_HTTPS : PEER_BY_SMTP_FIRST;
}

bool peer_is_open(const struct peer *peer)
{
	return peer->port25 == PORT25_OPEN;
}

bool peer_is_resolving(const struct peer *peer)
{
	return peer->is_resolving;
}

void peer_wait(struct peer *peer, struct peer_waiter *waiter)
{
	waiter->next = peer->waiters;
	peer->waiters = waiter;
}

void peer_wait_no_more(struct peer *peer, struct peer_waiter *waiter)
{
	struct peer_waiter **at = &peer->waiters;

	while (*at && *at != waiter)
		at = &(*at)->next;
	if (*at)
		*at = waiter->next;
}

const char *peer_host(const struct peer *peer, struct slice *ret_reply)
{
	static const char *const replies[] = {
		[MX_NO_NAME] = "512 5.1.2 There is no such domain\r\n",
		[MX_REFUSED] = "556 5.1.10 The domain takes no mail\r\n",
		[MX_TROUBLE] = "451 4.4.3 No answer of the DNS\r\n",
	};

	if (peer->outcome == MX_HOST)
		return peer->hosts.names[0];
	*ret_reply = slice_of(replies[peer->outcome]);
	return NULL;
}

void peer_note_taken(struct peer *peer)
{
	peer->n_failed = 0;
	peer->https_bad_until = 0;
}

static void move_first_to_end(struct mx_hosts *hosts)
{
	char *first = hosts->names[0];

	for (unsigned i = 1; i < hosts->n; i++)
		hosts->names[i - 1] = hosts->names[i];
	hosts->names[hosts->n - 1] = first;
}

bool peer_note_failed(struct peer *peer, const char *host)
{
	/* Another message has found that out before. */
	if (peer->hosts.n == 0 || strcmp(peer->hosts.names[0], host) != 0)
		return true;
	move_first_to_end(&peer->hosts);
	if (++peer->n_failed < peer->hosts.n)
		return true;
	peer->n_failed = 0;
	peer->https_bad_until =
		now(peer->peers) + (uint64_t)PEER_HTTPS_BAD_SEC * USEC_PER_SEC;
	return false;
}

static bool has_authority(const struct peer *peer)
{
	struct slice domain = slice_of(peer->domain);

	return !is_literal(peer) && peer->domain[0] != '_' &&
		!(peer->peers->options.is_private &&
			slice_ends(domain, SLICE(".test")));
}

void peer_set_up(const struct peer *peer, CURL *easy)
{
	const struct peers_options *options = &peer->peers->options;

	curl_must(curl_easy_setopt(easy, CURLOPT_PROXY, ""));
	curl_must(curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L));
	curl_must(curl_easy_setopt(
		easy, CURLOPT_CONNECTTIMEOUT, (long)CONNECT_SEC));
	if (options->is_ipv4)
		curl_must(curl_easy_setopt(
			easy, CURLOPT_IPRESOLVE, (long)CURL_IPRESOLVE_V4));
	if (options->bind)
		curl_must(curl_easy_setopt(
			easy, CURLOPT_INTERFACE, options->bind));
	if (has_authority(peer))
		return;
	curl_must(curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 0L));
	curl_must(curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 0L));
}
