"""Listings in other languages: title and description around a machine's name."""

from __future__ import annotations

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
"""What reviewers call a machine in English -> its names in ``LANGUAGES``."""

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
