/*
 * The figures of relays as one page (bench.h): charts as SVG, no scripts, and
 * nothing from elsewhere.
 */
#include <time.h>

#include "cmdeploy/bench/bench.h"

enum {
	CHART_WIDTH = 480,
	ROW_HEIGHT = 64,
	BAR_ROOM = 48,
	STEP_WIDTH = CHART_WIDTH / BENCH_BUCKETS,
};

static const char head[] =
	"<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n"
	"<meta charset=\"utf-8\">\n"
	"<meta name=\"viewport\" content=\"width=device-width\">\n"
	"<meta name=\"color-scheme\" content=\"light dark\">\n"
	"<title>How fast is this chatmail relay?</title>\n<style>\n"
	":root{--ink:#1c2430;--dim:#5b6675;--page:#f4f6f8;--card:#fff;"
	"--line:#dbe1e8;--a:#2b6cb0;--b:#c05621}\n"
	"@media(prefers-color-scheme:dark){:root{--ink:#e6eaf0;--dim:#9aa6b5;"
	"--page:#12161c;--card:#1b2129;--line:#323c48;--a:#63a4e8;"
	"--b:#ed8f52}}\n"
	"*{box-sizing:border-box}\n"
	"body{margin:0 auto;max-width:72rem;padding:1.5rem 1rem;"
	"font:1rem/1.5 system-ui,sans-serif;color:var(--ink);"
	"background:var(--page)}\n"
	"h1{font-size:1.6rem;line-height:1.25;margin:0 0 .25rem;"
	"overflow-wrap:anywhere}\n"
	"h2{font-size:1.05rem;margin:0}\n"
	"p{margin:.25rem 0;color:var(--dim)}\n"
	"main{display:grid;gap:1rem;margin-top:1rem;grid-template-columns:"
	"repeat(auto-fill,minmax(min(100%,22rem),1fr))}\n"
	"section{background:var(--card);border:1px solid var(--line);"
	"border-radius:.6rem;padding:1rem}\n"
	"svg{display:block;width:100%;height:auto;margin:.5rem 0}\n"
	"table{width:100%;border-collapse:collapse;font-size:.9rem;"
	"font-variant-numeric:tabular-nums}\n"
	"th{font-weight:normal;color:var(--dim)}\n"
	"th,td{text-align:right;padding:.1rem .2rem}\n"
	"th:first-child,td:first-child{text-align:left}\n"
	".a{color:var(--a)}.b{color:var(--b)}.bar{fill:currentColor}\n"
	".axis{stroke:var(--line)}.median{stroke:var(--ink);stroke-width:2}\n"
	".list{grid-template-columns:minmax(0,52rem)}\n"
	".list section{overflow-x:auto}.list td,.list th{white-space:nowrap}\n"
	"td svg{height:.6rem;min-width:3rem;margin:0}\n"
	".note{border-left:.25rem solid var(--b);padding-left:.6rem}\n"
	"</style>\n</head>\n<body>\n";

void bench_html_text(struct buf *out, const char *text)
{
	for (; *text; text++) {
		if (*text == '&')
			buf_add_str(out, "&amp;");
		else if (*text == '<')
			buf_add_str(out, "&lt;");
		else
			buf_add_char(out, *text);
	}
}

static char color(size_t side)
{
	return side == 0 ? 'a' : 'b';
}

/* As a person writes it: three digits or so, and the unit. */
void bench_html_time(struct buf *out, double msec)
{
	if (msec >= 1000)
		buf_addf(out, "%.2f s", msec / 1000);
	else
		buf_addf(out, msec < 10 ? "%.2f ms" : "%.0f ms", msec);
}

/* The histogram of one side: bars on a line, and where the median is. */
static void add_row(struct buf *out, struct bench_series *s,
	const struct bench_scale *scale, size_t side)
{
	size_t counts[BENCH_BUCKETS], most = bench_count(s, scale, counts);
	int base = (int)(side + 1) * ROW_HEIGHT - 8;
	struct bench_figures f;

	if (!bench_figures(s, &f))
		return;
	buf_addf(out, "<g class=\"%c\">", color(side));
	for (int i = 0; i < BENCH_BUCKETS; i++) {
		int height = (int)((counts[i] * BAR_ROOM + most - 1) / most);
		if (height > 0)
			buf_addf(out,
				"<rect class=\"bar\" x=\"%d\" y=\"%d\" "
				"width=\"%d\" height=\"%d\" rx=\"2\"/>",
				i * STEP_WIDTH + 1, base - height,
				STEP_WIDTH - 2, height);
	}
	double x = bench_position(scale, f.median) * CHART_WIDTH;
	buf_addf(out,
		"</g><path class=\"axis\" d=\"M0 %dH%d\"/>"
		"<path class=\"median\" d=\"M%.1f %dV%d\"/>\n",
		base, CHART_WIDTH, x, base - BAR_ROOM - 4, base + 4);
}

