#include "cmdeploy/certificate/fetching.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "cmdeploy/certificate/certificate.h"
#include "cmdeploy/signals.h"

enum {
	ROUND_MSEC = 200,
};

/* The verdict is a line with the number, and the reason after it. */
static void NORETURN child_run(const struct relay *relay, int fd, pid_t parent)
{
	AUTO_BUF struct buf why = BUF_INIT(BUF_WHY_MAX_BYTES);
	AUTO_BUF struct buf verdict = BUF_INIT(2 * BUF_WHY_MAX_BYTES);

	prctl(PR_SET_PDEATHSIG, SIGTERM);
	if (getppid() != parent)
		_exit(EXIT_FAILURE);
	int r = certificate_fetch(relay, &why);
	buf_addf(&verdict, "%d\n%s", r, buf_str(&why));
	_exit(fd_write_all(fd, buf_slice(&verdict)) < 0);
}

int fetching_begin(const struct relay *relay, struct fetching *ret_fetching,
	struct buf *why)
{
	int ends[2];
	pid_t parent = getpid();

	if (pipe2(ends, O_CLOEXEC) < 0)
		return because(why, -errno, "pipe: %s", strerror(errno));
	pid_t pid = fork();
	if (pid == 0)
		child_run(relay, ends[1], parent);
	int error = errno;
	close(ends[1]);
	if (pid < 0) {
		close(ends[0]);
		return because(why, -error, "fork: %s", strerror(error));
	}
	*ret_fetching = (struct fetching){ .pid = pid, .fd = ends[0] };
	return 0;
}

/* It ends by itself when told; its parent may be told alone. */
static void wait_for_verdict(const struct fetching *f)
{
	struct pollfd p = { .fd = f->fd, .events = POLLIN };

	while (poll(&p, 1, ROUND_MSEC) == 0)
		if (signals_told_to_stop())
			kill(f->pid, SIGTERM);
}

int fetching_end(struct fetching *f, struct buf *why)
{
	AUTO_BUF struct buf verdict = BUF_INIT(2 * BUF_WHY_MAX_BYTES);
	struct slice number, reason;

	wait_for_verdict(f);
	int r = fd_read_all(f->fd, &verdict);
	close(f->fd);
	/* Somebody else may have reaped it by now. */
	waitpid(f->pid, NULL, 0);
	*f = (struct fetching){ 0 };
	if (signals_told_to_stop())
		return -EINTR;
	if (r < 0 || !slice_cut(buf_slice(&verdict), '\n', &number, &reason))
		return because(why, -EIO,
			"what fetches the certificate has ended early");
	if (slice_eq_str(number, "0"))
		return 0;
	return because(why, -EIO, "%.*s", SLICE_FMT(reason));
}

void fetching_drop(struct fetching *f)
{
	if (f->pid == 0)
		return;
	kill(f->pid, SIGTERM);
	int ignored = fetching_end(f, NULL);
	(void)ignored;
}
