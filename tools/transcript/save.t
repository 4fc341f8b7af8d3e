SPDX-License-Identifier: GPL-2.0

What there is: single ports, a set, a block, what is persistent.

  $ hold a netport reserve tcp 10.0.0.1:80 -l web -s lb
  tcp 10.0.0.1:80 token N
  $ hold b netport reserve tcp,udp 10.0.0.1:53 '[fe80::1%lo]:53'
  tcp 10.0.0.1:53, tcp [fe80::1%lo]:53, udp 10.0.0.1:53, udp [fe80::1%lo]:53 token N
  $ hold c netport block udp 10.0.0.1:5000 4
  udp 10.0.0.1:5000-5003 token N
  $ hold d netport reserve tcp 10.0.0.1:443 -r 10.0.0.2:4000
  tcp 10.0.0.1:443 token N
  $ hold e netport reserve tcp 10.0.0.1:80 -s lb
  tcp 10.0.0.1:80 token N
  $ netport reserve sctp '*:7' -P >/dev/null
  $ netport ls -n | column 1-6,11 >before
  $ netport reserve tcp 10.0.0.1:99 --hold 60 -- true
  $ netport save >all; wc -l <all
  7
  $ netport save file; diff all file
  $ json -l <all | sort | uniq -c | tr -s ' '
   6 bindings
   6 count
   1 label
   1 netport
   6 owner
   6 port
   6 token
   6 uid
   1 version
  $ head -n 1 all | json version
  1
  $ grep '"port":5000' all | json count
  4
  $ grep '"port":53,' all | json bindings
  4
  $ grep '"port":80,' all | json -l bindings 0 share 0
  lb
  lb
  $ grep '"port":443' all | json bindings 0 remote
  10.0.0.2:4000

While it's held it can't be made again, and then nothing is.

  $ says netport restore all -- echo never
  netport restore: nothing is restored: * conflicts with *; --partial restores the rest (glob)
  [1]
  $ kill $a $b $c $d $e; wait; netport release sctp '*:7'; netport release tcp 10.0.0.1:99
  $ netport ls -n | column 1-3

Then it can: for as long as a command runs, or until it's told to go.

  $ netport restore all -- sh -c 'netport ls -n; netport save again' | column 1-6,11 >after
  $ sed 's/^orphan/reserved/' before | sort | diff - after
  $ netport ls -n | column 1-3
  orphan,persistent sctp *:7
  $ for f in all again; do sed 's/"token":[0-9]*,"owner":[0-9]*,//' $f | sort >$f.sorted; done; diff all.sorted again.sorted
  $ netport release sctp '*:7'
  $ hold r netport restore all
  restored 6 of 6 reservations, of 6 owners
  $ drop $r; netport release sctp '*:7'; netport ls -n | column 1-3
  $ cat all | timeout 1 netport restore | cat
  restored 6 of 6 reservations, of 6 owners
  $ netport release sctp '*:7'

A part of it.

  $ hold a netport reserve udp 10.0.0.1:5003
  udp 10.0.0.1:5003 token N
  $ says netport restore all --partial -- sh -c 'netport ls -j | json'
  netport restore: udp 10.0.0.1:5000-5003 conflicts with udp 10.0.0.1:5003, token N, of pid N (netport); end it, take another port, or see netport wait
  9
  $ netport release sctp '*:7'

What is persistent doesn't stay behind when the rest can't be had.

  $ netport restore all >/dev/null 2>&1
  [1]
  $ netport ls -n | column 1-3
  reserved udp 10.0.0.1:5003

Whoever may not make what is persistent.

  $ as_nobody netport restore all -- true
  netport restore: * (glob)
  [1]

Files that are no snapshots.

  $ echo '{}' | netport restore
  netport restore: standard input is no snapshot, as 'netport save' makes one
  [2]
  $ echo nonsense | netport restore
  netport restore: standard input is no snapshot, as 'netport save' makes one
  [2]
  $ : | netport restore
  netport restore: standard input is empty; 'netport save' makes a snapshot
  [2]
  $ (head -n 1 all; echo '{"token":1') | netport restore
  netport restore: standard input, line 2: no JSON
  [2]
  $ (head -n 1 all; echo '{"token":1,"port":70000}') | netport restore
  netport restore: standard input, line 2: no port
  [2]
  $ (head -n 1 all; echo '{"token":1,"port":7,"bindings":[]}') | netport restore
  netport restore: standard input, line 2: no bindings
  [2]
  $ (head -n 1 all; echo '{"port":7,"bindings":[{"protocol":6,"family":"4","local":"10.0.0.1","dev":"nodev"}]}') | netport restore
  netport restore: standard input, line 2: a device that isn't here
  [2]
  $ (head -n 1 all; echo '{"port":7,"bindings":[{"protocol":6,"family":"6","local":"10.0.0.1"}]}') | netport restore
  netport restore: standard input, line 2: an address of another family
  [2]
  $ head -n 1 all | netport restore
  restored 0 of 0 reservations, of 0 owners
