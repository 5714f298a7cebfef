import type { TestProject } from 'vitest/node'
import { readTestSettings } from '../config/env.ts'
import { chromiumPath, howToInstallChromium } from './browser/chromium.ts'
import { doesRedisAnswer, howToStartRedis } from './redis.ts'
import { doesPostgresAnswer, howToStartPostgres } from './test-databases.ts'

/** Tells once, before any test, what is missing on this machine: an error with CI=true, elsewhere a warning. */
export async function setup({ vitest }: TestProject): Promise<void> {
  const [hasPostgres, hasRedis] = await Promise.all([doesPostgresAnswer(), doesRedisAnswer()])
  const servers = [...(hasPostgres ? [] : [howToStartPostgres]), ...(hasRedis ? [] : [howToStartRedis])]
  if (servers.length > 0 && readTestSettings().CI)
    throw new Error(`With CI=true no test may be skipped.\n${servers.join('\n')}`)
  // A missing browser fails the tests that want one, not all of them.
  const missing = [...servers, ...(chromiumPath ? [] : [howToInstallChromium])]
  for (const how of missing) vitest.logger.warn(`${how}. Tests that need it are skipped`)
}
