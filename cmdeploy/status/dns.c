/* Do the DNS records point here? In short; `cmdeploy dns` tells all. */
#include "cmdeploy/dns/check.h"
#include "cmdeploy/dns/facts.h"
#include "cmdeploy/dns/report.h"
#include "cmdeploy/say.h"
#include "cmdeploy/status/collect.h"

static void add_report(const struct dns_report *report, struct findings *list)
{
	AUTO_BUF struct buf text = BUF_INIT(BUF_WHY_MAX_BYTES);
	bool is_right = report->n_grave + report->n_other == 0;

	dns_report_sum(report, &text);
	if (!is_right)
		buf_addf(&text, " \"%s dns\" shows them.", say_program());
	findings_add(list, STATUS_DNS,
		report->n_grave    ? STATUS_BAD
			: is_right ? STATUS_FINE
				   : STATUS_DOUBT,
		"DNS", "%s", buf_str(&text));
	findings_number(
		list, "records", (int64_t)(report->n_grave + report->n_other));
}

/* A relay in a folder is nobody's business but its own. */
void status_dns(struct relay *relay, struct findings *list)
{
	AUTO_BUF struct buf why = BUF_INIT(BUF_WHY_MAX_BYTES);
	struct dns_facts facts = { 0 };
	struct dns_report report;

	if (!relay->is_server || relay->config.is_ip_literal)
		return;
	int r = dns_facts_get(relay->apply.host, &relay->config, &facts, &why);
	if (r == 0)
		r = dns_check(&relay->config, &facts, false, &report, &why);
	if (r < 0) {
		findings_add(list, STATUS_DNS, STATUS_DOUBT, "DNS", "%s",
			buf_str(&why));
	} else {
		add_report(&report, list);
		dns_report_release(&report);
	}
	dns_facts_release(&facts);
}
