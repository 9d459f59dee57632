/*
 * Whatever is in chatmail.ini is either refused with a reason that names the
 * file and holds no control characters, or settings that are within their
 * limits; and the same text is read the same way again.
 */
#include <string.h>

#include "chatmaild/common/config.h"
#include "fuzz/fuzz.h"

static void try_limits(const struct config *config)
{
	demand(config->max_user_send_per_minute >= 1);
	demand(config->max_message_size >= 1 << 16);
	demand(config->max_mailbox_size >= 1 << 20);
	demand(config->delete_mails_after >= 1);
	demand(config->username_min_length >= 1);
	demand(config->username_min_length <= config->username_max_length);
	demand(config_is_domain(slice_of(config->mail_domain)));
}

static void try_reason(const struct buf *why)
{
	struct slice text = buf_slice(why);

	demand(text.len > 0);
	for (size_t i = 0; i < text.len; i++)
		demand((unsigned char)text.ptr[i] >= ' ' ||
			text.ptr[i] == '\n');
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct slice text = slice_make(data, len);
	AUTO_BUF struct buf why = BUF_INIT(BUF_WHY_MAX_BYTES);
	struct config config, again;
	int r = config_parse(text, "ini", &config, NULL, NULL, &why);

	if (r < 0) {
		try_reason(&why);
	} else {
		try_limits(&config);
		config_release(&config);
	}
	buf_reset(&why);
	demand(config_parse(text, "ini", &again, NULL, NULL, &why) == r);
	if (r == 0)
		config_release(&again);
	return 0;
}
