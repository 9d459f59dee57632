#include "cmdeploy/dns/step.h"

#include <errno.h>

#include "cmdeploy/dns/check.h"
#include "cmdeploy/say.h"

enum {
	LINES_MAX_BYTES = 1 << 14,
};

int dns_step(
	const struct host *host, const struct config *config, struct buf *why)
{
	AUTO_BUF struct buf lines = BUF_INIT(LINES_MAX_BYTES);
	AUTO_BUF struct buf reason = BUF_INIT(BUF_WHY_MAX_BYTES);

	if (config->is_ip_literal)
		return 0;
	say_step("dns");
	int r = dns_check_run(host, config, &lines, &reason);
	if (r == 0)
		return because(why, -EINVAL,
			"the DNS records of %s do not lead to this host:\n"
			"%s--skip-dns-check goes on without them.",
			config->mail_domain,
			lines.len ? buf_str(&lines)
				  : "  there is no address at all\n");
	if (r < 0)
		say_done("not checked: %s", buf_str(&reason));
	else
		say_done("%s leads to this host", config->mail_domain);
	return 0;
}
