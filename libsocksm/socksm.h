/*
 * socksm.h: the client side of socksmd(8): multicast groups through a SOCKS V5
 * server (draft-chouinard-aft-socksv5-mult-00). See socksm(3).
 *
 * A struct socksm is one control connection, one UDP socket and the
 * associations on them. It belongs to the caller, who frees it, and to one
 * thread at a time; nothing is shared between two of them. Strings given are
 * copied. No function prints, raises a signal or ends the program.
 *
 * Functions that give an int give 0, or -1 with errno set, a text in
 * socksm_error() and a class in socksm_class(). Beside the errno values named
 * below, each may set those of the system calls that it makes.
 */

#ifndef SOCKSM_H
#define SOCKSM_H

#include <sys/types.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct socksm;

/* Directions and preferences of an association (draft 3.3, 4.2). */
#define SOCKSM_RECEIVE		0x0001
#define SOCKSM_SEND		0x0002

/* Octets that one datagram carries at most, behind the header of 8. */
#define SOCKSM_DATA_MAX		65499

/* What kind of failure the last one was. */
enum socksm_class {
	SOCKSM_FINE,		/* none yet */
	SOCKSM_LOCAL,		/* a wrong argument, or this system */
	SOCKSM_UNREACHABLE,	/* no connection to the server came about */
	SOCKSM_AUTH,		/* the server wants another user or password */
	SOCKSM_REFUSED,		/* the server answered no: socksm_code() */
	SOCKSM_LOST		/* the connection ended or is not understood */
};

/* Gives a new object, or NULL with ENOMEM. */
struct socksm	*socksm_new(void);

/* Closes everything, wipes the password and frees; NULL is allowed. */
void	 socksm_free(struct socksm *);

/*
 * The server: a name or address, and a port, number or service name; NULL is
 * 1080. EINVAL: too long or empty. EISCONN: connected already.
 */
int	 socksm_set_server(struct socksm *, const char *host, const char *port);

/*
 * User and password of RFC 1929, 1 to 255 octets each. Without them only
 * method X'00' is offered, with them both. The password travels in the clear.
 * EINVAL: a wrong length.
 */
int	 socksm_set_user(struct socksm *, const char *user,
	    const char *password);

/* Milliseconds that connecting, or one answer, may take; 10,000 at first. */
int	 socksm_set_timeout(struct socksm *, int milliseconds);

/*
 * Connects, authenticates and enters enhanced mode, all within the time-out;
 * only the lookup of the server's name takes as long as getaddrinfo(3) does.
 * All addresses of the name are tried. ENOENT: the name does not resolve.
 * ETIMEDOUT, ECONNREFUSED and others of connect(2). EPERM: authentication
 * failed. EOPNOTSUPP: the server has no enhanced mode. EACCES: its ruleset
 * refuses. EPROTO: it does not speak SOCKS V5. EISCONN: connected already.
 */
int	 socksm_connect(struct socksm *);

/* Closes the connection and with it every association. Never fails. */
void	 socksm_close(struct socksm *);

/*
 * Joins a group and port (1 to 65535) at the server: flags is SOCKSM_RECEIVE,
 * SOCKSM_SEND or both; ttl (1 to 255, hop limit with IPv6) is for sending and
 * ignored without it. The group is an address or a name, which the server
 * resolves. With *aid 0 a new association is made and *aid set; else *aid
 * names one of this group, which gets the further direction. It is all or
 * nothing: after -1 no direction was added. Waits for the answer.
 * EACCES: X'02', X'11', X'12' or X'15', refused by the ruleset.
 * EADDRNOTAVAIL: X'14', no multicast group. EOPNOTSUPP: X'07', the server has
 * no multicast, or it insists on MM-mode, which this library does not speak.
 * ENOENT: X'10'. EINVAL: an argument, or X'13'. ENOTCONN: not connected.
 * ETIMEDOUT, ECONNRESET, EPROTO: the connection is lost and closed.
 */
int	 socksm_bind_group(struct socksm *, const char *group, uint16_t port,
	    int flags, uint8_t ttl, uint32_t *aid);

/*
 * Gives up directions of an association, and the association with the last.
 * Errors as above; ENOENT also for an aid that is none here.
 */
int	 socksm_release(struct socksm *, uint32_t aid, int flags);

/* Changes the TTL of what is sent from now on. Errors as above. */
int	 socksm_set_ttl(struct socksm *, uint32_t aid, uint8_t ttl);

/*
 * Sends len octets to the group, as one datagram, and gives len or -1. Nothing
 * tells whether it arrived; the server drops what exceeds its rates. Waits
 * for room in the socket no longer than the time-out. EMSGSIZE: more than
 * SOCKSM_DATA_MAX. ENOENT: no such aid. EINVAL: it does not send.
 */
ssize_t	 socksm_send(struct socksm *, uint32_t aid, const void *data,
	    size_t len);

/*
 * Receives the next datagram of any group into buf, gives its octets (0 is a
 * datagram, too) and its association in *aid, which may be NULL. What exceeds
 * size is cut off. Waits up to timeout milliseconds, 0 not at all, -1 for
 * ever; EAGAIN: none came. EINTR: a signal did. ECONNRESET, EPROTO: the
 * control connection ended; what had come before has been given. A datagram
 * that does not come from the server's relay, or names no association that
 * receives, is dropped and counted, and so is a fragment (the server makes
 * them of more than SOCKSM_DATA_MAX octets only).
 */
ssize_t	 socksm_recv(struct socksm *, void *buf, size_t size, uint32_t *aid,
	    int timeout);

/*
 * Reads what the server sent on the control connection, without waiting: to
 * be called when socksm_control_fd() is readable. socksm_recv() does it by
 * itself. ECONNRESET, EPROTO: the connection is lost and closed.
 */
int	 socksm_check(struct socksm *);

/*
 * The descriptors, for poll(2), -1 when not connected: when the first is
 * readable call socksm_check(), when the second is, socksm_recv() with
 * timeout 0 until it gives EAGAIN. They stay the library's; both are
 * non-blocking.
 */
int	 socksm_control_fd(const struct socksm *);
int	 socksm_udp_fd(const struct socksm *);

/* The last failure: text for people, kind, and reply code or 0 if none. */
const char	*socksm_error(const struct socksm *);
enum socksm_class socksm_class(const struct socksm *);
uint8_t	 socksm_code(const struct socksm *);

/* Datagrams that socksm_recv() dropped since socksm_connect(). */
uint64_t socksm_drops(const struct socksm *);

#ifdef __cplusplus
}
#endif

#endif
