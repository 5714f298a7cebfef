/** Between such tags a reasoning model thinks; some never open them, some never close them. */
export const thoughtStart = /<(?:think|thinking|thought|reasoning)>/i
export const thoughtEnd = /<\/(?:think|thinking|thought|reasoning)>/i
