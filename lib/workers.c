/* workers.c - threads, the queue they take jobs from, and the way back. */
#include "lib/workers.h"

#include <errno.h>
#include <pthread.h>
#include <stdint.h>
#include <sys/eventfd.h>
#include <sys/resource.h>

#include "lib/die.h"

enum {
	STACK_BYTES = 256 * 1024,
};

struct job_list {
	struct worker_job *first;
	struct worker_job **tail;
	size_t n;
};

struct workers {
	struct workers_options options;
	sd_event_source *io;
	int wake_fd; /* readable: there is something in `finished` */
	pthread_t *threads;
	unsigned n_started;
	pthread_mutex_t lock; /* guards what follows */
	pthread_cond_t more;
	struct job_list waiting;
	struct job_list finished;
	bool is_stopping;
};

static void list_init(struct job_list *list)
{
	*list = (struct job_list){ 0 };
	list->tail = &list->first;
}

static void list_add(struct job_list *list, struct worker_job *job)
{
	job->next = NULL;
	*list->tail = job;
	list->tail = &job->next;
	list->n++;
}

static struct worker_job *list_take(struct job_list *list)
{
	struct worker_job *job = list->first;

	if (!job)
		return NULL;
	list->first = job->next;
	if (!list->first)
		list->tail = &list->first;
	list->n--;
	job->next = NULL;
	return job;
}

/* The lock is held. NULL when the workers are being freed. */
static struct worker_job *wait_for_job(struct workers *w)
{
	while (!w->waiting.first && !w->is_stopping)
		pthread_cond_wait(&w->more, &w->lock);
	return w->is_stopping ? NULL : list_take(&w->waiting);
}

/* The lock is held. One wake-up of the loop serves many jobs. */
static void hand_back(struct workers *w, struct worker_job *job)
{
	bool was_empty = !w->finished.first;

	list_add(&w->finished, job);
	if (was_empty && eventfd_write(w->wake_fd, 1) < 0)
		bug("cannot wake the event loop");
}

/* This thread alone; where the system forbids it, it works on as it is. */
static void give_way(int niceness)
{
	if (niceness != 0)
		setpriority(PRIO_PROCESS, (id_t)gettid(), niceness);
}

static void *thread_main(void *arg)
{
	struct workers *w = arg;
	struct worker_job *job;

	give_way(w->options.niceness);
	pthread_mutex_lock(&w->lock);
	while ((job = wait_for_job(w))) {
		pthread_mutex_unlock(&w->lock);
		w->options.run(job);
		pthread_mutex_lock(&w->lock);
		hand_back(w, job);
	}
	pthread_mutex_unlock(&w->lock);
	return NULL;
}

/* The lock is held. */
static int start_threads(struct workers *w)
{
	pthread_attr_t attr;

	if (w->n_started)
		return 0;
	if (pthread_attr_init(&attr) != 0 ||
		pthread_attr_setstacksize(&attr, STACK_BYTES) != 0)
		bug("cannot describe a thread");
	while (w->n_started < w->options.n_threads &&
		pthread_create(
			&w->threads[w->n_started], &attr, thread_main, w) == 0)
		w->n_started++;
	pthread_attr_destroy(&attr);
	return w->n_started ? 0 : -EAGAIN;
}

static void call_done(struct job_list *list, bool is_cancelled)
{
	struct worker_job *job;

	while ((job = list_take(list))) {
		job->is_cancelled = is_cancelled;
		job->done(job);
	}
}

static int on_wake(sd_event_source *s UNUSED, int fd, uint32_t revents UNUSED,
	void *userdata)
{
	struct workers *w = userdata;
	struct job_list done;
	struct worker_job *job;
	eventfd_t ignored;

	list_init(&done);
	if (eventfd_read(fd, &ignored) < 0)
		return 0;
	pthread_mutex_lock(&w->lock);
	while ((job = list_take(&w->finished)))
		list_add(&done, job);
	pthread_mutex_unlock(&w->lock);
	call_done(&done, false);
	return 0;
}

int workers_new(sd_event *event, const struct workers_options *options,
	struct workers **ret_workers)
{
	struct workers *w = xcalloc(1, sizeof(*w));

	w->options = *options;
	list_init(&w->waiting);
	list_init(&w->finished);
	w->threads = xcalloc(options->n_threads, sizeof(*w->threads));
	if (pthread_mutex_init(&w->lock, NULL) != 0 ||
		pthread_cond_init(&w->more, NULL) != 0)
		bug("cannot make a lock");
	w->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	int r = w->wake_fd < 0 ? -errno : 0;
	if (r == 0)
		r = sd_event_add_io(
			event, &w->io, w->wake_fd, EPOLLIN, on_wake, w);
	if (r < 0) {
		workers_free(w);
		return r;
	}
	*ret_workers = w;
	return 0;
}

int workers_submit(struct workers *w, struct worker_job *job)
{
	pthread_mutex_lock(&w->lock);
	int r = start_threads(w);
	if (r < 0 || w->waiting.n >= w->options.queue_max || w->is_stopping)
		r = -EAGAIN;
	else
		list_add(&w->waiting, job);
	pthread_mutex_unlock(&w->lock);
	if (r == 0)
		pthread_cond_signal(&w->more);
	return r;
}

void workers_free(struct workers *w)
{
	if (!w)
		return;
	pthread_mutex_lock(&w->lock);
	w->is_stopping = true;
	pthread_mutex_unlock(&w->lock);
	pthread_cond_broadcast(&w->more);
	for (unsigned i = 0; i < w->n_started; i++)
		pthread_join(w->threads[i], NULL);
	call_done(&w->finished, false);
	call_done(&w->waiting, true);
	sd_event_source_disable_unref(w->io);
	fd_close(&w->wake_fd);
	pthread_cond_destroy(&w->more);
	pthread_mutex_destroy(&w->lock);
	free(w->threads);
	free(w);
}
