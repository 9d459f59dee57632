/*
 * crowd.h - all users of a load: each waits for mail, and each sends; half of
 * the messages come from a few who keep their connection.
 */
#ifndef CMDEPLOY_LOAD_CROWD_H
#define CMDEPLOY_LOAD_CROWD_H

#include "cmdeploy/load/mix.h"
#include "cmdeploy/load/reader.h"
#include "cmdeploy/load/sender.h"

/* Told some times a second, or NULL. */
typedef void (*crowd_progress_fn)(const char *what, uint64_t n, uint64_t of);

struct crowd {
	const struct probe_relay *relay;
	struct ledger ledger;
	struct mix mix;
	int epoll_fd;
	struct probe_account *accounts;
	struct reader *readers;
	size_t n; /* of both */
	/* First those with a kept connection: slot i is of user i. */
	struct sender *senders;
	size_t n_kept, n_senders;
	uint64_t next_kept, next_fresh; /* whose turn it is */
	double login_sec;               /* until all were in IDLE */
	uint64_t looked_usec;
	crowd_progress_fn progress;
	char *failure;
};

/* How many messages a second so many users may send, by the settings. */
double crowd_rate_max(const struct config *config, uint64_t n_users);

/* Everybody logs in, and waits; what an earlier run left is deleted. */
int crowd_open(struct crowd *c, struct probe_relay *relay, size_t n_users,
	crowd_progress_fn progress, struct buf *why) MUST_CHECK;
void crowd_release(struct crowd *c);

/* Serves all connections; comes back after `msec` or sooner. */
void crowd_turn(struct crowd *c, int msec);
/* Why the relay cannot be loaded any longer, or NULL. */
const char *crowd_failure(const struct crowd *c);

/* Sends the next message; false when all who may do it are busy. */
bool crowd_send(struct crowd *c, bool is_kept);
/* Messages that are being sent. */
size_t crowd_sending(const struct crowd *c);
/* What is being sent is given up. */
void crowd_hang_up(struct crowd *c);
/* Whose mail has not come looks for it; how many do. */
size_t crowd_look(struct crowd *c);

#endif
