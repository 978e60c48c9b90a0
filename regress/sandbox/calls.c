/*
 * calls.c: the things tried in a sandbox, one function each. None of them
 * does harm where it is let through: bad addresses, no signal, no time.
 */

#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <sys/wait.h>

#include <netinet/in.h>
#include <netinet/tcp.h>

#include <crypt.h>
#include <errno.h>
#include <event.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "compat.h"
#include "forbid.h"

#define TRY(name, expr)							\
static int								\
try_##name(void)							\
{									\
	return ((expr) != -1);						\
}

/* Sockets: made by the parent, never by a child. */
TRY(socket_udp, socket(AF_INET, SOCK_DGRAM, 0))
TRY(socket_tcp, socket(AF_INET6, SOCK_STREAM, 0))
TRY(socket_unix, socket(AF_UNIX, SOCK_STREAM, 0))
TRY(socket_raw, socket(AF_INET, SOCK_RAW, IPPROTO_ICMP))
TRY(socket_packet, socket(AF_PACKET, SOCK_RAW, 0))
TRY(socket_netlink, socket(AF_NETLINK, SOCK_RAW, 0))
TRY(connect, connect(hands.udp, (struct sockaddr *)&hands.to,
    sizeof(hands.to)))
TRY(bind, bind(hands.udp, (struct sockaddr *)&hands.to, sizeof(hands.to)))
TRY(listen, listen(hands.tcp, 8))
TRY(accept, accept(hands.tcp, NULL, NULL))
TRY(accept4, accept4(hands.tcp, NULL, NULL, SOCK_CLOEXEC))
TRY(sendto, sendto(hands.udp, "x", 1, 0, (struct sockaddr *)&hands.to,
    sizeof(hands.to)))

/* What connects a TCP socket without connect(2). */
static int
try_fastopen(void)
{
	struct msghdr m = { .msg_name = &hands.to,
	    .msg_namelen = sizeof(hands.to) };

	return (sendmsg(hands.tcp, &m, MSG_FASTOPEN | MSG_DONTWAIT) != -1);
}

static int
try_fastopen_many(void)
{
	struct mmsghdr m = { .msg_hdr = { .msg_name = &hands.to,
	    .msg_namelen = sizeof(hands.to) } };

	return (sendmmsg(hands.tcp, &m, 1, MSG_FASTOPEN | MSG_DONTWAIT) !=
	    -1);
}

static int
try_socketpair(void)
{
	int pair[2];

	return (socketpair(AF_UNIX, SOCK_STREAM, 0, pair) != -1);
}

static int
setopt(int level, int name, int value)
{
	return (setsockopt(hands.udp, level, name, &value, sizeof(value)));
}

static int
getopt_any(int fd, int level, int name)
{
	char buf[256];
	socklen_t len = sizeof(buf);

	return (getsockopt(fd, level, name, buf, &len));
}

static int
join(void)
{
	struct ip_mreq mreq;

	mreq.imr_multiaddr.s_addr = htonl(0xef070707);
	mreq.imr_interface.s_addr = htonl(INADDR_LOOPBACK);
	return (setsockopt(hands.udp, IPPROTO_IP, IP_ADD_MEMBERSHIP, &mreq,
	    sizeof(mreq)));
}

static int
join_group(void)
{
	struct group_req req;

	memset(&req, 0, sizeof(req));
	req.gr_interface = 1;
	memcpy(&req.gr_group, &hands.to, sizeof(hands.to));
	((struct sockaddr_in *)&req.gr_group)->sin_addr.s_addr =
	    htonl(0xef070707);
	return (setsockopt(hands.udp, IPPROTO_IP, MCAST_JOIN_GROUP, &req,
	    sizeof(req)));
}

static int
bind_device(void)
{
	return (setsockopt(hands.udp, SOL_SOCKET, SO_BINDTODEVICE, "lo", 3));
}

static int
linger(void)
{
	struct linger l = { 1, 0 };

	return (setsockopt(hands.stream, SOL_SOCKET, SO_LINGER, &l,
	    sizeof(l)));
}

