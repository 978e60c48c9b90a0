/*
 * cursor.h: the one cursor of the codec, which cannot read past its end, and
 * the stores that the builders use after they have checked the size.
 */

#ifndef CURSOR_H
#define CURSOR_H

#include <sys/types.h>
#include <stddef.h>
#include <stdint.h>

struct cursor {
	const uint8_t	*p;
	size_t		 left;
};

/* Skips n octets and gives where they begin, or NULL and stays. */
static inline const uint8_t *
cursor_take(struct cursor *c, size_t n)
{
	const uint8_t	*p = c->p;

	if (n > c->left)
		return NULL;
	c->p += n;
	c->left -= n;
	return p;
}

/* The get functions give 0, or -1 where there is too little left. */
static inline int
cursor_get_n8(struct cursor *c, uint8_t *v)
{
	const uint8_t	*p = cursor_take(c, 1);

	if (p == NULL)
		return -1;
	*v = p[0];
	return 0;
}

static inline int
cursor_get_n16(struct cursor *c, uint16_t *v)
{
	const uint8_t	*p = cursor_take(c, 2);

	if (p == NULL)
		return -1;
	*v = (uint16_t)(p[0] << 8 | p[1]);
	return 0;
}

static inline int
cursor_get_n32(struct cursor *c, uint32_t *v)
{
	const uint8_t	*p = cursor_take(c, 4);

	if (p == NULL)
		return -1;
	*v = (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 |
	    (uint32_t)p[2] << 8 | p[3];
	return 0;
}

static inline void
store_n16(uint8_t *p, uint16_t v)
{
	p[0] = v >> 8;
	p[1] = v & 0xff;
}

static inline void
store_n32(uint8_t *p, uint32_t v)
{
	store_n16(p, v >> 16);
	store_n16(p + 2, v & 0xffff);
}

#endif
