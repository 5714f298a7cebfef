import { type Entry, entry } from './lexicon.ts'

export const themes: Entry[] = [
  entry(
    'pursuit',
    'chase, chased, chases, chasing, pursue, pursued, pursuing, hunted, followed me, followed us, following me, following us',
    'something you keep ahead of, and what would happen if you turned round',
  ),
  entry(
    'search',
    'search, searched, searching, seek, seeking, sought, looking for, looked for',
    'something that is missing, or has only been put elsewhere',
  ),
  entry(
    'being lost',
    'was lost, were lost, am lost, got lost, felt lost, lost my way, lost our way, maze, labyrinth',
    'a choice whose landmarks have changed',
    'was lost for words, was lost in thought',
  ),
  entry('hiding', 'hide, hides, hid, hidden, hiding', 'a part of you that waits for a safer moment'),
  entry(
    'change',
    'became, become, becoming, changed, changing, transform, transformed, transforming, turned into',
    'one form of life giving way to another',
    'turned into the, turned into a street, turned into my street',
  ),
  entry(
    'journey',
    'journey, journeys, travel, travelled, traveled, travelling, traveling',
    'a development that takes its own time',
  ),
  entry(
    'ending',
    'died, dying, dead, death, funeral',
    'the end of a chapter rather than of a person',
    'dead end, dead tired, died down',
  ),
  entry(
    'confinement',
    'trapped, locked in, locked up, stuck, prison, cage, caged',
    'a limit that may be older than the situation it now applies to',
    'stuck out, stuck to',
  ),
  entry(
    'lateness',
    'late for, too late, running late, missed the, missed my, hurry, hurried, hurrying',
    'a measure of time that may not be your own',
  ),
  entry('meeting', 'met, meets, greeted, embraced, hugged', 'a relation that wants to be renewed'),
  entry('climbing', 'climb, climbed, climbs, climbing', 'an effort you have taken on'),
  entry(
    'discovery',
    'found, finds, discover, discovered, discovering',
    'something that was there before you saw it',
    'found guilty, lost and found',
  ),
]