static void add_figures(
	struct buf *out, const struct bench_row *row, size_t side)
{
	struct bench_figures f;

	buf_addf(out, "<tr class=\"%c\"><td>", color(side));
	bench_html_text(out, row->name);
	buf_add_str(out, "</td>");
	if (bench_figures(row->series, &f)) {
		const double values[] = { f.min, f.median, f.p99, f.max };
		for (size_t i = 0; i < ARRAY_LEN(values); i++) {
			buf_add_str(out, "<td>");
			bench_html_time(out, values[i]);
			buf_add_str(out, "</td>");
		}
	} else {
		buf_add_str(out, "<td colspan=\"4\">not measured</td>");
	}
	buf_add_str(out, "</tr>\n");
}

void bench_html_card(struct buf *out, const char *title, const char *what,
	const struct bench_row *rows, size_t n)
{
	const struct bench_series *all[BENCH_ROWS_MAX] = { NULL };

	for (size_t i = 0; i < n; i++)
		all[i] = rows[i].series;
	struct bench_scale scale = bench_scale(all, n);
	buf_addf(out, "<section>\n<h2>%s</h2>\n<p>%s</p>\n", title, what);
	buf_addf(out,
		"<svg viewBox=\"0 0 %d %d\" role=\"img\" "
		"aria-label=\"%s, how often each time was measured\">\n",
		CHART_WIDTH, (int)n * ROW_HEIGHT, title);
	for (size_t i = 0; i < n; i++)
		add_row(out, rows[i].series, &scale, i);
	buf_add_str(out,
		"</svg>\n<table>\n<tr><th></th><th>min</th>"
		"<th>median</th><th>p99</th><th>max</th></tr>\n");
	for (size_t i = 0; i < n; i++)
		add_figures(out, &rows[i], i);
	buf_add_str(out, "</table>\n</section>\n");
}

static void add_card(struct buf *out, struct bench *b, enum bench_series_id id)
{
	struct bench_row rows[BENCH_ROWS_MAX];

	for (size_t i = 0; i < b->n_sides; i++)
		rows[i] = (struct bench_row){
			b->sides[i].relay.config.mail_domain,
			&b->sides[i].series[id],
		};
	bench_html_card(
		out, bench_names[id], bench_whats[id], rows, b->n_sides);
}

static void add_notes(struct buf *out, const struct bench_side *side)
{
	if (side->failure) {
		buf_add_str(out, "<p class=\"note\">");
		bench_html_text(out, side->relay.config.mail_domain);
		buf_add_str(out, ": ");
		bench_html_text(out, side->failure);
		buf_add_str(out, "</p>\n");
	}
	if (side->n_limited > 0)
		buf_addf(out,
			"<p class=\"note\">%s held up %u messages or accounts "
			"by its rate limit; they are in no figure.</p>\n",
			side->relay.config.mail_domain, side->n_limited);
}

void bench_html_begin(struct buf *out)
{
	buf_add_str(out, head);
}

void bench_html_date(struct buf *out)
{
	char date[32] = "";
	time_t now = time(NULL);
	struct tm tm;

	if (gmtime_r(&now, &tm))
		strftime(date, sizeof(date), "%Y-%m-%d %H:%M UTC", &tm);
	buf_add_str(out, date);
}

void bench_html(struct bench *b, struct buf *out)
{
	bench_html_begin(out);
	buf_add_str(out, "<h1>How fast is ");
	for (size_t i = 0; i < b->n_sides; i++) {
		buf_addf(out, "%s<span class=\"%c\">", i ? " and " : "",
			color(i));
		bench_html_text(out, b->sides[i].relay.config.mail_domain);
		buf_add_str(out, "</span>");
	}
	buf_addf(out,
		"?</h1>\n<p>Measured from outside by cmdeploy bench, %u "
		"rounds, ",
		b->n_rounds);
	bench_html_date(out);
	buf_add_str(out,
		". Each chart has its own scale, on which a step to the right "
		"is as many times longer as the one before; the line across is "
		"the median.</p>\n");
	for (size_t i = 0; i < b->n_sides; i++)
		add_notes(out, &b->sides[i]);
	buf_add_str(out, "<main>\n");
	for (int id = 0; id < bench_n_series(b->is_echo); id++)
		add_card(out, b, (enum bench_series_id)id);
	buf_add_str(out, "</main>\n</body>\n</html>\n");
}
