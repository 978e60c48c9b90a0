/*
 * stub.h: the bare programs that stand beside the daemon: each does the same
 * work at the sockets, and nothing else: no check, no rule, no count.
 */

#ifndef STUB_H
#define STUB_H

#include <sys/types.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <netinet/in.h>
#include <stdint.h>

#define HEADER		8	/* octets in front of a datagram, P26 */
#define MESSAGES	64	/* at a time */
#define SEGMENTS	64	/* of a message */

/* What UDP_GRO gave: datagrams of one size, the last one perhaps shorter. */
struct message {
	struct sockaddr_in	 from;
	uint8_t			*data;
	size_t			 len;
	size_t			 segment;
};

void	 stub_fanout(char **);
void	 stub_unicast(char **);
void	 stub_stream(char **);

/* stub.c */
uint16_t stub_port(const char *);
struct sockaddr_in stub_addr(const char *addr, const char *port);
int	 stub_udp(const struct sockaddr_in *);	/* bound, with UDP_GRO */
int	 stub_receive(int fd, struct message *);	/* MESSAGES at most */
/* What goes out collects, as messages of segments, until stub_flush(). */
void	 stub_begin(int fd);
void	 stub_message(const struct sockaddr_in *to);	/* a new message */
void	 stub_segment(const uint8_t *header, const uint8_t *, size_t);
void	 stub_flush(void);

#endif
