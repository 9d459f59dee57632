/* What `cmdeploy run` asks before it touches a host: dns-way INI */
#include <stdio.h>

#include "cmdeploy/dns/check.h"

int main(int argc, char **argv)
{
	AUTO_BUF struct buf why = BUF_INIT(BUF_WHY_MAX_BYTES);
	AUTO_BUF struct buf out = BUF_INIT(1 << 16);
	struct config config;
	int r = argc == 2 ? config_load(argv[1], &config, NULL, NULL, &why)
			  : -1;

	if (r == 0) {
		r = dns_check_run(&host_local, &config, &out, &why);
		config_release(&config);
	}
	printf("%s", buf_str(&out));
	if (r < 0)
		fprintf(stderr, "%s\n", buf_str(&why));
	return r == 1 ? 0 : 1;
}
