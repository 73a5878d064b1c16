// Requests in the layouts of v5.10 (enum req_opf) and of v6.0 and later (enum req_op).
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { buildKernel } from '../../../test/support/kernel_recipe.ts'
import type { Request } from './block.ts'
import {
  requestBytes,
  requestOperation,
  requestSector,
  requestSinceNsec,
  requestState,
} from './request.ts'

function requests(enumName: string): Request[] {
  const { program, addressOf } = buildKernel({
    types: `typedef unsigned int u32; typedef unsigned long long u64;
      enum ${enumName} { REQ_OP_READ, REQ_OP_WRITE, REQ_OP_FLUSH };
      struct request { u32 cmd_flags; u32 state; u32 __data_len; u64 __sector; u64 start_time_ns; u64 io_start_time_ns; };`,
    variables: { keep: [`enum ${enumName}`] },
    objects: {
      write: [
        'struct request',
        {
          ...{ cmd_flags: 0x801, state: 1, __data_len: 8192, __sector: 77 },
          ...{ start_time_ns: 5, io_start_time_ns: 9 },
        },
      ],
      flush: [
        'struct request',
        { cmd_flags: 2, state: 0, __sector: 0xffff_ffff_ffff_ffffn, start_time_ns: 5 },
      ],
      odd: ['struct request', { cmd_flags: 35, state: 2 }],
    },
  })
  return ['write', 'flush', 'odd'].map((name) =>
    program.objectAt<'request'>('struct request', addressOf(name)),
  )
}

for (const enumName of ['req_opf', 'req_op']) {
  test(`what a request asks for, and since when (enum ${enumName})`, () => {
    const all = requests(enumName).map((request) => [
      requestOperation(request),
      requestState(request),
      requestSector(request),
      requestBytes(request),
      requestSinceNsec(request),
    ])
    assert.deepEqual(all, [
      ['WRITE', 'in flight', 77, 8192, 9n],
      ['FLUSH', 'idle', undefined, 0, 5n],
      ['35', 'complete', 0, 0, undefined],
    ])
  })
}
