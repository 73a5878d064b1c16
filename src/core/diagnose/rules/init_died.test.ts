// Ends of PID 1, as do_exit() words them.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { sceneOf, type SceneRecipe } from '../../../../test/support/scene.ts'
import type { Finding } from '../rule.ts'
import { initDied } from './init_died.ts'

const died = (
  code: string,
  frames: readonly string[],
  more: readonly string[] = [],
): SceneRecipe => ({
  log: [...more, `Kernel panic - not syncing: Attempted to kill init! exitcode=0x${code}`],
  tasks: { init: { pid: 1, comm: 'bash', cpu: 0, frames: ['panic', 'do_exit', ...frames] } },
  panicCpu: 0,
})
const only = (recipe: SceneRecipe): Finding => {
  const [finding] = initDied.find(sceneOf(recipe))
  assert.ok(finding)
  return finding
}

test('the exit code is told apart into a status and a signal', () => {
  const exits = [
    ['00000300', 'exited with status 3'],
    ['00000000', 'exited with status 0'],
    ['0000000b', 'was killed by SIGSEGV (11)'],
    ['0000008b', 'was killed by SIGSEGV (11), a core was to be dumped'],
    ['00000009', 'was killed by SIGKILL (9)'],
  ] as const
  for (const [code, text] of exits)
    assert.equal(only(died(code, [])).title, `init died: PID 1 "bash" ${text}`)
})

test('the way it went is in its stack, and its fault in the log', () => {
  const exited = only(died('00000100', ['do_group_exit', '__x64_sys_exit_group', 'do_syscall_64']))
  assert.ok(exited.evidence.some(({ text }) => text === 'it called exit itself'))
  const line = 'bash[1]: segfault at 8 ip 000055d sp 00007ff error 4 in bash[55d+1000]'
  const other = 'cron[12]: segfault at 8 ip 000055d sp 00007ff error 4 in cron[55d+1000]'
  const killed = only(died('0000000b', ['get_signal', 'exit_to_user_mode_loop'], [other, line]))
  const said = killed.evidence.map(({ text }) => text)
  assert.ok(said.includes(`the log says: ${line}`))
  assert.ok(!said.includes(`the log says: ${other}`))
  assert.ok(said.includes('it was ended by a signal, in get_signal()'))
  assert.equal(killed.culprit?.unit, 'PID 1 "bash"')
})

test('a thread of init that takes it down is named', () => {
  const finding = only({
    log: ['Kernel panic - not syncing: Attempted to kill init! exitcode=0x00000006'],
    tasks: {
      init: { pid: 1, comm: 'app' },
      helper: { pid: 20, tgid: 1, comm: 'pool', cpu: 0, frames: ['panic', 'do_exit'] },
    },
    panicCpu: 0,
  })
  assert.equal(finding.title, 'init died: PID 20 "pool" was killed by SIGABRT (6)')
})

test('the end of an idle task is not that of init', () => {
  const log = ['Kernel panic - not syncing: Attempted to kill the idle task!']
  assert.deepEqual([...initDied.find(sceneOf({ log }))], [])
})