TRY(join, join())
TRY(join_group, join_group())
TRY(bind_device, bind_device())
TRY(so_mark, setopt(SOL_SOCKET, SO_MARK, 1))
TRY(so_rcvbuf, setopt(SOL_SOCKET, SO_RCVBUF, 65536))
TRY(so_rcvbufforce, setopt(SOL_SOCKET, SO_RCVBUFFORCE, 65536))
TRY(so_reuseaddr, setopt(SOL_SOCKET, SO_REUSEADDR, 1))
TRY(multicast_ttl, setopt(IPPROTO_IP, IP_MULTICAST_TTL, 255))
TRY(ip_transparent, setopt(IPPROTO_IP, IP_TRANSPARENT, 1))
TRY(tcp_nodelay, setopt(IPPROTO_TCP, TCP_NODELAY, 1))
TRY(so_linger, linger())
TRY(so_type, getopt_any(hands.udp, SOL_SOCKET, SO_TYPE))
TRY(so_peercred, getopt_any(hands.stream, SOL_SOCKET, SO_PEERCRED))
TRY(tcp_info, getopt_any(hands.tcp, IPPROTO_TCP, TCP_INFO))
TRY(so_error, getopt_any(hands.udp, SOL_SOCKET, SO_ERROR))
TRY(so_meminfo, getopt_any(hands.udp, SOL_SOCKET, 55 /* SO_MEMINFO */))

/* Files. */
TRY(open, open("/etc/passwd", O_RDONLY))
TRY(open_old, syscall(SYS_open, "/etc/passwd", O_RDONLY))
TRY(openat2, syscall(SYS_openat2, AT_FDCWD, "/etc/passwd", NULL, 0))
TRY(creat, syscall(SYS_creat, "/nonexistent/x", 0600))
TRY(unlink, unlink("/nonexistent/x"))
TRY(unlinkat, unlinkat(AT_FDCWD, "/nonexistent/x", 0))
TRY(rename, rename("/nonexistent/x", "/nonexistent/y"))
TRY(mkdir, mkdir("/nonexistent/x", 0700))
TRY(symlink, symlink("x", "/nonexistent/x"))
TRY(chmod, chmod("/nonexistent/x", 0600))
TRY(chown, chown("/nonexistent/x", 0, 0))
TRY(access, access("/etc/passwd", R_OK))
TRY(stat, syscall(SYS_stat, "/etc/passwd", NULL))
TRY(readlink, syscall(SYS_readlink, "/nonexistent/x", NULL, 0))
TRY(chroot, chroot("/nonexistent"))
TRY(chdir, chdir("/nonexistent"))
TRY(fchdir, fchdir(hands.null))
TRY(mount, mount("x", "/nonexistent", "tmpfs", 0, NULL))
TRY(umount, umount2("/nonexistent", 0))
TRY(pivot_root, syscall(SYS_pivot_root, "/nonexistent", "/nonexistent"))
TRY(by_handle, syscall(SYS_open_by_handle_at, -1, NULL, 0))
TRY(memfd, syscall(SYS_memfd_create, "x", 0))
TRY(inotify, syscall(SYS_inotify_init1, 0))

/* Processes. */
static int
try_execve(void)
{
	char *argv[] = { (char *)"true", NULL };

	execve("/nonexistent/true", argv, NULL);
	return (0);
}

static int
try_execveat(void)
{
	char *argv[] = { (char *)"true", NULL };

	syscall(SYS_execveat, hands.null, "", argv, NULL, 0);
	return (0);
}

static int
end_child(pid_t pid)
{
	if (pid == 0)
		_exit(0);
	if (pid == -1)
		return (0);
	(void)waitpid(pid, NULL, 0);
	return (1);
}

static int
try_fork(void)
{
	return (end_child(fork()));
}

static int
try_fork_old(void)
{
	return (end_child((pid_t)syscall(SYS_fork)));
}

static int
try_vfork(void)
{
	pid_t pid;

	pid = vfork();
	if (pid == 0)
		_exit(0);
	return (pid != -1);
}

