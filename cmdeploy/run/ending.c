/* The last sentence of a run on a server. */
#include "cmdeploy/run/ending.h"

void ending_add(const struct ending *e, struct buf *out)
{
	bool has_package = e->package[0];

	if (!e->is_changed && has_package)
		buf_addf(out,
			"The relay %s matches %s; nothing was changed but our "
			"package, %s.",
			e->domain, e->settings, e->package);
	else if (!e->is_changed)
		buf_addf(out, "The relay %s matches %s; nothing was changed.",
			e->domain, e->settings);
	else if (e->is_new && !e->is_without_mail)
		buf_addf(out, "The relay %s runs.", e->domain);
	else
		buf_addf(out, "The relay %s now matches %s%s%s.", e->domain,
			e->settings, has_package ? ", with our package " : "",
			e->package);
}
