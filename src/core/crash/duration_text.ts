// Times as crash writes them: `00:00:31`, `10 days, 14:14:39`, `Sun Nov 22 23:08:20 UTC 2026`.

const DAY_SECONDS = 86_400

/** A length of time; days only where there are any. */
export function formatUptime(seconds: number): string {
  const whole = Math.max(0, Math.floor(seconds))
  const days = Math.floor(whole / DAY_SECONDS)
  return (days > 0 ? `${days} days, ` : '') + formatClock(whole % DAY_SECONDS)
}

/** `0 00:00:00.019`: days, clock and milliseconds, cut and not rounded. */
export function formatElapsed(nsec: bigint): string {
  const msec = Math.max(0, Number(nsec / 1_000_000n))
  const seconds = Math.floor(msec / 1000)
  const days = Math.floor(seconds / DAY_SECONDS)
  return `${days} ${formatClock(seconds % DAY_SECONDS)}.${two(msec % 1000, 3)}`
}

const WEEKDAYS = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat']
const MONTHS = 'Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec'.split(' ')

/** A point in time as date(1) has it, in UTC: where a dump is read is not where it was made. */
export function formatDate(seconds: number): string {
  const date = new Date(seconds * 1000)
  if (Number.isNaN(date.getTime())) return '(unknown)'
  const day = `${WEEKDAYS[date.getUTCDay()]} ${MONTHS[date.getUTCMonth()]} ${date.getUTCDate().toString().padStart(2)}`
  const clock = formatClock(
    date.getUTCHours() * 3600 + date.getUTCMinutes() * 60 + date.getUTCSeconds(),
  )
  return `${day} ${clock} UTC ${date.getUTCFullYear()}`
}

function formatClock(seconds: number): string {
  return `${two(Math.floor(seconds / 3600))}:${two(Math.floor(seconds / 60) % 60)}:${two(seconds % 60)}`
}

function two(value: number, digits = 2): string {
  return value.toString().padStart(digits, '0')
}
