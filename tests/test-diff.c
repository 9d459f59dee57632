#include "cmdeploy/apply/diff.h"
#include "tests/test.h"

#define HEAD "--- a\n+++ b\n"

static const struct {
	const char *name, *a, *b, *want;
} cases[] = {
	{ "same", "x\n", "x\n", "" },
	{ "both empty", "", "", "" },
	{ "new file", "", "x\ny\n", HEAD "@@ -0,0 +1,2 @@\n+x\n+y\n" },
	{ "emptied", "x\n", "", HEAD "@@ -1 +0,0 @@\n-x\n" },
	{ "one line", "x\n", "y\n", HEAD "@@ -1 +1 @@\n-x\n+y\n" },
	{ "context", "1\n2\n3\n4\n5\n6\n7\n8\n9\n",
		"1\n2\n3\n4\nV\n6\n7\n8\n9\n",
		HEAD "@@ -2,7 +2,7 @@\n 2\n 3\n 4\n-5\n+V\n 6\n 7\n 8\n" },
	{ "added at the end", "1\n2\n", "1\n2\n3\n",
		HEAD "@@ -1,2 +1,3 @@\n 1\n 2\n+3\n" },
	{ "added at the start", "2\n3\n", "1\n2\n3\n",
		HEAD "@@ -1,2 +1,3 @@\n+1\n 2\n 3\n" },
	{ "near changes share a hunk", "a\n1\n2\n3\n4\n5\n6\nb\n",
		"A\n1\n2\n3\n4\n5\n6\nB\n",
		HEAD "@@ -1,8 +1,8 @@\n-a\n+A\n 1\n 2\n 3\n 4\n 5\n 6\n-b\n"
		     "+B\n" },
	{ "far changes do not", "a\n1\n2\n3\n4\n5\n6\n7\nb\n",
		"A\n1\n2\n3\n4\n5\n6\n7\nB\n",
		HEAD "@@ -1,4 +1,4 @@\n-a\n+A\n 1\n 2\n 3\n"
		     "@@ -6,4 +6,4 @@\n 5\n 6\n 7\n-b\n+B\n" },
	{ "moved line", "x\n1\n2\n", "1\n2\nx\n",
		HEAD "@@ -1,3 +1,3 @@\n-x\n 1\n 2\n+x\n" },
	{ "no end of line", "x", "x\n",
		HEAD "@@ -1 +1 @@\n-x\n\\ No newline at end of file\n+x\n" },
};

/* Beyond the size of the table: replaced as a whole. */
static void test_large(void)
{
	AUTO_BUF struct buf a = BUF_INIT(1 << 20);
	AUTO_BUF struct buf b = BUF_INIT(1 << 20);
	AUTO_BUF struct buf out = BUF_INIT(1 << 21);

	for (int i = 0; i < 4000; i++) {
		buf_addf(&a, "a%d\n", i);
		buf_addf(&b, "b%d\n", i);
	}
	diff_unified("a", buf_slice(&a), "b", buf_slice(&b), &out);
	check("large",
		slice_starts(buf_slice(&out),
			SLICE(HEAD "@@ -1,4000 +1,4000 @@\n-a0\n-a1\n")));
	check_int("large", (long long)out.len,
		(long long)(a.len + b.len + 8000 + strlen(HEAD) +
			strlen("@@ -1,4000 +1,4000 @@\n")));
}

int main(void)
{
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		AUTO_BUF struct buf out = BUF_INIT(4096);
		diff_unified("a", slice_of(cases[i].a), "b",
			slice_of(cases[i].b), &out);
		check_str(cases[i].name, buf_str(&out), cases[i].want);
	}
	test_large();
	return test_end();
}
