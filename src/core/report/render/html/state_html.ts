// The machine's state as HTML: turning points, memory, I/O in flight, network.
import { formatSize } from '../../../base/size.ts'
import type { MemoryState, ZoneState } from '../../../diagnose/machine_state.ts'
import type { Report } from '../../report_model.ts'
import { counted, formatSpan, grouped } from '../lines.ts'
import { percent } from '../story_state.ts'
import { numberColumn, tableMarkup, type HtmlSection } from './html_section.ts'
import { html, type Markup } from './markup.ts'

const SHARES_COLUMNS = ['used for', numberColumn('size'), numberColumn('%'), '']

/** Turning points of the log; a script draws them above the rhythm of the log. */
export function timelineSection({ state, log }: Report): HtmlSection {
  const events = state?.timeline ?? []
  return {
    id: 'timeline',
    title: 'Turning points',
    note: events.length === 0 ? '' : String(events.length),
    body:
      events.length === 0 && !log
        ? null
        : html`<div data-timeline></div>
            ${
              events.length > 0 &&
              html`<ol class="events" data-filter="turning points" data-rows="li">
                ${events.map(
                  ({ seconds, kind, text, line }) => html`
                    <li data-t="${seconds}" data-kind="${kind}">
                      <time>${seconds.toFixed(6)}</time>
                      <span class="${`kind ${kind}`}">${kind}</span>
                      ${line === null ? text : html`<a href="${`#l${line}`}">${text}</a>`}
                  `,
                )}
              </ol>`
            }`,
  }
}

/** Memory: shares, processes, caches, zones. */
export function memorySection({ state }: Report): HtmlSection {
  const memory = state?.memory
  return {
    id: 'memory',
    title: 'Memory',
    note: memory ? `${formatSize(memory.totalBytes)}, ${formatSize(memory.freeBytes)} free` : '',
    body: memory ? memoryMarkup(memory) : null,
  }
}

function memoryMarkup(memory: MemoryState): Markup {
  const { totalBytes, suspects, shares, topProcesses, topCaches, zones } = memory
  return html`${
      suspects.length > 0 &&
      html`<ul class="suspects">
        ${suspects.map((text) => html`<li>${text}`)}
      </ul>`
    }
    <div data-treemap></div>
    <div class="columns narrow">
      <div data-shares>
        ${tableMarkup(
          'What memory is used for',
          SHARES_COLUMNS,
          shares.map(({ name, bytes }) => [
            name,
            sizeMarkup(bytes),
            percent(bytes, totalBytes),
            meterMarkup(bytes, totalBytes),
          ]),
        )}
      </div>
      <div data-processes>
        ${tableMarkup(
          'Processes by resident memory',
          ['process', numberColumn('PID'), numberColumn('resident'), numberColumn('swapped')],
          topProcesses.map(({ comm, pid, rssBytes, swapBytes }) => [
            comm,
            pid,
            sizeMarkup(rssBytes),
            formatSize(swapBytes),
          ]),
        )}
      </div>
      <div data-caches>
        ${tableMarkup(
          'Slab caches by memory',
          ['cache', numberColumn('size'), numberColumn('objects'), ''],
          topCaches.map(({ name, bytes, objects, reclaimable }) => [
            name,
            sizeMarkup(bytes),
            objects === null ? '' : grouped(objects),
            reclaimable ? 'reclaimable' : 'unreclaimable',
          ]),
        )}
      </div>
      <div>${zones.length > 0 && zoneTable(zones)}</div>
    </div>`
}

/** The exact size is for the script. */
function sizeMarkup(bytes: number): Markup {
  return html`<data value="${bytes}">${formatSize(bytes)}</data>`
}

function meterMarkup(part: number, whole: number): Markup {
  return html`<meter min="0" max="${whole}" value="${part}">${percent(part, whole)} %</meter>`
}

function zoneTable(zones: readonly ZoneState[]): Markup {
  return tableMarkup(
    'Zones against their watermarks, in pages',
    [
      'zone',
      numberColumn('free'),
      numberColumn('min'),
      numberColumn('low'),
      numberColumn('high'),
      numberColumn('managed'),
      '',
    ],
    zones.map(({ node, name, freePages, minPages, lowPages, highPages, managedPages }) => [
      `${node} ${name}`,
      ...[freePages, minPages, lowPages, highPages, managedPages].map(grouped),
      freePages < minPages
        ? html`<b class="bad">below min</b>`
        : freePages < lowPages && 'below low',
    ]),
  )
}

/** Requests that block devices have not ended. */
export function ioSection({ state }: Report): HtmlSection {
  const io = state?.blockIo
  return {
    id: 'io',
    title: 'Block I/O in flight',
    note: io ? counted(io.inFlight, 'request') : '',
    body:
      io && io.requests.length > 0
        ? tableMarkup(
            'Requests, the oldest first',
            [
              'disk',
              'operation',
              numberColumn('sector'),
              numberColumn('size'),
              numberColumn('age'),
              'state',
              'request',
            ],
            io.requests.map(
              ({ disk, operation, sector, bytes, ageSeconds, state: word, address }) => [
                disk,
                operation,
                sector,
                bytes === null ? null : formatSize(bytes),
                ageSeconds === null ? null : formatSpan(ageSeconds),
                word,
                html`<code>${address}</code>`,
              ],
            ),
          )
        : null,
  }
}

/** Network devices. */
export function networkSection({ state }: Report): HtmlSection {
  const devices = state?.network?.devices ?? []
  return {
    id: 'network',
    title: 'Network',
    note: counted(devices.length, 'device'),
    body:
      devices.length === 0
        ? null
        : tableMarkup(
            'Network devices',
            ['device', 'state', 'trouble', 'addresses'],
            devices.map(({ name, up, carrier, stuckSeconds, addresses }) => [
              name,
              `${up ? 'up' : 'down'}${carrier === false ? ', no carrier' : ''}`,
              stuckSeconds !== null &&
                html`<b class="bad">queue stopped for ${formatSpan(stuckSeconds)}</b>`,
              addresses.join(' '),
            ]),
          ),
  }
}
