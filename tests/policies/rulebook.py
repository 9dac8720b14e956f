"""For each rule what it must catch and what it must not, in many languages and scripts. Harmless words stand for worse.

Where a rule is not about the text, the same texts are sent in under circumstances that differ.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from itertools import cycle
from typing import Any

from newsgraph.domain.articles import Article, ArticleStatus
from newsgraph.domain.comments import CommentRules, CommentStatus, ModerationMode, Opinion
from newsgraph.domain.text import normalise_comment
from newsgraph.domain.users import Role
from newsgraph.policies.moderation import comment_policy
from newsgraph.policies.submissions import Repeats, Submission, Text, Vocabulary
from newsgraph.policies.words import WordList, Words
from newsgraph.settings import Settings
from tests.policies.examples import ARTICLE, COMMENT, FAMILY, NOW, person, policy, submission

SOON, AGO = NOW + timedelta(seconds=1), NOW - timedelta(seconds=1)
LATER, LONG_AGO = NOW + timedelta(days=30), NOW - timedelta(days=30)
STAFF = (Role.STAFF, Role.MODERATOR, Role.EDITOR, Role.ADMIN)
PARENT = replace(COMMENT, user_id=8)
Changes = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Examples:
    caught: Sequence[Submission]
    spared: Sequence[Submission]


# What nobody minds, by the language of the article below which it stands.
TEXTS = [
    ("en", "The ferry is late again, and nobody tells the passengers why."),
    ("de", "Die Fähre kommt schon wieder zu spät, und niemand sagt uns warum."),
    ("fr", "Le ferry est encore en retard, et personne ne dit pourquoi."),
    ("es", "El transbordador llega tarde otra vez y nadie explica por qué."),
    ("pl", "Prom znowu się spóźnia i nikt nie mówi pasażerom dlaczego."),
    ("tr", "Feribot yine geç kaldı ve kimse yolculara nedenini söylemiyor."),
    ("vi", "Phà lại đến muộn và không ai nói cho hành khách biết tại sao."),
    ("ru", "Паром опять опаздывает, и никто не говорит пассажирам почему."),
    ("uk", "Пором знову запізнюється, і ніхто не каже пасажирам чому."),
    ("el", "Το πλοίο άργησε πάλι και κανείς δεν λέει στους επιβάτες γιατί."),
    ("he", "המעבורת שוב מאחרת ואף אחד לא אומר לנוסעים למה זה קורה."),
    ("ar", "تأخرت العبارة مرة أخرى ولا أحد يخبر الركاب عن السبب."),
    ("hi", "नाव फिर से देर से आई और कोई यात्रियों को कारण नहीं बताता।"),
    ("th", "เรือข้ามฟากมาสายอีกแล้ว และไม่มีใครบอกผู้โดยสารว่าทำไม"),
    ("zh", "渡轮又晚点了，没有人告诉乘客到底是为什么，大家只能在码头上继续等下去，真让人着急。"),
    ("ja", "フェリーはまた遅れています。なぜなのか、乗客には誰も説明してくれないのです。"),
    ("ko", "여객선이 또 늦는데 승객들에게 이유를 말해 주는 사람이 아무도 없습니다."),
    ("hy", "Լաստանավը կրկին ուշանում է, և ոչ ոք չի ասում, թե ինչու։"),
]


def said(texts: Iterable[tuple[str, str]], *circumstances: Changes) -> list[Submission]:
    """Each text as it would arrive, below an article in its language, under each of the circumstances in turn."""
    turns = cycle(circumstances or ({},))
    return [
        submission(text=Text(normalise_comment(body), language), **changes)
        for (language, body), changes in zip(texts, turns, strict=False)
    ]


def on(article: Article = ARTICLE, rules: CommentRules | None = None, **settings: Any) -> Changes:
    """Below this article, with its own rules and the site's settings."""
    found = Settings(**settings)
    article = replace(article, rules=rules or article.rules)
    return {"policy": comment_policy(article, found, NOW), "settings": found}


def by(role: Role = Role.READER, **changes: Any) -> Changes:
    return {"author": replace(person(role), **changes)}


