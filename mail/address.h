/*
 * address.h - mail addresses: what an envelope and a From field may hold.
 *
 * An address is `local@domain`: a dot-atom of ASCII or UTF-8 (RFC 5321
 * section 4.1.2, RFC 6531) up to 64 bytes, and a DNS name up to 253 bytes
 * or an address literal, `[192.0.2.1]` or `[IPv6:2001:db8::1]` (section
 * 4.1.3). Quoted local parts and source routes are refused: no relay
 * makes such names, and programs disagree about what they mean. An
 * underscore is allowed in a DNS name.
 *
 * All results are slices of the input.
 */
#ifndef MAIL_ADDRESS_H
#define MAIL_ADDRESS_H

#include <stdbool.h>

#include "lib/buf.h"
#include "lib/slice.h"
#include "lib/util.h"

enum {
	ADDRESS_LOCAL_MAX_BYTES = 64,
	ADDRESS_DOMAIN_MAX_BYTES = 253,
	ADDRESS_LABEL_MAX_BYTES = 63,
	/* A path is 256 bytes with its brackets (RFC 5321, 4.5.3.1.3). */
	ADDRESS_MAX_BYTES = 254,
};

struct address {
	struct slice local;
	struct slice domain;
};

/* The whole of `text` is one address: 0 or -EINVAL. */
int address_parse(struct slice text, struct address *ret_address) MUST_CHECK;

/* A DNS name, or an address literal in its brackets. */
bool address_is_domain(struct slice domain);

/*
 * The same IP address, whatever its writing: as a literal in brackets,
 * bare, or behind "IPv6:". An IPv4 address in an IPv6 one is that IPv4
 * address.
 */
bool address_is_same_host(struct slice a, struct slice b);

/* The same address, ASCII letters compared without regard to case. */
bool address_eq(struct slice a, struct slice b);

/*
 * The argument of MAIL FROM: or RCPT TO: (RFC 5321 section 4.1.1.2): a
 * path in angle brackets and, after a space, ESMTP parameters. Gives
 * what stands between the brackets, not yet judged (address_parse() does
 * that, so that a reply can quote a bad address), and the parameters.
 * `<>` gives an empty path, which only MAIL allows. -EINVAL when there
 * is no such path, or it holds blanks, control bytes or brackets.
 */
int address_parse_path(struct slice arg, struct slice *ret_path,
	struct slice *ret_params) MUST_CHECK;

/*
 * The unfolded value of a From field (RFC 5322 section 3.4): exactly one
 * mailbox, as `address` or `display name <address>`, with comments and
 * quoted strings where the RFC has them. Lists and groups, also those of
 * one, are refused: -EINVAL and a reason.
 */
int address_parse_from(struct slice value, struct slice *ret_address,
	struct buf *why) MUST_CHECK;

#endif
