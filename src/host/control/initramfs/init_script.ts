// The capture initramfs's /init: the least that must happen before Node can run, and what happens if it cannot.
// A busybox shell runs it. Whatever happens, the machine is left at the end.

/** Files of the image, as /init and the builder both name them. */
export const IMAGE = {
  config: 'etc/kbox/capture.json',
  shellConfig: 'etc/kbox/capture.sh',
  moduleList: 'etc/kbox/modules',
  modules: 'lib/kbox/modules',
  runtime: 'lib/kbox/runtime.squashfs',
  /** Where the runtime is mounted. */
  mountpoint: 'run/kbox/runtime',
  /** A file whose content changes whenever the capture makes progress. */
  heartbeat: 'run/kbox/heartbeat',
  /** A pipe to the guard; `close` makes it let go of the watchdogs. */
  bell: 'run/kbox/bell',
  /** There while the guard holds watchdogs open. */
  watchdogs: 'run/kbox/watchdogs',
} as const

/** Values of etc/kbox/capture.sh, which only the shell reads: what it needs to save something without Node. */
export interface ShellConfig {
  readonly fstype: string
  readonly uuid: string
  readonly node: string
  readonly options: string
  readonly directory: string
  readonly failureAction: string
  /** Breadcrumbs: the device's file system and node, the nonce, and the shell's first block on the device; '' for none. */
  readonly crumbUuid: string
  readonly crumbNode: string
  readonly crumbNonce: string
  readonly crumbBlock: number
  /** '1' if a watchdog was armed by the kernel that may die. */
  readonly watchdog: '' | '1'
  /** '1' if nothing of the old kernel may be written in plain: the shell cannot encrypt, and saves none of it. */
  readonly encrypted: '' | '1'
  readonly stallSeconds: number
  readonly overallSeconds: number
}

/** Applets of busybox that /init uses; each becomes a link. */
export const APPLETS: readonly string[] = [
  ...[
    'sh',
    'ash',
    'cat',
    'cp',
    'date',
    'dd',
    'df',
    'dmesg',
    'echo',
    'findfs',
    'halt',
    'insmod',
    'ip',
    'kill',
    'ln',
    'losetup',
  ],
  ...[
    'ls',
    'mkdir',
    'mkfifo',
    'mount',
    'printf',
    'mv',
    'nc',
    'ping',
    'poweroff',
    'ps',
    'reboot',
    'rm',
    'sleep',
    'stat',
    'sync',
    'udhcpc',
    'umount',
    'vi',
    'less',
  ],
]

/** Format the values as shell assignments; each is quoted, so that nothing in kdump.conf can become a command. */
export function formatShellConfig(config: ShellConfig): string {
  const quote = (value: string | number): string => `'${String(value).replaceAll("'", `'\\''`)}'`
  return [
    `fstype=${quote(config.fstype)}`,
    `uuid=${quote(config.uuid)}`,
    `node=${quote(config.node)}`,
    `options=${quote(config.options)}`,
    `directory=${quote(config.directory)}`,
    `failure_action=${quote(config.failureAction)}`,
    `crumb_uuid=${quote(config.crumbUuid)}`,
    `crumb_node=${quote(config.crumbNode)}`,
    `crumb_nonce=${quote(config.crumbNonce)}`,
    `crumb_block=${quote(config.crumbBlock)}`,
    `watchdog=${quote(config.watchdog)}`,
    `encrypted=${quote(config.encrypted)}`,
    `stall_seconds=${quote(config.stallSeconds)}`,
    `overall_seconds=${quote(config.overallSeconds)}`,
    '',
  ].join('\n')
}

/** V8 and libuv kept small: one thread each, a small young generation, no helper threads for its collector. */
const NODE_FLAGS =
  '--max-semi-space-size=1 --max-old-space-size=96 --v8-pool-size=1 --single-threaded-gc --no-warnings'

/** The script itself. What it can do without a fork it does so: when memory is short a fork is what fails. */
export const INIT_SCRIPT = `#!/bin/sh
# kbox: /init of the capture kernel.
export PATH=/bin
say() { echo "kbox: $*"; }
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs devtmpfs /dev
mkdir -p /${IMAGE.mountpoint} /mnt
say "capture kernel is up after $(cat /proc/uptime)"
# Should the image be damaged, these hold.
failure_action=reboot stall_seconds=300 overall_seconds=3600 fstype= watchdog= crumb_nonce=
[ -r /${IMAGE.shellConfig} ] && . /${IMAGE.shellConfig}
mkfifo /${IMAGE.bell}

leave() {
  sync
  case "$1" in
    poweroff | halt)
      echo close 1<> /${IMAGE.bell}
      n=0
      while [ -e /${IMAGE.watchdogs} ] && [ $n -lt 5 ]; do sleep 1; n=$((n + 1)); done
      ;;
  esac
  case "$1" in
    poweroff) poweroff -f ;;
    halt) halt -f ;;
  esac
  reboot -f
  echo b > /proc/sysrq-trigger
}

