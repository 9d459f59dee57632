/* The fixture of the relay tests: relays and their clients (bed.h). */
#include "tests/relay/bed.h"

#include <errno.h>
#include <glob.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>

#include "deltachat/channel.h"
#include "lib/die.h"
#include "lib/file.h"
#include "lib/proc.h"
#include "lib/random.h"

enum {
	OUTPUT_MAX_BYTES = 1 << 20,
	DEFER_STEP_MS = 200,
	LOG_MAX_BYTES = 64 << 20,
};

static const char name_alphabet[] = "abcdefghijklmnopqrstuvwxyz0123456789";

static const char *env_or_die(const char *name)
{
	const char *value = getenv(name);

	if (!value || !*value)
		die("%s is not set: run me by scripts/test", name);
	return value;
}

/*
 * The number of this process is nobody else's: 22 bits of it and one for
 * the relay make an address in the upper half of 127/8, where no relay
 * of the machine itself is.
 */
static char *make_address(size_t relay)
{
	unsigned n = ((unsigned)getpid() & 0x3fffff) * BED_RELAYS_MAX +
		(unsigned)relay;

	return xasprintf("127.%u.%u.%u", 128 + (n >> 16 & 0x7f), n >> 8 & 0xff,
		n & 0xff);
}

static void init_relay(struct bed *bed, size_t relay, const char *domain)
{
	struct bed_relay *r = &bed->relays[relay];

	r->address = make_address(relay);
	r->domain = domain ? xstrdup(domain) : xasprintf("[%s]", r->address);
	r->dir = xasprintf("%s/relay%zu", bed->dir, relay + 1);
}

void bed_init(
	struct bed *bed, size_t n_relays, const char *domain, struct buf *why)
{
	*bed = (struct bed){
		.dir = env_or_die("TEST_DIR"),
		.core = env_or_die("RPC_SERVER"),
		.cmdeploy = env_or_die("CMDEPLOY"),
		.n_relays = n_relays,
		.notified_fd = -1,
		.why = why,
	};
	for (size_t i = 0; i < n_relays; i++)
		init_relay(bed, i, i == 0 ? domain : NULL);
}

void bed_release(struct bed *bed)
{
	rpc_close(bed->rpc);
	fd_close(&bed->notified_fd);
	free(bed->settings);
	for (size_t i = 0; i < bed->n_relays; i++) {
		free(bed->relays[i].address);
		free(bed->relays[i].domain);
		free(bed->relays[i].dir);
	}
}

void bed_tell(const char *format, ...)
{
	static int64_t start;
	va_list args;

	if (!start)
		start = clock_now_ms();
	printf("%6.2f s  ", (double)(clock_now_ms() - start) / 1000);
	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	putchar('\n');
	fflush(stdout);
}

static int run_cmdeploy(struct bed *bed, const char *const *argv, unsigned sec)
{
	AUTO_BUF struct buf out = BUF_INIT(OUTPUT_MAX_BYTES);
	AUTO_BUF struct buf err = BUF_INIT(OUTPUT_MAX_BYTES);
	struct proc proc = {
		.argv = argv,
		.timeout_sec = sec,
		.out = &out,
		.err = &err,
	};
	int r = proc_run_ok(&proc, bed->why);

	if (r < 0)
		printf("%s%s\n", buf_str(&out), buf_str(&err));
	return r;
}

/*
 * The settings of the relay's operator. How busy the machine is must not
 * decide who may sign up here.
 */
static int write_ini(struct bed *bed, const struct bed_relay *r)
{
	AUTO_FREE char *path = xasprintf("%s/chatmail.ini", r->dir);
	AUTO_FREE char *text = xasprintf("[params]\n"
					 "mail_domain = %s\n"
					 "max_load_1m = 100000\n"
					 "min_available_memory = 1M\n"
					 "min_free_disk_space = 1M\n"
					 "%s%s\n",
		r->domain[0] == '[' ? r->address : r->domain,
		bed->settings ? bed->settings : "",
		bed->settings && slice_ends(slice_of(bed->settings), SLICE("@"))
			? r->domain
			: "");

	if (file_exists(path))
		return 0;
	int error = dir_make(r->dir, 0755, bed->why);
	if (error < 0)
		return error;
	return file_write(path, slice_of(text),
		(struct file_owner){ 0644, -1, -1 }, bed->why);
}

