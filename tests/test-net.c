/* Unit tests of cmdeploy/host/net.h. */
#include "cmdeploy/host/net.h"

#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "tests/test.h"

/* A network of our own begins with its loopback switched off. */
static int go_apart(void)
{
	struct ifreq request = {
		.ifr_name = "lo",
		.ifr_flags = IFF_UP | IFF_RUNNING,
	};

	if (unshare(CLONE_NEWNET) < 0)
		return -1;
	AUTO_CLOSE int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	return ioctl(fd, SIOCSIFFLAGS, &request);
}

/* A second address of the loopback interface. */
static int add_address(const char *text)
{
	struct ifreq request = { .ifr_name = "lo:1" };
	struct sockaddr_in address = { .sin_family = AF_INET };
	AUTO_CLOSE int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	inet_pton(AF_INET, text, &address.sin_addr);
	memcpy(&request.ifr_addr, &address, sizeof(address));
	return ioctl(fd, SIOCSIFADDR, &request);
}

/* In a network without a default route, of our own. */
static void test_default_address(void)
{
	static const struct {
		const char *name, *has, *want;
	} cases[] = {
		{ "loopback only", "127.0.0.2", "127.0.0.1" },
		{ "10/8", "10.9.8.7", "10.9.8.7" },
		{ "public", "203.0.113.9", "127.0.0.1" },
		{ "192.168/16", "192.168.178.123", "192.168.178.123" },
		{ "172.16/12", "172.31.0.1", "172.31.0.1" },
		{ "beyond 172.16/12", "172.32.0.1", "127.0.0.1" },
	};
	if (geteuid() != 0)
		check_int("user", unshare(CLONE_NEWUSER), 0);
	check_int("network", go_apart(), 0);
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		char text[INET_ADDRSTRLEN];
		check_int(cases[i].name, add_address(cases[i].has), 0);
		struct in_addr got = net_default_address();
		check_str(cases[i].name,
			inet_ntop(AF_INET, &got, text, sizeof(text)),
			cases[i].want);
	}
}

static void test_is_public(void)
{
	static const struct {
		const char *address;
		bool want;
	} rows[] = {
		{ "198.51.100.7", true },
		{ "172.32.0.1", true },
		{ "100.63.255.255", true },
		{ "100.128.0.0", true },
		{ "169.253.0.1", true },
		{ "223.255.255.255", true },
		{ "100.64.0.0", false },
		{ "100.127.255.255", false },
		{ "10.0.0.1", false },
		{ "172.16.0.1", false },
		{ "192.168.0.1", false },
		{ "127.0.0.1", false },
		{ "169.254.0.1", false },
		{ "0.0.0.0", false },
		{ "224.0.0.1", false },
		{ "255.255.255.255", false },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct in_addr address;
		inet_pton(AF_INET, rows[i].address, &address);
		check_int(
			rows[i].address, net_is_public(address), rows[i].want);
	}
}

/* The network of our own has no other listener on that port. */
static void test_holder(void)
{
	static const struct {
		const char *listens, *asked;
		int want;
	} cases[] = {
		{ "127.0.0.1", "127.0.0.1", -EADDRINUSE },
		{ "127.0.0.1", "0.0.0.0", -EADDRINUSE },
		{ "0.0.0.0", "127.0.0.1", -EADDRINUSE },
		{ "127.0.0.1", "127.0.0.2", 0 },
	};
	AUTO_FREE char *self = xasprintf("test-net (pid %d)", (int)getpid());

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		AUTO_BUF struct buf holder = BUF_INIT(BUF_WHY_MAX_BYTES);
		AUTO_CLOSE int fd =
			socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
		struct sockaddr_in at = { .sin_family = AF_INET,
			.sin_port = htons(2525) };
		struct in_addr asked;
		int on = 1;
		inet_pton(AF_INET, cases[i].listens, &at.sin_addr);
		inet_pton(AF_INET, cases[i].asked, &asked);
		setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
		check_int(cases[i].asked,
			bind(fd, (struct sockaddr *)&at, sizeof(at)), 0);
		check_int(cases[i].asked, listen(fd, 1), 0);
		check_int(cases[i].asked, net_port_free(asked, 2525, &holder),
			cases[i].want);
		check_str(cases[i].asked, buf_str(&holder),
			cases[i].want < 0 ? self : "");
	}
}

int main(void)
{
	test_default_address();
	test_is_public();
	test_holder();
	return test_end();
}
