/*
 * reader.h - somebody who waits for mail as an app does (RFC 2177): IDLE;
 * told of a message they fetch it, delete it, and wait again.
 */
#ifndef CMDEPLOY_LOAD_READER_H
#define CMDEPLOY_LOAD_READER_H

#include "cmdeploy/load/ledger.h"
#include "cmdeploy/load/link.h"

enum {
	READER_HEAD_MAX_BYTES = 4096, /* of a message that is kept */
};

enum reader_state {
	READER_GREETING,
	READER_LOGIN,
	READER_SELECT,
	READER_IDLE_ASKED,
	READER_IDLE,
	READER_DONE,
	READER_LOOK,
	READER_FETCH,
	READER_CLEAN,
};

struct reader {
	struct link link;
	enum reader_state state;
	uint32_t user;
	const char *address;
	const char *password;
	struct ledger *ledger;
	/* Of each message in the INBOX: when it was told; 0: it was found. */
	uint64_t *told_usec;
	size_t n_told, n_told_max;
	size_t n_fetching; /* of the sequence */
	size_t number;     /* in the sequence, of the literal that comes */
	uint64_t literal_left;
	struct buf head; /* of that message */
	bool is_looking; /* asked whether mail is there that nobody told of */
	char *failure;
};

/* Connects and goes on up to IDLE. */
int reader_open(struct reader *r, int epoll_fd, const struct probe_relay *p,
	struct buf *why) MUST_CHECK;
void reader_close(struct reader *r);
bool reader_is_idle(const struct reader *r);
/* From IDLE: looks whether mail is there of which nothing was told. */
void reader_look(struct reader *r);

#endif
