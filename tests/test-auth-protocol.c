/*
 * Plays the dialogues of data/auth: what peers send, in one piece and byte by
 * byte, and the commands that it comes to.
 *
 *	# a comment
 *	c: bytes of a client; how they are written, tests/dialogue.h says
 *	m: bytes of a master
 *	s: what it comes to, as add_command() shows it, or the reason why not
 */
#include "mail/auth/protocol.h"

#include <glob.h>

#include "lib/file.h"
#include "tests/dialogue.h"
#include "tests/test.h"

enum {
	TEXT_MAX_BYTES = 1 << 20,
};

static const char *const verbs[] = {
	[AUTH_CPID] = "cpid",
	[AUTH_BEGIN] = "begin",
	[AUTH_CONTINUE] = "continue",
	[AUTH_CANCEL] = "cancel",
	[AUTH_REQUEST] = "request",
	[AUTH_USER] = "user",
	[AUTH_PASS] = "pass",
	[AUTH_LIST] = "list",
	[AUTH_CACHE_FLUSH] = "flush",
};

static void add_text(struct buf *out, const char *name, struct slice text)
{
	if (text.len == 0)
		return;
	buf_addf(out, " %s=", name);
	buf_add_quoted(out, text);
}

static void add_number(struct buf *out, const char *name, uint64_t n)
{
	if (n > 0)
		buf_addf(out, " %s=%llu", name, (unsigned long long)n);
}

static void add_command(struct buf *out, const struct auth_command *c)
{
	buf_add_str(out, verbs[c->verb]);
	add_number(out, "id", c->id);
	add_number(out, "pid", c->pid);
	add_number(out, "login", c->login_id);
	add_text(out, "cookie", c->cookie);
	add_text(out, "mechanism", c->mechanism);
	add_text(out, "user", c->user);
	add_text(out, "service", c->service);
	add_text(out, "address", c->address);
	if (c->is_nologin)
		buf_add_str(out, " nologin");
	if (c->has_response)
		buf_addf(out, " response=%.*s", SLICE_FMT(c->response));
	buf_add_char(out, '\n');
}

static void play(const char *name, enum auth_role role, struct slice all,
	size_t step, struct slice want)
{
	AUTO_BUF struct buf scratch = BUF_INIT(AUTH_LINE_MAX_BYTES + 1);
	AUTO_BUF struct buf why = BUF_INIT(BUF_WHY_MAX_BYTES);
	AUTO_BUF struct buf out = BUF_INIT(TEXT_MAX_BYTES);
	struct auth_session session = { .role = role };
	struct auth_command command;
	size_t taken = 0;
	int r = 0;

	for (size_t end = step; r >= 0 && taken < all.len; end += step) {
		size_t here = end < all.len ? end : all.len;
		struct slice in = slice_from(slice_head(all, here), taken);
		while ((r = auth_session_next(
				&session, &in, &scratch, &command, &why)) > 0)
			add_command(&out, &command);
		taken = here - in.len;
		if (here == all.len)
			break;
	}
	if (r < 0)
		buf_addf(&out, "%s\n", buf_str(&why));
	check_slice(name, buf_slice(&out), want);
}

static void play_file(const char *path)
{
	AUTO_BUF struct buf text = BUF_INIT(TEXT_MAX_BYTES);
	AUTO_BUF struct buf in = BUF_INIT(TEXT_MAX_BYTES);
	AUTO_BUF struct buf want = BUF_INIT(TEXT_MAX_BYTES);
	enum auth_role role = AUTH_CLIENT;
	struct slice rest, line, who, said;

	check_int(path, file_read(path, &text, NULL), 0);
	rest = buf_slice(&text);
	while (slice_next_line(&rest, &line)) {
		if (line.len == 0 || line.ptr[0] == '#')
			continue;
		check(path, slice_cut(line, ':', &who, &said) && who.len > 0);
		bool is_want = who.ptr[0] == 's';
		if (who.ptr[0] == 'm')
			role = AUTH_MASTER;
		check_int(path, dialogue_add(who, said, is_want ? &want : &in),
			0);
		if (is_want)
			buf_add_char(&want, '\n');
	}
	play(path, role, buf_slice(&in), in.len, buf_slice(&want));
	play(path, role, buf_slice(&in), 1, buf_slice(&want));
}

static void test_answers(void)
{
	AUTO_BUF struct buf out = BUF_INIT(TEXT_MAX_BYTES);
	struct auth_user user = {
		.user = SLICE("a\tb"),
		.home = SLICE("/home"),
		.uid = 7,
		.gid = 8,
	};

	auth_add_greeting(&out, AUTH_CLIENT, 12, 3, "c00c1e");
	auth_add_greeting(&out, AUTH_MASTER, 12, 0, NULL);
	auth_add_challenge(&out, 1, "VXNlcm5hbWU6");
	auth_add_ok(&out, 1, SLICE("a"));
	auth_add_refused(&out, 2, SLICE("a"));
	auth_add_refused(&out, 2, SLICE_NONE);
	auth_add_not_now(&out, 3, SLICE("a"), "why");
	auth_add_user(&out, 4, &user);
	auth_add_pass(&out, 5, SLICE("a"));
	auth_add_not_found(&out, 6);
	auth_add_failed(&out, 7);
	auth_add_row(&out, 8, SLICE("a"));
	auth_add_rows_end(&out, 8, true);
	auth_add_rows_end(&out, 9, false);
	auth_add_flushed(&out, 10);
	check_str("answers", buf_str(&out),
		"VERSION\t1\t2\nMECH\tPLAIN\tplaintext\n"
		"MECH\tLOGIN\tplaintext\nSPID\t12\nCUID\t3\n"
		"COOKIE\tc00c1e\nDONE\n"
		"VERSION\t1\t2\nSPID\t12\n"
		"CONT\t1\tVXNlcm5hbWU6\n"
		"OK\t1\tuser=a\n"
		"FAIL\t2\tuser=a\n"
		"FAIL\t2\n"
		"FAIL\t3\tuser=a\ttemp\tcode=temp_fail\treason=why\n"
		"USER\t4\ta\001tb\tuid=7\tgid=8\thome=/home\n"
		"PASS\t5\tuser=a\n"
		"NOTFOUND\t6\n"
		"FAIL\t7\ttemp\tcode=temp_fail\n"
		"LIST\t8\ta\n"
		"DONE\t8\t\n"
		"DONE\t9\tfail\n"
		"OK\t10\t0\n");
}

int main(void)
{
	glob_t found;

	test_answers();
	check_int("dialogues",
		glob(TEST_DATA "/auth/*.dialogue", 0, NULL, &found), 0);
	for (size_t i = 0; i < found.gl_pathc; i++)
		play_file(found.gl_pathv[i]);
	globfree(&found);
	return test_end();
}
