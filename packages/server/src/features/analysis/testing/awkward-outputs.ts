/** The dream that all outputs are about. */
export const awkwardDream =
  'I stood at the sea in Málaga. A wolf ate two apples, and my grandmother was crying. She said "go home" and it rained.'

/** What a model wrote for it, and what has to come of that: the fields that must be exactly so, or nothing at all. */
export type AwkwardOutput = {
  what: string
  content: string
  /** The model had to stop: `finish_reason: length`. */
  isCut?: true
  expected: Partial<Record<string, unknown>> | undefined
}

const plain = {
  interpretation: 'The sea might stand for distance.',
  symbols: ['sea', 'wolf'],
  emotions: ['sadness'],
  insights: ['Home is far.'],
}
const flat = JSON.stringify(plain)
const { interpretation, ...lists } = plain
const nested = JSON.stringify({
  interpretation,
  rest: { ...lists, themes: ['loss'], reflectionQuestions: ['Why now?'], language: 'EN-us' },
})
const full = { ...plain, themes: ['loss'], reflectionQuestions: ['Why now?'], language: 'en-US' }

const withField = (field: string, value: unknown) => JSON.stringify({ ...plain, [field]: value })

const shapes: AwkwardOutput[] = [
  { what: 'the flat shape', content: flat, expected: plain },
  { what: 'the nested shape', content: nested, expected: full },
  { what: 'pretty-printed', content: JSON.stringify(plain, null, 4), expected: plain },
  { what: 'rest before the interpretation', content: JSON.stringify({ rest: lists, interpretation }), expected: plain },
  {
    what: 'keys in other spellings',
    content: flat.replace('"symbols"', '"Symbols"').replace('"insights"', '"in_sights"'),
    expected: plain,
  },
  {
    what: 'reflection_questions',
    content: withField('reflection_questions', ['Why now?']),
    expected: { reflectionQuestions: ['Why now?'] },
  },
  { what: 'fields that nobody asked for', content: withField('cost', '0'), expected: plain },
  {
    what: 'a safety of its own',
    content: withField('safety', { flag: 'crisis', resources: [] }),
    expected: { ...plain, safety: undefined },
  },
  {
    what: 'symbols with their meaning',
    content: withField('symbols', [{ name: 'sea', meaning: 'depth' }, { symbol: 'wolf' }]),
    expected: plain,
  },
  {
    what: 'symbols after their meaning',
    content: withField('symbols', [
      { meaning: 'a wolf', name: 'sea' },
      { Meaning: 'sea', Symbol: 'wolf' },
    ]),
    expected: plain,
  },
  {
    what: 'emotions after what caused them',
    content: withField('emotions', [
      { cause: 'the rain', emotion: 'sadness' },
      { of: 'home', text: 'longing' },
    ]),
    expected: { emotions: ['sadness', 'longing'] },
  },
  {
    what: 'symbols as the keys of their meanings',
    content: withField('symbols', { sea: 'flow', wolf: 'hunger' }),
    expected: plain,
  },
  {
    what: 'emotions as the keys of how strong they are',
    content: withField('emotions', { sadness: 0.7 }),
    expected: plain,
  },
  { what: 'symbols in one text', content: withField('symbols', 'sea, wolf'), expected: plain },
  {
    what: 'insights in one text',
    content: withField('insights', 'Home, the old one, is far.\nRain helps.'),
    expected: { insights: ['Home, the old one, is far.', 'Rain helps.'] },
  },
  {
    what: 'numbers and nulls among the symbols',
    content: withField('symbols', [1, null, 'sea', ['x'], 'wolf']),
    expected: plain,
  },
  { what: 'a list that is null', content: withField('emotions', null), expected: { emotions: [] } },
  {
    what: 'a list that is missing',
    content: JSON.stringify({ interpretation, symbols: ['sea'] }),
    expected: { symbols: ['sea'], emotions: [], insights: [] },
  },
  {
    what: 'paragraphs as a list',
    content: withField('interpretation', ['One.', 'Two.']),
    expected: { interpretation: 'One.\n\nTwo.' },
  },
  {
    what: 'a language that is none',
    content: withField('language', 'English (I think)'),
    expected: { ...plain, language: undefined },
  },
  { what: 'an interpretation alone', content: JSON.stringify({ interpretation }), expected: undefined },
  { what: 'lists alone', content: JSON.stringify(lists), expected: undefined },
  { what: 'an interpretation that is a number', content: withField('interpretation', 7), expected: undefined },
  { what: 'an empty interpretation', content: withField('interpretation', ' \n '), expected: undefined },
  { what: 'an interpretation of dots', content: withField('interpretation', '…'), expected: undefined },
]

