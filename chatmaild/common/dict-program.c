/* dict-program.c - what the programs behind Dovecot's dict share. */
#include "chatmaild/common/dict-program.h"

static void start(struct service *service, int argc UNUSED, char **argv)
{
	struct dict_program *p = service->owner;

	config_load_or_die(argv[1], &p->overrides, p->reader, &p->config);
	users_init(&p->users, &p->config, argv[1]);
	counters_open_or_warn(&p->counters, p->config.counters_dir, p->name,
		p->counter_names);
	p->event = service->event;
	if (p->start)
		p->start(p, argv[1]);
	p->server = dict_server_new(service->event, p->ops, p);
	dict_server_listen(p->server, service, argv[0]);
}

static void stop(struct service *service)
{
	struct dict_program *p = service->owner;

	dict_server_free(p->server);
	if (p->stop)
		p->stop(p);
	counters_close(&p->counters);
	users_release(&p->users);
	config_release(&p->config);
}

int dict_program_main(struct dict_program *program, int argc, char **argv)
{
	struct service service = {
		.name = program->name,
		.usage = "[-o KEY=VALUE]... SOCKET INI",
		.min_args = 2,
		.max_args = 2,
		.start = start,
		.stop = stop,
		.owner = program,
	};

	config_take_overrides(&argc, argv, &program->overrides);
	return service_main(&service, argc, argv);
}
