import type { Signer } from 'ethers'

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
    const timestamp = Date.now()
    const signature = await this.#signer.signMessage(`Analyze dream for ${this.address} at ${timestamp}`)
    return this.#post('/api/ai/analyze', { dreamText, options, signature, timestamp })
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
    const response = await fetch(`${this.url}${path}`, { ...init, signal: AbortSignal.timeout(150_000) })
    const answer = (await response.json()) as Answer
    if (!response.ok) throw new Error(`${path} answered ${response.status} ${answer.code}: ${answer.detail}`)
    return answer
  }
}
