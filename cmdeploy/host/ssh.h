/*
 * ssh.h - a machine that is reached by the operator's own ssh(1), with
 * their configuration, agent and jump hosts. What is run there runs as
 * root, by sudo where the user is another one.
 *
 * All commands share one connection, which is made by the first of them.
 * It ends with ssh_close(), or by itself a minute after this process.
 *
 * Facts (host_fact) are those of cmdeploy/host/facts.sh; all of them come
 * in one round trip when the first is asked for.
 */
#ifndef CMDEPLOY_HOST_SSH_H
#define CMDEPLOY_HOST_SSH_H

#include "cmdeploy/host/host.h"
#include "cmdeploy/host/ssh-target.h"
#include "lib/words.h"

struct ssh_host {
	struct host host;
	struct ssh_target target;
	char *dir;          /* of the connection's socket, private */
	struct words words; /* of $CMDEPLOY_SSH */
	struct buf facts;   /* "name=value" lines */
	/* Asked a few times a second; true ends what runs. May be NULL. */
	bool (*is_unwanted)(void *owner);
};

/* Nothing is connected yet; `where` as ssh_target_parse() takes it. */
int ssh_open(const char *where, struct ssh_host *ret_ssh,
	struct buf *why) MUST_CHECK;
void ssh_close(struct ssh_host *ssh);

/*
 * Connects, and lets ssh ask the person at the terminal, if there is
 * one, where it must: host key, passphrase, password.
 */
int ssh_connect(struct ssh_host *ssh, struct buf *why) MUST_CHECK;

/*
 * Runs the shell scripts that the program carries (cmdeploy/embed.h) in
 * `names`, as one, with the arguments in `args`; both end with NULL. Of
 * `proc`, argv is not used.
 */
int ssh_script(const struct ssh_host *ssh, const char *const *names,
	const char *const *args, const struct proc *proc,
	struct buf *why) MUST_CHECK;

/*
 * Runs a command there in our place (proc_attach): with our input and
 * output, and on a terminal if ours is one; `env` as in struct proc. Its
 * exit status, or negative when it could not be run.
 */
int ssh_attach(const struct ssh_host *ssh, const char *const *argv,
	const char *const *env, struct buf *why) MUST_CHECK;

/*
 * Runs a script of the program on each of two hosts at once: the second reads
 * what the first prints, and nothing of it is kept here. `proc` as for
 * ssh_script(): of its two outputs, standard output is the second one's.
 * Success when both have ended well; the second cannot know how the first
 * ended, and must not rely on having got all.
 */
int ssh_pipe(const struct ssh_host *from, const char *const *from_args,
	const struct ssh_host *to, const char *const *to_args, const char *name,
	const struct proc *proc, struct buf *why) MUST_CHECK;

#endif
