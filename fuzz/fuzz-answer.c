/*
 * Answers of servers: input that begins with 'D' is a packet of the DNS, all
 * else what Postfix's showq tells, whole, byte by byte and in random chunks.
 */
#include <string.h>

#include "chatmaild/metrics/postfix.h"
#include "chatmaild/mxsend/mx.h"
#include "fuzz/fuzz.h"

static void try_mx(const uint8_t *data, size_t len)
{
	struct mx_hosts hosts = { 0 };
	enum mx_outcome outcome =
		mx_read(data, (int)len, "relay.example", &hosts);

	demand(hosts.n <= MX_HOSTS_MAX);
	demand((outcome == MX_HOST) == (hosts.n > 0));
	for (unsigned i = 0; i < hosts.n; i++) {
		struct slice name = slice_of(hosts.names[i]);
		demand(name.len > 0 && name.len < MX_HOST_MAX_BYTES);
		for (size_t j = 0; j < name.len; j++)
			demand(ascii_is_alpha(name.ptr[j]) ||
				ascii_is_digit(name.ptr[j]) ||
				slice_has_char(SLICE("-._"), name.ptr[j]));
	}
	mx_hosts_release(&hosts);
}

static void count(struct slice text, size_t step, uint64_t n[POSTFIX_QUEUES_N])
{
	struct showq showq;

	showq_init(&showq);
	for (size_t i = 0; i < text.len; i += step)
		showq_feed(&showq, slice_head(slice_from(text, i), step));
	memcpy(n, showq.n, sizeof(showq.n));
	showq_release(&showq);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	uint64_t whole[POSTFIX_QUEUES_N], pieces[POSTFIX_QUEUES_N];
	struct slice text = slice_make(data, len);

	if (len > 0 && data[0] == 'D') {
		try_mx(data + 1, len - 1);
		return 0;
	}
	count(text, len + 1, whole);
	for (size_t step = 1; step <= 7; step += 3) {
		count(text, step, pieces);
		demand(memcmp(whole, pieces, sizeof(whole)) == 0);
	}
	return 0;
}
