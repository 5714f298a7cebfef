import { connect } from 'node:net'

export const howToStartRedis =
  'Redis does not answer at 127.0.0.1:6379: start one with `docker run -p 127.0.0.1:6379:6379 redis:7`'

const timeoutMs = 2_000

/** Whether a Redis server says PONG: https://redis.io/docs/latest/develop/reference/protocol-spec/. */
export function doesRedisAnswer(port = 6379): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => socket.write('PING\r\n'))
    socket.setTimeout(timeoutMs, () => socket.destroy())
    socket.once('data', (data) => {
      resolve(data.toString() === '+PONG\r\n')
      socket.destroy()
    })
    socket.on('error', () => {}).once('close', () => resolve(false))
  })
}
