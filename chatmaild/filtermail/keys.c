/* Public keys out of the DNS, on the event loop. */
#include "chatmaild/filtermail/keys.h"

#include <arpa/nameser.h>
#include <errno.h>
#include <unbound.h>

#include "lib/buf.h"
#include "lib/log.h"

enum {
	USEC_PER_SEC = 1000000,
	RECORD_MAX_BYTES = 65535,
	RCODE_OK = 0,
	RCODE_NO_NAME = 3,
};

struct keys {
	struct ub_ctx *unbound;
	sd_event_source *answers;
	struct deadlines due;
	unsigned n_lookups;
};

struct key_lookup {
	struct deadline deadline;
	struct keys *keys;
	int id;
	key_answer_fn *on_answer;
	void *owner;
};

/*
 * libunbound asks no one but the machine's resolver. What it would learn
 * about that one by itself, as from a server far away, would be wrong: a
 * silent domain must not make it think that the resolver is down.
 */
static const char *const options[][2] = {
	{ "module-config:", "iterator" },
	{ "cache-max-negative-ttl:", "0" },
	{ "infra-host-ttl:", "0" },
	{ "unknown-server-time-limit:", "700" },
	{ "msg-cache-size:", "1m" },
	{ "rrset-cache-size:", "2m" },
	{ "msg-cache-slabs:", "1" },
	{ "rrset-cache-slabs:", "1" },
	{ "do-not-query-localhost:", "no" },
};

static void end_lookup(struct key_lookup *l)
{
	deadline_stop(&l->deadline);
	l->keys->n_lookups--;
	free(l);
}

static void give_answer(struct key_lookup *l, const struct key_answer *answer)
{
	key_answer_fn *on_answer = l->on_answer;
	void *owner = l->owner;

	end_lookup(l);
	on_answer(owner, answer);
}

/* The strings of a TXT record as one text. */
static void join(struct slice data, struct buf *out)
{
	while (data.len > 0) {
		size_t len = (unsigned char)data.ptr[0];
		buf_add_slice(out, slice_head(slice_from(data, 1), len));
		data = slice_from(data, 1 + len);
	}
}

/* Of several records one that is a key will do. */
static void read_records(const struct ub_result *r, struct key_answer *answer)
{
	answer->outcome = KEY_BAD;
	for (int i = 0; r->data[i] && answer->outcome != KEY_FOUND; i++) {
		AUTO_BUF struct buf text = BUF_INIT(RECORD_MAX_BYTES);
		join(slice_make(r->data[i], (size_t)r->len[i]), &text);
		answer->fault = dkim_key_parse(buf_slice(&text), &answer->key);
		if (!answer->fault)
			answer->outcome = KEY_FOUND;
	}
}

static void on_result(void *data, int error, struct ub_result *r)
{
	struct key_answer answer = { .outcome = KEY_TROUBLE };

	if (error == 0 && !r->bogus) {
		if (r->rcode == RCODE_OK && r->havedata)
			read_records(r, &answer);
		else if (r->rcode == RCODE_OK || r->rcode == RCODE_NO_NAME)
			answer.outcome = KEY_NONE;
	}
	ub_resolve_free(r);
	give_answer(data, &answer);
}

static void on_due(struct deadline *deadline)
{
	struct key_lookup *l =
		CONTAINER_OF(deadline, struct key_lookup, deadline);

	ub_cancel(l->keys->unbound, l->id);
	give_answer(l, &(struct key_answer){ .outcome = KEY_TROUBLE });
}

static int on_answers(sd_event_source *source UNUSED, int fd UNUSED,
	uint32_t events UNUSED, void *data)
{
	struct keys *keys = data;
	int r = ub_process(keys->unbound);

	if (r)
		log_warning(
			"no answers of the resolver: error=%s", ub_strerror(r));
	return 0;
}

static int set_up(struct ub_ctx *unbound, const char *resolver)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < ARRAY_LEN(options); i++)
		r = ub_ctx_set_option(unbound, options[i][0], options[i][1]);
	if (r == 0 && !resolver && ub_ctx_resolvconf(unbound, NULL) != 0)
		resolver = "127.0.0.1";
	if (r == 0 && resolver)
		r = ub_ctx_set_fwd(unbound, resolver);
	if (r == 0)
		r = ub_ctx_async(unbound, true);
	/* Names of trials are for the resolver to know, too. */
	return r ? r : ub_ctx_zone_remove(unbound, "test.");
}

int keys_new(sd_event *event, const char *resolver, struct keys **ret_keys)
{
	struct keys *keys = xcalloc(1, sizeof(*keys));

	keys->unbound = ub_ctx_create();
	if (!keys->unbound || set_up(keys->unbound, resolver) != 0 ||
		deadlines_init(&keys->due, event,
			(uint64_t)KEY_LOOKUP_SEC * USEC_PER_SEC, on_due) < 0 ||
		sd_event_add_io(event, &keys->answers, ub_fd(keys->unbound),
			EPOLLIN, on_answers, keys) < 0) {
		keys_free(keys);
		return -EINVAL;
	}
	*ret_keys = keys;
	return 0;
}

void keys_free(struct keys *keys)
{
	if (!keys)
		return;
	sd_event_source_disable_unref(keys->answers);
	deadlines_release(&keys->due);
	ub_ctx_delete(keys->unbound);
	free(keys);
}

struct key_lookup *keys_ask(struct keys *keys, const char *name,
	key_answer_fn *on_answer, void *owner)
{
	if (keys->n_lookups >= KEY_LOOKUPS_MAX)
		return NULL;
	struct key_lookup *l = xcalloc(1, sizeof(*l));
	l->keys = keys;
	l->on_answer = on_answer;
	l->owner = owner;
	if (ub_resolve_async(keys->unbound, name, ns_t_txt, ns_c_in, l,
		    on_result, &l->id) != 0) {
		free(l);
		return NULL;
	}
	keys->n_lookups++;
	deadline_start(&keys->due, &l->deadline);
	return l;
}

void key_lookup_cancel(struct key_lookup *l)
{
	if (!l)
		return;
	ub_cancel(l->keys->unbound, l->id);
	end_lookup(l);
}
