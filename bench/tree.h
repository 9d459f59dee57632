/*
 * tree.h - what the processes below one of them use: CPU, switches and
 * fsyncs, by program.
 *
 * The tree is looked at often, since processes come and go. What one used
 * between the last look and its end is known of all such processes together,
 * from what their parents have reaped; it is printed as "ended".
 */
#ifndef BENCH_TREE_H
#define BENCH_TREE_H

#include <stdint.h>
#include <sys/types.h>

struct tree;

/* Fsyncs are counted where the kernel lets this be asked (tracefs). */
struct tree *tree_new(pid_t root);
/* Ends the kernel's counting of fsyncs, for atexit(3); frees no more. */
void tree_close(struct tree *tree);

/* Ten times a second is enough. */
void tree_look(struct tree *tree);

/* Counts from now on. */
void tree_begin(struct tree *tree);

/* Seconds of CPU since then, of all together. */
double tree_cpu_sec(const struct tree *tree);

/* A line for each program, largest first, for one of n messages. */
void tree_print(struct tree *tree, uint64_t n);

#endif
