/* Unit tests of chatmaild/common/dict-request.h. */
#include "chatmaild/common/dict-request.h"

#include "tests/test.h"

struct connection {
	struct dict_requests requests;
	struct buf out;
	int n_told;
};

static void on_answers(void *owner)
{
	struct connection *c = owner;

	c->n_told++;
}

static void open_connection(struct connection *c)
{
	*c = (struct connection){ .out = BUF_INIT(4096) };
	dict_requests_init(&c->requests, &c->out, on_answers, c);
}

/* What has gone out by now, in how many goes; and what still waits. */
static void check_out(
	const char *name, const struct connection *c, int n_told, size_t n_left)
{
	check_str(name, buf_str(&c->out), name);
	check_int(name, c->n_told, n_told);
	check_int(name, (long long)c->requests.n, (long long)n_left);
}

static void test_order(void)
{
	struct dict_request *v[5];
	struct connection c;

	open_connection(&c);
	for (size_t i = 0; i < ARRAY_LEN(v); i++)
		v[i] = i < 3 ? dict_requests_add(&c.requests)
			     : dict_requests_add_commit(&c.requests, i);
	dict_answer_none(v[1]);
	check_out("", &c, 0, 5);
	dict_answer_fail(v[3], "full");
	dict_answer_value(v[0], SLICE("a"));
	check_out("Oa\nN\n", &c, 1, 3);
	dict_answer_fail(v[2], "busy");
	dict_answer_done(v[4]);
	check_out("Oa\nN\nFbusy\nF3\tfull\nO4\n", &c, 3, 0);
	dict_answer_value(dict_requests_add(&c.requests), SLICE("b"));
	check_out("Oa\nN\nFbusy\nF3\tfull\nO4\nOb\n", &c, 4, 0);
	dict_requests_release(&c.requests);
	buf_release(&c.out);
}

static void test_gone(void)
{
	struct dict_request *first, *second;
	struct connection c;

	open_connection(&c);
	first = dict_requests_add(&c.requests);
	second = dict_requests_add_commit(&c.requests, 7);
	dict_answer_none(dict_requests_add(&c.requests));
	dict_requests_release(&c.requests);
	dict_answer_value(first, SLICE("late"));
	dict_answer_none(second);
	check_str("gone", buf_str(&c.out), "");
	check_int("gone", c.n_told, 0);
	buf_release(&c.out);
}

int main(void)
{
	test_order();
	test_gone();
	return test_end();
}
