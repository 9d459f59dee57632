/*
 * dialogue.h - lines of recorded dialogues, "WHO: TEXT". In a text \r \n \t
 * \0 \\ and \xHH stand for bytes. WHO is a letter; a capital has CRLF added
 * to its text, and behind it "*N" repeats the text.
 */
#ifndef TESTS_DIALOGUE_H
#define TESTS_DIALOGUE_H

#include "lib/buf.h"

/* Appends what was said; -EINVAL when what repeats it is not a number. */
int dialogue_add(
	struct slice who, struct slice text, struct buf *out) MUST_CHECK;

#endif
