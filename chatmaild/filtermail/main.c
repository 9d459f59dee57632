/*
 * filtermail - stands between two Postfix smtpds and lets only mail pass
 * that is encrypted. See filtermail(8).
 */
#include <stdio.h>
#include <string.h>

#include "chatmaild/filtermail/client.h"
#include "chatmaild/filtermail/downstream.h"
#include "lib/die.h"
#include "lib/log.h"
#include "lib/num.h"
#include "lib/service.h"

struct options {
	char *listen;
	char *forward;
	char *accounts;
	char *resolver; /* NULL: those of /etc/resolv.conf */
	uint64_t downstream_sec;
};

static struct filter filter;

static void open_counters(void)
{
	char rejected[REASONS - 1][COUNTER_NAME_BYTES];
	const char *names[COUNT_REJECTED + REASONS] = {
		[COUNT_FILTERED] = "messages_filtered_total",
		[COUNT_PASSED] = "messages_passed_total",
		[COUNT_ENCRYPTED] = "messages_encrypted_total",
	};

	for (unsigned i = 0; i < REASONS - 1; i++) {
		snprintf(rejected[i], sizeof(rejected[i]),
			"messages_rejected_total{reason=\"%s\"}",
			reason_word(i + 1));
		names[COUNT_REJECTED + i] = rejected[i];
	}
	counters_open_or_warn(&filter.counters, filter.config.counters_dir,
		filter.direction == POLICY_OUTGOING ? "filtermail-outgoing"
						    : "filtermail-incoming",
		names);
}

static void set_direction(const char *word)
{
	if (strcmp(word, "outgoing") == 0)
		filter.direction = POLICY_OUTGOING;
	else if (strcmp(word, "incoming") == 0)
		filter.direction = POLICY_INCOMING;
	else
		die("%s: not a direction; it is outgoing or incoming", word);
}

static void set_defaults(struct options *options, const char *direction)
{
	options->downstream_sec = DOWNSTREAM_SEC;
	options->listen = xasprintf("unix:/run/filtermail/%s", direction);
	options->forward =
		xasprintf("unix:/var/spool/postfix/filter/%s", direction);
	options->accounts = xstrdup("unix:/run/doveauth/filter/recipients");
}

static void set_text(char **text, const char *value)
{
	free(*text);
	*text = xstrdup(value);
}

static void set_option(
	struct options *options, const char *name, const char *value)
{
	if (!value)
		die("%s: needs a value; see filtermail --help", name);
	if (strcmp(name, "--listen") == 0)
		set_text(&options->listen, value);
	else if (strcmp(name, "--forward") == 0)
		set_text(&options->forward, value);
	else if (strcmp(name, "--accounts") == 0)
		set_text(&options->accounts, value);
	else if (strcmp(name, "--resolver") == 0)
		set_text(&options->resolver, value);
	else if (strcmp(name, "--downstream-timeout") != 0)
		die("%s: no such option; see filtermail --help", name);
	else if (num_parse_max(slice_of(value), DOWNSTREAM_MAX_SEC,
			 &options->downstream_sec) < 0 ||
		options->downstream_sec == 0)
		die("%s %s: not a number of seconds from 1 to %d", name, value,
			DOWNSTREAM_MAX_SEC);
}

static void prepare(struct service *service, const struct options *options)
{
	AUTO_BUF struct buf why = BUF_INIT(BUF_WHY_MAX_BYTES);
	const uint64_t sec = 1000000;

	if (addr_parse(options->forward, &filter.forward, &why) < 0)
		die("--forward: %s", buf_str(&why));
	if (addr_parse(options->accounts, &filter.accounts, &why) < 0)
		die("--accounts: %s", buf_str(&why));
	filter.event = service->event;
	filter.profile = (struct smtp_profile){
		.hostname = filter.config.address_domain,
		.size_max = filter.config.max_message_size,
	};
	filter.rate = rate_new(&(struct rate_limits){
		.per_minute = filter.config.max_user_send_per_minute,
		.burst = filter.config.max_user_send_burst_size,
	});
	if (filter.direction == POLICY_INCOMING &&
		keys_new(service->event, options->resolver, &filter.keys) < 0)
		die("--resolver: cannot ask it for keys");
	open_counters();
	if (deadlines_init(&filter.idle, service->event, CLIENT_IDLE_SEC * sec,
		    client_on_due) < 0 ||
		deadlines_init(&filter.answers, service->event,
			options->downstream_sec * sec, downstream_on_due) < 0 ||
		deadlines_init(&filter.parked, service->event, PARKED_SEC * sec,
			downstream_on_parked) < 0)
		die("cannot set timers");
}

static void on_accept(void *owner UNUSED, int fd)
{
	client_accept(&filter, fd);
}

static void start(struct service *service, int argc, char **argv)
{
	struct options options = { 0 };

	set_direction(argv[1]);
	config_load_or_die(argv[0], &filter.overrides,
		filter.direction == POLICY_OUTGOING ? READ_FILTER_OUTGOING
						    : READ_FILTER_INCOMING,
		&filter.config);
	set_defaults(&options, argv[1]);
	for (int i = 2; i < argc; i += 2)
		set_option(
			&options, argv[i], i + 1 < argc ? argv[i + 1] : NULL);
	prepare(service, &options);
	service_listen(service, options.listen, on_accept, NULL);
	free(options.listen);
	free(options.forward);
	free(options.accounts);
	free(options.resolver);
}

static void stop(struct service *service UNUSED)
{
	while (filter.clients)
		client_free(filter.clients);
	keys_free(filter.keys);
	downstream_clear(&filter);
	deadlines_release(&filter.parked);
	deadlines_release(&filter.idle);
	deadlines_release(&filter.answers);
	counters_close(&filter.counters);
	rate_free(filter.rate);
	config_release(&filter.config);
}

int main(int argc, char **argv)
{
	struct service service = {
		.name = "filtermail",
		.usage = "[-o KEY=VALUE]... INI outgoing|incoming [--listen "
			 "ADDRESS] "
			 "[--forward ADDRESS] [--downstream-timeout SEC] "
			 "[--accounts ADDRESS] [--resolver ADDRESS]",
		.min_args = 2,
		.max_args = 12,
		.start = start,
		.stop = stop,
	};

	config_take_overrides(&argc, argv, &filter.overrides);
	return service_main(&service, argc, argv);
}
