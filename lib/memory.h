/*
 * memory.h - how much memory the machine has. A container's limit counts as
 * its machine's (proc_meminfo(5), and memory.max of control groups).
 */
#ifndef LIB_MEMORY_H
#define LIB_MEMORY_H

#include <stdbool.h>
#include <stdint.h>

struct memory {
	uint64_t whole, available; /* bytes */
};

/* false when the kernel does not tell. */
bool memory_read(struct memory *ret);

#endif
