/*
 * Bytes in one piece and byte by byte come to the same commands and the same
 * end; what is refused has a reason; an answer with a foreign name in it is
 * one line.
 */
#include "fuzz/fuzz.h"
#include "mail/auth/protocol.h"
#include "mail/dict.h"

static void add_field(struct buf *out, struct slice field)
{
	buf_add_char(out, '\t');
	dict_add_escaped(out, field);
}

static void add_command(struct buf *out, const struct auth_command *c)
{
	buf_addf(out, "%d\t%llu\t%llu\t%llu\t%d%d", c->verb,
		(unsigned long long)c->id, (unsigned long long)c->pid,
		(unsigned long long)c->login_id, c->has_response,
		c->is_nologin);
	add_field(out, c->cookie);
	add_field(out, c->mechanism);
	add_field(out, c->user);
	add_field(out, c->service);
	add_field(out, c->address);
	add_field(out, c->response);
	buf_add_char(out, '\n');
}

/* As a connection does: what is not taken comes again with what follows. */
static void feed(
	enum auth_role role, struct slice all, size_t step, struct buf *out)
{
	AUTO_BUF struct buf scratch = BUF_INIT(AUTH_LINE_MAX_BYTES + 1);
	AUTO_BUF struct buf why = BUF_INIT(BUF_WHY_MAX_BYTES);
	struct auth_session session = { .role = role };
	struct auth_command command;
	size_t taken = 0;
	int r = 0;

	for (size_t end = step; r >= 0 && taken < all.len; end += step) {
		if (end > all.len)
			end = all.len;
		struct slice in = slice_from(slice_head(all, end), taken);
		while ((r = auth_session_next(
				&session, &in, &scratch, &command, &why)) > 0)
			add_command(out, &command);
		taken = end - in.len;
		if (end == all.len)
			break;
	}
	if (r < 0) {
		demand(why.len > 0);
		buf_add_str(out, "refused\n");
	}
}

static void try_role(enum auth_role role, struct slice all)
{
	AUTO_BUF struct buf whole = BUF_INIT(1 << 24);
	AUTO_BUF struct buf bytes = BUF_INIT(1 << 24);

	feed(role, all, all.len ? all.len : 1, &whole);
	feed(role, all, 1, &bytes);
	demand(slice_eq(buf_slice(&whole), buf_slice(&bytes)));
}

static void try_answer(struct slice name)
{
	AUTO_BUF struct buf out = BUF_INIT(1 << 20);
	struct auth_user user = { .user = name, .home = name };
	struct slice rest, line;

	auth_add_user(&out, 1, &user);
	auth_add_ok(&out, 2, name);
	auth_add_refused(&out, 3, name);
	auth_add_row(&out, 4, name);
	rest = buf_slice(&out);
	for (int i = 0; i < 4; i++)
		demand(slice_cut(rest, '\n', &line, &rest));
	demand(rest.len == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct slice all = slice_make(data, len);
	AUTO_BUF struct buf greeted = BUF_INIT(1 << 24);

	buf_add_str(&greeted, "VERSION\t1\t2\n");
	buf_add_slice(&greeted, all);
	try_role(AUTH_CLIENT, all);
	try_role(AUTH_CLIENT, buf_slice(&greeted));
	try_role(AUTH_MASTER, buf_slice(&greeted));
	try_answer(all);
	return 0;
}
