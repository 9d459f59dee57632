/*
 * mxdeliv - takes mail that another relay posts over HTTPS, and hands it to
 * the filter of incoming mail. See mxdeliv(8).
 */
#include <string.h>
#include <sys/un.h>

#include "chatmaild/mxdeliv/request.h"
#include "lib/die.h"
#include "lib/log.h"
#include "lib/loop.h"
#include "lib/service.h"

enum {
	/* Some have not begun, or have ended. */
	CONNECTIONS_MAX = REQUESTS_MAX + 100,
	/* For the header lines, and pieces of the message. */
	CONNECTION_MAX_BYTES = 160 << 10,
	/* A client that says nothing; libmicrohttpd does not count the time
	 * in which the filter is waited for. */
	IDLE_SEC = 60,
	USEC_PER_MSEC = 1000,
};

struct program {
	struct receiver receiver;
	struct MHD_Daemon *daemon;
};

/* Does what is ready, and asks when it must be done again. */
static void run(struct program *program)
{
	MHD_UNSIGNED_LONG_LONG msec;

	MHD_run(program->daemon);
	if (loop_is_over(program->receiver.event))
		return;
	if (MHD_get_timeout(program->daemon, &msec) != MHD_YES) {
		sd_event_source_set_enabled(
			program->receiver.timer, SD_EVENT_OFF);
		return;
	}
	sd_event_source_set_time_relative(
		program->receiver.timer, msec * USEC_PER_MSEC);
	sd_event_source_set_enabled(program->receiver.timer, SD_EVENT_ONESHOT);
}

static int on_io(sd_event_source *s UNUSED, int fd UNUSED,
	uint32_t events UNUSED, void *program)
{
	run(program);
	return 0;
}

static int on_timer(
	sd_event_source *s UNUSED, uint64_t usec UNUSED, void *program)
{
	run(program);
	return 0;
}

static void on_accept(void *owner, int fd)
{
	struct program *program = owner;
	struct sockaddr_un nginx = { .sun_family = AF_UNIX };

	request_make_room(&program->receiver);
	/* It closes the connection that is one too many. */
	if (MHD_add_connection(program->daemon, fd, (struct sockaddr *)&nginx,
		    sizeof(nginx)) != MHD_YES)
		log_warning("too many connections: max=%d", CONNECTIONS_MAX);
	run(program);
}

static void start_daemon(struct program *program)
{
	sd_event *event = program->receiver.event;

	program->daemon = MHD_start_daemon(MHD_USE_EPOLL |
			MHD_USE_NO_LISTEN_SOCKET | MHD_ALLOW_SUSPEND_RESUME,
		0, NULL, NULL, request_on_access, &program->receiver,
		MHD_OPTION_NOTIFY_COMPLETED, request_on_completed, NULL,
		MHD_OPTION_CONNECTION_LIMIT, (unsigned)CONNECTIONS_MAX,
		MHD_OPTION_CONNECTION_MEMORY_LIMIT,
		(size_t)CONNECTION_MAX_BYTES, MHD_OPTION_CONNECTION_TIMEOUT,
		(unsigned)IDLE_SEC, MHD_OPTION_END);
	if (!program->daemon)
		die("cannot set up HTTP");
	int fd = MHD_get_daemon_info(program->daemon, MHD_DAEMON_INFO_EPOLL_FD)
			 ->epoll_fd;
	if (sd_event_add_io(event, NULL, fd, EPOLLIN, on_io, program) < 0 ||
		sd_event_add_time(event, &program->receiver.timer,
			CLOCK_MONOTONIC, 0, 1, on_timer, program) < 0)
		die("cannot set timers");
}

static void start(struct service *service, int argc UNUSED, char **argv)
{
	AUTO_BUF struct buf why = BUF_INIT(BUF_WHY_MAX_BYTES);
	struct program *program = service->owner;
	struct receiver *receiver = &program->receiver;

	receiver->event = service->event;
	config_load_or_die(
		argv[1], &receiver->overrides, READ_MXDELIV, &receiver->config);
	if (addr_parse(argv[2], &receiver->filter, &why) < 0)
		die("%s: %s", argv[2], buf_str(&why));
	start_daemon(program);
	service_listen(service, argv[0], on_accept, program);
}

static void stop(struct service *service)
{
	struct program *program = service->owner;

	request_wake_all(&program->receiver);
	MHD_stop_daemon(program->daemon);
	sd_event_source_disable_unref(program->receiver.timer);
	config_release(&program->receiver.config);
}

int main(int argc, char **argv)
{
	static struct program program;
	struct service service = {
		.name = "mxdeliv",
		.usage = "[-o KEY=VALUE]... SOCKET INI FILTER",
		.min_args = 3,
		.max_args = 3,
		.start = start,
		.stop = stop,
		.owner = &program,
	};

	config_take_overrides(&argc, argv, &program.receiver.overrides);
	return service_main(&service, argc, argv);
}
