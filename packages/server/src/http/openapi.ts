import { STATUS_CODES } from 'node:http'
import { type ProblemCode, problem, problems } from '@dreamscape/protocol/problems'
import { z } from 'zod'
import { eventStreamType } from './event-stream.ts'
import type { Route, SignedAuth } from './route.ts'

/** Describes the routes as OpenAPI 3.1; the same routes give the same document, byte for byte. */
export function openApiDocument(about: {
  routes: readonly Route[]
  title: string
  version: string
  description: string
}) {
  const { routes, title, version, description } = about
  const components = createComponents()
  const paths: Record<string, Record<string, object>> = {}
  for (const route of routes) {
    paths[route.path] = { ...paths[route.path], [route.method]: describeOperation(route, components) }
  }
  return {
    openapi: '3.1.0',
    info: { title, version, description },
    tags: [...new Set(routes.map(({ tag }) => tag))].map((name) => ({ name })),
    paths,
    components: {
      schemas: components.sorted(),
      headers: {
        RequestId: { description: 'Names this request in our logs', schema: { type: 'string' } },
        RetryAfter: { description: 'Seconds to wait before trying again', schema: { type: 'integer' } },
      },
      securitySchemes: {
        signature: {
          type: 'apiKey',
          in: 'header',
          name: 'X-Signature',
          description: 'EIP-191 signature of the operation’s message, hex',
        },
        timestamp: {
          type: 'apiKey',
          in: 'header',
          name: 'X-Timestamp',
          description: 'The signed timestamp, milliseconds since 1970',
        },
      },
    },
  }
}

type Components = ReturnType<typeof createComponents>
type JsonSchema = Record<string, unknown>

/** Collects the schemas that have an id, each under its one name. */
function createComponents() {
  const schemas = new Map<string, JsonSchema>()

  return {
    /** The JSON schema for `schema`, in which named parts are references. */
    refer(schema: z.core.$ZodType, io: 'input' | 'output'): JsonSchema {
      const { $schema: _, $defs, ...inline } = pointToComponents(z.toJSONSchema(schema, { io, override: stayOpen }))
      for (const [id, definition] of Object.entries($defs ?? {})) {
        const known = schemas.get(id)
        if (known && JSON.stringify(known) !== JSON.stringify(definition)) {
          throw new Error(`Two schemas are named ${id}, or one of that name differs between requests and answers`)
        }
        schemas.set(id, definition)
      }
      return inline
    },
    sorted: () => Object.fromEntries([...schemas].sort(([a], [b]) => (a < b ? -1 : 1))),
  }
}

/** An answer may get more members one day: whoever reads it must not refuse them. */
function stayOpen({ jsonSchema }: { jsonSchema: { additionalProperties?: unknown } }): void {
  if (jsonSchema.additionalProperties === false) delete jsonSchema.additionalProperties
}

/** zod refers to `#/$defs/X` within one schema; in the document X is a component. */
function pointToComponents<T>(schema: T): T {
  return JSON.parse(JSON.stringify(schema).replaceAll('"$ref":"#/$defs/', '"$ref":"#/components/schemas/'))
}

function describeOperation(route: Route, components: Components) {
  const { operationId, summary, tag, description, auth, params, query } = route
  const signed = auth !== 'none' && { ...auth, template: messageTemplate(route, auth) }
  const parameters = [
    ...(params ? describeParameters('path', params, components) : []),
    ...(query ? describeParameters('query', query, components) : []),
  ]
  const texts = [description, signed && describeSigning(signed)].filter(Boolean)
  return {
    operationId,
    summary,
    tags: [tag],
    ...(texts.length > 0 && { description: texts.join('\n\n') }),
    ...(signed && { 'x-signed-message': { template: signed.template, from: signed.from, use: signed.use } }),
    ...(signed && signed.from === 'headers' && { security: [{ signature: [], timestamp: [] }] }),
    ...(parameters.length > 0 && { parameters }),
    ...(route.body && { requestBody: { required: true, content: json(components.refer(route.body, 'input')) } }),
    responses: describeResponses(route, components),
  }
}

