/* The ports of a relay, from its components, and whether they answer. */
#include "cmdeploy/relay/ports.h"

#include <arpa/inet.h>
#include <curl/curl.h>
#include <errno.h>
#include <poll.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>

#include "lib/die.h"
#include "lib/file.h"
#include "lib/num.h"

enum {
	PROBE_MSEC = 500,
	PORT_MAX = 65535,
};

static int fill_in(
	const struct relay *relay, struct relay_port *port, struct buf *why)
{
	AUTO_FREE char *address = NULL, *number = NULL;
	uint64_t value;
	int r = apply_text(&relay->apply, port->decl->address, &address, why);

	if (r < 0)
		return r;
	if (!port->decl->port) {
		port->text = TAKE(address);
		return addr_parse(port->text, &port->addr, why);
	}
	r = apply_text(&relay->apply, port->decl->port, &number, why);
	if (r < 0)
		return r;
	if (num_parse_max(slice_of(number), PORT_MAX, &value) < 0)
		return because(
			why, -EINVAL, "port \"%s\" is not a number", number);
	port->number = (unsigned)value;
	port->text = xasprintf("%s:%u", address, port->number);
	inet_pton(AF_INET, address, &port->host);
	return addr_parse(port->text, &port->addr, why);
}

static int add_service(const struct relay *relay, const struct service *service,
	struct relay_ports *ports, struct buf *why)
{
	const struct port *decl = service->ports;

	for (; decl && decl->address; decl++) {
		if (!apply_counts(&relay->apply, decl->when))
			continue;
		ports->v = xreallocarray(
			ports->v, ports->n + 1, sizeof(*ports->v));
		struct relay_port *port = &ports->v[ports->n++];
		*port = (struct relay_port){
			.decl = decl,
			.service = service,
		};
		int r = fill_in(relay, port, why);
		if (r < 0)
			return r;
	}
	return 0;
}

int relay_ports_list(const struct relay *relay, struct relay_ports *ret_ports,
	struct buf *why)
{
	struct relay_ports ports = { 0 };
	int r = 0;

	for (size_t i = 0; r == 0 && relay->apply.components[i]; i++) {
		const struct service *s = relay->apply.components[i]->services;
		for (; r == 0 && s && s->name; s++)
			if (apply_counts(&relay->apply, s->when) &&
				!(relay->is_without_mail && s->is_mail))
				r = add_service(relay, s, &ports, why);
	}
	if (r < 0) {
		relay_ports_release(&ports);
		return r;
	}
	*ret_ports = ports;
	return 0;
}

void relay_ports_release(struct relay_ports *ports)
{
	if (!ports)
		return;
	for (size_t i = 0; i < ports->n; i++)
		free(ports->v[i].text);
	free(ports->v);
	*ports = (struct relay_ports){ 0 };
}

static const char *const schemes[] = {
	[PROBE_SMTP] = "smtp",
	[PROBE_IMAP] = "imap",
	[PROBE_TLS] = "https", /* no more of it than the handshake */
	[PROBE_HTTP] = "http",
};

static int probe_open(const struct relay_port *port)
{
	AUTO_CLOSE int fd = -1;
	int error = 0;
	socklen_t len = sizeof(error);
	int r = addr_connect(&port->addr, &fd);

	if (r < 0)
		return r;
	struct pollfd p = { .fd = fd, .events = POLLOUT };
	int n = poll(&p, 1, PROBE_MSEC);
	if (n <= 0)
		return n == 0 ? -ETIMEDOUT : -errno;
	if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len) < 0)
		return -errno;
	return -error;
}

static int errno_of(CURLcode code)
{
	switch (code) {
	case CURLE_OK:
		return 0;
	case CURLE_COULDNT_CONNECT:
		return -ECONNREFUSED;
	case CURLE_OPERATION_TIMEDOUT:
		return -ETIMEDOUT;
	default:
		return -EPROTO;
	}
}

static size_t on_data(
	char *data UNUSED, size_t size, size_t n, void *owner UNUSED)
{
	return size * n;
}

/* Whom the certificate is for, and who vouches for it, is not asked here. */
static int probe_protocol(const struct relay_port *port)
{
	AUTO_FREE char *url =
		xasprintf("%s://%s/", schemes[port->decl->probe], port->text);
	/* nginx drops who asks for a name that is not the relay's, and answers
	 * those who ask for none. */
	struct curl_slist *no_host = curl_slist_append(NULL, "Host:");
	CURL *curl = curl_easy_init();

	if (!curl || !no_host)
		oom();
	curl_easy_setopt(curl, CURLOPT_URL, url);
	curl_easy_setopt(curl, CURLOPT_HTTPHEADER, no_host);
	curl_easy_setopt(curl, CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_1_0);
	curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, (long)PROBE_MSEC);
	curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(curl, CURLOPT_PROXY, "");
	curl_easy_setopt(curl, CURLOPT_SSL_VERIFYPEER, 0L);
	curl_easy_setopt(curl, CURLOPT_SSL_VERIFYHOST, 0L);
	curl_easy_setopt(curl, CURLOPT_SSL_ENABLE_ALPN, 0L);
	curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_data);
	curl_easy_setopt(curl, CURLOPT_CONNECT_ONLY,
		port->decl->probe == PROBE_HTTP ? 0L : 1L);
	CURLcode code = curl_easy_perform(curl);
	curl_easy_cleanup(curl);
	curl_slist_free_all(no_host);
	return errno_of(code);
}

int relay_port_probe(const struct relay_port *port)
{
	switch (port->decl->probe) {
	case PROBE_NONE:
		return 0;
	case PROBE_OPEN:
		return probe_open(port);
	default:
		return probe_protocol(port);
	}
}
