/*
 * A mailbox takes more than fits into it, and nothing is refused but what
 * alone is too large.
 */
#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "lib/file.h"
#include "lib/num.h"
#include "tests/relay/smtp.h"
#include "tests/relay/stories.h"

enum {
	FLOOD_N = 40,
	MESSAGE_BYTES = 600 * 1000,
	TOO_LARGE_BYTES = 1200 * 1000,
	MAIL_MAX_BYTES = 2 << 20,
	LINE_BYTES = 900,
	MAILBOX_BYTES = 10 << 20,
};

/* The domain follows. */
const char story_flood_settings[] = "max_mailbox_size = 10M\n"
				    "max_message_size = 1M\n"
				    "max_user_send_per_minute = 1000\n"
				    "passthrough_recipients = @";

/* To oneself, whom the settings let have cleartext. */
static void make_mail(
	struct buf *mail, const char *address, int number, size_t bytes)
{
	buf_addf(mail,
		"From: <%s>\nTo: <%s>\nSubject: [...]\n"
		"Message-ID: <flood-%d@plain.test>\n\n",
		address, address, number);
	while (mail->len < bytes)
		buf_addf(mail, "%0*d\n", LINE_BYTES, number);
}

static int send_one(struct bed *bed, const struct smtp_login *login, int number,
	size_t bytes, struct buf *ret_reply)
{
	AUTO_BUF struct buf mail = BUF_INIT(MAIL_MAX_BYTES);

	make_mail(&mail, login->address, number, bytes);
	return smtp_send(
		login, login->address, buf_str(&mail), ret_reply, bed->why);
}

static int send_flood(struct bed *bed, const struct smtp_login *login)
{
	AUTO_BUF struct buf reply = BUF_INIT(BUF_WHY_MAX_BYTES);

	for (int i = 1; i <= FLOOD_N; i++) {
		int r = send_one(bed, login, i, MESSAGE_BYTES, &reply);
		if (r < 0)
			return r;
		if (!slice_starts(buf_slice(&reply), SLICE("250 ")))
			return because(bed->why, -EBADMSG, "message %d: \"%s\"",
				i, buf_str(&reply));
	}
	bed_tell("%d messages of %d bytes were taken", FLOOD_N, MESSAGE_BYTES);
	return 0;
}

/* What lies in the mailbox. */
struct found {
	size_t n, bytes;
	uint64_t newest;
	bool has_other; /* a bounce, that is */
};

/* "...<flood-12@plain.test>..."; 0 in what is none of ours. */
static uint64_t number_of(const char *text)
{
	static const char mark[] = "<flood-";
	const char *id = strstr(text, mark);
	struct slice digits, rest;
	uint64_t number = 0;

	if (!id ||
		!slice_cut(slice_of(id + strlen(mark)), '@', &digits, &rest) ||
		num_parse_max(digits, FLOOD_N, &number) < 0)
		return 0;
	return number;
}

static int look_at(
	const char *folder, const char *name, struct found *f, struct buf *why)
{
	AUTO_FREE char *path = xasprintf("%s/%s", folder, name);
	AUTO_BUF struct buf text = BUF_INIT(MAIL_MAX_BYTES);
	int r = file_read(path, &text, why);

	if (r < 0)
		return r == -ENOENT ? 0 : r;
	uint64_t number = number_of(buf_str(&text));
	f->n++;
	f->bytes += text.len;
	f->has_other |= number == 0;
	if (number > f->newest)
		f->newest = number;
	return 0;
}

static int look_into(
	struct bed *bed, const struct bed_login *login, struct found *f)
{
	const struct bed_relay *relay = &bed->relays[0];
	AUTO_FREE char *folder = xasprintf("%s/mail/%s/%s@%s/new", relay->dir,
		relay->address, login->user, relay->domain);
	DIR *dir = opendir(folder);
	const struct dirent *entry;
	int r = 0;

	if (!dir)
		return because(
			bed->why, -errno, "%s: %s", folder, strerror(errno));
	while (r == 0 && (entry = readdir(dir)))
		if (entry->d_name[0] != '.')
			r = look_at(folder, entry->d_name, f, bed->why);
	closedir(dir);
	return r;
}

static int check_mailbox(struct bed *bed, const struct bed_login *login)
{
	struct found f = { 0 };
	int r = look_into(bed, login, &f);

	if (r < 0)
		return r;
	bed_tell("the mailbox holds %zu messages, %zu bytes", f.n, f.bytes);
	if (f.has_other || f.newest != FLOOD_N || f.bytes > MAILBOX_BYTES)
		return because(bed->why, -EBADMSG,
			"bounces: %d; the newest is %" PRIu64
			" of %d; %zu of %d bytes",
			f.has_other, f.newest, FLOOD_N, f.bytes, MAILBOX_BYTES);
	return 0;
}

static int check_too_large(struct bed *bed, const struct smtp_login *login)
{
	AUTO_BUF struct buf reply = BUF_INIT(BUF_WHY_MAX_BYTES);
	int r = send_one(bed, login, 0, TOO_LARGE_BYTES, &reply);

	if (r < 0)
		return r;
	bed_tell("one of %d bytes: %s", TOO_LARGE_BYTES, buf_str(&reply));
	if (!slice_starts(buf_slice(&reply), SLICE("552 5.3.4 ")))
		return because(bed->why, -EBADMSG,
			"a message over max_message_size: got \"%s\", not "
			"\"552 5.3.4 ...\"",
			buf_str(&reply));
	return 0;
}

int story_flood(struct bed *bed)
{
	AUTO_FREE char *log = xasprintf("%s/openssl.log", bed->dir);
	struct bed_login login;

	bed_invent(&login);
	AUTO_FREE char *address =
		xasprintf("%s@%s", login.user, bed->relays[0].domain);
	const struct smtp_login smtp = { bed->relays[0].address, address,
		login.password, log };
	int r = send_flood(bed, &smtp);
	if (r == 0)
		r = bed_wait_empty(bed, 0);
	if (r == 0)
		r = check_mailbox(bed, &login);
	if (r == 0)
		r = check_too_large(bed, &smtp);
	return r;
}
