SPDX-License-Identifier: GPL-2.0

  $ hold a netport pick udp '*' | sed 's/:[0-9]*/:N/'
  udp *:N token N
  $ says netport pick tcp 10.0.0.1 -R 5000-5000 -- sh -c 'echo $NETPORT_PORT; netport pick tcp "*" -R 5000-5000'
  5000
  netport pick: no port of the range is free for tcp *; give another --range, or see who has them with 'netport ls'
  [1]
  $ netport pick tcp,udp 10.0.0.1 ::1 -R 5000-5010 -A 8:3 -- sh -c 'netport ls -n -o self' | column 1-3
  reserved tcp 10.0.0.1:5003
  reserved tcp [::1]:5003
  reserved udp 10.0.0.1:5003
  reserved udp [::1]:5003
  $ netport pick tcp 10.0.0.1 -R 5000-5003 -x 5000,5001,5003 -- sh -c 'echo $NETPORT_PORT'
  5002
  $ netport try tcp '*'
  tcp * is available
  $ says netport try tcp '*' --range 5000-5003 --exclude 5000,5001,5002,5003
  no port of the range is free for tcp *; give another --range, or see who has them with 'netport ls'
  [1]

In turn with others.

  $ hold b netport pick tcp '*' -R 6000-6000
  tcp *:6000 token N
  $ (sleep 0.3; kill $b) & netport pick tcp '*' -R 6000-6000 --wait 10 -- echo now
  now

Ports that need a capability.

  $ as_nobody netport pick tcp '*' -R 80-90
  netport pick: a port of the range is below net.ipv4.ip_unprivileged_port_start, which needs CAP_NET_BIND_SERVICE; take a higher port
  [1]

Blocks.

  $ netport block udp 10.0.0.1 4 --range 7000-7999 --align 4 -- sh -c 'echo $((NETPORT_PORT / 1000)) $((NETPORT_PORT % 4))'
  7 0
  $ hold d netport block udp 10.0.0.1:8000 2
  udp 10.0.0.1:8000-8001 token N
  $ netport ls -p 8000-8001 -j | json
  2
  $ says netport block udp '*:7999' 4
  netport block: udp *:7999-8002 conflicts with udp 10.0.0.1:8000, token N, of pid N (netport); end it, take another port, or see netport wait
  [1]
  $ netport block udp 10.0.0.2:9000 16 -- sh -c 'echo $NETPORT_PORT $NETPORT_COUNT'
  9000 16
  $ says netport block tcp '*' 11 -R 100-109
  netport block: no port of the range is free for tcp *; give another --range, or see who has them with 'netport ls'
  [1]
