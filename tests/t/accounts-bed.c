/* The fixture of the account tests (accounts-bed.h). */
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
	char *path; /* a socket, or a folder of sockets */
	int log_fd;
} services[SERVICES_MAX];

void bed_write_ini(const char *more)
{
	bool has_disk = strstr(more, "min_free_disk_space") != NULL;
	AUTO_FREE char *text = xasprintf("[params]\nmail_domain = x.test\n"
					 "mailboxes_dir = %s\n"
					 "max_load_1m = 100000\n"
					 "%s%s",
		bed.mail, has_disk ? "" : "min_free_disk_space = 0\n", more);
	struct file_owner owner = { 0600, (uid_t)-1, (gid_t)-1 };

	demand(file_write(bed.ini, slice_of(text), owner, NULL) == 0, "ini");
}

static const char *const sockets[] = {
	[AS_CLIENT] = "/login/auth",
	[AS_SMTP] = "/smtp/auth",
	[AS_MASTER] = "/master/auth",
	[AS_POSTFIX] = "/smtp/recipients",
	[AS_FILTER] = "/filter/recipients",
	[AS_DICT] = "",
};

static void make_folders(const char *path)
{
	for (size_t i = 0; i < AS_DICT; i++) {
		AUTO_FREE char *folder = xasprintf("%s%.*s", path,
			(int)(strrchr(sockets[i], '/') - sockets[i]),
			sockets[i]);
		demand(dir_make(folder, 0700, NULL) == 0, "%s", folder);
	}
}

