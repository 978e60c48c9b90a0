/*
 * output.h: how listings are shown: text.h's columns for people, JSON for
 * programs.
 */

#ifndef OUTPUT_H
#define OUTPUT_H

#include <stddef.h>
#include <stdint.h>

#include "ctl.h"

/* One way to show listings. Rows come in the order of the daemon. */
struct output {
	void	(*begin)(uint32_t request, int verbose);
	void	(*row)(uint32_t type, const void *row);
	void	(*end)(void);
};

extern const struct output	output_text;	/* output.c */
extern const struct output	output_json;	/* output_json.c */

#endif
