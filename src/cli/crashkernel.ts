// kbox crashkernel: what a kernel makes of crashkernel=, and what distributions put there.
import { UsageError } from '../core/base/errors.ts'
import { type OptionValues, parseOptions } from '../core/base/options.ts'
import { uniteCrashkernel } from '../host/control/crashkernel/crashkernel_add.ts'
import { bytesFor, defaultCrashkernel } from '../host/control/crashkernel/default_value.ts'
import {
  explainCrashkernel,
  explainedMachine,
  type ExplainedMachine,
  type Explanation,
} from '../host/control/crashkernel/explain.ts'
import {
  type CrashkernelFacts,
  readCrashkernelFacts,
} from '../host/control/crashkernel/machine_facts.ts'
import { ramSize, type Region } from '../host/control/crashkernel/memory_map.ts'
import { formatSize } from '../host/control/crashkernel/memparse.ts'
import { parseSizeOption } from './size_option.ts'

const OPTIONS = {
  ram: { type: 'string', value: 'size' },
  arch: { type: 'string', value: 'name' },
  release: { type: 'string', value: 'name' },
  distro: { type: 'string', value: 'name', multiple: true },
  fadump: { type: 'boolean' },
  json: { type: 'boolean' },
  root: { type: 'string', value: 'dir' },
} as const

type Values = OptionValues<typeof OPTIONS>

/**
 * Run `kbox crashkernel explain|default`.
 *
 * @returns exit code: 0, 1 if a string reserves nothing
 * @throws {UsageError} for an unknown part, size, architecture or distribution
 */
export async function crashkernelMain(argv: readonly string[]): Promise<number> {
  const { values, operands } = parseOptions(OPTIONS, argv)
  const [part, ...strings] = operands
  if (part === 'explain') return explain(values, strings)
  if (part === 'default' && strings.length === 0) return printDefault(values)
  throw new UsageError(
    part === 'default' ? `default takes no ${strings.join(' ')}` : 'say explain or default',
  )
}

function explain(values: Values, strings: readonly string[]): number {
  const facts = readFacts(values)
  const machine = explainedMachine(facts, readRam(values))
  const asked = strings.length === 0 ? [facts.cmdline] : strings.map(asCmdline)
  const explanations = asked.map((cmdline) => explainCrashkernel(cmdline, machine))
  if (values.json) {
    const { kind, map } = machine
    const data = {
      version: 1,
      arch: kind.arch.name,
      release: facts.release,
      ramBytes: ramSize(map),
      isMapAssumed: map.isAssumed,
      explanations,
    }
    process.stdout.write(`${JSON.stringify(data, null, 2)}\n`)
  } else {
    const parts = explanations.map((explanation) => formatExplanation(explanation))
    process.stdout.write([formatMachine(machine, facts.release), ...parts].join('\n'))
  }
  return explanations.every(({ failure }) => failure === '') ? 0 : 1
}

/** A value alone, `256M`, is as `crashkernel=256M`. */
function asCmdline(text: string): string {
  return text.includes('crashkernel=') ? text : `crashkernel=${text}`
}

function formatMachine({ kind, map }: ExplainedMachine, release: string): string {
  const ram = `${formatSize(BigInt(Math.floor(ramSize(map) / 2 ** 20)) << 20n)} of RAM`
  const assumed = map.isAssumed ? ', its map assumed' : ''
  return `${kind.arch.name}, kernel ${release || 'unknown'}, ${ram}${assumed}\n`
}

function formatExplanation(explanation: Explanation): string {
  const { cmdline, auto, verdicts, main, low, cmaBytes, failure, messages, advice } = explanation
  const lines = [cmdline]
  if (auto !== '') lines.push(`  auto is ${auto} on this kernel`)
  for (const { text, isUsed, reason } of verdicts)
    lines.push(`  ${isUsed ? '+' : '-'} ${text}: ${reason}`)
  lines.push(
    main ? `  reserves ${describeRegion(main)}` : `  reserves nothing: ${failure}`,
    ...(low ? [`  and ${describeRegion(low)}`] : []),
    ...(cmaBytes > 0 ? [`  and lends ${formatSize(BigInt(cmaBytes))} of movable memory`] : []),
    ...messages.map((message) => `  the kernel says: ${message}`),
    ...advice.map((text) => `  advice: ${text}`),
  )
  return `${lines.join('\n')}\n`
}

function describeRegion({ start, end }: Region): string {
  const place = start >= 2 ** 32 ? 'above 4G' : 'below 4G'
  return `${formatSize(BigInt(end - start))} at 0x${start.toString(16)}-0x${(end - 1).toString(16)}, ${place}`
}

function printDefault(values: Values): number {
  const facts = readFacts(values)
  const ramBytes = readRam(values) ?? facts.ramBytes
  const mode = values.fadump ? 'fadump' : 'kdump'
  const distros = values.distro.length === 0 ? [facts.distro] : values.distro
  const found = distros.map((distro) => defaultCrashkernel(distro, { ...facts, ramBytes }, mode))
  const value = found.map((each) => each.value).reduce(unite)
  const bytes = bytesFor(value, ramBytes, facts.arch)
  if (values.json) {
    process.stdout.write(
      `${JSON.stringify({ version: 1, value, ramBytes, bytes, distros: found }, null, 2)}\n`,
    )
    return 0
  }
  const given = bytes === 0 ? 'nothing' : formatSize(BigInt(bytes))
  process.stdout.write(
    `crashkernel=${value}\n  on ${formatSize(BigInt(ramBytes))} of RAM: ${given}\n`,
  )
  for (const { distro, source, deltas, value: own } of found) {
    process.stdout.write(`  ${distro}: ${own} (${source})\n`)
    for (const { megabytes, reason } of deltas)
      process.stdout.write(`    of it ${megabytes}M: ${reason}\n`)
  }
  return 0
}

function unite(a: string, b: string): string {
  const united = uniteCrashkernel(a, b)
  if (united !== undefined) return united
  throw new UsageError(`${a} and ${b} cannot be united: only plain tables of ranges can`)
}

function readFacts({ root, arch, release }: Values): CrashkernelFacts {
  const facts = readCrashkernelFacts(root)
  return {
    ...facts,
    ...(arch === undefined ? {} : { arch }),
    ...(release === undefined ? {} : { release, has64kPages: release.includes('64k') }),
  }
}

function readRam({ ram }: Values): number | undefined {
  return ram === undefined ? undefined : parseSizeOption('--ram', ram)
}