int bed_up(struct bed *bed, size_t relay)
{
	const struct bed_relay *r = &bed->relays[relay];
	const char *const argv[] = { bed->cmdeploy, "up", r->address, "--dir",
		r->dir, "--detach", NULL };
	int error = write_ini(bed, r);

	if (error == 0)
		error = run_cmdeploy(bed, argv, BED_UP_SEC);
	if (error == 0)
		bed_tell("relay %s is up", r->address);
	return error;
}

int bed_down(struct bed *bed, size_t relay)
{
	const struct bed_relay *r = &bed->relays[relay];
	const char *const argv[] = { bed->cmdeploy, "down", "--dir", r->dir,
		NULL };
	int error = run_cmdeploy(bed, argv, BED_DOWN_SEC);

	if (error == 0)
		bed_tell("relay %s is down", r->address);
	return error;
}

static int check_log(struct bed *bed, const char *path)
{
	static const char *const alarms[] = { "Sanitizer: ", "runtime error: ",
		"panic: ", "Panic: ", "killed with signal 11",
		"killed with signal 6" };
	AUTO_BUF struct buf log = BUF_INIT(LOG_MAX_BYTES);
	struct slice line;
	int r = file_read(path, &log, bed->why);

	if (r < 0)
		return r;
	struct slice rest = buf_slice(&log);
	while (slice_next_line(&rest, &line)) {
		AUTO_FREE char *text = slice_dup(line);
		for (size_t i = 0; i < ARRAY_LEN(alarms); i++)
			if (strstr(text, alarms[i]))
				return because(bed->why, -EBADMSG, "%s: %s",
					path, text);
	}
	return 0;
}

int bed_check_logs(struct bed *bed, size_t relay)
{
	AUTO_FREE char *pattern =
		xasprintf("%s/log/*/current", bed->relays[relay].dir);
	glob_t found;
	int r = 0;

	if (glob(pattern, 0, NULL, &found) != 0)
		return because(bed->why, -ENOENT, "%s: no logs", pattern);
	for (size_t i = 0; r == 0 && i < found.gl_pathc; i++)
		r = check_log(bed, found.gl_pathv[i]);
	globfree(&found);
	return r;
}

/* postqueue prints an object a line for each mail. */
static int list_queue(struct bed *bed, size_t relay, struct buf *out)
{
	AUTO_FREE char *config =
		xasprintf("%s/etc/postfix", bed->relays[relay].dir);
	struct proc proc = {
		.argv = (const char *const[]){ "/usr/sbin/postqueue", "-c",
			config, "-j", NULL },
		.timeout_sec = BED_DOWN_SEC,
		.out = out,
	};

	buf_reset(out);
	return proc_run_ok(&proc, bed->why);
}

static bool has_deferred(const struct buf *queue)
{
	return strstr(buf_str(queue), "\"queue_name\": \"deferred\"") != NULL;
}

static bool has_nothing(const struct buf *queue)
{
	return queue->len == 0;
}

static int wait_queue(struct bed *bed, size_t relay,
	bool (*is_so)(const struct buf *queue), const char *what)
{
	AUTO_BUF struct buf queue = BUF_INIT(OUTPUT_MAX_BYTES);
	int64_t deadline = clock_in_ms(BED_DEFER_SEC * 1000);

	while (clock_now_ms() < deadline) {
		int r = list_queue(bed, relay, &queue);
		if (r < 0)
			return r;
		if (is_so(&queue)) {
			bed_tell("%s", what);
			return 0;
		}
		poll(NULL, 0, DEFER_STEP_MS);
	}
	return because(bed->why, -ETIMEDOUT,
		"the queue of %s: not within %d s: %s; it holds %s",
		bed->relays[relay].address, BED_DEFER_SEC, what,
		buf_str(&queue));
}

int bed_wait_deferred(struct bed *bed, size_t relay)
{
	return wait_queue(
		bed, relay, has_deferred, "the mail waits in the queue");
}

int bed_wait_empty(struct bed *bed, size_t relay)
{
	return wait_queue(bed, relay, has_nothing, "the queue is empty");
}

