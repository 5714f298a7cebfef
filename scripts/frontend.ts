import type { Signer } from 'ethers'
import { createParser } from 'eventsource-parser'

export type Answer = Record<string, unknown>

/** What a frontend with a wallet does: sign the message, send it along. Each method is one signed call. */
export class Frontend {
  readonly url: string
  readonly address: string
  readonly #signer: Signer

  constructor({ url, signer, address }: { url: string; signer: Signer; address: string }) {
    this.url = url
    this.address = address
    this.#signer = signer
  }

  async init(): Promise<Answer> {
    const timestamp = Date.now()
    const signature = await this.#signer.signMessage(`Initialize 0G Broker for ${this.address} at ${timestamp}`)
    return this.#post('/api/broker/init', { signature, timestamp })
  }

  async fund(amount: string): Promise<Answer> {
    const timestamp = Date.now()
    const signature = await this.#signer.signMessage(`Fund ${amount} OG for ${this.address} at ${timestamp}`)
    return this.#post('/api/broker/fund', { amount, signature, timestamp })
  }

  async analyze(dreamText: string, options: Answer): Promise<Answer> {
    return this.#post('/api/ai/analyze', await this.#signAnalyze(dreamText, options))
  }

  /** Hears the interpretation while it is written; the answer is the same. */
  async analyzeAloud(dreamText: string, options: Answer, onDelta: (text: string) => void): Promise<Answer> {
    const answer: Answer = {}
    let isDone = false
    const parser = createParser({
      onEvent({ event, data }) {
        const value = JSON.parse(data) as Answer
        if (event === 'delta') onDelta(String(value.text))
        if (event === 'analysis') answer.analysis = value
        if (event === 'usage') Object.assign(answer, value)
        if (event === 'error') throw new Error(`The stream ended with ${value.code}: ${value.detail}`)
        isDone ||= event === 'done'
      },
    })
    const response = await this.#fetch('/api/ai/analyze', {
      method: 'POST',
      headers: { 'Content-Type': 'application/json', Accept: 'text/event-stream' },
      body: JSON.stringify({ address: this.address, ...(await this.#signAnalyze(dreamText, options)) }),
    })
    const decoder = new TextDecoder()
    for await (const bytes of response.body ?? []) parser.feed(decoder.decode(bytes, { stream: true }))
    if (!isDone) throw new Error('The stream broke off')
    return answer
  }

  async #signAnalyze(dreamText: string, options: Answer): Promise<Answer> {
    const timestamp = Date.now()
    const signature = await this.#signer.signMessage(`Analyze dream for ${this.address} at ${timestamp}`)
    return { dreamText, options, signature, timestamp }
  }

  async withdraw(amount: string, chainId: number): Promise<Answer> {
    const timestamp = Date.now()
    const message = `Withdraw ${amount} OG for ${this.address} at ${timestamp} on chain ${chainId}`
    const signature = await this.#signer.signMessage(message)
    return this.#post('/api/broker/withdraw', { amount, signature, timestamp })
  }

  async balance(): Promise<Answer> {
    const timestamp = Date.now()
    const signature = await this.#signer.signMessage(`Check balance for ${this.address} at ${timestamp}`)
    return this.get(`/api/broker/balance/${this.address}`, {
      'X-Signature': signature,
      'X-Timestamp': String(timestamp),
    })
  }

  get(path: string, headers: Record<string, string> = {}): Promise<Answer> {
    return this.#send(path, { headers })
  }

  #post(path: string, body: Answer): Promise<Answer> {
    return this.#send(path, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({ address: this.address, ...body }),
    })
  }

  async #send(path: string, init: RequestInit): Promise<Answer> {
    return (await (await this.#fetch(path, init)).json()) as Answer
  }

  async #fetch(path: string, init: RequestInit): Promise<Response> {
    const response = await fetch(`${this.url}${path}`, { ...init, signal: AbortSignal.timeout(150_000) })
    if (response.ok) return response
    const { code, detail } = (await response.json()) as Answer
    throw new Error(`${path} answered ${response.status} ${code}: ${detail}`)
  }
}
