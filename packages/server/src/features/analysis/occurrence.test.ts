import { describe, expect, test } from 'vitest'
import { createOccurrence, mergeTerms } from './occurrence.ts'

describe('something occurs in a dream', () => {
  test.each([
    ['as it is', 'I stood at the sea.', 'sea'],
    ['in another case', 'I stood at the SEA.', 'Sea'],
    ['in the plural', 'Three wolves and two doors.', 'wolf'],
    ['in the singular', 'A door fell shut.', 'doors'],
    ['as another form of a verb', 'I flew away.', 'flying'],
    ['as a noun made of it', 'It was dark.', 'darkness'],
    ['with a doubled letter', 'I swim in a lake.', 'swimming'],
    ['with a possessive', "My mother's house.", 'mother'],
    ['with a word added', 'I stood at the sea.', 'dark sea'],
    ['with an article', 'I stood at the sea.', 'the sea'],
    ['without its accents', 'Un niño en Málaga.', 'nino'],
    ['with accents the dream does not have', 'Un nino corria.', 'niño'],
    ['in German, inflected', 'Überall standen alte Häuser.', 'Haus'],
    ['in German, in a compound', 'Ich ging ins Elternhaus.', 'Haus'],
    ['with ß as ss', 'Die Straße war leer.', 'Strasse'],
    ['in Spanish, conjugated', 'Yo volaba sobre el mar.', 'volar'],
    ['in French, with an article', "L'oiseau chantait.", 'oiseau'],
    ['in Italian, in the plural', 'Le case bruciavano.', 'casa'],
    ['in Portuguese', 'Os corações batiam.', 'coração'],
    ['in Polish', 'Widziałem wilki w lesie.', 'wilk'],
    ['in Turkish, with its endings', 'Denizlerin üstünde uçtum.', 'deniz'],
    ['in Finnish', 'Talossa oli pimeää.', 'talo'],
    ['in Russian, declined', 'Я летел над морем.', 'море'],
    ['in Ukrainian, declined', 'Я бачив бабусю.', 'бабуся'],
    ['in Greek, without accents', 'Είδα τη θάλασσα.', 'θαλασσα'],
    ['in Arabic, with the article', 'رأيت البحر.', 'بحر'],
    ['in Arabic, with vowel points', 'رأيت بَحْرًا.', 'بحرا'],
    ['in Hebrew, with a prefix', 'עמדתי בים.', 'ים'],
    ['in Hindi', 'मैंने समुद्र देखा।', 'समुद्र'],
    ['in Korean, with a particle', '바다에서 수영했다.', '바다'],
    ['in Chinese', '我在黑暗的海上飞。', '海'],
    ['in Chinese, as a longer word', '我在黑暗的海上飞。', '大海'],
    ['in Chinese, described', '我看见一条蛇。', '黑色的蛇'],
    ['in Japanese, another form of a verb', '空を飛んでいた。', '飛ぶ'],
    ['in Japanese, in the other syllabary', 'オオカミに会った。', 'おおかみ'],
    ['in Thai', 'ฉันเห็นทะเลสีดำ', 'ทะเล'],
    ['in full-width letters', 'Ｔｈｅ ｓｅａ', 'sea'],
    ['taken apart into letter and accent', 'Ma\u0301laga', 'Málaga'],
  ])('%s', (_how, dream, term) => {
    expect(createOccurrence(dream)(term)).toBe(true)
  })

  test.each([
    ['nothing of it', 'I stood at the sea.', 'gold'],
    ['another thing', 'I stood at the sea.', 'snake'],
    ['a word that begins alike', 'It was the rainy season.', 'sea'],
    ['water for a watch', 'My watch stopped.', 'water'],
    ['a grandfather for a grandmother', 'My grandmother waved.', 'grandfather'],
    ['an article only', 'I stood at the sea.', 'the mountain'],
    ['one word of three', 'I stood at the sea.', 'golden mountain sea'],
    ['a meaning that nobody named', 'I stood at the sea.', 'ocean'],
    ['another animal in Russian', 'Я видел волка.', 'змея'],
    ['another thing in Chinese', '我在黑暗的海上飞。', '蛇'],
    ['another thing in Japanese', '空を飛んでいた。', '猫'],
    ['another thing in Arabic', 'رأيت البحر.', 'ذهب'],
    ['another thing in Korean', '바다에서 수영했다.', '늑대'],
    ['nothing at all', 'I stood at the sea.', ''],
    ['marks only', 'I stood at the sea.', '!?'],
  ])('not: %s', (_what, dream, term) => {
    expect(createOccurrence(dream)(term)).toBe(false)
  })
})

test.each([
  [['Wolf', 'wolves', 'WOLF'], ['Wolf']],
  [['Málaga', 'malaga'], ['Málaga']],
  [
    ['box', 'boxes', 'berry', 'berries'],
    ['box', 'berry'],
  ],
  [['the sea', 'sea', 'a sea'], ['the sea']],
  [
    ['dark sea', 'dark seas', 'sea'],
    ['dark sea', 'sea'],
  ],
  [
    ['star', 'start', 'mother', 'moth'],
    ['star', 'start', 'mother', 'moth'],
  ],
  [
    ['海', '海', '大海'],
    ['海', '大海'],
  ],
  [['Straße', 'STRASSE'], ['Straße']],
])('of %j stay %j', (terms, expected) => {
  expect(mergeTerms(terms)).toEqual(expected)
})
