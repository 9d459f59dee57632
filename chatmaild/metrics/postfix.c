/* postfix.c - a client of showq(8). */
#include "chatmaild/metrics/postfix.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>

enum {
	/* The rest of a longer word is not looked at. */
	WORD_MAX_BYTES = 64,
	READ_BYTES = 65536,
	PATIENCE_SEC = 60,
};

const char *const postfix_queues[POSTFIX_QUEUES_N] = { "incoming", "active",
	"deferred", "hold" };

void showq_init(struct showq *showq)
{
	*showq = (struct showq){ .word = BUF_INIT(WORD_MAX_BYTES) };
}

void showq_release(struct showq *showq)
{
	buf_release(&showq->word);
}

static void count(struct showq *s)
{
	for (size_t i = 0; i < POSTFIX_QUEUES_N; i++)
		s->n[i] += slice_eq_str(buf_slice(&s->word), postfix_queues[i]);
}

static void end_word(struct showq *s)
{
	if (s->is_value) {
		if (s->is_queue)
			count(s);
		s->is_value = false;
	} else if (s->word.len > 0) {
		s->is_queue = slice_eq_str(buf_slice(&s->word), "queue_name");
		s->is_value = true;
	}
	buf_reset(&s->word);
}

void showq_feed(struct showq *s, struct slice piece)
{
	for (size_t i = 0; i < piece.len; i++) {
		if (piece.ptr[i] == '\0')
			end_word(s);
		else
			buf_add_char(&s->word, piece.ptr[i]);
	}
}

static int read_all(int fd, struct showq *s)
{
	AUTO_FREE char *room = xmalloc(READ_BYTES);
	ssize_t n;

	while ((n = read(fd, room, READ_BYTES)) != 0) {
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		showq_feed(s, slice_make(room, (size_t)n));
	}
	return 0;
}

int postfix_count(const char *queue_dir, uint64_t ret_n[POSTFIX_QUEUES_N],
	struct buf *why)
{
	AUTO_FREE char *path = xasprintf("%s/public/showq", queue_dir);
	const struct timeval patience = { .tv_sec = PATIENCE_SEC };
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	AUTO_CLOSE int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct showq s;

	if (fd < 0)
		return because(why, -errno, "socket: %s", strerror(errno));
	if (strlen(path) >= sizeof(address.sun_path))
		return because(why, -ENAMETOOLONG, "%s: too long", path);
	memcpy(address.sun_path, path, strlen(path) + 1);
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	if (connect(fd, (const struct sockaddr *)&address, sizeof(address)) < 0)
		return because(why, -errno,
			"%s: %s; Postfix must run, and this user be in the "
			"group postdrop",
			path, strerror(errno));
	showq_init(&s);
	int r = read_all(fd, &s);
	if (r == 0)
		memcpy(ret_n, s.n, sizeof(s.n));
	showq_release(&s);
	return r < 0 ? because(why, r, "%s: %s", path, strerror(-r)) : 0;
}
