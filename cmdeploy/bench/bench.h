/*
 * bench.h - how fast a relay is, measured from outside as apps meet it: what
 * is measured (series of times), on one relay or on two in turns, and the
 * figures that come out.
 *
 * Times are in milliseconds. A message that the relay's rate limit holds up is
 * sent again when it lets them pass (probe/letter.h); its time is left out, and
 * counted in n_limited.
 */
#ifndef CMDEPLOY_BENCH_BENCH_H
#define CMDEPLOY_BENCH_BENCH_H

#include "cmdeploy/probe/pair.h"

enum {
	BENCH_ROUNDS = 10,
	BENCH_ROUNDS_MAX = 500,
	BENCH_BUCKETS = 24,
	BENCH_SIDES_MAX = 2,
	BENCH_MESSAGE_BYTES = 3000,
	BENCH_BURST = 10, /* messages sent one after the other */
};

enum bench_series_id {
	BENCH_IMAP_CONNECT,
	BENCH_IMAP_LOGIN,
	BENCH_SMTP_CONNECT,
	BENCH_SMTP_LOGIN,
	BENCH_NEW,
	BENCH_SEND,
	BENCH_NOTICE,
	BENCH_FETCH,
	BENCH_PING_PONG,
	BENCH_SEND_TEN,
	BENCH_RECEIVE_TEN,
	BENCH_ECHO, /* only where is_echo */
	BENCH_SERIES_N,
};

/* How many of them are shown. */
static inline int bench_n_series(bool is_echo)
{
	return is_echo ? BENCH_SERIES_N : BENCH_ECHO;
}

/* Its name, and what is measured, by BENCH_ id. */
extern const char *const bench_names[BENCH_SERIES_N];
extern const char *const bench_whats[BENCH_SERIES_N];

struct bench_series {
	double *v;
	size_t n;
};

/* One relay: what it is, what was measured there, and what went wrong. */
struct bench_side {
	struct probe_relay relay;
	struct bench_series series[BENCH_SERIES_N];
	unsigned n_limited;
	char *failure; /* of the first thing that failed, or NULL */
	struct pair there, back;
	int n_there, n_back; /* messages in their mailboxes */
};

struct bench {
	struct bench_side sides[BENCH_SIDES_MAX];
	size_t n_sides;
	unsigned n_rounds;
	bool is_echo; /* the echo bot is asked as well */
	/* Told before each round; may be NULL. */
	void (*progress)(const char *what, const char *domain, unsigned round,
		unsigned n_rounds);
};

/* Measures; what fails on a side ends what is measured there. */
void bench_run(struct bench *b);
void bench_release(struct bench *b);

struct bench_figures {
	double min, median, p99, max;
};

/* Sorts the series; false when it is empty. p99 by nearest rank. */
bool bench_figures(struct bench_series *s, struct bench_figures *ret_figures);

/* A scale of BENCH_BUCKETS steps, each as many times the one before. */
struct bench_scale {
	double from, until;
};

/* The scale that holds all of the n series. */
struct bench_scale bench_scale(
	const struct bench_series *const *series, size_t n);
/* From 0 at scale->from to 1 at scale->until. */
double bench_position(const struct bench_scale *scale, double msec);
/* How many of the series lie in each step; returns the most of them. */
size_t bench_count(const struct bench_series *s,
	const struct bench_scale *scale, size_t ret_counts[BENCH_BUCKETS]);

/* A series under the name of a relay, or of what was measured there. */
struct bench_row {
	const char *name;
	struct bench_series *series;
};

enum {
	BENCH_ROWS_MAX = 2,
};

/* For a person; the same as JSON, and as a page that stands alone. */
void bench_report(struct bench *b);
void bench_json(struct bench *b, struct buf *out);
void bench_html(struct bench *b, struct buf *out);

/*
 * Parts of such a page: all up to its body; a text; a time; now; and a card
 * with the histograms of n series, on one scale, and their figures.
 */
void bench_html_begin(struct buf *out);
void bench_html_text(struct buf *out, const char *text);
void bench_html_time(struct buf *out, double msec);
void bench_html_date(struct buf *out);
void bench_html_card(struct buf *out, const char *title, const char *what,
	const struct bench_row *rows, size_t n);

#endif
