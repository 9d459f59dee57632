/* The echo bot: a Delta Chat core, its password, and who drives it. */
#include "chatmaild/common/password.h"
#include "cmdeploy/apply/apply.h"
#include "cmdeploy/components/components.h"
#include "cmdeploy/host/core.h"
#include "lib/file.h"
#include "lib/random.h"

enum {
	PASSWORD_CHARS = 40,
};

#define ASKED   .when = "echobot"
#define SECRET  "{{own_etc_dir}}/echobot.secret"
#define STATE   "{{own_state_dir}}/echobot"
#define CORE    STATE "-core/deltachat-rpc-server"
#define VERSION STATE "-core/version"
#define PROGRAM "{{libexec_dir}}/echobot"
#define RELAY_AT                                                               \
	"{{#is_private}}{{listen_address}}{{/is_private}}"                     \
	"{{^is_private}}127.0.0.1{{/is_private}}"

static const char letters[] = "abcdefghijkmnpqrstuvwxyz23456789";

static int create_secret(const struct apply *apply UNUSED, struct buf *out,
	struct buf *why UNUSED)
{
	random_add_text(out, letters, PASSWORD_CHARS);
	return 0;
}

/* What doveauth compares with, of whatever the secret is. */
static int create_hash(
	const struct apply *apply, struct buf *out, struct buf *why)
{
	__attribute__((cleanup(buf_release_secret))) struct buf secret =
		BUF_INIT(1024);
	AUTO_FREE char *path = NULL;
	int r = apply_text(apply, SECRET, &path, why);

	if (r == 0)
		r = file_read(path, &secret, why);
	return r < 0 ? r : password_hash(buf_str(&secret), out, why);
}

static int make_version(const struct apply *apply UNUSED, struct buf *out,
	struct buf *why UNUSED)
{
	buf_add_str(out, CORE_VERSION "\n");
	return 0;
}

static int create_core(
	const struct apply *apply UNUSED, struct buf *out, struct buf *why)
{
	AUTO_FREE char *path = NULL;
	int r = core_fetch(&path, why);

	return r < 0 ? r : file_read(path, out, why);
}

static const struct system_user users[] = {
	{ .name = "echobot", ASKED },
	{ 0 },
};

static const struct folder folders[] = {
	{ .path = STATE,
		.mode = 0755,
		.user = "echobot",
		.group = "echobot",
		ASKED },
	{ .path = STATE "-core", .mode = 0755, ASKED },
	{ 0 },
};

static const struct file files[] = {
	{ .path = PROGRAM, .mode = 0755, .program = "echobot", ASKED },
	{ .path = SECRET,
		.mode = 0640,
		.group = "echobot",
		.create = create_secret,
		ASKED },
	{ .path = "{{own_etc_dir}}/echobot-password",
		.mode = 0640,
		.group = "vmail",
		.create = create_hash,
		.follows = SECRET,
		ASKED },
	/* A newer core takes the place of an older one. */
	{ .path = VERSION, .mode = 0644, .make = make_version, ASKED },
	{ .path = CORE,
		.mode = 0755,
		.create = create_core,
		.follows = VERSION,
		ASKED },
	{ 0 },
};

static const struct service services[] = {
	{ .name = "echobot",
		ASKED,
		.title = "Chatmail echo bot",
		.man = "echobot(8)",
		.after = "dovecot.service {{postfix_unit}}",
		.command = PROGRAM " {{ini_path}} " RELAY_AT " " SECRET
				   " " STATE " " CORE,
		.user = "echobot",
		.is_mail = true,
		.is_notify = true,
		.is_sandboxed = true,
		.restart = "always",
		.restart_sec = 10,
		/* When the relay has just been started, it may need a moment.
		 */
		.unit_lines =
			WRITES(STATE) "ExecPaths=-" CORE "\n"
				      "TimeoutStartSec=300\n"
				      "Nice=10\n"
				      "RestrictAddressFamilies=AF_UNIX AF_INET "
				      "AF_NETLINK\n"
				      "IPAddressDeny=any\n"
				      "IPAddressAllow=localhost\n",
		.restart_on = LIST(PROGRAM, SECRET, CORE) },
	{ 0 },
};

const struct component component_echobot = {
	.name = "echobot",
	.when = "echobot lacks_npm",
	.packages = LIST("npm"),
	.users = users,
	.folders = folders,
	.files = files,
	.services = services,
};
