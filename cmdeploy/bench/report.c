/* The figures of relays, for a person and as JSON (bench.h). */
#include <stdio.h>

#include "cmdeploy/bench/bench.h"
#include "cmdeploy/say.h"
#include "lib/json.h"

enum {
	NAME_WIDTH = 13,
};

static const char *const bars[] = { " ", "▁", "▂", "▃", "▄", "▅", "▆", "▇",
	"█" };

static void show_histogram(
	const struct bench_series *s, const struct bench_scale *scale)
{
	size_t counts[BENCH_BUCKETS];
	size_t most = bench_count(s, scale, counts);

	for (size_t i = 0; i < BENCH_BUCKETS; i++) {
		size_t height = ARRAY_LEN(bars) - 1;
		fputs(bars[(counts[i] * height + most - 1) / most], stdout);
	}
}

static void show_series(struct bench *b, enum bench_series_id id)
{
	const struct bench_series *const all[] = { &b->sides[0].series[id],
		&b->sides[1].series[id] };
	struct bench_scale scale = bench_scale(all, b->n_sides);
	double first = 0;

	for (size_t i = 0; i < b->n_sides; i++) {
		struct bench_series *s = &b->sides[i].series[id];
		struct bench_figures f;
		printf("  %-*s", NAME_WIDTH, i == 0 ? bench_names[id] : "");
		if (!bench_figures(s, &f)) {
			printf("%9s\n", "-");
			continue;
		}
		printf("%9.1f%9.1f%9.1f%9.1f  ", f.min, f.median, f.p99, f.max);
		show_histogram(s, &scale);
		if (i == 0)
			first = f.median;
		else if (first > 0)
			printf(" x%.2f", f.median / first);
		putchar('\n');
	}
}

static void show_limit(const struct bench_side *side)
{
	if (side->n_limited == 0)
		return;
	printf("\n%s%s: its rate limit held up %u messages or accounts.%s\n"
	       "They were sent when it let them pass, and are in no figure; "
	       "with "
	       "more rounds it is\nthe limit that is measured, not the "
	       "relay.\n",
		say_tone(SAY_DOUBT), side->relay.config.mail_domain,
		side->n_limited, say_tone(SAY_PLAIN));
}

void bench_report(struct bench *b)
{
	printf("  %-*s%9s%9s%9s%9s  milliseconds\n", NAME_WIDTH, "", "min",
		"median", "p99", "max");
	for (int id = 0; id < bench_n_series(b->is_echo); id++)
		show_series(b, (enum bench_series_id)id);
	if (b->n_sides > 1)
		printf("\nUpper lines: %s. Lower lines: %s;\n"
		       "x: how many times the median above its median is.\n",
			b->sides[0].relay.config.mail_domain,
			b->sides[1].relay.config.mail_domain);
	for (size_t i = 0; i < b->n_sides; i++)
		show_limit(&b->sides[i]);
}

static void add_series(struct bench_series *s, struct buf *out)
{
	struct bench_figures f;

	buf_addf(out, "{\"n\":%zu", s->n);
	if (bench_figures(s, &f))
		buf_addf(out,
			",\"min\":%.3f,\"median\":%.3f,\"p99\":%.3f,"
			"\"max\":%.3f",
			f.min, f.median, f.p99, f.max);
	buf_add_str(out, ",\"values\":[");
	for (size_t i = 0; i < s->n; i++)
		buf_addf(out, "%s%.3f", i ? "," : "", s->v[i]);
	buf_add_str(out, "]}");
}

static void add_side(struct bench_side *side, bool is_echo, struct buf *out)
{
	buf_add_char(out, '{');
	json_add_member(
		out, "domain", slice_of(side->relay.config.mail_domain));
	if (side->failure)
		json_add_member(out, "failure", slice_of(side->failure));
	buf_addf(out, ",\"held_up_by_rate_limit\":%u,\"series\":{",
		side->n_limited);
	for (int id = 0; id < bench_n_series(is_echo); id++) {
		buf_addf(out, "%s\"%s\":", id ? "," : "", bench_names[id]);
		add_series(&side->series[id], out);
	}
	buf_add_str(out, "}}");
}

void bench_json(struct bench *b, struct buf *out)
{
	buf_addf(out, "{\"unit\":\"ms\",\"rounds\":%u,\"relays\":[",
		b->n_rounds);
	for (size_t i = 0; i < b->n_sides; i++) {
		if (i > 0)
			buf_add_char(out, ',');
		add_side(&b->sides[i], b->is_echo, out);
	}
	buf_add_str(out, "]}\n");
}
