/*
 * What others learn of a person who writes: the headers that are left of a
 * message after two relays, and what their logs say.
 */
#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <glob.h>
#include <poll.h>
#include <string.h>

#include "deltachat/channel.h"
#include "lib/file.h"
#include "tests/relay/smtp.h"
#include "tests/relay/stories.h"

enum {
	MAIL_MAX_BYTES = 1 << 20,
	LOG_MAX_BYTES = 64 << 20,
	ARRIVAL_MS = 30000,
	STEP_MS = 50,
	WANTED_N = 8,
};

/* An encrypted message that core wrote. */
static const char sample_path[] =
	SAMPLES_DIR "/005-text-same-a-out-encrypted.eml";

/* What the mail program of a talkative person adds. */
static const char chatter[] = "Received: from laptop-of-anna ([10.9.8.7])\n"
			      "X-Originating-IP: 10.9.8.7\n"
			      "User-Agent: Talkative/1.0\n"
			      "X-Mailer: Talkative/1.0\n"
			      "Subject: Annas secret\n"
			      "Date: Sat, 1 Mar 2025 12:00:00 +0000\n"
			      "Message-ID: <1@plain.test>\n"
			      "MIME-Version: 1.0\n";

/*
 * In this order, and no others. Dovecot cannot be told to leave out the
 * first; it says what From says.
 */
static const char *const wanted[WANTED_N] = { "Return-Path", "From", "To",
	"Subject", "Date", "Message-ID", "MIME-Version", "Content-Type" };

struct person {
	struct bed_login login;
	char *address;
	struct smtp_login smtp;
};

static void make_person(
	const struct bed *bed, size_t relay, const char *log, struct person *p)
{
	bed_invent(&p->login);
	p->address =
		xasprintf("%s@%s", p->login.user, bed->relays[relay].domain);
	p->smtp = (struct smtp_login){ bed->relays[relay].address, p->address,
		p->login.password, log };
}

static int read_sample(struct buf *content, struct buf *why)
{
	AUTO_BUF struct buf text = BUF_INIT(MAIL_MAX_BYTES);
	int r = file_read(sample_path, &text, why);

	if (r < 0)
		return r;
	const char *type = strstr(buf_str(&text), "Content-Type: multipart/");
	if (!type)
		return because(why, -EBADMSG, "%s: no multipart", sample_path);
	/* Its lines end in CRLF or LF; smtp_send() wants LF. */
	for (; *type; type++)
		if (*type != '\r')
			buf_add_char(content, *type);
	return 0;
}

static int send_mail(struct bed *bed, const struct person *from, const char *to,
	const char *content, const char *want)
{
	AUTO_BUF struct buf reply = BUF_INIT(BUF_WHY_MAX_BYTES);
	AUTO_BUF struct buf mail = BUF_INIT(MAIL_MAX_BYTES);

	buf_addf(&mail, "From: <%s>\nTo: <%s>\n%s%s", from->address, to,
		chatter, content);
	int r = smtp_send(&from->smtp, to, buf_str(&mail), &reply, bed->why);
	if (r < 0)
		return r;
	bed_tell("to %s: %s", to, buf_str(&reply));
	if (!slice_starts(buf_slice(&reply), slice_of(want)))
		return because(bed->why, -EBADMSG,
			"to %s: got \"%s\", not \"%s\"", to, buf_str(&reply),
			want);
	return 0;
}

/* The one mail in the folder that has this sender. */
static bool find_mail(
	const char *folder, const char *sender, struct buf *ret_mail)
{
	DIR *dir = opendir(folder);
	const struct dirent *entry;
	bool is_found = false;

	while (dir && !is_found && (entry = readdir(dir))) {
		AUTO_FREE char *path =
			xasprintf("%s/%s", folder, entry->d_name);
		buf_reset(ret_mail);
		is_found = entry->d_name[0] != '.' &&
			file_read(path, ret_mail, NULL) == 0 &&
			strstr(buf_str(ret_mail), sender);
	}
	if (dir)
		closedir(dir);
	return is_found;
}

static int wait_mail(struct bed *bed, const struct person *who,
	const char *sender, struct buf *ret_mail)
{
	const struct bed_relay *relay = &bed->relays[1];
	AUTO_FREE char *folder = xasprintf(
		"%s/mail/%s/%s/new", relay->dir, relay->address, who->address);
	AUTO_FREE char *from = xasprintf("From: <%s>", sender);
	int64_t deadline = clock_in_ms(ARRIVAL_MS);

	while (clock_now_ms() < deadline) {
		if (find_mail(folder, from, ret_mail))
			return 0;
		poll(NULL, 0, STEP_MS);
	}
	return because(bed->why, -ETIMEDOUT, "%s: nothing from %s within %d s",
		folder, sender, ARRIVAL_MS / 1000);
}

static int check_headers(struct bed *bed, struct slice mail)
{
	struct slice line, name, value;
	size_t n = 0;

	while (slice_next_line(&mail, &line)) {
		line = slice_trim(line);
		if (line.len == 0)
			break;
		bed_tell("  | %.*s", SLICE_FMT(line));
		if (line.ptr[0] == ' ' || line.ptr[0] == '\t' ||
			slice_starts(line, SLICE("boundary=")))
			continue;
		if (!slice_cut(line, ':', &name, &value) || n == WANTED_N ||
			!slice_eq_str_nocase(name, wanted[n]))
			return because(bed->why, -EBADMSG,
				"header %zu: got \"%.*s\", not \"%s\"", n + 1,
				SLICE_FMT(line), n < WANTED_N ? wanted[n] : "");
		n++;
		if (slice_eq_str(name, "Subject") &&
			!slice_eq_str(slice_trim(value), "[...]"))
			return because(bed->why, -EBADMSG, "Subject: %.*s",
				SLICE_FMT(value));
	}
	return n == WANTED_N
		? 0
		: because(bed->why, -EBADMSG, "%zu headers are left, not %d", n,
			  WANTED_N);
}

