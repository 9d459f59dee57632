/* What is the Python software's, and what is not. */
#include "cmdeploy/takeover/legacy.h"

#include "tests/test.h"

static const struct {
	const char *name, *list, *before, *want;
	int n;
} packages[] = {
	{ "none", "", "", "", 0 },
	{ "Debian's", "dovecot-core 1:2.3.19.1+dfsg1-2.1+deb12u1\n", "", "",
		0 },
	{ "its own",
		"dovecot-core 1:2.3.21+dfsg1-3\n"
		"dovecot-imapd 1:2.3.21+dfsg1-3\n",
		"", "dovecot-core=1:2.3.19* dovecot-imapd=1:2.3.19*", 2 },
	{ "one of them, beside others",
		"dovecot-core 1:2.3.19.1\ndovecot-lmtpd 1:2.3.21\n", "unbound",
		"unbound dovecot-lmtpd=1:2.3.19*", 1 },
	{ "another epoch", "dovecot-core 2.3.19\n", "",
		"dovecot-core=1:2.3.19*", 1 },
};

#define STARTS(command) "[Service]\nExecStart=" command "\n"
#define ITS             LEGACY_FOLDER
#define FIND            "vmail find /home/vmail/mail/a.example -mtime +20 -delete"

static const struct {
	const char *name, *text;
	bool want;
} units[] = {
	{ "doveauth", STARTS(ITS "/venv/bin/doveauth sock " ITS "/x"), true },
	{ "new-one", STARTS(ITS "/venv/bin/new-one"), true },
	{ "filtermail", STARTS("/usr/local/bin/filtermail " ITS "/x"), true },
	{ "turnserver", STARTS("/usr/local/bin/chatmail-turn --realm a"),
		true },
	{ "turnserver", STARTS("/usr/bin/turnserver -c /etc/t.conf"), false },
	{ "turnserver", "", false },
	{ "my-turn", STARTS("/usr/local/bin/chatmail-turn --realm a"), false },
	{ "mtail", "# Rendered by cmdeploy\n" STARTS("/usr/local/bin/mtail"),
		false },
	{ "mtail", STARTS("/bin/sh -c \"x | /usr/local/bin/mtail\""), true },
	{ "mtail", STARTS("/usr/bin/mtail"), false },
	{ "acmetool-redirector", STARTS("/usr/bin/acmetool redirector"), true },
	{ "backup", STARTS("/bin/tar -c " ITS " /home/vmail"), false },
	{ "backup", "# not for " ITS "\n" STARTS("/bin/true"), false },
};

static const struct {
	const char *what, *name, *text;
	bool want;
} jobs[] = {
	{ "metrics", "chatmail-metrics",
		"*/5 * * * * root " ITS "/venv/bin/chatmail-metrics a >b\n",
		true },
	{ "expiry", "expunge",
		"# expire\n\n2 0 * * * vmail " ITS "/venv/bin/expire\n", true },
	{ "an old one", "expunge", "MAILTO=root\n2 0 * * * " FIND "\n", true },
	{ "old and older", "expunge",
		"2 0 * * * " FIND "\n3 0 * * * vmail " ITS "/venv/bin/x",
		true },
	{ "with one of somebody's", "expunge",
		"2 0 * * * " FIND "\n3 0 * * * root /root/backup\n", false },
	{ "somebody's", "expunge",
		"2 0 * * * root tar -c /home/vmail/ >/root/x.tar\n", false },
	{ "root's", "expunge", "2 0 * * * root find /home/vmail/mail -delete\n",
		false },
	{ "comments", "expunge", "# " ITS "/venv\n", false },
	{ "too short", "expunge", "2 0 * *\n", false },
	{ "nothing", "expunge", "", false },
	{ "a backup", "backup", "2 0 * * * root tar -c " ITS "/\n", false },
};

static const struct {
	const char *name, *text;
	bool want;
} pins[] = {
	{ "its", "Package: dovecot-*\nPin: version *\nPin-Priority: -1\n",
		true },
	{ "of more",
		"Package: dovecot-*\nPin: version *\nPin-Priority: -1\n\n"
		"Package: nginx\nPin: version *\nPin-Priority: -1\n",
		false },
	{ "to hold a version",
		"Package: dovecot-*\nPin: version 1:2.3.19*\n"
		"Pin-Priority: 1001\n",
		false },
	{ "of one", "Package: dovecot-solr\nPin: version *\n", false },
	{ "nothing", "", false },
};

static void test_owns(void)
{
	for (size_t i = 0; i < ARRAY_LEN(units); i++)
		check_int(units[i].text,
			legacy_owns_unit(slice_of(units[i].name),
				slice_of(units[i].text)),
			units[i].want);
	for (size_t i = 0; i < ARRAY_LEN(jobs); i++)
		check_int(jobs[i].what,
			legacy_owns_job(
				slice_of(jobs[i].name), slice_of(jobs[i].text)),
			jobs[i].want);
	for (size_t i = 0; i < ARRAY_LEN(pins); i++)
		check_int(pins[i].name, legacy_owns_pin(slice_of(pins[i].text)),
			pins[i].want);
}

static void test_packages(void)
{
	for (size_t i = 0; i < ARRAY_LEN(packages); i++) {
		AUTO_BUF struct buf names = BUF_INIT(200);
		buf_add_str(&names, packages[i].before);
		check_int(packages[i].name,
			legacy_pick_packages(
				slice_of(packages[i].list), &names),
			packages[i].n);
		check_str(packages[i].name, buf_str(&names), packages[i].want);
	}
}

int main(void)
{
	test_packages();
	test_owns();
	return test_end();
}
