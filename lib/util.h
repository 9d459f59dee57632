/*
 * util.h - what every file of the project may rely on: attributes,
 * scope cleanup, and allocation that cannot fail.
 */
#ifndef LIB_UTIL_H
#define LIB_UTIL_H

#include <stddef.h>
#include <stdlib.h>
#include <unistd.h>

#define MUST_CHECK        __attribute__((warn_unused_result))
#define PRINTF_LIKE(f, a) __attribute__((format(printf, f, a)))
#define NORETURN          __attribute__((noreturn))
#define UNUSED            __attribute__((unused))

#define ARRAY_LEN(a) (sizeof(a) / sizeof((a)[0]))

/* Declares what a scope owns: freed or closed when the scope ends. */
#define AUTO_FREE  __attribute__((cleanup(auto_free_)))
#define AUTO_CLOSE __attribute__((cleanup(auto_close_)))

/* Lets a pointer leave its AUTO_FREE scope: yields it, leaves NULL. */
#define TAKE(ptr)                                                              \
	({                                                                     \
		__typeof__(ptr) taken_ = (ptr);                                \
		(ptr) = NULL;                                                  \
		taken_;                                                        \
	})

/* The object that has member `name` at address `ptr`. */
#define CONTAINER_OF(ptr, type, name)                                          \
	((type *)(void *)((char *)(ptr)-offsetof(type, name)))

static inline void auto_free_(void *ptr)
{
	free(*(void **)ptr);
}

/* Closes a descriptor, if it is one, and marks it as gone (-1). */
static inline void fd_close(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

static inline void auto_close_(int *fd)
{
	fd_close(fd);
}

/*
 * Allocation succeeds or ends the process through oom(): callers never
 * test for NULL. xcalloc() and xreallocarray() also refuse products
 * that overflow.
 */
void *xmalloc(size_t len) __attribute__((malloc, returns_nonnull));
void *xcalloc(size_t n, size_t len) __attribute__((malloc, returns_nonnull));
void *xreallocarray(void *ptr, size_t n, size_t len)
	__attribute__((returns_nonnull));
char *xstrdup(const char *str) __attribute__((malloc, returns_nonnull));
char *xstrndup(const char *ptr, size_t len)
	__attribute__((malloc, returns_nonnull));
char *xasprintf(const char *format, ...) PRINTF_LIKE(1, 2)
	__attribute__((returns_nonnull));

#endif
