/* The command webdev: shows the web pages while they are changed. */
#include <errno.h>

#include "cmdeploy/commands.h"
#include "cmdeploy/say.h"
#include "cmdeploy/webdev/webdev.h"
#include "lib/num.h"

enum {
	PORT_MAX = 65535,
};

static int parse(int argc, char **argv, struct webdev_options *o, bool *is_copy,
	struct buf *why)
{
	const char *port = NULL;
	bool is_quiet = false;
	const struct cmd_option table[] = {
		{ .name = "--ini", .text = &o->ini },
		{ .name = "--config", .text = &o->ini },
		{ .name = "--port", .text = &port },
		{ .name = "--no-browser", .flag = &is_quiet },
		{ .name = "--copy", .flag = is_copy },
	};
	uint64_t n = WEBDEV_PORT;
	int r = cmd_parse(argc, argv, table, ARRAY_LEN(table), 0, why);

	if (r == 0 && port && num_parse_max(slice_of(port), PORT_MAX, &n) < 0)
		r = because(why, -EINVAL, "--port %s: not from 0 to %d", port,
			PORT_MAX);
	o->port = (unsigned)n;
	o->is_port_usual = !port;
	o->has_browser = !is_quiet;
	return r;
}

static int fail(const struct buf *why)
{
	say_error("%s", buf_str(why));
	return EXIT_FAILURE;
}

int cmd_webdev(int argc, char **argv)
{
	AUTO_BUF struct buf why = BUF_INIT(BUF_WHY_MAX_BYTES);
	AUTO_FREE char *dir = NULL;
	struct webdev_options o = { .ini = command_ini() };
	bool is_copy = false;

	if (parse(argc, argv, &o, &is_copy, &why) < 0)
		return cmd_usage(&commands, "webdev", buf_str(&why));
	if (is_copy) {
		if (webdev_copy(o.ini, &dir, &why) < 0)
			return fail(&why);
		say("%s: our pages, to be changed", dir);
	}
	return webdev_run(&o, &why) < 0 ? fail(&why) : EXIT_SUCCESS;
}
