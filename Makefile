# SPDX-License-Identifier: GPL-2.0
#
# netport: build, try, test and install. `make help` lists the targets.
# (What the module is made of is in Kbuild.)

KDIR ?= /lib/modules/$(shell uname -r)/build
testbed := tools/testbed
export NETPORT_CACHE V T SMP

host := $(CURDIR)/build/host
kbuild = $(MAKE) -C $(KDIR) M=$(host) $(if $(ARCH),ARCH=$(ARCH)) $(if $(LLVM),LLVM=$(LLVM))

.DEFAULT_GOAL := modules

##@ See it
run:			## boot Debian's 6.1 in a VM and show netport at work there
	@$(testbed)/run.sh demo
shell:			## the same VM, with a shell: module loaded, `netport` command (KERNEL=6.12, debug)
	@$(testbed)/run.sh shell $(KERNEL)

##@ Test it (T='pattern' chooses by name)
test:			## kunit, uapi, check, stock, icount and debug; ends with `N passed, N failed`
	@$(testbed)/test.sh kunit uapi check stock icount debug
kunit:			## KUnit suites in User-mode Linux with KASAN and lockdep: the loop to edit in (LEAKS=1: kmemleak)
	@LEAKS=$(or $(LEAKS),0) $(testbed)/test.sh kunit
kunitpy:		## the same with the kernel's own kunit.py, linked into Debian's linux-source-6.12
	@nice $(testbed)/kunitpy.sh
selftest:		## selftests alone, on Debian's 6.1
	@$(testbed)/test.sh 6.1
debug:			## x86-64 debug kernel, 4 CPUs: KUnit suites and selftests
	@$(testbed)/test.sh debug
kcsan:			## the same on a kernel that tells who races with whom (not part of test)
	@$(testbed)/test.sh kcsan
torture:		## all that can be done at once, and lookups against churn (SECONDS=60 each, KERNEL=debug or kcsan)
	@T='*torture' $(testbed)/torture.sh $(or $(KERNEL),debug) $(or $(SECONDS),60)
hostile:		## a user without privileges does the worst (SECONDS=60, KERNEL=debug, 6.1, ...)
	@T=assault KUNIT=0 $(testbed)/torture.sh $(or $(KERNEL),debug) $(or $(SECONDS),60)
faults:			## each allocation and each copy that a call needs fails in turn, on the debug kernel (4 min)
	@KUNIT=0 T=fail_nth $(testbed)/test.sh debug
fuzz:			## a model argues with the module (SECONDS=30, SEED=1, KERNEL=6.1, 6.12 or debug)
	@FUZZ_SECONDS=$(or $(SECONDS),30) KERNEL=$(or $(KERNEL),6.1) SEED=$(or $(SEED),1) \
		tools/fuzz/fuzz.sh
fuzz-mutants:		## does that find what is wrong? Seeded bugs, one after the other (T='pattern')
	@tools/fuzz/mutants.sh "$(T)"
fuzz-kcov:		## AFL++ looks for calls that go where none has gone, on the debug kernel (SECONDS=300)
	@tools/fuzz/kcov/kcov.sh $(or $(SECONDS),300)
fuzz-kcov-accept:	## have what it has found in its corpus, which make test runs
	@test -s build/kcov/corpus.inc || { echo "netport: make fuzz-kcov first" >&2; exit 1; }
	cp build/kcov/corpus.inc tools/fuzz/kcov/corpus.inc
coverage:		## which lines of the module the tests run, and why not the rest (20 min)
	@$(testbed)/coverage.sh
stock:			## selftests on Debian's 6.1 and 6.12
	@$(testbed)/test.sh stock
bpftrace:		## the scripts in tools/trace, by Debian's bpftrace on its 6.1 (not part of test)
	@$(testbed)/test.sh bpftrace
icount:			## what calls cost, on a machine whose clock counts instructions
	@$(testbed)/test.sh icount
matrix:			## boot the kernels that `test` doesn't, and write what ran where into README.md
	@$(testbed)/test.sh others; status=$$?; $(testbed)/matrix.sh && exit $$status
check:			## W=1 with gcc and clang on five sets of headers, sparse, checkpatch, kernel-doc, man pages
	@$(testbed)/test.sh check
