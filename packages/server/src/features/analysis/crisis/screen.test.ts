import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { examine, findCrisis, findUrging } from './screen.ts'

type Sample = { text: string; language: string; crisis: boolean }

const folder = new URL('./corpus/', import.meta.url)

function readCorpus(name: string): Sample[] {
  const lines = readFileSync(new URL(name, folder), 'utf8').trim().split('\n')
  return lines.map((line) => JSON.parse(line) as Sample)
}

describe.each(readdirSync(folder))('of the texts in %s', (name) => {
  const samples = readCorpus(name)
  const crises = samples.filter(({ crisis }) => crisis)
  const ordinary = samples.filter(({ crisis }) => !crisis)

  test('at least 95 % of the crises are found', () => {
    const missed = crises.filter(({ text }) => !findCrisis(text))

    expect(missed.length, missed.map(({ text }) => text).join('\n')).toBeLessThanOrEqual(crises.length * 0.05)
  })

  test('at most 2 % of the ordinary dreams raise an alarm', () => {
    const alarms = ordinary.filter(({ text }) => findCrisis(text))

    expect(alarms.length, alarms.map(({ text }) => text).join('\n')).toBeLessThanOrEqual(ordinary.length * 0.02)
  })
})

describe('a crisis is found', () => {
  test.each([
    ['behind a dream', 'I dreamt of a lake and a white boat. I want to die.'],
    ['behind a dream and an awakening, told in the past', 'I dreamt of a lake. When I woke up, I wanted to die.'],
    ['in the sentence of the dream, after it ended', 'I dreamt of a lake but since I woke up I want to kill myself'],
    ['before a dream', 'I want to kill myself. In the dream I was a bird, and then I woke up.'],
    ['after a paragraph of a dream in the present tense', 'In my dream I am standing on a roof.\n\nI want to die.'],
    ['across a wrapped line', 'I really want to\nkill myself'],
    ['with typographic apostrophes and wide letters', 'I don’t want to live anymore. Ｉ ｗａｎｔ ｔｏ ｄｉｅ'],
    ['with characters that are not seen', 'I want to k\u200bill my\u00adself'],
    ['with drawn-out letters', 'i just wanna dieeeee'],
    ['in quotes of one’s own', 'I keep thinking "I want to die" all day.'],
    ['in quotes altogether', '"I want to die."'],
    ['without the marks of the language', 'nie chce juz zyc'],
    ['in traditional characters', '我想自殺'],
  ])('%s', (_where, text) => {
    expect(findCrisis(text)).toBeDefined()
  })

  test('in the language of its words, whatever the rest is', () => {
    expect(findCrisis('I dreamt of the sea. Me quiero matar.')).toEqual({ language: 'es' })
  })
})

describe('nothing is found', () => {
  test.each([
    ['in nothing', ''],
    ['in what is no language', '\u0000 🌊🌊 ... \n\n !!! “”'],
    ['in a dream told in the past', 'I dreamt of a roof. I wanted to die. I took all the pills. Then it snowed.'],
    ['in a dream told in the present', 'In my dream I am standing on a roof. I want to die. Then I fly.'],
    ['before "and then I woke up"', 'A roof, a storm. I want to die, I jump. And then I woke up.'],
    ['in somebody else’s words', 'My sister told me I want to die is what she wrote in her diary.'],
    ['in a quotation', 'He shouted “I want to kill myself” from the other side.'],
    ['in what is over', 'Years ago I wanted to die. I am fine now.'],
    ['in an idiom', 'I wanted to die of embarrassment, I was dying to leave.'],
    ['in a negation', "I'm not suicidal and I don't want to die."],
  ])('%s', (_where, text) => {
    expect(findCrisis(text)).toBeUndefined()
  })
})

describe('urging is found', () => {
  test.each([
    'You should just kill yourself.',
    'Deberías quitarte la vida.',
    'Tu devrais mettre fin à tes jours.',
    'Bring dich doch um.',
    'Powinieneś się zabić.',
    'Você deveria se matar.',
    '你应该去死。',
    'तुम्हें मर जाना चाहिए।',
  ])('in %s', (text) => {
    expect(findUrging(text)).toBeDefined()
  })

  test.each([
    'Killing yourself in a dream often stands for an end and a new beginning.',
    'You should not kill yourself with work; rest.',
    'If you ever think of suicide, please talk to somebody you trust.',
    'La muerte en el sueño simboliza un cambio; deberías hablar con alguien.',
    '梦见自己死去常常象征新的开始,你应该好好休息。',
  ])('not in %s', (text) => {
    expect(findUrging(text)).toBeUndefined()
  })
})

describe('the steps it takes', () => {
  const hostile = [
    'a',
    'I really really really want to ',
    'i dont want to i want to die of ',
    'i dreamt i want to die ',
    '"i think i want to die" ',
    '。我想想想想想想',
    'मैं बस बस मरना ',
    'ich will einfach nur noch nicht mehr ',
    'no no no ya no quiero ',
    '\n \n ',
    '....',
    'é́́́',
  ]

  test.each(hostile)('grow with the length of a text and no faster: %j', (piece) => {
    const half = examine(piece.repeat(Math.floor(10_000 / piece.length))).steps
    const whole = examine(piece.repeat(2 * Math.floor(10_000 / piece.length))).steps

    expect(whole).toBeLessThanOrEqual(2 * half + 1_000)
    expect(whole).toBeLessThan(20_000 * 40)
  })
})
