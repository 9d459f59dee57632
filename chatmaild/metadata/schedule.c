/* schedule.c - a binary heap. */
#include "chatmaild/metadata/schedule.h"

#include <string.h>

#include "lib/die.h"

enum {
	FIRST_CAP = 64,
};

struct due *due_new(struct slice id)
{
	struct due *due = xcalloc(1, sizeof(*due) + id.len + 1);

	memcpy(due->id, id.ptr, id.len);
	return due;
}

void schedule_release(struct schedule *schedule)
{
	for (size_t i = 0; i < schedule->n; i++)
		free(schedule->heap[i]);
	free(schedule->heap);
	*schedule = (struct schedule){ 0 };
}

static bool is_before(const struct due *a, const struct due *b)
{
	if (a->at != b->at)
		return a->at < b->at;
	/* The count may have passed its end and begun at 0 again. */
	return (int32_t)(a->order - b->order) < 0;
}

void schedule_add(struct schedule *schedule, struct due *due, uint64_t at)
{
	size_t i = schedule->n++;

	if (schedule->n > schedule->cap) {
		size_t half = schedule->cap / 2;
		schedule->cap += half > FIRST_CAP ? half : FIRST_CAP;
		schedule->heap = xreallocarray(
			schedule->heap, schedule->cap, sizeof(*schedule->heap));
	}
	due->at = at;
	due->order = schedule->order++;
	while (i > 0 && is_before(due, schedule->heap[(i - 1) / 2])) {
		schedule->heap[i] = schedule->heap[(i - 1) / 2];
		i = (i - 1) / 2;
	}
	schedule->heap[i] = due;
}

const struct due *schedule_first(const struct schedule *schedule)
{
	return schedule->n ? schedule->heap[0] : NULL;
}

/* Memory of a great backlog is given back when that is gone. */
static void shrink(struct schedule *schedule)
{
	if (schedule->cap <= FIRST_CAP || schedule->n > schedule->cap / 4)
		return;
	schedule->cap /= 2;
	schedule->heap = xreallocarray(
		schedule->heap, schedule->cap, sizeof(*schedule->heap));
}

struct due *schedule_pop(struct schedule *schedule)
{
	struct due **heap = schedule->heap;
	size_t i = 0, child;

	if (schedule->n == 0)
		bug("nothing is scheduled");
	struct due *first = heap[0];
	size_t n = --schedule->n;
	struct due *last = heap[n];
	while ((child = 2 * i + 1) < n) {
		if (child + 1 < n && is_before(heap[child + 1], heap[child]))
			child++;
		if (!is_before(heap[child], last))
			break;
		heap[i] = heap[child];
		i = child;
	}
	heap[i] = last;
	shrink(schedule);
	return first;
}
