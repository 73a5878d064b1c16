// Crashes that no driver of ours is needed for, but the last of memory.
import type { FaultScenario } from '../scenarios.ts'

const NOBODY = { functions: [], module: '' } as const
/** A script's name is its process's name. */
const script = (name: string, text: string): string => `cat > /tmp/${name} <<'END'
#!/bin/sh
${text}
END
chmod +x /tmp/${name}
/tmp/${name} &`

/** These scenarios. */
export const SYSTEM: readonly FaultScenario[] = [
  {
    name: 'sysrq',
    run: script('maintenance', 'sleep 0.5\necho c > /proc/sysrq-trigger'),
    expected: { kinds: ['sysrq'], ...NOBODY, words: ['maintenance'] },
  },
  {
    name: 'pid-space',
    sameBugAs: 'sysrq',
    run: `${script('spawner', 'while :; do sleep 1000 & done 2>/dev/null')}
sleep 6
echo c > /proc/sysrq-trigger`,
    sysctls: { 'kernel.pid_max': 400 },
    expected: { kinds: ['sysrq'], ...NOBODY, words: [] },
  },
  {
    name: 'out-of-memory',
    run: script('datahog', 'x=0123456789abcdef\nwhile :; do x="$x$x"; done'),
    sysctls: { 'vm.panic_on_oom': 1 },
    expected: { kinds: ['out-of-memory'], ...NOBODY, words: ['datahog'] },
  },
  {
    name: 'kernel-leak',
    run: "sh -c 'echo prefetch > /dev/lockstep' &",
    expected: {
      kinds: ['out-of-memory'],
      functions: ['prefetch_fill', 'prefetch_thread'],
      module: 'lockstep',
      words: [],
    },
  },
  {
    name: 'init-exits',
    run: 'exit 3',
    expected: { kinds: ['init-died'], ...NOBODY, words: [] },
  },
  {
    name: 'init-killed',
    run: 'mkdir -p /run/x; exec /usr/lib/faultlab/segfault',
    expected: { kinds: ['init-died'], ...NOBODY, words: ['segfault'] },
  },
  {
    name: 'nmi',
    run: ':',
    sysctls: { 'kernel.unknown_nmi_panic': 1 },
    host: 'nmi',
    expected: { kinds: ['nmi'], ...NOBODY, words: [] },
  },
  {
    name: 'machine-check',
    run: ':',
    // Bank 5, uncorrected, context corrupt, with an address.
    host: 'mce 0 5 0xbe00000000800400 0x4 0x12345000 0x0',
    lacking: { '6.1': 'CONFIG_X86_MCE is not set' },
    expected: { kinds: ['machine-check'], ...NOBODY, words: [] },
  },
  {
    name: 'fs-panic',
    run: `dd if=/dev/zero of=/tmp/volume bs=64k count=32 2>/dev/null
mke2fs -F /tmp/volume > /dev/null; mkdir -p /run/volume
mount -o loop,errors=panic -t ext4 /tmp/volume /run/volume
sh -c 'echo 1 | tee /sys/fs/ext4/loop*/trigger_fs_error' &`,
    expected: { kinds: ['filesystem-error'], ...NOBODY, words: ['loop'] },
  },
]
