/*
 * letters.h - are the letters of base64 as random as those of encrypted
 * data, or a text?
 *
 * Pearson's chi-square over the 64 letters, of every LETTERS_WINDOW
 * letters and of all together; so text neither hides in front of much
 * random data nor is spread over it. A message is refused when one of
 * these sums is over LETTERS_LIMIT.
 *
 * False alarms: for random letters the sum has 63 degrees of freedom, and
 * by the bound of Laurent and Massart, P(X >= 63 + 2 sqrt(63 t) + 2 t) <=
 * exp(-t), it is over 240 with a chance of 10^-17 (t = 39.5). For few
 * letters it is not quite chi-square. The tail of the multinomial, counted
 * exactly, is 5 * 10^-12 for 64 letters, 6 * 10^-14 for 128, 5 * 10^-16 for
 * 256 and 10^-17 or less for a whole window; fewer than 64 are not judged.
 * A message of 30 MB has 80,000 windows, so less than one honest message
 * in 10^11 is refused, whatever its size.
 *
 * English letters give about 6 for each letter, base64 of English about 1:
 * 64 of the former are over the limit, and 250 of the latter. In a window
 * that is random otherwise, 130 letters of English are.
 *
 * Session keys and public keys are random but for what each repeats: its
 * packet header, its algorithm, a key ID of zeros. There the limit grows
 * by LETTERS_LOOSE_SHARE of the letters, and A (zeros) does not count. Keys
 * of GnuPG and core need at most half of that: 0.053 for session keys of
 * Curve25519, which are the shortest.
 */
#ifndef MAIL_ENCRYPTED_LETTERS_H
#define MAIL_ENCRYPTED_LETTERS_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/slice.h"

enum {
	LETTERS_MIN = 64,
	LETTERS_LIMIT = 240,
	LETTERS_WINDOW = 512,
	LETTERS_CODES = 80, /* of ASCII, from + to z */
};

#define LETTERS_LOOSE_SHARE 0.1

/* Zeroed before the first letters. With four columns none waits for itself. */
struct letters {
	uint16_t window[4][LETTERS_CODES];
	uint32_t n_window; /* letters in the present one */
	uint32_t n_all;    /* in those before */
	uint32_t total[LETTERS_CODES];
	bool is_loose; /* of keys */
	bool has_text; /* a window was not random */
};

/* `s` is pure base64: letters of the alphabet only. */
void letters_add(struct letters *l, struct slice s);

bool letters_are_random(const struct letters *l);
/* `text` is the base64 of a public key, which may be folded and padded. */
bool letters_are_key(struct slice text);

#endif
