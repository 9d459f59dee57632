/* Counts the letters of base64 and judges how random they are. */
#include "mail/encrypted/letters.h"

#include <stddef.h>

static const char alphabet[] =
	"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

void letters_add(struct letters *l, struct slice s)
{
	size_t i = 0;

	for (; i + 4 <= s.len; i += 4) {
		l->n[0][s.ptr[i] & 0x7f]++;
		l->n[1][s.ptr[i + 1] & 0x7f]++;
		l->n[2][s.ptr[i + 2] & 0x7f]++;
		l->n[3][s.ptr[i + 3] & 0x7f]++;
	}
	for (; i < s.len; i++)
		l->n[0][s.ptr[i] & 0x7f]++;
}

static double count(const struct letters *l, char c)
{
	unsigned i = (unsigned char)c;

	return (double)l->n[0][i] + l->n[1][i] + l->n[2][i] + l->n[3][i];
}

/* Of the letters from `first` on, which are `k` of the alphabet. */
static double chi_square(
	const char *first, size_t k, const struct letters *l, double *ret_n)
{
	double n = 0, squares = 0;

	for (size_t i = 0; i < k; i++) {
		double c = count(l, first[i]);
		n += c;
		squares += c * c;
	}
	*ret_n = n;
	return n > 0 ? squares * (double)k / n - n : 0;
}

bool letters_are_random(const struct letters *l)
{
	double n;
	double x = chi_square(alphabet, 64, l, &n);

	return n < LETTERS_MIN || x <= LETTERS_LIMIT;
}

bool letters_are_keys(const struct letters *l)
{
	double n;
	double x = chi_square(alphabet + 1, 63, l, &n);

	return n < LETTERS_MIN || x <= LETTERS_LIMIT + LETTERS_LOOSE_SHARE * n;
}
