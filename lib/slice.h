/*
 * slice.h - a view of bytes that somebody else owns.
 *
 * Not NUL-terminated, may hold any byte. A slice is passed by value and
 * is valid as long as the memory it points into.
 */
#ifndef LIB_SLICE_H
#define LIB_SLICE_H

#include <stdbool.h>
#include <stddef.h>

struct slice {
	const char *ptr;
	size_t len;
};

/* A slice of a string literal, also as a static initialiser. */
#define SLICE(literal) ((struct slice){ "" literal, sizeof(literal) - 1 })
#define SLICE_NONE     ((struct slice){ "", 0 })

/* For "%.*s". */
#define SLICE_FMT(s) (int)(s).len, (s).ptr

struct slice slice_of(const char *str);
struct slice slice_make(const void *ptr, size_t len);

bool slice_eq(struct slice a, struct slice b);
bool slice_eq_str(struct slice a, const char *b);
/* ASCII letters compare without regard to case; the locale is ignored. */
bool slice_eq_nocase(struct slice a, struct slice b);
bool slice_eq_str_nocase(struct slice a, const char *b);
/* Bytes of which `is_ignored` is true do not count. */
bool slice_eq_without(struct slice a, struct slice b, bool (*is_ignored)(char));
bool slice_starts(struct slice s, struct slice prefix);
bool slice_starts_nocase(struct slice s, struct slice prefix);
bool slice_ends(struct slice s, struct slice suffix);
bool slice_has_char(struct slice s, char c);

/* The part from byte `from` (at most the end), and the first n bytes. */
struct slice slice_from(struct slice s, size_t from);
struct slice slice_head(struct slice s, size_t n);

/* Without leading and trailing space, tab, CR and LF. */
struct slice slice_trim(struct slice s);

/*
 * Cuts at the first `c`: what stands before it is returned in
 * *ret_before, what follows in *ret_after. false, and nothing written,
 * when there is no such byte. The outputs may be `&s` itself.
 */
bool slice_cut(struct slice s, char c, struct slice *ret_before,
	struct slice *ret_after);
/* The same at the last `c`. */
bool slice_cut_last(struct slice s, char c, struct slice *ret_before,
	struct slice *ret_after);

/*
 * Takes the next run of bytes that are not white space (space, tab, CR,
 * LF) out of *rest. false at the end.
 */
bool slice_next_word(struct slice *rest, struct slice *ret_word);
/* One of the words of a text is that one. */
bool slice_has_word(struct slice text, const char *word);

/*
 * Takes the next line out of *rest, without its LF (a last line needs
 * none). false at the end.
 */
bool slice_next_line(struct slice *rest, struct slice *ret_line);

/* The last line that is not blank, without white space around it. */
struct slice slice_last_line(struct slice s);

/* A NUL-terminated copy; the caller frees. */
char *slice_dup(struct slice s);

/* ASCII only, whatever the locale. */
static inline char ascii_lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c;
}
static inline bool ascii_is_digit(char c)
{
	return c >= '0' && c <= '9';
}
static inline bool ascii_is_alpha(char c)
{
	return ascii_lower(c) >= 'a' && ascii_lower(c) <= 'z';
}
static inline bool ascii_is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}
static inline bool ascii_is_control(char c)
{
	return (unsigned char)c < 0x20 || c == 0x7f;
}

#endif
