/*
 * own-folder.h - where a benchmark keeps what it makes. Each of these ends
 * the program when it fails.
 */
#ifndef BENCH_OWN_FOLDER_H
#define BENCH_OWN_FOLDER_H

/*
 * Below $TMPDIR, or below /tmp where that would make the names of sockets
 * too long. dir_remove() and free() are the caller's.
 */
char *own_folder_make(const char *program);

/* A file in it, whatever was there. */
void own_folder_write(const char *path, const char *text);

#endif
