/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * libnetport - netport from C and C++ programs
 *
 * A thin layer over <linux/netport.h>, which has the model, the structures and what each
 * errno means; the library adds none of its own.  There is no handle: an owner is the file
 * descriptor that netport_open() returns, and close() gives back what it holds.  poll(),
 * dup(), fcntl() and SCM_RIGHTS are for the caller, as for any file.
 *
 * Returns
 * -------
 * Functions return 0 (or a count, a port, a length where that is said), or -1 with errno.
 * They print nothing, never exit, and a call that fails has changed nothing, as with the
 * command itself (netport_release_batch() may have released some).
 *
 * Threads and signals
 * -------------------
 * The library has no state: all functions may be called by any number of threads at the same
 * time, with the same file or with different ones, as long as they don't share the structures
 * that they pass.  No function returns anything that has to be freed.  Those that take a file
 * descriptor, netport_open(), netport_deadline() and those for sockaddrs may be called from
 * signal handlers, and between fork() and exec() of a program with threads; those for texts
 * may not.  A wait (@deadline) goes on after a signal handler has run.
 *
 * Growing
 * -------
 * Zero is the default of every field that there is, and of every one that there will be.
 * Begin with "= { 0 }", or name the fields: a program that does is right with any later
 * version of this header.  Compiled, it is right with any later version of the library and
 * of the module, because the size that its structures have travels with them: each function
 * that takes one of <linux/netport.h> is an inline one here, which calls the library's
 * netport_*_sized() with the sizeof of the caller.  (Programs that don't read this header,
 * in other languages, call these.)  A module or a library that is older than the program
 * refuses with E2BIG what it doesn't know, unless it is zero.
 *
 * C++
 * ---
 * Some functions have the name of a structure, as stat() has: "struct netport_reserve r" is
 * the structure.  Callbacks must not throw, nor leave by longjmp().
 */
#ifndef _LIBNETPORT_H
#define _LIBNETPORT_H

#include <stddef.h>
#include <sys/socket.h>

#include <linux/netport.h>

