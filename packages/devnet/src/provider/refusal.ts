/** A request the provider answers with an error: its status and the exact text of the member `error`. */
export class Refusal extends Error {
  readonly status: number

  constructor(message: string, status = 400) {
    super(message)
    this.name = 'Refusal'
    this.status = status
  }

  /** The same refusal told from one step further out: "context: reason". */
  within(context: string): Refusal {
    return new Refusal(`${context}: ${this.message}`, this.status)
  }
}

/** Runs one step of a request; its refusal names the step. */
export async function inStep<T>(context: string, step: () => Promise<T>): Promise<T> {
  try {
    return await step()
  } catch (error) {
    throw error instanceof Refusal ? error.within(context) : error
  }
}
