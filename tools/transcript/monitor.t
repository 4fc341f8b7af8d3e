SPDX-License-Identifier: GPL-2.0

What happens in this namespace, and in no other.

  $ netport monitor >events 2>&1 & m=$!; tracing=/sys/kernel/debug/tracing/instances
  $ until_true grep -q 1 $tracing/netport-monitor-$m/events/netport/enable; sleep 0.2
  $ netport reserve tcp 10.0.0.1:80 -- netport try tcp '*:80' >/dev/null
  [1]
  $ netport reserve tcp 10.0.0.1:80 -r 10.0.0.2:4000 -- netport reserve tcp '*:80' 2>/dev/null
  [1]
  $ unshare -n netport reserve tcp 10.0.0.1:81 -- true
  $ netport pick udp '*' -- true
  $ netport reserve tcp '[fe80::1%lo]:82' --hold 0.1 -- true; sleep 0.3
  $ until_true grep -q 82.*why events; drop $m
  $ grep -vcE '^[0-9:]{8}\.[0-9]{6} (reserve|release|refuse|pick|hold) ' events
  0
  [1]
  $ cut -d' ' -f2 events | sort -u | xargs
  hold pick refuse release reserve
  $ grep -c '10.0.0.1:81' events
  0
  [1]
  $ grep refuse events | cut -d' ' -f2- | sed -E 's/(owner|token) [0-9]+/\1 N/g; s/[0-9]+\/.*/WHO/'
  refuse   tcp *:80 owner N uid 0 error EADDRINUSE by_token N by_owner N by_uid 0, WHO
  $ grep -c '\[fe80::1%lo\]:82 .* ms 100,' events; grep -c '\[fe80::1%lo\]:82 .* why hold,' events
  1
  1
  $ ls $tracing | grep -c netport
  0
  [1]

JSON, each event a line.

  $ netport monitor -j >events & m=$!
  $ until_true grep -q 1 $tracing/netport-monitor-$m/events/netport/enable; sleep 0.2
  $ netport reserve tcp 10.0.0.1:80 -r 10.0.0.2:4000 -- true
  $ until_true grep -q release events; drop $m
  $ json -l event <events
  reserve
  release
  $ for key in protocol proto family local port remote remote_port uid how; do
  >   echo "$key $(head -n 1 events | json $key)"
  > done
  protocol 6
  proto tcp
  family 4
  local 10.0.0.1
  port 80
  remote 10.0.0.2
  remote_port 4000
  uid 0
  how new

What was left by one that was killed goes with the next.

  $ drive -p -a 1000 -s KILL netport monitor
  [137]
  $ ls $tracing | grep -c netport
  1
  $ drive -p -a 1000 -s TERM netport monitor; ls $tracing | grep -c netport
  0
  [1]

Not for everybody.

  $ as_nobody netport monitor
  netport monitor: monitor needs root, for it reads the kernel's tracepoints
  [1]
