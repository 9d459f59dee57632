#include "cmdeploy/status/collect.h"

static void (*const parts[])(struct relay *relay, struct findings *list) = {
	status_services,
	status_ports,
	status_certificate,
	status_dns,
	status_mail,
	status_machine,
	status_version,
	status_log,
};

void status_collect(struct relay *relay, struct findings *list)
{
	for (size_t i = 0; i < ARRAY_LEN(parts); i++)
		parts[i](relay, list);
}
