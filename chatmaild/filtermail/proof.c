/* Where a message comes from: signatures, and addresses for names. */
#include "chatmaild/filtermail/proof.h"

#include <time.h>

#include "mail/address.h"

/* A counting signature, and what the DNS says of its key. */
struct request {
	struct proof *proof;
	struct key_lookup *lookup; /* while it is under way */
	struct key_answer answer;
};

struct proof {
	const struct filter *filter;
	proof_ready_fn *on_ready;
	void *owner;
	struct dkim dkim;
	bool has_begun;
	bool is_by_address;
	unsigned n_waiting;
	struct request *requests; /* one for each signature */
};

struct proof *proof_new(
	const struct filter *filter, proof_ready_fn *on_ready, void *owner)
{
	struct proof *p = xcalloc(1, sizeof(*p));

	p->filter = filter;
	p->on_ready = on_ready;
	p->owner = owner;
	dkim_init(&p->dkim);
	return p;
}

void proof_free(struct proof *p)
{
	if (!p)
		return;
	for (unsigned i = 0; p->requests && i < p->dkim.n_signatures; i++) {
		key_lookup_cancel(p->requests[i].lookup);
		dkim_key_release(&p->requests[i].answer.key);
	}
	free(p->requests);
	dkim_release(&p->dkim);
	free(p);
}

static bool refuse(struct buf *reply, const char *text)
{
	buf_reset(reply);
	buf_addf(reply, "%s\r\n", text);
	return false;
}

/* `why` is one of our own words, no text of a sender's. */
static bool refuse_signature(struct buf *reply, const char *why)
{
	buf_reset(reply);
	buf_addf(reply, "554 5.7.1 No valid DKIM signature found: %s\r\n", why);
	return false;
}

static void on_answer(void *owner, const struct key_answer *answer)
{
	struct request *request = owner;
	struct proof *p = request->proof;

	request->lookup = NULL;
	request->answer = *answer;
	if (--p->n_waiting == 0)
		p->on_ready(p->owner);
}

static void ask_for_keys(struct proof *p)
{
	unsigned n = p->dkim.n_signatures;

	p->requests = xcalloc(n, sizeof(*p->requests));
	for (unsigned i = 0; i < n; i++) {
		const struct dkim_signature *s = &p->dkim.signatures[i];
		struct request *request = &p->requests[i];
		request->proof = p;
		request->answer.outcome = KEY_TROUBLE;
		if (s->fault)
			continue;
		request->lookup = keys_ask(p->filter->keys,
			buf_str(&s->key_name), on_answer, request);
		if (request->lookup)
			p->n_waiting++;
	}
}

/* The fault of the last, when all have one. */
static const char *common_fault(const struct proof *p)
{
	const char *fault = NULL;

	for (unsigned i = 0; i < p->dkim.n_signatures; i++) {
		fault = p->dkim.signatures[i].fault;
		if (!fault)
			return NULL;
	}
	return fault;
}

static bool begin_signed(
	struct proof *p, struct slice domain, struct buf *reply)
{
	dkim_begin(&p->dkim, domain, (uint64_t)time(NULL));
	if (p->dkim.n_signatures == 0)
		return refuse(reply, "554 5.7.1 No DKIM signature found");
	const char *fault = common_fault(p);
	if (fault)
		return refuse_signature(reply, fault);
	ask_for_keys(p);
	return true;
}

static bool begin_by_address(struct proof *p, struct slice domain,
	struct slice client, struct buf *reply)
{
	struct slice own = slice_of(p->filter->config.address_domain);

	if (address_is_same_host(domain, own))
		return refuse(reply,
			"554 5.7.1 From is of this relay: log in to send");
	if (!address_is_same_host(domain, client))
		return refuse(reply,
			"554 5.7.1 From names an address that the message "
			"does not come from");
	p->is_by_address = true;
	return true;
}

/*
 * Relays that are tried out on one machine have names that end in ".test",
 * which exist nowhere else, and no zone for a key.
 */
static bool is_trial(
	const struct proof *p, struct slice domain, struct slice client)
{
	struct slice own = slice_of(p->filter->config.address_domain);

	return slice_ends(domain, SLICE(".test")) &&
		!slice_eq_nocase(domain, own) &&
		slice_starts(client, SLICE("127."));
}

/* The header is over: whose message is it? */
static bool begin(struct proof *p, const struct message_scan *scan,
	struct slice client, struct buf *reply)
{
	AUTO_BUF struct buf why = BUF_INIT(BUF_WHY_MAX_BYTES);
	struct slice from, local, domain;

	p->has_begun = true;
	if (message_scan_from(scan, &from, &why) < 0)
		return refuse_signature(reply, buf_str(&why));
	if (!slice_cut_last(from, '@', &local, &domain))
		return refuse_signature(reply, "From is not an address");
	if (domain.ptr[0] == '[')
		return begin_by_address(p, domain, client, reply);
	p->is_by_address = is_trial(p, domain, client);
	return p->is_by_address || begin_signed(p, domain, reply);
}

bool proof_feed(struct proof *p, struct message_scan *scan, struct slice client,
	struct slice piece, struct buf *reply)
{
	if (!p->has_begun) {
		struct slice rest = piece;
		rest = slice_from(rest, dkim_header(&p->dkim, rest));
		piece.len -= rest.len;
		message_scan_feed(scan, piece);
		if (!p->dkim.is_header_over || message_scan_broken(scan))
			return true;
		if (!begin(p, scan, client, reply))
			return false;
		piece = rest;
	}
	message_scan_feed(scan, piece);
	dkim_body(&p->dkim, piece);
	return true;
}

bool proof_end(struct proof *p, struct message_scan *scan, struct slice client,
	struct buf *reply)
{
	message_scan_end(scan);
	if (message_scan_broken(scan))
		return true;
	if (!p->has_begun && !begin(p, scan, client, reply))
		return false;
	dkim_end(&p->dkim);
	return true;
}

bool proof_is_waiting(const struct proof *p)
{
	return p->n_waiting > 0;
}

/* NULL: this one is good. */
static const char *judge_one(
	const struct dkim_signature *s, const struct request *request)
{
	if (s->fault)
		return s->fault;
	switch (request->answer.outcome) {
	case KEY_FOUND:
		return dkim_verify(s, &request->answer.key);
	case KEY_BAD:
		return request->answer.fault;
	case KEY_NONE:
	case KEY_TROUBLE:
		break;
	}
	return "there is no key of that name";
}

bool proof_judge(const struct proof *p, struct buf *reply)
{
	const char *fault = NULL;
	bool has_trouble = false;

	if (p->is_by_address)
		return true;
	for (unsigned i = 0; i < p->dkim.n_signatures; i++) {
		const struct dkim_signature *s = &p->dkim.signatures[i];
		const struct request *request = &p->requests[i];
		fault = judge_one(s, request);
		if (!fault)
			return true;
		has_trouble = has_trouble ||
			(!s->fault && request->answer.outcome == KEY_TROUBLE);
	}
	if (has_trouble)
		return refuse(reply,
			"451 4.7.5 Cannot look up the key of the DKIM "
			"signature now, try again later");
	return refuse_signature(reply, fault);
}

bool proof_is_by_address(const struct proof *p)
{
	return p->is_by_address;
}