TRY(clone3, syscall(SYS_clone3, NULL, 0))
TRY(ptrace, ptrace(PTRACE_PEEKUSER, 1, NULL, NULL))
TRY(kill_parent, kill(hands.parent, 0))
TRY(kill_init, kill(1, 0))
TRY(tgkill_parent, syscall(SYS_tgkill, hands.parent, hands.parent, 0))
TRY(pidfd_open, syscall(SYS_pidfd_open, hands.parent, 0))
TRY(pidfd_getfd, syscall(SYS_pidfd_getfd, -1, 0, 0))
TRY(vm_readv, syscall(SYS_process_vm_readv, hands.parent, NULL, 0, NULL, 0, 0))
TRY(vm_writev, syscall(SYS_process_vm_writev, hands.parent, NULL, 0, NULL, 0,
    0))
TRY(kcmp, syscall(SYS_kcmp, hands.parent, hands.parent, 0, 0, 0))
TRY(setuid, setuid(0))
TRY(setresuid, setresuid(0, 0, 0))
TRY(setgroups, syscall(SYS_setgroups, 0, NULL))
TRY(capset, syscall(SYS_capset, NULL, NULL))
TRY(setrlimit, syscall(SYS_setrlimit, RLIMIT_NOFILE, NULL))
TRY(dumpable, prctl(PR_SET_DUMPABLE, 1, 0, 0, 0))
TRY(prctl_ptracer, prctl(PR_SET_PTRACER, 1, 0, 0, 0))
TRY(seccomp_again, syscall(SYS_seccomp, 99, 0, NULL))
TRY(unshare, syscall(SYS_unshare, 0x10000000 /* CLONE_NEWUSER */))
TRY(setns, syscall(SYS_setns, -1, 0))

/* The kernel's larger doors. */
TRY(io_uring, syscall(SYS_io_uring_setup, 0, NULL))
TRY(bpf, syscall(SYS_bpf, -1, NULL, 0))
TRY(perf, syscall(SYS_perf_event_open, NULL, 0, 0, 0, 0))
TRY(userfaultfd, syscall(SYS_userfaultfd, -1))
TRY(keyctl, syscall(SYS_keyctl, -1, 0, 0, 0, 0))
TRY(add_key, syscall(SYS_add_key, NULL, NULL, NULL, 0, 0))
TRY(init_module, syscall(SYS_init_module, NULL, 0, NULL))
TRY(kexec, syscall(SYS_kexec_load, 0, 0, NULL, -1))
TRY(reboot, syscall(SYS_reboot, 0, 0, 0, NULL))
TRY(settime, syscall(SYS_clock_settime, -1, NULL))
TRY(sysv_shm, syscall(SYS_shmget, IPC_PRIVATE, 0, 0))
TRY(ioctl_nread, syscall(SYS_ioctl, hands.stream, FIONREAD, NULL))
TRY(ioctl_sti, syscall(SYS_ioctl, hands.null, TIOCSTI, "x"))