def below(**parent: Any) -> Changes:
    return {"reply_to": PARENT.id, "parent": replace(PARENT, **parent)}


def seconds_ago(*seconds: float) -> Changes:
    return {"recent": [NOW - timedelta(seconds=one) for one in seconds]}


def set_to(**settings: Any) -> Changes:
    return {"settings": Settings(**settings)}


OLD = replace(ARTICLE, published_at=LONG_AGO)

COMMENTS_OPEN = Examples(
    said(
        TEXTS,
        on(rules=CommentRules(open=False)),
        on(rules=CommentRules(closes_at=NOW)),
        on(rules=CommentRules(closes_at=AGO)),
        on(replace(ARTICLE, status=ArticleStatus.RETRACTED)),
        on(replace(ARTICLE, status=ArticleStatus.SCHEDULED)),
        on(replace(ARTICLE, status=ArticleStatus.DRAFT)),
        on(comments_open=False),
        on(OLD, comment_close_age=86_400.0),
        on(OLD, rules=CommentRules(closes_at=AGO), comment_close_age=1e9),
        on(rules=CommentRules(open=False, closes_at=LATER)) | by(Role.ADMIN),
    ),
    said(
        TEXTS,
        on(),
        on(rules=CommentRules(closes_at=SOON)),
        on(OLD),
        on(OLD, comment_close_age=31 * 86_400.0),
        on(OLD, rules=CommentRules(closes_at=SOON), comment_close_age=60.0),
        on() | by(banned=True),
    ),
)

AUTHOR_BANNED = Examples(
    said(TEXTS, *(by(role, banned=True) for role in Role), by(banned=True, suspended_until=LATER)),
    said(TEXTS, *(by(role) for role in Role), by(suspended_until=LATER), by(premoderated=True)),
)

AUTHOR_SUSPENDED = Examples(
    said(TEXTS, *(by(role, suspended_until=end) for role in Role for end in (SOON, LATER))),
    said(TEXTS, *(by(role, suspended_until=end) for role in Role for end in (None, AGO, NOW)), by(banned=True)),
)

PARENT_AVAILABLE = Examples(
    said(
        TEXTS,
        {"reply_to": PARENT.id},
        below(article_id=2),
        *(below(status=status) for status in CommentStatus if status is not CommentStatus.PUBLISHED),
        *(below(status=status, descendants=3) for status in (CommentStatus.REMOVED, CommentStatus.REJECTED)),
        below(article_id=2) | by(Role.ADMIN),
    ),
    said(TEXTS, {}, below(), below(depth=3), below(flag_count=4), below(user_id=7), below(featured=True)),
)

DEPTH = Examples(
    said(
        TEXTS, below(depth=4), below(depth=9), below(depth=4) | by(Role.ADMIN), below(depth=0) | on(comment_max_depth=0)
    ),
    said(TEXTS, {}, below(), below(depth=3), below(depth=8) | on(comment_max_depth=9), on(comment_max_depth=0)),
)

AT_LEAST_FOUR = {"policy": policy(min_length=4)}
LENGTH = Examples(
    [
        *said(
            [
                *(
                    ("", one * 301)
                    for one in ("x", "я", "ω", "ש", "ع", "क", "ก", "字", "あ", "한", "🙂", "ﷺ", "\u1100\u1161")
                ),
                ("fr", "e\u0301" * 301),
                ("", "x\u0301" * 150 + "x"),
                ("", FAMILY * 43),
                ("en", "word " * 61),
                *(
                    ("", nothing)
                    for nothing in ("", " \n\t ", "\u200b\u200d", "\u3000", "\x00\x07", "\u2060\u202e", "\ufeff")
                ),
            ]
        ),
        *said([("en", "No!"), ("ru", "Да"), ("zh", "好"), ("ko", "네"), ("ar", "لا"), ("", FAMILY[:3])], AT_LEAST_FOUR),
        *said([("en", "x" * 11), ("ja", "あ" * 11)], on(rules=CommentRules(max_length=10))),
        *said([("el", "ω" * 301)], *(by(role) for role in STAFF)),
    ],
    [
        *said(TEXTS),
        *said(
            [
                *(
                    ("", one * 300)
                    for one in ("x", "я", "ω", "ש", "ع", "क", "ก", "字", "あ", "한", "🙂", "ﷺ", "\u1100\u1161")
                ),
                ("fr", "e\u0301" * 300),
                ("", "x\u0301" * 150),
                ("", FAMILY * 42 + "x" * 6),
                ("", "  " + "x" * 300 + "\n\n"),
                ("", "\x00\x07" + "x" * 300),
                *(("", one) for one in ("x", "👍", FAMILY, "。", "\u0301", "ok\u200b", "!")),
            ]
        ),
        *said([("en", "Yes!"), ("ru", "Нет!"), ("zh", "好好好好"), ("ar", "نعم!")], AT_LEAST_FOUR),
    ],
)

