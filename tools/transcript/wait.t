SPDX-License-Identifier: GPL-2.0

At once, if nobody has it.

  $ netport wait tcp '*:80' -- echo mine
  mine
  $ hold a netport reserve tcp 10.0.0.1:80
  tcp 10.0.0.1:80 token N
  $ says netport wait tcp '*:80' --timeout 0.2
  netport wait: waited 0.2 s for tcp *:80, in vain: tcp *:80 conflicts with tcp 10.0.0.1:80, token N, of pid N (netport); end it, take another port, or see netport wait
  [1]
  $ says netport wait tcp '*:80' --timeout 0
  netport wait: waited 0.0 s for tcp *:80, in vain: tcp *:80 conflicts with tcp 10.0.0.1:80, token N, of pid N (netport); end it, take another port, or see netport wait
  [1]

Until it has gone.

  $ (sleep 0.3; kill $a) & netport wait tcp '*:80' -- echo mine now
  mine now
  $ hold a netport reserve tcp 10.0.0.1:80
  tcp 10.0.0.1:80 token N
  $ (sleep 0.3; kill $a) & hold b netport wait tcp '*:80'
  tcp *:80 token N
  $ netport try tcp 10.0.0.1:80 >/dev/null
  [1]
  $ drop $b

A signal ends it, and leaves nothing behind.

  $ hold a netport reserve tcp 10.0.0.1:80
  tcp 10.0.0.1:80 token N
  $ drive -p -a 300 -s TERM netport wait tcp '*:80'
  [143]
  $ drop $a; netport try tcp '*:80'
  tcp *:80 is available
