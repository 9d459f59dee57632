/*
 * limits.h - the ceilings of the account services, and what is answered
 * when one is hit.
 */
#ifndef CHATMAILD_COMMON_LIMITS_H
#define CHATMAILD_COMMON_LIMITS_H

enum {
	/* Answers to come on a dict connection; beyond: no more is read. */
	DICT_QUEUE_MAX = 256,
	/* Bytes of answers not read by the peer; beyond: it is cut off. */
	DICT_OUT_MAX_BYTES = 1 << 22,
	/* An iteration goes on when fewer bytes than this wait to leave. */
	DICT_ITERATE_AHEAD_BYTES = 1 << 17,
	/* Rows of an iteration between two looks at other connections. */
	DICT_ITERATE_ROWS_A_TURN = 64,
	/* Open transactions of a connection; beyond: it is cut off. */
	DICT_TRANSACTIONS_MAX = 64,
	/* Changes of a transaction, and their bytes; beyond: F. */
	DICT_CHANGES_MAX = 256,
	DICT_CHANGES_MAX_BYTES = 1 << 18,

	/* A password file; a longer one is broken: F. */
	PASSWORD_FILE_MAX_BYTES = 512,
	/* crypt(3) takes 511 bytes; beyond: N. */
	PASSWORD_MAX_BYTES = 511,
	/* Accounts waiting to be created; beyond: F. */
	CREATIONS_MAX = 10000,
	/* Threads that create accounts: they hash, then wait for the disk. */
	CREATION_THREADS_MAX = 64,
	CREATION_THREADS_PER_CORE = 4,
	/* A journal of the version before; a larger file is none. */
	OLD_JOURNAL_MAX_BYTES = 1 << 26,
};

#endif