# Lists as a site would have them: some for every language, some for one.
LISTED = {
    None: ("ninny", "silly sausage", "numbskull*", "!ninny goat"),
    "de": ("trottel", "blödmann", "dummer hund"),
    "ru": ("дурень", "болван*"),
    "tr": ("salak", "sik"),
    "ar": ("غبي", "احمق"),
    "hi": ("मूर्ख", "गधा"),
    "th": ("โง่",),
    "zh": ("笨蛋", "!笨蛋糕"),
    "ja": ("バカ",),
    "ko": ("바보", "멍청이"),
}
WORDS = Words([WordList(language, words) for language, words in LISTED.items()])
WRITTEN_SO = [
    ("en", "What a ninny!"),
    ("en", "You n i n n y, really."),
    ("en", "That n\u200bi\u200bnny again"),
    ("en", "ｎｉｎｎｙ in charge"),
    ("en", "A nіnny with a Cyrillic letter"),
    ("fr", "Quel ninny!"),
    ("en", "Silly-SAUSAGE politics"),
    ("en", "All numbskulls there"),
    ("de", "So ein TROTTEL!"),
    ("de", "Dieser Blo\u0308dmann"),
    ("de", "Du dummer Hund."),
    ("ru", "Ты дурень!"),
    ("ru", "Одни болваны в министерстве"),
    ("ru", "дуpень с латинской буквой"),
    ("tr", "Ne SALAK adam"),
    ("tr", "SİK!"),
    ("ar", "أنت غبي"),
    ("ar", "هذا الغَبِيّ"),
    ("hi", "तुम मूर्ख हो"),
    ("th", "คนโง่มาก"),
    ("zh", "你是笨蛋"),
    ("ja", "お前はﾊﾞｶか"),
    ("ko", "너는 바보다"),
    ("ko", "저 멍청이들은"),
]
PERHAPS_MEANT = [
    ("en", "What a n1nny"),
    ("en", "nin-ny"),
    ("en", "ninnyyyyy"),
    ("de", "So ein Tr0ttel"),
    ("ru", "ду-рень"),
    ("tr", "s4lak"),
    ("ar", "غبيييي"),
    ("th", "โ-ง่"),
    ("zh", "笨 蛋"),
    ("ja", "バ-カ"),
    ("ko", "바.보"),
]
INNOCENT = [
    ("en", "A ninnyhammer is no bird."),
    ("en", "The ninny goat of Scunthorpe"),
    ("en", "Silly old sausage dogs"),
    ("en", "My numb skull hurts."),
    ("de", "Eine Trottelei, aber schwül war es auch."),
    ("de", "Dummer kleiner Hund"),
    ("fr", "Quel trottel ?"),
    ("ru", "Дуреньки в лесу, и рот закрыт."),
    ("uk", "У роті добрий волан"),
    ("tr", "Çok sık salakça"),
    ("ar", "غبيان وذكي"),
    ("he", "שלום לכולם"),
    ("hi", "मूर्खता और गधे"),
    ("th", "สวัสดี ง่ายมาก"),
    ("zh", "一个笨蛋糕"),
    ("ja", "バカンスが始まる"),
    ("ko", "바보상자 이야기"),
    ("ko", "바위와 보물"),
]
BANNED, SUSPECT = {"vocabulary": Vocabulary(banned=WORDS)}, {"vocabulary": Vocabulary(suspect=WORDS)}