static int cover_file(
	struct bed *bed, const char *path, const char *name, const char *text)
{
	AUTO_FREE char *ours = xasprintf("%s/%s", bed->dir, name);
	int r = file_write(ours, slice_of(text),
		(struct file_owner){ 0644, -1, -1 }, bed->why);

	if (r < 0)
		return r;
	if (mount(ours, path, NULL, MS_BIND, NULL) < 0)
		return because(bed->why, -errno, "mount over %s: %s", path,
			strerror(errno));
	return 0;
}

int bed_enter_names(struct bed *bed)
{
	const struct bed_relay *r = &bed->relays[0];
	AUTO_FREE char *nobody = make_address(1);
	/* Where core looks for settings; nobody answers at the others. */
	AUTO_FREE char *hosts = xasprintf("127.0.0.1 localhost\n"
					  "%s %s www.%s mta-sts.%s\n"
					  "%s autoconfig.%s autodiscover.%s "
					  "imap.%s smtp.%s mail.%s "
					  "autoconfig.thunderbird.net\n",
		r->address, r->domain, r->domain, r->domain, nobody, r->domain,
		r->domain, r->domain, r->domain, r->domain);

	if (unshare(CLONE_NEWNS) < 0 ||
		mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		return because(bed->why, -errno,
			"a mount namespace: %s; this test needs "
			"CAP_SYS_ADMIN",
			strerror(errno));
	int error = cover_file(bed, "/etc/hosts", "hosts", hosts);
	return error < 0 ? error
			 : cover_file(bed, "/etc/resolv.conf", "resolv.conf",
				   "nameserver 127.0.0.1\n"
				   "options timeout:1 attempts:1\n");
}

int bed_open_core(struct bed *bed)
{
	AUTO_FREE char *accounts = xasprintf("%s/accounts", bed->dir);
	AUTO_FREE char *log = xasprintf("%s/core.log", bed->dir);
	struct rpc_options options = {
		.server = bed->core,
		.accounts_dir = accounts,
		.log_path = log,
	};

	int r = rpc_open(&options, &bed->rpc, bed->why);
	if (r == 0)
		bed_tell("core %s runs", rpc_core_version(bed->rpc));
	return r;
}

static void invent(char *out, size_t len)
{
	AUTO_BUF struct buf text = BUF_INIT(64);

	random_add_text(&text, name_alphabet, len);
	memcpy(out, buf_str(&text), len + 1);
}

void bed_invent(struct bed_login *ret_login)
{
	invent(ret_login->user, sizeof(ret_login->user) - 1);
	invent(ret_login->password, sizeof(ret_login->password) - 1);
}

char *bed_login_link(
	const struct bed *bed, size_t relay, const struct bed_login *login)
{
	const struct bed_relay *r = &bed->relays[relay];

	return xasprintf("dclogin:%s@%s?p=%s&v=1&ih=%s&sh=%s&ic=3", login->user,
		r->domain, login->password, r->address, r->address);
}

int bed_new_user(struct bed *bed, size_t relay, struct chat_user *ret_user)
{
	struct bed_login login;

	bed_invent(&login);
	AUTO_FREE char *link = bed_login_link(bed, relay, &login);
	int r = chat_add_user(bed->rpc, ret_user, bed->why);
	if (r == 0)
		r = chat_sign_up(ret_user, link, bed->why);
	if (r == 0)
		bed_tell("account %u is %s@%s", ret_user->account, login.user,
			bed->relays[relay].domain);
	return r;
}

int bed_befriend(struct bed *bed, const struct chat_user *host,
	const struct chat_user *guest, uint32_t *ret_host_chat,
	uint32_t *ret_guest_chat)
{
	AUTO_FREE char *invitation = NULL;
	uint32_t contact;
	int r = chat_invite(host, 0, &invitation, bed->why);

	if (r == 0)
		r = chat_join(guest, invitation, ret_guest_chat, bed->why);
	if (r == 0)
		r = chat_wait_joined(guest, bed->why);
	if (r == 0)
		r = chat_wait_guest(host, &contact, bed->why);
	if (r == 0 && ret_host_chat)
		r = chat_with(host, contact, ret_host_chat, bed->why);
	if (r == 0)
		bed_tell("account %u has joined account %u", guest->account,
			host->account);
	return r;
}
