/* An nginx that takes notifications and counts them (web-server.h). */
#include "bench/web-server.h"

#include <poll.h>

#include "bench/figures.h"
#include "bench/loopback.h"
#include "bench/own-folder.h"
#include "lib/die.h"
#include "lib/file.h"
#include "lib/num.h"
#include "lib/proc.h"

enum {
	PATIENCE_SEC = 300,
	STATUS_MAX_BYTES = 4096,
	NAP_MSEC = 2,
};

static char *conf_path, *ca_path, *url, *status_address;

static void run(const char *const *argv)
{
	AUTO_BUF struct buf why = BUF_INIT(BUF_WHY_MAX_BYTES);

	if (proc_run_ok(&(struct proc){ .argv = argv }, &why) < 0)
		die("%s: %s", argv[0], buf_str(&why));
}

void web_server_start(const char *dir)
{
	unsigned tls = loopback_port(), plain = loopback_port();
	AUTO_FREE char *key = xasprintf("%s/key.pem", dir);
	AUTO_FREE char *text = xasprintf(
		"worker_processes 1;\npid %s/nginx.pid;\nerror_log %s/error;\n"
		"events { worker_connections 1024; }\n"
		"http {\naccess_log off;\nclient_body_temp_path %s/body;\n"
		"proxy_temp_path %s/p;\nfastcgi_temp_path %s/f;\n"
		"uwsgi_temp_path %s/u;\nscgi_temp_path %s/s;\n"
		"server {\nlisten 127.0.0.1:%u ssl http2;\n"
		"ssl_certificate %s/cert.pem;\nssl_certificate_key %s;\n"
		"location /notify { return 200; }\n}\n"
		"server {\nlisten 127.0.0.1:%u;\n"
		"location / { stub_status; }\n}\n}\n",
		dir, dir, dir, dir, dir, dir, dir, tls, dir, key, plain);

	conf_path = xasprintf("%s/nginx.conf", dir);
	ca_path = xasprintf("%s/cert.pem", dir);
	run(PROC_WORDS("openssl", "req", "-x509", "-newkey", "rsa:2048",
		"-nodes", "-days", "2", "-subj", "/CN=localhost", "-addext",
		"subjectAltName=DNS:localhost", "-keyout", key, "-out",
		ca_path));
	own_folder_write(conf_path, text);
	run(PROC_WORDS("nginx", "-c", conf_path));
	url = xasprintf("https://localhost:%u/notify", tls);
	status_address = xasprintf("127.0.0.1:%u", plain);
}

void web_server_stop(void)
{
	run(PROC_WORDS("nginx", "-c", conf_path, "-s", "stop"));
}

const char *web_server_url(void)
{
	return url;
}

const char *web_server_ca_path(void)
{
	return ca_path;
}

/* The third number of the line behind "server accepts". */
uint64_t web_server_count(void)
{
	AUTO_BUF struct buf text = BUF_INIT(STATUS_MAX_BYTES);
	AUTO_CLOSE int fd = loopback_dial(status_address);
	struct slice rest, line, word;
	uint64_t value = 0;

	if (fd_write_all(fd, SLICE("GET / HTTP/1.0\r\n\r\n")) < 0 ||
		fd_read_all(fd, &text) < 0)
		die("nginx does not tell its status");
	rest = buf_slice(&text);
	while (slice_next_line(&rest, &line)) {
		if (!slice_starts(line, SLICE("server accepts")))
			continue;
		for (int i = 0; i < 3; i++)
			if (!slice_next_word(&rest, &word) ||
				num_parse_u64(word, &value) < 0)
				die("nginx tells an odd status");
	}
	return value;
}

void web_server_wait(uint64_t before, uint64_t n)
{
	double until = figures_sec() + PATIENCE_SEC;
	uint64_t asked = 0; /* which counts as well */

	while (web_server_count() - before - ++asked < n) {
		if (figures_sec() > until)
			die("the notifications do not arrive");
		poll(NULL, 0, NAP_MSEC);
	}
}
