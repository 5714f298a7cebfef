import { createPublicClient, custom, type PublicClient } from 'viem'

/** A client of a node that answers what `answers` say, by method. */
export function scriptedClient(answers: Record<string, (params: unknown) => unknown>): PublicClient {
  return createPublicClient({
    transport: custom(
      {
        async request({ method, params }: { method: string; params?: unknown }) {
          const answer = answers[method]
          if (!answer) throw new Error(`Nobody said what to answer to ${method}`)
          return answer(params)
        },
      },
      { retryCount: 0 },
    ),
  })
}