/* Code that was not there at start. */
static int
map(int prot)
{
	void *p;

	p = mmap(NULL, 4096, prot, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	return (p != MAP_FAILED ? 0 : -1);
}

static int
protect(int prot)
{
	void *p;

	p = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	return (mprotect(p, 4096, prot));
}

TRY(mmap_exec, map(PROT_READ | PROT_EXEC))
TRY(mprotect_exec, protect(PROT_READ | PROT_EXEC))

/* Descriptors: none is doubled, none signals another process. */
TRY(dup, dup(hands.null))
TRY(dup2, dup2(hands.null, 100))
TRY(fcntl_dupfd, fcntl(hands.null, F_DUPFD, 100))
TRY(fcntl_setown, fcntl(hands.stream, F_SETOWN, hands.parent))
TRY(prlimit, syscall(SYS_prlimit64, hands.parent, RLIMIT_NOFILE, NULL, NULL))

/* The ways round a filter: another call table of the same kernel. */
#ifdef __x86_64__
TRY(x32, syscall(0x40000000 | SYS_getpid))

static int
try_int80(void)
{
	long n = 20;			/* getpid of i386 */

	__asm__ __volatile__("int $0x80" : "+a"(n) : : "memory");
	return (n > 0);
}
#endif

/* What a process lives from. */
static int
try_stream(void)
{
	char buf[8];

	return (write(hands.stream, "abc", 3) == 3 &&
	    read(hands.peer, buf, sizeof(buf)) == 3 &&
	    memcmp(buf, "abc", 3) == 0);
}

static int
try_vectors(void)
{
	char a[2], b[2];
	struct iovec out[2] = { { (char *)"ab", 2 }, { (char *)"cd", 2 } };
	struct iovec in[2] = { { a, 2 }, { b, 2 } };

	return (writev(hands.stream, out, 2) == 4 &&
	    readv(hands.peer, in, 2) == 4 && a[0] == 'a' && b[1] == 'd');
}

static int
msg_send(int fd, struct sockaddr_in *to, int pass)
{
	union {
		struct cmsghdr	 hdr;
		char		 buf[CMSG_SPACE(sizeof(int))];
	} cmsg;
	struct iovec iov = { (char *)"x", 1 };
	struct msghdr msg;

	memset(&msg, 0, sizeof(msg));
	memset(&cmsg, 0, sizeof(cmsg));
	msg.msg_iov = &iov;
	msg.msg_iovlen = 1;
	if (to != NULL) {
		msg.msg_name = to;
		msg.msg_namelen = sizeof(*to);
	}
	if (pass != -1) {
		msg.msg_control = cmsg.buf;
		msg.msg_controllen = sizeof(cmsg.buf);
		cmsg.hdr.cmsg_level = SOL_SOCKET;
		cmsg.hdr.cmsg_type = SCM_RIGHTS;
		cmsg.hdr.cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(&cmsg.hdr), &pass, sizeof(pass));
	}
	return (sendmsg(fd, &msg, MSG_NOSIGNAL) == 1);
}

static int
msg_recv(int fd)
{
	char c;
	struct iovec iov = { &c, 1 };
	struct msghdr msg;

	memset(&msg, 0, sizeof(msg));
	msg.msg_iov = &iov;
	msg.msg_iovlen = 1;
	return (recvmsg(fd, &msg, 0) == 1);
}

static int
try_channel(void)
{
	return (msg_send(hands.stream, NULL, -1) && msg_recv(hands.peer));
}

static int
try_pass_fd(void)
{
	return (msg_send(hands.stream, NULL, hands.null));
}

/* What the documents say plainly: a UDP socket reaches any address. */
static int
try_datagram(void)
{
	return (msg_send(hands.udp, &hands.to, -1));
}

static int
try_datagrams(void)
{
	char c;
	struct iovec iov = { &c, 1 };
	struct mmsghdr m[2];
	int i, n;

	c = 'x';
	memset(m, 0, sizeof(m));
	for (i = 0; i < 2; i++) {
		m[i].msg_hdr.msg_iov = &iov;
		m[i].msg_hdr.msg_iovlen = 1;
		m[i].msg_hdr.msg_name = &hands.to;
		m[i].msg_hdr.msg_namelen = sizeof(hands.to);
	}
	n = sendmmsg(hands.udp, m, 2, 0);
	i = recvmmsg(hands.udp, m, 2, MSG_DONTWAIT, NULL);
	return (n == 2 && (i > 0 || errno == EAGAIN ||
	    errno == ECONNREFUSED));
}

/* Streams go through pipes, which come in exactly one way. */
static int
pipe_with(int flags, int fds[2])
{
	return (pipe2(fds, O_CLOEXEC | O_NONBLOCK | flags));
}

static int
try_pipe(void)
{
	int fds[2];

	return (pipe_with(0, fds) != -1);
}

static int
try_pipe_old(void)
{
	int fds[2];

	return (syscall(SYS_pipe, fds) != -1);
}

static int
try_pipe_direct(void)
{
	int fds[2];

	return (pipe_with(O_DIRECT, fds) != -1);
}

static int
splice_with(unsigned flags)
{
	int fds[2];
	char buf[3];

	if (pipe_with(0, fds) == -1 || write(hands.peer, "abc", 3) != 3)
		return (0);
	return (splice(hands.stream, NULL, fds[1], NULL, 3, flags) == 3 &&
	    splice(fds[0], NULL, hands.stream, NULL, 3, flags) == 3 &&
	    read(hands.peer, buf, 3) == 3 && memcmp(buf, "abc", 3) == 0);
}

