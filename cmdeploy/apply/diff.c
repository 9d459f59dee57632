#include "cmdeploy/apply/diff.h"

#include <stdint.h>
#include <string.h>

enum {
	CONTEXT_LINES = 3,
	CELLS_MAX = 4 << 20,
};

struct lines {
	struct slice *v; /* each without its LF */
	size_t n;
	bool is_cut; /* the last one has no LF */
};

/* One line of the result: ' ', '-' or '+', and its place in both texts. */
struct edit {
	char kind;
	size_t old_at, new_at;
};

struct edits {
	struct edit *v;
	size_t n;
};

static struct lines split(struct slice text)
{
	struct lines lines = { 0 };
	struct slice rest = text, line;
	size_t cap = 0;

	while (slice_next_line(&rest, &line)) {
		if (lines.n == cap) {
			cap = cap ? cap * 2 : 64;
			lines.v = xreallocarray(lines.v, cap, sizeof(*lines.v));
		}
		lines.v[lines.n++] = line;
	}
	lines.is_cut = text.len > 0 && text.ptr[text.len - 1] != '\n';
	return lines;
}

static bool is_same(
	const struct lines *a, size_t i, const struct lines *b, size_t j)
{
	bool is_a_cut = a->is_cut && i + 1 == a->n;
	bool is_b_cut = b->is_cut && j + 1 == b->n;

	return is_a_cut == is_b_cut && slice_eq(a->v[i], b->v[j]);
}

static void edit_add(struct edits *e, char kind, size_t i, size_t j)
{
	e->v[e->n++] = (struct edit){ kind, i, j };
}

/* The middle part: lines [from, a_end) and [from, b_end). */
struct middle {
	const struct lines *a, *b;
	size_t from, a_end, b_end;
};

static void add_replaced(const struct middle *m, struct edits *e)
{
	for (size_t i = m->from; i < m->a_end; i++)
		edit_add(e, '-', i, m->from);
	for (size_t j = m->from; j < m->b_end; j++)
		edit_add(e, '+', m->a_end, j);
}

/* The longest common subsequence, by the table that everybody knows. */
static void add_compared(const struct middle *m, struct edits *e)
{
	size_t rows = m->a_end - m->from, cols = m->b_end - m->from;
	AUTO_FREE uint32_t *t = xcalloc((rows + 1) * (cols + 1), sizeof(*t));
	size_t w = cols + 1, i = 0, j = 0;

	for (size_t r = rows; r-- > 0;)
		for (size_t c = cols; c-- > 0;) {
			uint32_t down = t[(r + 1) * w + c];
			uint32_t right = t[r * w + c + 1];
			t[r * w + c] =
				is_same(m->a, m->from + r, m->b, m->from + c)
				? t[(r + 1) * w + c + 1] + 1
				: down > right ? down
					       : right;
		}
	while (i < rows || j < cols) {
		size_t at_a = m->from + i, at_b = m->from + j;
		if (i < rows && j < cols && is_same(m->a, at_a, m->b, at_b)) {
			edit_add(e, ' ', at_a, at_b);
			i++, j++;
		} else if (i < rows &&
			(j == cols || t[(i + 1) * w + j] >= t[i * w + j + 1])) {
			edit_add(e, '-', at_a, at_b);
			i++;
		} else {
			edit_add(e, '+', at_a, at_b);
			j++;
		}
	}
}

static struct edits compare(const struct lines *a, const struct lines *b)
{
	struct edits e = { .v = xcalloc(a->n + b->n, sizeof(*e.v)) };
	struct middle m = { a, b, 0, a->n, b->n };

	while (m.from < a->n && m.from < b->n &&
		is_same(a, m.from, b, m.from)) {
		edit_add(&e, ' ', m.from, m.from);
		m.from++;
	}
	while (m.a_end > m.from && m.b_end > m.from &&
		is_same(a, m.a_end - 1, b, m.b_end - 1)) {
		m.a_end--;
		m.b_end--;
	}
	if ((m.a_end - m.from + 1) * (m.b_end - m.from + 1) > CELLS_MAX)
		add_replaced(&m, &e);
	else
		add_compared(&m, &e);
	for (size_t i = m.a_end, j = m.b_end; i < a->n; i++, j++)
		edit_add(&e, ' ', i, j);
	return e;
}

/* "12,3" or, for one line, "12"; a side without lines counts from 0. */
static void add_range(struct buf *out, char sign, size_t first, size_t n)
{
	buf_addf(out, " %c%zu", sign, n ? first + 1 : first);
	if (n != 1)
		buf_addf(out, ",%zu", n);
}

static void add_line(struct buf *out, const struct edit *e,
	const struct lines *a, const struct lines *b)
{
	const struct lines *side = e->kind == '+' ? b : a;
	size_t at = e->kind == '+' ? e->new_at : e->old_at;

	buf_add_char(out, e->kind);
	buf_add_slice(out, side->v[at]);
	buf_add_char(out, '\n');
	if (side->is_cut && at + 1 == side->n)
		buf_add_str(out, "\\ No newline at end of file\n");
}

static void add_hunk(struct buf *out, const struct edits *e, size_t from,
	size_t to, const struct lines *sides[2])
{
	size_t n_old = 0, n_new = 0;

	for (size_t i = from; i < to; i++) {
		n_old += e->v[i].kind != '+';
		n_new += e->v[i].kind != '-';
	}
	buf_add_str(out, "@@");
	add_range(out, '-', e->v[from].old_at, n_old);
	add_range(out, '+', e->v[from].new_at, n_new);
	buf_add_str(out, " @@\n");
	for (size_t i = from; i < to; i++)
		add_line(out, &e->v[i], sides[0], sides[1]);
}

/* The end of the hunk whose first change is at `at`. */
static size_t hunk_end(const struct edits *e, size_t at)
{
	size_t n_same = 0;

	for (; at < e->n && n_same <= 2 * CONTEXT_LINES; at++)
		n_same = e->v[at].kind == ' ' ? n_same + 1 : 0;
	if (n_same > CONTEXT_LINES)
		at -= n_same - CONTEXT_LINES;
	return at;
}

void diff_unified(const char *old_name, struct slice old_text,
	const char *new_name, struct slice new_text, struct buf *out)
{
	if (slice_eq(old_text, new_text))
		return;
	struct lines a = split(old_text), b = split(new_text);
	struct edits e = compare(&a, &b);
	const struct lines *sides[] = { &a, &b };

	buf_addf(out, "--- %s\n+++ %s\n", old_name, new_name);
	for (size_t at = 0, done = 0; at < e.n; at++) {
		if (e.v[at].kind == ' ')
			continue;
		size_t from =
			at - done > CONTEXT_LINES ? at - CONTEXT_LINES : done;
		done = hunk_end(&e, at);
		add_hunk(out, &e, from, done, sides);
		at = done - 1;
	}
	free(e.v);
	free(a.v);
	free(b.v);
}
