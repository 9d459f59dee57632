/*
 * words.h - a list of texts, of each of which it holds a copy: mostly the
 * arguments of a program, for proc.h.
 */
#ifndef LIB_WORDS_H
#define LIB_WORDS_H

#include "lib/slice.h"
#include "lib/util.h"

/* Zeroed: no words. */
struct words {
	char **v;
	size_t n;
};

#define AUTO_WORDS __attribute__((cleanup(words_release)))

void words_add(struct words *w, const char *word);
/* Those of a list that NULL ends; those that white space parts. */
void words_add_all(struct words *w, const char *const *words);
void words_add_split(struct words *w, struct slice text);
bool words_has(const struct words *w, const char *word);
void words_release(struct words *w);

/* As proc.h wants them, NULL at the end; valid until one is added. */
const char *const *words_list(const struct words *w);

#endif
