/** How deep an analysis goes. A level is depth only, never a privilege. */
export type LevelProfile = { level: number; paragraphs: string; maxOutputTokens: number }

const profiles = [
  { level: 1, paragraphs: '1 to 2', maxOutputTokens: 500 },
  { level: 2, paragraphs: '2 to 3', maxOutputTokens: 700 },
  { level: 3, paragraphs: '3 to 4', maxOutputTokens: 900 },
  { level: 4, paragraphs: '4 to 5', maxOutputTokens: 1_200 },
  { level: 5, paragraphs: '5 to 6', maxOutputTokens: 1_500 },
  { level: 6, paragraphs: '6 to 8', maxOutputTokens: 1_900 },
  { level: 7, paragraphs: '8 to 10', maxOutputTokens: 2_400 },
] as const satisfies LevelProfile[]

/** The profile of level 1 to 7; 1 for any other. */
export function levelProfile(level: number): LevelProfile {
  return profiles.find((profile) => profile.level === level) ?? profiles[0]
}
