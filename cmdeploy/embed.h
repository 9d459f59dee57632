/*
 * embed.h - the templates that the build has put into the program.
 */
#ifndef CMDEPLOY_EMBED_H
#define CMDEPLOY_EMBED_H

#include <stdbool.h>

#include "lib/slice.h"

/* By name: "postfix/main.cf", "site/index.html". */
bool embed_find(const char *name, struct slice *ret_text);

#endif
