// Parsers of the kernel's own formats, on lines that kernels printed.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  formatIpv6,
  parseBuddyInfo,
  parseCounts,
  parseHeaded,
  parseInetSockets,
  parseInterrupts,
  parseMaps,
  parseMountInfo,
  parseNetDevices,
  parsePagemap,
  parseResources,
  parseSlabInfo,
  parseStatus,
  parseTable,
  parseUnixSockets,
  parseVmallocInfo,
  parseZoneInfo,
} from './truth_files.ts'

test('slabinfo gives objects and slabs of each cache', () => {
  const text = `slabinfo - version: 2.1
# name            <active_objs> <num_objs> <objsize> <objperslab> <pagesperslab> : tunables <limit> <batchcount> <sharedfactor> : slabdata <active_slabs> <num_slabs> <sharedavail>
dentry             19026  19950    192   21    1 : tunables    0    0    0 : slabdata    940    950      0
`
  assert.deepEqual(parseSlabInfo(text), [
    {
      name: 'dentry',
      activeObjects: 19026,
      objects: 19950,
      objectSize: 192,
      objectsPerSlab: 21,
      pagesPerSlab: 1,
      slabs: 950,
    },
  ])
})

test('interrupts give a count a CPU, and the names of who waits', () => {
  const text = `           CPU0       CPU1       
  9:         77          0   IO-APIC   9-fasteoi   acpi, pciehp
 24:          0          5   PCI-MSIX-0000:00:02.0   0-edge      virtio0-config
LOC:       2856       3337   Local timer interrupts
ERR:          3
`
  assert.deepEqual(
    parseInterrupts(text).map(({ irq, counts, actions }) => [irq, counts, actions]),
    [
      ['9', [77, 0], ['acpi', 'pciehp']],
      ['24', [0, 5], ['virtio0-config']],
      ['LOC', [2856, 3337], []],
      ['ERR', [3], []],
    ],
  )
})

test('sockets of the internet give addresses as people write them', () => {
  const text = `  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   1: 0100007F:1F90 0100007F:8524 01 00000002:0000000B 00:00000000 00000000  1000        0 1311 1 ffff88800e704351 20 4 30 10 -1
   2: 00000000000000000000000001000000:1F91 B80D0120000000000000000001000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 712 1 00000000a5eb3024 100 0 0 10 0
`
  const [first, second] = parseInetSockets(text)
  assert.deepEqual(first, {
    local: '127.0.0.1:8080',
    remote: '127.0.0.1:34084',
    state: 1,
    sendQueue: 2,
    receiveQueue: 11,
    uid: 1000,
    inode: 1311,
    sock: 0xffff88800e704351n,
  })
  assert.equal(second?.local, '[::1]:8081')
  assert.equal(second?.remote, '[2001:db8::1]:0')
})

test('only the longest run of zeroes is shortened', () => {
  const format = (text: string): string =>
    formatIpv6(text.split(' ').map((byte) => Number.parseInt(byte, 16)))
  assert.equal(format('20 01 0 0 0 0 0 1 0 0 0 0 0 0 0 2'), '2001:0:0:1::2')
  assert.equal(format('0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0'), '::')
  assert.equal(format('0 1 0 2 0 3 0 4 0 5 0 6 0 0 0 8'), '1:2:3:4:5:6:0:8')
  assert.equal(format('fe 80 0 0 0 0 0 0 0 0 0 0 0 0 0 0'), 'fe80::')
})

test('unix sockets may have no path, and one with blanks', () => {
  const text = `Num       RefCount Protocol Flags    Type St Inode Path
ffff888003d6c000: 00000003 00000000 00000000 0001 03  1612
ffff888003d6c400: 00000002 00000000 00010000 0002 01   411 @two words
`
  assert.deepEqual(
    parseUnixSockets(text).map(({ references, flags, type, state, inode, path }) => {
      return [references, flags, type, state, inode, path]
    }),
    [
      [3, 0, 1, 3, 1612, ''],
      [2, 0x10000, 2, 1, 411, '@two words'],
    ],
  )
})

test('a table gives its cells by the names of its head', () => {
  const text = 'Filename\t\t\tType\t\tSize\tUsed\tPriority\n/dev/zram0   partition\t8188\t192\t10\n'
  assert.deepEqual(parseTable(text), [
    { Filename: '/dev/zram0', Type: 'partition', Size: '8188', Used: '192', Priority: '10' },
  ])
})

test('devices of the network give what came and went', () => {
  const text = `Inter-|   Receive |  Transmit
 face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier compressed
    lo:    1108      18    0    0    0     0          0         0     1109      19    0    0    0     0       0          0
`
  assert.deepEqual(parseNetDevices(text), [
    { name: 'lo', rxBytes: 1108, rxPackets: 18, txBytes: 1109, txPackets: 19 },
  ])
})

