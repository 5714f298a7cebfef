import { expect, test } from 'vitest'
import { buildChatBody } from './chat-body.ts'

test('spells the request as a provider would marshal it again', () => {
  const body = buildChatBody({
    model: 'meta/llama',
    messages: [{ role: 'user', content: 'a < b & "c" 🌙\u2028' }],
    maxTokens: 100,
  })

  expect(new TextDecoder().decode(body)).toBe(
    '{"max_tokens":100,"messages":[{"content":"a \\u003c b \\u0026 \\"c\\" 🌙\\u2028","role":"user"}],"model":"meta/llama",' +
      '"stream":true,"stream_options":{"include_usage":true}}',
  )
})

test('asks for a JSON Schema where one is given, its keys sorted as well', () => {
  const schema = { name: 'answer', schema: { type: 'object', properties: { b: {}, a: {} } } }

  const body = buildChatBody({ model: 'meta/llama', messages: [], maxTokens: 1, schema })

  expect(new TextDecoder().decode(body)).toContain(
    '"response_format":{"json_schema":{"name":"answer","schema":{"properties":{"a":{},"b":{}},"type":"object"},"strict":true},' +
      '"type":"json_schema"}',
  )
})
