/* Another machine by ssh: one connection, programs, facts. */
#include "cmdeploy/host/ssh.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

#include "cmdeploy/embed.h"
#include "cmdeploy/host/ssh-reason.h"
#include "cmdeploy/host/temp.h"
#include "lib/num.h"

enum {
	OWN_WORDS_MAX = 24, /* of the operator */
	COMMAND_MAX_BYTES = 100000,
	FACTS_MAX_BYTES = 65536,
	SAID_MAX_BYTES = 65536,
	FACTS_SEC = 120,
	END_SEC = 10,
	EXIT_SSH_FAILED = 255,
	EXIT_BROKEN_PIPE = 141,
};

/* Before every command: become root, with the paths of root. */
#define AS_ROOT                                                                \
	"PATH=$PATH:/usr/sbin:/sbin; export PATH; unset LC_ALL LANGUAGE; "     \
	"LANG=C.UTF-8; export LANG; "                                          \
	"if [ \"$(id -u)\" = 0 ]; then exec \"$@\"; "                          \
	"else exec sudo -n -- \"$@\"; fi"

static struct ssh_host *of(const struct host *host)
{
	return CONTAINER_OF(host, struct ssh_host, host);
}

/* The operator's words come first: of an option, ssh takes the first. */
static void line_start(struct words *line, const struct ssh_host *ssh)
{
	AUTO_FREE char *control = xasprintf("ControlPath=%s/ssh", ssh->dir);

	words_add_all(line, words_list(&ssh->words));
	/* What a configuration made for work by hand may have set. */
	words_add_all(line,
		PROC_WORDS("-o", "ControlMaster=auto", "-o",
			"ControlPersist=60", "-o", "ServerAliveInterval=15",
			"-o", "ServerAliveCountMax=3", "-o",
			"ConnectTimeout=20", "-o", "LogLevel=ERROR", "-o",
			"ClearAllForwardings=yes", "-o", "ForwardX11=no", "-o",
			"RemoteCommand=none", "-o", "PermitLocalCommand=no",
			"-o", control));
	if (ssh->target.port)
		words_add_all(line, PROC_WORDS("-p", ssh->target.port));
}

/* Without a command there is none. */
static void line_end(
	struct words *line, const struct ssh_host *ssh, const char *command)
{
	words_add_all(line, PROC_WORDS("--", ssh->target.where, command));
}

/* As the shell there is to read it. */
static int add_command(const char *const *argv, const char *const *env,
	struct buf *out, struct buf *why)
{
	static const char *const start[] = { "sh", "-c", AS_ROOT, "sh", NULL };

	for (size_t i = 0; start[i]; i++)
		shell_add_word(out, start[i]);
	if (env && *env)
		shell_add_word(out, "env");
	for (; env && *env; env++)
		shell_add_word(out, *env);
	for (; *argv; argv++)
		shell_add_word(out, *argv);
	if (!buf_ok(out))
		return because(why, -E2BIG, "the command is too long for ssh");
	return 0;
}

static bool is_ssh_failure(int status)
{
	return status != PROC_TIMED_OUT && WIFEXITED(status) &&
		WEXITSTATUS(status) == EXIT_SSH_FAILED;
}

/* Why a command failed: the way to it, sudo, or itself. */
static int explain(const struct ssh_host *ssh, int status, struct slice said,
	struct buf *why)
{
	AUTO_BUF struct buf ended = BUF_INIT(BUF_WHY_MAX_BYTES);
	struct slice line = slice_last_line(said);

	if (is_ssh_failure(status) || slice_starts(line, SLICE("sudo: ")) ||
		memmem(said.ptr, said.len, "sudo: not found", 15))
		return ssh_reason(&ssh->target, said, why);
	if (slice_starts(line, SLICE("cmdeploy: ")))
		line = slice_from(line, strlen("cmdeploy: "));
	if (line.len > 0)
		return because(why, -EIO, "%s: %.*s", ssh->target.where,
			SLICE_FMT(line));
	proc_status_text(status, &ended);
	return because(why, -EIO, "%s: %s", ssh->target.where, buf_str(&ended));
}

