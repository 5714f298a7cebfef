import { isRecord } from '../completion/request.ts'
import type { Fault, FaultKind } from './faults.ts'
import { Refusal } from './refusal.ts'

/** One member of a fault: which values it takes, and how to say so. */
type Member = { accepts: (value: unknown) => boolean; says: string; isOptional?: true }

const count = (max: number): Member => ({
  accepts: (value) => typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= max,
  says: `a whole number from 0 to ${max}`,
})

const members: { [K in FaultKind]: Record<string, Member> & Record<Exclude<keyof Variant<K>, 'kind'>, Member> } = {
  status: {
    status: {
      accepts: (value) => typeof value === 'number' && Number.isInteger(value) && value >= 200 && value <= 599,
      says: 'an HTTP status from 200 to 599',
    },
    body: {
      accepts: (value) => typeof value === 'string' || isRecord(value),
      says: 'text or an object',
      isOptional: true,
    },
    headers: {
      accepts: (value) => isRecord(value) && Object.entries(value).every(isHeader),
      says: 'an object of header names and texts',
      isOptional: true,
    },
  },
  delay: { delayMs: count(600_000) },
  hang: {},
  'drop-before-answer': {},
  'drop-mid-stream': {},
  'stall-mid-stream': {},
  'refuse-balance': {},
  'raw-answer': { content: { accepts: (value) => typeof value === 'string', says: 'text' } },
  flood: { bytes: count(100_000_000) },
  obey: {},
  'no-usage': {},
  'bad-usage': { usage: { accepts: (value) => value !== undefined, says: 'any JSON value' } },
  'broken-json': {},
  'wrong-signature': {},
  'missing-signature': {},
  'late-signature': { misses: count(1_000) },
  'replayed-signature': {},
  'wrong-request-hash': {},
  'wrong-response-hash': {},
  'other-text-signature': {},
}

type Variant<K extends FaultKind> = Extract<Fault, { kind: K }>

/** Reads a fault as it is ordered over HTTP; refuses anything else with a sentence on what it should be. */
export function parseFault(value: unknown): Fault {
  if (!isRecord(value) || !isKind(value.kind)) {
    throw new Refusal(`a fault is a JSON object whose "kind" is one of ${Object.keys(members).join(', ')}`)
  }
  const { kind, ...given } = value
  const known = members[value.kind]
  const unknown = Object.keys(given).find((name) => !Object.hasOwn(known, name))
  if (unknown !== undefined) {
    const names = Object.keys(known).join(', ') || 'no member'
    throw new Refusal(`the fault "${kind}" has no member "${unknown}"; besides "kind" it takes ${names}`)
  }
  for (const [name, { accepts, says, isOptional }] of Object.entries(known)) {
    if (isOptional && given[name] === undefined) continue
    if (!accepts(given[name])) throw new Refusal(`the fault "${kind}" needs the member "${name}": ${says}`)
  }
  return value as Fault // each member has just been checked
}

function isKind(kind: unknown): kind is FaultKind {
  return typeof kind === 'string' && Object.hasOwn(members, kind)
}

function isHeader([name, value]: [string, unknown]): boolean {
  return /^[\w-]+$/.test(name) && typeof value === 'string' && /^[\x20-\x7e]*$/.test(value)
}
