#include "cmdeploy/testrun/apart.h"

#include <errno.h>
#include <net/if.h>
#include <sched.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

/* A new network namespace begins with its loopback switched off. */
static int switch_loopback_on(void)
{
	AUTO_CLOSE int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct ifreq request = {
		.ifr_name = "lo",
		.ifr_flags = IFF_UP | IFF_RUNNING,
	};

	if (fd < 0)
		return -errno;
	return ioctl(fd, SIOCSIFFLAGS, &request) < 0 ? -errno : 0;
}

int network_go_apart(struct buf *why)
{
	int r = unshare(CLONE_NEWNET) < 0 ? -errno : switch_loopback_on();

	if (r < 0)
		return because(why, r,
			"no network of our own: %s; run it as root, where "
			"namespaces are allowed",
			strerror(-r));
	return 0;
}
