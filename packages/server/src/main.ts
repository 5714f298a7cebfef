import { x } from '@dreamscape/protocol/money'

export const y = x
