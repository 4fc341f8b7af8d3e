SPDX-License-Identifier: GPL-2.0

One port, until it's told to go.

  $ hold web netport reserve tcp 10.0.0.1:80 --label 'the web'
  tcp 10.0.0.1:80 token N
  $ says netport try tcp 10.0.0.1:80
  tcp 10.0.0.1:80 conflicts with tcp 10.0.0.1:80, token N, of pid N (netport); end it, take another port, or see netport wait
  [1]
  $ says netport reserve tcp '*:80'
  netport reserve: tcp *:80 conflicts with tcp 10.0.0.1:80, token N, of pid N (netport); end it, take another port, or see netport wait
  [1]
  $ drop $web; netport try tcp 10.0.0.1:80
  tcp 10.0.0.1:80 is available

For as long as a command runs, whose status it has.

  $ netport reserve tcp '*:8080' -- sh -c 'echo $NETPORT_PORT $NETPORT_COUNT; netport try tcp "*:8080" >/dev/null; exit $(($? + 40))'
  8080 1
  [41]
  $ netport reserve tcp '*:8080' -- sh -c 'kill -KILL $$'
  [137]
  $ netport reserve tcp '*:8080' -- nosuchcommand
  netport reserve: can't run nosuchcommand: No such file or directory
  [127]
  $ netport reserve tcp '*:8080' -- /etc/passwd
  netport reserve: can't run /etc/passwd: Permission denied
  [126]
  $ netport try tcp '*:8080'
  tcp *:8080 is available

What that leaves running with the file open keeps it.

  $ netport reserve tcp '*:8080' -- sh -c 'sleep 1000 >/dev/null 2>&1 & echo $! >pid'
  $ says netport try tcp '*:8080'
  tcp *:8080 conflicts with tcp *:8080, token N, of pid N (netport); end it, take another port, or see netport wait
  [1]
  $ kill $(cat pid); until_true netport try tcp '*:8080'

The end of a pipe, and what is no pipe.

  $ true | netport reserve tcp '*:8080' | same
  tcp *:8080 token N

Several protocols and addresses: one port, one token.

  $ hold dns netport reserve tcp,udp 10.0.0.1:53 '[::1]:domain'
  tcp 10.0.0.1:53, tcp [::1]:53, udp 10.0.0.1:53, udp [::1]:53 token N
  $ netport ls -n -p 53 | column 1-3
  reserved tcp 10.0.0.1:53
  reserved tcp [::1]:53
  reserved udp 10.0.0.1:53
  reserved udp [::1]:53
  $ netport ls -j -p 53 | json 0 parts
  4
  $ netport reserve udp '*:53' 2>&1 | same
  netport reserve: udp *:53 conflicts with udp 10.0.0.1:53, token N, of pid N (netport); end it, take another port, or see netport wait
  $ drop $dns

Device, remote, share flags, tuple.

  $ hold a netport reserve udp '*:5353' --share lb
  udp *:5353 token N
  $ hold b netport reserve udp '*:5353' --share lb,mr --dev lo
  udp *%lo:5353 token N
  $ says netport try udp '*:5353'
  udp *:5353 conflicts with udp *:5353, token N, of pid N (netport); end it, take another port, or see netport wait
  [1]
  $ netport try udp '*:5353' -s lb
  udp *:5353 is available
  $ hold c netport reserve tcp 10.0.0.1:80 -r 10.0.0.2:4000
  tcp 10.0.0.1:80 token N
  $ hold d netport reserve tcp 10.0.0.1:81
  tcp 10.0.0.1:81 token N
  $ hold e netport reserve tcp 10.0.0.1:81 -r 10.0.0.2:4000 -t
  tcp 10.0.0.1:81 token N
  $ netport ls | column 1-6
  reserved tcp 10.0.0.1:81 * * -
  reserved tcp 10.0.0.1:http 10.0.0.2:4000 * -
  reserved udp *:mdns * * lb
  reserved udp *:mdns * lo lb,mr
  reserved,tuple tcp 10.0.0.1:81 10.0.0.2:4000 * -
  $ kill $a $b $c $d $e