# A line in block $1 of the shell's breadcrumbs, which must be ours still. See docs/formats/breadcrumbs.md.
crumb() {
  [ -n "$crumb_nonce" ] || return 0
  device=$(findfs "UUID=$crumb_uuid" 2>/dev/null)
  [ -n "$device" ] || device=$crumb_node
  [ -b "$device" ] || return 0
  mark="kbox breadcrumb $crumb_nonce"
  dd if="$device" bs=4096 skip=$((crumb_block + $1)) count=1 2>/dev/null | {
    read -r line
    [ "$line" = "$mark" ]
  } || return 0
  printf '%s\\n\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0%s %s\\n' "$mark" "$(date +%s)" "$2" |
    dd of="$device" bs=4096 seek=$((crumb_block + $1)) conv=notrunc,sync,fsync 2>/dev/null
}

open_watchdogs() {
  for n in 0 1 2 3; do
    [ -c /dev/watchdog$n ] || continue
    eval "[ -z \\"\\$dog$n\\" ]" || continue
    if eval "command exec $((5 + n))>/dev/watchdog$n"; then
      eval "dog$n=open"
      : > /${IMAGE.watchdogs}
      say "the watchdog /dev/watchdog$n is petted"
    else
      eval "dog$n=busy"
    fi
  done
}

# 'V' is the magic close: it stops a watchdog that may be stopped.
tell_watchdogs() {
  for n in 0 1 2 3; do
    eval "[ \\"\\$dog$n\\" = open ]" && eval "echo -n $1 >&$((5 + n))"
  done
}

# Pets the watchdogs. Forces the reboot when the heartbeat stands still, or when all of it takes too long; the watchdogs
# do, when even that fails. Nothing in the loop forks.
guard() {
  echo -1000 > /proc/self/oom_score_adj
  read -r begun rest < /proc/uptime
  begun=\${begun%%.*}
  moved=$begun
  last=
  while :; do
    # However the guard ends, the machine must not run on without it.
    trap 'echo b > /proc/sysrq-trigger' EXIT
    ring=
    read -r -t 2 ring
    if [ "$ring" = close ]; then
      tell_watchdogs V
      watchdog=
      dog0= dog1= dog2= dog3=
      exec 5>&- 6>&- 7>&- 8>&-
      rm -f /${IMAGE.watchdogs}
    fi
    [ -n "$watchdog" ] && open_watchdogs
    tell_watchdogs .
    read -r up rest < /proc/uptime
    up=\${up%%.*}
    now=
    [ -e /${IMAGE.heartbeat} ] && read -r now < /${IMAGE.heartbeat}
    [ "$now" = "$last" ] || moved=$up
    last=$now
    [ "$now" = shell ] && continue
    if [ $((up - moved)) -ge $stall_seconds ] || [ $((up - begun)) -ge $overall_seconds ]; then
      say "no end after $((up - begun)) s, no progress for $((up - moved)) s: rebooting"
      crumb 6 "no end after $((up - begun)) s, no progress for $((up - moved)) s (at '$now'): rebooted" &
      read -r -t 3 ring
      echo s > /proc/sysrq-trigger
      read -r -t 2 ring
      echo b > /proc/sysrq-trigger
    fi
  done <> /${IMAGE.bell}
}
guard &

