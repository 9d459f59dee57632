/*
 * What the JSON-RPC client says when core misbehaves, which a real core
 * does not do on demand: the peers here are shell scripts. The relay
 * tests drive the real one.
 */
#include "deltachat/rpc.h"

#include <errno.h>
#include <sys/stat.h>

#include "deltachat/channel.h"
#include "deltachat/chat.h"
#include "lib/file.h"
#include "tests/test.h"

/* Answers get_system_info (id 1), then takes get_next_event (id 2). */
#define GREET                                                                  \
	"read l; echo '{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":"              \
	"{\"deltachat_core_version\":\"v9\"}}'; read l\n"

struct peer {
	const char *name;
	const char *script;
	int want;
	const char *want_why; /* contained in the reason */
};

static char dir[] = "/tmp/test-rpc-XXXXXX";

static struct rpc_options make_peer(
	const char *script, char **ret_path, char **ret_log)
{
	AUTO_FREE char *text = xasprintf("#!/bin/sh\n%s", script);

	*ret_path = xasprintf("%s/peer", dir);
	*ret_log = xasprintf("%s/log", dir);
	unlink(*ret_log);
	if (file_write(*ret_path, slice_of(text),
		    (struct file_owner){ 0700, -1, -1 }, NULL) < 0)
		check("peer written", false);
	return (struct rpc_options){ *ret_path, dir, *ret_log, 300 };
}

static void check_why(const char *name, const struct buf *why, const char *want)
{
	if (!strstr(buf_str(why), want))
		check_str(name, buf_str(why), want);
	else
		check(name, true);
}

static void test_open(void)
{
	static const struct peer cases[] = {
		{ "greets", GREET "read l\n", 0, "" },
		{ "dies at once", "echo no such database >&2; exit 3\n", -EPIPE,
			"get_system_info: peer ended with status 3; its last "
			"words: no such database" },
		{ "is killed", "kill -9 $$\n", -EPIPE, "killed by signal 9" },
		{ "prints garbage", "read l; echo hello\n", -EPROTO,
			"no JSON-RPC answer: \"hello\"" },
		{ "prints other JSON", "read l; echo '[1]'\n", -EPROTO,
			"no JSON-RPC answer: \"[1]\"" },
		{ "says nothing", "read l; read l\n", -ETIMEDOUT,
			"get_system_info: peer: no answer in time" },
		{ "answers something else",
			"read l; echo '{\"jsonrpc\":\"2.0\",\"id\":7,"
			"\"result\":1}'; read l\n",
			-ETIMEDOUT, "no answer in time" },
		{ "answers with an error",
			"read l; echo '{\"jsonrpc\":\"2.0\",\"id\":1,\"error\":"
			"{\"code\":-1,\"message\":\"disk full\"}}'; read l\n",
			-EREMOTEIO, "get_system_info: disk full" },
	};
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		AUTO_FREE char *path = NULL, *log = NULL;
		AUTO_BUF struct buf why = BUF_INIT(BUF_WHY_MAX_BYTES);
		struct rpc_options o = make_peer(cases[i].script, &path, &log);
		struct rpc *rpc = NULL;

		check_int(
			cases[i].name, rpc_open(&o, &rpc, &why), cases[i].want);
		check_why(cases[i].name, &why, cases[i].want_why);
		rpc_close(rpc);
	}
}

static void test_no_such_program(void)
{
	AUTO_BUF struct buf why = BUF_INIT(BUF_WHY_MAX_BYTES);
	AUTO_FREE char *path = xasprintf("%s/none", dir);
	AUTO_FREE char *log = xasprintf("%s/log", dir);
	struct rpc_options o = { path, dir, log, 300 };
	struct rpc *rpc = NULL;

	check_int("no such program", rpc_open(&o, &rpc, &why), -ENOENT);
	check_why("names it", &why, "/none: cannot be started: No such file");
	o.log_path = "/nonexistent/log";
	check_int("no log", rpc_open(&o, &rpc, &why), -ENOENT);
	check_why("names the log", &why, "/nonexistent/log: No such file");
}