BANNED_WORDS = Examples(
    said(WRITTEN_SO, BANNED),
    [
        *said(INNOCENT, BANNED),
        *said(PERHAPS_MEANT, BANNED),
        *said(WRITTEN_SO, SUSPECT),
        *said(WRITTEN_SO[:1], BANNED | by(Role.STAFF)),
    ],
)

SUSPECT_WORDS = Examples(
    [*said(WRITTEN_SO, SUSPECT), *said(PERHAPS_MEANT, SUSPECT), *said(PERHAPS_MEANT, BANNED)],
    [*said(INNOCENT, SUSPECT), *said(INNOCENT, BANNED), *said(WRITTEN_SO)],
)

# Texts with the next one that the same person sends, as anybody would read them: the same, or another.
SAME = [
    ("en", "I agree.", "i AGREE"),
    ("en", "I agree.", "I\u200b agree!!"),
    ("en", "I agree.", "І agree"),
    ("en", "Well said", "Ｗｅｌｌ ｓａｉｄ"),
    ("de", "Das ist die Straße.", "DAS IST DIE STRASSE"),
    ("fr", "Très bien !", "tre\u0300s bien"),
    ("es", "¡Qué vergüenza!", "que verguenza"),
    ("ru", "Совершенно верно!", "совершенно… ВЕРНО"),
    ("el", "Σωστός ο κόσμος", "σωστοσ ο κοσμοσ"),
    ("he", "שָׁלוֹם לכולם", "שלום, לכולם!"),
    ("ar", "غَبِيّ جدا", "غبي جدا"),
    ("hi", "बिल्कुल सही।", "बिल्कुल   सही"),
    ("th", "เห็นด้วย", "เห็น\u200bด้วย!"),
    ("zh", "说得好！", "说得好。。。"),
    ("ja", "そのとおり、バカ", "そのとおりﾊﾞｶ"),
    ("ko", "동의합니다", "\u1103\u1169\u11bc의합니다."),
    ("", "👍👍", "👍 👍"),
]
OTHER = [
    ("en", "I agree.", "I disagree."),
    ("en", "Yes", "No"),
    ("de", "Schön war es.", "Schon war es dunkel."),
    ("fr", "Très bien", "Très mal"),
    ("ru", "Да", "Нет"),
    ("el", "Ναι", "Όχι"),
    ("he", "כן", "לא"),
    ("ar", "نعم", "لا"),
    ("hi", "मूर्ख", "मुर्ख"),
    ("th", "โง่", "โง"),
    ("zh", "说得好", "说得不好"),
    ("ja", "ハカ", "バカ"),
    ("ko", "네", "아니요"),
    ("", "👍", "👎"),
]


def next_one(texts: Iterable[tuple[str, str, str]], **repeats: Any) -> list[Submission]:
    """The second text where the first was posted before; `repeats` for where that was, if it is the same."""
    found = []
    for language, before, now in texts:
        (given,) = said([(language, now)])
        same = Text(normalise_comment(before), language).fingerprint == given.text.fingerprint
        found.append(replace(given, repeats=Repeats(**repeats) if same else Repeats()))
    return found


SHORT = [("en", "I agree."), ("ru", "Верно!"), ("zh", "说得好"), ("ko", "동의합니다"), ("ar", "نعم"), ("hi", "सही")]
REPEATED = Examples(
    [*next_one(SAME, here=True, anywhere=True), *said(TEXTS, {"repeats": Repeats(anywhere=True)})],
    [
        *next_one(OTHER, here=True, anywhere=True),
        *said(SHORT, {"repeats": Repeats(anywhere=True)}, {"repeats": Repeats(authors=9)}),
        *said(TEXTS, {"repeats": Repeats(authors=9)}),
    ],
)

