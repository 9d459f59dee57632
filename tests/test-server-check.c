/* Unit tests of cmdeploy/server/check.h. */
#include <errno.h>

#include "cmdeploy/server/check.h"
#include "tests/test.h"

#define DEBIAN "os=debian\nos_version=12\nos_name=Debian 12\n"
#define ROOM   "memory_kb=1000000\ndisk_kb=8000000\n"
#define FREE   "systemd=yes\nrelay=\nsite=\nlisteners=22:sshd \n"

/* What a host has told, as it is. */
struct told {
	struct host host;
	const char *facts;
};

static int told_fact(const struct host *host, const char *name, struct buf *out,
	struct buf *why UNUSED)
{
	const struct told *told = CONTAINER_OF(host, struct told, host);

	return facts_find(slice_of(told->facts), name, out) == 1 ? 0 : -ENOENT;
}

static void test_check(void)
{
	static const struct {
		const char *facts, *want;
	} cases[] = {
		{ DEBIAN ROOM FREE, "" },
		{ "os=debian\nos_version=13\nos_name=Debian 13\n" ROOM FREE,
			"" },
		{ "os=debian\nos_version=14\nos_name=Debian 14\n" ROOM FREE,
			"h runs Debian 14; a relay needs Debian 12 or 13" },
		{ "os=ubuntu\nos_version=24.04\nos_name=Ubuntu 24.04\n" ROOM
				FREE,
			"h runs Ubuntu 24.04; a relay needs Debian 12 or 13" },
		{ DEBIAN ROOM "systemd=yes\nrelay=relay.example\nlisteners=25:"
			      "other \n",
			"" },
		{ DEBIAN ROOM "systemd=yes\nrelay=\nlisteners=8080:x \n", "" },
		{ DEBIAN ROOM "systemd=yes\nrelay=\nlisteners=8080:x "
			      "80:nginx \n",
			"h: port 80, which a relay needs, is in use by nginx; "
			"stop and remove that first" },
		{ "os=debian\nos_version=11\nos_name=Debian 11\n" ROOM FREE,
			"h runs Debian 11; a relay needs Debian 12 or 13" },
		{ "os=debian\nos_version=\nos_name=Debian sid\n" ROOM FREE,
			"h runs Debian sid; a relay needs Debian 12 or 13" },
		{ "os=ubuntu\nos_version=12\nos_name=U\n" ROOM FREE,
			"h runs U; a relay needs Debian 12 or 13" },
		{ DEBIAN ROOM "systemd=yes\nrelay=other.example\nlisteners=\n",
			"h is the relay other.example, but mail_domain is "
			"relay.example; name another host by --ssh-host, or, "
			"to give up other.example, remove "
			"/var/lib/chatmail/mail_domain there" },
		{ DEBIAN "memory_kb=400000\ndisk_kb=8000000\n" FREE,
			"h has 390 MB of memory; a relay needs 512 MB" },
		{ DEBIAN "memory_kb=1000000\ndisk_kb=900000\n" FREE,
			"h: 878 MB free in /var, 1000 MB needed; make room "
			"first" },
		{ DEBIAN "memory_kb=1000000\ndisk_kb=900000\n"
			 "systemd=yes\nrelay=relay.example\nlisteners=\n",
			"" },
		{ DEBIAN ROOM "var=read-only\n" FREE, "h: /var is read-only" },
		{ DEBIAN ROOM
			"systemd=yes\nrelay=\nlisteners=22:sshd 25:exim4 \n",
			"h: port 25, which a relay needs, is in use by exim4; "
			"stop and remove that first" },
		{ DEBIAN ROOM "systemd=yes\nrelay=\nlisteners=443:apache2 "
			      "80:apache2 \n",
			"h: port 443, which a relay needs, is in use by "
			"apache2; stop and remove that first" },
		{ DEBIAN ROOM "systemd=\nrelay=\n",
			"systemd does not run h, and a relay that is set up "
			"from another machine needs it; \"cmdeploy run "
			"--ssh-host @local\" there runs one without it, in "
			"the foreground" },
		{ DEBIAN ROOM "systemd=yes\nrelay=\n"
			      "site=/etc/nginx/sites-enabled/shop\n",
			"h: nginx serves another site here: "
			"/etc/nginx/sites-enabled/shop; a relay needs the "
			"server for itself: remove that file, or use another "
			"server" },
		{ DEBIAN ROOM "systemd=yes\nrelay=\nlegacy=yes\n"
			      "site=/etc/nginx/sites-enabled/chatmail\n"
			      "listeners=25:smtpd 993:x\n",
			"" },
	};
	char domain[] = "relay.example";
	const struct config config = { .mail_domain = domain };

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		AUTO_BUF struct buf why = BUF_INIT(BUF_WHY_MAX_BYTES);
		struct told told = {
			.host = { .name = "h", .fact = told_fact },
			.facts = cases[i].facts,
		};
		int r = server_check_host(&told.host, &config, &why);
		check_int(cases[i].facts, r < 0, cases[i].want[0] != 0);
		check_str(cases[i].facts, buf_str(&why), cases[i].want);
	}
}

int main(void)
{
	test_check();
	return test_end();
}
