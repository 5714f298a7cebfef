import { type Entry, entry } from './lexicon.ts'

export const themes: Entry[] = [
  entry(
    'pursuit',
    'chase chased chases chasing pursue pursued pursuing followed following hunted',
    'something you keep ahead of, and what would happen if you turned round',
  ),
  entry(
    'search',
    'search searched searching seek seeking sought looking',
    'something that is missing, or has only been put elsewhere',
  ),
  entry('being lost', 'lost maze labyrinth wandered wandering', 'a choice whose landmarks have changed'),
  entry('hiding', 'hide hides hid hidden hiding', 'a part of you that waits for a safer moment'),
  entry(
    'change',
    'became become becoming changed changing transform transformed transforming',
    'one form of life giving way to another',
  ),
  entry(
    'journey',
    'journey travel travelled traveled travelling traveling walk walked walking',
    'a development that takes its own time',
  ),
  entry('ending', 'die died dies dying dead death funeral', 'the end of a chapter rather than of a person'),
  entry(
    'confinement',
    'trapped locked stuck prison cage caged',
    'a limit that may be older than the situation it now applies to',
  ),
  entry('lateness', 'late missed hurry hurried hurrying delayed', 'a measure of time that may not be your own'),
  entry('meeting', 'met meet meeting meets greeted embraced hugged', 'a relation that wants to be renewed'),
  entry('climbing', 'climb climbed climbs climbing', 'an effort you have taken on'),
  entry(
    'discovery',
    'found find finds finding discover discovered discovering opened',
    'something that was there before you saw it',
  ),
]
