/* What came out of a load, as a page that stands alone (load.h). */
#include "cmdeploy/load/load.h"

enum {
	KILOBYTE = 1024,
	BAR_WIDTH = 100,
};

static double per(double value, size_t n)
{
	return n ? value / (double)n : 0;
}

static void add_round(struct round *r, struct buf *out)
{
	const struct ledger_sum *sum = &r->sum;
	struct bench_figures f = { 0 };

	bench_figures(&r->sum.told, &f);
	buf_addf(out,
		"<tr class=\"%c\"><td>%.2f</td><td>%.0f</td><td>%zu</td>"
		"<td>%zu</td><td>%zu</td><td>%zu</td><td>%zu</td>"
		"<td>",
		round_holds(r) ? 'a' : 'b', r->rate, r->sec, sum->sent,
		sum->refused, sum->delivered, sum->lost, sum->doubled);
	bench_html_time(out, f.median);
	buf_add_str(out, "</td><td>");
	bench_html_time(out, f.p99);
	buf_addf(out, "</td><td>%s</td></tr>\n", round_holds(r) ? "yes" : "no");
}

static void add_rounds(struct load *l, struct buf *out)
{
	buf_add_str(out,
		"<section>\n<h2>Messages</h2>\n"
		"<p>Sent by users to one another; the times are from their "
		"acceptance to the notice by IDLE.</p>\n<table>\n<tr>"
		"<th>a second</th><th>seconds</th><th>sent</th><th>refused</th>"
		"<th>delivered</th><th>lost</th><th>doubled</th>"
		"<th>median</th><th>p99</th><th>holds</th></tr>\n");
	for (size_t i = 0; i < l->n_rounds; i++)
		add_round(&l->rounds[i], out);
	buf_add_str(out, "</table>\n</section>\n");
}

static void add_program(const struct usage_program *p, size_t n_accepted,
	double most_sec, struct buf *out)
{
	buf_add_str(out, "<tr><td>");
	bench_html_text(out, p->label);
	buf_addf(out,
		"</td><td>%.2f</td><td class=\"a\"><svg viewBox=\"0 0 %d 8\" "
		"preserveAspectRatio=\"none\">"
		"<rect class=\"bar\" width=\"%.1f\" height=\"8\"/></svg></td>"
		"<td>%.1f</td><td>%.1f</td><td>%zu</td></tr>\n",
		per(p->sec * 1e3, n_accepted), BAR_WIDTH,
		most_sec > 0 ? p->sec / most_sec * BAR_WIDTH : 0,
		per((double)p->n_written_bytes / KILOBYTE, n_accepted),
		(double)p->pss_kb / KILOBYTE, p->n);
}

static void add_programs(const struct round *r, struct buf *out)
{
	const struct usage_program all = usage_sum(r->programs, r->n_programs);

	buf_add_str(out,
		"<section>\n<h2>Programs</h2>\n"
		"<p>Processor and disk for each message, and memory at the "
		"end.</p>\n<table>\n<tr><th></th><th>CPU ms</th><th></th>"
		"<th>disk KB</th><th>MB</th><th>processes</th></tr>\n");
	for (size_t i = 0; i < r->n_programs; i++)
		if (load_shows(r, &r->programs[i]))
			add_program(&r->programs[i], r->sum.accepted,
				r->programs[0].sec, out);
	add_program(&all, r->sum.accepted, 0, out);
	buf_add_str(out, "</table>\n</section>\n");
}

static void add_verdict(const struct load *l, struct buf *out)
{
	const struct round *last = &l->rounds[l->n_rounds - 1];

	if (l->is_until_slow)
		buf_addf(out,
			"<p><strong>%.2f messages a second</strong> is the "
			"highest rate that holds.</p>\n",
			l->best_rate);
	if (!last->stopped)
		return;
	buf_add_str(out, "<p class=\"note\">The last round was stopped: ");
	bench_html_text(out, last->stopped);
	buf_add_str(out, "</p>\n");
}

void load_html(struct load *l, struct buf *out)
{
	struct round *last = &l->rounds[l->n_rounds - 1];
	const struct bench_row rows[] = {
		{ "to the notice", &last->sum.told },
		{ "to the body", &last->sum.fetched },
	};

	bench_html_begin(out);
	buf_add_str(out, "<h1>How much does <span class=\"a\">");
	bench_html_text(out, l->relay.config.mail_domain);
	buf_addf(out,
		"</span> carry?</h1>\n<p>Measured by cmdeploy bench --load, ");
	bench_html_date(out);
	buf_addf(out, ": %lu users were in IDLE after %.1f s.</p>\n",
		(unsigned long)l->n_users, l->login_sec);
	add_verdict(l, out);
	buf_add_str(out, "<main class=\"list\">\n");
	add_rounds(l, out);
	bench_html_card(out, "How soon",
		"after a message was accepted, in the last round", rows,
		ARRAY_LEN(rows));
	if (last->n_programs > 0)
		add_programs(last, out);
	buf_add_str(out, "</main>\n</body>\n</html>\n");
}
