// Audit records still in the kernel, not yet read by auditd. Source: kernel/audit.c, include/uapi/linux/netlink.h.
import { CorruptError } from '../base/errors.ts'
import { decodeCString } from '../base/text.ts'
import type { Program } from '../program/program.ts'
import { listForEach } from './list.ts'

/** One audit message. */
export interface AuditRecord {
  /** AUDIT_SYSCALL is 1300, … */
  readonly type: number
  /** `audit(1489384479.809:4343): …`. */
  readonly text: string
}

/** Where records wait, oldest first: for an auditd that went away, after a failed send, and newly made. */
const QUEUES = [
  'audit_hold_queue',
  'audit_retry_queue',
  'audit_queue',
  'audit_skb_hold_queue',
  'audit_skb_queue',
]
/** MAX_AUDIT_MESSAGE_LENGTH is 8970. */
const MESSAGE_SIZE_MAX = 65_536
/** sizeof(struct nlmsghdr). */
const NLMSG_HDRLEN = 16

/**
 * Walk the waiting audit records.
 *
 * @throws {CorruptError} after the good ones, if a record's length is absurd
 * @source kernel/audit.c kauditd_thread()
 */
export function* forEachAuditRecord(program: Program): Generator<AuditRecord> {
  const { memory } = program
  for (const name of QUEUES.filter((queue) => program.hasSymbol(queue))) {
    // struct sk_buff_head begins like a list_head, and so does struct sk_buff.
    for (const address of listForEach(program.object(name, 'struct sk_buff_head'))) {
      const data = program.objectAt('struct sk_buff', address).pointer('data')
      const length = memory.u32(data)
      if (length < NLMSG_HDRLEN || length > MESSAGE_SIZE_MAX)
        throw new CorruptError(data, `audit record of ${length} bytes`)
      const text = memory.bytes(data + BigInt(NLMSG_HDRLEN), length - NLMSG_HDRLEN)
      yield { type: memory.u16(data + 4n), text: decodeCString(text) }
    }
  }
}