uapi:			## uapi header and libnetport as C and C++, on 32 and 64 bit, and as recorded
	@$(testbed)/test.sh uapi
abi-accept:		## record what is new in them: tools/libnetport/abi
	@tools/libnetport/abi.sh accept
kernels:		## only fetch and build the kernels that the tests boot
	@$(testbed)/kernel.sh 6.1 6.12 6.1-rt 6.12-rt tools uml clang debug
	@$(testbed)/kernel.sh --drop-source

##@ Measure it
bench:			## what it costs, beside the kernel's bind() and gVisor's (ROWS='pattern ...' chooses rows)
	@tools/bench/bench.sh "$(ROWS)"
bench-plot:		## draw the curves of what it has measured: tools/bench/*.svg
	@tools/bench/plot.sh
bench-compare:		## where two runs of it differ by more than they should (A=one.json, B=another.json)
	@mawk -f tools/bench/compare.awk "$(A)" "$(or $(B),build/bench.json)"
latency:		## for how long bottom halves are off, with a thousand held and with a million
	@tools/bench/latency.sh
bench-accept:		## make what netport costs now what `make test` compares with
	@tools/bench/accept.sh

##@ Use it on this machine
lib:			## build libnetport, shared and static: build/lib/
	@$(testbed)/user.sh lib
modules:		## build netport.ko for the running kernel (KDIR=... for another)
	@test -d $(KDIR) || { echo "netport: no kernel headers in $(KDIR):" \
		"apt-get install linux-headers-$(shell uname -r)" >&2; exit 1; }
	@mkdir -p $(host) && cp -ru --parents -t $(host) Kbuild module uapi kunit samples
	$(kbuild) modules
man:			## build the man pages: build/man/
	@$(testbed)/man.sh build
modules_install: modules ## install netport.ko for that kernel (DESTDIR is honoured)
	$(kbuild) INSTALL_MOD_PATH=$(DESTDIR) INSTALL_MOD_DIR=updates \
		CONFIG_MODULE_SIG_ALL= modules_install
install: modules_install ## ... and headers, libnetport, the command, its pages, and load the module at boot
	@$(testbed)/install.sh install
uninstall:		## undo install
	@$(testbed)/install.sh uninstall
dkms-install:		## install through DKMS: rebuilt for each new kernel
	@$(testbed)/install.sh dkms-install
dkms-uninstall:		## undo dkms-install
	@$(testbed)/install.sh dkms-uninstall
intree:			## link this directory into kernel sources, as net/netport (KSRC=/path/to/linux)
	@tools/intree.sh link "$(KSRC)"
intree-undo:		## undo that
	@tools/intree.sh unlink "$(KSRC)"

##@ Tidy up
clean distclean:	## remove what was built here: build/
	rm -rf build
update:			## forget Debian's kernels, so that the newest are fetched next
	@$(testbed)/cache.sh update
cache-clean:		## remove all cached kernels
	@$(testbed)/cache.sh clean

help:			## this list
	@awk 'BEGIN { FS = ":.*## *" } /^##@/ { printf "\n%s\n", substr($$0, 5) } \
		/^[a-z_ -]+:.*##/ { printf "  %-18s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))
	@echo
	@echo "Variables: KDIR, ARCH, LLVM (modules); T, SMP, V=1, KUNIT=0, SELFTESTS=0 (tests);"
	@echo "KERNEL (shell, torture, hostile, fuzz); SECONDS (torture, hostile, fuzz, fuzz-kcov); SEED (fuzz);"
	@echo "ROWS (bench); A, B (bench-compare); DESTDIR (install); KSRC (intree)"
	@echo "NETPORT_CACHE, where kernels are kept: $${NETPORT_CACHE:-$${XDG_CACHE_HOME:-~/.cache}/netport}"

.PHONY: run shell test kunit kunitpy selftest debug kcsan torture hostile faults fuzz \
	fuzz-mutants fuzz-kcov fuzz-kcov-accept coverage stock bpftrace icount matrix check uapi \
	abi-accept kernels bench bench-plot bench-compare latency bench-accept lib modules man \
	modules_install install uninstall dkms-install dkms-uninstall intree intree-undo clean \
	distclean update cache-clean help
