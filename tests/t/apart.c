/*
 * apart PROGRAM ARGUMENT...: runs it in a network of its own, where no other
 * run holds the addresses that it wants; on the machine's own network where
 * no other can be made.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cmdeploy/testrun/apart.h"

int main(int argc, char **argv)
{
	AUTO_BUF struct buf why = BUF_INIT(BUF_WHY_MAX_BYTES);

	if (argc < 2) {
		fprintf(stderr, "usage: apart PROGRAM ARGUMENT...\n");
		return 2;
	}
	if (network_go_apart(&why) < 0)
		fprintf(stderr, "apart: %s\n", buf_str(&why));
	execvp(argv[1], argv + 1);
	fprintf(stderr, "apart: %s: %s\n", argv[1], strerror(errno));
	return 127;
}
