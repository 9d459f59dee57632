/*
 * intruder NAME=WAY:WHAT...: what a program that has been taken over could do
 * from where it stands. Each is tried, and the names of those that succeed
 * are printed, in their order.
 *
 *	read:FILE    a byte of the file can be read
 *	write:DIR    a file can be made there; it goes again
 *	ask:SOCKET   a socket of a file takes a connection
 *	reach:IP:PORT  so does a port of TCP, by IPv4
 *	run:PROGRAM  the program starts
 *	bring:DIR    a copy of the program /bin/true, made there, starts
 *	bring:       one that is made in memory
 */
#include <arpa/inet.h>
#include <fcntl.h>
#include <netdb.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
	CHUNK_BYTES = 65536,
	REACH_SEC = 3,
};

static const char brought[] = "/bin/true";

static bool try_read(const char *path)
{
	char byte;
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	bool is_read = fd >= 0 && read(fd, &byte, 1) == 1;

	if (fd >= 0)
		close(fd);
	return is_read;
}

static int make_file(const char *dir, char *ret_path, size_t size)
{
	snprintf(ret_path, size, "%s/intruder.XXXXXX", dir);
	return mkostemp(ret_path, O_CLOEXEC);
}

static bool try_write(const char *dir)
{
	char path[4096];
	int fd = make_file(dir, path, sizeof(path));

	if (fd < 0)
		return false;
	close(fd);
	unlink(path);
	return true;
}

static bool try_connect(int family, const void *address, socklen_t len)
{
	int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	const struct timeval limit = { .tv_sec = REACH_SEC };

	if (fd < 0)
		return false;
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
	bool is_connected = connect(fd, address, len) == 0;
	close(fd);
	return is_connected;
}

static bool try_ask(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };

	snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
	return try_connect(AF_UNIX, &address, sizeof(address));
}

static bool try_reach(const char *where)
{
	static const struct addrinfo hints = {
		.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV,
		.ai_socktype = SOCK_STREAM,
	};
	const char *colon = strchr(where, ':');
	struct addrinfo *a;
	char ip[INET_ADDRSTRLEN];

	if (!colon)
		return false;
	snprintf(ip, sizeof(ip), "%.*s", (int)(colon - where), where);
	if (getaddrinfo(ip, colon + 1, &hints, &a) != 0)
		return false;
	bool is_connected =
		try_connect(a->ai_family, a->ai_addr, a->ai_addrlen);
	freeaddrinfo(a);
	return is_connected;
}

/* By its descriptor, or by its path. */
static bool starts(int fd, const char *path)
{
	char name[] = "intruder";
	char *const argv[] = { name, NULL }, *const env[] = { NULL };
	int status = 0;
	pid_t pid = fork();

	if (pid == 0) {
		int null = open("/dev/null", O_WRONLY);
		dup2(null, STDOUT_FILENO);
		if (path)
			execve(path, argv, env);
		else
			fexecve(fd, argv, env);
		_exit(99);
	}
	return pid > 0 && waitpid(pid, &status, 0) == pid &&
		WIFEXITED(status) && WEXITSTATUS(status) != 99;
}

static bool copy_program(int to)
{
	static char bytes[CHUNK_BYTES];
	int from = open(brought, O_RDONLY | O_CLOEXEC);
	ssize_t n = -1;

	while (from >= 0 && (n = read(from, bytes, sizeof(bytes))) > 0)
		if (write(to, bytes, (size_t)n) != n)
			return false;
	if (from >= 0)
		close(from);
	return n == 0 && fchmod(to, 0700) == 0;
}

static bool bring_in_memory(void)
{
	int fd = memfd_create("intruder", 0);
	bool is_started = fd >= 0 && copy_program(fd) && starts(fd, NULL);

	if (fd >= 0)
		close(fd);
	return is_started;
}

static bool try_bring(const char *dir)
{
	char path[4096];

	if (!dir[0])
		return bring_in_memory();
	int fd = make_file(dir, path, sizeof(path));
	if (fd < 0)
		return false;
	bool is_whole = copy_program(fd);
	close(fd);
	bool is_started = is_whole && starts(-1, path);
	unlink(path);
	return is_started;
}

static bool try_run(const char *path)
{
	return starts(-1, path);
}

static const struct {
	const char *way;
	bool (*try)(const char *what);
} ways[] = {
	{ "read", try_read },
	{ "write", try_write },
	{ "ask", try_ask },
	{ "reach", try_reach },
	{ "run", try_run },
	{ "bring", try_bring },
};

/* Ends what is not understood: a try that is not made would seem to fail. */
static bool succeeds(const char *way, const char *what)
{
	for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++)
		if (strcmp(ways[i].way, way) == 0)
			return ways[i].try(what);
	fprintf(stderr, "intruder: %s: there is no such way\n", way);
	exit(2);
}

int main(int argc, char **argv)
{
	const char *gap = "";

	for (int i = 1; i < argc; i++) {
		char *way = strchr(argv[i], '=');
		char *what = way ? strchr(way, ':') : NULL;
		if (!what) {
			fprintf(stderr, "intruder: %s: NAME=WAY:WHAT\n",
				argv[i]);
			return 2;
		}
		*way++ = *what++ = '\0';
		if (!succeeds(way, what))
			continue;
		printf("%s%s", gap, argv[i]);
		gap = " ";
	}
	printf("\n");
	return 0;
}
