/*
 * letters.h - are the letters of base64 as random as those of encrypted
 * data, or a text?
 *
 * Pearson's chi-square over the 64 letters. For random letters it has 63
 * degrees of freedom. By the bound of Laurent and Massart
 *	P(X >= 63 + 2 sqrt(63 t) + 2 t) <= exp(-t)
 * the limit of 200 (t = 26.9) is passed by one random message in 4 * 10^11.
 * For few letters the sum is not quite chi-square. The tail of the
 * multinomial, counted exactly, is 2.2 in 10^9 for 50 letters, 6.2 in
 * 10^10 for 64, 9 in 10^11 for 96, 3 in 10^12 for 192; so fewer than 64
 * are not judged. English letters give about 6 for each letter, base64 of
 * English about 1: they are over 200 at 64 and at 200 letters.
 *
 * Session keys and public keys are random but for what each repeats: its
 * packet header, its algorithm, a key ID of zeros. There the limit grows
 * by LETTERS_LOOSE_SHARE of the letters, and A (zeros) does not count.
 */
#ifndef MAIL_ENCRYPTED_LETTERS_H
#define MAIL_ENCRYPTED_LETTERS_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/slice.h"

enum {
	LETTERS_MIN = 64,
	LETTERS_LIMIT = 200,
};

#define LETTERS_LOOSE_SHARE 0.4

/* Zeroed before the first letters. Four columns, lest one wait for itself. */
struct letters {
	uint32_t n[4][128];
};

/* `s` is pure base64: letters of the alphabet only. */
void letters_add(struct letters *l, struct slice s);

bool letters_are_random(const struct letters *l);
/* The same for keys. */
bool letters_are_keys(const struct letters *l);

#endif
