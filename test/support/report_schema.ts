// What is wrong with a report by the schema of docs/, strictly: keys that the schema does not name are wrong too.
import { readFileSync } from 'node:fs'
import { Ajv2020 } from 'ajv/dist/2020.js'

const schema: unknown = JSON.parse(
  readFileSync(new URL('../../docs/report.schema.json', import.meta.url), 'utf8'),
  (_, value: unknown) =>
    isObjectSchema(value) ? { ...value, additionalProperties: false } : value,
)
const validate = new Ajv2020({ allErrors: true, allowUnionTypes: true }).compile(schema as object)

/** Faults of a report's JSON, as `/path: what`. */
export function faultsOfReport(report: unknown): string[] {
  validate(JSON.parse(JSON.stringify(report)))
  return (validate.errors ?? []).map(
    ({ instancePath, message = '' }) => `${instancePath}: ${message}`,
  )
}

function isObjectSchema(value: unknown): value is object {
  return typeof value === 'object' && value !== null && 'properties' in value && 'type' in value
}