static int
try_splice(void)
{
	return (splice_with(SPLICE_F_MOVE | SPLICE_F_NONBLOCK));
}

static int
try_pipe_size(void)
{
	int fds[2];

	return (pipe_with(0, fds) != -1 &&
	    fcntl(fds[1], F_SETPIPE_SZ, 131072) != -1);
}

TRY(splice_any, splice(hands.stream, NULL, hands.null, NULL, 1,
    SPLICE_F_MOVE | SPLICE_F_NONBLOCK))
TRY(splice_waiting, splice(hands.stream, NULL, hands.null, NULL, 1,
    SPLICE_F_MOVE))
TRY(tee, tee(hands.stream, hands.peer, 1, 0))
TRY(vmsplice, vmsplice(hands.stream, NULL, 0, 0))
TRY(sendfile, syscall(SYS_sendfile, hands.stream, hands.null, NULL, 1))

static int
try_accept_control(void)
{
	return (accept4(hands.ctl, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK) !=
	    -1);
}

static int
try_clock(void)
{
	struct timespec ts;
	struct timeval tv;

	return (clock_gettime(CLOCK_MONOTONIC, &ts) == 0 &&
	    gettimeofday(&tv, NULL) == 0);
}

static int
try_memory(void)
{
	char *p[64];
	int i, ok = 1;

	for (i = 0; i < 64; i++) {
		p[i] = malloc((size_t)1 << (i % 21));
		if (p[i] == NULL)
			ok = 0;
		else
			p[i][0] = 1;
	}
	for (i = 0; i < 64; i++)
		free(p[i]);
	return (ok);
}

static int
try_random(void)
{
	unsigned char buf[1 << 16];
	int i;

	/* far enough for the generator to ask the system again */
	for (i = 0; i < 64; i++)
		arc4random_buf(buf, sizeof(buf));
	return (1);
}

static int
try_close(void)
{
	return (close(hands.stream) == 0);
}

static int
try_shutdown(void)
{
	return (shutdown(hands.stream, SHUT_WR) == 0);
}

static void
event_seen(int fd, short what, void *seen)
{
	(void)fd;
	*(int *)seen |= what;
}

/* The loop that event_init() made before the sandbox closed. */
static int
try_events(void)
{
	struct event readable, timer;
	struct timeval tv = { 0, 1000 };
	int seen = 0;

	event_set(&readable, hands.peer, EV_READ, event_seen, &seen);
	evtimer_set(&timer, event_seen, &seen);
	return (event_add(&readable, NULL) == 0 &&
	    evtimer_add(&timer, &tv) == 0 && write(hands.stream, "x", 1) == 1 &&
	    event_dispatch() != -1 && seen == (EV_READ | EV_TIMEOUT));
}

static int
try_crypt(void)
{
	const char *hash;

	hash = crypt("secret", "$6$rounds=1000$abcdefgh$");
	return (hash != NULL && hash[0] == '$');
}

