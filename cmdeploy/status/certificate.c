/* The certificate: how long it holds, and who shows which one. */
#include "cmdeploy/certificate/certificate.h"

#include <string.h>

#include "cmdeploy/certificate/x509.h"
#include "cmdeploy/relay/ports.h"
#include "cmdeploy/say.h"
#include "cmdeploy/status/status.h"

enum {
	DAY_SEC = 86400,
};

/*
 * When so few days are left. An authority's certificate is renewed when
 * thirty are: less than twenty means that renewing fails.
 */
static const struct {
	enum certificate_kind kind;
	int64_t doubt_days, bad_days;
	const char *advice;
} limits[] = {
	{ CERTIFICATE_ACME, 20, 7,
		"renewing fails; \"acmetool --batch reconcile\" says why" },
	{ CERTIFICATE_EXTERNAL, 14, 3, "whoever renews it has not done so" },
	{ CERTIFICATE_SELF_SIGNED, 30, 7,
		"remove it, and \"cmdeploy run\" makes a new one with the "
		"same key" },
};

static void add_days(const struct relay *relay, const struct x509_facts *facts,
	struct findings *list)
{
	int64_t left = facts->left_sec;
	int64_t days = left / DAY_SEC;
	size_t i = 0;

	while (limits[i].kind != certificate_kind(relay))
		i++;
	enum status_grade grade = left <= 0 || days < limits[i].bad_days
		? STATUS_BAD
		: days < limits[i].doubt_days ? STATUS_DOUBT
					      : STATUS_FINE;
	bool is_short = grade != STATUS_FINE;
	if (left <= 0)
		findings_add(list, grade, "certificate",
			"expired %ld days ago; %s", -days, limits[i].advice);
	else
		findings_add(list, grade, "certificate", "%ld days left%s%s%s",
			days, facts->is_self_signed ? ", self-signed" : "",
			is_short ? "; " : "", is_short ? limits[i].advice : "");
	findings_number(list, "days", days);
}

/* Until the first one of an authority is there, a self-signed one serves. */
static void add_kind(const struct relay *relay, const struct x509_facts *facts,
	struct findings *list)
{
	const char *domain = relay->config.mail_domain;

	if (!facts->is_for_name)
		findings_add(list, STATUS_BAD, "certificate name",
			"it is not for %s", domain);
	if (facts->is_self_signed &&
		certificate_kind(relay) == CERTIFICATE_ACME)
		findings_add(list, STATUS_BAD, "certificate kind",
			"no authority has given one yet; \"%s run\" asks again "
			"and says why",
			say_program());
}

/* It goes on with that of the first minute, which its settings name. */
static bool is_outdated(
	const struct x509_facts *shown, const struct x509_facts *file)
{
	return shown->is_self_signed && !file->is_self_signed;
}

static void compare_port(const struct relay *relay,
	const struct relay_port *port, const struct x509_facts *file,
	struct findings *list)
{
	AUTO_BUF struct buf why = BUF_INIT(BUF_WHY_MAX_BYTES);
	struct x509_facts shown;

	if (x509_read_server(
		    port->text, relay->config.mail_domain, &shown, &why) < 0)
		findings_add(list, STATUS_BAD, "certificate shown",
			"port %u (%s): %s", port->number, port->service->name,
			buf_str(&why));
	else if (is_outdated(&shown, file))
		findings_add(list, STATUS_BAD, "certificate shown",
			"port %u still shows the self-signed one; \"%s run\" "
			"has "
			"%s take that of the authority",
			port->number, say_program(), port->service->name);
	else if (memcmp(shown.digest, file->digest, sizeof(shown.digest)) != 0)
		findings_add(list, STATUS_BAD, "certificate shown",
			"port %u shows another one than the file has; "
			"reload %s",
			port->number, port->service->name);
}

/* A server that was not told of a renewal goes on with the old one. */
static void compare_ports(const struct relay *relay,
	const struct x509_facts *file, struct findings *list)
{
	struct relay_ports ports;

	if (relay_ports_list(relay, &ports, NULL) < 0)
		return;
	for (size_t i = 0; i < ports.n; i++)
		if (ports.v[i].decl->probe == PROBE_TLS &&
			relay_port_probe(&ports.v[i]) == 0)
			compare_port(relay, &ports.v[i], file, list);
	relay_ports_release(&ports);
}

/* What was put in its place is not a pair: the one before is served. */
static void add_external(const struct relay *relay,
	const struct x509_facts *used, struct findings *list)
{
	const struct text_list *paths =
		&relay->config.tls_external_cert_and_key;
	AUTO_BUF struct buf why = BUF_INIT(BUF_WHY_MAX_BYTES);
	struct x509_facts facts;

	if (certificate_kind(relay) != CERTIFICATE_EXTERNAL)
		return;
	int r = certificate_check_external(relay, "chatmail.ini", &why);
	if (r == 0)
		r = x509_read_file(paths->items[0], relay->config.mail_domain,
			&facts, &why);
	if (r < 0)
		findings_add(list, STATUS_BAD, "certificate new",
			"not taken into use, the one before serves: %s",
			buf_str(&why));
	else if (memcmp(facts.digest, used->digest, sizeof(used->digest)) != 0)
		findings_add(list, STATUS_DOUBT, "certificate new",
			"%s is not in use yet; "
			"\"journalctl -u chatmail-certificate\" says why",
			paths->items[0]);
}

void status_certificate(struct relay *relay, struct findings *list)
{
	AUTO_BUF struct buf why = BUF_INIT(BUF_WHY_MAX_BYTES);
	AUTO_FREE char *cert = NULL, *key = NULL;
	struct x509_facts facts;

	certificate_find(relay, &cert, &key);
	if (x509_read_file(cert, relay->config.mail_domain, &facts, &why) < 0) {
		findings_add(
			list, STATUS_BAD, "certificate", "%s", buf_str(&why));
		return;
	}
	add_days(relay, &facts, list);
	add_kind(relay, &facts, list);
	add_external(relay, &facts, list);
	compare_ports(relay, &facts, list);
}
