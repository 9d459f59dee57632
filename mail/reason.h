/*
 * reason.h - why a message is refused: one list, with the word that logs
 * and counters have for each, and what the sender is told.
 */
#ifndef MAIL_REASON_H
#define MAIL_REASON_H

enum reason {
	REASON_NONE,
	/* The message is not encrypted, or not only that. */
	REASON_CLEARTEXT,
	REASON_HEADER,
	REASON_FIELD_SIZE,
	REASON_FIELD_TEXT,
	REASON_PARAMETER,
	REASON_ENCODING,
	REASON_PREAMBLE,
	REASON_EPILOGUE,
	REASON_DELIMITER,
	REASON_PARTS,
	REASON_PART_TYPE,
	REASON_PART_HEADER,
	REASON_PART_FIELD,
	REASON_PART_ENCODING,
	REASON_FIRST_PART,
	REASON_ARMOR,
	REASON_ARMOR_HEADER,
	REASON_PACKETS,
	REASON_LETTERS,
	REASON_BLANKS,
	REASON_END,
	/* Something else. */
	REASON_FROM,
	REASON_CONTROL,
	REASON_UNPROVEN,
	REASON_DNS,
	REASON_ACCOUNTS,
	REASON_BAD_ADDRESS,
	REASON_RATE,
	REASON_SIZE,
	REASON_BROKEN,
	REASON_DOWNSTREAM,
	REASON_SERVER,
	REASONS,
};

/* For the log and as label of a counter; NULL for none. */
const char *reason_word(enum reason reason);
/* The clause for the sender, or NULL where the caller writes it. */
const char *reason_text(enum reason reason);

#endif
