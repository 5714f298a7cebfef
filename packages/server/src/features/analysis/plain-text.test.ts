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
  ['an image in an image', 'a ![![b](c)](//evil.example/p.png) d', 'a b d'],
  ['an image in a link', 'a [![b](x)](//evil.example) d', 'a b d'],
  ['an image with an escaped bracket', 'a ![b\\]](//evil.example/p.png) d', 'a !(b\\))(…) d'],
  ['an image with brackets in its title', 'a ![sea](//evil.example/p.png "((") d', 'a !(sea)(… "((") d'],
  ['an image with an escaped bracket in its address', 'a ![sea](//evil.example/\\(.png) d', 'a !(sea)(…) d'],
  ['an image that is named on two lines', 'a ![x]\n\n[x]:\n//evil.example/p', 'a !(x)\n\n(x):\n…'],
  ['an image that is named in a list', '![x]\n\n- [x]: //evil.example/p', '!(x)\n\n- (x): …'],
  ['an image that is named in a quotation', '![x]\n\n> [x]: //evil.example/p', '!(x)\n\n(x): …'],
  ['a tag that is left when BBCode is taken out', 'a <[b]img src=x> b', 'a ‹img src=x> b'],
  ['addresses in emphasis', 'a _www.evil.example_ _https://evil.example b', 'a _… _… b'],
  ['square brackets', 'The sea [sic] is [deep](', 'The sea (sic) is (deep)('],
  ['a host that takes the scheme of the page', 'go to //evil.example/a now', 'go to … now'],
  ['the same with backslashes', 'go to \\\\evil.example\\a now', 'go to … now'],
  ['slashes between words', 'and/or, he // she, 1/2', 'and/or, he // she, 1/2'],
  ['a host and a path', 'go to evil.example/a?b=c now, or to sub.море.рф:80/a', 'go to … now, or to …'],
  ['an address of mail', 'write to a.b+c@mail.evil.example now', 'write to … now'],
  ['words that end in a full stop', 'The sea.Then e.g. the wolf. 3.5/4', 'The sea.Then e.g. the wolf. 3.5/4'],
  [
    'data as a word',
    'The data:here is odd, the file:too, a blob:it is.',
    'The data:here is odd, the file:too, a blob:it is.',
  ],
  ['addresses of data', 'a data:,hello data:;base64,QQ== file:/etc/passwd blob:null/1 b', 'a … … … … b'],
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
    'a.'.repeat(30_000),
    'a@'.repeat(30_000),
    '//'.repeat(30_000),
    '[a]('.repeat(10_000),
    `<br${' '.repeat(60_000)}x`,
  ]

  const startedMs = performance.now()
  for (const text of texts) plainText(text)

  expect(performance.now() - startedMs).toBeLessThan(2_000)
})
