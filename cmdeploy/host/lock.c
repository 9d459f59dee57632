/* Locks on files, and who holds them. */
#include "cmdeploy/host/lock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include "lib/file.h"
#include "lib/num.h"

enum {
	PID_MAX_BYTES = 32,
};

static const struct flock whole_file = {
	.l_type = F_WRLCK,
	.l_whence = SEEK_SET,
};

int lock_open(const char *path, int *ret_fd, struct buf *why)
{
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0644);

	if (fd < 0)
		return because(why, -errno, "%s: %s", path, strerror(errno));
	*ret_fd = fd;
	return 0;
}

static int write_holder(int fd)
{
	AUTO_FREE char *text = xasprintf("%d\n", (int)getpid());

	if (ftruncate(fd, 0) < 0 || lseek(fd, 0, SEEK_SET) < 0)
		return -errno;
	return fd_write_all(fd, slice_of(text));
}

int lock_try(int fd)
{
	if (fcntl(fd, F_OFD_SETLK, &whole_file) < 0)
		return errno == EAGAIN || errno == EACCES ? 0 : -errno;
	int r = write_holder(fd);
	return r < 0 ? r : 1;
}

int lock_wait(int fd)
{
	while (fcntl(fd, F_OFD_SETLKW, &whole_file) < 0)
		if (errno != EINTR)
			return -errno;
	return write_holder(fd);
}

pid_t lock_holder(int fd)
{
	char text[PID_MAX_BYTES];
	struct flock lock = whole_file;
	uint64_t pid;

	if (fcntl(fd, F_OFD_GETLK, &lock) < 0)
		return -errno;
	/* A process of an older version locks it for itself. */
	if (lock.l_type == F_UNLCK || lock.l_pid > 0)
		return lock.l_type == F_UNLCK ? 0 : lock.l_pid;
	ssize_t n = pread(fd, text, sizeof(text), 0);
	if (n < 0)
		return -errno;
	struct slice said = slice_trim((struct slice){ text, (size_t)n });
	return num_parse_max(said, INT32_MAX, &pid) < 0 ? -ESRCH : (pid_t)pid;
}
