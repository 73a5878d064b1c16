// `--code` of commands that look at the system as a whole: sys, log, mod, files.
import { codeAddress } from '../operand.ts'
import { commandLineCode, textCode } from './script.ts'
import { eachTask } from './task_loop.ts'

interface SysArgs {
  readonly values: Readonly<Record<'syscalls' | 'taint' | 'dmi' | 'panic', boolean>>
  readonly operands: readonly string[]
}

/** The banner's facts, or the table that was asked for. */
export function sysCode({ values, operands: [what] }: SysArgs): string {
  if (values.panic) return commandLineCode('sys', ['-panic'])
  if (values.taint) return 'console.log(taintLetters(taintFlags(program), taintedMask(program)))'
  if (values.dmi)
    return 'for (const { field, value } of dmiStrings(program)) console.log(field, value)'
  if (what === 'config' && !values.syscalls) return 'console.log(kernelConfig(program))'
  if (!values.syscalls)
    return [
      'const { nodename, release, version, machine } = utsname(program)',
      'console.log(release, version, machine, nodename)',
      "console.log('CPUS:', forEachCpu(program, 'online').length)",
      'console.log(new Date(program.info.crashTime * 1000).toISOString())',
      "console.log('UPTIME:', Number(coarseBoottimeNsec(program)) / 1e9)",
      "console.log('LOAD AVERAGE:', loadAverages(program).map((load) => load.toFixed(2)).join(', '))",
      "console.log('TASKS:', searchTasks(program).tasks.length)",
      "console.log('MEMORY:', presentPages(program) * program.info.pageSize)",
      "console.log('PANIC:', panicMessage(program))",
    ].join('\n')
  const test =
    what === undefined
      ? ''
      : /^(\d+|0x[\da-f]+)$/i.test(what)
        ? `if (number === ${Number(what)}) `
        : `if (name.includes(${textCode(what)})) `
  return `for (const { number, name, address } of forEachSystemCall(program))\n  ${test}console.log(number, name, formatAddress(address))`
}

interface LogArgs {
  readonly values: Readonly<
    Record<'humanTime' | 'noTime' | 'dictionary' | 'level' | 'caller' | 'audit' | 'safe', boolean>
  >
}

/** Records of the log, as the options want them. */
export function logCode({ values }: LogArgs): string {
  if (values.audit)
    return [
      'const records = [...forEachAuditRecord(program)]',
      "for (const { type, text } of records) console.log('type =', type, text)",
      "console.log(records.length, 'audit records')",
    ].join('\n')
  if (values.safe)
    return [
      'const buffers = [...forEachPrintkSafeBuffer(program)]',
      'for (const { name, cpu, text } of buffers) console.log(name, cpu, text)',
      "console.log(buffers.length, 'buffers')",
    ].join('\n')
  const parts = [
    ...(values.noTime
      ? []
      : [values.humanTime ? 'wallTime(record.tsNsec)' : 'formatTimestamp(record.tsNsec)']),
    ...(values.caller ? ['record.callerId'] : []),
    ...(values.level ? ['record.level'] : []),
    'record.text',
    ...(values.dictionary ? ['record.subsystem', 'record.device'] : []),
  ]
  const isPlain = parts.length === 2 && !values.humanTime && !values.noTime
  const print = isPlain ? "formatLogLines(record).join('\\n')" : parts.join(', ')
  const clock = values.humanTime
    ? [
        'const boot = program.info.crashTime - Number(coarseBoottimeNsec(program)) / 1e9',
        'const wallTime = (nsec: bigint) => new Date((boot + Number(nsec) / 1e9) * 1000).toISOString()',
      ]
    : []
  const loop = `for (const record of readLog(program.memory, program.info)) console.log(${print})`
  return [...clock, loop].join('\n')
}

interface ModArgs {
  readonly values: { readonly taints: boolean }
  readonly operands: readonly string[]
}

/** Modules, or what taints each. */
export function modCode({ values, operands: [name] }: ModArgs): string {
  const shown = values.taints
    ? "taintLetters(taintFlags(program), module.bigint('taints'))"
    : 'moduleRanges(module)'
  const only =
    name === undefined
      ? ''
      : `  if (module.string('name') !== ${textCode(name.replaceAll('-', '_').replace(/\.ko.*$/, ''))}) continue\n`
  return `for (const module of forEachModule(program)) {\n${only}  console.log(formatAddress(module.address), module.string('name'), ${shown})\n}\nconsole.log([...forEachModule(program)].length, 'modules')`
}

interface FilesArgs {
  readonly values: {
    readonly dentry: string | undefined
    readonly inode: string | undefined
    readonly nodes: string | undefined
    readonly cache: boolean
    readonly reference: string | undefined
  }
  readonly operands: readonly string[]
}

/** Open files of tasks, a dentry, or the cached pages of an inode. */
export function filesCode({ values, operands }: FilesArgs): string {
  if (values.dentry !== undefined)
    return [
      `const dentry = program.objectAt('dentry', ${codeAddress(values.dentry)})`,
      "const inode = dentry.get('d_inode').deref()",
      'console.log(formatAddress(inode.address), inodeType(inode), dentryPath(dentry))',
    ].join('\n')
  if (values.inode !== undefined)
    return [
      `const inode = program.objectAt('inode', ${codeAddress(values.inode)})`,
      "console.log(inodePages(inode), 'pages')",
      'for (const { index, page } of forEachCachedPage(inode)) console.log(index, formatAddress(page))',
    ].join('\n')
  if (values.nodes !== undefined)
    return [
      `const inode = program.objectAt('inode', ${codeAddress(values.nodes)})`,
      'const counts = new Map()',
      'for (const cached of forEachCachedPage(inode)) {',
      "  const page = program.objectAt('page', cached.page)",
      '  counts.set(pageNode(page), (counts.get(pageNode(page)) ?? 0) + 2 ** compoundOrder(page))',
      '}',
      'console.log(inodePages(inode), counts)',
    ].join('\n')
  const name = 'readCell(() => dPath(filePath(file)))'
  const cache = values.cache ? ', inodeType(fileInode(file)), inodePages(fileInode(file))' : ''
  const test =
    values.reference === undefined
      ? ''
      : `if (String(name).includes(${textCode(values.reference)}) || String(fd) === ${textCode(values.reference)})\n    `
  const body = [
    "console.log('PID:', task.number('pid'), task.string('comm'))",
    'for (const { fd, file } of forEachFile(task)) {',
    `  const name = ${name}`,
    `  ${test}console.log(fd, name${cache})`,
    '}',
  ].join('\n')
  return eachTask(operands, body)
}
