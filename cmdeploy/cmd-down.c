/* cmdeploy down: ends a relay that runs from a folder. */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>

#include "cmdeploy/commands.h"
#include "cmdeploy/folder/folder.h"
#include "cmdeploy/say.h"

enum {
	END_MSEC = 10000,
};

/* Tells the process to stop and waits until it has. */
static int end_process(pid_t pid, struct buf *why)
{
	AUTO_CLOSE int fd = (int)syscall(SYS_pidfd_open, pid, 0);
	struct pollfd p = { .fd = fd, .events = POLLIN };

	if (fd < 0 && errno == ESRCH)
		return 0;
	if (fd < 0 || syscall(SYS_pidfd_send_signal, fd, SIGTERM, NULL, 0) < 0)
		return because(why, -errno, "process %d: %s", (int)pid,
			strerror(errno));
	if (poll(&p, 1, END_MSEC) == 1)
		return 0;
	return because(why, -ETIMEDOUT,
		"process %d does not end; \"kill -KILL %d\" would force it",
		(int)pid, (int)pid);
}

int cmd_down(int argc, char **argv)
{
	AUTO_BUF struct buf why = BUF_INIT(BUF_WHY_MAX_BYTES);
	__attribute__((cleanup(relay_release))) struct relay relay = { 0 };
	const char *dir = command_dir(argc, argv);

	if (!dir)
		return CMD_EXIT_USAGE;
	if (folder_open_existing(dir, &relay, &why) < 0) {
		say_error("%s", buf_str(&why));
		return EXIT_FAILURE;
	}
	pid_t pid = folder_runner(&relay);
	if (pid < 0) {
		say_error("%s: cannot look at its lock: %s", relay.dir,
			strerror(-pid));
		return EXIT_FAILURE;
	}
	if (pid == 0) {
		say("No relay runs in %s.", relay.dir);
		return EXIT_NOT_RUNNING;
	}
	say_step("stop");
	if (end_process(pid, &why) < 0) {
		say_error("%s", buf_str(&why));
		return EXIT_FAILURE;
	}
	say_done("the relay in %s has ended", relay.dir);
	return EXIT_SUCCESS;
}
