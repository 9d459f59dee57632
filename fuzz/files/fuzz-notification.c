/*
 * A file of the queue: what is read from it was in it, and is whole; and what
 * the queue took, it gives back.
 */
#include "chatmaild/metadata/queue.h"

#include <unistd.h>

#include "fuzz/fuzz.h"

static bool is_inside(struct slice part, struct slice text)
{
	return part.ptr >= text.ptr &&
		part.ptr + part.len <= text.ptr + text.len;
}

static void queue_again(struct queue *queue, const struct notification *n)
{
	AUTO_BUF struct buf why = BUF_INIT(BUF_WHY_MAX_BYTES);
	char id[QUEUE_ID_BYTES + 1];
	struct notification again;

	if (queue_add(queue, n->address, n->began, n->token, id, &why) < 0)
		return;
	demand(queue_read(queue, id, &again) == 0);
	demand(slice_eq(again.address, n->address));
	demand(slice_eq(again.token, n->token));
	demand(again.began == n->began);
	notification_release(&again);
	queue_remove(queue, id);
}

/* On a disk, in a folder that is there as long as one input is. */
static void check_disk(const struct notification *n)
{
	AUTO_BUF struct buf why = BUF_INIT(BUF_WHY_MAX_BYTES);
	char dir[] = "/tmp/fuzz-notification-XXXXXX";
	struct queue queue;

	demand(mkdtemp(dir));
	demand(queue_open(dir, &queue, &why) == 0);
	queue_again(&queue, n);
	queue_close(&queue);
	AUTO_FREE char *folder = xasprintf("%s/pending_notifications", dir);
	demand(rmdir(folder) == 0 && rmdir(dir) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct slice text = slice_make(data, len);
	struct notification n;

	if (notification_parse(text, &n) < 0)
		return 0;
	demand(is_inside(n.address, text));
	demand(is_inside(n.token, text));
	demand(n.address.len > 0 && n.token.len > 0);
	demand(!memchr(n.address.ptr, '\n', n.address.len));
	demand(!memchr(n.token.ptr, '\n', n.token.len));
	demand(n.began >= 0);
	check_disk(&n);
	return 0;
}
