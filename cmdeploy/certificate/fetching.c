/* A certificate that a child fetches, which tells its verdict in a pipe. */
#include "cmdeploy/certificate/fetching.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>

#include "cmdeploy/certificate/certificate.h"
#include "cmdeploy/signals.h"

enum {
	ROUND_MSEC = 200,
};

static int fetch(void *owner, struct buf *why)
{
	return certificate_fetch(owner, why);
}

int fetching_begin(const struct relay *relay, struct fetching *ret_fetching,
	struct buf *why)
{
	return child_task_begin(
		fetch, (void *)(uintptr_t)relay, &ret_fetching->task, why);
}

/* It ends by itself when told; its parent may be told alone. */
static void wait_for_verdict(const struct fetching *f)
{
	struct pollfd p = { .fd = f->task.fd, .events = POLLIN };

	while (poll(&p, 1, ROUND_MSEC) == 0)
		if (signals_told_to_stop())
			kill(f->task.pid, SIGTERM);
}

int fetching_end(struct fetching *f, struct buf *why)
{
	wait_for_verdict(f);
	int r = child_task_end(&f->task, why);
	return signals_told_to_stop() ? -EINTR : r;
}

void fetching_drop(struct fetching *f)
{
	if (f->task.pid == 0)
		return;
	kill(f->task.pid, SIGTERM);
	int ignored = fetching_end(f, NULL);
	(void)ignored;
}