const wrappings: AwkwardOutput[] = [
  { what: 'a fence', content: `\`\`\`json\n${flat}\n\`\`\``, expected: plain },
  { what: 'a fence that is not closed', content: `\`\`\`\n${flat}`, expected: plain },
  {
    what: 'two fences, of which the second holds a note',
    content: `\`\`\`json\n${flat}\n\`\`\`\n\`\`\`\nnote\n\`\`\``,
    expected: plain,
  },
  { what: 'chatter before and after', content: `Sure! Here it is: ${flat} I hope {this} helps.`, expected: plain },
  { what: 'chatter with braces before', content: `In the form {interpretation, symbols}: ${flat}`, expected: plain },
  { what: 'an open brace before', content: `{ Here is the JSON: ${flat}`, expected: plain },
  { what: 'an example before', content: `Example: {"a": 1}. Answer: ${flat}`, expected: plain },
  { what: 'thinking', content: `<think>{"not": "this"}</think>${flat}`, expected: plain },
  {
    what: 'thinking with a draft in it',
    content: `<think>${flat.replace('distance', 'a draft')}</think>\n${flat}`,
    expected: plain,
  },
  { what: 'thinking that was never opened', content: `hm {"x": 1} </think>\n${flat}`, expected: plain },
  { what: 'thinking twice', content: `<think>a</think><think>b {</think>${flat}`, expected: plain },
  { what: 'thinking afterwards that is not closed', content: `${flat}<think>was that {`, expected: plain },
  { what: 'thinking under another name', content: `<thinking>{</thinking>${flat}`, expected: plain },
  { what: 'thinking that never ends', content: `<think>${flat}`, expected: undefined },
  {
    what: 'a tag of thinking that is only quoted',
    content: flat.replace('The sea', 'The sign </think> and the sea'),
    expected: { interpretation: 'The sign and the sea might stand for distance.' },
  },
  ...[flat, `[${flat}]`, `\`\`\`json\n${flat}\n\`\`\``].map((content) => ({
    what: `an opening tag of thinking that is only quoted, in ${content.slice(0, 3)}`,
    content: content.replace('The sea', 'I think <think> slowly: the sea'),
    expected: { interpretation: 'I think slowly: the sea might stand for distance.', insights: plain.insights },
  })),
  { what: 'an array around it', content: `[${flat}]`, expected: plain },
  { what: 'an object around it', content: `{"analysis": ${flat}}`, expected: plain },
  { what: 'two objects around it', content: `{"data": {"result": ${nested}}}`, expected: full },
  { what: 'a text that is JSON', content: JSON.stringify(flat), expected: plain },
  { what: 'a text that is JSON in an object', content: JSON.stringify({ output: flat }), expected: plain },
  { what: 'twice the same', content: `${flat}\n${flat}`, expected: plain },
  {
    what: 'two answers: the first counts, it may have been streamed',
    content: `${flat}${flat.replace('distance', 'depth')}`,
    expected: plain,
  },
  { what: 'a byte order mark', content: `\ufeff${flat}`, expected: plain },
  { what: 'white space of all kinds', content: `\u00a0\r\n\t${flat}\u2003`, expected: plain },
]

const faults: AwkwardOutput[] = [
  { what: 'trailing commas', content: flat.replaceAll(']', ',]').replace(/}$/, ',}'), expected: plain },
  { what: 'single quotes', content: flat.replaceAll('"', "'"), expected: plain },
  {
    what: 'single quotes around apostrophes',
    content: `{'interpretation': 'It's the sea's turn.', 'symbols': ['sea'], 'emotions': [], 'insights': []}`,
    expected: { symbols: ['sea'] },
  },
  { what: 'smart quotes', content: flat.replace(/"([^"]*)"/g, '“$1”'), expected: plain },
  { what: 'keys without quotes', content: flat.replace(/"(\w+)":/g, '$1:'), expected: plain },
  {
    what: 'comments',
    content: flat.replace('{', '{ // the analysis\n').replace('"symbols"', '/* seen */ "symbols"'),
    expected: plain,
  },
  { what: 'a comma that is missing', content: flat.replace('],"emotions"', ']\n"emotions"'), expected: plain },
  {
    what: 'line breaks in a text',
    content: flat.replace('The sea', 'First.\n\nThe sea'),
    expected: { interpretation: 'First.\n\nThe sea might stand for distance.' },
  },
  {
    what: 'quotes in a text that are not escaped',
    content: flat.replace('The sea', 'She said "go home" once. The sea'),
    expected: { interpretation: 'She said "go home" once. The sea might stand for distance.' },
  },
  { what: 'the words of Python', content: flat.replace('["sadness"]', 'None'), expected: { emotions: [] } },
  { what: 'an ellipsis in a list', content: flat.replace('"wolf"]', '"wolf", ...]'), expected: plain },
  {
    what: 'escapes that JSON does not know',
    content: flat.replace('The sea', "The sea\\'s edge"),
    expected: { interpretation: "The sea's edge might stand for distance." },
  },
  { what: 'no last bracket, all else there', content: flat.slice(0, -1), expected: plain },
  { what: 'no last brackets, all else there', content: flat.slice(0, -2), expected: plain },
]

