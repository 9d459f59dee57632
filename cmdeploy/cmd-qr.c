#include <string.h>

#include "cmdeploy/commands.h"
#include "cmdeploy/relay/relay.h"
#include "cmdeploy/relay/screen.h"
#include "cmdeploy/say.h"

int cmd_qr(int argc, char **argv)
{
	AUTO_BUF struct buf why = BUF_INIT(BUF_WHY_MAX_BYTES);
	__attribute__((cleanup(relay_release))) struct relay relay = { 0 };
	const char *dir = command_dir(argc, argv);

	if (!dir)
		return CMD_EXIT_USAGE;
	if (relay_open_existing(dir, &relay, &why) < 0) {
		say_error("%s", buf_str(&why));
		return EXIT_FAILURE;
	}
	screen_link(&relay);
	if (relay_runner(&relay) == 0)
		say_note("the relay does not run; \"cmdeploy up\" starts it");
	return EXIT_SUCCESS;
}
