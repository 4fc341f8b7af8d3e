SPDX-License-Identifier: GPL-2.0

Without arguments, and with wrong ones: what there is, to standard error.

  $ netport >out; echo "$?"; cat out
  usage: netport COMMAND [ARGUMENT]...
  
    ls        list what is reserved in this network namespace
    reserve   hold a port
    pick      find a free port and hold it
    block     hold consecutive ports, from PORT on or where there are any
    wait      wait until a port can be had, in turn with others, and hold it
    try       say whether reserve, or without a port pick, would succeed now
    who       say who has a port, or is in the way of who wants it
    release   give back what nobody owns any more
    run       run a command with the ports that it needs, all or none
    range     show or set the range of this network namespace to pick from
    stat      show counters and limits of this network namespace
    save      write a snapshot of what is reserved in this network namespace
    restore   reserve again what a snapshot says, all or none
    monitor   show what happens in this network namespace, as it does
  
  'netport COMMAND --help' tells more.
  2
  $ netport frobnicate 2>&1 | head -n 3
  netport: there is no command 'frobnicate'
  
  usage: netport COMMAND [ARGUMENT]...
  $ netport help | head -n 1
  usage: netport COMMAND [ARGUMENT]...
  $ netport --help | wc -l
  18
  $ netport ls --help | head -n 5
  usage: netport ls [PROTO] [OPTION]...
  
  list what is reserved in this network namespace
  
    -p, --port PORT|LOW-HIGH     only these ports

Each subcommand has help, and it begins alike.

  $ for c in ls reserve pick block wait try who release run range stat save restore monitor; do
  >   netport $c --help | head -n 1
  > done
  usage: netport ls [PROTO] [OPTION]...
  usage: netport reserve PROTO ADDR:PORT... [OPTION]... [-- COMMAND...]
  usage: netport pick PROTO ADDR... [OPTION]... [-- COMMAND...]
  usage: netport block PROTO ADDR[:PORT] COUNT [OPTION]... [-- COMMAND...]
  usage: netport wait PROTO ADDR:PORT... [OPTION]... [-- COMMAND...]
  usage: netport try PROTO ADDR[:PORT]... [OPTION]...
  usage: netport who [PROTO] [ADDR:]PORT [OPTION]...
  usage: netport release TOKEN... | PROTO ADDR:PORT
  usage: netport run [OPTION]... -- COMMAND...
  usage: netport range [LOW HIGH] [OPTION]...
  usage: netport stat [OPTION]...
  usage: netport save [FILE]
  usage: netport restore [FILE] [OPTION]... [-- COMMAND...]
  usage: netport monitor [OPTION]...
  $ for c in ls reserve pick block wait try who release run range stat save restore monitor; do
  >   netport $c --frobnicate 2>&1 >/dev/null | sed 's/ here: .*/ here: .../'
  > done
  netport ls: '--frobnicate' is no option here: ...
  netport reserve: '--frobnicate' is no option here: ...
  netport pick: '--frobnicate' is no option here: ...
  netport block: '--frobnicate' is no option here: ...
  netport wait: '--frobnicate' is no option here: ...
  netport try: '--frobnicate' is no option here: ...
  netport who: '--frobnicate' is no option here: ...
  netport release: '--frobnicate' is no option here: ...
  netport run: '--frobnicate' is no option here: ...
  netport range: '--frobnicate' is no option here: ...
  netport stat: '--frobnicate' is no option here: ...
  netport save: '--frobnicate' is no option here: ...
  netport restore: '--frobnicate' is no option here: ...
  netport monitor: '--frobnicate' is no option here: ...