/* An address of 127/8 in the line other than the relay's own. */
static bool has_foreign_ip(const char *line, const char *own)
{
	for (const char *at = line; (at = strstr(at, "127.")); at++) {
		size_t n = strspn(at, "0123456789.");
		while (at[n - 1] == '.')
			n--;
		if (!slice_eq_str(slice_make(at, n), own))
			return true;
	}
	return strstr(line, "10.9.8.7") != NULL;
}

/* What no log may hold, and what the operator needs. */
struct search {
	const char *own;
	const char *const *secrets;
	bool has_deferral;
	size_t n_lines;
};

static int search_log(struct bed *bed, const char *path, struct search *s)
{
	AUTO_BUF struct buf log = BUF_INIT(LOG_MAX_BYTES);
	struct slice line;
	int r = file_read(path, &log, bed->why);

	if (r < 0)
		return r;
	struct slice rest = buf_slice(&log);
	while (slice_next_line(&rest, &line)) {
		AUTO_FREE char *text = slice_dup(line);
		s->n_lines++;
		if (has_foreign_ip(text, s->own))
			return because(bed->why, -EBADMSG,
				"%s: an IP address: %s", path, text);
		for (size_t i = 0; s->secrets[i]; i++)
			if (strcasestr(text, s->secrets[i]))
				return because(bed->why, -EBADMSG,
					"%s: \"%s\": %s", path, s->secrets[i],
					text);
		/* By SMTP, or by HTTPS after it: "Couldn't connect" by the curl
		 * of Debian 12, "Could not connect" by that of 13. */
		if (strstr(text, "to=<*@[IP]>") &&
			(strstr(text, "status=deferred (connect to") ||
				strstr(text, "451 4.4.1 HTTPS: Could")))
			s->has_deferral = true;
	}
	return 0;
}

static int search_logs(struct bed *bed, size_t relay,
	const char *const *secrets, struct search *ret_search)
{
	AUTO_FREE char *pattern =
		xasprintf("%s/log/*/*", bed->relays[relay].dir);
	struct search s = {
		.own = bed->relays[relay].address,
		.secrets = secrets,
	};
	glob_t found;
	int r = 0;

	if (glob(pattern, 0, NULL, &found) != 0)
		return because(bed->why, -ENOENT, "%s: no logs", pattern);
	for (size_t i = 0; r == 0 && i < found.gl_pathc; i++)
		r = search_log(bed, found.gl_pathv[i], &s);
	if (r == 0)
		bed_tell("%zu logs of %s, %zu lines: nobody in them",
			found.gl_pathc, s.own, s.n_lines);
	globfree(&found);
	*ret_search = s;
	return r;
}

static int check_logs(struct bed *bed, const char *const *secrets)
{
	struct search first, second;
	int r = search_logs(bed, 0, secrets, &first);

	if (r == 0)
		r = search_logs(bed, 1, secrets, &second);
	if (r < 0)
		return r;
	if (!first.has_deferral)
		return because(bed->why, -EBADMSG,
			"no line says why the mail was deferred");
	if (first.n_lines == 0 || second.n_lines == 0)
		return because(bed->why, -EBADMSG, "a relay has no logs");
	return 0;
}

/* Mail that fails is what logs say most about. */
static int make_trouble(
	struct bed *bed, const struct person *anna, const char *content)
{
	AUTO_FREE char *nobody =
		xasprintf("nobodyhome@%s", bed->relays[1].domain);
	struct person thief = *anna;
	int r = send_mail(bed, anna, nobody, content, "250 ");

	thief.smtp.password = "not-annas-password";
	if (r == 0)
		r = send_mail(bed, anna, "secretfriend@example.org",
			"\nShall we meet?\n", "523 ");
	if (r == 0)
		r = send_mail(
			bed, anna, "ghostuser@[127.255.1.2]", content, "250 ");
	if (r == 0)
		r = send_mail(bed, &thief, nobody, content, "535 ");
	return r < 0 ? r : bed_wait_deferred(bed, 0);
}

int story_privacy(struct bed *bed)
{
	AUTO_BUF struct buf content = BUF_INIT(MAIL_MAX_BYTES);
	AUTO_BUF struct buf mail = BUF_INIT(MAIL_MAX_BYTES);
	AUTO_FREE char *log = xasprintf("%s/openssl.log", bed->dir);
	struct person anna, bert;

	make_person(bed, 0, log, &anna);
	make_person(bed, 1, log, &bert);
	const char *const secrets[] = { anna.login.user, bert.login.user,
		anna.login.password, "nobodyhome", "secretfriend", "ghostuser",
		"laptop-of", "Annas secret", "plain.test", NULL };
	int r = read_sample(&content, bed->why);
	/* So that there is a mailbox. */
	if (r == 0)
		r = send_mail(
			bed, &bert, bert.address, buf_str(&content), "250 ");
	if (r == 0)
		r = send_mail(
			bed, &anna, bert.address, buf_str(&content), "250 ");
	if (r == 0)
		r = wait_mail(bed, &bert, anna.address, &mail);
	if (r == 0)
		bed_tell("what is left after two relays:");
	if (r == 0)
		r = check_headers(bed, buf_slice(&mail));
	if (r == 0)
		r = make_trouble(bed, &anna, buf_str(&content));
	if (r == 0)
		r = check_logs(bed, secrets);
	free(anna.address);
	free(bert.address);
	return r;
}