static int run(
	const struct host *host, const struct proc *proc, struct buf *why)
{
	const struct ssh_host *ssh = of(host);
	AUTO_BUF struct buf said = BUF_INIT(SAID_MAX_BYTES);
	AUTO_BUF struct buf command = BUF_INIT(COMMAND_MAX_BYTES);
	AUTO_WORDS struct words line = { 0 };
	struct proc here = *proc;
	int status;
	int r = add_command(proc->argv, proc->env, &command, why);

	if (r < 0)
		return r;
	line_start(&line, ssh);
	words_add(&line, "-T");
	words_add(&line, "-oBatchMode=yes");
	line_end(&line, ssh, buf_str(&command));
	here.argv = words_list(&line);
	here.env = NULL;
	if (!here.err)
		here.err = &said;
	if (!here.is_unwanted)
		here.is_unwanted = ssh->is_unwanted;
	r = proc_run(&here, &status, why);
	if (r == -ENOENT)
		return because(why, r, "%s is not on this machine; %s",
			here.argv[0],
			getenv("CMDEPLOY_SSH")
				? "$CMDEPLOY_SSH names it"
				: "install the package openssh-client");
	if (r < 0 || status == 0)
		return r;
	return explain(ssh, status, buf_slice(here.err), why);
}

/* One side of a pipe, as the shell here is to read it. */
static int add_side(struct buf *out, const struct ssh_host *ssh,
	const char *name, const char *const *args, struct buf *why)
{
	AUTO_BUF struct buf command = BUF_INIT(COMMAND_MAX_BYTES);
	AUTO_WORDS struct words argv = { 0 };
	AUTO_WORDS struct words line = { 0 };
	struct slice script;

	if (!embed_find(name, &script))
		return because(why, -ENOENT, "%s: not in this program", name);
	AUTO_FREE char *text = slice_dup(script);
	words_add_all(&argv, PROC_WORDS("sh", "-c", text, "sh"));
	words_add_all(&argv, args);
	int r = add_command(words_list(&argv), NULL, &command, why);
	if (r < 0)
		return r;
	line_start(&line, ssh);
	words_add_all(&line, PROC_WORDS("-T", "-oBatchMode=yes"));
	line_end(&line, ssh, buf_str(&command));
	for (size_t i = 0; i < line.n; i++)
		shell_add_word(out, line.v[i]);
	return 0;
}

/* The exit status of the first, where it failed and was not just left alone. */
static int read_failure(const char *path)
{
	AUTO_BUF struct buf text = BUF_INIT(SAID_MAX_BYTES);
	uint64_t status;

	if (file_read(path, &text, NULL) < 0 ||
		num_parse_u64(slice_trim(buf_slice(&text)), &status) < 0)
		return 0;
	return status == EXIT_BROKEN_PIPE ? 0 : (int)status;
}

int ssh_pipe(const struct ssh_host *from, const char *const *from_args,
	const struct ssh_host *to, const char *const *to_args, const char *name,
	const struct proc *proc, struct buf *why)
{
	AUTO_BUF struct buf text = BUF_INIT(2 * COMMAND_MAX_BYTES);
	AUTO_BUF struct buf said = BUF_INIT(SAID_MAX_BYTES);
	AUTO_FREE char *failure = xasprintf("%s/failure", from->dir);
	struct proc here = *proc;
	int status;

	unlink(failure);
	buf_add_str(&text, "trap 'kill 0' INT\n{ {");
	int r = add_side(&text, from, name, from_args, why);
	buf_add_str(&text, " || echo $? >\"$1\"; } |");
	if (r == 0)
		r = add_side(&text, to, name, to_args, why);
	buf_add_str(&text, "; } &\nwait $!\n");
	if (r < 0)
		return r;
	if (!buf_ok(&text))
		return because(why, -E2BIG, "%s: too long a script", name);
	here.argv = PROC_WORDS("sh", "-c", buf_str(&text), "sh", failure);
	here.err = &said;
	here.is_unwanted = from->is_unwanted;
	r = proc_run(&here, &status, why);
	int first = read_failure(failure);
	/* One that is lost ends the other, too. */
	if (r == 0 && first != 0 && !is_ssh_failure(status))
		return explain(
			from, W_EXITCODE(first, 0), buf_slice(&said), why);
	return r < 0 || status == 0
		? r
		: explain(to, status, buf_slice(&said), why);
}

static int fetch_facts(struct ssh_host *ssh, struct buf *why)
{
	buf_reset(&ssh->facts);
	return ssh_script(ssh, PROC_WORDS("host/facts.sh"), PROC_WORDS(NULL),
		&(struct proc){ .out = &ssh->facts, .timeout_sec = FACTS_SEC },
		why);
}

static int fact(const struct host *host, const char *name, struct buf *out,
	struct buf *why)
{
	struct ssh_host *ssh = of(host);
	int r = ssh->facts.len == 0 ? fetch_facts(ssh, why) : 0;

	if (r < 0 || facts_find(buf_slice(&ssh->facts), name, out) == 1)
		return r;
	return because(
		why, -ENOENT, "%s: unknown fact \"%s\"", host->name, name);
}

