// SPDX-License-Identifier: GPL-2.0
/* C++ on libnetport, in a header alone: what goes out of scope is given back. */
#pragma once

#include <cerrno>
#include <string>
#include <system_error>

#include <netport.h>
#include <unistd.h>

namespace netport {

inline int check(int ret, const std::string &what)
{
	if (ret < 0)
		throw std::system_error(errno, std::generic_category(), what);
	return ret;
}

/* "tcp", "10.0.0.1:80" */
inline netport_binding binding(const std::string &protocol, const std::string &place)
{
	netport_binding b = {};

	b.protocol = check(netport_protocol_from_text(protocol.c_str()), protocol);
	check(netport_binding_from_text(&b, place.c_str()), place);
	return b;
}

class owner {
public:
	owner() : fd_(check(netport_open(), NETPORT_DEVICE)) { }
	~owner() { close(fd_); }
	owner(const owner &) = delete;
	owner &operator=(const owner &) = delete;
	int fd() const { return fd_; }

private:
	int fd_;
};

/* Doesn't outlive its owner. */
class reservation {
public:
	reservation(const owner &o, const netport_binding &b) : fd_(o.fd()), r_()
	{
		r_.binding = b;
		check(netport_reserve(fd_, &r_), "reserve");
	}
	reservation(int fd, const struct netport_reserve &r) : fd_(fd), r_(r) { }
	reservation(reservation &&other) : fd_(other.fd_), r_(other.r_) { other.r_.token = 0; }
	reservation &operator=(reservation &&other)
	{
		std::swap(fd_, other.fd_);
		std::swap(r_, other.r_);
		return *this;
	}
	~reservation()
	{
		if (r_.token)
			netport_release(fd_, r_.token);
	}
	unsigned int port() const { return r_.binding.port; }

private:
	int fd_;
	struct netport_reserve r_;
};

/* A port for which @test says true. */
template <typename Test>
reservation pick(const owner &o, const netport_binding &b, Test test)
{
	struct netport_request r = {};

	r.reserve.binding = b;
	check(netport_pick(o.fd(), &r, [](unsigned int port, void *arg) {
		return (*static_cast<Test *>(arg))(port) ? 0 : 1;
	}, &test), "pick");
	return reservation(o.fd(), r.reserve);
}

}
