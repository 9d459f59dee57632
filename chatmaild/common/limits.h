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
	/* Logins under way, of all clients; beyond: a temporary failure. */
	LOGINS_MAX = 20000,
	/* Refusals that wait to be told; beyond: told at once. */
	LATE_REFUSALS_MAX = 10000,
	/* Wrong passwords of an account before further ones have to wait. */
	GUESSES_FREE = 10,
	/* Logins that wait so, of all accounts, and of one account from one
	 * address; beyond: a temporary failure. */
	HELD_MAX = 10000,
	HELD_PER_ADDRESS = 4,
	HELD_KEY_MAX_BYTES = 2048,
	/* Bytes of answers that a peer has not read; beyond: it is cut off. */
	AUTH_OUT_MAX_BYTES = 1 << 22,
	/* Rows of a list in one turn, and bytes of it that wait to leave. */
	AUTH_LIST_ROWS_A_TURN = 64,
	AUTH_LIST_AHEAD_BYTES = 1 << 17,
	/* A journal of the version before; a larger file is none. */
	OLD_JOURNAL_MAX_BYTES = 1 << 26,
};

#endif
