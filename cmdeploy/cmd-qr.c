/* cmdeploy qr: the link and the code by which apps get an account. */
#include <string.h>

#include "cmdeploy/commands.h"
#include "cmdeploy/folder/folder.h"
#include "cmdeploy/folder/screen.h"
#include "cmdeploy/say.h"
#include "cmdeploy/server/server.h"
#include "lib/file.h"

static int show_folder(const char *dir)
{
	AUTO_BUF struct buf why = BUF_INIT(BUF_WHY_MAX_BYTES);
	__attribute__((cleanup(relay_release))) struct relay relay = { 0 };

	if (folder_open_existing(dir, &relay, &why) < 0) {
		say_error("%s", buf_str(&why));
		return EXIT_FAILURE;
	}
	screen_link(&relay);
	if (folder_runner(&relay) == 0)
		say_note("the relay does not run; \"cmdeploy up\" starts it");
	return EXIT_SUCCESS;
}

static int show_server(const char *ini)
{
	AUTO_BUF struct buf why = BUF_INIT(BUF_WHY_MAX_BYTES);
	__attribute__((cleanup(config_release))) struct config config = { 0 };

	if (config_load(ini, &config, NULL, NULL, &why) < 0) {
		say_error("%s", buf_str(&why));
		return EXIT_FAILURE;
	}
	screen_invitation(&config);
	return EXIT_SUCCESS;
}

/* The folder, or, when none was named, the server of the settings here. */
int cmd_qr(int argc, char **argv)
{
	const char *dir = command_dir(argc, argv);

	if (!dir)
		return CMD_EXIT_USAGE;
	if (strcmp(dir, DIR_DEFAULT) == 0 && !file_exists(DIR_DEFAULT)) {
		if (command_has_ini())
			return show_server(command_ini());
		if (file_exists(SERVER_INI))
			return show_server(SERVER_INI);
	}
	return show_folder(dir);
}
