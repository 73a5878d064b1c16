// The machine, its modules, the signature, the dump and the making of the report as HTML.
import { formatSize } from '../../../base/size.ts'
import type { Report } from '../../report_model.ts'
import { formatSpan, utc } from '../lines.ts'
import { factsMarkup, numberColumn, tableMarkup, type HtmlSection } from './html_section.ts'
import { html } from './markup.ts'

/** The machine and its last words. */
export function machineSection({ system, crash }: Report): HtmlSection {
  const { loadAverages, uptimeSeconds, crashTime, memoryBytes } = system
  return {
    id: 'machine',
    title: 'Machine',
    note: system.nodename ?? '',
    body: factsMarkup([
      ['Message', crash.message],
      ['Told by', crash.evidence],
      [
        'Earlier',
        crash.earlier.length > 0 && html`${crash.earlier.map((line) => html`<p>${line}</p>`)}`,
      ],
      ['Arguments', crash.task?.arguments?.join(' ') ?? null],
      ['Kernel', `${system.release} ${system.machine}`],
      ['Version', system.kernelVersion],
      ['CPUs', system.cpus],
      ['Memory', memoryBytes === null ? null : formatSize(memoryBytes)],
      ['Crashed', crashTime === null ? null : utc(crashTime)],
      ['Up', uptimeSeconds === null ? null : formatSpan(uptimeSeconds)],
      ['Load', loadAverages?.map((value) => value.toFixed(2)).join(' ') ?? null],
      ['Taints', system.taints === '' ? 'none' : system.taints],
      ['Command line', system.commandLine],
    ]),
  }
}

/** Loaded modules; those that taint first. */
export function moduleSection({ modules }: Report): HtmlSection {
  const sorted =
    modules?.toSorted((a, b) => Number(b.taints !== '') - Number(a.taints !== '')) ?? []
  const tainting = sorted.filter(({ taints }) => taints !== '').length
  return {
    id: 'modules',
    title: 'Modules',
    note: `${sorted.length}${tainting > 0 ? `, ${tainting} of them taint the kernel` : ''}`,
    body:
      sorted.length === 0
        ? null
        : html`<div data-filter="modules" data-rows="tbody tr">
            ${tableMarkup(
              'Loaded modules',
              ['module', 'taints', 'version', numberColumn('size'), 'struct module'],
              sorted.map(({ name, taints, version, sizeBytes, address }) => [
                name,
                taints !== '' && html`<b class="bad">${taints}</b>`,
                version,
                formatSize(sizeBytes),
                html`<code>${address}</code>`,
              ]),
            )}
          </div>`,
    isClosed: true,
  }
}

/** How the signature came about. */
export function signatureSection({ signature }: Report): HtmlSection {
  return {
    id: 'signature',
    title: 'Signature',
    note: signature?.strict ?? '',
    body:
      signature &&
      html`<p>
          Equal for the same bug across reboots, different for different bugs. Loose form:
          <code>${signature.loose}</code>
        </p>
        ${tableMarkup(
          'Frames of the signature',
          ['frame', 'counts'],
          [
            ...signature.frames.map((frame) => [html`<code>${frame}</code>`, 'yes']),
            ...signature.dropped.map(({ frame, why }) => [
              html`<code>${frame}</code>`,
              `no: ${why}`,
            ]),
          ],
        )}`,
    isClosed: true,
  }
}

/** What the dump holds, and what could not be read. */
export function dumpSection({ completeness, timings, state, waits }: Report): HtmlSection {
  const { problems, dumpLevel, fileBytes, incomplete, symbols, types, modules } = completeness
  const all = [...problems, ...(state?.problems ?? []), ...(waits?.problems ?? [])]
  return {
    id: 'dump',
    title: 'The dump',
    note: incomplete
      ? 'incomplete'
      : all.length === 0
        ? 'everything in this report could be read'
        : `${all.length} things could not be read`,
    body: html`${factsMarkup([
      ['File', completeness.file],
      ['Format', completeness.format],
      ['Size', fileBytes === null ? null : formatSize(fileBytes)],
      ['Dump level', dumpLevel],
      [
        'Complete',
        incomplete ? 'no: the dump was not finished, or the file was cut' : 'as written',
      ],
      [
        'Read from it',
        `${symbols === null ? 'no symbols' : `${symbols} symbols`}, ${types ? 'types' : 'no types'}, ${modules} modules`,
      ],
      [
        'Time',
        timings.map(({ step, milliseconds }) => `${step} ${milliseconds.toFixed(0)} ms`).join(', '),
      ],
    ])}${
      all.length > 0 &&
      html`<h3>Not read</h3>
        <ul class="problems">
          ${all.map((text) => html`<li>${text}`)}
        </ul>`
    }`,
    isClosed: true,
  }
}
