/* The user of the other end of a connection, from /proc/self/net/tcp. */
#include "chatmaild/mxsend/asker.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#define LIST_PATH "/proc/self/net/tcp"

enum {
	KEY_MAX_BYTES = 32,
	ESTABLISHED = 1,
};

static int get_ends(int fd, struct sockaddr_in *peer, struct sockaddr_in *own)
{
	socklen_t peer_len = sizeof(*peer), own_len = sizeof(*own);

	if (getpeername(fd, (struct sockaddr *)peer, &peer_len) < 0 ||
		getsockname(fd, (struct sockaddr *)own, &own_len) < 0)
		return -errno;
	return peer->sin_family == AF_INET ? 0 : -EAFNOSUPPORT;
}

/* As the list has them: "0100007F:9C40 0100007F:2763", its own end first. */
static void make_key(char key[static KEY_MAX_BYTES],
	const struct sockaddr_in *first, const struct sockaddr_in *second)
{
	snprintf(key, KEY_MAX_BYTES, "%08X:%04X %08X:%04X",
		(unsigned)first->sin_addr.s_addr,
		(unsigned)ntohs(first->sin_port),
		(unsigned)second->sin_addr.s_addr,
		(unsigned)ntohs(second->sin_port));
}

/* Queues, timer and retransmissions stand between state and user. A socket
 * that nobody holds any more, in another state, is said to be root's. */
static bool find(const char *line, const char *key, uid_t *ret_user)
{
	const char *at = strstr(line, key);
	unsigned state, user;

	if (!at ||
		sscanf(at + strlen(key), "%x %*s %*s %*s %u", &state, &user) !=
			2 ||
		state != ESTABLISHED)
		return false;
	*ret_user = user;
	return true;
}

int asker_user(int fd, uid_t *ret_user)
{
	struct sockaddr_in peer, own;
	char key[KEY_MAX_BYTES];
	AUTO_FREE char *line = NULL;
	size_t size = 0;
	int r = get_ends(fd, &peer, &own);

	if (r < 0)
		return r;
	make_key(key, &peer, &own);
	FILE *list = fopen(LIST_PATH, "re");
	if (!list)
		return -errno;
	while (r == 0 && getline(&line, &size, list) > 0)
		r = find(line, key, ret_user);
	fclose(list);
	return r;
}