COPIED = Examples(
    said(
        TEXTS,
        *({"repeats": Repeats(authors=others)} for others in (2, 3, 100)),
        {"repeats": Repeats(authors=1)} | set_to(comment_repeat_authors=2),
    ),
    [
        *said(TEXTS, {}, *({"repeats": Repeats(authors=others)} for others in (0, 1))),
        *said(TEXTS, {"repeats": Repeats(authors=99)} | set_to(comment_repeat_authors=0)),
        *said(TEXTS[:4], {"repeats": Repeats(authors=9)} | by(Role.EDITOR)),
        *said(SHORT, {"repeats": Repeats(authors=99)}),
    ],
)

ONE_A_MINUTE = set_to(comment_rate=1)
THREE_A_MINUTE = set_to(comment_rate=3)
RATE = Examples(
    said(
        TEXTS,
        seconds_ago(0) | ONE_A_MINUTE,
        seconds_ago(59.9) | ONE_A_MINUTE,
        seconds_ago(1, 20, 59) | THREE_A_MINUTE,
        seconds_ago(1, 2, 3, 4, 5) | THREE_A_MINUTE,
        seconds_ago(-30) | ONE_A_MINUTE,  # before the clock was set back
    ),
    said(
        TEXTS,
        {},
        ONE_A_MINUTE,
        seconds_ago(60) | ONE_A_MINUTE,
        seconds_ago(1, 59) | THREE_A_MINUTE,
        seconds_ago(1, 20, 60) | THREE_A_MINUTE,
        seconds_ago(-60) | ONE_A_MINUTE,
        seconds_ago(*range(50)),
        seconds_ago(0) | ONE_A_MINUTE | by(Role.STAFF),
    ),
)

NO_OBJECTION = {"opinion": Opinion(CommentStatus.PUBLISHED, "score 0.01")}
OUTSIDE = Examples(
    said(
        TEXTS,
        *(
            {"opinion": Opinion(status, why)}
            for status in (CommentStatus.PENDING, CommentStatus.WITHHELD, CommentStatus.REJECTED)
            for why in ("spam", None)
        ),
    ),
    said(TEXTS, {}, NO_OBJECTION, {"opinion": Opinion(CommentStatus.REJECTED, "no")} | by(Role.STAFF)),
)

LINKS = Examples(
    [
        *said(
            [
                ("en", "Look: a.com b.com c.com"),
                ("en", "http://a.example http://b.example http://c.example"),
                ("en", "HTTPS://A.EXAMPLE/X HTTPS://B.EXAMPLE HTTPS://C.EXAMPLE"),
                ("en", "[x](http://a.example) [y](http://b.example) [z](http://c.example)"),
                ("en", '<a href="http://a.example">x</a><a href="http://b.example">y</a><a href="//c.com">z</a> d.com'),
                ("en", "a.com,b.com;c.com|d.com"),
                ("en", "(a.com) “b.net” «c.org»"),
                ("en", "a.c\u200bom b.c\u200bom c.c\u200bom"),
                ("de", "Mehr auf www.a.de, www.b.de und www.c.de!"),
                ("fr", "Voir shop.a.com/x?y=1#z, b.com:8080 et c.biz"),
                ("ru", "смотри www.a.ru, www.b.ru и сайт.com"),
                ("el", "δες a.com, b.com και παράδειγμα.com"),
                ("he", "ראו a.com ו b.net ו c.org"),
                ("ar", "سجل هنا: a.com b.net c.org"),
                ("hi", "देखें a.com और b.com और उदाहरण.com"),
                ("th", "ดูที่ a.com b.com c.com"),
                ("zh", "看看http://a.cn，http://b.cn，http://c.cn"),
                ("zh", "去a.com、b.com、c.com买"),
                ("zh", "去a.com和b.com和c.com吧"),
                ("ko", "여기 a.com과 b.com과 c.com에서"),
                ("ja", "ａ．ｃｏｍ ｂ．ｃｏｍ ｃ．ｃｏｍ"),
                ("ja", "https://例え.example https://例2.example https://例3.example"),
                ("ko", "여기 a.com 와 b.com 와 c.com"),
            ]
        ),
        *said([("en", "Only a.com"), ("ru", "Только сайт.com")], set_to(comment_links=0)),
    ],
    [
        *said(TEXTS),
        *said(
            [
                ("en", "See https://a.example/report and b.com."),
                ("en", "This. And that. So on... and so on.What"),
                ("en", "3.14 2.71 1.41 0.57"),
                ("en", "Write to a@b.com, c@d.com, e@f.com"),
                ("en", "v1.2.3, v2.0.1 and v10.11.12"),
                ("en", "The U.S.A., the F.B.I. and N.A.S.A."),
                ("en", "main.py, test.js and README.txt"),
                ("de", "z.B. um 12.30, 13.45 und 14.10 Uhr, d.h. u.a. mittags"),
                ("es", "El Sr. y la Sra. Pérez, EE.UU., etc."),
                ("ru", "т.е. в 2.30, и т.д., и т.п."),
                ("el", "π.χ. στις 3.30, κ.λπ."),
                ("ar", "انظر a.com و b.net فقط"),
                ("hi", "डॉ. शर्मा, प्रो. वर्मा और श्री. गुप्ता"),
                ("zh", "看看http://a.cn和http://b.cn。就这样。好。"),
                ("ja", "３．１４と２．７１、それから１．４１。"),
                ("ko", "2026.7.1. 수요일, 2026.7.2. 목요일"),
            ]
        ),
    ],
)

