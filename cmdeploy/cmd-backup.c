/* cmdeploy backup: of a relay in a folder. */
#include <errno.h>

#include "cmdeploy/commands.h"
#include "cmdeploy/folder/folder.h"
#include "cmdeploy/moving/backup.h"
#include "cmdeploy/say.h"

static int run(const char *dir, const struct backup_options *o)
{
	AUTO_BUF struct buf why = BUF_INIT(BUF_WHY_MAX_BYTES);
	__attribute__((cleanup(relay_release))) struct relay relay = { 0 };
	int r = folder_open_existing(dir, &relay, &why);

	if (r == 0)
		r = backup_run(&relay, o, &why);
	if (r == -EINTR)
		say_interrupted();
	else if (r < 0)
		say_error("%s", buf_str(&why));
	return r < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}

int cmd_backup(int argc, char **argv)
{
	AUTO_BUF struct buf why = BUF_INIT(BUF_WHY_MAX_BYTES);
	const char *dir = DIR_DEFAULT;
	bool without_mail = false;
	const struct cmd_option options[] = {
		{ .name = "--dir", .text = &dir },
		{ .name = "--without-mail", .flag = &without_mail },
	};
	int n = cmd_parse(argc, argv, options, ARRAY_LEN(options), 1, &why);

	if (n < 0)
		return cmd_usage(&commands, "backup", buf_str(&why));
	if (n == 0)
		return cmd_usage(&commands, "backup",
			"where to? Give a folder, sftp:HOST:FOLDER, or another "
			"place that restic knows");
	return run(dir,
		&(struct backup_options){
			.target = argv[1],
			.has_mail = !without_mail,
		});
}
