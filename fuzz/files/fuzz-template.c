/*
 * A template is either refused with its name and a line, or rendered: text
 * without braces comes out as it went in, and no value is read as template.
 */
#include <string.h>

#include "fuzz/fuzz.h"
#include "lib/template.h"

enum {
	OUT_MAX_BYTES = 1 << 20,
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct slice text = slice_make(data, len);
	AUTO_BUF struct buf out = BUF_INIT(OUT_MAX_BYTES);
	AUTO_BUF struct buf why = BUF_INIT(BUF_WHY_MAX_BYTES);
	struct template_vars vars = { 0 };

	template_vars_set(&vars, "a", "{{b}}");
	template_vars_set(&vars, "b", "<VALUE>");
	template_vars_set_bool(&vars, "yes", true);
	template_vars_set_bool(&vars, "no", false);
	int r = template_render("name", text, &vars, &out, &why);
	if (r < 0)
		demand(strstr(buf_str(&why), "name"));
	else if (!memmem(data, len, "{{", 2))
		demand(slice_eq(buf_slice(&out), text));
	else if (!memchr(data, 'b', len) && !memchr(data, 'V', len))
		demand(!memchr(out.ptr ? out.ptr : "", 'V', out.len));
	template_vars_release(&vars);
	return 0;
}
