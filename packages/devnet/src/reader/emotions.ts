import { type Entry, entry } from './lexicon.ts'

// Left out for what else they may mean: alone, abandoned (house), amazing, cry, hopefully, laughed, quiet, sadly, scary,
// tender, tense, wonder (if).
export const emotions: Entry[] = [
  entry(
    'fear',
    'fear, fears, feared, fearful, afraid, scared, frightened, frightening, terror, terrified, terrifying, dread',
    'something you care about and do not feel safe with yet',
    "i'm afraid so, i'm afraid not, i am afraid so, i am afraid not",
  ),
  entry(
    'anxiety',
    'anxiety, anxious, anxiously, worry, worried, worrying, nervous, panic, panicked, uneasy',
    'a demand that has no clear edge',
    'nervous system, panic button, panic room',
  ),
  entry(
    'joy',
    'joy, joyful, joyfully, happy, happily, happiness, glad, delight, delighted',
    'what already nourishes you',
    'happy birthday, happy hour, joy ride',
  ),
  entry(
    'sadness',
    'sad, sadness, sorrow, cried, crying, wept, weeping, tears, grief, grieving, mourning',
    'a farewell that may want more room',
    'cried out, crying out, weeping willow, tears of joy, tears apart, tears at, tears down, tears into, tears off, tears open, tears the, tears through, tears up',
  ),
  entry('anger', 'anger, angry, angrily, furious, furiously, fury, enraged', 'a border that has been crossed'),
  entry(
    'calm',
    'calm, calmly, calmness, peace, peaceful, peacefully, serene, relaxed',
    'a place in you that is not in a hurry',
    'calm down, peace treaty, peace sign',
  ),
  entry(
    'wonder',
    'awe, amazed, amazement, astonished, astonishment, marvelled, marveled, in wonder, with wonder, sense of wonder, full of wonder',
    'a readiness to be surprised',
  ),
  entry(
    'longing',
    'longing, longed, yearn, yearned, yearning, homesick, nostalgia, nostalgic',
    'something absent that still matters',
  ),
  entry('loneliness', 'lonely, loneliness, lonesome', 'a wish to be met'),
  entry('guilt', 'guilt, guilty, regret, regretted, remorse', 'a value of yours that something went against'),
  entry(
    'shame',
    'shame, ashamed, embarrassed, embarrassment, humiliated, humiliation',
    'a fear of being seen in the wrong light',
    "a shame that, what a shame, it's a shame, such a shame",
  ),
  entry('confusion', 'confused, confusing, confusion, puzzled, bewildered', 'a question that has not found its words'),
  entry('relief', 'relief, relieved', 'a weight that may be ready to be put down', 'relieved of'),
  entry('hope', 'hope, hopes, hoped, hopeful', 'a direction you would take if it were safe'),
  entry(
    'love',
    'love, loved, loving, beloved',
    'a bond that is worth naming',
    "would love, i'd love, she'd love, he'd love, we'd love, they'd love, would have loved, love to, loved to, love letter, love song",
  ),
  entry(
    'freedom',
    'freedom, liberated, weightless, felt free, feel free, was free, were free, am free, so free, free at last',
    'a space you would like to have by day as well',
    'feel free to, free of charge, free from work, free on',
  ),
  entry(
    'helplessness',
    'helpless, helplessness, powerless, paralysed, paralyzed',
    'a situation in which help could be asked for',
  ),
  entry('surprise', 'surprise, surprised, startled, shocked', 'something you were not prepared for', 'surprise party'),
]