const struct call calls[] = {
	{ "socket",		EACH,	0,	0,	try_socket_udp },
	{ "socket-tcp",		EACH,	0,	0,	try_socket_tcp },
	{ "socket-unix",	EACH,	0,	0,	try_socket_unix },
	{ "socket-raw",		EACH,	0,	0,	try_socket_raw },
	{ "socket-packet",	EACH,	0,	0,	try_socket_packet },
	{ "socket-netlink",	EACH,	0,	0,	try_socket_netlink },
	{ "socketpair",		EACH,	0,	0,	try_socketpair },
	{ "connect",		EACH,	0,	0,	try_connect },
	{ "bind",		EACH,	0,	0,	try_bind },
	{ "listen",		EACH,	0,	0,	try_listen },
	{ "accept",		ENGINE | AUTH | RESOLVER, 0, 0,	try_accept },
	{ "accept4",		ENGINE | AUTH | RESOLVER, 0, 0,	try_accept4 },
	{ "sendto",		EACH,	0,	0,	try_sendto },
	{ "fastopen",		EACH,	0,	0,	try_fastopen },
	{ "fastopen-many",	EACH,	0,	0,	try_fastopen_many },
	{ "join",		EACH,	0,	0,	try_join },
	{ "join-group",		EACH,	0,	0,	try_join_group },
	{ "bindtodevice",	EACH,	0,	0,	try_bind_device },
	{ "so-mark",		EACH,	0,	0,	try_so_mark },
	{ "so-rcvbuf",		EACH,	0,	0,	try_so_rcvbuf },
	{ "so-rcvbufforce",	EACH,	0,	0,	try_so_rcvbufforce },
	{ "so-reuseaddr",	EACH,	0,	0,	try_so_reuseaddr },
	{ "multicast-ttl",	EACH,	0,	0,	try_multicast_ttl },
	{ "ip-transparent",	EACH,	0,	0,	try_ip_transparent },
	{ "tcp-nodelay",	EACH,	0,	0,	try_tcp_nodelay },
	{ "so-linger",		POLICY | AUTH | RESOLVER, ENGINE, 0, try_so_linger },
	{ "so-type",		EACH,	0,	0,	try_so_type },
	{ "so-peercred",	ENGINE | AUTH | RESOLVER, POLICY, 0, try_so_peercred },
	{ "tcp-info",		EACH,	0,	0,	try_tcp_info },
	{ "so-error",		AUTH | RESOLVER,	ENGINE,	0,	try_so_error },
	{ "so-meminfo",		POLICY | AUTH | RESOLVER, ENGINE, 0, try_so_meminfo },
	{ "pipe-old",		EACH,	0,	0,	try_pipe_old },
	{ "pipe-direct",	EACH,	0,	0,	try_pipe_direct },
	{ "pipe",		NOT_ENGINE, ENGINE, 0,	try_pipe },
	{ "pipe-size",		NOT_ENGINE, ENGINE, 0,	try_pipe_size },
	{ "splice",		0,	ENGINE,	0,	try_splice },
	{ "splice-any",		NOT_ENGINE, 0,	0,	try_splice_any },
	{ "splice-waiting",	EACH,	0,	0,	try_splice_waiting },
	{ "tee",		EACH,	0,	0,	try_tee },
	{ "vmsplice",		EACH,	0,	0,	try_vmsplice },
	{ "sendfile",		EACH,	0,	0,	try_sendfile },
	{ "open",		EACH,	0,	0,	try_open },
	{ "open-old",		EACH,	0,	0,	try_open_old },
	{ "openat2",		EACH,	0,	0,	try_openat2 },
	{ "creat",		EACH,	0,	0,	try_creat },
	{ "unlink",		EACH,	0,	0,	try_unlink },
	{ "unlinkat",		EACH,	0,	0,	try_unlinkat },
	{ "rename",		EACH,	0,	0,	try_rename },
	{ "mkdir",		EACH,	0,	0,	try_mkdir },
	{ "symlink",		EACH,	0,	0,	try_symlink },
	{ "chmod",		EACH,	0,	0,	try_chmod },
	{ "chown",		EACH,	0,	0,	try_chown },
	{ "access",		EACH,	0,	0,	try_access },
	{ "stat",		EACH,	0,	0,	try_stat },
	{ "readlink",		EACH,	0,	0,	try_readlink },
	{ "chroot",		EACH,	0,	0,	try_chroot },
	{ "chdir",		EACH,	0,	0,	try_chdir },
	{ "fchdir",		EACH,	0,	0,	try_fchdir },
	{ "mount",		EACH,	0,	0,	try_mount },
	{ "umount",		EACH,	0,	0,	try_umount },
	{ "pivot-root",		EACH,	0,	0,	try_pivot_root },
	{ "open-by-handle",	EACH,	0,	0,	try_by_handle },
	{ "memfd",		EACH,	0,	0,	try_memfd },
	{ "inotify",		EACH,	0,	0,	try_inotify },
	{ "execve",		EACH,	0,	0,	try_execve },
	{ "execveat",		EACH,	0,	0,	try_execveat },
	{ "fork",		EACH,	0,	0,	try_fork },
	{ "fork-old",		EACH,	0,	0,	try_fork_old },
	{ "vfork",		EACH,	0,	0,	try_vfork },
	{ "clone3",		EACH,	0,	0,	try_clone3 },
	{ "ptrace",		EACH,	0,	0,	try_ptrace },
	{ "kill-parent",	EACH,	0,	0,	try_kill_parent },
	{ "kill-init",		EACH,	0,	0,	try_kill_init },
	{ "tgkill-parent",	EACH,	0,	0,	try_tgkill_parent },
	{ "pidfd-open",		EACH,	0,	0,	try_pidfd_open },
	{ "pidfd-getfd",	EACH,	0,	0,	try_pidfd_getfd },
	{ "vm-readv",		EACH,	0,	0,	try_vm_readv },
	{ "vm-writev",		EACH,	0,	0,	try_vm_writev },
	{ "kcmp",		EACH,	0,	0,	try_kcmp },
	{ "setuid",		EACH,	0,	0,	try_setuid },
	{ "setresuid",		EACH,	0,	0,	try_setresuid },
	{ "setgroups",		EACH,	0,	0,	try_setgroups },
	{ "capset",		EACH,	0,	0,	try_capset },
	{ "setrlimit",		EACH,	0,	0,	try_setrlimit },
	{ "dumpable",		EACH,	0,	0,	try_dumpable },
	{ "set-ptracer",	EACH,	0,	0,	try_prctl_ptracer },
	{ "seccomp",		EACH,	0,	0,	try_seccomp_again },
	{ "prlimit",		EACH,	0,	0,	try_prlimit },
	{ "dup",		EACH,	0,	0,	try_dup },
	{ "dup2",		EACH,	0,	0,	try_dup2 },
	{ "fcntl-dupfd",	EACH,	0,	0,	try_fcntl_dupfd },
	{ "fcntl-setown",	EACH,	0,	0,	try_fcntl_setown },
	{ "mmap-exec",		EACH,	0,	0,	try_mmap_exec },
	{ "mprotect-exec",	EACH,	0,	0,	try_mprotect_exec },
	{ "unshare",		EACH,	0,	0,	try_unshare },
	{ "setns",		EACH,	0,	0,	try_setns },
	{ "io-uring",		EACH,	0,	0,	try_io_uring },
	{ "bpf",		EACH,	0,	0,	try_bpf },
	{ "perf-event",		EACH,	0,	0,	try_perf },
	{ "userfaultfd",	EACH,	0,	0,	try_userfaultfd },
	{ "keyctl",		EACH,	0,	0,	try_keyctl },
	{ "add-key",		EACH,	0,	0,	try_add_key },
	{ "init-module",	EACH,	0,	0,	try_init_module },
	{ "kexec",		EACH,	0,	0,	try_kexec },
	{ "reboot",		EACH,	0,	0,	try_reboot },
	{ "clock-settime",	EACH,	0,	0,	try_settime },
	{ "shmget",		EACH,	0,	0,	try_sysv_shm },
	{ "ioctl-fionread",	EACH,	0,	0,	try_ioctl_nread },
	{ "ioctl-tiocsti",	EACH,	0,	0,	try_ioctl_sti },
#ifdef __x86_64__
	{ "x32-table",		EACH,	0,	0,	try_x32 },
	{ "int80-table",	EACH,	0,	OR_SEGV, try_int80 },
#endif
	{ "read-write",		0,	EACH,	0,	try_stream },
	{ "readv-writev",	0,	EACH,	0,	try_vectors },
	{ "sendmsg-recvmsg",	0,	EACH,	0,	try_channel },
	{ "pass-descriptor",	0,	EACH,	0,	try_pass_fd },
	{ "send-datagram",	0,	ENGINE,	0,	try_datagram },
	{ "send-datagrams",	0,	ENGINE,	0,	try_datagrams },
	{ "accept-control",	0,	POLICY,	0,	try_accept_control },
	{ "crypt",		0,	AUTH,	0,	try_crypt },
	{ "clock",		0,	EACH,	0,	try_clock },
	{ "memory",		0,	EACH,	0,	try_memory },
	{ "random",		0,	EACH,	0,	try_random },
	{ "events",		0,	EACH,	0,	try_events },
	{ "close",		0,	EACH,	0,	try_close },
	{ "shutdown",		0,	ENGINE,	0,	try_shutdown },
	{ NULL,			0,	0,	0,	NULL }
};
