"""What columns are called in exports of shops and in published files, in several languages.

Names are compared without case, accents and separators: ``Order-Date``, ``orderDate`` and
``ORDER_DATE`` are one name. Earlier names win over later ones.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Mapping
from functools import lru_cache

from recsys_lib.columns import Products, Ratings

_ITEMS = """
parent_asin asin item_id item product_id product sku sku_id article_id article item_number
item_code item_no product_code product_number product_no product_sku item_sku article_number
article_no article_code variant_id variant_sku stock_code isbn isbn13 isbn_13 ean gtin upc
movie_id movie film_id film book_id book anime_id anime artist_id artist album_id track_id track
song_id song game_id game app_id show_id recipe_id recipe business_id gmap_id joke_id beer_id
course_id news_id post_id video_id content_id listing_id hotel_id restaurant_id venue_id poi_id
goods_id offer_id artikel_id artikel artikelnummer artikelnr art_nr produkt_id produkt
produktnummer produktnr id_produit produit_id produit id_article reference id_producto producto_id
producto articulo_id articulo id_prodotto prodotto_id prodotto articolo_id articolo produto_id
produto
"""
_REVIEW_WORDS = {
    Ratings.USER: """
user_id user uid customer_id customer client_id client buyer_id buyer member_id member reviewer_id
reviewer visitor_id visitor shopper_id shopper account_id account consumer_id subscriber_id
patron_id reader_id player_id person_id profile_id household_key customer_number customer_no
customer_key user_name username customer_email user_email email kunde kunden_id kundennummer
kundennr kd_nr nutzer_id nutzer benutzer_id benutzer kaeufer besteller id_client utilisateur_id
utilisateur acheteur id_cliente cliente_id cliente id_usuario usuario_id usuario comprador
utente_id utente klant_id klant klantnummer gebruiker_id gebruiker user_pseudo_id anonymous_id
distinct_id cookie_id device_id session_id session
""",
    Ratings.ITEM: _ITEMS,
    Ratings.RATING: """
rating ratings stars star_rating overall score user_rating review_rating review_score rating_score
rating_value book_rating grade points bewertung bewertungen sterne evaluation etoiles puntuacion
calificacion valoracion estrellas voto valutazione punteggio beoordeling waardering avaliacao note
""",
    Ratings.TIMESTAMP: """
timestamp time unix_review_time datetime date_time event_time event_timestamp event_date ts
unix_time review_time review_date order_date order_time ordered_at ordered_on purchase_date
purchase_time purchased_at purchased_on bought_at transaction_date transaction_time invoice_date
sale_date sold_at rated_at rating_date reviewed_at viewed_at clicked_at visited_at t_dat date
created_at created creation_date created_date created_time date_created date_added added_at
submitted_at posted_at posted occurred_at day bestelldatum kaufdatum bestellt_am gekauft_am
rechnungsdatum bewertet_am erstellt_am erstelldatum datum zeitpunkt zeitstempel zeit date_commande
date_achat date_heure horodatage fecha_compra fecha_pedido fecha data_acquisto data_ordine
data_ora data_compra besteldatum aankoopdatum tijdstip tijd data position
""",
    Ratings.VERIFIED: """
verified_purchase verified is_verified verifizierter_kauf verifiziert achat_verifie
""",
    Ratings.HELPFUL: """
helpful_vote helpful_votes helpful_count helpful votes vote upvotes hilfreich
""",
    Ratings.QUANTITY: """
quantity qty order_quantity quantity_ordered item_quantity units units_sold pieces menge
bestellmenge anzahl stueckzahl stueck quantite qte cantidad quantita aantal quantidade play_count
""",
    Ratings.EVENT: """
event event_type event_name action action_type behavior behavior_type behaviour interaction_type
activity_type ereignis aktion evenement evento accion
""",
}
_PRODUCT_WORDS = {
    Products.ITEM: f"{_ITEMS} id identifier handle",
    Products.TITLE: """
title product_title product_name prod_name item_name item_title name movie_title book_title
article_name original_title display_name titel artikelname artikelbezeichnung produktname
produktbezeichnung produkttitel bezeichnung titre nom_produit nom libelle designation titulo
nombre_producto nombre titolo nome_prodotto nome productnaam naam
""",
    Products.MAIN_CATEGORY: """
main_category main_cat department department_name product_type product_type_name product_group
product_group_name hauptkategorie warengruppe produktgruppe
""",
    Products.AVERAGE_RATING: """
average_rating avg_rating rating_average mean_rating vote_average average_stars
""",
    Products.RATING_NUMBER: """
rating_number rating_count ratings_count num_ratings review_count num_reviews vote_count
""",
    Products.PRICE: """
price unit_price sale_price current_price list_price retail_price regular_price price_eur
price_usd preis einzelpreis verkaufspreis prix prix_unitaire precio prezzo prijs preco
""",
    Products.STORE: """
store brand brand_name manufacturer vendor seller publisher authors author marke hersteller marque
fabricant marca fabricante produttore merk
""",
    Products.FEATURES: """
