SPDX-License-Identifier: GPL-2.0

Nothing: heads, and an empty array.

  $ netport ls
  State  Proto  Local  Remote  Dev  Share  Token  Owner  User  Process  Label
  $ netport ls -j | json
  0
  $ netport ls -j
  [
  ]

Columns that are aligned.

  $ hold a netport reserve tcp 10.0.0.1:80 -l web
  tcp 10.0.0.1:80 token N
  $ hold b netport reserve udp '[fe80::1%lo]:53' -s lb -r fe80::2
  udp [fe80::1%lo]:53 token N
  $ hold c netport reserve 253 '*:8080'
  253 *:8080 token N
  $ netport ls | column 1-6,9-11 | sed 's/ [0-9]*\// PID\//'
  reserved 253 *:8080 * * - root PID/netport -
  reserved tcp 10.0.0.1:http * * - root PID/netport web
  reserved udp [fe80::1]:domain [fe80::2]:* lo lb root PID/netport -
  $ netport ls -n | column 1-6,9
  reserved 253 *:8080 * * - 0
  reserved tcp 10.0.0.1:80 * * - 0
  reserved udp [fe80::1]:53 [fe80::2]:* 1 lb 0
  $ netport ls | awk 'NR == 1 { local = index($0, "Local"); token = index($0, "Token") }
  >   NR > 1 { print substr($0, local - 1, 1) == " ", substr($0, token, 1) ~ /[0-9]/ }' | uniq
  1 1

Filters.

  $ netport ls tcp -n | column 3
  10.0.0.1:80
  $ netport ls -p http -n | column 3
  10.0.0.1:80
  $ netport ls udp -p domain -n | column 3
  [fe80::1]:53
  $ netport ls -p 53-80 -n | column 3
  10.0.0.1:80
  [fe80::1]:53
  $ netport ls -p 81- -n | column 3
  *:8080
  $ netport ls -a 10.0.0.1 -n | column 3
  10.0.0.1:80
  $ netport ls -a '*' -n | column 3
  *:8080
  $ netport ls -a fe80::1 -n | column 3
  [fe80::1]:53
  $ netport ls -a :: -n | column 3
  $ netport ls -l 'w*' -n | column 3
  10.0.0.1:80
  $ netport ls -l 'x*' -n | sed 1d
  $ netport ls -o $(netport ls -j -p 8080 | json 0 owner) -n | column 3
  *:8080
  $ netport ls udp -p 80
  State  Proto  Local  Remote  Dev  Share  Token  Owner  User  Process  Label
  $ netport ls nosuch
  netport ls: 'nosuch' is no protocol: tcp, udp, sctp, mptcp, homa or a number up to 65535
  [2]

JSON, by another's parser: numbers are numbers, names are beside them.

  $ netport ls -j | json
  3
  $ netport ls -j -p 80 | json 0
  state
  protocol
  proto
  family
  local
  port
  remote
  remote_port
  ifindex
  service
  share
  options
  token
  parts
  owner
  uid
  user
  pid
  comm
  label
  $ for key in state protocol proto family local port service remote remote_port ifindex share options parts uid user comm label; do
  >   echo "$key $(netport ls -j -p 80 | json 0 $key)"
  > done
  state reserved
  protocol 6
  proto tcp
  family 4
  local 10.0.0.1
  port 80
  service http
  remote *
  remote_port 0
  ifindex 0
  share 0
  options 0
  parts 1
  uid 0
  user root
  comm netport
  label web
  $ [ "$(netport ls -j -p 80 | json 0 pid)" = $a ]
  $ for key in protocol family local dev ifindex remote share; do
  >   echo "$key $(netport ls -j udp | json 0 $key)"
  > done
  protocol 17
  family 6
  local fe80::1
  dev lo
  ifindex 1
  remote fe80::2
  share 1
  $ netport ls -j -p 8080 | json 0 proto
  (nothing)
  $ netport ls -j -n -p 80 | json 0 service
  (nothing)

Who isn't root, nor of that uid, isn't told everything.

  $ as_nobody netport ls -p 80 | column 1-3,9-11
  reserved tcp 10.0.0.1:http root - -
  $ as_nobody netport ls -j -p 80 | json 0 | grep -E 'pid|comm|label'
  [1]

What others write can't do anything to a terminal, and is JSON all the same.

  $ hold d netport reserve tcp 10.0.0.9:99 -l "$(printf 'a\033[31m"\\\377')"
  tcp 10.0.0.9:99 token N
  $ netport ls -p 99 | grep -o 'a[^ ]*$'
  abel
  a\x1b[31m"\\xff
  $ netport ls -j -p 99 | json 0 label | od -c | head -n 2
  0000000   a 033   [   3   1   m   "   \ 357 277 275  \n
  0000014

A listing that can't be written says so.

  $ netport ls >/dev/full
  netport ls: can't write the output: No space left on device
  [3]

Many, in little memory.

  $ (netport save | head -n 1
  > for i in $(seq 20); do
  >   echo "{\"token\":$i,\"owner\":1,\"port\":2000,\"count\":1024,\"bindings\":[{\"protocol\":6,\"family\":\"4\",\"local\":\"10.0.1.$i\"}]}"
  > done) >many
  $ netport restore many -- sh -c 'ulimit -v 3000; netport ls -n -a 10.0.1.7 | wc -l; netport ls -n tcp | wc -l; netport ls -nj tcp | wc -l; netport save | grep -c "count.:1024"'
  1025
  20483
  20484
  20
