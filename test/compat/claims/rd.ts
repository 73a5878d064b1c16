// rd: words of memory.
import { sameAsCrash, defineClaims } from './claim.ts'

export const rd = defineClaims(
  [
    ...['rd linux_banner 10', 'rd -8 linux_banner 20', 'rd -16 linux_banner 20'],
    ...['rd -32 init_task 9', 'rd -d init_task 9', 'rd -D init_task 9', 'rd -x init_task 4'],
    ...['rd -d -8 linux_banner 20', 'rd -D -16 linux_banner 20', 'rd -D -32 init_task 9'],
    ...['rd -o 8 linux_banner 2', 'rd -R linux_banner 6', 'rd -s super_blocks 2', 'rd -p 100000 2'],
  ].map((line) => sameAsCrash(line)),
)