#define EVENT(id, kind, msg)                                                   \
	"echo '{\"jsonrpc\":\"2.0\",\"id\":" id ",\"result\":{\"contextId\":"  \
	"1,\"event\":{\"kind\":\"" kind "\",\"msg\":\"" msg "\"}}}'\n"

static void test_events_are_kept_and_asked_again(void)
{
	AUTO_FREE char *path = NULL, *log = NULL;
	AUTO_BUF struct buf why = BUF_INIT(BUF_WHY_MAX_BYTES);
	AUTO_BUF struct buf text = BUF_INIT(BUF_WHY_MAX_BYTES);
	struct rpc_options o =
		make_peer(GREET EVENT("2", "A", "first") "read l\n" EVENT(
				  "3", "Info", "told") "read l\n" EVENT("4",
				  "B", "second") "read l\nread l; exit 5\n",
			&path, &log);
	struct rpc *rpc = NULL;
	json_t *event = NULL;

	check_int("open", rpc_open(&o, &rpc, &why), 0);
	check_str("version", rpc_core_version(rpc), "v9");
	check_int("B comes last",
		rpc_wait_event(rpc, 1, "B", NULL, NULL, NULL, &why), 0);
	check_int("A was kept",
		rpc_wait_event(rpc, 1, "A", NULL, NULL, &event, &why), 0);
	check_str(
		"A", json_string_value(json_object_get(event, "msg")), "first");
	json_decref(event);
	check_int("A is used up",
		rpc_wait_event(rpc, 1, "A", NULL, NULL, NULL, &why),
		-ETIMEDOUT);
	check_str("says which", buf_str(&why),
		"account 1: no event A within 300 ms");
	check_int("dies on request", rpc_call(rpc, "stop_io", NULL, NULL, &why),
		-EPIPE);
	check_why("says how", &why, "stop_io: peer ended with status 5");
	check_int("stays dead", rpc_call(rpc, "x", NULL, NULL, &why), -EPIPE);
	check_int("log", file_read(log, &text, &why), 0);
	check_why("Info is logged", &text, "account 1: Info: told\n");
	rpc_close(rpc);
}

static void test_stop_kills_the_stubborn(void)
{
	AUTO_FREE char *path = NULL, *log = NULL;
	AUTO_BUF struct buf why = BUF_INIT(BUF_WHY_MAX_BYTES);
	struct rpc_options o =
		make_peer("trap '' TERM HUP INT; exec sleep 60\n", &path, &log);
	const char *const argv[] = { path, NULL };
	struct channel_command command = { argv, NULL, o.log_path };
	struct channel *c = NULL;

	check_int("start", channel_start(&command, &c, &why), 0);
	int64_t start = clock_now_ms();
	channel_stop(c, 100);
	int64_t took = clock_now_ms() - start;
	check("killed after the grace", took >= 100 && took < 10000);
}

static void test_bad_text(void)
{
	AUTO_FREE char *path = NULL, *log = NULL;
	AUTO_BUF struct buf why = BUF_INIT(BUF_WHY_MAX_BYTES);
	struct rpc_options o = make_peer(GREET "read l\n", &path, &log);
	struct chat_user user = { NULL, 1 };

	check_int("open", rpc_open(&o, &user.rpc, &why), 0);
	check_int("no UTF-8", chat_send_text(&user, 1, "\xff", NULL, &why),
		-EINVAL);
	check_str("says so", buf_str(&why),
		"misc_send_text_message: text is not UTF-8");
	rpc_close(user.rpc);
}

static void remove_dir(void)
{
	static const char *const names[] = { "peer", "log" };

	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		AUTO_FREE char *path = xasprintf("%s/%s", dir, names[i]);
		unlink(path);
	}
	rmdir(dir);
}

int main(void)
{
	if (!mkdtemp(dir)) {
		perror(dir);
		return 1;
	}
	test_open();
	test_no_such_program();
	test_events_are_kept_and_asked_again();
	test_stop_kills_the_stubborn();
	test_bad_text();
	remove_dir();
	return test_end();
}
