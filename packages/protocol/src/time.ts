import { z } from 'zod'

/** A moment we report. */
export const time = z.iso.datetime().meta({ id: 'Time', example: '2026-01-01T12:00:00.000Z' })
