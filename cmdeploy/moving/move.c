/* The two servers of a move: how they are reached, and their marks. */
#include "cmdeploy/moving/move.h"

#include <errno.h>
#include <string.h>

#include "cmdeploy/dns/check.h"
#include "cmdeploy/moving/proxy.h"
#include "cmdeploy/say.h"
#include "cmdeploy/signals.h"
#include "lib/file.h"
#include "lib/num.h"
#include "lib/path.h"

enum {
	MARKS_MAX_BYTES = 1 << 14,
	NOTE_MAX_BYTES = 4096,
	/* Installing packages, or walking through many mailboxes. */
	TELL_SEC = 3600,
};

#define NOTE_NAME "chatmail.moving"
#define IMAPS     "993:"

/* A line each; NULL where there is none. */
static void read_note(const char *path, char **ret_from, char **ret_to)
{
	AUTO_BUF struct buf text = BUF_INIT(NOTE_MAX_BYTES);
	struct slice rest, from, to;

	if (file_read(path, &text, NULL) < 0)
		return;
	rest = buf_slice(&text);
	if (!slice_next_line(&rest, &from) || !slice_next_line(&rest, &to))
		return;
	*ret_from = slice_dup(from);
	*ret_to = slice_dup(to);
}

/* What is said now, or what was said when the move began. */
static int choose_servers(struct move *m, struct buf *why)
{
	const struct move_options *o = m->options;
	AUTO_FREE char *from = NULL;
	AUTO_FREE char *to = NULL;

	read_note(m->note_path, &from, &to);
	if (!o->from && !from)
		return because(why, -EINVAL,
			"no move has begun; name the two servers by --from "
			"HOST and --to HOST");
	if (o->from && from && (strcmp(from, o->from) || strcmp(to, o->to)))
		return because(why, -EBUSY,
			"a move from %s to %s has begun; end that first, or, "
			"to give it up, remove %s",
			from, to, m->note_path);
	m->from.name = xstrdup(o->from ? o->from : from);
	m->to.name = xstrdup(o->from ? o->to : to);
	int r = ssh_open(m->from.name, &m->from.ssh, why);
	return r < 0 ? r : ssh_open(m->to.name, &m->to.ssh, why);
}

int move_open(const struct move_options *options, struct move *ret_move,
	struct buf *why)
{
	struct move m = {
		.options = options,
		.note_path = path_beside(options->ini_path, NOTE_NAME),
		.from.marks = BUF_INIT(MARKS_MAX_BYTES),
		.to.marks = BUF_INIT(MARKS_MAX_BYTES),
	};
	int r = config_load(
		options->ini_path, &m.config, say_settings_note, NULL, why);

	if (r == 0 && m.config.is_ip_literal)
		r = because(why, -EINVAL,
			"%s is the name of the relay and the address of its "
			"server; it cannot move to another one",
			m.config.mail_domain);
	if (r == 0)
		r = choose_servers(&m, why);
	if (r < 0) {
		move_release(&m);
		return r;
	}
	m.from.ssh.is_unwanted = m.to.ssh.is_unwanted = signals_unwanted;
	*ret_move = m;
	return 0;
}

static void release_server(struct move_server *server)
{
	ssh_close(&server->ssh);
	free(server->name);
	buf_release(&server->marks);
	words_release(&server->addresses);
}

void move_release(struct move *m)
{
	release_server(&m->from);
	release_server(&m->to);
	config_release(&m->config);
	free(m->note_path);
	*m = (struct move){ 0 };
}

int move_tell(const struct move_server *server, const char *const *action,
	struct buf *out, struct buf *why)
{
	return ssh_script(&server->ssh,
		PROC_WORDS("remote/alone.sh", "remote/quietly.sh",
			"moving/migrate.sh"),
		action,
		&(struct proc){
			.timeout_sec = TELL_SEC,
			.out = out,
			.on_line = out ? NULL : say_progress_line,
		},
		why);
}

static int look_at(
	const struct move *m, struct move_server *server, struct buf *why)
{
	int r = ssh_connect(&server->ssh, why);

	if (r == 0)
		r = ssh_script(&server->ssh, PROC_WORDS("moving/migrate.sh"),
			PROC_WORDS("look", m->config.mailboxes_dir),
			&(struct proc){ .timeout_sec = TELL_SEC,
				.out = &server->marks },
			why);
	return r < 0 ? r
		     : proxy_add_addresses(
			       &server->ssh.host, &server->addresses, why);
}

int move_connect(struct move *m, struct buf *why)
{
	AUTO_BUF struct buf from = BUF_INIT(NOTE_MAX_BYTES);
	AUTO_BUF struct buf to = BUF_INIT(NOTE_MAX_BYTES);

	say_step("connect");
	int r = look_at(m, &m->from, why);
	if (r == 0)
		r = look_at(m, &m->to, why);
	if (r == 0)
		r = host_fact(&m->from.ssh.host, "os_name", &from, why);
	if (r == 0)
		r = host_fact(&m->to.ssh.host, "os_name", &to, why);
	if (r == 0)
		say_done("%s; %s", buf_str(&from), buf_str(&to));
	return r;
}

int move_write_note(const struct move *m, struct buf *why)
{
	AUTO_FREE char *text = xasprintf("%s\n%s\n", m->from.name, m->to.name);

	return file_write(m->note_path, slice_of(text),
		(struct file_owner){ 0644, (uid_t)-1, (gid_t)-1 }, why);
}

char *move_mark(const struct move_server *server, const char *name)
{
	AUTO_BUF struct buf value = BUF_INIT(MARKS_MAX_BYTES);

	if (facts_find(buf_slice(&server->marks), name, &value) != 1)
		return xstrdup("");
	return xstrdup(buf_str(&value));
}

bool move_has_mark(const struct move_server *server, const char *name)
{
	AUTO_FREE char *value = move_mark(server, name);

	return value[0];
}

uint64_t move_number(const struct move_server *server, const char *name)
{
	AUTO_FREE char *value = move_mark(server, name);
	uint64_t n;

	return num_parse_u64(slice_of(value), &n) < 0 ? 0 : n;
}

bool move_is_serving(const struct move_server *server)
{
	AUTO_BUF struct buf all = BUF_INIT(MARKS_MAX_BYTES);
	struct slice rest, word;

	if (host_fact(&server->ssh.host, "listeners", &all, NULL) < 0)
		return false;
	rest = buf_slice(&all);
	while (slice_next_word(&rest, &word))
		if (slice_starts(word, SLICE(IMAPS)))
			return true;
	return false;
}

bool move_is_same(const struct move *m)
{
	AUTO_FREE char *from = move_mark(&m->from, "id");
	AUTO_FREE char *to = move_mark(&m->to, "id");

	return from[0] && strcmp(from, to) == 0;
}

void move_add_proxies(const struct move *m, struct words *out)
{
	const struct text_list *known = &m->config.public_addresses;

	for (size_t i = 0; i < known->n; i++)
		if (!words_has(&m->from.addresses, known->items[i]) &&
			!words_has(&m->to.addresses, known->items[i]))
			words_add(out, known->items[i]);
}

bool move_has_proxies(const struct move *m)
{
	AUTO_WORDS struct words proxies = { 0 };

	move_add_proxies(m, &proxies);
	return proxies.n > 0;
}

int move_check_dns(const struct move *m, struct buf *lines, struct buf *why)
{
	struct config config = m->config;

	/* While it forwards, the old server's addresses are among these. */
	config.public_addresses = (struct text_list){ 0 };
	return dns_check_run(&m->to.ssh.host, &config, lines, why);
}
