SPDX-License-Identifier: GPL-2.0

Ports for a command, in its environment and its arguments.

  $ netport run -r WEB=tcp/10.0.0.1:80 -r DNS=tcp,udp/10.0.0.1:domain -- sh -c 'echo $WEB $DNS {WEB}:{DNS} {NO} {' x
  80 53 80:53 {NO} {
  $ netport run -p A -p udp:B -R 5000-5000 -a 10.0.0.1 -- sh -c 'netport ls -n -o self; echo $A $B >picked' | column 1-3,11
  reserved tcp 10.0.0.1:5000 A
  reserved udp 10.0.0.1:5000 B
  $ cat picked
  5000 5000
  $ netport run -p A -- sh -c 'netport ls -o self -j | json 0 port >port; [ "$(cat port)" = {A} ]'
  $ netport ls -j | json
  0

All or none.

  $ hold web netport reserve tcp 10.0.0.1:80
  tcp 10.0.0.1:80 token N
  $ says netport run -r A=tcp/10.0.0.1:79 -r B=tcp/10.0.0.1:80 -r C=tcp/10.0.0.1:81 -- echo never
  netport run: B: tcp 10.0.0.1:80 conflicts with tcp 10.0.0.1:80, token N, of pid N (netport); end it, take another port, or see netport wait
  [1]
  $ netport ls -j | json
  1
  $ drop $web

Its status is that of the command.

  $ netport run -p A -- false
  [1]
  $ netport run -p A -- sh -c 'exit 42'
  [42]
  $ netport run -p A -- sh -c 'kill -SEGV $$'
  [139]
  $ netport run -p A -- nosuchcommand
  netport run: can't run nosuchcommand: No such file or directory
  [127]
  $ netport run -p A -- /etc/passwd
  netport run: can't run /etc/passwd: Permission denied
  [126]

Signals that are sent to netport reach the command, which says what becomes of them.

  $ drive -p -w ready -s INT netport run -p A -- sh -c 'trap "echo interrupted; exit 3" INT; echo ready; while :; do sleep 0.05; done'
  ready
  interrupted
  [3]
  $ drive -p -w ready -s TERM netport run -p A -- sh -c 'trap "echo terminated; exit 4" TERM; echo ready; while :; do sleep 0.05; done'
  ready
  terminated
  [4]
  $ drive -p -w ready -s HUP netport run -p A -- sh -c 'trap "echo hung up; exit 5" HUP; echo ready; while :; do sleep 0.05; done'
  ready
  hung up
  [5]
  $ drive -p -w ready -s USR1 netport run -p A -- sh -c 'trap "echo one; exit 6" USR1; echo ready; while :; do sleep 0.05; done'
  ready
  one
  [6]
  $ drive -p -w ready -s INT netport run -p A -- sh -c 'echo ready; exec sleep 1000'
  ready
  [130]
  $ drive -p -w ready -s TERM netport run -p A -- sh -c 'echo ready; exec sleep 1000'
  ready
  [143]
  $ netport ls -j | json
  0

Ctrl-C reaches the command once.

  $ drive -w ready -t '^C' netport run -p A -- sh -c 'n=0; trap "n=\$((n + 1))" INT; echo ready; for i in 1 2 3 4 5 6; do sleep 0.1; done; echo $n; exit $n' | tail -n 1
  ^C1

When netport is killed its ports are free at once, and the command is told to go.

  $ drive -p -w ready -s KILL netport run -r A=tcp/10.0.0.1:80 -- sh -c 'trap "echo told to go >told; exit" TERM; echo $$ >pid; echo ready; while :; do sleep 0.05; done'
  ready
  [137]
  $ netport try tcp 10.0.0.1:80
  tcp 10.0.0.1:80 is available
  $ until_true test -s told; cat told
  told to go

What the command leaves running doesn't keep the ports.

  $ netport run -r A=tcp/10.0.0.1:80 -- sh -c 'sleep 1000 >/dev/null 2>&1 &'
  $ netport try tcp 10.0.0.1:80
  tcp 10.0.0.1:80 is available
