/*
 * explain.h: which rule decides a question (socksmctl explain).
 */

#ifndef EXPLAIN_H
#define EXPLAIN_H

#include "control.h"

extern const struct listing	explain_listing;

#endif
