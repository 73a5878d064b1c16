// A session at a terminal: what people press, and what they see. The dump is the small kernel of the recipes.
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { after, test } from 'node:test'
import { writeKernelFile } from '../../test/support/kernel_file.ts'
import { smallKernel } from '../../test/support/small_kernel.ts'
import { KEYS, Terminal } from '../../test/support/terminal.ts'

const folder = mkdtempSync(path.join(tmpdir(), 'kbox-repl-'))
const vmcore = path.join(folder, 'vmcore')
writeKernelFile(smallKernel().program, vmcore)
after(() => rmSync(folder, { recursive: true }))

const start = (): Terminal =>
  new Terminal([process.execPath, 'src/cli/main.ts', 'crash', '-s', vmcore], {
    XDG_STATE_HOME: folder,
    HOME: folder,
  })

test('commands, symbols, types and members are completed', async () => {
  await using terminal = start()
  await terminal.see(/crash> $/)
  terminal.type('struct task_struct.exit_')
  await terminal.see(/exit_$/)
  terminal.type(KEYS.tab)
  await terminal.see(/state$/)
  terminal.type(KEYS.enter)
  await terminal.see(/int exit_state;/)
  await terminal.see(/crash> $/)
  terminal.type('whati')
  await terminal.see(/whati$/)
  terminal.type(KEYS.tab)
  await terminal.see(/s ?$/)
  terminal.type(' jiff')
  await terminal.see(/jiff$/)
  terminal.type(KEYS.tab)
  await terminal.see(/ies ?$/)
  terminal.type(KEYS.enter)
  await terminal.see(/unsigned long jiffies;/)
})

test('Ctrl-C ends a command, not the session', async () => {
  await using terminal = start()
  await terminal.see(/crash> $/)
  terminal.type(`js console.log(6 * 7); for (;;) {}${KEYS.enter}`)
  await terminal.see(/\n42\n/)
  terminal.type(KEYS.ctrlC)
  await terminal.see(/interrupted by `SIGINT`/)
  await terminal.see(/crash> $/)
  terminal.type(`p 40+2${KEYS.enter}`)
  await terminal.see(/= 42/)
})

test('Ctrl-C ends code that prints and prints, at either prompt, and what comes then is shown', async () => {
  await using terminal = start()
  const interrupt = async (line: string): Promise<void> => {
    terminal.type(`${line}${KEYS.enter}`)
    await terminal.see(/(\n42){9}/)
    terminal.type(KEYS.ctrlC)
    await terminal.see(/interrupted by `SIGINT`/)
  }
  await terminal.see(/crash> $/)
  await interrupt('js for (;;) console.log(6 * 7)')
  await terminal.see(/crash> $/)
  terminal.type(`js${KEYS.enter}`)
  await terminal.see(/js> $/)
  await interrupt('for (;;) console.log(6 * 7)')
  await terminal.see(/js> $/)
  terminal.type(`console.log(7 * 9)${KEYS.enter}`)
  await terminal.see(/\n63\n/)
  await terminal.see(/js> $/)
})

test('lines are remembered, by this session and the next', async () => {
  {
    await using terminal = start()
    await terminal.see(/crash> $/)
    terminal.type(`p 1000+1${KEYS.enter}`)
    await terminal.see(/= 1001/)
    await terminal.see(/crash> $/)
    terminal.type(`${KEYS.up}${KEYS.enter}`)
    await terminal.see(/= 1001/)
    await terminal.see(/crash> $/)
    terminal.type(KEYS.ctrlD)
    assert.equal(await terminal.ended(), 0)
  }
  await using later = start()
  await later.see(/crash> $/)
  later.type(`${KEYS.up}${KEYS.enter}`)
  await later.see(/= 1001/)
})

test('a pipe and a shell command have the terminal while they run', async () => {
  await using terminal = start()
  await terminal.see(/crash> $/)
  terminal.type(`struct task_struct | grep -c pid${KEYS.enter}`)
  await terminal.see(/\n2\n/)
  await terminal.see(/crash> $/)
  terminal.type(`!echo from-the-shell${KEYS.enter}`)
  await terminal.see(/\nfrom-the-shell\n/)
})

test("js is a prompt of its own, with the dump's names, and leads back", async () => {
  await using terminal = start()
  await terminal.see(/crash> $/)
  terminal.type(`js${KEYS.enter}`)
  await terminal.see(/js> $/)
  terminal.type(`task.comm${KEYS.enter}`)
  await terminal.see(/\nworker\n/)
  await terminal.see(/js> $/)
  terminal.type(`task.pidd${KEYS.enter}`)
  await terminal.see(/has no pidd \(did you mean pid\?\)/)
  await terminal.see(/js> $/)
  terminal.type('k.init_task.com')
  await terminal.see(/com$/)
  terminal.type(KEYS.tab)
  await terminal.see(/m$/)
  terminal.type(KEYS.enter)
  await terminal.see(/swapper\/0/)
  await terminal.see(/js> $/)
  terminal.type(KEYS.ctrlD)
  await terminal.see(/crash> $/)
  terminal.type(`exit${KEYS.enter}`)
  assert.equal(await terminal.ended(), 0)
})
