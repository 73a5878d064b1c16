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
]
/** These start a new process again and again, until they are stopped. */
const RESTLESS: readonly string[] = [
  `exec 8>> ${GUEST.work}/shell.log; while :; do echo tick >&8; sleep 1; done`,
  'while :; do sleep 0.7; done',
]
const SPINNING = 'while :; do :; done'

/** Start it all; returns when it has settled. */
export async function startWorkload(): Promise<Workload> {
  run(`mkfifo ${GUEST.work}/fifo; touch ${GUEST.work}/shell.log`)
  await sleep(100)
  for (const line of BACKGROUND) run(line)
  const restless = RESTLESS.map(run)
  const spinning = run(SPINNING)
  process.kill(spinning, 'SIGSTOP')
  openOwnFiles()
  await openOwnSockets()
  await sleep(300)
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

/** A TCP pair over the loopback with bytes waiting, a unix pair, and what listens. */
async function openOwnSockets(): Promise<void> {
  const accepted: net.Socket[] = []
  const tcp = net.createServer({ pauseOnConnect: true }, (socket) => accepted.push(socket))
  const unix = net.createServer({ pauseOnConnect: true }, (socket) => accepted.push(socket))
  tcp.listen(8080, '127.0.0.1')
  unix.listen(`${GUEST.work}/socket`)
  await Promise.all([once(tcp, 'listening'), once(unix, 'listening')])
  const clients = [net.connect(8080, '127.0.0.1'), net.connect(`${GUEST.work}/socket`)]
  await Promise.all(clients.map((client) => once(client, 'connect')))
  for (const client of clients) client.write('never read\n')
}