/* The log goes to a file. */
void bed_start(const char *program, int i)
{
	struct service *s = &services[i];
	AUTO_FREE char *log = xasprintf("%s/log%d", bed.dir, i);
	posix_spawn_file_actions_t actions;

	free(s->path);
	s->path = xasprintf("%s/socket%d", bed.dir, i);
	if (program == bed.doveauth)
		make_folders(s->path);
	s->log_fd = open(log, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	demand(s->log_fd >= 0, "log");
	char *argv[] = { (char *)program, s->path, bed.ini, NULL };
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

static int try_connect(enum socket as, int i)
{
	struct timeval patience = { .tv_sec = PATIENCE_SEC };
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(un.sun_path, sizeof(un.sun_path), "%s%s", services[i].path,
		sockets[as]);
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	if (connect(fd, (struct sockaddr *)&un, sizeof(un)) == 0)
		return fd;
	close(fd);
	return -1;
}

static void greet(int fd, const char *greeting, const char *last)
{
	AUTO_BUF struct buf line = BUF_INIT(TEXT_MAX_BYTES);

	bed_say(fd, slice_of(greeting));
	do
		demand(bed_hear(fd, &line), "no greeting");
	while (!slice_starts(buf_slice(&line), slice_of(last)));
}

/* Once it listens; a service that ends meanwhile ends the test. */
int bed_dial_raw(enum socket as, int i)
{
	int fd;

	while ((fd = try_connect(as, i)) < 0) {
		demand(waitpid(services[i].pid, NULL, WNOHANG) == 0,
			"the service ended");
		/* Not there yet: its turn. */
		poll(NULL, 0, 1);
	}
	return fd;
}

int bed_dial_as(enum socket as, int i)
{
	int fd = bed_dial_raw(as, i);

	if (as == AS_MASTER)
		greet(fd, "VERSION\t1\t2\n", "SPID\t");
	else if (as != AS_DICT)
		greet(fd, "VERSION\t1\t2\nCPID\t4711\n", "DONE");
	return fd;
}

int bed_dial(int i)
{
	return bed_dial_as(AS_CLIENT, i);
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

void bed_expect(int fd, const char *want)
{
	AUTO_BUF struct buf line = BUF_INIT(TEXT_MAX_BYTES);

	demand(bed_hear(fd, &line), "no answer, for %s", want);
	demand(slice_starts(buf_slice(&line), slice_of(want)),
		"answer %s, for %s", buf_str(&line), want);
}

static void add_base64(struct buf *out, struct slice in)
{
	static const char letters[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
		"0123456789+/";

	for (size_t i = 0; i < in.len; i += 3) {
		unsigned bits = 0;
		for (size_t k = 0; k < 3; k++)
			bits = bits << 8 |
				(i + k < in.len ? (unsigned char)in.ptr[i + k]
						: 0);
		for (size_t k = 0; k < 4; k++)
			buf_add_char(out,
				i + k > in.len
					? '='
					: letters[bits >> (18 - 6 * k) & 63]);
	}
}

unsigned bed_ask_as(
	int fd, struct slice address, struct slice password, const char *fields)
{
	AUTO_BUF struct buf plain = BUF_INIT(TEXT_MAX_BYTES);
	AUTO_BUF struct buf line = BUF_INIT(TEXT_MAX_BYTES);
	static unsigned id;

	buf_add_char(&plain, '\0');
	buf_add_slice(&plain, address);
	buf_add_char(&plain, '\0');
	buf_add_slice(&plain, password);
	buf_addf(&line, "AUTH\t%u\tPLAIN\tservice=imap%s\tresp=", ++id, fields);
	add_base64(&line, buf_slice(&plain));
	buf_add_char(&line, '\n');
	bed_say(fd, buf_slice(&line));
	return id;
}

unsigned bed_ask(int fd, const char *user, const char *password)
{
	AUTO_FREE char *address = xasprintf("%s@x.test", user);

	return bed_ask_as(fd, slice_of(address), slice_of(password), "");
}

char bed_answer(int fd, unsigned *ret_id)
{
	AUTO_BUF struct buf line = BUF_INIT(TEXT_MAX_BYTES);
	char verb[16];

	if (!bed_hear(fd, &line))
		return '\0';
	demand(sscanf(buf_str(&line), "%15s\t%u", verb, ret_id) == 2,
		"answer %s", buf_str(&line));
	return strstr(buf_str(&line), "\tcode=temp_fail") ? 'T' : verb[0];
}

char bed_login(int fd, const char *user, const char *password)
{
	unsigned id = 0, asked = bed_ask(fd, user, password);
	char answer = bed_answer(fd, &id);

	demand(id == asked, "answer to %u, not %u", id, asked);
	return answer;
}

void bed_demand_login(int fd, const char *user, const char *password, char want)
{
	char answer = bed_login(fd, user, password);

	demand(answer == want, "%s: answer %c", user, answer);
}

bool bed_fits(const char *password, const char *user)
{
	AUTO_FREE char *path =
		xasprintf("%s/%s@x.test/password", bed.mail, user);
	AUTO_BUF struct buf text = BUF_INIT(TEXT_MAX_BYTES);
	struct crypt_data *data = xcalloc(1, sizeof(*data));

	demand(file_read(path, &text, NULL) == 0, "%s", path);
	const char *hash = buf_str(&text) + strlen("{SHA512-CRYPT}");
	const char *again = crypt_rn(password, hash, data, (int)sizeof(*data));
	bool is_same = again && strcmp(again, hash) == 0;
	free(data);
	return is_same;
}

int bed_count_listed(int i)
{
	AUTO_BUF struct buf line = BUF_INIT(TEXT_MAX_BYTES);
	int fd = bed_dial_as(AS_MASTER, i), n = 0;

	bed_say(fd, SLICE("LIST\t7\tservice=doveadm\n"));
	while (bed_hear(fd, &line) &&
		slice_starts(buf_slice(&line), SLICE("LIST\t7\t")))
		n++;
	demand(slice_eq_str(buf_slice(&line), "DONE\t7\t"), "row %s",
		buf_str(&line));
	close(fd);
	return n;
}

static void clean_up(void)
{
	for (int i = 0; i < SERVICES_MAX; i++) {
		bed_stop(i, SIGTERM);
		free(services[i].path);
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
