/* util.c - allocation that succeeds or ends the process. */
#include "lib/util.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "lib/die.h"

void *xmalloc(size_t len)
{
	void *ptr = malloc(len ? len : 1);

	if (!ptr)
		oom();
	return ptr;
}

void *xcalloc(size_t n, size_t len)
{
	void *ptr = calloc(n ? n : 1, len ? len : 1);

	if (!ptr)
		oom();
	return ptr;
}

void *xreallocarray(void *ptr, size_t n, size_t len)
{
	ptr = reallocarray(ptr, n ? n : 1, len ? len : 1);
	if (!ptr)
		oom();
	return ptr;
}

char *xstrdup(const char *str)
{
	return xstrndup(str, strlen(str));
}

char *xstrndup(const char *ptr, size_t len)
{
	char *copy = xmalloc(len + 1);

	/* Nothing may be at NULL, but memcpy(3) must not hear of it. */
	if (len > 0)
		memcpy(copy, ptr, len);
	copy[len] = '\0';
	return copy;
}

char *xasprintf(const char *format, ...)
{
	char *str = NULL;
	va_list args;

	va_start(args, format);
	if (vasprintf(&str, format, args) < 0)
		oom();
	va_end(args);
	return str;
}
