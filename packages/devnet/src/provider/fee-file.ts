import { type Address, isAddress, isHash } from 'viem'
import { isRecord } from '../completion/request.ts'
import { createSaver, damaged, readJsonFile } from '../data-dir/json-file.ts'
import {
  type Charge,
  createFeeBook,
  emptyRecord,
  type FeeBook,
  type FeeRecord,
  type PendingSettlement,
} from './fee-book.ts'

/** The fee book kept in `file`, which is written after each change. Throws with what to do when the file is damaged. */
export async function openFeeBook(file: string): Promise<FeeBook> {
  const content = await readJsonFile(file)
  const kept = content === undefined ? emptyRecord() : toRecord(content)
  if (!kept) throw damaged(file)
  let newest = kept
  const saveNewest = createSaver(file, () => toJson(newest))
  return createFeeBook(kept, (record) => {
    newest = record
    return saveNewest()
  })
}

function toJson({ tabs, pending }: FeeRecord) {
  return {
    tabs: Object.fromEntries(
      [...tabs].map(([user, charges]) => [
        user,
        charges.map(({ requestHash, inputFee, outputFee }) => [requestHash, String(inputFee), String(outputFee)]),
      ]),
    ),
    pending: pending && { ...pending, tabs: pending.tabs.map((tab) => ({ ...tab, total: String(tab.total) })) },
  }
}

function toRecord(content: unknown): FeeRecord | undefined {
  if (!isRecord(content) || !isRecord(content.tabs)) return undefined
  const tabs = new Map<Address, Charge[]>()
  for (const [user, rows] of Object.entries(content.tabs)) {
    const charges = Array.isArray(rows) ? rows.map(toCharge) : [undefined]
    if (!isAddress(user) || !charges.every((charge) => charge !== undefined)) return undefined
    tabs.set(user, charges)
  }
  if (content.pending === undefined) return { tabs, pending: undefined }
  const pending = toPending(content.pending)
  return pending && { tabs, pending }
}

function toCharge(row: unknown): Charge | undefined {
  if (!Array.isArray(row)) return undefined
  const [requestHash, inputFee, outputFee] = row as unknown[]
  if (typeof requestHash !== 'string' || !isDecimal(inputFee) || !isDecimal(outputFee)) return undefined
  return { requestHash, inputFee: BigInt(inputFee), outputFee: BigInt(outputFee) }
}

function toPending(value: unknown): PendingSettlement | undefined {
  if (!isRecord(value) || typeof value.hash !== 'string' || !isHash(value.hash)) return undefined
  const tabs = Array.isArray(value.tabs) ? value.tabs.map(toPendingTab) : [undefined]
  return tabs.every((tab) => tab !== undefined) ? { hash: value.hash, tabs } : undefined
}

function toPendingTab(value: unknown): PendingSettlement['tabs'][number] | undefined {
  if (!isRecord(value)) return undefined
  const { user, count, total } = value
  if (typeof user !== 'string' || !isAddress(user) || typeof count !== 'number' || !isDecimal(total)) return undefined
  return { user, count, total: BigInt(total) }
}

function isDecimal(value: unknown): value is string {
  return typeof value === 'string' && /^\d+$/.test(value)
}
