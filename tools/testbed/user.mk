# SPDX-License-Identifier: GPL-2.0
# The programs that run in the machines under test, and the library; called by user.sh.
# BUILD: where to; LIB: where to for the library; HARNESS: the directory of the kselftest headers;
# AFL: where Debian's AFL++ is unpacked.

CFLAGS := -O2 -g -Wall -Wextra -Werror -std=gnu11 -D_GNU_SOURCE -pthread
# Those that test: quick to compile, since nothing of what they show is how fast they are.
TESTCFLAGS := -O1 $(filter-out -O2 -g,$(CFLAGS))
CPPFLAGS := -Iuapi -Itools/libnetport -MMD -MP
LDFLAGS := -static -pthread
LIBCFLAGS := $(filter-out -pthread,$(CFLAGS)) -fPIC -Iuapi -MMD -MP

# Selftests and examples of the library.
uses-library := library library_text candidates
tests := $(patsubst tools/selftests/%.c,%,$(wildcard tools/selftests/*.c))
# Also for 32 bit: each command and each structure.
compat := batch commands handover library library_text list pick refusals sets wish
demos := $(patsubst tools/demo/%.c,%,$(wildcard tools/demo/*.c))
examples := $(patsubst tools/example/%,%,$(basename $(wildcard tools/example/*.c tools/example/*.sh)))
scripts := $(patsubst tools/demo/%,%,$(wildcard tools/demo/*.sh))
command := $(wildcard tools/netport/*.c)
samples := datagram-echo datagram-share
fuzz := $(wildcard tools/fuzz/*.c)
benches := $(patsubst tools/bench/%.c,%,$(wildcard tools/bench/*.c))
library := $(patsubst tools/libnetport/%.c,%,$(wildcard tools/libnetport/*.c))
version := $(shell sed -nE 's/^PACKAGE_VERSION="(.*)"/\1/p' dkms.conf)

transcripts := $(patsubst tools/transcript/%,%,$(wildcard tools/transcript/*.t tools/transcript/*.sh))
pages := $(wildcard tools/man/*.scd)
shown := $(foreach page,$(pages),$(patsubst %,$(basename $(notdir $(page)))-%,\
	$(shell sed -n 's/^; example \([^ ]*\).*/\1/p' $(page))))
shown-outputs := $(shown:%=$(BUILD)/examples/%)

test-outputs := $(patsubst %,$(BUILD)/tests/%,$(tests) $(compat:%=%.32) fuzz fuzz.32 corpus transcript)
transcript-outputs := $(patsubst %,$(BUILD)/transcripts/%,$(transcripts) drive json)
example-outputs := $(examples:%=$(BUILD)/examples/%) $(shown-outputs)
bin-outputs := $(patsubst %,$(BUILD)/bin/%,$(demos) $(scripts) $(samples) session $(if $(command),netport))

tests: $(test-outputs) $(transcript-outputs) | prune
bin: $(bin-outputs) | prune
examples: $(example-outputs) | prune
fuzz: $(BUILD)/tests/fuzz
kcov: $(BUILD)/kcov/fuzz
bench: $(benches:%=$(BUILD)/bench/%)
lib: $(patsubst %,$(LIB)/libnetport.%,so a pc)
lib32: $(LIB)/32/libnetport.a

$(BUILD)/tests/fuzz $(BUILD)/tests/fuzz.32: $(fuzz) $(wildcard tools/fuzz/*.h) uapi/linux/netport.h
	@mkdir -p $(@D)
	$(CC) $(if $(filter %.32,$@),-m32) $(CFLAGS) -Iuapi $(LDFLAGS) -o $@ $(fuzz)

calls := tools/fuzz/kcov/calls.c tools/fuzz/kcov/hex.c
calls-need := $(calls) $(wildcard tools/fuzz/kcov/*.h) $(patsubst %,tools/selftests/%.h,selftest keep modules tidy) \
	uapi/linux/netport.h

$(BUILD)/tests/corpus: tools/fuzz/kcov/corpus.c tools/fuzz/kcov/corpus.inc $(calls-need)
	@mkdir -p $(@D)
	$(CC) $(TESTCFLAGS) -Iuapi -Itools/selftests -isystem $(HARNESS) $(LDFLAGS) -o $@ $(calls) $<

$(BUILD)/kcov/fuzz: tools/fuzz/kcov/afl.c $(calls-need)
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) -Iuapi -Itools/selftests -isystem $(HARNESS) $(LDFLAGS) -o $@ $(calls) $< \
		$(AFL)/usr/lib/afl/afl-compiler-rt.o

$(LIB)/obj/%.o: tools/libnetport/%.c
	@mkdir -p $(@D)
	$(CC) $(LIBCFLAGS) -MF $(@:.o=.d) -c -o $@ $<

$(LIB)/32/obj/%.o: tools/libnetport/%.c
	@mkdir -p $(@D)
	$(CC) -m32 $(LIBCFLAGS) -MF $(@:.o=.d) -c -o $@ $<

$(LIB)/libnetport.a: $(library:%=$(LIB)/obj/%.o)
$(LIB)/32/libnetport.a: $(library:%=$(LIB)/32/obj/%.o)
$(LIB)/libnetport.a $(LIB)/32/libnetport.a:
	rm -f $@
	$(AR) rcs $@ $^

$(LIB)/libnetport.so.0: $(library:%=$(LIB)/obj/%.o) tools/libnetport/libnetport.map
	$(CC) -shared -Wl,-soname,$(@F) -Wl,--version-script=$(filter %.map,$^) -Wl,-z,defs \
		-Wl,--no-undefined-version -o $@ $(filter %.o,$^)

$(LIB)/libnetport.so: $(LIB)/libnetport.so.0
	ln -sf $(<F) $@

$(LIB)/libnetport.pc: tools/libnetport/libnetport.pc.in dkms.conf
	@mkdir -p $(@D)
	sed 's/@VERSION@/$(version)/' $< >$@

# What uses the library is linked with it.
$(uses-library:%=$(BUILD)/tests/%): $(LIB)/libnetport.a
$(patsubst %,$(BUILD)/tests/%.32,$(filter $(compat),$(uses-library))): $(LIB)/32/libnetport.a
$(uses-library:%=$(BUILD)/examples/%): $(LIB)/libnetport.a
$(filter $(BUILD)/examples/libnetport.%,$(shown-outputs)): $(LIB)/libnetport.a

# The harness's own macros are not ours to fix.
$(BUILD)/tests/%: tools/selftests/%.c
	@mkdir -p $(@D) $(BUILD)/dep
	$(CC) $(TESTCFLAGS) $(CPPFLAGS) -MF $(BUILD)/dep/$(@F).d -Itools/selftests -isystem $(HARNESS) $(LDFLAGS) \
		-o $@ $< $(filter %.a,$^)

$(BUILD)/tests/%.32: tools/selftests/%.c
	@mkdir -p $(@D) $(BUILD)/dep
	$(CC) -m32 -Wno-psabi $(TESTCFLAGS) $(CPPFLAGS) -MF $(BUILD)/dep/$(@F).d -Itools/selftests -isystem $(HARNESS) $(LDFLAGS) \
		-o $@ $< $(filter %.a,$^)

$(BUILD)/tests/transcript: tools/transcript/transcript.c
	@mkdir -p $(@D)
	$(CC) $(TESTCFLAGS) $(LDFLAGS) -o $@ $<

$(BUILD)/transcripts/drive: tools/transcript/drive.c
	@mkdir -p $(@D)
	$(CC) $(TESTCFLAGS) $(LDFLAGS) -o $@ $< -lutil

$(BUILD)/transcripts/json: tools/transcript/json.c
	@mkdir -p $(@D)
	$(CC) $(TESTCFLAGS) $(LDFLAGS) -o $@ $< -ljansson

$(addprefix $(BUILD)/transcripts/,$(transcripts)): $(BUILD)/transcripts/%: tools/transcript/%
	@mkdir -p $(@D)
	cp $< $@

$(BUILD)/obj/netport-%.o: tools/netport/%.c
	@mkdir -p $(@D) $(BUILD)/dep
	$(CC) $(CFLAGS) $(CPPFLAGS) -MF $(BUILD)/dep/netport-$(@F).d -c -o $@ $<

$(BUILD)/bin/netport: $(command:tools/netport/%.c=$(BUILD)/obj/netport-%.o) $(LIB)/libnetport.a
	@mkdir -p $(@D)
	$(CC) $(LDFLAGS) -o $@ $^ -lm

$(BUILD)/bin/%: tools/demo/%.c
	@mkdir -p $(@D) $(BUILD)/dep
	$(CC) $(CFLAGS) $(CPPFLAGS) -MF $(BUILD)/dep/$(@F).d -Itools/demo $(LDFLAGS) -o $@ $<

$(BUILD)/bin/datagram-%: samples/datagram/%.c samples/datagram/programs.h
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $<

$(BUILD)/bench/%: tools/bench/%.c
	@mkdir -p $(@D) $(BUILD)/dep
	$(CC) $(CFLAGS) $(CPPFLAGS) -MF $(BUILD)/dep/bench-$(@F).d $(LDFLAGS) -o $@ $<

# As a reader of the README would: nothing but the uapi header, or the library and its own.
$(BUILD)/examples/%: tools/example/%.c uapi/linux/netport.h
	@mkdir -p $(@D)
	$(CC) -O2 -Wall -Wextra -Werror -Iuapi $(if $(filter %.a,$^),-Itools/libnetport) -static \
		-o $@ $< $(filter %.a,$^)

$(BUILD)/examples/%: tools/example/%.sh
	@mkdir -p $(@D)
	install -m 755 $< $@

# Those of the man pages: programs, and what is typed at a shell.
$(BUILD)/man/shown: tools/man/examples.awk $(pages)
	@rm -rf $(@D) && mkdir -p $(@D)
	@for page in $(pages); do mawk -v OUT=$(@D) -f $< $$page || exit; done
	@touch $@

$(shown-outputs): $(BUILD)/examples/%: $(BUILD)/man/shown uapi/linux/netport.h
	@mkdir -p $(@D)
	if [ -e $(<D)/$*.c ]; then \
		$(CC) -O2 -Wall -Wextra -Werror -Iuapi $(if $(filter %.a,$^),-Itools/libnetport) -static \
			-o $@ $(<D)/$*.c $(filter %.a,$^); \
	else install -m 755 $(<D)/$*.session $@; fi

$(BUILD)/bin/session: tools/man/session
	@mkdir -p $(@D)
	install -m 755 $< $@

$(BUILD)/bin/%.sh: tools/demo/%.sh
	@mkdir -p $(@D)
	install -m 755 $< $@

# What a removed source left behind must not be run any more.
prune:
	@for f in $(wildcard $(BUILD)/tests/* $(BUILD)/bin/* $(BUILD)/examples/* $(BUILD)/transcripts/*); do \
		case " $(test-outputs) $(bin-outputs) $(example-outputs) $(transcript-outputs) " in *" $$f "*) ;; *) rm -f $$f ;; esac; done

.PHONY: tests bin examples bench fuzz kcov lib lib32 prune
-include $(wildcard $(BUILD)/dep/*.d $(LIB)/obj/*.d $(LIB)/32/obj/*.d)
