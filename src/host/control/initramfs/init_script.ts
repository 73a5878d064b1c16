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
} as const

/** Values of etc/kbox/capture.sh, which only the shell reads: what it needs to save something without Node. */
export interface ShellConfig {
  readonly fstype: string
  readonly uuid: string
  readonly node: string
  readonly options: string
  readonly directory: string
  readonly failureAction: string
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
    'mount',
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
    `stall_seconds=${quote(config.stallSeconds)}`,
    `overall_seconds=${quote(config.overallSeconds)}`,
    '',
  ].join('\n')
}

/** V8 and libuv kept small: one thread each, a small young generation, no helper threads for its collector. */
const NODE_FLAGS =
  '--max-semi-space-size=1 --max-old-space-size=96 --v8-pool-size=1 --single-threaded-gc --no-warnings'

/** The script itself. */
export const INIT_SCRIPT = `#!/bin/sh
# kbox: /init of the capture kernel.
export PATH=/bin
say() { echo "kbox: $*"; }
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs devtmpfs /dev
mkdir -p /${IMAGE.mountpoint} /mnt
say "capture kernel is up after $(cat /proc/uptime)"
. /${IMAGE.shellConfig}

leave() {
  sync
  case "$1" in
    poweroff) poweroff -f ;;
    halt) halt -f ;;
  esac
  reboot -f
  echo b > /proc/sysrq-trigger
}

# Forces the reboot when the heartbeat stands still, or when all of it takes too long.
watch_progress() {
  total=0
  still=0
  last=
  while sleep 5; do
    total=$((total + 5))
    still=$((still + 5))
    now=$(cat /${IMAGE.heartbeat} 2>/dev/null)
    [ "$now" = "$last" ] || still=0
    last=$now
    [ "$now" = shell ] && continue
    if [ $still -ge $stall_seconds ] || [ $total -ge $overall_seconds ]; then
      say "no end after $total s, no progress for $still s: rebooting"
      echo s > /proc/sysrq-trigger
      sleep 2
      echo b > /proc/sysrq-trigger
    fi
  done
}
watch_progress &

# Words behind a module's name are its parameters.
while read -r module parameters; do
  [ -e "/sys/module/$module" ] || insmod "/${IMAGE.modules}/$module.ko" $parameters || say "module $module did not load"
done < /${IMAGE.moduleList}

if mount -t squashfs -o loop,ro /${IMAGE.runtime} /${IMAGE.mountpoint}; then
  ln -s /${IMAGE.mountpoint}/lib /lib64
  export LD_LIBRARY_PATH=/${IMAGE.mountpoint}/lib UV_THREADPOOL_SIZE=1 HOME=/ MALLOC_ARENA_MAX=1
  /${IMAGE.mountpoint}/bin/node ${NODE_FLAGS} /${IMAGE.mountpoint}/kbox/kbox.mjs capture
  say "the recorder ended with code $? and the machine still runs"
else
  say "the runtime cannot be mounted"
fi

# Without Node: what the shell can save. A whole /proc/vmcore if there is room, the capture kernel's own log in any case.
save_by_shell() {
  [ -n "$fstype" ] || return 1
  device=$(findfs "UUID=$uuid" 2>/dev/null)
  [ -n "$device" ] || device=$node
  mount -t "$fstype" \${options:+-o "$options"} "$device" /mnt || return 1
  to="/mnt$directory/127.0.0.1-$(date +%Y-%m-%d-%H:%M:%S)"
  mkdir -p "$to" || return 1
  dmesg > "$to/kexec-dmesg.log"
  size=$(( $(stat -c %s /proc/vmcore) / 1024 ))
  free=$(df -k /mnt | { read -r _; read -r _ _ _ free _; echo "$free"; })
  say "saving by the shell to $to: vmcore $size KiB, free $free KiB"
  if [ "$free" -gt "$size" ]; then
    dd if=/proc/vmcore of="$to/vmcore-incomplete" bs=1M && sync && mv "$to/vmcore-incomplete" "$to/vmcore"
  fi
  sync
  umount /mnt
}
# The recorder leaves this file when it has saved all it could: a second try would only take time.
[ -e /run/kbox/recorded ] || save_by_shell || say "nothing could be saved"
if [ "$failure_action" = shell ]; then
  echo shell > /${IMAGE.heartbeat}
  say "Entering kdump emergency mode; 'exit' reboots."
  setsid_console=/dev/console
  sh < $setsid_console > $setsid_console 2>&1
fi
leave "$failure_action"
`
