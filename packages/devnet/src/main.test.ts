import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'

describe('npm run devnet', () => {
  test.concurrent.each(['SIGINT', 'SIGTERM'] as const)('says what runs where and ends well on %s', async (signal) => {
    const dataDir = await mkdtemp(join(tmpdir(), 'devnet-main-'))
    const cli = startCli({ DEVNET_RPC_PORT: '0', DEVNET_DATA_DIR: dataDir, DEVNET_LLM_URL: 'http://127.0.0.1:9/v1' })

    const greeting = await untilOutput(cli, 'never send real money')
    cli.kill(signal)
    const [code] = await once(cli, 'exit')
    const kept = await readdir(dataDir)
    await rm(dataDir, { recursive: true })

    expect(greeting).toContain('0x9fE46736679d2D9a65F0992F2272dE9f3c7fa6e0')
    expect(greeting).toMatch(/deepseek-r1-70b +0x\w+ +http:\/\/127\.0\.0\.1:\d+/)
    expect(greeting).toContain('0x3C44CdDdB6a900fa2b585dd299e03d12FA4293BC')
    expect(greeting).toContain('pass requests on to http://127.0.0.1:9/v1')
    expect(kept.sort()).toEqual(['chain.json', 'devnet.json'])
    expect(code).toBe(0)
  })

  test.concurrent('says in one line that the port is in use', async () => {
    const occupant = createServer().listen(0, '127.0.0.1')
    await once(occupant, 'listening')
    const address = occupant.address()
    const port = typeof address === 'object' ? address?.port : undefined
    const cli = startCli({ DEVNET_RPC_PORT: String(port) })

    const [complaint, [code]] = await Promise.all([text(cli.stderr), once(cli, 'exit')])
    occupant.close()

    expect(complaint).toBe(`Port ${port} is already in use\n`)
    expect(code).toBe(1)
  })
})

function startCli(env: Record<string, string>) {
  const main = fileURLToPath(new URL('./main.ts', import.meta.url))
  return spawn(process.execPath, ['--conditions=@dreamscape/source', '--import', 'tsx', main], {
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
}

async function untilOutput({ stdout }: ChildProcess, end: string): Promise<string> {
  let output = ''
  for await (const chunk of stdout ?? []) {
    output += String(chunk)
    if (output.includes(end)) break
  }
  return output
}