What isn't one of these.

  $ netport reserve tcp
  netport reserve: takes PROTO ADDR:PORT... [OPTION]... [-- COMMAND...], see netport reserve --help
  [2]
  $ netport reserve foo '*:80'
  netport reserve: 'foo' is no protocol: tcp, udp, sctp, mptcp, homa or a number up to 65535
  [2]
  $ netport reserve tcp '*:0'
  netport reserve: 0 is no port; 'netport pick' finds a free one
  [2]
  $ netport reserve tcp '*:65536'
  netport reserve: '65536' is no port: a number from 1 to 65535, or a tcp service of /etc/services
  [2]
  $ netport reserve tcp '*:nosuchservice'
  netport reserve: 'nosuchservice' is no port: a number from 1 to 65535, or a tcp service of /etc/services
  [2]
  $ netport reserve tcp '*'
  netport reserve: '*' has no port, as 10.0.0.1:80, [::1]:80 and *:80 have; see netport pick
  [2]
  $ netport reserve tcp 10.0.0.256:80
  netport reserve: '10.0.0.256:80' is no address: 10.0.0.1, ::1 or *, and with a port 10.0.0.1:80, [::1]:80 or *:80
  [2]
  $ netport reserve tcp '[::1:80'
  netport reserve: '[::1:80' is no address: 10.0.0.1, ::1 or *, and with a port 10.0.0.1:80, [::1]:80 or *:80
  [2]
  $ netport reserve tcp '[fe80::1]:80'
  netport reserve: a link-local address needs its device, as in [fe80::1%eth0]:80
  [2]
  $ netport reserve tcp '[fe80::1%nodev]:80'
  netport reserve: there is no device 'nodev' here; 'ip link' lists them
  [2]
  $ netport reserve tcp '*:80' --dev nodev
  netport reserve: there is no device 'nodev' here; 'ip link' lists them
  [2]
  $ netport reserve tcp '*:80' --share maybe
  netport reserve: 'maybe' are no share flags: lb, mr or to, or several as in lb,mr
  [2]
  $ netport reserve tcp '*:80' --family 5
  netport reserve: '5' is no family: 4, 6 or both
  [2]
  $ netport reserve tcp 10.0.0.1:80 --family both
  netport reserve: both families go only with the any-address, as in *:80
  [2]
  $ netport reserve tcp 10.0.0.1:80 --family 6
  netport reserve: 10.0.0.1:80 is not of the family asked for
  [2]
  $ netport reserve tcp '*:80' --remote '*'
  netport reserve: '*' is no remote; without --remote every one is meant
  [2]
  $ netport reserve tcp 10.0.0.1:80 --remote ::1
  netport reserve: the remote has to be of the local address's one family
  [2]
  $ netport reserve tcp '*:80' --tuple
  netport reserve: a tuple is ADDR:PORT, with an address that isn't "any", and --remote ADDR:PORT
  [2]
  $ netport reserve tcp '*:80' --label 12345678901234567890123456789012
  netport reserve: the label has 32 bytes, and there's room for 31
  [2]
  $ netport reserve tcp '*:80' --hold soon
  netport reserve: 'soon' is no number of seconds, as 5 or 0.5 are
  [2]
  $ netport reserve tcp '*:80' --hold 90000
  netport reserve: a hold is for a day at most: 86400 seconds
  [2]
  $ netport reserve tcp '*:80' --label
  netport reserve: --label needs a value; see netport reserve --help
  [2]
  $ netport reserve tcp '*:80' --
  netport reserve: after -- comes the command to run
  [2]
  $ netport reserve tcp '*:80' 10.0.0.1:81
  netport reserve: 10.0.0.1:81 has another port than the rest; several bindings of one reservation have one port, for more see netport run
  [2]
  $ netport reserve tcp '*:80' --persistent --hold 1
  netport reserve: what is persistent doesn't end with netport, so --hold isn't for it
  [2]
  $ netport reserve tcp '*:80' --host-check --wait 1
  netport reserve: what is persistent, or asks the host, can't be waited for
  [2]
  $ netport pick tcp '*:80'
  netport pick: '*:80' names a port; an address alone is wanted, as in 10.0.0.1, ::1 or *
  [2]
  $ netport pick tcp '*' --range 9-1
  netport pick: '9-1' is no range of ports: LOW-HIGH, LOW- or -HIGH, from 1 to 65535, LOW first
  [2]
  $ netport pick tcp '*' --range 70000-
  netport pick: '70000-' is no range of ports: LOW-HIGH, LOW- or -HIGH, from 1 to 65535, LOW first
  [2]
  $ netport pick tcp '*' --align 3
  netport pick: no alignment: a power of two, and less than that after a colon, as in 2 or 16:5
  [2]
  $ netport pick tcp '*' --align 4:4
  netport pick: no alignment: a power of two, and less than that after a colon, as in 2 or 16:5
  [2]
  $ netport pick tcp '*' --exclude 0
  netport pick: '0' is no port, as in --exclude 5004,5060
  [2]
  $ netport block udp '*' 0
  netport block: '0' is no number of ports, 1 to 1024
  [2]
  $ netport block udp '*' 1025
  netport block: '1025' is no number of ports, 1 to 1024
  [2]
  $ netport block udp '*:65535' 2
  netport block: from *:65535 on there are no 2 ports
  [2]
  $ netport block udp '*:5001' 2 --align 2
  netport block: *:5001 isn't aligned as --align says
  [2]
  $ netport try tcp '*:80' --range 1-2
  netport try: --range, --align and --exclude go with an address alone, and '*:80' names a port
  [2]
  $ netport range 5
  netport range: a range has two ends: netport range LOW HIGH
  [2]
  $ netport range 9 5
  netport range: '9 5' is no range of ports: LOW HIGH, from 1 to 65535, LOW first
  [2]
  $ netport range 0 5
  netport range: '0 5' is no range of ports: LOW HIGH, from 1 to 65535, LOW first
  [2]
  $ netport range 5 9 --json
  netport range: --json shows the range, and has nothing to show when it's set
  [2]
  $ netport ls --watch --json
  netport ls: --watch is for people, and --json isn't; 'netport monitor --json' tells what happens
  [2]
  $ netport ls -o me
  netport ls: 'me' is no owner: a number of the column Owner, or self
  [2]
  $ netport ls -o self
  netport ls: self is who runs this, as in 'netport run ... -- netport ls -o self'; there is no $NETPORT_OWNER here
  [2]
  $ netport ls -a 10.0.0.1:80
  netport ls: '10.0.0.1:80' has a port; an address alone is 10.0.0.1, ::1 or *
  [2]
  $ netport ls --color sometimes
  netport ls: 'sometimes' is no time for colour: auto, always or never
  [2]
  $ netport release all
  netport release: 'all' is no token; netport release takes tokens, as ls shows them, or PROTO ADDR:PORT
  [2]
  $ netport release tcp '*'
  netport release: '*' has no port, as 10.0.0.1:80, [::1]:80 and *:80 have
  [2]
  $ netport run --pick A
  netport run: there is no command: netport run --pick PORT -- COMMAND {PORT}
  [2]
  $ netport run -- true
  netport run: for what? --pick or --reserve says a port
  [2]
  $ netport run --pick 1A -- true
  netport run: '1A' is no name of a variable, as HTTP_PORT is
  [2]
  $ netport run --pick A --pick A -- true
  netport run: there are two ports with the name A
  [2]
  $ netport run --reserve A=tcp -- true
  netport run: 'A=tcp' isn't NAME=PROTO/ADDR:PORT, as WEB=tcp/10.0.0.1:80 is
  [2]
  $ netport run --reserve A=tcp/10.0.0.1 -- true
  netport run: '10.0.0.1' has no port, as 10.0.0.1:80, [::1]:80 and *:80 have; see netport pick
  [2]
  $ netport restore /nonexistent
  netport restore: can't read /nonexistent: No such file or directory
  [2]
  $ netport save /nonexistent/file
  netport save: can't write /nonexistent/file: No such file or directory
  [2]
