SPDX-License-Identifier: GPL-2.0

Colour on a terminal only, unless it's told otherwise.

  $ netport reserve tcp 10.0.0.1:80 -P >/dev/null
  $ drive netport ls -n | grep -c '\\e\[31morphan,persistent\\e\[0m '
  1
  $ netport ls -n | grep -c "$(printf '\033')"
  0
  [1]
  $ netport ls -n --color always | grep -c "$(printf '\033')"
  1
  $ drive netport ls -n --color never | grep -c '\\e'
  0
  [1]
  $ drive env NO_COLOR=1 netport ls -n | grep -c '\\e'
  0
  [1]
  $ drive env TERM=dumb netport ls -n | grep -c '\\e'
  0
  [1]
  $ drive netport ls -j | grep -c '\\e'
  0
  [1]

Columns are aligned with colour, too.

  $ drive netport ls -n | sed 's/\\e\[[0-9]*m//g' >colored; netport ls -n >plain; diff plain colored

Anew and anew, as much as there's room for.

  $ drive -a 700 -t '^C' netport ls -n -w 0.2 | grep -o '\\e\[H' | wc -l | awk '{ print ($1 >= 3) }'
  1
  $ hold a netport block tcp 10.0.0.1:1000 20
  tcp 10.0.0.1:1000-1019 token N
  $ drive -a 300 -t '^C' netport ls -n -w | grep -o '^\.\.\. and .* more'
  ... and 13 more
  $ timeout -s INT 0.5 netport ls -n --watch=0.2 | grep -c State | awk '{ print ($1 >= 2) }'
  1

Somebody looks on: what it waits for.

  $ drive -a 1500 -t '^C' netport wait tcp 10.0.0.1:80 | sed 's/\\e\[K.*//' | cut -c1-200 | same
  waiting, 1 s: tcp 10.0.0.1:80 conflicts with tcp 10.0.0.1:80, token N* (glob)
  $ drive -p -a 300 -s INT netport wait tcp 10.0.0.1:80
  [130]

And that it waits for Enter.

  $ drive -w until -t x netport reserve tcp 10.0.0.1:81 | same
  tcp 10.0.0.1:81 token N
  held until Enter
  x
  $ netport try tcp 10.0.0.1:81
  tcp 10.0.0.1:81 is available
