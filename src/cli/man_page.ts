// A verb's man page, in man(7) macros, from the same facts as its --help.
import type { Verb } from './verb.ts'
import { VERSION } from './version.ts'

/** The text of kbox-VERB(8). */
export function formatManPage(verb: Verb): string {
  const lines = [
    `.TH KBOX-${verb.name.toUpperCase()} 8 "" "kbox ${VERSION}" "kbox"`,
    '.SH NAME',
    `kbox-${verb.name} \\- ${escapeRoff(verb.summary)}`,
    '.SH SYNOPSIS',
    `.B kbox ${verb.name}`,
    ...(verb.synopsis === '' ? [] : [escapeRoff(verb.synopsis)]),
    '.SH DESCRIPTION',
    ...verb.description.split('\n').map(escapeRoff),
  ]
  if (verb.options.length > 0) lines.push('.SH OPTIONS')
  for (const { flags, text } of verb.options)
    lines.push('.TP', `.B ${escapeRoff(flags)}`, escapeRoff(text))
  lines.push('.SH EXAMPLES')
  for (const { command, text } of verb.examples)
    lines.push('.TP', `.B ${escapeRoff(command)}`, escapeRoff(text))
  lines.push('.SH EXIT STATUS')
  for (const [code, text] of verb.exitCodes) lines.push('.TP', `.B ${code}`, escapeRoff(text))
  lines.push('.SH SEE ALSO', '.BR kexec (8),', '.BR crash (8),', '.BR makedumpfile (8)')
  return `${lines.join('\n')}\n`
}

/** Backslashes and hyphens have meanings in roff, and so have dots and quotes at the start of a line. */
function escapeRoff(text: string): string {
  return text
    .replaceAll('\\', '\\e')
    .replaceAll('-', '\\-')
    .replace(/^([.'])/, '\\&$1')
}