const cuts: AwkwardOutput[] = [
  { what: 'cut in the interpretation', content: flat.slice(0, 30), expected: undefined },
  { what: 'cut in the interpretation, and told so', content: flat.slice(0, 30), isCut: true, expected: undefined },
  { what: 'cut between two fields', content: flat.slice(0, flat.indexOf('"emotions"')), expected: undefined },
  { what: 'cut in a symbol', content: flat.slice(0, flat.indexOf('olf')), expected: undefined },
  { what: 'cut after a key', content: flat.slice(0, flat.indexOf(':["sad')), expected: undefined },
  { what: 'cut before the last brackets, and told so', content: flat.slice(0, -2), isCut: true, expected: undefined },
  { what: 'cut in the nested part', content: nested.slice(0, -40), isCut: true, expected: undefined },
  { what: 'cut in chatter after the whole', content: `${flat} I hope`, isCut: true, expected: plain },
  { what: 'cut in a fence', content: `\`\`\`json\n${flat.slice(0, 60)}\n\`\`\``, expected: undefined },
  { what: 'cut in thinking', content: '<think>The dreamer stands at', isCut: true, expected: undefined },
]

const nothing: AwkwardOutput[] = [
  { what: 'nothing', content: '', expected: undefined },
  { what: 'plain words', content: 'I cannot help with that.', expected: undefined },
  { what: 'a Markdown report', content: '# Interpretation\nThe sea.\n## Symbols\n- sea', expected: undefined },
  { what: 'an error of the model server', content: '{"error": {"message": "overloaded"}}', expected: undefined },
  { what: 'an empty object', content: '{}', expected: undefined },
  {
    what: 'the example itself, unfilled',
    content: '{"interpretation": "…", "rest": {"symbols": ["…"]}}',
    expected: undefined,
  },
  {
    what: 'the schema',
    content: '{"type": "object", "properties": {"interpretation": {"type": "string"}}}',
    expected: undefined,
  },
  { what: 'brackets ten thousand deep', content: '['.repeat(10_000) + flat, expected: plain },
  { what: 'braces ten thousand deep', content: '{"a":'.repeat(10_000), expected: undefined },
  { what: 'far too much', content: `${flat}${' water'.repeat(20_000)}`, expected: undefined },
  {
    what: 'keys that reach for the prototype',
    content: flat.replace('{', '{"__proto__": {"symbols": ["x"]}, "constructor": 1, '),
    expected: plain,
  },
]

const contents: AwkwardOutput[] = [
  {
    what: 'symbols that do not occur',
    content: withField('symbols', ['gold', 'sea', 'snake']),
    expected: { symbols: ['sea'] },
  },
  {
    what: 'symbols in other forms',
    content: withField('symbols', ['Wolves', 'apple', 'rain', 'Malaga', 'crying grandmother']),
    expected: { symbols: ['Wolves', 'apple', 'rain', 'Malaga', 'crying grandmother'] },
  },
  {
    what: 'symbols that differ in case, accents and number',
    content: withField('symbols', ['Apple', 'apples', 'APPLE', 'the apple', 'Málaga', 'malaga']),
    expected: { symbols: ['Apple', 'Málaga'] },
  },
  {
    what: 'symbols in quotes and bullets',
    content: withField('symbols', ['"sea"', '- wolf', '**apples**', '']),
    expected: { symbols: ['sea', 'wolf', 'apples'] },
  },
  {
    what: 'a symbol that is a paragraph',
    content: withField('symbols', ['sea', `the sea ${'and the sea '.repeat(10)}`]),
    expected: { symbols: ['sea'] },
  },
  {
    what: 'fifty emotions',
    content: withField(
      'emotions',
      Array.from({ length: 50 }, (_, index) => `mood${index}x`),
    ),
    expected: { emotions: Array.from({ length: 8 }, (_, index) => `mood${index}x`) },
  },
  {
    what: 'an insight without end',
    content: withField('insights', [`${'A long thought. '.repeat(40)}`]),
    expected: { insights: ['A long thought. '.repeat(25).trim()] },
  },
  {
    what: 'HTML',
    content: withField('interpretation', '<p>One <b>bold</b>.</p><p>Two<br>three.</p>'),
    expected: { interpretation: 'One bold.\n\nTwo\n\nthree.' },
  },
  {
    what: 'Markdown',
    content: withField('interpretation', '## Reading\n**The sea** and `home`, [here](https://x.example/a).'),
    expected: { interpretation: 'Reading\nThe sea and home, here.' },
  },
]

export const awkwardOutputs: readonly AwkwardOutput[] = [
  ...shapes,
  ...wrappings,
  ...faults,
  ...cuts,
  ...nothing,
  ...contents,
]