# As with modprobe, parameters come from the command line too: module.option=value.
read -r cmdline < /proc/cmdline
load_module() {
  [ -e "/sys/module/$1" ] && return
  options=$2
  for word in $cmdline; do
    case "$word" in "$1".*) options="$options \${word#"$1".}" ;; esac
  done
  insmod "/${IMAGE.modules}/$1.ko" $options || say "module $1 did not load"
}
# Words behind a module's name are its parameters.
while read -r module parameters; do
  load_module "$module" "$parameters"
done < /${IMAGE.moduleList}
crumb 0 'the capture kernel is up'

# Node runs by its own loader: programs of the crashed machine, such as hooks, may have brought theirs to /lib64.
record() {
  runtime=/${IMAGE.mountpoint}
  for loader in $runtime/lib/ld-*.so*; do break; done
  UV_THREADPOOL_SIZE=1 HOME=/ MALLOC_ARENA_MAX=1 $loader --library-path $runtime/lib \\
    $runtime/bin/node ${NODE_FLAGS} $runtime/kbox/kbox.mjs capture "$@"
  code=$?
}
if mount -t squashfs -o loop,ro /${IMAGE.runtime} /${IMAGE.mountpoint}; then
  [ -e /lib64 ] || ln -s /${IMAGE.mountpoint}/lib /lib64
  record
  crumb 1 "the recorder ended with code $code"
  # Whatever killed it may not do so again. What its hooks were to do is done.
  if [ $code -gt 128 ] && [ ! -e /run/kbox/recorded ]; then
    say "the recorder was killed (code $code): another takes over"
    umount /mnt 2>/dev/null
    record --again
    crumb 2 "the second recorder ended with code $code"
  fi
  say "the recorder ended with code $code and the machine still runs"
else
  say "the runtime cannot be mounted"
  crumb 1 'the runtime cannot be mounted'
fi

# Without Node: what the shell can save. A whole /proc/vmcore if there is room, the capture kernel's own log in any case.
save_by_shell() {
  [ -n "$fstype" ] || return 1
  # A dump holds every secret the machine had.
  umask 077
  umount /mnt 2>/dev/null
  device=$(findfs "UUID=$uuid" 2>/dev/null)
  [ -n "$device" ] || device=$node
  mount -t "$fstype" \${options:+-o "$options"} "$device" /mnt || return 1
  to="/mnt$directory/127.0.0.1-$(date +%Y-%m-%d-%H:%M:%S)"
  mkdir -p "$to" || return 1
  dmesg > "$to/kexec-dmesg.log"
  if [ -n "$encrypted" ]; then
    say "the dump must be encrypted, which the shell cannot: it is not saved"
    sync
    umount /mnt
    return 1
  fi
  [ -e /proc/vmcore ] || { say "there is no /proc/vmcore"; sync; umount /mnt; return 1; }
  size=$(( $(stat -c %s /proc/vmcore) / 1024 ))
  free=$(df -k /mnt | { read -r _; read -r _ _ _ free _; echo "$free"; })
  say "saving by the shell to $to: vmcore $size KiB, free $free KiB"
  saved=1
  if [ "$free" -gt "$size" ]; then
    dd if=/proc/vmcore of="$to/vmcore-incomplete" bs=1M &
    while kill -0 $! 2>/dev/null; do
      stat -c 'shell wrote %s' "$to/vmcore-incomplete" > /${IMAGE.heartbeat}
      sleep 2
    done
    wait $! && sync && mv "$to/vmcore-incomplete" "$to/vmcore" && saved=0
  fi
  [ $saved = 0 ] && crumb 3 "the shell saved a vmcore to $to"
  sync
  umount /mnt
  return $saved
}
# The recorder leaves this file when it has saved all it could: a second try would only take time.
[ -e /run/kbox/recorded ] || save_by_shell || say "nothing could be saved"
crumb 4 "failure_action: $failure_action"
if [ "$failure_action" = shell ]; then
  echo shell > /${IMAGE.heartbeat}
  say "Entering kdump emergency mode; 'exit' reboots."
  setsid_console=/dev/console
  sh < $setsid_console > $setsid_console 2>&1
fi
leave "$failure_action"
`
