/*
 * newcomer.h - somebody who has no account yet: a relay makes it when they
 * log in.
 */
#ifndef BENCH_NEWCOMER_H
#define BENCH_NEWCOMER_H

struct newcomer {
	char name[16]; /* what stands before the "@" */
	char password[32];
};

struct newcomer newcomer_invent(void);

#endif
