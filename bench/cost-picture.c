/*
 * cost-picture - where the time goes that one message costs, as a picture.
 *
 *	bench/run relay | tee figures | cost-picture >doc/message-cost.svg
 *
 * Of what `bench/run relay` prints it takes the first round of the relay and
 * the first of the stock servers: messages to one recipient. A row for each
 * program, the most expensive first; the relay's bar above that of its peer.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/die.h"
#include "lib/slice.h"

enum {
	PROGRAMS_MAX = 64,
	/* What takes less than this is one row, "the rest". */
	SMALL_USEC = 100,
	WIDTH = 760,
	LEFT = 230, /* where bars begin */
	RIGHT = 70, /* for the longest bar's number */
	TOP = 70,
	ROW = 34,
	BAR = 12,
};

/* The same work has other names on the two sides, or ones that say little. */
static const struct {
	const char *label, *name;
} names[] = {
	{ "postfix smtpd 10587", "postfix smtpd, submission" },
	{ "postfix smtpd submissions", "postfix smtpd, submission" },
	{ "postfix smtpd ../filter/outgoing",
		"postfix smtpd, after the filter" },
	{ "postfix cleanup cleanup-outgoing", "postfix cleanup" },
	{ "postfix trivial-rewrite rewrite", "postfix trivial-rewrite" },
	{ "postfix postlogd postlog", "postfix postlogd" },
	{ "nginx", "nginx (TLS)" },
	{ "chatmail-metada", "chatmail-metadata" },
};

enum side {
	RELAY,
	STOCK,
	SIDES_N,
};

struct program {
	char name[64];
	double msec[SIDES_N];
};

static struct program programs[PROGRAMS_MAX];
static size_t n_programs;
static double all_msec[SIDES_N];

static struct program *find(const char *name)
{
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (!strcmp(names[i].label, name))
			name = names[i].name;
	for (size_t i = 0; i < n_programs; i++)
		if (!strcmp(programs[i].name, name))
			return &programs[i];
	if (n_programs == PROGRAMS_MAX)
		die("more than %d programs", PROGRAMS_MAX);
	snprintf(programs[n_programs].name, sizeof(programs->name), "%s", name);
	return &programs[n_programs++];
}

/* "  dovecot lmtp    3.456 ms    2.00 runs": as bench/cost.c prints it. */
static bool read_program(const char *line, enum side side)
{
	char name[64];
	double msec;
	int end = 0;

	/* Two blanks, the name in 34 columns, and so on. */
	if (sscanf(line, "  %34[^\n]%lf ms%n", name, &msec, &end) != 2 || !end)
		return false;
	for (size_t n = strlen(name); n && name[n - 1] == ' '; n--)
		name[n - 1] = '\0';
	if (!strcmp(name, "all"))
		all_msec[side] = msec;
	else
		find(msec * 1e3 < SMALL_USEC ? "the rest" : name)->msec[side] +=
			msec;
	return true;
}

/* Each side's first round begins with "1 recipients", and ends with "all". */
static void read_figures(void)
{
	char *line = NULL;
	size_t size = 0;
	int side = -1;
	bool is_round = false;

	while (getline(&line, &size, stdin) >= 0) {
		if (!strncmp(line, "1 recipients:", 13) && side + 1 < SIDES_N) {
			is_round = true;
			side++;
		}
		if (is_round && !strncmp(line, "  ", 2) &&
			read_program(line, (enum side)side))
			is_round = all_msec[side] == 0;
	}
	free(line);
	if (all_msec[RELAY] == 0 || all_msec[STOCK] == 0)
		die("no figures of a relay and of stock servers on standard "
		    "input: bench/run relay prints them");
}

static bool is_rest(const struct program *p)
{
	return !strcmp(p->name, "the rest");
}

/* By what the relay takes, then by what its peer takes; the rest last. */
static int by_cost(const void *a, const void *b)
{
	const struct program *x = a, *y = b;

	if (is_rest(x) != is_rest(y))
		return is_rest(x) - is_rest(y);
	for (int side = 0; side < SIDES_N; side++)
		if (x->msec[side] != y->msec[side])
			return x->msec[side] < y->msec[side] ? 1 : -1;
	return strcmp(x->name, y->name);
}

static double longest(void)
{
	double max = 0;

	for (size_t i = 0; i < n_programs; i++)
		for (int side = 0; side < SIDES_N; side++)
			if (programs[i].msec[side] > max)
				max = programs[i].msec[side];
	return max;
}

static void draw_bar(double msec, double scale, int y, const char *class)
{
	double width = msec * scale;

	if (msec == 0)
		return;
	printf("<rect class=\"%s\" x=\"%d\" y=\"%d\" width=\"%.1f\" "
	       "height=\"%d\" rx=\"2\"/>\n"
	       "<text class=\"n\" x=\"%.1f\" y=\"%d\">%.2f</text>\n",
		class, LEFT, y, width, BAR, LEFT + width + 6, y + BAR - 2,
		msec);
}

static void draw(void)
{
	double scale = (WIDTH - LEFT - RIGHT) / longest();
	int height = TOP + (int)n_programs * ROW + 10;

	printf("<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" "
	       "height=\"%d\" viewBox=\"0 0 %d %d\" role=\"img\">\n"
	       "<title>CPU for a message to one recipient, by program</title>\n"
	       "<style>\n"
	       "svg { background: #fff; font: 13px sans-serif }\n"
	       "text { fill: #222 } .n { font-size: 11px; fill: #555 }\n"
	       ".relay { fill: #2a78b8 } .stock { fill: #b4b9bf }\n"
	       "</style>\n",
		WIDTH, height, WIDTH, height);
	printf("<text x=\"16\" y=\"26\" font-weight=\"bold\">Milliseconds of "
	       "CPU for a message of 3 KB to one recipient</text>\n"
	       "<rect class=\"relay\" x=\"16\" y=\"40\" width=\"12\" "
	       "height=\"12\" rx=\"2\"/>\n"
	       "<text x=\"34\" y=\"51\">this relay: %.1f</text>\n"
	       "<rect class=\"stock\" x=\"170\" y=\"40\" width=\"12\" "
	       "height=\"12\" rx=\"2\"/>\n"
	       "<text x=\"188\" y=\"51\">Postfix and Dovecot alone, as Debian "
	       "sets them: %.1f</text>\n",
		all_msec[RELAY], all_msec[STOCK]);
	for (size_t i = 0; i < n_programs; i++) {
		int y = TOP + (int)i * ROW;
		printf("<text x=\"%d\" y=\"%d\" text-anchor=\"end\">%s</text>"
		       "\n",
			LEFT - 10, y + BAR + 4, programs[i].name);
		draw_bar(programs[i].msec[RELAY], scale, y, "relay");
		draw_bar(programs[i].msec[STOCK], scale, y + BAR + 1, "stock");
	}
	puts("</svg>");
}

int main(void)
{
	read_figures();
	qsort(programs, n_programs, sizeof(*programs), by_cost);
	draw();
	return 0;
}
