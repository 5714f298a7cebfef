import { type AnalyzeResponse, analyzeEvents, analyzeRequest, analyzeResponse } from '@dreamscape/protocol/analysis'
import { messages } from '@dreamscape/protocol/identity'
import { type Route, route } from '../../http/route.ts'
import type { AnalysisService } from './service.ts'

export function analysisRoutes({ analyses }: { analyses: AnalysisService }): Route[] {
  return [
    route({
      operationId: 'analyzeDream',
      method: 'post',
      path: '/api/ai/analyze',
      summary: 'Has a dream analysed and pays the provider from your own account',
      tag: 'ai',
      auth: { message: messages.analyze, from: 'body', use: 'once' },
      body: analyzeRequest,
      response: analyzeResponse,
      problems: [
        'insufficient-funds',
        'withdrawal-in-progress',
        'model-unavailable',
        'provider-failed',
        'verification-failed',
        'analysis-unparseable',
        'chain-unavailable',
        'provider-unavailable',
        'deadline-exceeded',
      ],
      // Who got help is nobody's business: no provider was asked, so nothing else remembers it either.
      isForgotten: ({ provider }) => provider === null,
      stream: {
        events: analyzeEvents,
        textEvent: (text) => ({ event: 'delta', data: analyses.mayWithhold ? { text, provisional: true } : { text } }),
        endEvents,
      },
      handler: ({ body, principal, requestId, onText }) =>
        analyses.analyze({ principal, dreamText: body.dreamText, options: body.options ?? {}, requestId, onText }),
    }),
  ]
}

function endEvents({ success: _, analysis, ...usage }: AnalyzeResponse) {
  return [
    { event: 'analysis', data: analysis },
    { event: 'usage', data: usage },
    { event: 'done', data: {} },
  ]
}
