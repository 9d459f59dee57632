/* Implements filtermail-bed.h. */
#include "tests/t/filtermail-bed.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/wait.h>

#include "lib/addr.h"

enum {
	PATIENCE_SEC = 20,
};

static const char hello[] =
	"250-x.test\r\n250-PIPELINING\r\n250-SIZE 31457280\r\n"
	"250-ENHANCEDSTATUSCODES\r\n250-8BITMIME\r\n250-SMTPUTF8\r\n"
	"250 XFORWARD NAME ADDR PORT PROTO HELO IDENT SOURCE\r\n";
static const char server_hello[] =
	"250-sink\r\n250-PIPELINING\r\n250-8BITMIME\r\n"
	"250 XFORWARD NAME ADDR\r\n";

static const char front[] = "unix:front.sock";
static const char back[] = "unix:back.sock";

void NORETURN bed_fail(
	const struct bed *bed, const char *what, struct slice got)
{
	AUTO_BUF struct buf text = BUF_INIT(4096);

	buf_add_quoted(&text, got);
	die("%s: %s; got %s", bed->where, what, buf_str(&text));
}

void bed_fail_wanting(
	const struct bed *bed, struct slice got, struct slice want)
{
	AUTO_BUF struct buf text = BUF_INIT(4096);

	buf_add_str(&text, "wanted ");
	buf_add_quoted(&text, want);
	bed_fail(bed, buf_str(&text), got);
}

static void set_patience(int fd)
{
	struct timeval time = { .tv_sec = PATIENCE_SEC };

	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &time, sizeof(time));
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &time, sizeof(time));
	fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) & ~O_NONBLOCK);
}

void bed_send_all(const struct bed *bed, int fd, struct slice text)
{
	while (text.len > 0) {
		ssize_t n = send(fd, text.ptr, text.len, MSG_NOSIGNAL);
		if (n <= 0)
			bed_fail(bed, "cannot send", text);
		text = slice_from(text, (size_t)n);
	}
}

void bed_send_some(int fd, struct slice text)
{
	while (text.len > 0) {
		ssize_t n = send(fd, text.ptr, text.len, MSG_NOSIGNAL);
		if (n <= 0)
			return;
		text = slice_from(text, (size_t)n);
	}
}

/* Reads as many bytes as are wanted, which must be the same. */
void bed_expect(const struct bed *bed, int fd, struct slice want)
{
	AUTO_BUF struct buf got = BUF_INIT(TEXT_MAX_BYTES);

	while (got.len < want.len) {
		size_t room = want.len - got.len;
		ssize_t n = recv(fd, buf_room(&got, room), room, 0);
		if (n <= 0)
			break;
		buf_added(&got, (size_t)n);
		if (!slice_starts(want, buf_slice(&got)))
			break;
	}
	if (!slice_eq(buf_slice(&got), want))
		bed_fail_wanting(bed, buf_slice(&got), want);
}

static void read_to_end(const struct bed *bed, int fd, struct buf *got)
{
	for (;;) {
		char *room = buf_room(got, 65536);
		ssize_t n = room ? recv(fd, room, 65536, 0) : -1;
		if (n == 0 || (n < 0 && errno == ECONNRESET))
			return;
		if (n < 0)
			bed_fail(bed, "the connection did not end", SLICE_NONE);
		buf_added(got, (size_t)n);
	}
}

static void expect_end(const struct bed *bed, int fd)
{
	AUTO_BUF struct buf got = BUF_INIT(TEXT_MAX_BYTES);

	read_to_end(bed, fd, &got);
	if (got.len > 0)
		bed_fail(bed, "wanted the end", buf_slice(&got));
}

void bed_expect_lost(const struct bed *bed, int fd)
{
	AUTO_BUF struct buf got = BUF_INIT(TEXT_MAX_BYTES);

	read_to_end(bed, fd, &got);
	if (memmem(buf_str(&got), got.len, "\r\n.\r\n", 5))
		bed_fail(bed, "a message was ended that must not pass",
			buf_slice(&got));
}

