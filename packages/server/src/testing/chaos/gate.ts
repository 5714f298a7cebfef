export type Gate = ReturnType<typeof createGate>

/** Open at first. While it is closed, nobody who waits for it begins anything new. */
export function createGate() {
  let opened: Promise<void> = Promise.resolve()
  let open = () => {}
  return {
    pass: (): Promise<void> => opened,
    close: (): void => {
      opened = new Promise((resolve) => {
        open = resolve
      })
    },
    open: (): void => open(),
  }
}
