SPDX-License-Identifier: GPL-2.0

  $ netport range
  16000 65535
  $ netport range 20000 20099; netport range
  20000 20099
  $ netport range -j | json
  low
  high
  $ netport range -j | json low
  20000
  $ netport pick tcp '*' -- sh -c 'echo $(($NETPORT_PORT / 100))'
  200
  $ as_nobody netport range
  20000 20099
  $ as_nobody netport range 1 2
  netport range: setting the range needs CAP_NET_ADMIN over the network namespace; become root, or give --range to pick
  [1]
  $ netport range
  20000 20099

Counters and limits.

  $ netport stat | grep -vcE '^[A-Za-z_]+ +[0-9]+$'
  0
  [1]
  $ hold a netport block tcp 10.0.0.1:5000 8
  tcp 10.0.0.1:5000-5007 token N
  $ netport reserve tcp 10.0.0.1:5001 2>/dev/null
  [1]
  $ netport stat | grep -E '^(Held|RefusedInUse) '
  Held                     8
  RefusedInUse             1
  $ netport stat -j | json Held
  8
  $ netport stat | grep -E '^(range|max)'
  range_low                20000
  range_high               20099
  max_per_owner            65536
  max_per_uid              262144
  max_per_netns            1048576
  $ netport stat -j | json range_low
  20000
  $ netport stat -j | json | tail -n 5
  range_low
  range_high
  max_per_owner
  max_per_uid
  max_per_netns
  $ [ "$(netport stat | wc -l)" = "$(netport stat -j | json | wc -l)" ]
  $ netport stat extra
  netport stat: takes [OPTION]..., see netport stat --help
  [2]
