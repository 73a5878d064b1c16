// The frame of a section of the HTML report, and pieces that sections share.
import { html, type Markup, type MarkupValue } from './markup.ts'

/** A section; left out where `body` is null. */
export interface HtmlSection {
  /** What links name. */
  readonly id: string
  readonly title: string
  /** Said behind the title: how much there is. */
  readonly note: string
  readonly body: Markup | null
  /** Long or rarely looked at. */
  readonly isClosed?: boolean
}

/** Write a section: it opens and closes without a script. */
export function sectionMarkup({ id, title, note, body, isClosed }: HtmlSection): Markup {
  return html`
    <section id="${id}" aria-labelledby="${`${id}-h`}">
      <details ${isClosed ? '' : 'open'}>
        <summary>
          <h2 id="${`${id}-h`}">${title}</h2>
          <span class="note">${note}</span>
        </summary>
        <div class="body">${body}</div>
      </details>
    </section>
  `
}

/** One column of a table. */
export interface HtmlColumn {
  readonly title: string
  readonly isNumber?: boolean
}

/** Write a table; end tags that HTML lets one leave out are left out, for thousands of rows. */
export function tableMarkup(
  caption: string,
  columns: readonly (HtmlColumn | string)[],
  rows: readonly (readonly MarkupValue[])[],
): Markup {
  const known = columns.map((column) => (typeof column === 'string' ? { title: column } : column))
  const heads = known.map(({ title, isNumber }) =>
    isNumber ? html`<th scope="col" class="n">${title}` : html`<th scope="col">${title}`,
  )
  const cells = (row: readonly MarkupValue[]): Markup[] =>
    row.map((cell, index) =>
      known[index]?.isNumber ? html`<td class="n">${cell}` : html`<td>${cell}`,
    )
  return html`<div class="scroll" tabindex="0" role="region" aria-label="${caption}">
    <table>
      <caption>
        ${caption}
      </caption>
      <thead>
        <tr>
          ${heads}

      <tbody>
        ${rows.map(
          (row) => html`
            <tr>
              ${cells(row)}
          `,
        )}
    </table>
  </div> `
}

/** Write labels and values; what is null or '' is left out. */
export function factsMarkup(
  facts: readonly (readonly [label: string, value: MarkupValue])[],
): Markup {
  const shown = facts.filter(([, value]) => value !== null && value !== '' && value !== false)
  return html`<dl class="facts">
    ${shown.map(
      ([label, value]) =>
        html`<div>
          <dt>${label}
          <dd>${value}
        </div>`,
    )}
  </dl> `
}

/** A command of `kbox crash`, to be copied. */
export function commandMarkup(command: string): Markup {
  return command === '' ? html`` : html`<code class="cmd" data-copy>${command}</code>`
}

/** A number-to-the-right column. */
export const numberColumn = (title: string): HtmlColumn => ({ title, isNumber: true })
