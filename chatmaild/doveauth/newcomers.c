/*
 * newcomers.c - counts new accounts by network (newcomers.h).
 */
#include "chatmaild/doveauth/newcomers.h"

#include <arpa/inet.h>
#include <string.h>

#include "chatmaild/doveauth/meters.h"

enum {
	HOUR_SEC = 3600,
	DAY_SEC = 86400,
	IPV4_BYTES = 3, /* of a network's address */
	IPV6_BYTES = 8,
};

struct newcomers {
	const struct config *config;
	struct meters *hour, *day;
};

struct network {
	unsigned char bytes[IPV6_BYTES];
	size_t len;
};

struct newcomers *newcomers_new(const struct config *config)
{
	struct newcomers *n = xcalloc(1, sizeof(*n));

	n->config = config;
	n->hour = meters_new(HOUR_SEC);
	n->day = meters_new(DAY_SEC);
	return n;
}

void newcomers_free(struct newcomers *n)
{
	if (!n)
		return;
	meters_free(n->hour);
	meters_free(n->day);
	free(n);
}

static bool network_of_v4(const unsigned char *v4, struct network *ret)
{
	if (v4[0] == 127)
		return false;
	memcpy(ret->bytes, v4, IPV4_BYTES);
	ret->len = IPV4_BYTES;
	return true;
}

static bool network_of(struct slice address, struct network *ret)
{
	AUTO_FREE char *text = slice_dup(address);
	struct in_addr v4;
	struct in6_addr v6;

	if (inet_pton(AF_INET, text, &v4) == 1)
		return network_of_v4((const unsigned char *)&v4, ret);
	if (inet_pton(AF_INET6, text, &v6) != 1 || IN6_IS_ADDR_LOOPBACK(&v6))
		return false;
	if (IN6_IS_ADDR_V4MAPPED(&v6))
		return network_of_v4(&v6.s6_addr[12], ret);
	memcpy(ret->bytes, v6.s6_addr, IPV6_BYTES);
	ret->len = IPV6_BYTES;
	return true;
}

static bool has_room(const struct meters *meters, uint64_t max,
	struct slice key, uint32_t now)
{
	return max == 0 || meters_count(meters, key, now) < max;
}

bool newcomers_have_room(
	const struct newcomers *n, struct slice address, uint32_t now)
{
	struct network network;

	if (!network_of(address, &network))
		return true;
	struct slice key = slice_make(network.bytes, network.len);
	return has_room(n->hour, n->config->max_new_accounts_per_hour, key,
		       now) &&
		has_room(n->day, n->config->max_new_accounts_per_day, key, now);
}

void newcomers_add(struct newcomers *n, struct slice address, uint32_t now)
{
	struct network network;

	if (!network_of(address, &network))
		return;
	struct slice key = slice_make(network.bytes, network.len);
	meters_add(n->hour, key, now);
	meters_add(n->day, key, now);
}