/* The program and its options, as the operator has them. */
static int read_words(struct words *words, struct buf *why)
{
	const char *text = getenv("CMDEPLOY_SSH");

	words_add_split(words, slice_of(text && text[0] ? text : "ssh"));
	if (words->n == 0 || words->n > OWN_WORDS_MAX)
		return because(why, -EINVAL,
			"$CMDEPLOY_SSH must have 1 to %d words: a program and "
			"its options",
			OWN_WORDS_MAX);
	return 0;
}

int ssh_open(const char *where, struct ssh_host *ret_ssh, struct buf *why)
{
	struct ssh_host ssh = {
		.host = { .run = run, .fact = fact },
		.facts = BUF_INIT(FACTS_MAX_BYTES),
	};
	int r = read_words(&ssh.words, why);

	if (r == 0)
		r = ssh_target_parse(where, &ssh.target, why);
	if (r == 0)
		r = temp_make(&ssh.dir, why);
	if (r < 0) {
		ssh_close(&ssh);
		return r;
	}
	ssh.host.name = ssh.target.where;
	*ret_ssh = ssh;
	return 0;
}

/* If there is one. */
static void end_connection(const struct ssh_host *ssh)
{
	AUTO_WORDS struct words line = { 0 };
	AUTO_FREE char *path = xasprintf("%s/ssh", ssh->dir);
	int status;

	if (file_exists(path)) {
		line_start(&line, ssh);
		words_add(&line, "-Oexit");
		line_end(&line, ssh, NULL);
		int ignored =
			proc_run(&(struct proc){ .argv = words_list(&line),
					 .timeout_sec = END_SEC },
				&status, NULL);
		(void)ignored;
	}
}

void ssh_close(struct ssh_host *ssh)
{
	if (!ssh)
		return;
	if (ssh->dir)
		end_connection(ssh);
	ssh_target_release(&ssh->target);
	temp_remove(ssh->dir);
	words_release(&ssh->words);
	buf_release(&ssh->facts);
	*ssh = (struct ssh_host){ 0 };
}

/* ssh itself asks, and makes the connection that all others use. */
static int connect_asking(const struct ssh_host *ssh, struct buf *why)
{
	AUTO_WORDS struct words line = { 0 };
	int status;

	line_start(&line, ssh);
	words_add(&line, "-T");
	line_end(&line, ssh, "true");
	int r = proc_attach(words_list(&line), &status, why);
	if (r == 0 && status != 0)
		r = because(why, -EPERM,
			"%s: no connection; what ssh said is above",
			ssh->target.where);
	return r;
}

int ssh_connect(struct ssh_host *ssh, struct buf *why)
{
	int r = fetch_facts(ssh, why);

	if (r != -EKEYREJECTED || !isatty(STDIN_FILENO))
		return r;
	if (isatty(STDOUT_FILENO))
		puts("");
	fflush(stdout);
	r = connect_asking(ssh, why);
	return r < 0 ? r : fetch_facts(ssh, why);
}

int ssh_script(const struct ssh_host *ssh, const char *const *names,
	const char *const *args, const struct proc *proc, struct buf *why)
{
	AUTO_BUF struct buf text = BUF_INIT(COMMAND_MAX_BYTES);
	AUTO_WORDS struct words line = { 0 };
	struct proc with = *proc;
	struct slice part;

	for (const char *const *name = names; *name; name++) {
		if (!embed_find(*name, &part))
			return because(
				why, -ENOENT, "%s: not in this program", *name);
		buf_add_slice(&text, part);
	}
	if (!buf_ok(&text))
		return because(why, -E2BIG, "%s: too long a script", *names);
	words_add_all(&line, PROC_WORDS("sh", "-c", buf_str(&text), "sh"));
	words_add_all(&line, args);
	with.argv = words_list(&line);
	return run(&ssh->host, &with, why);
}

int ssh_attach(const struct ssh_host *ssh, const char *const *argv,
	const char *const *env, struct buf *why)
{
	AUTO_BUF struct buf command = BUF_INIT(COMMAND_MAX_BYTES);
	AUTO_WORDS struct words line = { 0 };
	bool is_terminal = isatty(STDIN_FILENO) && isatty(STDOUT_FILENO);
	int status;
	int r = add_command(argv, env, &command, why);

	if (r < 0)
		return r;
	line_start(&line, ssh);
	words_add(&line, is_terminal ? "-t" : "-T");
	line_end(&line, ssh, buf_str(&command));
	r = proc_attach(words_list(&line), &status, why);
	if (r < 0)
		return r;
	if (is_ssh_failure(status))
		return because(why, -ECONNRESET,
			"%s: the connection was lost; run it again, it goes on "
			"where it stopped",
			ssh->target.where);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -EINTR;
}
