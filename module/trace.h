/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Tracepoints: what becomes of reservations.  Included by trace.c alone, which all others call
 * through netport_priv.h.
 *
 * What is there, gone or held is an event for each port on each binding; what is picked, refused or
 * waited for is one for the request.  Addresses are IPv6, or IPv4-mapped; "any" is ::ffff:0.0.0.0
 * for IPv4 and :: for the others, which families tells apart.
 */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM netport

#if !defined(_NETPORT_TRACE_H) || defined(TRACE_HEADER_MULTI_READ)
#define _NETPORT_TRACE_H

#include <linux/tracepoint.h>

#include "netport_priv.h"

/* Numbers for programs that read the formats, as perf does. */
TRACE_DEFINE_ENUM(NP_MADE_NEW);
TRACE_DEFINE_ENUM(NP_MADE_EXTEND);
TRACE_DEFINE_ENUM(NP_MADE_REBIND);
TRACE_DEFINE_ENUM(NP_MADE_ACCEPT);
TRACE_DEFINE_ENUM(NP_MADE_TRANSFER);
TRACE_DEFINE_ENUM(NP_MADE_ORPHAN);
TRACE_DEFINE_ENUM(NP_MADE_ADOPT);
TRACE_DEFINE_ENUM(NP_GONE_CALL);
TRACE_DEFINE_ENUM(NP_GONE_CLOSE);
TRACE_DEFINE_ENUM(NP_GONE_PART);
TRACE_DEFINE_ENUM(NP_GONE_REBIND);
TRACE_DEFINE_ENUM(NP_GONE_DECLINE);
TRACE_DEFINE_ENUM(NP_GONE_ADMIN);
TRACE_DEFINE_ENUM(NP_GONE_HOLD);
TRACE_DEFINE_ENUM(NP_GONE_NETNS);
TRACE_DEFINE_ENUM(NP_WAIT_BEGIN);
TRACE_DEFINE_ENUM(NP_WAIT_GRANTED);
TRACE_DEFINE_ENUM(NP_WAIT_TIMEOUT);
TRACE_DEFINE_ENUM(NP_WAIT_KILLED);
TRACE_DEFINE_ENUM(NP_WAIT_UNWISH);
TRACE_DEFINE_ENUM(NP_WAIT_NETNS);
TRACE_DEFINE_ENUM(NP_WAIT_FAILED);

#define np_show_families(_families)					\
	__print_symbolic(_families,					\
			 { NETPORT_FAMILY_IPV4,	"4" },			\
			 { NETPORT_FAMILY_IPV6,	"6" },			\
			 { NP_FAMILY_ALL,	"46" })

#define np_show_share(_share)						\
	__print_flags(_share, "|",					\
		      { NETPORT_SHARE_LOAD_BALANCED,	"lb" },		\
		      { NETPORT_SHARE_MOST_RECENT,	"mr" },		\
		      { NETPORT_SHARE_TUPLE_ONLY,	"to" })

#define np_show_state(_state)						\
	__print_flags(_state, "|",					\
		      { NETPORT_STATE_CANDIDATE,	"candidate" },	\
		      { NETPORT_STATE_HELD,		"held" },	\
		      { NETPORT_STATE_ORPHAN,		"orphan" },	\
		      { NETPORT_STATE_LISTENING,	"listening" },	\
		      { NETPORT_STATE_CONNECTED,	"connected" })

#define np_show_made(_how)						\
	__print_symbolic(_how,						\
			 { NP_MADE_NEW,		"new" },		\
			 { NP_MADE_EXTEND,	"extend" },		\
			 { NP_MADE_REBIND,	"rebind" },		\
			 { NP_MADE_ACCEPT,	"accept" },		\
			 { NP_MADE_TRANSFER,	"transfer" },		\
			 { NP_MADE_ORPHAN,	"orphan" },		\
			 { NP_MADE_ADOPT,	"adopt" })

#define np_show_gone(_why)						\
	__print_symbolic(_why,						\
			 { NP_GONE_CALL,	"call" },		\
			 { NP_GONE_CLOSE,	"close" },		\
			 { NP_GONE_PART,	"part" },		\
			 { NP_GONE_REBIND,	"rebind" },		\
			 { NP_GONE_DECLINE,	"decline" },		\
			 { NP_GONE_ADMIN,	"admin" },		\
			 { NP_GONE_HOLD,	"hold" },		\
			 { NP_GONE_NETNS,	"netns" })

#define np_show_waited(_outcome)					\
	__print_symbolic(_outcome,					\
			 { NP_WAIT_BEGIN,	"begin" },		\
			 { NP_WAIT_GRANTED,	"granted" },		\
			 { NP_WAIT_TIMEOUT,	"timeout" },		\
			 { NP_WAIT_KILLED,	"killed" },		\
			 { NP_WAIT_UNWISH,	"unwish" },		\
			 { NP_WAIT_NETNS,	"netns" },		\
			 { NP_WAIT_FAILED,	"failed" })

/* What all events have: a port on a binding, and whose it is. */

#define NP_EVENT_FIELDS							\
		__field(u32,	netns)					\
		__field(u32,	uid)					\
		__field(u64,	owner)					\
		__field(u64,	token)					\
		__field(u16,	protocol)				\
		__field(u16,	port)					\
		__field(u16,	remote_port)				\
		__field(u8,	families)				\
		__field(u8,	share)					\
		__field(u32,	ifindex)				\
		__array(u8,	addr,	16)				\
		__array(u8,	remote,	16)

