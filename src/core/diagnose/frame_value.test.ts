// Arguments of functions on a stack: in a register of an interrupted one, or as its callers' code passed them.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as iced from 'iced-x86'
import { sceneOf } from '../../../test/support/scene.ts'
import { registerDisassembler } from '../arch/disassembler.ts'
import { createX86Disassembler } from '../arch/x86_64_disassembler.ts'
import { frameArgument } from './frame_value.ts'

registerDisassembler('x86_64', () => createX86Disassembler(iced))

const bytes = (hex: string): Uint8Array =>
  Uint8Array.from(hex.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16))

test('an interrupted function has its argument where its code put it', () => {
  const scene = sceneOf({
    functions: { spin: 0x80 },
    tasks: {
      app: {
        ...{ pid: 70, cpu: 0 },
        frames: [
          'panic',
          'asm_sysvec_apic_timer_interrupt',
          { name: 'spin!', registers: { bx: 0x1234 } },
          'x',
        ],
      },
    },
    // push %rbx; mov %rdi,%rbx; xor %edi,%edi; and nothing up to where it stands.
    more: (kernel) => {
      const code = new Uint8Array(0x80).fill(0x90)
      code.set(bytes('534889fb31ff'))
      kernel.image.write(kernel.addressOf('spin'), code)
    },
    panicCpu: 0,
  })
  const frames = scene.panicTrace.frames.slice(2)
  assert.equal(frames[0]?.name, 'spin')
  assert.equal(frameArgument(scene.program, frames, 0, 0), 0x1234n)
})

test('what callers pass on is followed to the constant, and not further than the code is known', () => {
  const scene = sceneOf({
    functions: { outer: 0x80, inner: 0x80, leaf: 0x80 },
    tasks: {
      app: {
        ...{ pid: 70 },
        frames: ['leaf', { name: 'inner', offset: 9 }, { name: 'outer', offset: 12 }, 'x'],
      },
    },
    more: (kernel) => {
      const relative = (at: bigint, target: string): string => {
        const view = new DataView(new ArrayBuffer(4))
        view.setInt32(0, Number(kernel.addressOf(target) - at - 5n), true)
        return [...new Uint8Array(view.buffer)]
          .map((byte) => byte.toString(16).padStart(2, '0'))
          .join('')
      }
      const inner = kernel.addressOf('inner')
      const outer = kernel.addressOf('outer')
      // add $0x10,%rdi; call leaf
      kernel.image.write(inner, bytes(`4883c710e8${relative(inner + 4n, 'leaf')}`))
      // mov $0xffffffff82000100,%rdi; call inner
      kernel.image.write(outer, bytes(`48c7c700010082e8${relative(outer + 7n, 'inner')}`))
    },
  })
  const [app] = scene.tasks
  assert.ok(app)
  const { frames } = scene.trace(app)
  assert.deepEqual(
    frames.slice(0, 3).map(({ name }) => name),
    ['leaf', 'inner', 'outer'],
  )
  assert.equal(frameArgument(scene.program, frames, 1, 0), 0xffff_ffff_8200_0100n)
  assert.equal(frameArgument(scene.program, frames, 0, 0), 0xffff_ffff_8200_0110n)
  assert.equal(frameArgument(scene.program, frames, 2, 0), undefined)
})
