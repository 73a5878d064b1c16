// The driver ledger: bugs in plain code, of rules that were not made with it.
import type { CrashKind } from '../../../src/core/diagnose/crash_kind.ts'
import type { FaultExpectation, FaultScenario } from '../scenarios.ts'
import { HUNG } from './deadlocks.ts'

const LOCKED_UP = { 'kernel.softlockup_panic': 1, 'kernel.watchdog_thresh': 2 }
const WARNED = { 'kernel.panic_on_warn': 1 }

const write = (...names: readonly string[]): string =>
  names.map((name) => `sh -c 'echo ${name} > /dev/ledger' &`).join('\nsleep 0.4\n')

function ledger(
  name: string,
  kinds: readonly CrashKind[],
  functions: readonly string[],
  more: Partial<FaultExpectation & Pick<FaultScenario, 'sysctls' | 'run'>> = {},
): FaultScenario {
  const { sysctls = {}, words = [], module = 'ledger', run = write(name), also = [] } = more
  return {
    name: `ledger-${name}`,
    run,
    sysctls,
    expected: { kinds, also, functions, module, words },
  }
}

/** These scenarios. */
export const LEDGER: readonly FaultScenario[] = [
  ledger('lookup-null', ['null-dereference'], ['ledger_charge']),
  ledger('null-slot', ['null-dereference'], ['branch_close'], { words: ['branches'] }),
  ledger('null-global', ['null-dereference'], ['journal_append'], { words: ['open_journal'] }),
  ledger('copy-null', ['null-dereference'], ['statement_copy'], { words: ['lines'] }),
  ledger('compare-null', ['null-dereference'], ['owner_has_mail'], { words: ['mail'] }),
  ledger('clear-tail', ['bad-address'], ['statement_clear_tail']),
  ledger('fill-over', ['bad-address'], ['statement_fill']),
  ledger('wild-index', ['bad-address'], ['bucket_count'], { words: ['buckets'] }),
  ledger('lock-null', ['null-dereference'], ['branch_audit'], { words: ['branch'] }),
  ledger('mutex-null', ['null-dereference'], ['branch_review'], { words: ['branch'] }),
  ledger('error-member', ['error-pointer'], ['journal_last_balance'], { words: ['ESTALE'] }),
  ledger('text-call', ['memory-corruption', 'general-protection'], ['handler_dispatch'], {
    words: ['y-east'],
  }),
  ledger('divide-wide', ['divide-error'], ['average_balance']),
  ledger('list-zeroed', ['list-corruption', 'null-dereference'], ['book_queue']),
  ledger('list-twice', ['list-corruption'], ['book_remove']),
  ledger(
    'list-reused',
    ['use-after-free', 'memory-corruption', 'general-protection'],
    ['book_total'],
  ),
  ledger(
    'free-static',
    ['bad-address', 'slab-corruption', 'bug', 'warning', 'memory-corruption', 'double-free'],
    ['budget_release'],
    { sysctls: WARNED },
  ),
  ledger('free-both', ['double-free'], ['order_cancel', 'order_reject']),
  ledger('get-dead', ['refcount'], ['order_get'], { sysctls: WARNED }),
  ledger('assert', ['bug'], ['order_price']),
  ledger('recursion', ['stack-overflow'], ['tally_left', 'tally_right']),
  ledger('fail-work', ['panic'], ['ledger_fail_work']),
  ledger('irq-work', ['null-dereference'], ['rate_refresh']),
  ledger('other-cpu', ['null-dereference'], ['rate_sync_cpu']),
  ledger('kthread', ['null-dereference'], ['rate_keeper']),
  ledger('tasklet-loop', ['soft-lockup'], ['rate_recount'], { sysctls: LOCKED_UP }),
  ledger('list-loop', ['soft-lockup'], ['rates_sum'], { sysctls: LOCKED_UP }),
  ledger('timer-lock', ['soft-lockup', 'deadlock'], ['rate_tick', 'rate_publish'], {
    sysctls: LOCKED_UP,
    words: ['rate_lock'],
  }),
  ledger('lock-twice', ['deadlock'], ['order_validate', 'order_submit'], {
    sysctls: HUNG,
    words: ['order_lock'],
  }),
  ledger('report-stop', ['deadlock'], ['report_stop', 'report_write'], {
    sysctls: HUNG,
    words: ['report_lock'],
  }),
  ledger('table-resize', ['hung-task'], ['table_scan', 'table_resize'], {
    sysctls: HUNG,
    run: write('table-scan', 'table-resize'),
    words: ['table_sem'],
  }),
  ledger('settle', ['hung-task'], ['settle_day'], {
    sysctls: HUNG,
    run: write('settle', 'settle-next'),
    words: ['settle_lock'],
  }),
]
