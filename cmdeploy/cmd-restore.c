/* cmdeploy restore: a relay out of a backup, into a folder. */
#include <errno.h>

#include "cmdeploy/commands.h"
#include "cmdeploy/moving/restore.h"
#include "cmdeploy/say.h"

static int run(const struct restore_options *o)
{
	AUTO_BUF struct buf why = BUF_INIT(BUF_WHY_MAX_BYTES);
	int r = restore_run(o, &why);

	if (r == -EINTR) {
		say_interrupted();
		say("Run it again; it brings back what is missing.");
	} else if (r < 0) {
		say_error("%s", buf_str(&why));
	}
	return r < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}

int cmd_restore(int argc, char **argv)
{
	AUTO_BUF struct buf why = BUF_INIT(BUF_WHY_MAX_BYTES);
	struct restore_options o = { .dir = DIR_DEFAULT };
	bool without_mail = false;
	const struct cmd_option options[] = {
		{ .name = "--dir", .text = &o.dir },
		{ .name = "--key", .text = &o.key_path },
		{ .name = "--without-mail", .flag = &without_mail },
	};
	int n = cmd_parse(argc, argv, options, ARRAY_LEN(options), 1, &why);

	if (n < 0)
		return cmd_usage(&commands, "restore", buf_str(&why));
	if (n == 0)
		return cmd_usage(&commands, "restore",
			"give the place where the backup is");
	o.target = argv[1];
	o.has_mail = !without_mail;
	return run(&o);
}
