// Directives about the dump itself and what happens around it. Source: kdump.conf(5).
import type { FailureAction, FinalAction } from '../../../capture/capture_config.ts'
import { parseCoreCollector } from '../core_collector.ts'
import type { ConfLine } from '../kdump_conf_lexer.ts'
import type { ConfHooks, KdumpConf } from '../kdump_conf_model.ts'
import {
  type ConfReading,
  type Directive,
  optionWord,
  refuseValue,
  valueWord,
} from './directive.ts'

const FAILURE_ACTIONS: readonly FailureAction[] = [
  'reboot',
  'halt',
  'poweroff',
  'shell',
  'dump_to_rootfs',
]
const FINAL_ACTIONS: readonly FinalAction[] = ['reboot', 'halt', 'poweroff']
const FAILURE_KEY = 'failure_action'

/** kdump.conf(5) shows the folder's name in this form; it is not a template. */
export const NAME_PATTERN = /(?:^|\/)%(?:HOST|HOST_IP|DATE)(?:-%DATE)?\/?$/

function setPath(reading: ConfReading, line: ConfLine): void {
  const { builder } = reading
  const path = line.value.replace(NAME_PATTERN, '')
  if (path !== line.value) {
    const message = `'${line.value.slice(path.length)}' in option 'path' only shows how folders are named`
    const shown = path === '' ? '/' : path
    builder.warn(valueWord(line), message, `dumps go to ${shown}, below it ADDRESS-DATE`)
  }
  if (path.split('/').includes('..')) {
    refuseValue(reading, line, "write a path without '..'")
    return
  }
  builder.set('path', path.startsWith('/') ? path : `/${path}`, valueWord(line))
}

function setCollector({ builder }: ConfReading, line: ConfLine): void {
  const word = (index: number, value: string) => ({
    ...{ line: line.line, column: line.valueColumn + index, value },
  })
  const result = parseCoreCollector(line.value)
  if (!result.ok) {
    const { index, value, what, remedy } = result.problem
    builder.error(word(index, value), `makedumpfile parameter check failed: ${what}`, remedy)
    return
  }
  builder.set('coreCollector', result.collector, valueWord(line))
  for (const { index, value, what, remedy } of result.warnings)
    builder.warn(word(index, value), what, remedy)
}

function setFailureAction({ builder }: ConfReading, line: ConfLine): void {
  const action = FAILURE_ACTIONS.find((candidate) => candidate === line.value)
  const usage = `Usage kdump.conf: failure_action {${FAILURE_ACTIONS.join('|')}}`
  if (action) builder.set('failureAction', action, valueWord(line))
  else builder.error(valueWord(line), usage, `write one of ${FAILURE_ACTIONS.join(', ')}`)
}

function setFinalAction({ builder }: ConfReading, line: ConfLine): void {
  const action = FINAL_ACTIONS.find((candidate) => candidate === line.value)
  const usage = `Usage kdump.conf: final_action {${FINAL_ACTIONS.join('|')}}`
  if (action) builder.set('finalAction', action, valueWord(line))
  else builder.error(valueWord(line), usage, `write one of ${FINAL_ACTIONS.join(', ')}`)
}

function setDefault(reading: ConfReading, line: ConfLine): void {
  const message = "Option 'default' was renamed 'failure_action' and will be removed in the future."
  const isOldRootfs = line.value === 'mount_root_run_init'
  const remedy = isOldRootfs
    ? "understood as 'failure_action dump_to_rootfs': write that"
    : "Please update /etc/kdump.conf to use option 'failure_action' instead."
  reading.builder.warn(optionWord(line), message, remedy)
  setFailureAction(reading, isOldRootfs ? { ...line, value: 'dump_to_rootfs' } : line)
}

const hook = (name: keyof ConfHooks, when: string): Directive => ({
  ...{ name: `kdump_${name}`, origin: 'kdump', value: 'PROGRAM', summary: `run ${when}` },
  apply(reading, line) {
    const { builder } = reading
    if (!line.value.startsWith('/')) {
      refuseValue(reading, line, 'write the absolute path of a program; it gets no arguments')
      return
    }
    builder.set('hooks', { ...builder.conf.hooks, [name]: line.value }, valueWord(line))
  },
})

/** A directive that is a list of words. */
const words = (
  name: string,
  member: 'extraBins' | 'extraModules' | 'fenceKdumpNodes',
  value: string,
  summary: string,
): Directive => ({
  ...{ name, origin: 'kdump', value, summary },
  apply: ({ builder }, line) => {
    builder.set(member, line.value.split(/\s+/), valueWord(line))
  },
})

