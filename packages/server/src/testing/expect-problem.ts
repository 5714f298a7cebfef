import { type ProblemCode, problem, problems } from '@dreamscape/protocol/problems'
import { expect } from 'vitest'
import type { Answer } from './test-server.ts'

/** Checks that `answer` is this problem, told as RFC 9457 wants it; returns its members. */
export function expectProblem(answer: Answer, code: ProblemCode) {
  expect(answer.body).toMatchObject({ code, success: false, type: `urn:dreamscape:problem:${code}` })
  expect(answer.status).toBe(problems[code].status)
  expect(answer.headers.get('content-type')).toBe('application/problem+json; charset=utf-8')
  expect(answer.headers.get('x-request-id')).toBe(answer.body.requestId)
  return problem.parse(answer.body)
}
