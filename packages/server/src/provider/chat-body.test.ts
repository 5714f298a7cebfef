import { expect, test } from 'vitest'
import { buildChatBody } from './chat-body.ts'

test('spells the request as a provider would marshal it again', () => {
  const body = buildChatBody({
    model: 'meta/llama',
    messages: [{ role: 'user', content: 'a < b & "c" 🌙\u2028' }],
    maxTokens: 100,
    temperature: 0.2,
    responseFormat: { type: 'json_schema', json_schema: { strict: true, name: 'x', list: [{ b: 1, a: 2 }] } },
  })

  expect(new TextDecoder().decode(body)).toBe(
    '{"max_tokens":100,"messages":[{"content":"a \\u003c b \\u0026 \\"c\\" 🌙\\u2028","role":"user"}],"model":"meta/llama",' +
      '"response_format":{"json_schema":{"list":[{"a":2,"b":1}],"name":"x","strict":true},"type":"json_schema"},' +
      '"stream":true,"stream_options":{"include_usage":true},"temperature":0.2}',
  )
})

test('leaves out what was not asked for', () => {
  const body = buildChatBody({ model: 'm', messages: [], maxTokens: 1 })

  expect(new TextDecoder().decode(body)).toBe(
    '{"max_tokens":1,"messages":[],"model":"m","stream":true,"stream_options":{"include_usage":true}}',
  )
})
