/* What that software has put on a server, told from what others have. */
#include "cmdeploy/takeover/legacy.h"

#include <string.h>

#include "cmdeploy/embed.h"

/* Debian 12 has this one, whatever comes behind it. */
#define DEBIANS_DOVECOT "1:2.3.19"

enum {
	CRON_TIME_FIELDS = 5,
};

/* Units of its, some of old versions, and the program that each runs. */
static const struct {
	const char *name, *program;
} units[] = {
	{ "acmetool-reconcile", "acmetool" },  /* ours is Debian's own timer */
	{ "acmetool-redirector", "acmetool" }, /* has port 80, or did once */
	{ "doveauth-dictproxy", "/usr/local/bin/doveauth-dictproxy" },
	{ "filtermail", LEGACY_FOLDER },
	{ "filtermail-incoming", LEGACY_FOLDER },
	{ "filtermail-transport", "/usr/local/bin/filtermail" },
	{ "iroh-relay", "/usr/local/bin/iroh-relay" },
	{ "mta-sts-daemon", "/mta-sts-daemon" },
	{ "mtail", "/usr/local/bin/mtail" },
	{ "tls-cert-reload", "systemctl reload" },
	{ "turnserver", "/usr/local/bin/chatmail-turn" },
};

static bool has(struct slice text, const char *wanted)
{
	return memmem(text.ptr, text.len, wanted, strlen(wanted)) != NULL;
}

bool legacy_owns_unit(struct slice name, struct slice text)
{
	if (has(text, EMBED_RENDERED))
		return false;
	/* Whatever it is called: its program is there. */
	if (has(text, "ExecStart=" LEGACY_FOLDER "/"))
		return true;
	for (size_t i = 0; i < ARRAY_LEN(units); i++)
		if (slice_eq_str(name, units[i].name))
			return has(text, units[i].program);
	return false;
}

/* "0 2 * * * vmail find /home/vmail/mail/...", which old ones have. */
static bool is_its_command(struct slice line)
{
	struct slice user, rest = line;

	if (has(line, LEGACY_FOLDER "/"))
		return true;
	for (int i = 0; i < CRON_TIME_FIELDS; i++)
		if (!slice_next_word(&rest, &user))
			return false;
	return slice_next_word(&rest, &user) && slice_eq_str(user, "vmail") &&
		slice_starts(slice_trim(rest), SLICE("find /home/vmail/"));
}

/* A comment, or NAME=VALUE. */
static bool is_no_command(struct slice line)
{
	struct slice rest = line, word;

	return !slice_next_word(&rest, &word) || word.ptr[0] == '#' ||
		slice_has_char(word, '=');
}

bool legacy_owns_job(struct slice name, struct slice text)
{
	struct slice line;
	size_t n = 0;

	if (!slice_eq_str(name, "chatmail-metrics") &&
		!slice_eq_str(name, "expunge"))
		return false;
	while (slice_next_line(&text, &line)) {
		if (is_no_command(line))
			continue;
		if (!is_its_command(line))
			return false;
		n++;
	}
	return n > 0;
}

/* One that keeps all of Dovecot's packages away, and no other. */
bool legacy_owns_pin(struct slice text)
{
	struct slice line, key, value;
	size_t n = 0;

	while (slice_next_line(&text, &line)) {
		if (!slice_cut(line, ':', &key, &value))
			continue;
		bool is_package = slice_eq_str(slice_trim(key), "Package");
		if (!is_package &&
			!slice_eq_str(slice_trim(key), "Pin-Priority"))
			continue;
		if (!slice_eq_str(
			    slice_trim(value), is_package ? "dovecot-*" : "-1"))
			return false;
		n++;
	}
	return n > 0;
}

int legacy_pick_packages(struct slice list, struct buf *names)
{
	struct slice line, name, version;
	int n = 0;

	while (slice_next_line(&list, &line)) {
		if (!slice_cut(line, ' ', &name, &version) ||
			slice_starts(version, SLICE(DEBIANS_DOVECOT)))
			continue;
		buf_addf(names, "%s%.*s=" DEBIANS_DOVECOT "*",
			names->len ? " " : "", SLICE_FMT(name));
		n++;
	}
	return n;
}
