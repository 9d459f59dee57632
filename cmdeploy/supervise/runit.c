/* Talks to runsv(8) by the files of a service folder (runit.h). */
#include "cmdeploy/supervise/runit.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>

#include "lib/file.h"

enum {
	/* TAI64N time, pid (little endian), paused, want, got TERM, state */
	STATUS_BYTES = 20,
	STATUS_NSEC_AT = 8,
	STATUS_PID_AT = 12,
	STATUS_STATE_AT = 19,
	STATE_RUN = 1,
	NSEC = 1000000000,
	LOG_MAX_BYTES = 4 << 20,
	STAMP_BYTES = 26, /* of svlogd -tt, with the blank behind it */
};

/* What runit's clock shows at the start of 1970. */
static const uint64_t TAI_EPOCH = 4611686018427387914ULL;

/* Opens for writing only while runsv reads at the other end. */
static int open_fifo(const char *service_dir, const char *name)
{
	AUTO_FREE char *path = xasprintf("%s/supervise/%s", service_dir, name);
	int fd = open(path, O_WRONLY | O_NONBLOCK | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

static uint64_t big_endian(const unsigned char *at, size_t n)
{
	uint64_t value = 0;

	for (size_t i = 0; i < n; i++)
		value = value << 8 | at[i];
	return value;
}

static uint32_t little_endian(const unsigned char *at)
{
	return at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 |
		(uint32_t)at[3] << 24;
}

int runit_status(const char *service_dir, struct runit_status *ret_status)
{
	AUTO_FREE char *path = xasprintf("%s/supervise/status", service_dir);
	AUTO_BUF struct buf bytes = BUF_INIT(STATUS_BYTES);
	AUTO_CLOSE int fd = open_fifo(service_dir, "ok");

	if (fd == -ENXIO || fd == -ENOENT)
		return 0;
	if (fd < 0)
		return fd;
	int r = file_read(path, &bytes, NULL);
	if (r < 0)
		return r;
	if (bytes.len != STATUS_BYTES)
		return 0;
	const unsigned char *at = (const unsigned char *)bytes.ptr;
	uint64_t sec = big_endian(at, STATUS_NSEC_AT) - TAI_EPOCH;
	ret_status->since = (time_t)sec;
	ret_status->stamp = sec * NSEC +
		big_endian(at + STATUS_NSEC_AT, STATUS_PID_AT - STATUS_NSEC_AT);
	ret_status->pid = (pid_t)little_endian(at + STATUS_PID_AT);
	/* On a full disk runsv cannot write down that it has ended. */
	ret_status->is_up = at[STATUS_STATE_AT] == STATE_RUN &&
		(kill(ret_status->pid, 0) == 0 || errno == EPERM);
	return 1;
}

int runit_control(const char *service_dir, char command)
{
	AUTO_CLOSE int fd = open_fifo(service_dir, "control");

	if (fd < 0)
		return fd;
	return fd_write_all(fd, slice_make(&command, 1));
}

/* Where the last n lines begin. */
static size_t tail_start(struct slice text, size_t n)
{
	size_t at = text.len;

	while (at > 0) {
		if (text.ptr[at - 1] == '\n' && at < text.len && n-- == 1)
			return at;
		at--;
	}
	return 0;
}

void runit_log_tail(const char *log_dir, size_t n, struct buf *out)
{
	AUTO_FREE char *path = xasprintf("%s/current", log_dir);
	AUTO_BUF struct buf text = BUF_INIT(LOG_MAX_BYTES);
	struct slice rest, line;

	if (file_read(path, &text, NULL) < 0)
		return;
	rest = slice_from(buf_slice(&text), tail_start(buf_slice(&text), n));
	while (slice_next_line(&rest, &line)) {
		bool is_stamped = line.len > STAMP_BYTES && line.ptr[4] == '-';
		buf_add_str(out, "    ");
		buf_add_plain(
			out, slice_from(line, is_stamped ? STAMP_BYTES : 0));
		buf_add_char(out, '\n');
	}
}
