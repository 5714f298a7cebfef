import { expect, test } from 'vitest'
import { plainText } from './plain-text.ts'

test.each([
  ['plain words', 'The sea. A < b, and I <3 you.', 'The sea. A < b, and I <3 you.'],
  ['paragraphs', 'One.\r\n\r\n\r\nTwo.\n \nThree.', 'One.\n\nTwo.\n\nThree.'],
  ['tags', 'a <b>bold</b> <i class="x">sea</i>', 'a bold sea'],
  ['a script', 'a<script>alert(1)</script>b', 'ab'],
  ['a script that is not closed', 'a<script>alert(1)', 'a'],
  ['an image', 'a <img src=x onerror=alert(1)> b', 'a b'],
  ['an image that is not closed', 'a <img src=x onerror=alert(1)', 'a ‹img src=x onerror=alert(1)'],
  ['tags in tags', '<scr<script></script>ipt>alert(1)</script>', 'alert(1)'],
  ['what no page takes for a tag', '< img src=x>', '< img src=x>'],
  ['escaped tags', '&lt;img src=x&gt; &#60;b&#x3e;x', 'x'],
  ['comments', 'a<!-- x --><![CDATA[b]]>', 'ab'],
  ['an svg', 'a<svg/onload=alert(1)>b</svg>c', 'ac'],
  ['a Markdown image', 'a ![sea](https://evil.example/?q=1) b', 'a sea b'],
  ['a Markdown image by reference', 'a ![sea][1]\n\n[1]: https://evil.example', 'a sea'],
  ['a Markdown link', 'see [this](javascript:alert(1))', 'see this'],
  ['a link that is written out', 'go to https://evil.example/a?b=c now', 'go to … now'],
  ['a link without a scheme', 'go to www.evil.example now', 'go to … now'],
  ['a script as an address', 'do javascript:alert`1` now', 'do … now'],
  ['data as an address', 'data:text/html;base64,PHNjcmlwdD4=', '…'],
  ['an automatic link', 'a <https://evil.example> b', 'a b'],
  ['BBCode', '[img]https://evil.example/x.png[/img] [url=https://evil.example]x[/url]', '… x'],
  ['emphasis and headings', '# Sea\n**dark** and *deep* and __old__ `code`', 'Sea\ndark and deep and old code'],
  ['a multiplication', '2 * 3 * 4', '2 * 3 * 4'],
  ['invisible letters', 'a\u200bb\u{e0041}\u202ec\u0000d', 'abcd'],
  ['a family', '👩‍👩‍👧', '👩‍👩‍👧'],
  ['half a pair of surrogates', 'a\ud83cb', 'ab'],
  ['Base64', `a ${'aGVsbG8g'.repeat(8)} b`, 'a … b'],
])('%s', (_what, text, expected) => {
  expect(plainText(text)).toBe(expected)
})

test('is quick with what is made to be slow', () => {
  const texts = [
    '<'.repeat(20_000),
    '<a '.repeat(10_000),
    '['.repeat(20_000),
    '**a'.repeat(10_000),
    '![]('.repeat(5_000),
    `<br${' '.repeat(60_000)}x`,
  ]

  const startedMs = performance.now()
  for (const text of texts) plainText(text)

  expect(performance.now() - startedMs).toBeLessThan(2_000)
})
