// What the guest does while it waits for its death: enough kinds of processes, files and sockets that a dump of it
// shows what dumps show. All of it stands still when the truth is taken.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import {
  linkSync,
  mkdirSync,
  openSync,
  readFileSync,
  readdirSync,
  unlinkSync,
  watch,
  writeFileSync,
  writeSync,
} from 'node:fs'
import net from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { GUEST } from './guest_files.ts'
import { attempt, makeKernelObjects, setPolicy } from './guest_objects.ts'
import { FROZEN, prepareSetting } from './guest_setting.ts'

/** A workload that runs. */
export interface Workload {
  readonly processes: number
  /** Stop what would start and end processes, and let one of them spin. */
  freeze(): void
}

/** Shell lines, each run in the background. They use nothing that Debian's busybox-static lacks. */
const BACKGROUND: readonly string[] = [
  'exec sleep 100001',
  'exec sleep 100002',
  'sleep 100003 | cat',
  'exec setsid sleep 100004',
  'exec chroot / sleep 100005',
  'exec unshare -n -u sleep 100006',
  "exec su -s /bin/sh nobody -c 'exec sleep 100007'",
  'exec nc -l -p 7070',
  `cat ${GUEST.work}/fifo > /dev/null`,
  `exec 3> ${GUEST.work}/fifo; sleep 100008`,
  `MARKER=in-the-environment exec tail -f ${GUEST.work}/shell.log > /dev/null`,
  'mkdir /sys/fs/cgroup/app.slice; echo $$ > /sys/fs/cgroup/app.slice/cgroup.procs; exec sleep 100009',
  "trap '' HUP PIPE; trap 'echo one' USR1; trap 'echo two' TERM; sleep 100010",
  `exec unshare -m sh -c 'mount -t tmpfs hidden ${GUEST.work}/private; exec sleep 100012'`,
  "exec unshare -p -f -m sh -c 'mount -t proc proc /proc; exec sleep 100013'",
  "exec unshare -n sh -c 'ip link set lo up; ip link add dummy7 type dummy; ip link set dummy7 up; " +
    "ip addr add 198.51.100.7/24 dev dummy7; exec nc -l -p 7071'",
  'renice -n 5 -p $$; exec sleep 100014',
  `exec touch ${FROZEN}/never`,
]
const STOPPED = 'exec sleep 100011'
/** These get another scheduling policy each: FIFO, round robin, batch. */
const SCHEDULED: readonly string[] = ['exec sleep 100015', 'exec sleep 100016', 'exec sleep 100017']
/** Sent to the stopped process twice; a real-time signal queues. */
const QUEUED_SIGNAL = 40
/** These start a new process again and again, until they are stopped. */
const RESTLESS: readonly string[] = [
  `exec 8>> ${GUEST.work}/shell.log; while :; do echo tick >&8; sleep 1; done`,
  'while :; do sleep 0.7; done',
]
const SPINNING = 'while :; do :; done'

/** Start it all; returns when it has settled. */
export async function startWorkload(): Promise<Workload> {
  run(`mkfifo ${GUEST.work}/fifo; touch ${GUEST.work}/shell.log`)
  prepareSetting()
  await sleep(100)
  for (const line of BACKGROUND) run(line)
  const stopped = run(STOPPED)
  const scheduled = SCHEDULED.map(run)
  const restless = RESTLESS.map(run)
  const spinning = run(SPINNING)
  process.kill(spinning, 'SIGSTOP')
  openOwnFiles()
  await openOwnSockets()
  await sleep(300)
  attempt(() => stopWithSignals(stopped))
  makeKernelObjects(GUEST.work)
  scheduled.forEach((pid, index) => attempt(() => setPolicy(pid, index)))
  return {
    processes: readdirSync('/proc').filter((name) => /^\d+$/.test(name)).length,
    freeze() {
      for (const pid of restless) process.kill(pid, 'SIGSTOP')
      for (const pid of restless) waitUntilStopped(pid)
      process.kill(spinning, 'SIGCONT')
    },
  }
}

function run(line: string): number {
  const child = spawn('/bin/sh', ['-c', line], { stdio: ['ignore', 'ignore', 'inherit'] })
  child.unref()
  if (child.pid === undefined) throw new Error(`cannot start '${line}'`)
  return child.pid
}

/** Stop a process, then send it what it cannot take while it is stopped. */
function stopWithSignals(pid: number): void {
  process.kill(pid, 'SIGSTOP')
  waitUntilStopped(pid)
  for (const signal of ['SIGTERM', QUEUED_SIGNAL, QUEUED_SIGNAL]) process.kill(pid, signal)
}

/** A stopped shell starts nothing more; a child of it that ends stays as a zombie. */
function waitUntilStopped(pid: number): void {
  for (let tries = 0; tries < 10_000; tries++) {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
    if (stat.charAt(stat.lastIndexOf(')') + 2) === 'T') return
  }
}

/** Files in every way a process can have them; their descriptors stay open. */
function openOwnFiles(): void {
  const at = (name: string): string => `${GUEST.work}/${name}`
  mkdirSync(at('folder'))
  writeFileSync(at('ledger.txt'), 'one line of a ledger\n')
  linkSync(at('ledger.txt'), at('folder/second-name'))
  openSync(at('ledger.txt'), 'r+')
  openSync(at('folder'), 'r')
  writeSync(openSync(at('log.txt'), 'a'), 'appended\n')
  openSync(at('deleted.txt'), 'w')
  unlinkSync(at('deleted.txt'))
  writeFileSync('/tmp/on-tmpfs.txt', 'in memory only\n')
  openSync('/tmp/on-tmpfs.txt', 'r')
  for (const file of ['/dev/null', '/dev/vda', '/proc/self/status', '/sys/kernel/vmcoreinfo'])
    openSync(file, 'r')
  watch(GUEST.work, () => undefined).unref()
}

/** TCP pairs over the loopback with bytes waiting, one of them half closed, a unix pair, and what listens. */
async function openOwnSockets(): Promise<void> {
  const accepted: net.Socket[] = []
  const places = [
    { port: 8080, host: '127.0.0.1' },
    { port: 8081, host: '::1' },
    { path: `${GUEST.work}/socket` },
  ]
  const listen = async (at: (typeof places)[number]): Promise<void> => {
    const options = { pauseOnConnect: true, allowHalfOpen: true }
    const server = net.createServer(options, (socket) => accepted.push(socket))
    await once(server.listen(at), 'listening')
  }
  await Promise.all(places.map(listen))
  const clients = places.map((at) => net.connect(at))
  const closing = net.connect({ port: 8080, host: '127.0.0.1', allowHalfOpen: true })
  await Promise.all([...clients, closing].map((client) => once(client, 'connect')))
  for (const client of clients) client.write('never read\n')
  closing.end('the last words\n')
}
