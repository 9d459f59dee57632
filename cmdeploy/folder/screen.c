/* What a person is shown of a relay: address, ports, link, code. */
#include "cmdeploy/folder/screen.h"

#include <stdio.h>
#include <string.h>

#include "chatmaild/common/invite.h"
#include "cmdeploy/host/net.h"
#include "cmdeploy/relay/ports.h"
#include "cmdeploy/say.h"
#include "cmdeploy/site/qr.h"

enum {
	LINK_MAX_BYTES = 2048,
	DRAWING_MAX_BYTES = 1 << 20,
};

static bool is_underscored(const struct relay *relay)
{
	return relay->config.mail_domain[0] == '_';
}

/*
 * The app checks no authority for a name that begins with "_", so it can
 * make its account by itself. Everything else here is certified by
 * nobody, and takes a ready account that says so.
 */
static void add_link(const struct relay *relay, struct buf *out)
{
	AUTO_BUF struct buf address = BUF_INIT(LINK_MAX_BYTES);
	__attribute__((cleanup(buf_release_secret))) struct buf password =
		BUF_INIT(LINK_MAX_BYTES);
	struct config config = relay->config;

	if (is_underscored(relay)) {
		buf_addf(out, "dcaccount:%s", config.mail_domain);
		return;
	}
	config.is_self_signed = true;
	invite_new_account(&config, &address, &password);
	invite_add_dclogin(
		&config, buf_slice(&address), buf_slice(&password), out);
}

/* The code comes last, to be whole on a terminal of 24 lines. */
static void draw(const struct buf *link)
{
	AUTO_BUF struct buf drawing = BUF_INIT(DRAWING_MAX_BYTES);

	say("\n%s\n", buf_str(link));
	/* A code without its colours is inverted on a light terminal. */
	if (qr_draw(buf_str(link), say_is_terminal(), &drawing) == 0) {
		fputs(buf_str(&drawing), stdout);
		fflush(stdout);
	}
}

void screen_invitation(const struct config *config)
{
	AUTO_BUF struct buf link = BUF_INIT(LINK_MAX_BYTES);
	AUTO_BUF struct buf address = BUF_INIT(LINK_MAX_BYTES);
	__attribute__((cleanup(buf_release_secret))) struct buf password =
		BUF_INIT(LINK_MAX_BYTES);

	if (!invite_is_personal(config)) {
		invite_add_dcaccount(config, &link);
		say("Scan the code with Delta Chat, or open the link there. It "
		    "is for everybody:\neach gets an account of their own.");
	} else {
		invite_new_account(config, &address, &password);
		invite_add_dclogin(config, buf_slice(&address),
			buf_slice(&password), &link);
		say("Scan the code with Delta Chat, or open the link there. It "
		    "makes one account;\nanother call draws another.");
	}
	draw(&link);
}

void screen_link(const struct relay *relay)
{
	AUTO_BUF struct buf link = BUF_INIT(LINK_MAX_BYTES);

	add_link(relay, &link);
	if (is_underscored(relay))
		say("Scan the code with Delta Chat, or open the link there. "
		    "The phone\nmust find %s at %s.",
			relay->config.mail_domain, relay->address_text);
	else
		say("Scan the code with Delta Chat, or open the link there. It "
		    "makes one account;\n\"%s qr --dir %s\" draws another.",
			say_program(), relay->dir);
	draw(&link);
}

static void show_ports(const struct relay *relay)
{
	struct relay_ports ports;
	const char *title = "ports";

	if (relay_ports_list(relay, &ports, NULL) < 0)
		return;
	for (size_t i = 0; i < ports.n; i++) {
		const struct relay_port *port = &ports.v[i];
		if (!port->decl->label)
			continue;
		say("  %-9s %-5u %s", title, port->number, port->decl->label);
		title = "";
	}
	relay_ports_release(&ports);
}

static const char *reach_of(const struct relay *relay)
{
	if (net_is_loopback(relay->address))
		return "this machine only";
	return net_is_private(relay->address) ? "this network"
					      : "whoever can reach it";
}

void screen_show(const struct relay *relay, bool is_detached)
{
	say("%s", "");
	say_bold("The relay %s runs.", relay->config.mail_domain);
	say("%s", "");
	say("  %-9s %s, for %s", "address", relay->address_text,
		reach_of(relay));
	say("  %-9s name@%s", "users", relay->config.address_domain);
	show_ports(relay);
	say("  %-9s %s", "settings", relay->places.operators_ini_path);
	say("  %-9s %s/log, a folder for each service\n", "logs", relay->dir);
	screen_link(relay);
	if (is_detached)
		say("Stop it with: %s down --dir %s", say_program(),
			relay->dir);
	else
		say("Ctrl-C stops the relay; accounts and mail are kept.");
}
