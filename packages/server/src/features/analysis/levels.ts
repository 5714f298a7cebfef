/** How deep an analysis goes. A level is depth only, never a privilege. */
export type LevelProfile = {
  level: number
  paragraphs: string
  maxOutputTokens: number
  /** How many earlier dreams are read; `Infinity` for all that were sent and fit. */
  window: number
  questions: string
  /** What this level adds to those below it. Never a prediction: from level 4 on, questions to watch take its place. */
  adds: string
  /** What it adds when there are earlier dreams. */
  addsOfEarlier?: string
}

const profiles = [
  {
    level: 1,
    paragraphs: '1 to 2',
    maxOutputTokens: 500,
    window: 0,
    questions: '0 or 1',
    adds: 'Name the main feelings of the dream and end with a word of encouragement.',
  },
  {
    level: 2,
    paragraphs: '2 to 3',
    maxOutputTokens: 700,
    window: 3,
    questions: '1',
    adds: 'Follow how the feelings change in the course of the dream.',
    addsOfEarlier: 'Name what recurs.',
  },
  {
    level: 3,
    paragraphs: '3 to 4',
    maxOutputTokens: 900,
    window: 5,
    questions: '1 or 2',
    adds: 'Mention what the images mean in different cultures, and suggest one small thing to try.',
  },
  {
    level: 4,
    paragraphs: '4 to 5',
    maxOutputTokens: 1_200,
    window: 10,
    questions: '2',
    adds: 'Look through the lenses of Jung and of Freud as possible views, and give questions to watch in the coming days.',
  },
  {
    level: 5,
    paragraphs: '5 to 6',
    maxOutputTokens: 1_500,
    window: 15,
    questions: '2 or 3',
    adds: 'Relate the dream to a personal mythology, and suggest one exercise of lucid dreaming.',
  },
  {
    level: 6,
    paragraphs: '6 to 8',
    maxOutputTokens: 1_900,
    window: 20,
    questions: '3',
    adds: 'Describe how the themes develop in the course of the dream.',
    addsOfEarlier: 'Describe how they have developed over the earlier dreams.',
  },
  {
    level: 7,
    paragraphs: '8 to 10',
    maxOutputTokens: 2_400,
    window: Number.POSITIVE_INFINITY,
    questions: '3 to 5',
    adds: 'Weave everything into one picture, with contradictions left standing.',
    addsOfEarlier: 'Weave all earlier dreams into it.',
  },
] as const satisfies LevelProfile[]

/** The profile of level 1 to 7; 1 for any other. */
export function levelProfile(level: number): LevelProfile {
  return profiles.find((profile) => profile.level === level) ?? profiles[0]
}