static int connect_front(const struct bed *bed)
{
	struct addr addr;
	int fd;

	if (addr_parse(front, &addr, NULL) < 0)
		die("cannot make an address");
	/* The program is up once it listens. */
	for (int i = 0; i < PATIENCE_SEC * 1000; i++) {
		if (addr_connect(&addr, &fd) == 0) {
			set_patience(fd);
			return fd;
		}
		poll(NULL, 0, 1);
	}
	bed_fail(bed, "the program does not listen", SLICE_NONE);
}

static int accept_server(const struct bed *bed)
{
	struct pollfd p = { .fd = bed->listener, .events = POLLIN };

	if (poll(&p, 1, PATIENCE_SEC * 1000) != 1)
		bed_fail(bed, "nobody connects to the server", SLICE_NONE);
	int fd = accept4(bed->listener, NULL, NULL, SOCK_CLOEXEC);
	if (fd < 0)
		bed_fail(bed, strerror(errno), SLICE_NONE);
	set_patience(fd);
	return fd;
}

static void listen_back(struct bed *bed)
{
	AUTO_BUF struct buf why = BUF_INIT(BUF_WHY_MAX_BYTES);
	struct addr addr;

	if (addr_parse(back, &addr, &why) < 0 ||
		addr_listen(&addr, 1000, &bed->listener, &why) < 0)
		die("%s", buf_str(&why));
}

void bed_start(struct bed *bed)
{
	extern char **environ;
	const char *argv[20] = { bed->program, "test.ini", bed->mode,
		"--listen", front, "--forward", back };
	AUTO_FREE char *words = xstrdup(buf_str(&bed->args));
	size_t n = 7;

	for (char *rest = words, *word; (word = strsep(&rest, " "));)
		if (*word && n + 1 < ARRAY_LEN(argv))
			argv[n++] = word;
	if (file_write("test.ini", buf_slice(&bed->ini),
		    (struct file_owner){ 0600, (uid_t)-1, (gid_t)-1 },
		    NULL) < 0)
		die("cannot write test.ini");
	listen_back(bed);
	int r = posix_spawn(&bed->pid, bed->program, NULL, NULL,
		(char *const *)argv, environ);
	if (r)
		die("%s: %s", bed->program, strerror(r));
}

/* It must have lived, and end well when it is told to. */
void bed_stop(struct bed *bed)
{
	int status = 0;

	bed->where = "end of the program";
	if (kill(bed->pid, SIGTERM) < 0 ||
		waitpid(bed->pid, &status, 0) != bed->pid || status != 0)
		die("the program ended badly: status %d", status);
	fd_close(&bed->client);
	fd_close(&bed->server);
	fd_close(&bed->listener);
	buf_release(&bed->ini);
	buf_release(&bed->args);
}

void bed_prepare(struct bed *bed, const char *program)
{
	*bed = (struct bed){
		.program = program,
		.ini = BUF_INIT(65536),
		.args = BUF_INIT(4096),
		.mode = "outgoing",
		.listener = -1,
		.client = -1,
		.server = -1,
		.where = "start",
	};
	AUTO_FREE char *here = getcwd(NULL, 0);
	if (dir_make("counts", 0700, NULL) < 0)
		die("counts: cannot be made");
	buf_addf(&bed->ini,
		"[params]\nmail_domain = x.test\ncounters_dir = %s/counts\n",
		here);
}

void bed_text_to(const struct bed *bed, int fd, const char *text)
{
	bed_send_all(bed, fd, slice_of(text));
}

void bed_text_from(const struct bed *bed, int fd, const char *text)
{
	bed_expect(bed, fd, slice_of(text));
}

void bed_connect(struct bed *bed)
{
	fd_close(&bed->client);
	bed->client = connect_front(bed);
}

void bed_open(struct bed *bed)
{
	bed_connect(bed);
	bed_text_from(bed, bed->client, "220 x.test ESMTP\r\n");
	bed_text_to(bed, bed->client, "EHLO client\r\n");
	bed_text_from(bed, bed->client, hello);
}

