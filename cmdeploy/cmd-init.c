/* cmdeploy init: writes a chatmail.ini. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "chatmaild/common/config.h"
#include "cmdeploy/commands.h"
#include "cmdeploy/say.h"
#include "lib/file.h"

enum {
	INI_MAX_BYTES = 1 << 20,
};

/* Never over a file that is there, not even one of this moment. */
static int write_new(const char *path, struct slice text, struct buf *why)
{
	int r = dir_make_for(path, 0755, why);

	if (r < 0)
		return r;
	AUTO_CLOSE int fd =
		open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
	if (fd < 0 && errno == EEXIST)
		return because(why, -EEXIST,
			"%s is there already and stays as it is; --force "
			"puts a new one in its place, --ini names another file",
			path);
	if (fd < 0)
		return because(why, -errno, "%s: %s", path, strerror(errno));
	r = fd_write_all(fd, text);
	if (r == 0 && fsync(fd) < 0)
		r = -errno;
	if (r < 0) {
		unlink(path);
		return because(why, r, "%s: %s", path, strerror(-r));
	}
	return 0;
}

/* What was there stays, under another name. */
static int keep_old(const char *path, struct buf *why)
{
	AUTO_FREE char *old = xasprintf("%s.old", path);

	if (rename(path, old) == 0 || errno == ENOENT)
		return 0;
	return because(why, -errno, "%s: %s", old, strerror(errno));
}

static char *lower_case(const char *text)
{
	char *copy = xstrdup(text);

	for (char *c = copy; *c; c++)
		*c = ascii_lower(*c);
	return copy;
}

int cmd_init(int argc, char **argv)
{
	AUTO_BUF struct buf why = BUF_INIT(BUF_WHY_MAX_BYTES);
	AUTO_BUF struct buf text = BUF_INIT(INI_MAX_BYTES);
	const char *path = command_ini();
	bool is_forced = false;
	const struct cmd_option options[] = {
		{ .name = "--ini", .text = &path },
		{ .name = "--config", .text = &path },
		{ .name = "--force", .flag = &is_forced },
	};
	int n = cmd_parse(argc, argv, options, ARRAY_LEN(options), 1, &why);

	if (n < 0)
		return cmd_usage(&commands, "init", buf_str(&why));
	if (n == 0)
		return cmd_usage(&commands, "init", "DOMAIN is missing");
	AUTO_FREE char *domain = lower_case(argv[1]);
	if (!config_is_domain(slice_of(domain))) {
		AUTO_BUF struct buf quoted = BUF_INIT(BUF_WHY_MAX_BYTES);
		buf_add_quoted(&quoted, slice_of(argv[1]));
		say_error("%s is neither a DNS name, such as chat.example.org, "
			  "nor an IP address",
			buf_str(&quoted));
		return EXIT_FAILURE;
	}
	const char *given[] = { "mail_domain", domain, NULL };
	settings_write_ini(&config_settings, given, &text);
	if ((is_forced && keep_old(path, &why) < 0) ||
		write_new(path, buf_slice(&text), &why) < 0) {
		say_error("%s", buf_str(&why));
		return EXIT_FAILURE;
	}
	say("%s: written for %s", path, domain);
	return EXIT_SUCCESS;
}