#ifdef __cplusplus
extern "C" {
#endif

/* That a function hides a structure's constructor is what is meant. */
#if defined(__GNUC__) && defined(__cplusplus)
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wshadow"
#endif

/**
 * netport_open() - become an owner
 *
 * Opens %NETPORT_DEVICE, close-on-exec.  The owner is in the network namespace, and has the
 * filesystem uid, of the thread that calls this.
 *
 * Return: the file descriptor, or -1 with the errno of open(): ENOENT if the module isn't
 * loaded.
 */
int netport_open(void);

int netport_info_sized(int fd, struct netport_info *info, size_t size);

/**
 * netport_info() - what the module has and allows, and the owner's number
 * @fd: an owner
 * @info: a result, all of it; what the module doesn't know is zero
 *
 * Return: 0, or -1 with the errno of %NETPORT_IOC_INFO; ENOTTY from a module that knows no
 * more than the commands up to %NETPORT_IOC_EPHEMERAL.
 */
static inline int netport_info(int fd, struct netport_info *info)
{
	return netport_info_sized(fd, info, sizeof(*info));
}

/*
 * Reservations
 */

int netport_reserve_sized(int fd, struct netport_reserve *r, size_t size);

/**
 * netport_reserve() - reserve a port, or pick one and reserve it
 * @fd: the owner
 * @r: what to reserve; @binding.port, if that is 0, and @token are results
 *
 * Return: 0, or -1 with the errno of %NETPORT_IOC_RESERVE.
 */
static inline int netport_reserve(int fd, struct netport_reserve *r)
{
	return netport_reserve_sized(fd, r, sizeof(*r));
}

int netport_request_sized(int fd, struct netport_request *r, size_t size);

/**
 * netport_request() - netport_reserve() with terms: sets, blocks, waiting, labels and more
 * @fd: the owner
 * @r: what to reserve, and the terms; @reserve.binding.port and @reserve.token are results
 *
 * Return: 0, or -1 with the errno of %NETPORT_IOC_REQUEST.
 */
static inline int netport_request(int fd, struct netport_request *r)
{
	return netport_request_sized(fd, r, sizeof(*r));
}

int netport_available_sized(int fd, const struct netport_request *r, size_t size);

/**
 * netport_available() - would netport_request() succeed now?
 * @fd: who asks
 * @r: the request, without a deadline
 *
 * Return: 0 if it would, or -1 with the errno that it would fail with.
 */
static inline int netport_available(int fd, const struct netport_request *r)
{
	return netport_available_sized(fd, r, sizeof(*r));
}

/**
 * netport_release() - give a reservation or a candidate back
 * @fd: its owner
 * @token: its name
 *
 * Return: 0, or -1 with the errno of %NETPORT_IOC_RELEASE.
 */
int netport_release(int fd, __u64 token);

int netport_release_by_sized(int fd, const struct netport_release *r, size_t size);

/**
 * netport_release_by() - give back by binding, with a hold, or a part of a block
 * @fd: the owner
 * @r: which, and how
 *
 * Return: 0, or -1 with the errno of %NETPORT_IOC_RELEASE.
 */
static inline int netport_release_by(int fd, const struct netport_release *r)
{
	return netport_release_by_sized(fd, r, sizeof(*r));
}

int netport_extend_sized(int fd, struct netport_request *r, size_t size);

/**
 * netport_extend() - add bindings to a reservation
 * @fd: its owner
 * @r: @reserve.token names it, the rest says the bindings; @reserve.binding.port is a result
 *
 * Return: 0, or -1 with the errno of %NETPORT_IOC_EXTEND.
 */
static inline int netport_extend(int fd, struct netport_request *r)
{
	return netport_extend_sized(fd, r, sizeof(*r));
}

int netport_rebind_sized(int fd, struct netport_request *r, size_t size);

/**
 * netport_rebind() - move a reservation to another port or other bindings
 * @fd: its owner
 * @r: @reserve.token names it, the rest says what takes the place of what it has;
 *	@reserve.binding.port is a result
 *
 * Return: 0, or -1 with the errno of %NETPORT_IOC_REBIND, and then it has what it had.
 */
static inline int netport_rebind(int fd, struct netport_request *r)
{
	return netport_rebind_sized(fd, r, sizeof(*r));
}

/**
 * netport_batch_sized() - netport_batch() of requests of any size
 * @fd: the owner
 * @requests: the first of them; struct netport_reserve will do, if there are no terms
 * @size: bytes from one request to the next
 * @count: see netport_batch()
 * @flags: see netport_batch()
 * @errors: see netport_batch()
 *
 * Return: see netport_batch().
 */
int netport_batch_sized(int fd, void *requests, size_t size, unsigned int count,
			unsigned int flags, __s32 *errors);

/**
 * netport_batch() - many requests in one call, all or none
 * @fd: the owner
 * @requests: an array of @count requests; ports and tokens in it are results
 * @count: 1 to %NETPORT_BATCH_MAX
 * @flags: %NETPORT_BATCH_PARTIAL for as many as can be had, or 0
 * @errors: @count results, an errno or 0 for each; or NULL
 *
 * Return: how many were reserved; or -1 with the errno of %NETPORT_IOC_BATCH.
 */
static inline int netport_batch(int fd, struct netport_request *requests, unsigned int count,
				unsigned int flags, __s32 *errors)
{
	return netport_batch_sized(fd, requests, sizeof(*requests), count, flags, errors);
}

/**
 * netport_release_batch() - give many reservations back in one call
 * @fd: the owner
 * @tokens: an array of @count tokens
 * @count: 1 to %NETPORT_BATCH_MAX
 * @hold: for how many milliseconds nobody gets them, or 0
 * @options: %NETPORT_RELEASE_PORT or 0
 *
 * Return: how many were this owner's and have been released; or -1 with the errno of
 * %NETPORT_IOC_RELEASE_BATCH.
 */
int netport_release_batch(int fd, const __u64 *tokens, unsigned int count, unsigned int hold,
			  unsigned int options);

/**
 * netport_transfer() - give a reservation to another owner
 * @fd: its owner
 * @token: its name
 * @to: file descriptor of the other owner
 *
 * Return: 0, or -1 with the errno of %NETPORT_IOC_TRANSFER.
 */
int netport_transfer(int fd, __u64 token, int to);

/**
 * netport_adopt() - become the owner of a persistent reservation that has none
 * @fd: the owner to be
 * @token: its name
 *
 * Return: 0, or -1 with the errno of %NETPORT_IOC_ADOPT.
 */
int netport_adopt(int fd, __u64 token);

/**
 * netport_label() - write a text on a reservation, or on the owner
 * @fd: the owner
 * @token: the reservation, or 0 for the owner
 * @text: at most %NETPORT_LABEL_LEN - 1 bytes, else EINVAL; an empty one takes it off
 *
 * Return: 0, or -1 with the errno of %NETPORT_IOC_LABEL.
 */
int netport_label(int fd, __u64 token, const char *text);

/*
 * Picking with a test
 */

/**
 * typedef netport_test_fn - whether a port will do
 * @port: the port
 * @arg: what the caller of the search has for it
 *
 * Return: 0 if it will do; above 0 to be asked about the next one; below 0, a negative
 * errno, to end the search with that error.
 */
typedef int netport_test_fn(unsigned int port, void *arg);

int netport_pick_sized(int fd, struct netport_request *r, size_t size, netport_test_fn *test,
		       void *arg);

/**
 * netport_pick() - pick a port that passes a test, and reserve it
 * @fd: the owner
 * @r: what to reserve, with port 0, no deadline and no block; @reserve.binding.port and
 *	@reserve.token are results
 * @test: is asked about each port, while it is held, so that nobody else gets it meanwhile;
 *	it may take as long as it likes, and bind sockets of its own; or NULL
 * @arg: for @test
 *
 * Each port of the range is offered at most once.  What is turned down is released at
 * once.  When this fails, nothing is held.
 *
 * Return: 0, or -1 with the errno of %NETPORT_IOC_CANDIDATE (EADDRNOTAVAIL when no port
 * passed), or that of @test as it is.
 */
static inline int netport_pick(int fd, struct netport_request *r, netport_test_fn *test,
			       void *arg)
{
	return netport_pick_sized(fd, r, sizeof(*r), test, arg);
}

int netport_candidate_sized(int fd, struct netport_candidate *c, size_t size);

/**
 * netport_candidate() - pick a port and hold it, step by step
 * @fd: the owner
 * @c: the request, and where the search stands: see %NETPORT_IOC_CANDIDATE
 *
 * What netport_pick() is made of, for those who can't wait in a callback.
 *
 * Return: 0, or -1 with the errno of %NETPORT_IOC_CANDIDATE.
 */
static inline int netport_candidate(int fd, struct netport_candidate *c)
{
	return netport_candidate_sized(fd, c, sizeof(*c));
}

/**
 * netport_accept() - make a candidate a reservation
 * @fd: its owner
 * @token: the candidate, and then the reservation
 *
 * Return: 0, or -1 with the errno of %NETPORT_IOC_ACCEPT.
 */
int netport_accept(int fd, __u64 token);

/**
 * netport_ephemeral() - search the ephemeral range, reserving nothing
 * @fd: says the network namespace
 * @low: first port, or 0 for that of the namespace's range
 * @high: last port, or 0 for that of the namespace's range
 * @test: is asked about each port, from a random one on, once; no table is
 * @arg: for @test
 *
 * Return: the port that passed; or -1 with the errno of %NETPORT_IOC_EPHEMERAL
 * (EADDRNOTAVAIL when none did), or that of @test as it is.
 */
int netport_ephemeral(int fd, unsigned int low, unsigned int high, netport_test_fn *test,
		      void *arg);

/**
 * netport_get_range() - the range of the namespace that ports are picked from
 * @fd: says the network namespace
 * @low: result: first port
 * @high: result: last port
 *
 * Return: 0, or -1 with the errno of %NETPORT_IOC_GET_RANGE.
 */
int netport_get_range(int fd, unsigned int *low, unsigned int *high);

/**
 * netport_set_range() - set that range
 * @fd: says the network namespace
 * @low: first port, at least 1
 * @high: last port, at most 65535
 *
 * Return: 0, or -1 with the errno of %NETPORT_IOC_SET_RANGE.
 */
int netport_set_range(int fd, unsigned int low, unsigned int high);

/*
 * Waiting
 */

/**
 * netport_deadline() - a point in time for @terms.deadline
 * @ms: milliseconds from now; below 0 is forever
 *
 * Return: nanoseconds of CLOCK_MONOTONIC, never 0.
 */
__u64 netport_deadline(long long ms);

int netport_wish_sized(int fd, struct netport_request *r, size_t size);

/**
 * netport_wish() - wait for a port without blocking
 * @fd: the owner; poll() says POLLIN once a wish of its has been granted
 * @r: what to reserve, without a deadline; @reserve.token is a result, the wish's name
 *
 * Return: 0, or -1 with the errno of %NETPORT_IOC_WISH.
 */
static inline int netport_wish(int fd, struct netport_request *r)
{
	return netport_wish_sized(fd, r, sizeof(*r));
}

int netport_granted_sized(int fd, struct netport_granted *g, size_t size);

/**
 * netport_granted() - fetch a wish that has been granted
 * @fd: the owner
 * @g: @wish is the one asked about, or 0 for any; all of it is a result
 *
 * Return: 0, or -1 with the errno of %NETPORT_IOC_GRANTED.
 */
static inline int netport_granted(int fd, struct netport_granted *g)
{
	return netport_granted_sized(fd, g, sizeof(*g));
}

/**
 * netport_unwish() - take a wish back
 * @fd: the owner
 * @wish: the wish's name
 *
 * Return: 0, or -1 with the errno of %NETPORT_IOC_UNWISH.
 */
int netport_unwish(int fd, __u64 wish);

/*
 * What is reserved
 */

int netport_list_sized(int fd, struct netport_list *l, size_t size);

/**
 * netport_list() - the next entries of a listing
 * @fd: says the network namespace, and who asks
 * @l: filters, room for entries, and where the listing stands: see %NETPORT_IOC_LIST
 *
 * Return: 0, or -1 with the errno of %NETPORT_IOC_LIST.
 */
static inline int netport_list(int fd, struct netport_list *l)
{
	return netport_list_sized(fd, l, sizeof(*l));
}

/**
 * typedef netport_each_fn - what is done with an entry of a listing
 * @entry: the entry, until the function returns
 * @arg: what the caller of the listing has for it
 *
 * It may make calls of its own on the same file, listings too.
 *
 * Return: 0 to go on; above 0 to end the listing with that result; below 0, a negative
 * errno, to end it with that error.
 */
typedef int netport_each_fn(const struct netport_entry *entry, void *arg);

int netport_list_each_sized(int fd, const struct netport_list *filter, size_t size,
			    size_t entry_size, netport_each_fn *each, void *arg);

/**
 * netport_list_each() - go over all that is reserved, in constant memory
 * @fd: says the network namespace, and who asks
 * @filter: @flags and what they name; the rest is ignored.  NULL for everything
 * @each: is called for each entry
 * @arg: for @each
 *
 * Takes 16 KiB of stack.
 *
 * Return: 0 at the end, or what @each returned above 0; or -1 with the errno of
 * %NETPORT_IOC_LIST, or that of @each as it is.
 */
static inline int netport_list_each(int fd, const struct netport_list *filter,
				    netport_each_fn *each, void *arg)
{
	return netport_list_each_sized(fd, filter, sizeof(*filter), sizeof(struct netport_entry),
				       each, arg);
}

/*
 * Addresses of sockets
 */

/**
 * netport_binding_from_sockaddr() - the local part of a binding, from where a socket binds
 * @b: @families, @addr, @port and @ifindex are written; the rest is left
 * @sa: of AF_INET or AF_INET6, else EAFNOSUPPORT
 * @len: its length; EINVAL if it's too short
 *
 * The scope of an address that isn't link-local counts no more than it does for bind().  The
 * :: of a socket that isn't IPV6_V6ONLY is both families: say so in @b->families.
 *
 * Return: 0 or -1.
 */
int netport_binding_from_sockaddr(struct netport_binding *b, const struct sockaddr *sa,
				  socklen_t len);

/**
 * netport_binding_to_sockaddr() - where a socket binds for a binding
 * @b: the binding; both families are :: of AF_INET6
 * @sa: the result, all of it
 *
 * Return: the length of the address; or -1 with EINVAL when @b has no family.
 */
int netport_binding_to_sockaddr(const struct netport_binding *b, struct sockaddr_storage *sa);

/**
 * netport_remote_from_sockaddr() - the remote of a binding
 * @b: @remote and @remote_port are written.  @families, if they were both or none, become that
 *	of the remote, and @ifindex, if it was 0, its scope
 * @sa: as for netport_binding_from_sockaddr(); EINVAL if it isn't of @families, has another
 *	scope than @ifindex, or is the any-address
 * @len: its length
 *
 * Return: 0 or -1.
 */
int netport_remote_from_sockaddr(struct netport_binding *b, const struct sockaddr *sa,
				 socklen_t len);

/*
 * Texts
 */

/** NETPORT_TEXT_LEN - bytes that are enough for each of the texts below. */
#define NETPORT_TEXT_LEN	96

/**
 * netport_binding_from_text() - the local part of a binding, as people write it
 * @b: @families, @addr, @port and @ifindex are written; the rest is left.  @protocol says whose
 *	services are meant
 * @text: 10.0.0.1:80, [fe80::1%eth0]:80, [::]:80, 0.0.0.0:80, or *:80, which is both
 *	families.  Without a port (10.0.0.1, fe80::1%eth0, *) it is 0; it may be a name of
 *	/etc/services.  A device, by name or number, goes with each address
 *
 * Return: 0; or -1 with EINVAL (no address), ENODEV (no such device) or ERANGE (no port: above
 * 65535, or no service of that name), and then nothing is written.
 */
int netport_binding_from_text(struct netport_binding *b, const char *text);

/**
 * netport_binding_to_text() - the local part of a binding, as netport_binding_from_text() reads it
 * @buf: where to; ended by a zero, if @size isn't 0
 * @size: bytes of @buf
 * @b: the binding.  Port 0 is left out; a device without a name is written as its number
 *
 * Return: the length of the text, as snprintf().
 */
int netport_binding_to_text(char *buf, size_t size, const struct netport_binding *b);

/**
 * netport_remote_from_text() - the remote of a binding, as people write it
 * @b: as for netport_remote_from_sockaddr()
 * @text: as for netport_binding_from_text(); or * for every remote
 *
 * Return: 0; or -1 with the errno of netport_binding_from_text(), or EINVAL as
 * netport_remote_from_sockaddr(), and then nothing is written.
 */
int netport_remote_from_text(struct netport_binding *b, const char *text);

/**
 * netport_remote_to_text() - the remote of a binding, as netport_remote_from_text() reads it
 * @buf: where to; ended by a zero, if @size isn't 0
 * @size: bytes of @buf
 * @b: the binding; its device is not written
 *
 * Return: the length of the text, as snprintf().
 */
int netport_remote_to_text(char *buf, size_t size, const struct netport_binding *b);

/**
 * netport_protocol_from_text() - a protocol by name or number
 * @text: tcp, udp, sctp, homa, mptcp, or a number up to 65535
 *
 * Return: the protocol; or -1 with EINVAL.
 */
int netport_protocol_from_text(const char *text);

/**
 * netport_protocol_to_text() - the name of a protocol, or its number
 * @buf: where to; ended by a zero, if @size isn't 0
 * @size: bytes of @buf
 * @protocol: the protocol
 *
 * Return: the length of the text, as snprintf().
 */
int netport_protocol_to_text(char *buf, size_t size, unsigned int protocol);

/**
 * netport_share_from_text() - share flags by name
 * @text: lb or load-balanced, mr or most-recent, to or tuple-only; several with commas
 *
 * Return: the flags; or -1 with EINVAL.
 */
int netport_share_from_text(const char *text);

/**
 * netport_share_to_text() - the short names of share flags, with commas
 * @buf: where to; ended by a zero, if @size isn't 0
 * @size: bytes of @buf
 * @share: NETPORT_SHARE_* mask; what has no name is left out
 *
 * Return: the length of the text, as snprintf(): 0 without flags.
 */
int netport_share_to_text(char *buf, size_t size, unsigned int share);

/**
 * netport_range_from_text() - a range of ports
 * @low: result: first port, 0 if it is left open
 * @high: result: last port, 0 if it is left open
 * @text: LOW-HIGH, LOW- or -HIGH, from 1 to 65535
 *
 * Return: 0; or -1 with EINVAL, also when the range ends before it begins (and nothing is
 * written).
 */
int netport_range_from_text(__u16 *low, __u16 *high, const char *text);

#if defined(__GNUC__) && defined(__cplusplus)
#pragma GCC diagnostic pop
#endif

#ifdef __cplusplus
}
#endif

#endif /* _LIBNETPORT_H */