void bed_accept(struct bed *bed)
{
	fd_close(&bed->server);
	bed->server = accept_server(bed);
	bed->is_parked = false;
}

void bed_relay(struct bed *bed)
{
	bed_accept(bed);
	bed_text_to(bed, bed->server, "220 sink\r\n");
	bed_text_from(bed, bed->server, "EHLO x.test\r\n");
	bed_text_to(bed, bed->server, server_hello);
}

void bed_lost(struct bed *bed)
{
	bed_expect_lost(bed, bed->server);
	bed_drop(bed);
}

void bed_alone(struct bed *bed)
{
	struct pollfd p = { .fd = bed->listener, .events = POLLIN };

	if (poll(&p, 1, 0) != 0)
		bed_fail(bed, "somebody connects to the server", SLICE_NONE);
}

void bed_deaf(struct bed *bed)
{
	fd_close(&bed->listener);
}

void bed_drop(struct bed *bed)
{
	fd_close(&bed->server);
	bed->is_parked = false;
}

void bed_leave(struct bed *bed)
{
	fd_close(&bed->client);
}

void bed_end(struct bed *bed)
{
	expect_end(bed, bed->client);
	fd_close(&bed->client);
}

/* One PKESK and one SEIPD, as short as they can be. */
void bed_add_message(struct buf *out, struct slice from)
{
	buf_addf(out,
		"From: <%.*s>\r\nSubject: [...]\r\nMIME-Version: 1.0\r\n"
		"Content-Type: multipart/encrypted; boundary=b;\r\n"
		"\tprotocol=\"application/pgp-encrypted\"\r\n\r\n"
		"--b\r\nContent-Type: application/pgp-encrypted\r\n\r\n"
		"Version: 1\r\n\r\n--b\r\n"
		"Content-Type: application/octet-stream\r\n\r\n"
		"-----BEGIN PGP MESSAGE-----\r\n\r\n"
		"wRQDAQIDBAUGBwgJCgsMDQ4PEBESE9IpAWJLYMWMnYv7b/GIbC/WBdKt626k"
		"2ldg\r\naCAbbGlYzpP06x4z6KgbaXs=\r\n"
		"-----END PGP MESSAGE-----\r\n\r\n--b--\r\n.\r\n",
		SLICE_FMT(from));
}

void bed_mail(struct bed *bed, struct slice from, struct slice to)
{
	AUTO_BUF struct buf line = BUF_INIT(4096);

	buf_addf(&line, "MAIL FROM:<%.*s>\r\n", SLICE_FMT(from));
	bed_send_all(bed, bed->client, buf_slice(&line));
	bed_text_from(bed, bed->client, "250 2.1.0 Ok\r\n");
	size_t len = line.len;
	buf_addf(&line, "RCPT TO:<%.*s>\r\n", SLICE_FMT(to));
	bed_send_all(bed, bed->client, slice_from(buf_slice(&line), len));
	if (!bed->is_parked)
		bed_relay(bed);
	bed->is_parked = false;
	bed_expect(bed, bed->server, buf_slice(&line));
	bed_text_to(bed, bed->server, "250 2.1.0 Ok\r\n250 2.1.5 Ok\r\n");
	bed_text_from(bed, bed->client, "250 2.1.5 Ok\r\n");
	bed_text_to(bed, bed->client, "DATA\r\n");
	bed_text_from(bed, bed->server, "DATA\r\n");
	bed_text_to(bed, bed->server, "354 go\r\n");
	bed_text_from(bed, bed->client, "354 go\r\n");
}

void bed_message(struct bed *bed, struct slice from, bool is_arrival)
{
	AUTO_BUF struct buf text = BUF_INIT(4096);

	bed_add_message(&text, from);
	if (is_arrival) {
		bed_expect(bed, bed->server, buf_slice(&text));
		bed->is_parked = true;
	} else {
		bed_send_all(bed, bed->client, buf_slice(&text));
	}
}
