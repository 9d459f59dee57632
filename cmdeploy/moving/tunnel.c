/* Sets up both ends of a tunnel (tunnel.h) by one script. */
#include "cmdeploy/moving/tunnel.h"

#include <errno.h>

#include "cmdeploy/say.h"
#include "cmdeploy/signals.h"

enum {
	SCRIPT_SEC = 1800,
};

#define PORT    "51820"
#define PREFIX4 "10.87."
#define PREFIX6 "fd87:c4a7:"

/* What the script tells of an end: the caller frees. */
struct end {
	char *key, *number;
	bool has_ipv6;
};

bool tunnel_has(const char *address)
{
	return slice_starts(slice_of(address), SLICE(PREFIX4)) ||
		slice_starts(slice_of(address), SLICE(PREFIX6));
}

static void end_release(struct end *end)
{
	free(end->key);
	free(end->number);
}

#define AUTO_END __attribute__((cleanup(end_release)))

static void on_line(struct slice line, void *owner)
{
	struct end *end = owner;
	struct slice name, value;

	if (slice_eq_str(line, "six=yes")) {
		end->has_ipv6 = true;
		return;
	}
	if (!slice_cut(line, '=', &name, &value) ||
		(!slice_eq_str(name, "key") && !slice_eq_str(name, "number"))) {
		say_progress(slice_trim(line));
		return;
	}
	char **to = slice_eq_str(name, "key") ? &end->key : &end->number;
	free(*to);
	*to = slice_dup(value);
}

static int script(const struct ssh_host *ssh, const char *const *args,
	struct end *end, struct buf *why)
{
	return ssh_script(ssh,
		PROC_WORDS("remote/alone.sh", "remote/quietly.sh",
			"moving/tunnel.sh"),
		args,
		&(struct proc){ .timeout_sec = SCRIPT_SEC,
			.on_line = on_line,
			.owner = end },
		why);
}

static int make_keys(const struct ssh_host *proxy, const struct ssh_host *relay,
	const char *endpoint, struct end *front, struct end *home,
	struct buf *why)
{
	int r = script(relay, PROC_WORDS("key", endpoint), home, why);

	if (r == 0)
		r = script(proxy, PROC_WORDS("key"), front, why);
	if (r == 0 && (!home->key || !home->number || !front->key))
		r = because(why, -EBADMSG,
			"a key could not be made; see what \"wg genkey\" says "
			"on %s and on %s",
			relay->host.name, proxy->host.name);
	return r;
}

static int make_home(const struct ssh_host *relay, struct end *home,
	const char *key, const struct words *addresses, struct buf *why)
{
	AUTO_WORDS struct words args = { 0 };

	words_add_all(&args,
		PROC_WORDS("home", home->number, addresses->v[0], PORT, key));
	words_add_all(&args, words_list(addresses));
	return script(relay, words_list(&args), home, why);
}

static int make_ends(const struct ssh_host *proxy, const struct ssh_host *relay,
	const struct words *addresses, struct words *ret_addresses,
	struct buf *why)
{
	AUTO_END struct end front = { 0 }, home = { 0 };
	int r = make_keys(proxy, relay, addresses->v[0], &front, &home, why);

	if (r == 0)
		r = script(proxy, PROC_WORDS("front", home.number, home.key),
			&front, why);
	if (r == 0)
		r = make_home(relay, &home, front.key, addresses, why);
	if (r < 0)
		return r;
	AUTO_FREE char *ipv4 = xasprintf(PREFIX4 "%s.2", home.number);
	AUTO_FREE char *ipv6 = xasprintf(PREFIX6 "%s::2", home.number);
	words_add(ret_addresses, ipv4);
	if (front.has_ipv6 && home.has_ipv6)
		words_add(ret_addresses, ipv6);
	return 0;
}

static int with_relay(const char *relay, const struct words *addresses,
	struct ssh_host *ret, struct buf *why)
{
	if (addresses->n == 0)
		return because(why, -EADDRNOTAVAIL,
			"the proxy has no address that a relay could reach; "
			"give it one first");
	int r = ssh_open(relay, ret, why);
	ret->is_unwanted = signals_unwanted;
	return r < 0 ? r : ssh_connect(ret, why);
}

int tunnel_make(const struct ssh_host *proxy, const char *relay,
	const struct words *addresses, struct words *ret_addresses,
	struct buf *why)
{
	struct ssh_host ssh = { 0 };
	int r = with_relay(relay, addresses, &ssh, why);

	if (r == 0)
		r = make_ends(proxy, &ssh, addresses, ret_addresses, why);
	ssh_close(&ssh);
	return r;
}

int tunnel_remove(
	const char *relay, const struct words *addresses, struct buf *why)
{
	AUTO_END struct end ignored = { 0 };
	struct ssh_host ssh = { 0 };
	int r = with_relay(relay, addresses, &ssh, why);

	if (r == 0)
		r = script(&ssh, PROC_WORDS("gone", addresses->v[0]), &ignored,
			why);
	ssh_close(&ssh);
	return r;
}
