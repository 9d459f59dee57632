/* A question for MX records, by glibc's resolver (mx.h). */
#include "chatmaild/mxsend/mx.h"

#include <arpa/nameser.h>
#include <netdb.h>
#include <resolv.h>
#include <stdio.h>

enum {
	ANSWER_MAX_BYTES = 16384,
	ASK_SEC = 2,
	ASK_TIMES = 3,
	PREFERENCE_BYTES = 2,
	PREFERENCE_NONE = 65536,
};

/* Takes the host of a record that is better than `*best`. */
static void take_better(ns_msg *message, const ns_rr *rr, unsigned *best,
	char ret_host[MX_HOST_MAX_BYTES])
{
	if (ns_rr_type(*rr) != ns_t_mx || ns_rr_rdlen(*rr) <= PREFERENCE_BYTES)
		return;
	unsigned preference = ns_get16(ns_rr_rdata(*rr));
	if (preference >= *best ||
		dn_expand(ns_msg_base(*message), ns_msg_end(*message),
			ns_rr_rdata(*rr) + PREFERENCE_BYTES, ret_host,
			MX_HOST_MAX_BYTES) < 0)
		return;
	*best = preference;
}

static enum mx_outcome read_answer(const unsigned char *answer, int len,
	const char *domain, char ret_host[MX_HOST_MAX_BYTES])
{
	unsigned best = PREFERENCE_NONE;
	ns_msg message;
	ns_rr rr;

	if (ns_initparse(answer, len, &message) < 0)
		return MX_TROUBLE;
	for (int i = 0; i < ns_msg_count(message, ns_s_an); i++)
		if (ns_parserr(&message, ns_s_an, i, &rr) == 0)
			take_better(&message, &rr, &best, ret_host);
	if (best == PREFERENCE_NONE)
		snprintf(ret_host, MX_HOST_MAX_BYTES, "%s", domain);
	return ret_host[0] == '\0' || ret_host[0] == '.' ? MX_REFUSED : MX_HOST;
}

enum mx_outcome mx_find(const char *domain, char ret_host[MX_HOST_MAX_BYTES])
{
	unsigned char answer[ANSWER_MAX_BYTES];
	struct __res_state state = { 0 };

	if (res_ninit(&state) != 0)
		return MX_TROUBLE;
	state.retrans = ASK_SEC;
	state.retry = ASK_TIMES;
	int len = res_nquery(
		&state, domain, ns_c_in, ns_t_mx, answer, sizeof(answer));
	int error = state.res_h_errno;
	res_nclose(&state);
	if (len >= 0)
		return read_answer(answer,
			len < ANSWER_MAX_BYTES ? len : ANSWER_MAX_BYTES, domain,
			ret_host);
	if (error == HOST_NOT_FOUND)
		return MX_NO_NAME;
	if (error != NO_DATA)
		return MX_TROUBLE;
	snprintf(ret_host, MX_HOST_MAX_BYTES, "%s", domain);
	return MX_HOST;
}
