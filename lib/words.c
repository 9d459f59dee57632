/* words.c - a list of texts. */
#include "lib/words.h"

#include <string.h>

/* Takes the word. */
static void add(struct words *w, char *word)
{
	w->v = xreallocarray(w->v, w->n + 2, sizeof(*w->v));
	w->v[w->n++] = word;
	w->v[w->n] = NULL;
}

void words_add(struct words *w, const char *word)
{
	add(w, xstrdup(word));
}

void words_add_all(struct words *w, const char *const *words)
{
	for (; *words; words++)
		words_add(w, *words);
}

void words_add_split(struct words *w, struct slice text)
{
	struct slice word;

	while (slice_next_word(&text, &word))
		add(w, slice_dup(word));
}

bool words_has(const struct words *w, const char *word)
{
	for (size_t i = 0; i < w->n; i++)
		if (strcmp(w->v[i], word) == 0)
			return true;
	return false;
}

void words_release(struct words *w)
{
	for (size_t i = 0; i < w->n; i++)
		free(w->v[i]);
	free(w->v);
	*w = (struct words){ 0 };
}

const char *const *words_list(const struct words *w)
{
	static const char *const none[] = { NULL };

	return w->n > 0 ? (const char *const *)w->v : none;
}