It waits if it's told to, and says who was in the way.

  $ hold a netport reserve tcp '*:90'
  tcp *:90 token N
  $ netport reserve tcp '*:90' -w 0.2 2>&1 | same
  netport reserve: waited 0.2 s for tcp *:90, in vain: tcp *:90 conflicts with tcp *:90, token N, of pid N (netport); end it, take another port, or see netport wait
  $ (sleep 0.3; kill $a) & netport reserve tcp '*:90' -w 10 -- echo mine now
  mine now

A hold: nobody has it for a while.

  $ netport reserve tcp 10.0.0.1:91 --hold 30 -- true; says netport try tcp 10.0.0.1:91
  tcp 10.0.0.1:91 conflicts with tcp 10.0.0.1:91, token N, on hold for another N s; take another port, or see netport wait
  [1]
  $ netport ls -p 91 | column 1-3 | same
  held:N tcp 10.0.0.1:91
  $ netport ls -j -p 91 | json 0 hold_ms | grep -c '^[23][0-9]...$'
  1
  $ netport release tcp 10.0.0.1:91; netport try tcp 10.0.0.1:91
  tcp 10.0.0.1:91 is available

Persistent: it doesn't stay, its reservation does.

  $ says netport reserve tcp 10.0.0.1:92 --persistent
  tcp 10.0.0.1:92 token N
  $ says netport reserve tcp 10.0.0.1:92
  netport reserve: tcp 10.0.0.1:92 conflicts with tcp 10.0.0.1:92, token N, persistent, and of nobody any more; 'netport release' gives it back
  [1]
  $ netport release tcp 10.0.0.1:92; netport try tcp 10.0.0.1:92
  tcp 10.0.0.1:92 is available
  $ as_nobody netport reserve tcp 10.0.0.1:9200 --persistent
  netport reserve: what is persistent needs CAP_NET_ADMIN over the network namespace; leave out --persistent, or become root
  [1]
  $ as_nobody netport reserve tcp 10.0.0.1:92
  netport reserve: tcp 10.0.0.1:92 is below net.ipv4.ip_unprivileged_port_start, which needs CAP_NET_BIND_SERVICE; take a higher port
  [1]

The host's own stack.

  $ nc -l -p 7777 127.0.0.1 & until_true grep -q :1E61 /proc/net/tcp; host=$!
  $ netport reserve tcp 127.0.0.1:7777 -- echo netport alone does not mind
  netport alone does not mind
  $ says netport reserve tcp 127.0.0.1:7777 --host-check -- true
  netport reserve: tcp 127.0.0.1:7777 conflicts with a socket of the host's own stack, which 'ss -lntp' shows; end it, or take another port
  [1]
  $ says netport try tcp 127.0.0.1:7777 -c
  tcp 127.0.0.1:7777 conflicts with a socket of the host's own stack, which 'ss -lntp' shows; end it, or take another port
  [1]
  $ drop $host
  [143]
  $ netport reserve tcp 127.0.0.1:7777 --host-hold -- nc -l -p 7777 127.0.0.1
  nc: bind: Address already in use
  [1]
  $ netport reserve tcp 192.0.2.1:7777 --host-check -- true
  netport reserve: tcp 192.0.2.1:7777 is no address of this host; 'ip addr' lists them
  [1]
  $ netport reserve sctp 127.0.0.1:7777 --host-check -- true
  netport reserve: sctp 127.0.0.1:7777 isn't for the host's stack: --host-check and --host-hold are for tcp and udp, and families that it has
  [1]

Limits.

  $ echo 1 >/proc/sys/net/netport/max_per_owner
  $ netport reserve tcp,udp 10.0.0.1:95
  netport reserve: a limit is reached; 'netport stat' tells them, and 'netport ls' what counts for them
  [1]