/** A directive that is 0 or 1. */
const flag = (
  name: string,
  member: 'forceRebuild' | 'forceNoRebuild',
  summary: string,
): Directive => ({
  ...{ name, origin: 'kdump', value: '0|1', summary },
  apply: ({ builder }, line) => {
    if (line.value !== '0' && line.value !== '1')
      builder.error(valueWord(line), `Error: ${name} value is invalid`, 'write 0 or 1')
    else builder.set(member, line.value === '1', valueWord(line))
  },
})

function setAutoReset({ builder }: ConfReading, line: ConfLine): void {
  // kdumpctl takes everything but the exact word 'no' for yes.
  if (line.value !== 'yes' && line.value !== 'no') {
    const message = `'${line.value}' in option 'auto_reset_crashkernel' means yes`
    builder.warn(valueWord(line), message, "write 'yes' or 'no'")
  }
  builder.set('autoResetCrashkernel', line.value !== 'no', valueWord(line))
}

const BACKENDS: readonly KdumpConf['initramfs'][] = ['auto', 'builtin', 'dracut', 'initramfs-tools']

function setInitramfs(reading: ConfReading, line: ConfLine): void {
  const backend = BACKENDS.find((candidate) => candidate === line.value)
  if (backend) reading.builder.set('initramfs', backend, valueWord(line))
  else refuseValue(reading, line, `write one of ${BACKENDS.join(', ')}`)
}

function setSshKey(reading: ConfReading, line: ConfLine): void {
  if (line.value.startsWith('/')) reading.builder.set('sshKey', line.value, valueWord(line))
  else refuseValue(reading, line, 'write the absolute path of a private key')
}

/** In the order of the documentation. */
export const DUMP_DIRECTIVES: readonly Directive[] = [
  {
    ...{ name: 'path', origin: 'kdump', value: 'FOLDER' },
    summary: 'folder of the dumps: in the target, or absolute without one (/var/crash)',
    apply: setPath,
  },
  {
    ...{ name: 'core_collector', origin: 'kdump', value: 'COMMAND' },
    summary: 'what is left out and how it is compressed (makedumpfile -l --message-level 7 -d 31)',
    apply: setCollector,
  },
  {
    ...{ name: 'sshkey', origin: 'kdump', value: 'FILE' },
    summary: 'private key of ssh targets (/root/.ssh/kdump_id_rsa)',
    apply: setSshKey,
  },
  {
    ...{ name: FAILURE_KEY, origin: 'kdump', value: FAILURE_ACTIONS.join('|') },
    summary: 'what to do when any step failed and no target took the dump (reboot)',
    apply: setFailureAction,
  },
  {
    ...{ name: 'final_action', origin: 'kdump', value: FINAL_ACTIONS.join('|') },
    summary: 'what to do at the end (reboot)',
    apply: setFinalAction,
  },
  hook('pre', 'before the dump; a failure takes failure_action'),
  hook('post', "after the dump, with its exit status as '$1'"),
  hook('emergency', 'before failure_action'),
  words('extra_bins', 'extraBins', 'FILE…', 'more programs for the image, with their libraries'),
  words('extra_modules', 'extraModules', 'MODULE…', 'more kernel modules for the image'),
  flag('force_rebuild', 'forceRebuild', 'build the image at every start (0)'),
  flag('force_no_rebuild', 'forceNoRebuild', 'keep the image there is; a missing one is built (0)'),
  {
    ...{ name: 'auto_reset_crashkernel', origin: 'kdump', value: 'yes|no' },
    summary: 'let an update reset crashkernel= to its default (yes)',
    apply: setAutoReset,
  },
  {
    ...{ name: 'fence_kdump_args', origin: 'kdump', value: 'ARGUMENTS' },
    summary: 'arguments of fence_kdump_send',
    apply: ({ builder }, line) => builder.set('fenceKdumpArgs', line.value, valueWord(line)),
  },
  words(
    'fence_kdump_nodes',
    'fenceKdumpNodes',
    'NODE…',
    'nodes of the cluster to tell that a dump is being taken',
  ),
  {
    ...{ name: 'initramfs', origin: 'kbox', value: BACKENDS.join('|') },
    summary: 'who makes the capture image (auto)',
    apply: setInitramfs,
  },
  {
    ...{ name: 'default', origin: 'old', value: 'ACTION', key: FAILURE_KEY },
    summary: 'failure_action; mount_root_run_init is dump_to_rootfs',
    apply: setDefault,
  },
]
