import { messages, signedFields } from '@dreamscape/protocol/identity'
import { healthResponse } from '@dreamscape/protocol/service'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { openApiDocument } from './openapi.ts'
import { route } from './route.ts'
import { balanceRoute, fundRoute, healthRoute, listRoute } from './testing/toy-server.ts'

const about = { title: 'Toy', version: '1.0.0', description: 'Toys.' }
const routes = [fundRoute, balanceRoute, healthRoute]

function documentOf(list = routes) {
  return JSON.parse(JSON.stringify(openApiDocument({ ...about, routes: list })))
}

describe('openApiDocument', () => {
  test('describes a signed POST from its schemas', () => {
    const operation = documentOf().paths['/toy/fund'].post

    expect(operation).toMatchObject({
      operationId: 'fundToy',
      tags: ['toy'],
      'x-signed-message': { template: 'Fund {amount} OG for {address} at {timestamp}', from: 'body', use: 'once' },
      requestBody: {
        required: true,
        content: { 'application/json': { schema: { $ref: '#/components/schemas/FundRequest' } } },
      },
    })
    expect(operation.description).toContain('`Fund {amount} OG for {address} at {timestamp}`')
    expect(operation).not.toHaveProperty('security')
    expect(Object.keys(operation.responses)).toEqual([
      '200',
      '202',
      '400',
      '401',
      '402',
      '409',
      '413',
      '415',
      '500',
      '503',
    ])
    for (const status of [200, 202]) {
      expect(operation.responses[status].content).toEqual({
        'application/json': { schema: { $ref: '#/components/schemas/FundResponse' } },
      })
    }
  })

  test('describes a signed GET with its headers and path parameters', () => {
    const document = documentOf()
    const operation = document.paths['/toy/balance/{address}'].get

    expect(operation).toMatchObject({
      'x-signed-message': { template: 'Check balance for {address} at {timestamp}', from: 'headers', use: 'read' },
      security: [{ signature: [], timestamp: [] }],
      parameters: [{ name: 'address', in: 'path', required: true, schema: { $ref: '#/components/schemas/Address' } }],
    })
    expect(operation.responses).not.toHaveProperty('409')
    expect(document.components.securitySchemes).toMatchObject({
      signature: { type: 'apiKey', in: 'header', name: 'X-Signature' },
      timestamp: { type: 'apiKey', in: 'header', name: 'X-Timestamp' },
    })
  })

  test('describes query parameters as what their text stands for', () => {
    const operation = documentOf([listRoute]).paths['/toy/list'].get

    expect(operation.parameters).toEqual([
      { name: 'after', in: 'query', required: false, schema: { type: 'string', description: 'Where to go on' } },
      {
        name: 'limit',
        in: 'query',
        required: false,
        schema: { type: 'integer', minimum: 1, maximum: 9, default: 5 },
      },
    ])
    expect(Object.keys(operation.responses)).toEqual(['200', '400', '500'])
  })

  test('lists the codes of each status as problem documents', () => {
    const { responses } = documentOf().paths['/toy/fund'].post

    const [common, own] = responses[401].content['application/problem+json'].schema.allOf
    expect(common).toEqual({ $ref: '#/components/schemas/Problem' })
    expect(own.properties.code.enum).toEqual(['signature-invalid', 'signature-expired'])
    expect(responses[503].headers).toHaveProperty('Retry-After')
  })

  test('keeps an answer and the problems of one status apart', () => {
    const ready = route({
      operationId: 'ready',
      method: 'get',
      path: '/ready',
      summary: 'Ready?',
      tag: 'toy',
      auth: 'none',
      response: healthResponse,
      statuses: [200, 503],
      problems: ['store-unavailable'],
      handler: async () => ({ status: 'ok' }),
    })

    const { responses } = documentOf([ready]).paths['/ready'].get

    expect(Object.keys(responses)).toEqual(['200', '500', '503'])
    expect(Object.keys(responses[503].content)).toEqual(['application/json', 'application/problem+json'])
  })

  test('refers to nothing that is not there', () => {
    const document = documentOf()
    const pointers = JSON.stringify(document).match(/(?<="\$ref":")[^"]+/g) ?? []

    expect(pointers.length).toBeGreaterThan(10)
    for (const pointer of pointers) {
      const target = pointer
        .replace('#/', '')
        .split('/')
        .reduce((node, name) => node?.[name], document)
      expect(target, pointer).toBeDefined()
    }
    expect(JSON.stringify(document)).not.toMatch(/\$defs|\$schema/)
  })

  test('declares every path parameter and every operation once', () => {
    const { paths } = documentOf()
    const ids: string[] = []

    for (const [path, operations] of Object.entries<
      Record<string, { operationId: string; parameters?: { name: string }[] }>
    >(paths)) {
      const names = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name)
      for (const { operationId, parameters = [] } of Object.values(operations)) {
        ids.push(operationId)
        expect(parameters.map(({ name }) => name)).toEqual(names)
      }
    }
    expect(new Set(ids).size).toBe(ids.length)
  })

  test('leaves answers open for members to come', () => {
    expect(documentOf().components.schemas.FundResponse).not.toHaveProperty('additionalProperties')
  })

  test('is the same document every time', () => {
    expect(JSON.stringify(openApiDocument({ ...about, routes }))).toBe(
      JSON.stringify(openApiDocument({ ...about, routes })),
    )
  })

  test('sorts its components, whatever the order of the routes', () => {
    const names = Object.keys(documentOf().components.schemas)

    expect(names).toEqual([...names].sort())
    expect(documentOf(routes.toReversed()).components).toEqual(documentOf().components)
  })

  test('refuses two meanings of one name', () => {
    const body = z.object({ ...signedFields, level: z.int().default(1) }).meta({ id: 'Twofold' })
    const twofold = route({
      operationId: 'twofold',
      method: 'post',
      path: '/twofold',
      summary: '',
      tag: 'toy',
      auth: { message: messages.init, from: 'body', use: 'once' },
      body,
      response: z.object({ echo: body }),
      problems: [],
      handler: async ({ body }) => ({ echo: body }),
    })

    expect(() => documentOf([twofold])).toThrow('Twofold')
  })
})
