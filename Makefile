# What a newcomer types. Each target brings what it needs (scripts/setup.sh) and a second run brings nothing.
.POSIX:
.PHONY: demo test check setup setup-test kernels sid peers servers bench clean

demo: setup
	bin/node scripts/fetch_kernel.ts 6.1
	bin/node scripts/demo.ts

# All of it, virtual machines and other people's tools included: this is what CI runs.
test: setup-test kernels peers servers
	bin/node scripts/test_all.ts

# What needs no virtual machine; three minutes on two cores.
check: setup
	bin/node scripts/check.ts

setup:
	@scripts/setup.sh

setup-test:
	@scripts/setup.sh --test

# The kernels test/vm crashes, with the vmlinux that crash and drgn need: 660 MB to fetch, once, and 1 GB kept. The oldest one
# is of a release that Debian may move to its archive any day, Ubuntu's has frame pointers in place of unwind tables: where
# they cannot be fetched their tests are skipped.
kernels: setup
	bin/node scripts/fetch_kernel.ts --dbg --headers 6.1 6.12
	-bin/node scripts/fetch_kernel.ts 5.10 ubuntu-6.8

# The newest kernel there is; once fetched, it is among those that `make test` crashes.
sid: setup
	bin/node scripts/fetch_kernel.ts --dbg sid

# Debian sid's crash, makedumpfile and drgn, to compare with beside the ones installed here.
peers: setup
	bin/node scripts/fetch_peers.ts

# The servers that test/vm sends dumps to, unpacked and never installed.
servers: setup
	bin/node scripts/fetch_sshd.ts
	bin/node scripts/fetch_nfs_server.ts

bench: setup-test kernels peers
	bin/node bench/run.ts

clean:
	rm -rf dist node_modules
