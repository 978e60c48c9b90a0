/*
 * relay_io.h: how the engine receives and sends datagrams, the same on every
 * system; behind it stands relay_io_linux.c or relay_io_bsd.c.
 */

#ifndef RELAY_IO_H
#define RELAY_IO_H

#include <sys/types.h>
#include <sys/uio.h>
#include <stdint.h>

#include "addr.h"
#include "socks.h"

struct assoc;

#define IO_BURST	64	/* datagrams handed out, or sent, at a time */
#define IO_MESSAGES	64	/* at most per receiving system call */
#define IO_DESTS	64	/* destinations per io_send() */
#define IO_PAYLOAD_MAX	65507	/* with the header; P29 */

/* A datagram that came; data lives until the next io_receive(). */
struct dgram {
	struct endpoint	 src;
	struct addr	 dst;		/* ADDR_NONE: the system did not say */
	uint32_t	 ifindex;	/* where it came in; 0: not said */
	uint8_t		 truncated;
	const uint8_t	*data;
	size_t		 len;
};

/*
 * One system call's worth: at most max messages, each of which may hold many
 * datagrams. Returns how many messages came, 0 if none is there. Then
 * io_next() hands the datagrams out in order, until it returns 0.
 */
int	 io_receive(int fd, int max);
int	 io_next(struct dgram *, int max);

/* What all destinations of one io_send() share. */
struct io_path {
	int		 fd;
	uint32_t	 mtu;		/* of the interface; 0: not known */
	uint8_t		 family;	/* ADDR_V4, ADDR_V6 */
	uint8_t		 ttl;		/* 0: that of the socket */
	uint8_t		 hdrlen;	/* SOCKS_DGRAM_HDR, or 0 for none */
};

/* Why a datagram did not go; struct io_dest counts them. */
enum io_fault { IO_SIZE, IO_BUFFER, IO_SYSTEM, IO_FAULTS };

struct io_dest {
	struct endpoint	 to;
	uint8_t		 header[SOCKS_DGRAM_HDR];
	struct assoc	*assoc;		/* the caller's own */
	uint8_t		 no_segment;	/* in, and set if it has to be */
	/* out */
	uint32_t	 sent;
	uint32_t	 faults[IO_FAULTS];
	uint64_t	 octets;	/* of payload sent */
};

/*
 * Sends n payloads (at most IO_BURST), in order, to each of the destinations
 * (any number), with its header in front. Nothing is queued: what the kernel
 * does not take is counted, and keeps nobody else from getting his.
 */
void	 io_send(const struct io_path *, const struct iovec *payload, int n,
	    struct io_dest *, int ndest);

/* Payloads first to first + n - 1, of its own, for one destination. */
struct io_run {
	struct io_dest	 dest;
	int		 first;
	int		 n;
};

/*
 * Many destinations that each get what is theirs, in the order of the runs; at
 * most IO_BURST payloads in all. A destination without an address is the one
 * that the socket is connected to.
 */
void	 io_send_runs(const struct io_path *, const struct iovec *payload,
	    struct io_run *, int nruns);

/* Datagrams the kernel dropped at this socket since it was made. */
uint32_t io_kernel_drops(int fd);

/*
 * relay_io.c: what the back ends share.
 */
/* An error that says nothing of this datagram: worth a second try. */
int	 io_transient(int error);
void	 io_sent(struct io_dest *, const struct iovec *payload, int n);
void	 io_failed(struct io_dest *, int n, int error);
/* With its header too long for a datagram? Counted on each destination. */
int	 io_too_long(const struct io_path *, const struct iovec *);
void	 io_count_too_long(const struct io_path *, const struct iovec *, int n,
	    struct io_dest *, int ndest);

#endif
