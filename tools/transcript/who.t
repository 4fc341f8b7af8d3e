SPDX-License-Identifier: GPL-2.0

  $ hold a netport reserve tcp 10.0.0.1:80
  tcp 10.0.0.1:80 token N
  $ hold b netport reserve udp '*:80'
  udp *:80 token N
  $ netport who 80 -n | column 1-3
  reserved tcp 10.0.0.1:80
  reserved udp *:80
  $ netport who http -j | json
  2
  $ netport who tcp 80 -j | json 0 local
  10.0.0.1
  $ netport who tcp 10.0.0.1:80 -j | json
  1
  $ netport who tcp '*:80' -j | json
  1
  $ netport who tcp 10.0.0.2:80
  [1]
  $ netport who udp 10.0.0.2:80 -j | json
  1
  $ netport who 81
  [1]
  $ netport who 81 -j
  [
  ]
  [1]
  $ netport who foo
  netport who: 'foo' is no port: a number from 1 to 65535, or a tcp service of /etc/services
  [2]
  $ netport who 70000
  netport who: '70000' is no port: a number from 1 to 65535, or a tcp service of /etc/services
  [2]
  $ netport who
  netport who: takes [PROTO] [ADDR:]PORT [OPTION]..., see netport who --help
  [2]

The host's own stack.

  $ nc -l -p 7777 127.0.0.1 & until_true grep -q :1E61 /proc/net/tcp
  $ netport who 7777 -n | tr -s ' '
  State Proto Local Remote Dev Share Token Owner User Process Label
  host tcp *:7777 * * - - - - - -
  $ netport who tcp 7777 -j | json 0
  state
  protocol
  proto
  family
  local
  port
  remote
  remote_port
  ifindex
  $ netport who udp 7777
  [1]

And try says so, too.

  $ says netport try tcp '*:80'
  tcp *:80 conflicts with tcp 10.0.0.1:80, token N, of pid N (netport); end it, take another port, or see netport wait
  [1]
  $ netport try tcp 10.0.0.2:80
  tcp 10.0.0.2:80 is available

Of what isn't one's own, the uid is told.

  $ hold c netport reserve tcp '*:8080'
  tcp *:8080 token N
  $ says as_nobody netport try tcp '*:8080'
  tcp *:8080 conflicts with tcp *:8080, token N, of uid 0; end it, take another port, or see netport wait
  [1]
  $ as_nobody netport try tcp 10.0.0.1:80
  netport try: tcp 10.0.0.1:80 is below net.ipv4.ip_unprivileged_port_start, which needs CAP_NET_BIND_SERVICE; take a higher port
  [1]
