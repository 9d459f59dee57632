/* Counts the letters of base64 and judges how random they are. */
#include "mail/encrypted/letters.h"

#include <string.h>

#include "mail/base64.h"

/* The lowest code of a letter is the first of the counters. */
#define INDEX(c) ((size_t)((c)&0x7f) - '+')

static void count(struct letters *l, struct slice s)
{
	size_t i = 0;

	for (; i + 4 <= s.len; i += 4) {
		l->window[0][INDEX(s.ptr[i])]++;
		l->window[1][INDEX(s.ptr[i + 1])]++;
		l->window[2][INDEX(s.ptr[i + 2])]++;
		l->window[3][INDEX(s.ptr[i + 3])]++;
	}
	for (; i < s.len; i++)
		l->window[0][INDEX(s.ptr[i])]++;
	l->n_window += (uint32_t)s.len;
}

/* `n` letters, of which `n_a` are A, and the sum of the counts' squares. */
static bool is_random(
	const struct letters *l, uint64_t n, uint64_t squares, uint64_t n_a)
{
	double limit = LETTERS_LIMIT, cells = 64;

	if (l->is_loose) {
		n -= n_a;
		squares -= n_a * n_a;
		limit += LETTERS_LOOSE_SHARE * (double)n;
		cells = 63;
	}
	return n < LETTERS_MIN ||
		(double)squares * cells / (double)n - (double)n <= limit;
}

static void end_window(struct letters *l)
{
	uint32_t n[LETTERS_CODES], squares = 0;

	for (size_t i = 0; i < LETTERS_CODES; i++) {
		n[i] = (uint32_t)l->window[0][i] + l->window[1][i] +
			l->window[2][i] + l->window[3][i];
		l->total[i] += n[i];
		squares += n[i] * n[i];
	}
	if (!is_random(l, l->n_window, squares, n[INDEX('A')]))
		l->has_text = true;
	l->n_all += l->n_window;
	l->n_window = 0;
	memset(l->window, 0, sizeof(l->window));
}

void letters_add(struct letters *l, struct slice s)
{
	while (s.len > 0) {
		size_t n = LETTERS_WINDOW - l->n_window;
		if (n > s.len)
			n = s.len;
		count(l, slice_head(s, n));
		if (l->n_window == LETTERS_WINDOW)
			end_window(l);
		s = slice_from(s, n);
	}
}

bool letters_are_random(const struct letters *l)
{
	struct letters all = *l;
	uint64_t squares = 0;

	end_window(&all);
	for (size_t i = 0; i < LETTERS_CODES; i++)
		squares += (uint64_t)all.total[i] * all.total[i];
	return !all.has_text &&
		is_random(&all, all.n_all, squares, all.total[INDEX('A')]);
}

bool letters_are_key(struct slice text)
{
	struct letters letters = { .is_loose = true };
	struct slice word;

	while (slice_next_word(&text, &word)) {
		while (slice_ends(word, SLICE("=")))
			word.len--;
		if (!base64_is_pure(word.ptr, word.len))
			return false;
		letters_add(&letters, word);
	}
	return letters_are_random(&letters);
}
