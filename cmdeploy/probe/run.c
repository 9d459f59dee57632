/* Chooses the tries, runs them, and keeps what came out (probe.h). */
#include <arpa/inet.h>
#include <errno.h>
#include <fnmatch.h>
#include <netdb.h>
#include <string.h>

#include "cmdeploy/probe/apps.h"
#include "lib/clock.h"

const struct probe_group *const probe_groups[] = {
	&probe_names,
	&probe_accounts,
	&probe_imap,
	&probe_sending,
	&probe_arriving,
	&probe_web,
	&probe_apps,
	NULL,
};

char *probe_full_name(
	const struct probe_group *group, const struct probe_try *try)
{
	return xasprintf("%s/%s", group->name, try->name);
}

bool probe_is_chosen(const struct probe_group *group,
	const struct probe_try *try, const char *pattern)
{
	AUTO_FREE char *name = probe_full_name(group, try);

	return !pattern || strstr(name, pattern) ||
		fnmatch(pattern, name, FNM_EXTMATCH) == 0;
}

/* What it stands on has failed already: the same would be said again. */
static bool is_hopeless(const struct probe_results *results, const char *needed)
{
	for (size_t i = 0; needed && i < results->n; i++) {
		const struct probe_result *r = &results->v[i];
		AUTO_FREE char *name = probe_full_name(r->group, r->try);
		if (strcmp(name, needed) == 0)
			return r->outcome == PROBE_FAILED;
	}
	return false;
}

static enum probe_outcome run_one(
	struct probe_relay *p, const struct probe_results *results)
{
	const struct probe_try *try = p->current;

	buf_reset(&p->why);
	buf_reset(&p->note);
	if (is_hopeless(results, try->needs)) {
		buf_addf(&p->why, "%s has failed", try->needs);
		return PROBE_SKIPPED;
	}
	int r = p->n_hosts > 0 ? 0 : probe_find_hosts(p, &p->why);
	if (r == 0)
		r = try->run(p);
	if (r == PROBE_SKIP)
		return PROBE_SKIPPED;
	if (r == 0)
		return PROBE_PASSED;
	return try->is_more && !p->is_ours ? PROBE_MORE : PROBE_FAILED;
}

static void add(struct probe_results *results, struct probe_result result)
{
	results->v =
		xreallocarray(results->v, results->n + 1, sizeof(*results->v));
	results->v[results->n++] = result;
}

void probe_run(struct probe_relay *p, const char *pattern,
	const struct probe_watcher *watcher, struct probe_results *results)
{
	for (size_t g = 0; probe_groups[g]; g++) {
		const struct probe_group *group = probe_groups[g];
		const struct probe_try *try = group->tries;
		for (; try->name; try++) {
			if (!probe_is_chosen(group, try, pattern))
				continue;
			if (watcher->begins)
				watcher->begins(group, try);
			uint64_t start = clock_usec();
			p->current = try;
			enum probe_outcome outcome = run_one(p, results);
			add(results,
				(struct probe_result){
					.group = group,
					.try = try,
					.outcome = outcome,
					.sec = (double)(clock_usec() - start) /
						1e6,
					.text = xstrdup(
						buf_str(outcome == PROBE_PASSED
								? &p->note
								: &p->why)),
				});
			watcher->ended(&results->v[results->n - 1], results->n);
		}
	}
	apps_end(p);
}

size_t probe_count(
	const struct probe_results *results, enum probe_outcome outcome)
{
	size_t n = 0;

	for (size_t i = 0; i < results->n; i++)
		n += results->v[i].outcome == outcome;
	return n;
}

void probe_results_release(struct probe_results *results)
{
	for (size_t i = 0; i < results->n; i++)
		free(results->v[i].text);
	free(results->v);
	*results = (struct probe_results){ 0 };
}

static void add_host(struct probe_relay *p, const struct addrinfo *info)
{
	char text[NI_MAXHOST];

	if (p->n_hosts < PROBE_HOSTS_MAX &&
		getnameinfo(info->ai_addr, info->ai_addrlen, text, sizeof(text),
			NULL, 0, NI_NUMERICHOST) == 0)
		p->hosts[p->n_hosts++] = xstrdup(text);
}

int probe_find_hosts(struct probe_relay *p, struct buf *why)
{
	const char *domain = p->config.mail_domain;
	const struct addrinfo hints = { .ai_socktype = SOCK_STREAM };
	struct addrinfo *found = NULL;
	int error = getaddrinfo(domain, NULL, &hints, &found);

	if (error)
		return because(why, -ENOENT, "%s has no address: %s", domain,
			gai_strerror(error));
	for (const struct addrinfo *i = found; i; i = i->ai_next)
		add_host(p, i);
	freeaddrinfo(found);
	return 0;
}

char *probe_second_domain(const struct probe_relay *p)
{
	bool is_address = strspn(p->second, "0123456789.") == strlen(p->second);

	return xasprintf(is_address ? "[%s]" : "%s", p->second);
}

void probe_release(struct probe_relay *p)
{
	for (size_t i = 0; i < p->n_hosts; i++)
		free(p->hosts[i]);
	probe_accounts_release(&p->accounts);
	config_release(&p->config);
	buf_release(&p->why);
	buf_release(&p->note);
}