#define NP_EVENT_ASSIGN(_of)						\
		__entry->netns = (_of)->netns;				\
		__entry->uid = (_of)->uid;				\
		__entry->owner = (_of)->owner;				\
		__entry->token = (_of)->token;				\
		__entry->protocol = (_of)->protocol;			\
		__entry->port = (_of)->port;				\
		__entry->remote_port = (_of)->remote_port;		\
		__entry->families = (_of)->families;			\
		__entry->share = (_of)->share;				\
		__entry->ifindex = (_of)->ifindex;			\
		memcpy(__entry->addr, &(_of)->addr, 16);		\
		memcpy(__entry->remote, &(_of)->remote, 16)

#define NP_EVENT_FORMAT							\
	"netns=%u owner=%llu uid=%u token=%llu protocol=%u families=%s addr=%pI6c port=%u remote=%pI6c remote_port=%u ifindex=%u share=%s"

#define NP_EVENT_ARGS							\
		  __entry->netns, __entry->owner, __entry->uid,		\
		  __entry->token, __entry->protocol,			\
		  np_show_families(__entry->families),			\
		  __entry->addr, __entry->port,				\
		  __entry->remote, __entry->remote_port,		\
		  __entry->ifindex, np_show_share(__entry->share)

TRACE_EVENT(netport_reserve,
	TP_PROTO(const struct np_traced *of, u8 how),
	TP_ARGS(of, how),
	TP_STRUCT__entry(
		NP_EVENT_FIELDS
		__field(u32,	state)
		__field(u8,	how)
	),
	TP_fast_assign(
		NP_EVENT_ASSIGN(of);
		__entry->state = of->state;
		__entry->how = how;
	),
	TP_printk(NP_EVENT_FORMAT " state=%s how=%s", NP_EVENT_ARGS,
		  np_show_state(__entry->state), np_show_made(__entry->how))
);

TRACE_EVENT(netport_release,
	TP_PROTO(const struct np_traced *of, u8 why),
	TP_ARGS(of, why),
	TP_STRUCT__entry(
		NP_EVENT_FIELDS
		__field(u32,	state)
		__field(u8,	why)
	),
	TP_fast_assign(
		NP_EVENT_ASSIGN(of);
		__entry->state = of->state;
		__entry->why = why;
	),
	TP_printk(NP_EVENT_FORMAT " state=%s why=%s", NP_EVENT_ARGS,
		  np_show_state(__entry->state), np_show_gone(__entry->why))
);

/* A hold begins, for so many milliseconds, or ends: for 0. */
TRACE_EVENT(netport_hold,
	TP_PROTO(const struct np_traced *of, u32 ms),
	TP_ARGS(of, ms),
	TP_STRUCT__entry(
		NP_EVENT_FIELDS
		__field(u32,	ms)
	),
	TP_fast_assign(
		NP_EVENT_ASSIGN(of);
		__entry->ms = ms;
	),
	TP_printk(NP_EVENT_FORMAT " ms=%u", NP_EVENT_ARGS, __entry->ms)
);

/* A port was picked, and is reserved: how many were looked at under their lock, with it. */
TRACE_EVENT(netport_pick,
	TP_PROTO(const struct np_traced *of, u32 probes),
	TP_ARGS(of, probes),
	TP_STRUCT__entry(
		NP_EVENT_FIELDS
		__field(u32,	probes)
	),
	TP_fast_assign(
		NP_EVENT_ASSIGN(of);
		__entry->probes = probes;
	),
	TP_printk(NP_EVENT_FORMAT " probes=%u", NP_EVENT_ARGS, __entry->probes)
);

/* A wait or a wish has to wait, or ends; wish is its name. */
TRACE_EVENT(netport_wait,
	TP_PROTO(const struct np_traced *of, u64 wish, u8 outcome),
	TP_ARGS(of, wish, outcome),
	TP_STRUCT__entry(
		NP_EVENT_FIELDS
		__field(u64,	wish)
		__field(u8,	outcome)
	),
	TP_fast_assign(
		NP_EVENT_ASSIGN(of);
		__entry->wish = wish;
		__entry->outcome = outcome;
	),
	TP_printk(NP_EVENT_FORMAT " wish=%llu outcome=%s", NP_EVENT_ARGS, __entry->wish,
		  np_show_waited(__entry->outcome))
);

/*
 * A request can't be had.  Who is in the way is asked after that: 0 if nobody is any more, or it
 * is the host, or the port was to be picked.
 */
TRACE_EVENT(netport_refuse,
	TP_PROTO(const struct np_traced *of, int error, const struct np_traced *by),
	TP_ARGS(of, error, by),
	TP_STRUCT__entry(
		NP_EVENT_FIELDS
		__field(s32,	error)
		__field(u32,	by_uid)
		__field(u64,	by_owner)
		__field(u64,	by_token)
	),
	TP_fast_assign(
		NP_EVENT_ASSIGN(of);
		__entry->error = error;
		__entry->by_uid = by->uid;
		__entry->by_owner = by->owner;
		__entry->by_token = by->token;
	),
	TP_printk(NP_EVENT_FORMAT " error=%d by_token=%llu by_owner=%llu by_uid=%u",
		  NP_EVENT_ARGS, __entry->error, __entry->by_token, __entry->by_owner,
		  __entry->by_uid)
);

#endif /* _NETPORT_TRACE_H */

#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH .
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE trace
#include <trace/define_trace.h>
