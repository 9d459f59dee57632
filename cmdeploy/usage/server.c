/* Asks a server what its programs use (server.h). */
#include "cmdeploy/usage/server.h"

#include "cmdeploy/embed.h"
#include "lib/die.h"
#include "lib/num.h"

enum {
	SCRIPT_SEC = 60,
	OUTPUT_MAX_BYTES = 1 << 22,
	NUMBERS = 7,
};

static void take_line(struct usage *u, struct slice line)
{
	uint64_t n[NUMBERS];
	struct slice word;

	for (int i = 0; i < NUMBERS; i++)
		if (!slice_next_word(&line, &word) ||
			num_parse_u64(word, &n[i]) < 0)
			return;
	usage_saw(u,
		&(struct usage_seen){
			.pid = (pid_t)n[0],
			.parent = (pid_t)n[1],
			.sec = (double)n[2] / 100,
			.reaped_sec = (double)n[3] / 100,
			.n_runs = n[4],
			.n_written_bytes = n[5],
			.pss_kb = n[6],
			.label = slice_trim(line),
		});
}

static void look(struct usage *u, void *owner, bool is_weighing)
{
	struct usage_server *server = owner;
	AUTO_BUF struct buf out = BUF_INIT(OUTPUT_MAX_BYTES);
	AUTO_BUF struct buf err = BUF_INIT(BUF_WHY_MAX_BYTES);
	AUTO_BUF struct buf why = BUF_INIT(BUF_WHY_MAX_BYTES);
	struct slice script, rest, line;

	if (!embed_find("usage/server.sh", &script))
		bug("no usage/server.sh");
	AUTO_FREE char *text = slice_dup(script);
	const char *const argv[] = { "sh", "-c", text, "sh",
		is_weighing ? "weigh" : "", NULL };
	const struct proc proc = {
		.argv = argv,
		.timeout_sec = SCRIPT_SEC,
		.out = &out,
		.err = &err,
	};
	int r = host_run(server->host, &proc, &why);
	if (r < 0 && server->why.len == 0)
		buf_add_str(&server->why, buf_str(&why));
	rest = buf_slice(&out);
	while (r == 0 && slice_next_line(&rest, &line))
		take_line(u, line);
}

struct usage *usage_new_server(struct usage_server *server)
{
	return usage_new_elsewhere(look, server);
}
