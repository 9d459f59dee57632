/*
 * embed.h - the templates that the build has put into the program.
 */
#ifndef CMDEPLOY_EMBED_H
#define CMDEPLOY_EMBED_H

#include <stdbool.h>

#include "lib/slice.h"

/* What is rendered from one that has comments says so in them. */
#define EMBED_RENDERED "Rendered by cmdeploy"

/* By name: "postfix/main.cf", "site/index.html". */
bool embed_find(const char *name, struct slice *ret_text);

/* One after another, from 0; false after the last. */
bool embed_get(size_t i, const char **ret_name, struct slice *ret_text);

#endif
