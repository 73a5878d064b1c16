// Lists found broken in every wording; one whose pointers are read again.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { OOPS_TEXTS } from '../../../../test/support/oops_texts.ts'
import { sceneOf, type SceneRecipe } from '../../../../test/support/scene.ts'
import { listCorruption } from './list_corruption.ts'

const FRAMES = ['__list_del_entry_valid_or_report!', 'session_unlink', 'session_close', 'vfs_write']
const OOPS = [
  '------------[ cut here ]------------',
  'kernel BUG at lib/list_debug.c:62!',
  'invalid opcode: 0000 [#1] PREEMPT SMP',
  'RIP: 0010:__list_del_entry_valid_or_report+0x10/0x80',
]

test('an entry with the poison of a deletion was deleted before: that is certain', () => {
  const [finding] = listCorruption.find(sceneOf({ log: OOPS_TEXTS['list corruption, 6.12'] }))
  assert.equal(
    finding?.title,
    'an entry was deleted from its list that had been deleted before in session_unlink() [sensorhub]',
  )
  assert.equal(finding?.role, 'cause')
  assert.ok(finding?.explains.includes('bug'))
})

test('of a neighbour that points elsewhere the pointers are read again, and the list is named', () => {
  const list: SceneRecipe = {
    tasks: { sh: { pid: 9, cpu: 0, frames: FRAMES } },
    panicCpu: 0,
    variables: { sessions: ['struct list_head'] },
    objects: { one: ['struct list_head'] },
    lists: { sessions: ['one'] },
  }
  const { program } = sceneOf(list)
  const entry = (0xffff_8880_0400_0000n + 0x123_0000n).toString(16)
  const one = program.memory.u64(program.symbol('sessions')).toString(16)
  const line = `list_del corruption. prev->next should be ${entry}, but was 6b6b6b6b6b6b6b6b. (prev=${one})`
  const scene = sceneOf({ ...list, log: [line, ...OOPS] })
  const [finding] = listCorruption.find(scene)
  assert.equal(
    finding?.title,
    'list_del() found prev->next to be POISON_FREE instead of the entry in session_unlink()',
  )
  assert.equal(finding?.confidence, 'likely')
  assert.equal(finding?.role, 'cause')
  assert.ok(finding?.evidence.some(({ text }) => text.startsWith('the list leads to')))
})

test('the function that checks is enough where the log is lost', () => {
  const tasks = { sh: { pid: 9, cpu: 0, frames: ['__list_add_valid!', 'hub_add', 'vfs_write'] } }
  const [finding] = listCorruption.find(sceneOf({ tasks, panicCpu: 0 }))
  assert.equal(finding?.title, 'list_add() found the list broken in hub_add()')
})

test('other trouble is none of lists', () => {
  assert.deepEqual([...listCorruption.find(sceneOf({ log: OOPS_TEXTS['BUG, 6.1'] }))], [])
})
