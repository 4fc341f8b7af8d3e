SPDX-License-Identifier: GPL-2.0

What has an owner is only that one's to release.

  $ hold a netport reserve tcp 10.0.0.1:80
  tcp 10.0.0.1:80 token N
  $ token=$(netport ls -j -p 80 | json 0 token)
  $ says netport release $token
  netport release: token N is of pid N (netport), and only its owner can release it; end that, or see netport wait
  [1]
  $ says netport release tcp 10.0.0.1:80
  netport release: tcp 10.0.0.1:80 is of pid N (netport), and only its owner can release it; end that, or see netport wait
  [1]
  $ netport release tcp 10.0.0.2:80
  netport release: nobody has tcp 10.0.0.2:80; 'netport ls' shows what there is
  [1]
  $ netport release 99999999
  netport release: nobody has token 99999999; 'netport ls' shows what there is
  [1]

What nobody has.

  $ netport reserve tcp 10.0.0.1:81 -P >/dev/null; netport reserve tcp,udp 10.0.0.1:82 -P >/dev/null
  $ netport reserve tcp 10.0.0.1:83 --hold 60 -- true
  $ netport ls -n -p 81-83 | column 1-3 | same
  held:N tcp 10.0.0.1:83
  orphan,persistent tcp 10.0.0.1:81
  orphan,persistent tcp 10.0.0.1:82
  orphan,persistent udp 10.0.0.1:82
  $ as_nobody netport release tcp 10.0.0.1:81
  netport release: releasing tcp 10.0.0.1:81 needs CAP_NET_ADMIN; become root
  [1]
  $ as_nobody netport release tcp 10.0.0.1:83
  netport release: releasing tcp 10.0.0.1:83 needs CAP_NET_ADMIN; become root
  [1]
  $ netport release tcp 10.0.0.1:83
  $ netport release $(netport ls -j -p 81 | json 0 token) $(netport ls -j -p 82 | json 0 token)
  $ netport ls -n -p 81-83 | column 1-3
  $ netport release tcp 10.0.0.1:81
  netport release: nobody has tcp 10.0.0.1:81; 'netport ls' shows what there is
  [1]
