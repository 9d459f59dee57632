/*
 * mix.h - what people send, drawn by chance: how large a message is and to
 * how many it goes. The tables are in mix.c and in doc/operating.md; the
 * draws are the same in each run.
 */
#ifndef CMDEPLOY_LOAD_MIX_H
#define CMDEPLOY_LOAD_MIX_H

#include <stddef.h>
#include <stdint.h>

enum {
	MIX_RECIPIENTS_MAX = 50,
};

struct mix {
	unsigned short state[3];
};

size_t mix_bytes(struct mix *m);
/*
 * Different ones of `n_users`, without the sender; how many. They fit into
 * MIX_RECIPIENTS_MAX.
 */
size_t mix_recipients(
	struct mix *m, uint32_t sender, uint32_t n_users, uint32_t *ret_users);

#endif