test('maps give ranges, with or without a path', () => {
  const text = `00400000-00401000 r--p 00000000 fe:00 19                                 /bin/two\\040words
7ffd1000-7ffd3000 rw-p 00000000 00:00 0 
`
  assert.deepEqual(
    parseMaps(text).map(({ start, end, permissions, device, inode, path }) => {
      return [start, end, permissions, device, inode, path]
    }),
    [
      [0x400000n, 0x401000n, 'r--p', 'fe:00', 19, '/bin/two words'],
      [0x7ffd1000n, 0x7ffd3000n, 'rw-p', '00:00', 0, ''],
    ],
  )
})

test('a pagemap entry is present with a frame, or swapped with a place', () => {
  const text = '400000 a1800000001cd7ca 40000086c 2\n7f0000 4080000000000602 0 0\n'
  const [present, swapped] = parsePagemap(text)
  assert.equal(present?.pfn, 0x1cd7ca)
  assert.deepEqual(
    [present?.present, present?.fileBacked, present?.exclusive, present?.softDirty],
    [true, true, true, true],
  )
  assert.deepEqual([present?.flags, present?.mapCount], [0x4_0000_086cn, 2])
  assert.deepEqual(
    [swapped?.swapped, swapped?.pfn, swapped?.swapType, swapped?.swapOffset],
    [true, undefined, 2, 0x30],
  )
})

test('vmallocinfo gives areas with and without a caller', () => {
  const text = `0xffffc90000000000-0xffffc90000005000   20480 setup+0xf4/0x130 [zram] pages=4 vmalloc N0=4
0xffffc90000005000-0xffffc90000007000    8192 vm_map_ram
`
  assert.deepEqual(parseVmallocInfo(text), [
    {
      start: 0xffffc90000000000n,
      end: 0xffffc90000005000n,
      size: 20480,
      caller: 'setup+0xf4/0x130 [zram]',
      words: ['pages=4', 'vmalloc', 'N0=4'],
    },
    {
      start: 0xffffc90000005000n,
      end: 0xffffc90000007000n,
      size: 8192,
      caller: '',
      words: ['vm_map_ram'],
    },
  ])
})

test('zoneinfo gives the zone’s counts, not those of its per-CPU lists', () => {
  const text = `Node 0, zone      DMA
  per-node stats
      nr_active_anon 10083
  pages free     3545
        boost    0
        min      189
        managed  3840
        protection: (0, 232, 232, 232, 232)
      nr_free_pages 3545
  pagesets
    cpu: 0
              count:    7
              high:     8
  vm stats threshold: 4
  node_unreclaimable:  0
  start_pfn:           1
Node 0, zone   Normal
  pages free     0
`
  const [dma, normal] = parseZoneInfo(text)
  assert.deepEqual(dma && [...dma.counts], [
    ['nr_active_anon', 10083],
    ['pages free', 3545],
    ['boost', 0],
    ['min', 189],
    ['managed', 3840],
    ['nr_free_pages', 3545],
    ['node_unreclaimable', 0],
    ['start_pfn', 1],
  ])
  assert.equal(normal?.name, 'Normal')
})

test('buddyinfo gives free blocks by order', () => {
  assert.deepEqual(parseBuddyInfo('Node 0, zone    DMA32     52     40     22 \n'), [
    { node: 0, zone: 'DMA32', free: [52, 40, 22] },
  ])
})

test('mountinfo gives paths with their blanks, whatever optional fields there are', () => {
  const text =
    '35 27 0:29 / /srv/two\\040words rw,relatime shared:7 - tmpfs small rw,size=1024k,mode=700\n'
  assert.deepEqual(parseMountInfo(text), [
    {
      id: 35,
      parent: 27,
      device: '0:29',
      root: '/',
      path: '/srv/two words',
      options: 'rw,relatime',
      type: 'tmpfs',
      source: 'small',
      superOptions: 'rw,size=1024k,mode=700',
    },
  ])
})

test('counts, status and headed files give their parts by name', () => {
  const counts = parseCounts('MemTotal:         275280 kB\nHugePages_Total:       2\nnr_dirty 7\n')
  assert.deepEqual(Object.fromEntries(counts), {
    MemTotal: 275280,
    HugePages_Total: 2,
    nr_dirty: 7,
  })
  const status = parseStatus('Name:\ttwo words\nShdPnd:\t0000008000004000\nGroups:\t \n')
  assert.equal(status.get('Name'), 'two words')
  assert.equal(status.get('ShdPnd'), '0000008000004000')
  const headed = parseHeaded('== /a/b\n1\n2\n== /c\n== /d\n3\n')
  assert.deepEqual(Object.fromEntries(headed), { '/a/b': '1\n2\n', '/c': '', '/d': '3\n' })
})

test('resources give their depth', () => {
  const text = '000a0000-000fffff : PCI Bus 0000:00\n  000f0000-000fffff : System ROM\n'
  assert.deepEqual(parseResources(text), [
    { start: 0xa0000n, end: 0xfffffn, name: 'PCI Bus 0000:00', depth: 0 },
    { start: 0xf0000n, end: 0xfffffn, name: 'System ROM', depth: 1 },
  ])
})
