/* A question for MX records, by glibc's resolver (mx.h). */
#include "chatmaild/mxsend/mx.h"

#include <arpa/nameser.h>
#include <netdb.h>
#include <resolv.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "mail/address.h"

enum {
	ANSWER_MAX_BYTES = 16384,
	ASK_SEC = 2,
	ASK_TIMES = 3,
	PREFERENCE_BYTES = 2,
};

/* The best so far, in order. */
struct list {
	struct mx_hosts hosts;
	unsigned preferences[MX_HOSTS_MAX];
};

void mx_hosts_release(struct mx_hosts *hosts)
{
	for (unsigned i = 0; i < hosts->n; i++)
		free(hosts->names[i]);
	*hosts = (struct mx_hosts){ 0 };
}

/* Of two that are equally good, the one that comes first stays so. */
static void insert(struct list *list, const char *name, unsigned preference)
{
	struct mx_hosts *hosts = &list->hosts;
	unsigned i = 0;

	while (i < hosts->n && list->preferences[i] <= preference)
		i++;
	if (i == MX_HOSTS_MAX)
		return;
	if (hosts->n == MX_HOSTS_MAX)
		free(hosts->names[--hosts->n]);
	for (unsigned j = hosts->n++; j > i; j--) {
		hosts->names[j] = hosts->names[j - 1];
		list->preferences[j] = list->preferences[j - 1];
	}
	hosts->names[i] = xstrdup(name);
	list->preferences[i] = preference;
}

/* It goes into a URL, where other bytes would be a path, or a user. */
static bool is_host(const char *name)
{
	return name[0] != '[' && address_is_domain(slice_of(name));
}

/* true: it says that no mail is taken, or names what is not a host. */
static bool take_record(
	struct list *list, const ns_msg *message, const ns_rr *rr)
{
	char name[MX_HOST_MAX_BYTES];

	if (ns_rr_type(*rr) != ns_t_mx || ns_rr_rdlen(*rr) <= PREFERENCE_BYTES)
		return false;
	if (dn_expand(ns_msg_base(*message), ns_msg_end(*message),
		    ns_rr_rdata(*rr) + PREFERENCE_BYTES, name,
		    sizeof(name)) < 0)
		return false;
	if (!is_host(name))
		return true;
	insert(list, name, ns_get16(ns_rr_rdata(*rr)));
	return false;
}

static enum mx_outcome the_domain_itself(
	const char *domain, struct mx_hosts *ret_hosts)
{
	if (!is_host(domain))
		return MX_NO_NAME;
	*ret_hosts = (struct mx_hosts){ 1, { xstrdup(domain) } };
	return MX_HOST;
}

enum mx_outcome mx_read(const unsigned char *answer, int len,
	const char *domain, struct mx_hosts *ret_hosts)
{
	struct list list = { 0 };
	bool is_refused = false;
	ns_msg message;
	ns_rr rr;

	if (ns_initparse(answer, len, &message) < 0)
		return MX_TROUBLE;
	for (int i = 0; i < ns_msg_count(message, ns_s_an); i++)
		if (ns_parserr(&message, ns_s_an, i, &rr) == 0 &&
			take_record(&list, &message, &rr))
			is_refused = true;
	if (list.hosts.n == 0)
		return is_refused ? MX_REFUSED
				  : the_domain_itself(domain, ret_hosts);
	*ret_hosts = list.hosts;
	return MX_HOST;
}

enum mx_outcome mx_find(const char *domain, struct mx_hosts *ret_hosts)
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
		return mx_read(answer,
			len < ANSWER_MAX_BYTES ? len : ANSWER_MAX_BYTES, domain,
			ret_hosts);
	if (error == HOST_NOT_FOUND)
		return MX_NO_NAME;
	return error == NO_DATA ? the_domain_itself(domain, ret_hosts)
				: MX_TROUBLE;
}
