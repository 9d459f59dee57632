#!/bin/sh
# embed.sh OUTPUT NAME FILE [NAME FILE...]: a C file that carries the files.
# The assembler takes their bytes as they are.
set -eu
out=$1
shift
{
	printf '#include "cmdeploy/embed.h"\n\n#include <string.h>\n\n'
	n=0
	table=
	while [ $# -gt 0 ]; do
		printf '__asm__(".section .rodata\\n"\n'
		printf '\t"embed_%d: .incbin \\"%s\\"\\n"\n' "$n" "$2"
		printf '\t"embed_%d_end: .byte 0\\n.previous\\n");\n' "$n"
		printf 'extern const char embed_%d[], embed_%d_end[];\n\n' \
			"$n" "$n"
		table="$table	{ \"$1\", embed_$n, embed_${n}_end },
"
		n=$((n + 1))
		shift 2
	done
	cat <<END
static const struct {
	const char *name, *start, *end;
} files[] = {
$table};

bool embed_get(size_t i, const char **ret_name, struct slice *ret_text)
{
	if (i >= sizeof(files) / sizeof(files[0]))
		return false;
	*ret_name = files[i].name;
	*ret_text = slice_make(files[i].start,
		(size_t)(files[i].end - files[i].start));
	return true;
}

bool embed_find(const char *name, struct slice *ret_text)
{
	struct slice text;
	const char *found;

	for (size_t i = 0; embed_get(i, &found, &text); i++) {
		if (strcmp(found, name) != 0)
			continue;
		*ret_text = text;
		return true;
	}
	return false;
}
END
} >"$out"
