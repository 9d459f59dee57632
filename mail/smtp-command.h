/*
 * smtp-command.h - the command lines of SMTP (RFC 5321 section 4.1), with
 * the parameters of SIZE (RFC 1870), 8BITMIME (RFC 6152), SMTPUTF8 (RFC
 * 6531), DSN (RFC 3461), AUTH= (RFC 4954), and Postfix's XFORWARD.
 *
 * All results are slices of the input. Parsers give NULL, or the whole
 * reply line, without its CRLF, that the command earns.
 */
#ifndef MAIL_SMTP_COMMAND_H
#define MAIL_SMTP_COMMAND_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/slice.h"
#include "lib/util.h"

enum {
	/*
	 * With its CRLF. RFC 5321 section 4.5.3.1.4 asks for 512 and more
	 * for each extension; this is what Postfix accepts.
	 */
	SMTP_COMMAND_MAX_BYTES = 2048,
	/* Between the angle brackets (section 4.5.3.1.3: 256, and UTF-8). */
	SMTP_PATH_MAX_BYTES = 512,
};

/* The attributes that we take, in the words of an EHLO reply. */
#define SMTP_XFORWARD_NAMES "NAME ADDR PORT PROTO HELO IDENT SOURCE"

struct smtp_mail {
	struct slice sender; /* "" for <> */
	bool has_size;
	uint64_t size; /* as declared by SIZE= */
};

/* `arg` is what follows the verb and a space. */
const char *smtp_parse_mail(
	struct slice arg, struct smtp_mail *ret_mail) MUST_CHECK;
const char *smtp_parse_rcpt(
	struct slice arg, struct slice *ret_recipient) MUST_CHECK;
const char *smtp_parse_xforward(struct slice arg) MUST_CHECK;

/*
 * Splits a line without its CRLF at the first space; a lacking argument
 * is "", and white space at the end does not count.
 */
void smtp_split_command(
	struct slice line, struct slice *ret_verb, struct slice *ret_arg);

#endif
