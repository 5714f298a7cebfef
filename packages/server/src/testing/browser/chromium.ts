import { existsSync } from 'node:fs'

/** Where a browser is installed, if one is. */
export const chromiumPath = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find(
  existsSync,
)

export const howToInstallChromium = 'Chromium is not installed: on Debian `apt-get install chromium` does it'
