export const dream = 'I was flying over a dark sea, and my grandmother was waiting on the other shore.'
