#include "tests/t/accounts-bed.h"

#include <crypt.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <sys/wait.h>

#include "lib/file.h"

extern char **environ;

struct bed bed;

static struct service {
	pid_t pid;
	char *socket;
	int log_fd;
} services[SERVICES_MAX];

void bed_write_ini(const char *more)
{
	AUTO_FREE char *text = xasprintf("[params]\nmail_domain = x.test\n"
					 "mailboxes_dir = %s\n"
					 "max_load_1m = 100000\n"
					 "min_free_disk_space = 0\n%s",
		bed.mail, more);
	struct file_owner owner = { 0600, (uid_t)-1, (gid_t)-1 };

	demand(file_write(bed.ini, slice_of(text), owner, NULL) == 0, "ini");
}

/* The log goes to a file; the first byte of a pipe says that it is up. */
void bed_start(const char *program, int i)
{
	struct service *s = &services[i];
	AUTO_FREE char *log = xasprintf("%s/log%d", bed.dir, i);
	posix_spawn_file_actions_t actions;

	free(s->socket);
	s->socket = xasprintf("%s/socket%d", bed.dir, i);
	s->log_fd = open(log, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	demand(s->log_fd >= 0, "log");
	char *argv[] = { (char *)program, s->socket, bed.ini, NULL };
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, s->log_fd, 2);
	demand(posix_spawn(&s->pid, program, &actions, NULL, argv, environ) ==
			0,
		"%s", program);
	posix_spawn_file_actions_destroy(&actions);
}

int bed_stop(int i, int sig)
{
	struct service *s = &services[i];
	int status = 0;

	if (s->pid <= 0)
		return 0;
	kill(s->pid, sig);
	demand(waitpid(s->pid, &status, 0) == s->pid, "wait");
	s->pid = 0;
	fd_close(&s->log_fd);
	return status;
}

/* Otherwise it is told how it ended, and what it said (of leaks, say). */
void bed_end_well(int i)
{
	int status = bed_stop(i, SIGTERM);

	if (status == 0)
		return;
	AUTO_FREE char *path = xasprintf("%s/log%d", bed.dir, i);
	AUTO_BUF struct buf log = BUF_INIT(TEXT_MAX_BYTES);
	if (file_read(path, &log, NULL) < 0)
		buf_add_str(&log, "(no log)");
	die("service %d does not end well: status %#x: %s", i, status,
		buf_str(&log));
}

bool bed_log_has(int i, const char *text)
{
	AUTO_FREE char *path = xasprintf("%s/log%d", bed.dir, i);
	AUTO_BUF struct buf log = BUF_INIT(TEXT_MAX_BYTES);

	return file_read(path, &log, NULL) == 0 && strstr(buf_str(&log), text);
}

/* Once it listens; a service that ends meanwhile ends the test. */
static int try_connect(int i)
{
	struct timeval patience = { .tv_sec = PATIENCE_SEC };
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(un.sun_path, sizeof(un.sun_path), "%s", services[i].socket);
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	if (connect(fd, (struct sockaddr *)&un, sizeof(un)) == 0)
		return fd;
	close(fd);
	return -1;
}

int bed_dial(int i)
{
	int fd;

	while ((fd = try_connect(i)) < 0) {
		demand(waitpid(services[i].pid, NULL, WNOHANG) == 0,
			"the service ended");
		/* Not there yet: its turn. */
		poll(NULL, 0, 1);
	}
	return fd;
}

void bed_say(int fd, struct slice text)
{
	demand(fd_write_all(fd, text) == 0, "cannot send");
}

/* One line without its LF; "" and false at the end of the connection. */
bool bed_hear(int fd, struct buf *line)
{
	char c;
	ssize_t n;

	buf_reset(line);
	while ((n = recv(fd, &c, 1, 0)) == 1 && c != '\n')
		buf_add_char(line, c);
	demand(n >= 0 || errno == ECONNRESET, "no answer in time");
	return n == 1;
}

void bed_ask_passdb(int fd, const char *user, const char *password)
{
	AUTO_FREE char *line = xasprintf(
		"Lshared/passdb/%s\"%s@x.test\t%s\n", password, user, user);

	bed_say(fd, slice_of(line));
}

/* The hash in an answer O{...}; ends the test at any other answer. */
char *bed_hash_of(const struct buf *answer)
{
	static const char before[] = "\"password\":\"{SHA512-CRYPT}";
	const char *at = strstr(buf_str(answer), before);

	demand(answer->ptr && answer->ptr[0] == 'O' && at, "answer %s",
		buf_str(answer));
	at += strlen(before);
	return xstrndup(at, strcspn(at, "\""));
}

bool bed_fits(const char *password, const char *hash)
{
	struct crypt_data *data = xcalloc(1, sizeof(*data));
	const char *again = crypt_rn(password, hash, data, (int)sizeof(*data));
	bool is_same = again && strcmp(again, hash) == 0;

	free(data);
	return is_same;
}

char *bed_login(int fd, const char *user, const char *password)
{
	AUTO_BUF struct buf line = BUF_INIT(TEXT_MAX_BYTES);

	bed_ask_passdb(fd, user, password);
	demand(bed_hear(fd, &line), "no answer");
	return bed_hash_of(&line);
}

int bed_count_listed(int fd)
{
	AUTO_BUF struct buf line = BUF_INIT(TEXT_MAX_BYTES);
	int n = 0;

	bed_say(fd, SLICE("I0\t0\tshared/userdb/\t*\n"));
	while (bed_hear(fd, &line) && line.len > 0) {
		demand(slice_starts(buf_slice(&line), SLICE("Oshared/userdb/")),
			"row %s", buf_str(&line));
		n++;
	}
	return n;
}

static void clean_up(void)
{
	for (int i = 0; i < SERVICES_MAX; i++) {
		bed_stop(i, SIGTERM);
		free(services[i].socket);
	}
	umount2(bed.mail, MNT_DETACH);
	dir_remove(bed.dir);
	free(bed.dir);
	free(bed.mail);
	free(bed.ini);
}

void bed_run_case(void (*run)(void))
{
	bed.dir = xstrdup("/tmp/accounts-test.XXXXXX");
	demand(mkdtemp(bed.dir), "%s", bed.dir);
	bed.mail = xasprintf("%s/mail", bed.dir);
	bed.ini = xasprintf("%s/chatmail.ini", bed.dir);
	atexit(clean_up);
	demand(mkdir(bed.mail, 0700) == 0, "%s", bed.mail);
	bed_write_ini("");
	run();
	for (int i = 0; i < SERVICES_MAX; i++)
		bed_end_well(i);
}
