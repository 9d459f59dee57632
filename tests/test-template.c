/* Unit tests of lib/template.h. */
#include "lib/template.h"
#include "tests/test.h"

static const struct {
	const char *name, *text, *want;
} renders[] = {
	{ "plain", "a\nb", "a\nb" },
	{ "empty", "", "" },
	{ "value", "x = {{one}};\n", "x = 1;\n" },
	{ "blanks in a tag", "{{ one }}", "1" },
	{ "two values", "{{one}}{{one}}", "11" },
	{ "no tag", "a { b } {c}\n", "a { b } {c}\n" },
	{ "value is not rendered again", "{{braces}}", "{{one}}" },
	{ "kept", "{{#one}}a{{/one}}", "a" },
	{ "left out", "{{#none}}a{{/none}}", "" },
	{ "inverted kept", "{{^none}}a{{/none}}", "a" },
	{ "inverted left out", "{{^one}}a{{/one}}", "" },
	{ "in line", "{{#one}}{{one}}:{{/one}}smtp\n", "1:smtp\n" },
	{ "line vanishes", "a\n{{#one}}\nb\n{{/one}}\nc\n", "a\nb\nc\n" },
	{ "indented line vanishes", "a\n\t{{#none}}\nb\n  {{/none}} \nc\n",
		"a\nc\n" },
	{ "last line vanishes", "a\n{{#one}}\nb\n{{/one}}", "a\nb\n" },
	{ "value alone stays", "{{none}}\n", "\n" },
	{ "inside each other",
		"{{#one}}\na\n{{^none}}\nb\n{{/none}}\n{{/one}}\n", "a\nb\n" },
	{ "inside of left out",
		"{{#none}}\na\n{{#one}}\nb\n{{/one}}\n{{/none}}\nc\n", "c\n" },
	{ "else", "p = {{#none}}4{{/none}}{{^none}}all{{/none}}\n",
		"p = all\n" },
};

static const struct {
	const char *name, *text, *want;
} refusals[] = {
	{ "unknown value", "a\n{{nope}}\n",
		"t: line 2: nothing is called \"nope\"" },
	{ "unknown section", "{{#nope}}\n{{/nope}}\n",
		"t: line 1: nothing is called \"nope\"" },
	{ "unknown in left out", "{{#none}}\n{{nope}}\n{{/none}}\n",
		"t: line 2: nothing is called \"nope\"" },
	{ "empty name", "{{}}", "t: line 1: nothing is called \"\"" },
	{ "open", "a\n{{#one}}\nb\n",
		"t: line 2: the section \"one\" never ends" },
	{ "closes nothing", "a\n{{/one}}\n",
		"t: line 2: {{/one}} closes nothing" },
	{ "crossed", "{{#one}}\n{{^none}}\n{{/one}}\n",
		"t: line 3: {{/one}} where {{/none}} of line 2 should stand" },
	{ "cut tag", "a {{one\n}}",
		"t: line 1: \"{{\" without \"}}\" on the same line" },
	{ "too large", "123456789012345678901234567890123",
		"t: larger than 32 bytes" },
};

static struct template_vars vars_make(void)
{
	struct template_vars vars = { 0 };

	template_vars_set(&vars, "one", "0");
	template_vars_set(&vars, "one", "1");
	template_vars_set(&vars, "braces", "{{one}}");
	template_vars_set_bool(&vars, "none", false);
	return vars;
}

int main(void)
{
	struct template_vars vars = vars_make();

	for (size_t i = 0; i < ARRAY_LEN(renders); i++) {
		AUTO_BUF struct buf out = BUF_INIT(1024);
		AUTO_BUF struct buf why = BUF_INIT(BUF_WHY_MAX_BYTES);
		check_int(renders[i].name,
			template_render("t", slice_of(renders[i].text), &vars,
				&out, &why),
			0);
		check_str(renders[i].name, buf_str(&out), renders[i].want);
	}
	for (size_t i = 0; i < ARRAY_LEN(refusals); i++) {
		AUTO_BUF struct buf out = BUF_INIT(32);
		AUTO_BUF struct buf why = BUF_INIT(BUF_WHY_MAX_BYTES);
		check(refusals[i].name,
			template_render("t", slice_of(refusals[i].text), &vars,
				&out, &why) < 0);
		check_str(refusals[i].name, buf_str(&why), refusals[i].want);
	}
	template_vars_release(&vars);
	return test_end();
}
