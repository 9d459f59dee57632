/* Checks mail addresses, and takes them out of text (address.h). */
#include "mail/address.h"

#include <arpa/inet.h>
#include <errno.h>
#include <string.h>

static bool is_utf8_byte(char c)
{
	return (unsigned char)c >= 0x80;
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

/* RFC 5322 section 3.2.3, and RFC 6532 for UTF-8. */
static bool is_atext(char c)
{
	return ascii_is_alpha(c) || ascii_is_digit(c) || is_utf8_byte(c) ||
		(c != '\0' && strchr("!#$%&'*+-/=?^_`{|}~", c));
}

static bool is_local(struct slice s)
{
	if (s.len == 0 || s.len > ADDRESS_LOCAL_MAX_BYTES)
		return false;
	for (size_t i = 0; i < s.len; i++)
		if (!is_atext(s.ptr[i]) && s.ptr[i] != '.')
			return false;
	return true;
}

static bool is_label(struct slice s)
{
	if (s.len == 0 || s.len > ADDRESS_LABEL_MAX_BYTES)
		return false;
	if (s.ptr[0] == '-' || s.ptr[s.len - 1] == '-')
		return false;
	for (size_t i = 0; i < s.len; i++) {
		char c = s.ptr[i];
		if (!ascii_is_alpha(c) && !ascii_is_digit(c) &&
			!is_utf8_byte(c) && c != '-' && c != '_')
			return false;
	}
	return true;
}

static bool is_dns_name(struct slice s)
{
	struct slice label;

	while (slice_cut(s, '.', &label, &s))
		if (!is_label(label))
			return false;
	return is_label(s);
}

static bool is_ip(int family, struct slice s)
{
	char text[INET6_ADDRSTRLEN];
	struct in6_addr ignored;

	if (s.len >= sizeof(text) || slice_has_char(s, '\0'))
		return false;
	memcpy(text, s.ptr, s.len);
	text[s.len] = '\0';
	return inet_pton(family, text, &ignored) == 1;
}

static bool is_literal(struct slice s)
{
	struct slice tag = SLICE("IPv6:");

	if (s.len < 2 || s.ptr[s.len - 1] != ']')
		return false;
	s = slice_make(s.ptr + 1, s.len - 2);
	if (slice_starts_nocase(s, tag))
		return is_ip(AF_INET6, slice_from(s, tag.len));
	return is_ip(AF_INET, s);
}

bool address_is_domain(struct slice domain)
{
	if (domain.len == 0 || domain.len > ADDRESS_DOMAIN_MAX_BYTES)
		return false;
	return domain.ptr[0] == '[' ? is_literal(domain) : is_dns_name(domain);
}

int address_parse(struct slice text, struct address *ret_address)
{
	struct address a;

	if (text.len > ADDRESS_MAX_BYTES ||
		!slice_cut(text, '@', &a.local, &a.domain) ||
		!is_local(a.local) || !address_is_domain(a.domain))
		return -EINVAL;
	*ret_address = a;
	return 0;
}

/* An IPv4 address becomes the IPv6 one that holds it. */
static bool read_host(struct slice s, struct in6_addr *ret_host)
{
	char text[INET6_ADDRSTRLEN];
	struct in6_addr host = { .s6_addr = { [10] = 0xff, [11] = 0xff } };
	struct slice tag = SLICE("IPv6:");

	if (s.len >= 2 && s.ptr[0] == '[' && s.ptr[s.len - 1] == ']')
		s = slice_make(s.ptr + 1, s.len - 2);
	if (slice_starts_nocase(s, tag))
		s = slice_from(s, tag.len);
	if (s.len >= sizeof(text) || slice_has_char(s, '\0'))
		return false;
	memcpy(text, s.ptr, s.len);
	text[s.len] = '\0';
	if (inet_pton(AF_INET6, text, ret_host) == 1)
		return true;
	if (inet_pton(AF_INET, text, host.s6_addr + 12) != 1)
		return false;
	*ret_host = host;
	return true;
}

bool address_is_same_host(struct slice a, struct slice b)
{
	struct in6_addr host, other;

	return read_host(a, &host) && read_host(b, &other) &&
		memcmp(&host, &other, sizeof(host)) == 0;
}

bool address_eq(struct slice a, struct slice b)
{
	return slice_eq_nocase(a, b);
}

static bool is_path_char(char c)
{
	return !ascii_is_control(c) && c != ' ' && c != '<' && c != '>';
}

int address_parse_path(
	struct slice arg, struct slice *ret_path, struct slice *ret_params)
{
	struct slice path, params;

	while (arg.len > 0 && arg.ptr[0] == ' ')
		arg = slice_from(arg, 1);
	if (arg.len == 0 || arg.ptr[0] != '<' ||
		!slice_cut(slice_from(arg, 1), '>', &path, &params))
		return -EINVAL;
	for (size_t i = 0; i < path.len; i++)
		if (!is_path_char(path.ptr[i]))
			return -EINVAL;
	if (params.len > 0 && params.ptr[0] != ' ')
		return -EINVAL;
	for (size_t i = 0; i < params.len; i++)
		if (ascii_is_control(params.ptr[i]))
			return -EINVAL;
	*ret_path = path;
	*ret_params = slice_trim(params);
	return 0;
}

/* Takes a comment, which may nest, off *rest, which begins with '('. */
static bool take_comment(struct slice *rest)
{
	unsigned depth = 0;
	size_t i = 0;

	do {
		char c = rest->ptr[i];
		if (c == '\\')
			i++;
		depth += c == '(';
		depth -= c == ')';
		i++;
	} while (depth > 0 && i < rest->len);
	*rest = slice_from(*rest, i);
	return depth == 0;
}

/* Takes a quoted string off *rest, which begins with '"'. */
static bool take_quoted(struct slice *rest)
{
	size_t i = 1;

	while (i < rest->len && rest->ptr[i] != '"')
		i += rest->ptr[i] == '\\' ? 2 : 1;
	bool is_closed = i < rest->len;
	*rest = slice_from(*rest, i + 1);
	return is_closed;
}

/* Takes blanks and comments; false for a comment that does not end. */
static bool take_cfws(struct slice *rest)
{
	while (rest->len > 0) {
		if (is_blank(rest->ptr[0]))
			*rest = slice_from(*rest, 1);
		else if (rest->ptr[0] != '(')
			break;
		else if (!take_comment(rest))
			return false;
	}
	return true;
}

/* Takes what may be a dot-atom or a whole addr-spec; may be nothing. */
static struct slice take_word(struct slice *rest)
{
	size_t i = 0;
	bool is_literal = false;

	while (i < rest->len) {
		char c = rest->ptr[i];
		if (c == '[' && i > 0 && rest->ptr[i - 1] == '@')
			is_literal = true;
		bool fits = is_atext(c) || c == '.' || c == '@' || c == '[' ||
			c == ']' || (is_literal && c == ':');
		if (!fits)
			break;
		i++;
	}
	struct slice word = slice_head(*rest, i);
	*rest = slice_from(*rest, i);
	return word;
}

/* Takes `<address>` off *rest, which begins with '<'. */
static bool take_angle(struct slice *rest, struct slice *ret_address)
{
	*rest = slice_from(*rest, 1);
	*ret_address = take_word(rest);
	if (rest->len == 0 || rest->ptr[0] != '>')
		return false;
	*rest = slice_from(*rest, 1);
	return true;
}

/*
 * Takes the words before '<' or the end. *ret_word is the only one, if
 * there is one and it is not quoted; an '@' in one of several words
 * would be an address to some programs.
 */
static bool take_phrase(struct slice *rest, struct slice *ret_word)
{
	bool has_at = false;
	size_t n = 0;

	*ret_word = SLICE_NONE;
	while (true) {
		if (!take_cfws(rest))
			return false;
		if (rest->len == 0 || rest->ptr[0] == '<')
			break;
		struct slice word = SLICE_NONE;
		if (rest->ptr[0] != '"') {
			word = take_word(rest);
			if (word.len == 0)
				return false;
		} else if (!take_quoted(rest)) {
			return false;
		}
		has_at = has_at || slice_has_char(word, '@');
		*ret_word = n++ == 0 ? word : SLICE_NONE;
	}
	return !has_at || (n == 1 && rest->len == 0);
}

static bool has_control(struct slice s)
{
	for (size_t i = 0; i < s.len; i++)
		if (ascii_is_control(s.ptr[i]) && s.ptr[i] != '\t')
			return true;
	return false;
}

int address_parse_from(
	struct slice value, struct slice *ret_address, struct buf *why)
{
	struct slice rest = value, text;
	struct address ignored;

	if (has_control(value))
		return because(why, -EINVAL, "From holds control bytes");
	bool is_one = take_phrase(&rest, &text);
	if (is_one && rest.len > 0)
		is_one = take_angle(&rest, &text);
	if (!is_one || !take_cfws(&rest) || rest.len > 0)
		return because(why, -EINVAL, "From is not exactly one mailbox");
	if (address_parse(text, &ignored) < 0)
		return because(why, -EINVAL, "From holds no usable address");
	*ret_address = text;
	return 0;
}
