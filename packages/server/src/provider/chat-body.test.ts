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
