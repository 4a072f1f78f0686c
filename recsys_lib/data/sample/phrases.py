"""Sentences of reviews and product pages, with placeholders such as ``{it}``: data only."""

from __future__ import annotations

from recsys_lib.data.sample.product_types import Kind

Sentiments = tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]
"""Sentences of unhappy, neutral and happy reviewers; the same number of each."""

TITLES: Sentiments = (
    (
        "Disappointed",
        "Don't buy this {it}",
        "Broke after two months",
        "Not as described",
        "Waste of money",
        "Wrong {it}",
        "Returned it",
        "One star is too many",
    ),
    (
        "It's okay",
        "Decent {it} for the price",
        "Works, with some patience",
        "So so",
        "Average",
        "Good {it}, bad instructions",
        "Does the job, mostly",
        "Mixed feelings",
    ),
    (
        "Five Stars",
        "Great {it}",
        "Works perfectly",
        "Perfect fit",
        "Love it!",
        "Good value",
        "Exactly what I needed",
        "Highly recommend this {it}",
    ),
)
OPENERS: Sentiments = (
    (
        "I had high hopes for this {it} but it let us down.",
        "This {it} failed within weeks.",
        "The {it} arrived with a crack in it.",
        "I am sorry that I bought this.",
        "Third {it} in a year, never again from this seller.",
    ),
    (
        "The {it} is fine, nothing more.",
        "Not bad, not great.",
        "This {it} does what it should most of the time.",
        "I wanted to like the {it} more than I do.",
        "For what we paid the {it} is acceptable.",
    ),
    (
        "This {it} is exactly what we were looking for.",
        "Very happy with this purchase.",
        "We compared a dozen and the {it} we chose did not disappoint.",
        "I did a lot of reading before buying this {it} and it paid off.",
        "The {it} came quickly and well packed.",
    ),
)
ASPECTS: dict[Kind, Sentiments] = {
    Kind.MACHINE: (
        (
            "It is so loud that we have to close the kitchen door.",
            "The display went dark and service could not come for three weeks.",
            "It leaked on the first day.",
            "The finish scratches if you look at it.",
        ),
        (
            "It is a little louder than our old one.",
            "The buttons take some getting used to.",
            "Smaller inside than I thought.",
            "Delivery was late but the men were polite.",
        ),
        (
            "It is so quiet that I check whether it is running.",
            "It looks great and is easy to clean.",
            "Much roomier than our old one, and it uses less power.",
            "Setup took ten minutes and everything was level.",
        ),
    ),
    Kind.PART: (
        (
            "It does not fit our {machine}, although the model number is on the list.",
            "It broke while I was putting it in.",
            "The holes do not line up.",
            "The plastic is much thinner than the original.",
        ),
        (
            "It fits our {machine}, but I had to bend it a bit.",
            "It took me two hours instead of one.",
            "Not quite like the original, but close.",
            "No screws came with it.",
        ),
        (
            "It fits our {machine} like the original part.",
            "Installed it myself in twenty minutes after watching a video.",
            "The {machine} runs like new and the repairman wanted ten times as much.",
            "The numbers matched and it went right in.",
        ),
    ),
    Kind.CONSUMABLE: (
        (
            "It does not seal and water runs down the {machine}.",
            "It lasted half as long as promised.",
            "I can tell that this is not the genuine one.",
            "The {machine} does not recognize it.",
        ),
        (
            "It lasts about as long as the store brand.",
            "Fits snugly in the {machine}.",
            "Good, but the price went up again.",
            "The package was open, the thing itself was fine.",
        ),
        (
            "I order it twice a year for our {machine}.",
            "Goes in with one turn, no mess.",
            "Same quality as the expensive one.",
            "Makes a real difference, I change it every season.",
        ),
    ),
    Kind.UNIVERSAL: (
        (
            "It is not universal at all.",
            "It fell apart the first time we used it.",
            "It smells of chemicals.",
            "Far too short for our {machine}.",
        ),
        (
            "It works if you follow the steps closely.",
            "Does a fair job, I expected a bit more.",
            "Handy, though it feels light.",
            "It fits, but barely.",
        ),
        (
            "I was surprised how much dirt came out of the {machine}.",
            "Works with every {machine} we have owned.",
            "So simple that I bought one for my mother.",
            "We have used it for months and it still looks new.",
        ),
    ),
}
STORIES: Sentiments = (
    (
        "The seller never answered my message.",
        "My husband tried for an hour and gave up.",
        "I called customer service and they told me to wait.",
        "Now I have to buy another one.",
        "We are back to square one.",
        "The old one lasted twelve years.",
    ),
    (
        "My neighbor has the same one and says it gets better.",
        "I may update this after a year.",
        "It has been three weeks so far.",
        "The manual is only a drawing.",
        "The color is a bit different from the picture.",
        "I would look around before buying.",
    ),
    (
        "We have a family of five, so it gets used every day.",
        "My wife noticed the difference at once.",
        "It has been six months without a problem.",
        "I am not handy and I still managed it.",
        "We rent out two apartments and I keep a spare.",
        "The old one lasted twelve years.",
    ),
)
CLOSERS: Sentiments = (
    ("Stay away.", "I want my money back.", "Would give zero stars if I could.", "Avoid."),
    ("We will see how long it lasts.", "Three stars from me.", "It is okay.", "Fair enough."),
    ("Highly recommended.", "Would buy again.", "Thank you!", "A+ seller, fast shipping."),
)
FOREIGN: tuple[tuple[tuple[str, str], ...], ...] = (
    (
        ("No sirve", "Llegó roto y no funciona. Mala calidad, no lo compren."),
        ("Schlechte Qualität", "Passt nicht und ging nach zwei Wochen kaputt. Nicht zu empfehlen."),
        ("残念です", "サイズが合わず、すぐに壊れました。おすすめしません。"),
        ("Très déçu", "Ne correspond pas à la description, cassé après un mois d'utilisation."),
    ),
    (
        ("Más o menos", "Funciona, pero esperaba algo mejor por ese precio."),
        ("Geht so", "Für den Preis in Ordnung, die Anleitung ist aber unverständlich."),
        ("普通です", "値段相応だと思います。取り付けに少し時間がかかりました。"),
        ("Correct", "Fait le travail, mais le montage est un peu difficile."),
    ),
    (
        ("Excelente producto", "Muy buena calidad, llegó rápido y quedó perfecto. ¡Recomendado!"),
        ("Sehr gut", "Passt genau, einfacher Einbau, läuft wieder wie neu. Gerne wieder!"),
        ("大満足", "ぴったり合いました。取り付けも簡単で、とても静かです。"),
        ("Parfait", "Exactement la pièce qu'il fallait, livraison rapide et bon prix."),
    ),
)

