/*
 * Do the DNS records point here? In short; `cmdeploy dns` tells all. And does
 * the resolver find its answers itself?
 */
#include "cmdeploy/dns/check.h"
#include "cmdeploy/host/resolver.h"
#include "cmdeploy/say.h"
#include "cmdeploy/status/status.h"

static void add_report(const struct dns_report *report, struct findings *list)
{
	AUTO_BUF struct buf text = BUF_INIT(BUF_WHY_MAX_BYTES);
	bool is_right = report->n_grave + report->n_other == 0;

	dns_report_sum(report, &text);
	if (!is_right)
		buf_addf(&text, " \"%s dns\" shows them.", say_program());
	findings_add(list,
		report->n_grave    ? STATUS_BAD
			: is_right ? STATUS_FINE
				   : STATUS_DOUBT,
		"DNS", "%s", buf_str(&text));
	findings_number(
		list, "records", (int64_t)(report->n_grave + report->n_other));
}

static void add_resolver(struct findings *list)
{
	AUTO_BUF struct buf forwarders = BUF_INIT(BUF_WHY_MAX_BYTES);

	resolver_add_forwarders(&forwarders);
	if (forwarders.len > 0)
		findings_add(list, STATUS_DOUBT, "resolver",
			"unbound passes all questions on to %s, as resolvconf "
			"or DHCP has told it to; \"%s run\" ends that",
			buf_str(&forwarders), say_program());
}

/* A relay in a folder is nobody's business but its own. */
void status_dns(struct relay *relay, struct findings *list)
{
	AUTO_BUF struct buf why = BUF_INIT(BUF_WHY_MAX_BYTES);
	struct dns_facts facts = { 0 };
	struct dns_report report;

	if (!relay->is_server)
		return;
	add_resolver(list);
	if (relay->config.is_ip_literal)
		return;
	int r = dns_facts_get(&host_local, &relay->config, &facts, &why);
	if (r == 0)
		r = dns_check(&relay->config, &facts, false, &report, &why);
	if (r < 0) {
		findings_add(list, STATUS_DOUBT, "DNS", "%s", buf_str(&why));
	} else {
		add_report(&report, list);
		dns_report_release(&report);
	}
	dns_facts_release(&facts);
}