LOUD = Examples(
    said(
        [
            ("en", "WHAT A DISGRACE THIS IS, REALLY!"),
            ("en", "WAKE UP PEOPLE, THEY LIE TO YOU, ok"),
            ("en", "ＷＨＡＴ Ａ ＤＩＳＧＲＡＣＥ ＴＨＩＳ ＩＳ ＮＯＷ"),
            ("en", "𝐖𝐇𝐀𝐓 𝐀 𝐃𝐈𝐒𝐆𝐑𝐀𝐂𝐄 𝐓𝐇𝐈𝐒 𝐈𝐒 𝐍𝐎𝐖"),
            ("de", "DAS IST EINE UNVERSCHÄMTHEIT OHNE ENDE!"),
            ("fr", "C'EST UNE HONTE POUR NOTRE RÉPUBLIQUE"),
            ("tr", "BU NE BİÇİM BİR REZALET BÖYLE"),
            ("vi", "THẬT LÀ XẤU HỔ CHO TẤT CẢ CHÚNG TA"),
            ("ru", "КАКОЙ ПОЗОР ДЛЯ ВСЕЙ СТРАНЫ"),
            ("uk", "ЦЕ ГАНЬБА ДЛЯ ВСІЄЇ КРАЇНИ"),
            ("el", "ΤΙ ΝΤΡΟΠΗ ΓΙΑ ΟΛΟΥΣ ΜΑΣ ΕΔΩ"),
            ("hy", "ԻՆՉ ԱՄՈԹ Է ՍԱ ԲՈԼՈՐԻՍ ՀԱՄԱՐ"),
            ("ka", "ᲠᲐ ᲡᲘᲠᲪᲮᲕᲘᲚᲘᲐ ᲔᲡ ᲧᲕᲔᲚᲐᲡᲗᲕᲘᲡ"),
            ("ja", "すごい THIS IS SO LOUD EVERYBODY KNOWS"),
            ("en", "!!!!!!!!!!!!!!!!!!!!"),
            ("es", "¿¿¿¿¿¿¿¿¿¿?????????? ¡¡¡¡¡¡¡¡!!!!!!!!"),
            ("zh", "。。。。。。。。。。。。。。。。。。。。"),
            ("ja", "！！！！！！！！！！ ？？？？？？？？？？"),
            ("ar", "؟؟؟؟؟؟؟؟؟؟ !!!!!!!!!!"),
            ("", "-_-_-_-_-_-_-_-_-_-_-_-_"),
        ]
    ),
    [
        *said(TEXTS),
        *said(
            [
                ("en", "I AM VERY ANGRY"),
                ("en", "NASA, ESA, JAXA and ISRO agree on this for once"),
                ("en", "Ms O'NEIL-McDONALD of the BBC told the EU, the UN and NATO so."),
                ("de", "Ich habe das GANZ GENAU SO GESAGT und bleibe auch dabei"),
                ("ru", "ООН, ЕС и НАТО договорились о перемирии"),
                ("el", "Ο ΟΗΕ και το ΝΑΤΟ συμφώνησαν χθες"),
                ("chr", "ᏣᎳᎩ ᎦᏬᏂᎯᏍᏗ ᎤᎵᏍᎨᏓ ᎨᏒᎢ ᏂᎦᏓ ᎠᏂᏴᏫ"),
                ("ka", "რა სირცხვილია ეს ყველასთვის, მართლა"),
                ("ja", "(╯°□°)╯︵ ┻━┻ ~~~~~~~~~~~~~~~~"),
                ("", "👏👏👏👏👏👏👏👏👏👏👏👏👏👏👏👏👏👏👏👏👏👏"),
                ("", "3 : 2 -------------------- (1 : 1)"),
                ("", "!!! ??? !!!"),
            ]
        ),
        *said(
            [("en", "WHAT A DISGRACE THIS IS, REALLY!"), ("ru", "КАКОЙ ПОЗОР ДЛЯ ВСЕЙ СТРАНЫ")],
            set_to(comment_loud_length=0),
        ),
        *said([("en", "WHAT A DISGRACE THIS IS, REALLY!")], by(Role.EDITOR)),
    ],
)

