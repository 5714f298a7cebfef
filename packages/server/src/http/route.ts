import type { signedFields } from '@dreamscape/protocol/identity'
import type { ProblemCode } from '@dreamscape/protocol/problems'
import type { z } from 'zod'
import type { Principal } from '../platform/principal.ts'
import type { StreamEvent } from './event-stream.ts'

/** One operation as plain data: mounted, checked and documented from this alone. Made by `route()`. */
export type Route = RouteData & {
  params?: z.ZodObject
  query?: z.ZodObject
  body?: z.ZodObject
  response: z.ZodObject
  auth: 'none' | SignedAuth
  stream?: RouteStream
  // Method syntax on purpose: its parameters compare both ways, so that typed routes fit in one list without a cast.
  status?(result: object): number
  isForgotten?(result: object): boolean
  handler(call: ErasedCall): Promise<object>
}

export type SignedAuth = {
  /** `body`: address, signature and timestamp are body fields. `headers`: X-Signature, X-Timestamp and the path's address. */
  from: 'body' | 'headers'
  /** `once` spends the signature, `read` only proves the caller. */
  use: 'once' | 'read'
  /** The exact text to sign, from the input as sent and the chain this server works on. */
  message(call: object): string
}

/** How an answer is given as server-sent events to who asks for them. */
export type RouteStream = {
  /** What each event carries, for the document; `error` carries a problem. */
  events: Record<string, z.ZodObject>
  /** The event for text that comes while the handler works. */
  textEvent(text: string): StreamEvent
  /** Those that tell the answer, in the end. */
  endEvents(result: object): StreamEvent[]
}

type RouteData = {
  operationId: string
  method: 'get' | 'post'
  /** OpenAPI style: `/api/broker/balance/{address}`. */
  path: string
  summary: string
  description?: string
  tag: string
  /** Error codes beyond those every route of this kind has. */
  problems: readonly ProblemCode[]
  /** Every status that `status` can give, for the document; `[200]` when left out. */
  statuses?: readonly number[]
  /** `no-store` when left out. */
  cacheControl?: string
}

type ErasedCall = {
  params: unknown
  query: unknown
  body: unknown
  principal: Principal | undefined
  requestId: string
  onText: OnText | undefined
}

/** Told each piece of the answer's text as it comes; undefined when nobody wants to hear. */
export type OnText = (text: string) => void

type Schema = z.ZodObject | undefined
/** Its fields read strings, so a parameter that is given twice, which arrives as a list, is refused. */
type QuerySchema = z.ZodObject<Record<string, z.ZodType<unknown, string | undefined>>> | undefined
type Parsed<S extends Schema> = S extends z.ZodObject ? z.infer<S> : undefined
type Fields<S extends Schema> = S extends z.ZodObject ? z.infer<S> : unknown

/** What a handler returns: the response without the `success: true` that the kit adds. */
type Result<R extends z.ZodObject> = R['shape'] extends { success: z.ZodLiteral<true> }
  ? Omit<z.infer<R>, 'success'>
  : z.infer<R>

type TypedRoute<P extends Schema, Q extends QuerySchema, B extends Schema, R extends z.ZodObject> = RouteData & {
  params?: P
  query?: Q
  body?: B
  response: R
  /** 200 when left out. */
  status?: (result: Result<R>) => number
  /** Whether nothing may remember this answer; it must have moved nothing. */
  isForgotten?: (result: Result<R>) => boolean
  stream?: Omit<RouteStream, 'endEvents'> & { endEvents: (result: z.infer<R>) => StreamEvent[] }
}

type Call<P extends Schema, Q extends QuerySchema, B extends Schema, A> = {
  params: Parsed<P>
  query: Parsed<Q>
  body: Parsed<B>
  requestId: string
  onText: OnText | undefined
} & (A extends 'none' ? unknown : { principal: Principal })

type Source<P extends Schema, B extends Schema> =
  | (B extends z.ZodObject<typeof signedFields> ? 'body' : never)
  | (P extends z.ZodObject<Pick<typeof signedFields, 'address'>> ? 'headers' : never)

type TypedAuth<P extends Schema, B extends Schema> = Omit<SignedAuth, 'from' | 'message'> & {
  from: Source<P, B>
  message: (call: Fields<P> & Fields<B> & { timestamp: number; chainId: number }) => string
}

// Inferring a literal per leaf is what keeps `{ status: 'ok' }` in a handler from widening to `string`: TypeScript does
// not look into a generic return type while it infers.
type Literal = string | number | boolean | null | undefined
type Tree<L extends Literal> = L | Tree<L>[] | { [name: string]: Tree<L> } | object

/** Declares a route, its handler typed by its schemas; `principal` is there for signed routes only. */
export function route<
  R extends z.ZodObject,
  A extends 'none' | TypedAuth<P, B>,
  L extends Literal,
  T extends Tree<L>,
  P extends Schema = undefined,
  Q extends QuerySchema = undefined,
  B extends Schema = undefined,
>(data: TypedRoute<P, Q, B, R> & { auth: A; handler: (call: Call<P, Q, B, A>) => Promise<T & Result<R>> }): Route
export function route(data: Route): Route {
  return data
}
