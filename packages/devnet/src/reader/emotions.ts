import { type Entry, entry } from './lexicon.ts'

export const emotions: Entry[] = [
  entry(
    'fear',
    'fear fears feared fearful afraid scared scary frightened frightening terror terrified terrifying',
    'something you care about and do not feel safe with yet',
  ),
  entry(
    'anxiety',
    'anxiety anxious anxiously worry worried worrying nervous panic panicked uneasy tense',
    'a demand that has no clear edge',
  ),
  entry(
    'joy',
    'joy joyful happy happily happiness glad delight delighted laugh laughed laughing',
    'what already nourishes you',
  ),
  entry(
    'sadness',
    'sad sadly sadness sorrow cry cried crying wept weeping tears grief grieving mourning',
    'a farewell that may want more room',
  ),
  entry('anger', 'anger angry angrily rage furious fury', 'a border that has been crossed'),
  entry(
    'calm',
    'calm calmly peace peaceful peacefully serene quiet quietly relaxed',
    'a place in you that is not in a hurry',
  ),
  entry(
    'wonder',
    'wonder wonders wondered amazed amazing awe astonished marvel marvelled',
    'a readiness to be surprised',
  ),
  entry(
    'longing',
    'longing longed yearn yearned yearning homesick nostalgia nostalgic',
    'something absent that still matters',
  ),
  entry('loneliness', 'lonely loneliness alone abandoned', 'a wish to be met'),
  entry('guilt', 'guilt guilty regret regretted remorse', 'a value of yours that something went against'),
  entry('shame', 'shame ashamed embarrassed embarrassing humiliated', 'a fear of being seen in the wrong light'),
  entry('confusion', 'confused confusing confusion puzzled bewildered', 'a question that has not found its words'),
  entry('relief', 'relief relieved', 'a weight that may be ready to be put down'),
  entry('hope', 'hope hopes hoped hopeful hopefully', 'a direction you would take if it were safe'),
  entry('love', 'love loved loving beloved tender tenderness', 'a bond that is worth naming'),
  entry('freedom', 'free freedom freely liberated weightless', 'a space you would like to have by day as well'),
  entry('helplessness', 'helpless powerless paralysed paralyzed', 'a situation in which help could be asked for'),
  entry('surprise', 'surprise surprised surprising startled shocked', 'something you were not prepared for'),
]
