/** 1 OG that every provider wants to stay locked (0G provider broker: balance rule). It remains the user's. */
export const minimumProviderLock = 10n ** 18n
