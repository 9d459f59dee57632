/*
 * login.h - whether somebody may log in.
 *
 * A password that was found right before is right at once; else it is
 * checked on a thread. Who does not exist is created, if the rules allow
 * it. An account at which somebody guesses is slowed down by itself: after
 * GUESSES_FREE wrong passwords each further one is looked at late. Nobody
 * is slowed down for what others do from the same address.
 */
#ifndef CHATMAILD_DOVEAUTH_LOGIN_H
#define CHATMAILD_DOVEAUTH_LOGIN_H

#include <stdatomic.h>
#include <systemd/sd-event.h>

#include "chatmaild/common/account.h"
#include "chatmaild/common/counters.h"
#include "chatmaild/common/user.h"
#include "lib/workers.h"

enum login_verdict {
	LOGIN_GOOD,
	LOGIN_WRONG,
	LOGIN_NOT_NOW, /* `reason` is for the person who tries */
};

struct logins;

/* To be embedded in what it is about; the owner keeps it until it is done. */
struct login {
	/* Set by the owner, and valid until it is done. */
	const char *user; /* in lower case */
	const char *password;
	struct slice address; /* the client's; may be empty */
	void (*done)(struct login *login, enum login_verdict verdict,
		const char *reason);
	/* May be set at any time: nobody waits for the verdict any more. */
	atomic_bool is_dropped;

	/* What follows is login.c's own. */
	struct logins *all;
	struct worker_job job;
	struct buf stored; /* what the password file says */
	int is_right;
	sd_event_source *hold;
	struct login *next_held, **held_at;
};

struct login_options {
	sd_event *event;
	const struct config *config;
	const struct users *users;
	const struct account_rules *rules;
	struct counters *counters;
};

/* What the options point to has to outlive it. */
int logins_new(const struct login_options *options,
	struct logins **ret_logins) MUST_CHECK;
/* Everybody is told first. Accepts NULL. */
void logins_free(struct logins *logins);

/* login->done() is called once: in here, or later from the loop. */
void logins_begin(struct logins *logins, struct login *login);

#endif
