import { configDefaults, defineConfig } from 'vitest/config'

const conditions = ['@dreamscape/source', 'module', 'node', 'development|production']

export default defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions } },
  environments: { __vitest__: { resolve: { conditions } } },
  test: {
    include: ['packages/*/src/**/*.test.ts', 'scripts/**/*.test.ts'],
    exclude: [...configDefaults.exclude, '**/dist/**'],
    globalSetup: 'packages/server/src/testing/global-setup.ts',
    // What a test file imports is loaded once per worker. What must be alone in a process starts one of its own.
    isolate: false,
    // Tests wait for the chain more than they compute; the default leaves one core idle.
    maxWorkers: '100%',
    testTimeout: 30_000,
    hookTimeout: 60_000,
  },
})