/** The message with the name of each field in its place: `Fund {amount} OG for {address} at {timestamp}`. */
function messageTemplate({ params, body }: Route, auth: SignedAuth): string {
  const names = [...Object.keys({ ...params?.shape, ...body?.shape }), 'timestamp', 'chainId']
  return auth.message(Object.fromEntries(names.map((name) => [name, `{${name}}`])))
}

function describeSigning({ template, from, use }: { template: string } & Omit<SignedAuth, 'message'>): string {
  const place =
    from === 'body' ? 'the body fields `signature` and `timestamp`' : 'the headers `X-Signature` and `X-Timestamp`'
  const repeat =
    use === 'once'
      ? 'The signature works once: the same request again gets the first answer, another one is refused.'
      : 'The signature may be used again until it expires.'
  return `Sign \`${template}\` with \`personal_sign\` (EIP-191), fields spelled exactly as sent, and put the result in ${place}. ${repeat}`
}

/** Each parameter as what its text stands for: a number that is sent as text is described as a number. */
function describeParameters(place: 'path' | 'query', fields: z.ZodObject, components: Components) {
  const { required = [] } = z.toJSONSchema(fields, { io: 'input' })
  return Object.entries(fields.shape).map(([name, schema]) => ({
    name,
    in: place,
    required: required.includes(name),
    schema: components.refer(
      z.lazy(() => schema),
      'output',
    ),
  }))
}

function describeResponses(route: Route, components: Components) {
  const responses: Record<string, { description: string; headers: object; content: object }> = {}
  for (const status of route.statuses ?? [200]) {
    const content = { ...json(components.refer(route.response, 'output')), ...describeStream(route, components) }
    responses[status] = { description: STATUS_CODES[status] ?? '', headers: headersOf(status), content }
  }
  for (const [status, codes] of codesByStatus(route)) {
    const known = responses[status]
    const titles = codes.map((code) => `\`${code}\`: ${problems[code].title}`)
    responses[status] = {
      description: [...(known ? [known.description] : []), ...titles].join('; '),
      headers: headersOf(status),
      content: { ...known?.content, 'application/problem+json': { schema: problemSchema(codes, components) } },
    }
  }
  return responses
}

/** For who asks with `Accept: text/event-stream`. */
function describeStream({ stream }: Route, components: Components) {
  if (!stream) return {}
  const events = Object.entries(stream.events).map(([name, schema]) => [name, components.refer(schema, 'output')])
  return {
    [eventStreamType]: {
      schema: { type: 'string', description: 'Server-sent events; the data of each is JSON as `x-events` describes' },
      'x-events': { ...Object.fromEntries(events), error: components.refer(problem, 'output') },
    },
  }
}

/** The documented codes of a route and those of every route of its kind, in the order of the table. */
function codesByStatus(route: Route): Map<number, ProblemCode[]> {
  const codes = new Set<ProblemCode>([...route.problems, ...codesOfKind(route)])
  const byStatus = new Map<number, ProblemCode[]>()
  for (const code of problem.shape.code.options) {
    const { status } = problems[code]
    if (codes.has(code)) byStatus.set(status, [...(byStatus.get(status) ?? []), code])
  }
  return byStatus
}

function codesOfKind({ params, query, body, auth }: Route): ProblemCode[] {
  const isSigned = auth !== 'none'
  return [
    'internal',
    ...(params || query || body || isSigned ? (['invalid-request'] as const) : []),
    ...(body ? (['body-too-large', 'unsupported-media-type'] as const) : []),
    ...(isSigned ? (['signature-invalid', 'signature-expired'] as const) : []),
    ...(isSigned && auth.use === 'once' ? (['signature-used', 'shutting-down'] as const) : []),
  ]
}

function problemSchema(codes: ProblemCode[], components: Components) {
  return { allOf: [components.refer(problem, 'output'), { properties: { code: { enum: codes } } }] }
}

function headersOf(status: number) {
  return {
    'X-Request-Id': { $ref: '#/components/headers/RequestId' },
    ...((status === 429 || status === 503) && { 'Retry-After': { $ref: '#/components/headers/RetryAfter' } }),
  }
}

function json(schema: JsonSchema) {
  return { 'application/json': { schema } }
}