LANGUAGES = ("es", "de", "fr", "ja")

NAMES: dict[str, tuple[str, str, str, str]] = {
    "washer": ("lavadora", "Waschmaschine", "lave-linge", "洗濯機"),
    "dryer": ("secadora", "Wäschetrockner", "sèche-linge", "衣類乾燥機"),
    "refrigerator": ("refrigerador", "Kühlschrank", "réfrigérateur", "冷蔵庫"),
    "dishwasher": ("lavavajillas", "Geschirrspüler", "lave-vaisselle", "食器洗い機"),
    "ice maker": ("máquina de hielo", "Eismaschine", "machine à glaçons", "製氷機"),
    "range hood": ("campana extractora", "Dunstabzugshaube", "hotte aspirante", "レンジフード"),
    "microwave": ("microondas", "Mikrowelle", "four à micro-ondes", "電子レンジ"),
    "cooktop": ("placa de cocina", "Kochfeld", "table de cuisson", "コンロ"),
    "oven range": ("cocina con horno", "Standherd", "cuisinière", "オーブンレンジ"),
    "freezer": ("congelador", "Gefrierschrank", "congélateur", "冷凍庫"),
}
"""Spoken name of a machine in English -> its names in ``LANGUAGES``."""

MACHINE_TITLE = "{brand} {name} {model}, {size}"
PART_TITLES = (
    "Repuesto para {name} {brand} - {part}",
    "Ersatzteil für {brand} {name} - {part}",
    "Pièce de rechange pour {name} {brand} - {part}",
    "{brand} {name}用 交換部品 - {part}",
)
DESCRIPTIONS = (
    "Producto nuevo con garantía de un año. Envío rápido a todo el país.",
    "Neuware mit einem Jahr Garantie. Schneller Versand aus dem Lager.",
    "Produit neuf, garanti un an. Expédition rapide.",
    "新品・1年保証。迅速に発送いたします。",
)
