/* What came out of a load, for a person and as JSON (load.h). */
#include <stdio.h>

#include "cmdeploy/load/load.h"
#include "cmdeploy/say.h"
#include "lib/json.h"

enum {
	KILOBYTE = 1024,
	NAME_WIDTH = 36,
};

static double per(double value, size_t n)
{
	return n ? value / (double)n : 0;
}

static void show_times(const char *what, struct bench_series *s)
{
	struct bench_figures f;

	if (bench_figures(s, &f))
		printf("  %-22s%9.1f%9.1f%9.1f%9.1f\n", what, f.min, f.median,
			f.p99, f.max);
}

static void show_program(const struct usage_program *p, size_t n_accepted)
{
	printf("  %-*s%9.2f%9.1f%9.1f%7zu\n", NAME_WIDTH, p->label,
		per(p->sec * 1e3, n_accepted),
		per((double)p->n_written_bytes / KILOBYTE, n_accepted),
		(double)p->pss_kb / KILOBYTE, p->n);
}

bool load_shows(const struct round *r, const struct usage_program *p)
{
	return p->sec * 1e5 >= (double)r->sum.accepted || p->pss_kb > KILOBYTE;
}

static void show_programs(const struct round *r)
{
	if (r->n_programs == 0)
		return;
	const struct usage_program all = usage_sum(r->programs, r->n_programs);
	printf("\n  %-*s%9s%9s%9s%7s\n", NAME_WIDTH,
		"for each message, by program", "CPU ms", "disk KB", "MB", "n");
	for (size_t i = 0; i < r->n_programs; i++)
		if (load_shows(r, &r->programs[i]))
			show_program(&r->programs[i], r->sum.accepted);
	show_program(&all, r->sum.accepted);
	printf("  MB: their memory (PSS) at the end; n: processes\n");
}

static void show_round(struct round *r)
{
	const struct ledger_sum *sum = &r->sum;

	printf("\n%s%.2f messages a second%s for %.1f s\n",
		say_tone(round_holds(r) ? SAY_GOOD : SAY_BAD), r->rate,
		say_tone(SAY_PLAIN), r->sec);
	printf("  messages    %zu sent, %zu accepted, %zu refused, "
	       "%zu unanswered\n",
		sum->sent, sum->accepted, sum->refused, sum->unanswered);
	printf("  deliveries  %zu of %zu, %zu noticed by IDLE, %zu lost, "
	       "%zu doubled, %.1f MB\n",
		sum->delivered, sum->wanted, sum->noticed, sum->lost,
		sum->doubled, (double)sum->bytes / KILOBYTE / KILOBYTE);
	if (r->stopped)
		printf("  stopped: %s\n", r->stopped);
	if (r->refusal)
		printf("  the relay said: %s\n", r->refusal);
	printf("  %-22s%9s%9s%9s%9s\n", "milliseconds", "min", "median", "p99",
		"max");
	show_times("from 250 to EXISTS", &r->sum.told);
	show_times("from 250 to the body", &r->sum.fetched);
}

void load_report(struct load *l)
{
	printf("  %lu users in IDLE after %.1f s\n", (unsigned long)l->n_users,
		l->login_sec);
	for (size_t i = 0; i < l->n_rounds; i++)
		show_round(&l->rounds[i]);
	if (l->n_rounds > 0)
		show_programs(&l->rounds[l->n_rounds - 1]);
	if (!l->is_until_slow)
		return;
	if (l->best_rate > 0)
		say_bold("\n%.2f messages a second is the highest rate that "
			 "holds",
			l->best_rate);
	else
		say_bold("\n%.2f messages a second are too much already; give "
			 "a lower --rate",
			l->rounds[l->n_rounds - 1].rate);
	if (l->is_limit)
		printf("More of them the relay's own rate limit would refuse; "
		       "with more --users it can be more.\n");
}

static void add_times(const char *name, struct bench_series *s, struct buf *out)
{
	struct bench_figures f;

	if (bench_figures(s, &f))
		buf_addf(out,
			",\"%s\":{\"min\":%.3f,\"median\":%.3f,\"p99\":%.3f,"
			"\"max\":%.3f}",
			name, f.min, f.median, f.p99, f.max);
}

static void add_program(const struct usage_program *p, struct buf *out)
{
	buf_add_char(out, '{');
	json_add_member(out, "name", slice_of(p->label));
	buf_addf(out,
		",\"cpu_sec\":%.6f,\"runs\":%lu,\"written_bytes\":%lu,"
		"\"pss_kb\":%lu,\"processes\":%zu}",
		p->sec, (unsigned long)p->n_runs,
		(unsigned long)p->n_written_bytes, (unsigned long)p->pss_kb,
		p->n);
}

static void add_round(struct round *r, struct buf *out)
{
	const struct ledger_sum *sum = &r->sum;

	buf_addf(out,
		"{\"rate\":%.2f,\"seconds\":%.3f,\"holds\":%s,\"sent\":%zu,"
		"\"accepted\":%zu,\"refused\":%zu,\"unanswered\":%zu,"
		"\"wanted\":%zu,\"delivered\":%zu,\"noticed\":%zu,"
		"\"lost\":%zu,\"doubled\":%zu,\"delivered_bytes\":%lu",
		r->rate, r->sec, round_holds(r) ? "true" : "false", sum->sent,
		sum->accepted, sum->refused, sum->unanswered, sum->wanted,
		sum->delivered, sum->noticed, sum->lost, sum->doubled,
		(unsigned long)sum->bytes);
	if (r->stopped)
		json_add_member(out, "stopped", slice_of(r->stopped));
	if (r->refusal)
		json_add_member(out, "refusal", slice_of(r->refusal));
	add_times("exists_ms", &r->sum.told, out);
	add_times("body_ms", &r->sum.fetched, out);
	buf_add_str(out, ",\"programs\":[");
	for (size_t i = 0; i < r->n_programs; i++) {
		if (i > 0)
			buf_add_char(out, ',');
		add_program(&r->programs[i], out);
	}
	buf_add_str(out, "]}");
}

void load_json(struct load *l, struct buf *out)
{
	buf_add_char(out, '{');
	json_add_member(out, "domain", slice_of(l->relay.config.mail_domain));
	buf_addf(out,
		",\"users\":%lu,\"login_seconds\":%.3f,\"best_rate\":%.2f,"
		"\"rounds\":[",
		(unsigned long)l->n_users, l->login_sec, l->best_rate);
	for (size_t i = 0; i < l->n_rounds; i++) {
		if (i > 0)
			buf_add_char(out, ',');
		add_round(&l->rounds[i], out);
	}
	buf_add_str(out, "]}\n");
}
