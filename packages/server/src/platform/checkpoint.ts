/** The places between two effects of moving money. What a process leaves behind when it dies there must be enough to go on. */
export const checkpointNames = [
  'request-claimed',
  'request-ran',
  'request-finished',
  'transaction-quoted',
  'transaction-journaled',
  'transaction-sent',
  'transaction-replaced',
  'receipt-found',
  'transaction-booked',
  'moves-read',
  'withdrawal-opened',
  'withdrawal-stepped',
  'withdrawal-ended',
  'cancel-noted',
  'reservation-held',
  'provider-answered',
  'answer-proved',
  'analysis-booked',
  'reservation-released',
  'reservation-unknown',
  'bill-read',
  'bill-booked',
] as const

export type CheckpointName = (typeof checkpointNames)[number]

/** Called at each of them: nothing happens there in production, a test may end the process. */
export type Checkpoint = (name: CheckpointName) => Promise<void>

export const passCheckpoint: Checkpoint = async () => {}
