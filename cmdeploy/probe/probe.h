/*
 * probe.h - tries of a relay from outside, as strangers and apps see it:
 * what is tried (a table for each group), on which relay, and what came out.
 *
 * A try gets the relay and returns 0 when it is as it should be, PROBE_SKIP
 * when it cannot be tried here, and a negative errno when it is wrong; with
 * the latter two `why` has the reason.
 */
#ifndef CMDEPLOY_PROBE_PROBE_H
#define CMDEPLOY_PROBE_PROBE_H

#include <sys/types.h>

#include "chatmaild/common/config.h"
#include "cmdeploy/probe/accounts.h"

enum {
	PROBE_SKIP = 1,
	PROBE_HOSTS_MAX = 8,
	PROBE_NOTE_MAX_BYTES = 256,
};

/* The relay that is tried, and the try that runs. */
struct probe_relay {
	struct config config; /* its own, or defaults for its domain */
	bool is_ours;         /* the settings are its own */
	bool is_in_folder;    /* of `up`: it may have no name server */
	pid_t pid;            /* above all of its processes; 0: elsewhere */
	int answer_sec;       /* to wait for each of its answers */
	/* Its addresses, numeric, and NULL. */
	char *hosts[PROBE_HOSTS_MAX + 1];
	size_t n_hosts;
	struct probe_accounts accounts;
	bool is_echo;       /* the echo bot is tried as well */
	const char *second; /* domain of another relay, or NULL */
	const struct probe_try *current;
	struct buf why;  /* the reason of a failure or of a skipped try */
	struct buf note; /* a few words for one that passed, or "" */
};

struct probe_try {
	const char *name;
	const char *what;   /* is tried; a clause */
	const char *advice; /* the operator's next step when it fails */
	int (*run)(struct probe_relay *p);
	const char *needs; /* "group/name" that must not have failed; NULL */
	unsigned port;     /* for who tries one */
	const char *alpn;
	bool is_more; /* only our relays promise it */
};

struct probe_group {
	const char *name;
	const struct probe_try *tries; /* ended by a row without name */
};

extern const struct probe_group probe_names;
extern const struct probe_group probe_accounts;
extern const struct probe_group probe_imap;
extern const struct probe_group probe_sending;
extern const struct probe_group probe_arriving;
extern const struct probe_group probe_web;
extern const struct probe_group probe_apps;

/* All of them, ended by NULL, in the order in which they run. */
extern const struct probe_group *const probe_groups[];

enum probe_outcome {
	PROBE_PASSED,
	PROBE_FAILED,
	PROBE_MORE, /* failed, but the relay does not promise it */
	PROBE_SKIPPED,
};

struct probe_result {
	const struct probe_group *group;
	const struct probe_try *try;
	enum probe_outcome outcome;
	double sec;
	char *text; /* the reason or the note; "" for none */
};

struct probe_results {
	struct probe_result *v;
	size_t n;
};

/* "group/name"; the caller frees. */
char *probe_full_name(
	const struct probe_group *group, const struct probe_try *try);
/*
 * A name that contains the pattern, or matches it as a glob, where @(A|B) is
 * A or B; NULL: all.
 */
bool probe_is_chosen(const struct probe_group *group,
	const struct probe_try *try, const char *pattern);

/* begins() may be NULL. */
struct probe_watcher {
	void (*begins)(const struct probe_group *g, const struct probe_try *t);
	void (*ended)(const struct probe_result *result, size_t number);
};

/* Runs the chosen tries one after the other. */
void probe_run(struct probe_relay *p, const char *pattern,
	const struct probe_watcher *watcher, struct probe_results *results);
size_t probe_count(
	const struct probe_results *results, enum probe_outcome outcome);
void probe_results_release(struct probe_results *results);

/*
 * The addresses of the domain, by this machine's resolver. -ENOENT when it
 * has none; the reason says what the resolver said.
 */
int probe_find_hosts(struct probe_relay *p, struct buf *why) MUST_CHECK;
/* Behind the "@" of the second relay's users; the caller frees. */
char *probe_second_domain(const struct probe_relay *p);
void probe_release(struct probe_relay *p);

#endif