features feature bullet_points bulletpoints highlights keywords tags merkmale caracteristiques
caracteristicas
""",
    Products.DESCRIPTION: """
description product_description long_description detail_desc body_html desc short_description
overview plot synopsis summary abstract beschreibung produktbeschreibung artikelbeschreibung
descripcion descrizione omschrijving descricao
""",
    Products.IMAGES: """
images image_url_high_res image_urls image_url image_url_l image_url_m image img_url img
image_link image_src picture_url pictures picture photo_url photos photo poster cover_url cover
thumbnail thumb bilder bild bild_url bild_urls imagen immagine afbeelding
""",
    Products.CATEGORIES: """
categories category category_name category_path category_code product_category genres genre class
breadcrumbs taxonomy kategorien kategorie kategoriepfad categorie categoria categorias
""",
    Products.DETAILS: """
details attributes specifications specs technical_details eigenschaften attribute
""",
    Products.UPDATED: "updated_at last_updated updated last_modified modified_at aktualisiert_am",
}
_REVIEW_TEXTS = """
text review_text review_body review body comment comments review_content content message
bewertungstext kommentar commentaire avis comentario opinion recensione testo
"""
_GERMAN = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss"})
_PREFIXES = ("fk", "dim", "fact", "src", "raw", "tbl", "col", "the")
_TABLES = ("review", "order", "line", "purchase", "transaction", "event", "product", "item")
_ID_WORDS = ("id", "nr", "no", "key", "code", "number", "nummer", "ref", "hash", "uuid", "guid")
_VARIANTS = ("value", "text", "default", "amount", "en", "de", "fr", "es", "it", "nl", "pt")
_BARE = ("id", "name")  # what order_id would be without the name of its table


@lru_cache(maxsize=20_000)
def plain(name: str) -> str:
    """A name without case, accents and separators: ``Order-Date`` becomes ``orderdate``."""
    text = unicodedata.normalize("NFKC", name).lower().translate(_GERMAN)
    letters = unicodedata.normalize("NFKD", text)
    return "".join(c for c in letters if c.isalnum())


def _ranks(words: Mapping[str, str]) -> dict[str, dict[str, int]]:
    """Our column -> plain name -> its place in the list."""
    return {
        ours: {plain(word): rank for rank, word in reversed(list(enumerate(names.split())))}
        for ours, names in words.items()
    }


REVIEW_RANKS = _ranks(_REVIEW_WORDS)
PRODUCT_RANKS = _ranks(_PRODUCT_WORDS)
REVIEW_TEXT_RANKS = _ranks({"text": _REVIEW_TEXTS})["text"]


def known_names(ranks: Mapping[str, int]) -> list[str]:
    """The names by which a column is found, the surest first."""
    return sorted(ranks, key=ranks.__getitem__)


def best_named(
    names: Collection[str], ranks: Mapping[str, int], everything: Collection[str]
) -> list[str]:
    """The names that say the most plainly that they are a column; several when they are equal.

    A name counts as it is, then without the prefix that all columns of the file share, then without
    a common prefix such as ``fk_`` or the name of a table.
    """
    shared = _shared_prefix(everything)
    found: dict[tuple[int, int], list[str]] = {}
    for name in names:
        for level, form in enumerate(_forms(name, shared)):
            if form in ranks:
                found.setdefault((level, ranks[form]), []).append(name)
                break
    return found[min(found)] if found else []


def names_id_of(name: str, hints: Collection[str]) -> bool:
    """Whether a name ends in one of the words, or in one of them and a word for an id."""
    words = [plain(word) for word in _words(name)]
    if len(words) > 1 and words[-1] in _ID_WORDS:
        words = words[:-1]
    return bool(words) and words[-1] in hints


@lru_cache(maxsize=20_000)
def _forms(name: str, shared: str) -> list[str]:
    """The plain name, and what is left of it without prefixes, the surest first."""
    last = name.rpartition(".")[2]
    singular = name.replace("s.", ".")  # products.id is a product_id
    forms = [plain(form) for form in (name, singular, name.removeprefix(shared), last)]
    words = [plain(word) for word in _words(last)]
    while len(words) > 1 and words[0] in (*_PREFIXES, *_TABLES):
        words = words[1:]
        forms.append("".join(words))
    forms = forms[:1] + [form for form in forms[1:] if form not in _BARE]
    if last.lower() in _VARIANTS and last != name:  # name.en is a name
        forms.append(plain(name.split(".")[-2]))
    return forms


def _words(name: str) -> list[str]:
    """``orderDate`` and ``order_date`` as two words."""
    apart = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", name)
    return [word for word in re.split(r"[\W_]+", apart) if word]


def _shared_prefix(names: Collection[str]) -> str:
    """What all names of a file begin with, up to a separator: ``rev_`` of rev_user and rev_item."""
    if len(names) < 2:
        return ""
    first, last = min(names), max(names)
    n = next((n for n, (a, b) in enumerate(zip(first, last, strict=False)) if a != b), len(first))
    match = re.match(r".*[\W_]", first[:n])
    return match.group() if match else ""
