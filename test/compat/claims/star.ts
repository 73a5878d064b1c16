// *: struct under a shorter name.
import { defineClaims } from './claim.ts'
import { readsUserMemory, sameAsGdb } from './gdb_text.ts'

export const star = defineClaims([
  ...sameAsGdb([
    ...['* list_head init_task', '* -o list_head', '* -x list_head.next init_task', '* page'],
    ...['* -c 2 list_head init_task', '* -r list_head init_task', '* -d list_head init_task'],
    ...['* -l task_struct.tasks task_struct.pid init_task', '* -p list_head.next super_blocks'],
  ]),
  readsUserMemory('* -u list_head ADDRESS'),
])
