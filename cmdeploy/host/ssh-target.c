/* Reads what an operator writes for a host. */
#include "cmdeploy/host/ssh-target.h"

#include <errno.h>
#include <string.h>

#include "lib/num.h"

enum {
	PORT_MAX = 65535,
};

/* Cuts what stands in front of the port; no port: `port` is empty. */
static bool cut_port(struct slice text, struct slice *name, struct slice *port)
{
	struct slice before, after, rest;

	*name = text;
	*port = SLICE_NONE;
	if (slice_starts(text, SLICE("["))) {
		if (!slice_cut(slice_from(text, 1), ']', name, &rest))
			return false;
		if (rest.len == 0)
			return true;
		*port = slice_from(rest, 1);
		return rest.ptr[0] == ':' && port->len > 0;
	}
	/* More than one colon is an IPv6 address. */
	if (!slice_cut(text, ':', &before, &after) ||
		slice_has_char(after, ':'))
		return true;
	*name = before;
	*port = after;
	return after.len > 0;
}

static bool is_port(struct slice text)
{
	uint64_t n;

	return num_parse_max(text, PORT_MAX, &n) == 0 && n > 0;
}

/* What ssh or a shell could take for something else is not a name. */
static bool is_plain(struct slice text)
{
	for (size_t i = 0; i < text.len; i++) {
		unsigned char c = (unsigned char)text.ptr[i];
		if (c <= ' ' || c >= 0x7f || strchr("'\"`$\\;&<>|()/", c))
			return false;
	}
	return text.len > 0 && text.ptr[0] != '-';
}

int ssh_target_parse(
	const char *text, struct ssh_target *ret_target, struct buf *why)
{
	struct slice whole = slice_of(text), user = SLICE_NONE, name, port;
	bool has_user = slice_cut_last(whole, '@', &user, &whole);

	if (!cut_port(whole, &name, &port) || !is_plain(name) ||
		(has_user && !is_plain(user)) ||
		(port.len > 0 && !is_port(port)))
		return because(why, -EINVAL,
			"\"%s\" is not a host; give HOST, USER@HOST, HOST:PORT "
			"or "
			"a name of your ~/.ssh/config",
			text);
	*ret_target = (struct ssh_target){
		.where = xasprintf("%.*s%s%.*s", SLICE_FMT(user),
			has_user ? "@" : "", SLICE_FMT(name)),
		.name = slice_dup(name),
		.port = port.len > 0 ? slice_dup(port) : NULL,
	};
	return 0;
}

void ssh_target_release(struct ssh_target *target)
{
	if (!target)
		return;
	free(target->where);
	free(target->name);
	free(target->port);
	*target = (struct ssh_target){ 0 };
}

void shell_add_word(struct buf *out, const char *word)
{
	if (out->len > 0)
		buf_add_char(out, ' ');
	buf_add_char(out, '\'');
	for (; *word; word++) {
		if (*word == '\'')
			buf_add_str(out, "'\\''");
		else
			buf_add_char(out, *word);
	}
	buf_add_char(out, '\'');
}
