/*
 * test-service.c - the skeleton of a daemon as its supervisor sees it: a
 * socket that is passed, readiness, and the end by SIGTERM.
 */
#include "lib/service.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>

#include "lib/child.h"
#include "lib/file.h"
#include "tests/test.h"

enum {
	PATIENCE_MSEC = 3000,
	PASSED_FD = 3, /* the first that sd_listen_fds(3) knows */
	CLIENTS = 3,
};

static struct sockaddr_un where = { .sun_family = AF_UNIX };

static void on_accept(void *owner UNUSED, int fd)
{
	check_int("hello", fd_write_all(fd, SLICE("hello")), 0);
	close(fd);
}

static void start(struct service *service, int argc UNUSED, char **argv)
{
	service_listen(service, argv[0], on_accept, NULL);
}

static int serve(void *owner UNUSED)
{
	char *argv[] = { (char *)"test", (char *)"unix:/never/used", NULL };
	struct service service = { .name = "test",
		.usage = "SOCKET",
		.min_args = 1,
		.max_args = 1,
		.start = start };

	return service_main(&service, 2, argv);
}

/* What a supervisor does: a socket that blocks, as descriptor 3. */
static int serve_passed(void *owner)
{
	int fd = *(int *)owner;
	AUTO_FREE char *pid = xasprintf("%d", (int)getpid());

	if (dup2(fd, PASSED_FD) < 0)
		return 1;
	setenv("LISTEN_PID", pid, 1);
	setenv("LISTEN_FDS", "1", 1);
	return serve(NULL);
}

static int open_listener(void)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	/* Abstract: nothing is left of it. */
	snprintf(where.sun_path + 1, sizeof(where.sun_path) - 1,
		"chatmail-test-%d", (int)getpid());
	check_int("bind",
		bind(fd, (const struct sockaddr *)&where, sizeof(where)), 0);
	check_int("listen", listen(fd, CLIENTS), 0);
	return fd;
}

static void greet(void)
{
	AUTO_CLOSE int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct pollfd p = { .fd = fd, .events = POLLIN };
	char text[16];

	check_int("connect",
		connect(fd, (const struct sockaddr *)&where, sizeof(where)), 0);
	check_int("answered", poll(&p, 1, PATIENCE_MSEC), 1);
	check_int("hello", read(fd, text, sizeof(text)), 5);
}

static void test_passed_socket(void)
{
	AUTO_BUF struct buf ended = BUF_INIT(100);
	AUTO_CLOSE int fd = open_listener();
	pid_t pid = -1;

	check_int("starts",
		child_spawn(
			&(struct child){ .run = serve_passed, .owner = &fd },
			&pid, NULL),
		0);
	for (int i = 0; i < CLIENTS; i++)
		greet();
	child_status_text(child_end(pid, PATIENCE_MSEC), &ended);
	check_str("ends when told", buf_str(&ended), "exit status 0");
}

int main(void)
{
	test_passed_socket();
	return test_end();
}
