/* Unit tests of cmdeploy/host/ssh-reason.h. */
#include <errno.h>

#include "cmdeploy/host/ssh-reason.h"
#include "cmdeploy/host/ssh-target.h"
#include "lib/proc.h"
#include "tests/test.h"

static void test_target(void)
{
	static const struct {
		const char *text, *where, *name, *port;
	} cases[] = {
		{ "relay.example", "relay.example", "relay.example", "" },
		{ "op@relay.example", "op@relay.example", "relay.example", "" },
		{ "op@relay.example:2222", "op@relay.example", "relay.example",
			"2222" },
		{ "a@b@relay.example:22", "a@b@relay.example", "relay.example",
			"22" },
		{ "relay_1", "relay_1", "relay_1", "" },
		{ "192.0.2.7:65535", "192.0.2.7", "192.0.2.7", "65535" },
		{ "2001:db8::1", "2001:db8::1", "2001:db8::1", "" },
		{ "[2001:db8::1]", "2001:db8::1", "2001:db8::1", "" },
		{ "op@[2001:db8::1]:22", "op@2001:db8::1", "2001:db8::1",
			"22" },
		/* What is not a host. */
		{ .text = "" },
		{ .text = "-oProxyCommand=x" },
		{ .text = "op@-x" },
		{ .text = "@relay" },
		{ .text = "op@" },
		{ .text = "relay:" },
		{ .text = "relay:0" },
		{ .text = "relay:65536" },
		{ .text = "relay:ssh" },
		{ .text = "[::1" },
		{ .text = "[::1]22" },
		{ .text = "[::1]:" },
		{ .text = "[]:22" },
		{ .text = "two words" },
		{ .text = "a;b" },
		{ .text = "$(a)" },
		{ .text = "a/b" },
		{ .text = "re\tlay" },
		{ .text = "r\xc3\xa4lay" },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		AUTO_BUF struct buf why = BUF_INIT(BUF_WHY_MAX_BYTES);
		struct ssh_target target = { 0 };
		int r = ssh_target_parse(cases[i].text, &target, &why);
		check_int(cases[i].text, r, cases[i].where ? 0 : -EINVAL);
		check(cases[i].text, (r < 0) == (why.len > 0));
		if (r == 0) {
			check_str(cases[i].text, target.where, cases[i].where);
			check_str(cases[i].text, target.name, cases[i].name);
			check_str(cases[i].text, target.port ? target.port : "",
				cases[i].port);
		}
		ssh_target_release(&target);
	}
}

/* What a shell makes of it is what was given. */
static void test_words(void)
{
	static const char *const words[] = { "plain", "", "two words", "it's",
		"''", "\"$HOME\" `id` \\ * ~ # !", "line\nbreak", "\t", "--",
		NULL };
	AUTO_BUF struct buf command = BUF_INIT(4096);
	AUTO_BUF struct buf got = BUF_INIT(4096);
	AUTO_BUF struct buf want = BUF_INIT(4096);

	buf_add_str(&command, "printf '<%s>'");
	for (size_t i = 0; words[i]; i++) {
		shell_add_word(&command, words[i]);
		buf_addf(&want, "<%s>", words[i]);
	}
	check_int("sh",
		proc_run_ok(
			&(struct proc){ .argv = (const char *const[]){ "sh",
						"-c", buf_str(&command), NULL },
				.timeout_sec = 20,
				.out = &got },
			NULL),
		0);
	check_slice("words", buf_slice(&got), buf_slice(&want));
}

static void test_reason(void)
{
	static const struct {
		const char *where, *said, *want;
		int error;
	} cases[] = {
		{ "relay", "Host key verification failed.\r\n",
			"compare it: ssh relay (it said", -EKEYREJECTED },
		{ "op@relay:22", "Host key verification failed.\r\n",
			"compare it: ssh -p 22 op@relay (it said",
			-EKEYREJECTED },
		{ "op@relay",
			"@ WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED! @\n"
			"Host key verification failed.\n",
			"ssh-keygen -R relay (it said", -EPERM },
		{ "op@relay:22",
			"@ WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED! @\n"
			"Host key verification failed.\n",
			"ssh-keygen -R '[relay]:22' (it said", -EPERM },
		{ "relay", "root@relay: Permission denied (publickey).\n",
			"none of your keys", -EKEYREJECTED },
		{ "relay",
			"ssh: connect to host relay port 22: Connection "
			"refused\n",
			"nothing answers for ssh", -ECONNREFUSED },
		{ "relay",
			"ssh: connect to host relay port 22: Connection timed "
			"out\n",
			"does not answer", -ETIMEDOUT },
		{ "relay",
			"ssh: Could not resolve hostname relay: Name or "
			"service not known\n",
			"neither in DNS nor", -EHOSTUNREACH },
		{ "relay", "sudo: a password is required\n", "NOPASSWD",
			-EPERM },
		{ "relay", "sh: 1: exec: sudo: not found\n", "root@HOST",
			-EPERM },
		{ "relay", "client_loop: send disconnect: Broken pipe\n",
			"goes on where it stopped", -ECONNRESET },
		{ "relay", "a banner\nsomething new\n",
			"relay: ssh failed: something new", -EIO },
		{ "relay", "", "relay: ssh failed: ", -EIO },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		AUTO_BUF struct buf why = BUF_INIT(BUF_WHY_MAX_BYTES);
		struct ssh_target target = { 0 };
		check_int("target",
			ssh_target_parse(cases[i].where, &target, NULL), 0);
		check_int(cases[i].said,
			ssh_reason(&target, slice_of(cases[i].said), &why),
			cases[i].error);
		if (!strstr(buf_str(&why), cases[i].want))
			check_str(cases[i].said, buf_str(&why), cases[i].want);
		ssh_target_release(&target);
	}
}

int main(void)
{
	test_target();
	test_words();
	test_reason();
	return test_end();
}
