/* cmd.c - tables of subcommands and options, and the help made from them. */
#include "lib/cmd.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "lib/settings.h"

static const struct cmd *find(const struct cmd_set *set, const char *name)
{
	for (size_t i = 0; i < set->n; i++)
		if (strcmp(set->cmds[i].name, name) == 0)
			return &set->cmds[i];
	return NULL;
}

static void print_help(const struct cmd_set *set, FILE *out)
{
	fprintf(out, "%s: %s\n\nusage: %s COMMAND [ARGUMENTS]\n\n",
		set->program, set->about, set->program);
	for (size_t i = 0; i < set->n; i++)
		fprintf(out, "  %-8s %s\n", set->cmds[i].name,
			set->cmds[i].help);
	fprintf(out, "\n%s COMMAND --help shows the arguments of a command.\n",
		set->program);
}

static void print_cmd_help(const struct cmd_set *set, const struct cmd *cmd)
{
	printf("usage: %s %s%s%s\n\n%s.\n", set->program, cmd->name,
		cmd->usage[0] ? " " : "", cmd->usage, cmd->help);
}

static int refuse_unknown(const struct cmd_set *set, const char *name)
{
	AUTO_FREE struct setting *rows = xcalloc(set->n, sizeof(*rows));
	const struct settings names = { .rows = rows, .n = set->n };

	for (size_t i = 0; i < set->n; i++)
		rows[i].key = set->cmds[i].name;
	const char *near = settings_nearest(&names, slice_of(name));
	AUTO_BUF struct buf quoted = BUF_INIT(BUF_WHY_MAX_BYTES);
	buf_add_quoted(&quoted, slice_of(name));
	fprintf(stderr, "%s: there is no command %s", set->program,
		buf_str(&quoted));
	if (near)
		fprintf(stderr, "; did you mean \"%s\"?\n", near);
	else
		fprintf(stderr, "; \"%s --help\" lists them\n", set->program);
	return CMD_EXIT_USAGE;
}

static bool wants_help(int argc, char **argv)
{
	for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++)
		if (strcmp(argv[i], "--help") == 0 ||
			strcmp(argv[i], "-h") == 0)
			return true;
	return false;
}

int cmd_main(const struct cmd_set *set, int argc, char **argv)
{
	const char *name = argc > 1 ? argv[1] : "";

	if (argc < 2) {
		print_help(set, stderr);
		return CMD_EXIT_USAGE;
	}
	if (strcmp(name, "--version") == 0) {
		printf("%s %s\n", set->program, CHATMAIL_VERSION);
		return 0;
	}
	if (strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0 ||
		strcmp(name, "help") == 0) {
		print_help(set, stdout);
		return 0;
	}
	const struct cmd *cmd = find(set, name);
	if (!cmd)
		return refuse_unknown(set, name);
	if (wants_help(argc - 1, argv + 1)) {
		print_cmd_help(set, cmd);
		return 0;
	}
	return cmd->run(argc - 1, argv + 1);
}

int cmd_usage(const struct cmd_set *set, const char *name, const char *why)
{
	const struct cmd *cmd = find(set, name);

	fprintf(stderr, "%s %s: %s\n", set->program, name, why);
	if (cmd)
		fprintf(stderr, "usage: %s %s %s\n", set->program, name,
			cmd->usage);
	return CMD_EXIT_USAGE;
}

static const struct cmd_option *option_find(
	const struct cmd_option *options, size_t n, struct slice name)
{
	for (size_t i = 0; i < n; i++)
		if (slice_eq_str(name, options[i].name))
			return &options[i];
	return NULL;
}

/*
 * One option at argv[0]; returns how many arguments it took. getopt_long(3)
 * would be no shorter: it wants another table, takes an abbreviation for an
 * option, and does not tell what was wrong.
 */
static int option_take(char **argv, const struct cmd_option *options, size_t n,
	struct buf *why)
{
	struct slice name = slice_of(argv[0]), value = SLICE_NONE;
	bool has_value = slice_cut(name, '=', &name, &value);
	const struct cmd_option *o = option_find(options, n, name);

	if (!o)
		return because(why, -EINVAL, "there is no option %.*s",
			SLICE_FMT(name));
	if (o->flag && has_value)
		return because(why, -EINVAL, "%s takes no value", o->name);
	if (o->flag) {
		*o->flag = true;
		return 1;
	}
	*o->text = has_value ? value.ptr : argv[1];
	if (!*o->text || (*o->text)[0] == '\0')
		return because(why, -EINVAL, "%s needs a value", o->name);
	return has_value ? 1 : 2;
}

int cmd_parse(int argc, char **argv, const struct cmd_option *options,
	size_t n_options, int max_args, struct buf *why)
{
	bool is_over = false;
	int n_left = 0;

	for (int i = 1; i < argc;) {
		if (!is_over && strcmp(argv[i], "--") == 0) {
			is_over = true;
			i++;
		} else if (!is_over && argv[i][0] == '-' && argv[i][1]) {
			int n = option_take(argv + i, options, n_options, why);
			if (n < 0)
				return n;
			i += n;
		} else if (n_left == max_args) {
			return because(why, -EINVAL,
				"\"%s\" is one argument too many", argv[i]);
		} else {
			argv[++n_left] = argv[i++];
		}
	}
	return n_left;
}