FIRST_HELD = set_to(comment_first_held=3)
FIRST_COMMENTS = Examples(
    said(TEXTS, *({"published": count} | FIRST_HELD for count in range(3))),
    said(
        TEXTS,
        {},
        *({"published": count} | FIRST_HELD for count in (3, 4, 99)),
        *(FIRST_HELD | by(role) for role in STAFF),
    ),
)

AUTHOR_PREMODERATED = Examples(
    said(
        TEXTS,
        by(premoderated=True),
        by(premoderated=True, suspended_until=AGO),
        by(premoderated=True) | {"published": 99},
    ),
    said(TEXTS, by(), by(suspended_until=AGO), *(by(role, premoderated=True) for role in STAFF)),
)

PRE, POST = CommentRules(mode=ModerationMode.PRE), CommentRules(mode=ModerationMode.POST)
PRE_MODERATION = Examples(
    said(
        TEXTS,
        on(comment_mode="PRE"),
        on(rules=PRE),
        on(rules=PRE, comment_mode="PRE"),
        on(rules=PRE) | {"published": 99},
    ),
    said(
        TEXTS,
        on(),
        on(rules=POST, comment_mode="PRE"),
        *(on(comment_mode="PRE") | by(role) for role in STAFF),
    ),
)

STAFF_PASS = Examples(
    [
        *said(TEXTS, *(by(role) for role in STAFF), on(comment_mode="PRE") | by(Role.STAFF)),
        *said(WRITTEN_SO, *(BANNED | by(role) for role in STAFF)),
        *said([("en", "A.com b.com c.com d.com"), ("ru", "КАКОЙ ПОЗОР ДЛЯ ВСЕЙ СТРАНЫ")], by(Role.EDITOR)),
    ],
    [*said(TEXTS), *said(WRITTEN_SO, BANNED, SUSPECT), *said(TEXTS, on(comment_mode="PRE"), by(premoderated=True))],
)

RULEBOOK: dict[str, Examples] = {
    "comments-open": COMMENTS_OPEN,
    "author-banned": AUTHOR_BANNED,
    "author-suspended": AUTHOR_SUSPENDED,
    "parent-available": PARENT_AVAILABLE,
    "depth": DEPTH,
    "length": LENGTH,
    "staff-pass": STAFF_PASS,
    "banned-words": BANNED_WORDS,
    "repeated": REPEATED,
    "rate": RATE,
    "outside": OUTSIDE,
    "copied": COPIED,
    "links": LINKS,
    "suspect-words": SUSPECT_WORDS,
    "loud": LOUD,
    "first-comments": FIRST_COMMENTS,
    "author-premoderated": AUTHOR_PREMODERATED,
    "pre-moderation": PRE_MODERATION,
}
