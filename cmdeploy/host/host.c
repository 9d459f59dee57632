#include "cmdeploy/host/host.h"

int host_run(const struct host *host, const struct proc *proc, struct buf *why)
{
	return host->run(host, proc, why);
}

int host_put(const struct host *host, const char *path, struct slice data,
	struct file_owner owner, struct buf *why)
{
	return host->put(host, path, data, owner, why);
}

int host_fact(const struct host *host, const char *name, struct buf *out,
	struct buf *why)
{
	return host->fact(host, name, out, why);
}
