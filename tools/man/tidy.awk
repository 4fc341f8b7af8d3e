# SPDX-License-Identifier: GPL-2.0
# scdoc's roff without paragraphs that are empty: those after a heading, at the end of an
# indented text, before the next heading.  And names aren't hyphenated, which a title would allow
# anew.

/^\.P$/ { paragraph = 1; next }
/^\.RE$/ { print; next }
/^\.(TH|SH|SS) / { paragraph = 0; heading = 1; print; if (/^\.TH/) print ".nh"; next }
{
	if (paragraph && !heading)
		print ".P"
	paragraph = heading = 0
	print
}
