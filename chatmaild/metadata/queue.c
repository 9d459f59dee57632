/* queue.c - notifications as files, and back. */
#include "chatmaild/metadata/queue.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>

#include "lib/file.h"
#include "lib/num.h"

#define FOLDER "pending_notifications"
#define TMP    ".tmp"
#define BROKEN ".broken"

int queue_open(
	const char *mailboxes_dir, struct queue *ret_queue, struct buf *why)
{
	AUTO_FREE char *path = xasprintf("%s/" FOLDER, mailboxes_dir);

	if (mkdir(path, 0700) < 0 && errno != EEXIST)
		return because(why, -errno, "%s: %s", path, strerror(errno));
	AUTO_CLOSE int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return because(why, -errno, "%s: %s", path, strerror(errno));
	if (flock(fd, LOCK_EX | LOCK_NB) < 0)
		return because(why, -EBUSY,
			"%s: another chatmail-metadata works on it; stop "
			"that one first",
			path);
	ret_queue->fd = fd;
	fd = -1;
	return 0;
}

void queue_close(struct queue *queue)
{
	fd_close(&queue->fd);
}

enum {
	ID_RANDOM_BYTES = QUEUE_ID_BYTES / 2,
};

static void make_id(char *ret_id)
{
	static const char digits[] = "0123456789abcdef";
	/* One call for many. */
	static unsigned char bytes[ID_RANDOM_BYTES * 64];
	static size_t used = sizeof(bytes);

	if (used == sizeof(bytes)) {
		arc4random_buf(bytes, sizeof(bytes));
		used = 0;
	}
	for (size_t i = 0; i < ID_RANDOM_BYTES; i++) {
		unsigned char byte = bytes[used++];
		ret_id[2 * i] = digits[byte >> 4];
		ret_id[2 * i + 1] = digits[byte & 15];
	}
	ret_id[QUEUE_ID_BYTES] = '\0';
}

static int write_new(int folder_fd, const char *name, struct slice text)
{
	AUTO_CLOSE int fd = openat(
		folder_fd, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	return fd < 0 ? -errno : fd_write_all(fd, text);
}

int queue_add(const struct queue *queue, struct slice address, time_t began,
	struct slice token, char *ret_id, struct buf *why)
{
	AUTO_BUF struct buf text = BUF_INIT(QUEUE_FILE_MAX_BYTES);
	char tmp[QUEUE_ID_BYTES + sizeof(TMP)];

	make_id(ret_id);
	memcpy(tmp, ret_id, QUEUE_ID_BYTES);
	memcpy(tmp + QUEUE_ID_BYTES, TMP, sizeof(TMP));
	buf_add_slice(&text, address);
	buf_addf(&text, "\n%lld\n", (long long)began);
	buf_add_slice(&text, token);
	int r = buf_ok(&text) ? write_new(queue->fd, tmp, buf_slice(&text))
			      : -EMSGSIZE;
	if (r == 0 && renameat(queue->fd, tmp, queue->fd, ret_id) < 0)
		r = -errno;
	if (r < 0) {
		unlinkat(queue->fd, tmp, 0);
		return because(why, r, "cannot queue a notification: %s",
			strerror(-r));
	}
	return 0;
}

int notification_parse(struct slice text, struct notification *ret_notification)
{
	struct notification n = { 0 };
	struct slice began;
	uint64_t seconds;

	if (!slice_cut(text, '\n', &n.address, &n.token) ||
		!slice_cut(n.token, '\n', &began, &n.token))
		return -EINVAL;
	/* Others may end the last line, or write fractions of a second. */
	slice_cut(n.token, '\n', &n.token, &(struct slice){ 0 });
	slice_cut(began, '.', &began, &(struct slice){ 0 });
	if (n.address.len == 0 || n.token.len == 0 ||
		num_parse_max(began, INT64_MAX, &seconds) < 0)
		return -EINVAL;
	n.began = (time_t)seconds;
	*ret_notification = n;
	return 0;
}

int queue_read(const struct queue *queue, const char *id,
	struct notification *ret_notification)
{
	AUTO_CLOSE int fd = openat(
		queue->fd, id, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	/* A byte more tells a longer file. */
	AUTO_BUF struct buf text = BUF_INIT(QUEUE_FILE_MAX_BYTES + 1);

	if (fd < 0)
		return errno == ELOOP ? -EINVAL : -errno;
	char *room = buf_room(&text, QUEUE_FILE_MAX_BYTES + 1);
	ssize_t n = read(fd, room, QUEUE_FILE_MAX_BYTES + 1);
	if (n < 0)
		return errno == EISDIR ? -EINVAL : -errno;
	buf_added(&text, (size_t)n);
	if (n > QUEUE_FILE_MAX_BYTES)
		return -EINVAL;
	int r = notification_parse(buf_slice(&text), ret_notification);
	if (r < 0)
		return r;
	ret_notification->text = text;
	text = BUF_INIT(0);
	return 0;
}

void notification_release(struct notification *notification)
{
	buf_release_secret(&notification->text);
}

void queue_remove(const struct queue *queue, const char *id)
{
	unlinkat(queue->fd, id, 0);
}

void queue_put_aside(const struct queue *queue, const char *id)
{
	AUTO_FREE char *aside = xasprintf("%s" BROKEN, id);

	if (renameat(queue->fd, id, queue->fd, aside) < 0)
		unlinkat(queue->fd, id, 0);
}

int queue_scan_open(const struct queue *queue, DIR **ret_dir)
{
	AUTO_CLOSE int fd =
		openat(queue->fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	*ret_dir = fdopendir(fd);
	if (!*ret_dir)
		return -errno;
	fd = -1;
	return 0;
}

int queue_scan_next(const struct queue *queue, DIR *dir, const char **ret_id)
{
	struct dirent *entry;

	errno = 0;
	while ((entry = readdir(dir))) {
		struct slice name = slice_of(entry->d_name);
		if (slice_ends(name, SLICE(TMP))) {
			unlinkat(queue->fd, entry->d_name, 0);
		} else if (name.ptr[0] != '.' &&
			!slice_ends(name, SLICE(BROKEN))) {
			*ret_id = entry->d_name;
			return 1;
		}
		errno = 0;
	}
	return errno ? -errno : 0;
}
