/*
 * report.h - what the check of the DNS records found, for a person: a
 * table of all, then the lines to copy.
 */
#ifndef CMDEPLOY_DNS_REPORT_H
#define CMDEPLOY_DNS_REPORT_H

#include "cmdeploy/dns/check.h"

/* `domain` is the relay's. */
void dns_report_show(const struct dns_report *report, const char *domain);

/* In a sentence: "All required records are right; 2 recommended ..." */
void dns_report_sum(const struct dns_report *report, struct buf *out);

#endif
