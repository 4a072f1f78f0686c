"""What the columns of somebody's files are taken for, and that nothing is dropped in silence."""

import json
from datetime import date, datetime

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recsys_lib.columns import Products, Ratings
from recsys_lib.data import _looks
from recsys_lib.data.cleaning.missing import present
from recsys_lib.data.cleaning.times import read_times
from recsys_lib.data.etl import load_dataset
from recsys_lib.data.input_files import find_input_files
from recsys_lib.data.inputs import BY_NAME, BY_PART, BY_VALUES
from recsys_lib.data.vocabulary import PRODUCT_RANKS, REVIEW_RANKS, best_named
from recsys_lib.errors import InputDataError, ParameterError
from recsys_lib.parameters import EtlParameters
from recsys_lib.paths import Dataset


@pytest.fixture
def shop(tmp_path):
    """A folder for files, and how a dataset in it is read."""

    class Shop:
        folder = tmp_path / "shop"

        def put(self, name, text):
            path = self.folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)

        def find(self, **parameters):
            dataset = Dataset.find(self.folder, tmp_path)
            return find_input_files(dataset, EtlParameters(**parameters))

        def rows(self, **parameters):
            dataset = Dataset.find(self.folder, tmp_path)
            self.loaded = load_dataset(dataset, EtlParameters(**parameters))
            return self.loaded.ratings.frame.select(Ratings.ALL[:4]).rows()

    return Shop()


def columns(inputs):
    return {ours: names[0] for ours, names in inputs.review_fields.items() if names}


@pytest.mark.parametrize(
    ("header", "first", "expected"),
    [
        ("userID,movieID,Rating,Timestamp", "1,2,5,1600000000", "ratings"),
        ("User-ID,ISBN,Book-Rating", "1,2,5", "no times"),
        ("CustomerID,StockCode,Quantity,InvoiceDate", "1,2,3,2020-01-01", "quantity"),
        ("customer_id,article_id,price,t_dat", "1,2,3,2020-01-01", "times only"),
        ("Kunde,Artikelnr.,Bewertung,Datum", '1,2,"5,0",31.12.2024', "ratings"),
        ("id_client,produit,note,date_achat", "1,2,5,2020-01-01", "ratings"),
        ("cliente,artículo,puntuación,fecha", "1,2,5,2020-01-01", "ratings"),
        ("rev_user,rev_item,rev_stars,rev_date", "1,2,5,2020-01-01", "ratings"),
        ("order_id,fk_customer,product_sku,created_at", "9,1,2,2020-01-01", "times only"),
        ("visitorid,itemid,event,event_time", "1,2,view,1600000000", "events"),
        ("event_name,user_pseudo_id,sku,event_timestamp", "view,1,2,1600000000", "events"),
    ],
)
def test_columns_are_found_by_their_names(shop, header, first, expected):
    shop.put("orders.csv", f"{header}\n{first}\n")
    found = columns(shop.find())
    optional = {
        "ratings": {Ratings.RATING, Ratings.TIMESTAMP},
        "no times": {Ratings.RATING},
        "quantity": {Ratings.QUANTITY, Ratings.TIMESTAMP},
        "times only": {Ratings.TIMESTAMP},
        "events": {Ratings.EVENT, Ratings.TIMESTAMP},
    }[expected]
    assert set(found) == {Ratings.USER, Ratings.ITEM} | optional
    assert shop.rows()[0][:2] == ("1", "2")


BOOK = (
    "ISBN;Book-Title;Book-Author;Year-Of-Publication;Publisher;Image-URL-S;Image-URL-M;Image-URL-L"
)
PUBLISHED = {
    "Book-Crossing": {
        "BX-Book-Ratings.csv": '"User-ID";"ISBN";"Book-Rating"\n"2";"034545104X";"5"\n',
        "BX-Books.csv": f"{BOOK}\n034545104X;Tea;Ann;2002;Press;http://s;http://m;http://l\n",
        "BX-Users.csv": '"User-ID";"Location";"Age"\n"2";"bonn";"18"\n',
    },
    "Goodbooks": {
        "ratings.csv": "user_id,book_id,rating\n1,258,5\n",
        "books.csv": "book_id,goodreads_book_id,isbn,authors,title\n258,9,7,Ann,Tea\n",
        "to_read.csv": "user_id,book_id\n9,8\n",
        "book_tags.csv": "goodreads_book_id,tag_id,count\n1,2,3\n",
    },
    "H&M": {
        "transactions_train.csv": "t_dat,customer_id,article_id,price,sales_channel_id\n"
        "2018-09-20,ab,663,0.05,2\n",
        "articles.csv": "article_id,product_code,prod_name,product_type_name\n663,6,Tea,Food\n",
        "customers.csv": "customer_id,FN,age\nab,1,20\n",
        "sample_submission.csv": "customer_id,prediction\nab,1\n",
    },
    "Retailrocket": {
        "events.csv": "timestamp,visitorid,event,itemid,transactionid\n1433221332117,2,view,3,\n",
        "item_properties_part1.csv": "timestamp,itemid,property,value\n1433221332117,3,a,1\n",
        "category_tree.csv": "categoryid,parentid\n1,2\n",
    },
    "Yelp": {
        "yelp_academic_dataset_review.json": json.dumps(
            {"user_id": "a", "business_id": "b", "stars": 5.0, "date": "2018-07-07 22:09:11"}
        ),
        "yelp_academic_dataset_business.json": json.dumps(
            {"business_id": "b", "name": "Tea", "categories": "Food", "hours": {"Monday": "1"}}
        ),
        "yelp_academic_dataset_tip.json": json.dumps({"user_id": "a", "business_id": "b"}),
    },
}


@pytest.mark.parametrize("name", PUBLISHED)
def test_published_files_need_no_configuration(shop, name):
    for file, text in PUBLISHED[name].items():
        shop.put(file, text)
    assert len(shop.rows()) == 1
    assert [path.name for path in shop.loaded.inputs.reviews] == list(PUBLISHED[name])[:1]
    titles = shop.loaded.catalogue.frame["title"].to_list()
    assert titles == ([] if name == "Retailrocket" else ["Tea"])


@given(
    word=st.sampled_from([("order", "date"), ("event", "time"), ("created", "at")]),
    mark=st.sampled_from(["_", "-", " ", ".", ""]),
    form=st.sampled_from([str.lower, str.upper, str.title, str.capitalize]),
)
def test_names_are_matched_without_case_and_separators(word, mark, form):
    name = mark.join(form(part) for part in word)
    assert best_named([name], REVIEW_RANKS[Ratings.TIMESTAMP], [name]) == [name]


def test_a_date_decides_which_rating_is_the_latest(shop):
    shop.put("ratings.csv", "user_id,item_id,rating,date\nu,i,3,2021-05-05\nu,i,1,2018-05-05\n")
    assert [row[2] for row in shop.rows()] == [3.0]
    said = shop.find().sayings()
    assert any("date as timestamp" in sentence and BY_NAME in sentence for sentence in said)


def test_times_and_ratings_are_found_by_their_values(shop):
    rows = [f"u{n},i{n},{n % 5 + 1},{1_600_000_000 + n},{n * 7},x" for n in range(10)]
    shop.put("orders.csv", "\n".join(["customer,sku,answer,moment,stock,remark", *rows]))
    found = shop.find()
    assert columns(found)[Ratings.TIMESTAMP] == "moment"
    assert columns(found)[Ratings.RATING] == "answer"
    assert found.review_meaning.how[Ratings.RATING] == BY_VALUES
    assert found.review_meaning.unused == ("stock", "remark")
    assert any("stock, remark" in sentence for sentence in found.sayings())


def test_in_a_wide_table_few_columns_are_examined_by_their_values(shop, monkeypatch):
    extra = [f"extra_{n}" for n in range(500)]
    rows = [
        f"u{n},i,{1_600_000_000 + n}," + ",".join(f"{m * n / 7:.5f}" for m in range(500))
        for n in range(10)
    ]
    shop.put("orders.csv", "\n".join([f"customer,sku,moment,{','.join(extra)}", *rows]))
    tried = []
    monkeypatch.setattr(_looks, "read_times", lambda texts: tried.append(1) or read_times(texts))
    assert columns(shop.find())[Ratings.TIMESTAMP] == "moment"
    assert len(tried) < 5


TIMES = st.one_of(
    st.integers(631_152_000, 4_000_000_000).map(str),
    st.datetimes(datetime(1995, 1, 1), datetime(2030, 1, 1)).map(datetime.isoformat),
    st.dates(date(1995, 1, 1), date(2030, 1, 1)).map(lambda day: f"{day:%d.%m.%Y}"),
    st.sampled_from(["20200131", "1 Jan 2020", " ", "NULL", "x"]),
)
STARS = st.sampled_from(["1", "5", " 2", "4,5", "3.0", "10", "0.5", "NA", "x", "", "7"])


@settings(max_examples=50, deadline=None)
@given(
    values=st.one_of(st.lists(TIMES, min_size=1), st.lists(STARS, min_size=5)),
)
def test_the_quick_look_leaves_out_no_column_that_the_exact_one_takes(tmp_path_factory, values):
    path = tmp_path_factory.mktemp("quick") / "table.jsonl"
    path.write_text("\n".join(json.dumps({"v": value}) for value in values))
    seen = present(pl.Series(values))
    assert _looks.that_look_like_times(path, ["v"]) == ["v"] * _looks.look_like_times(seen)
    assert _looks.that_look_like_ratings(path, ["v"]) == ["v"] * _looks.look_like_ratings(seen)


def test_several_columns_that_look_like_times_are_said_not_chosen(shop):
    shop.put("orders.csv", "customer,sku,begun,done\nu,i,2020-01-01,2020-01-02\n")
    found = shop.find()
    assert not found.has_times
    assert "'begun' or 'done' may be timestamp: set it in etl.columns" in found.sayings()


def test_a_rating_that_holds_no_numbers_is_not_taken(shop):
    shop.put("orders.csv", "customer,sku,note\nu,i,please ring\n")
    assert not shop.find().has_ratings


def test_users_by_a_part_of_their_name(shop):
    shop.put("orders.csv", "shop_customer_ref,sku\nu,i\n")
    assert shop.find().review_meaning.how[Ratings.USER] == BY_PART
    shop.put("orders.csv", "bill_customer_ref,ship_customer_ref,sku\nu,v,i\n")
    with pytest.raises(InputDataError, match="bill_customer_ref or ship_customer_ref"):
        shop.find()
    shop.put("orders.csv", "customer_city,sku\nu,i\n")
    with pytest.raises(InputDataError, match="missing from the first records"):
        shop.find()


@pytest.mark.parametrize(
    ("wish", "said"),
    [
        ({"timestamp": "orderd_at"}, r"'orderd_at', which orders\.csv does not have: did you mean"),
        ({"rating": "STARS"}, r"does not have: .*stars"),
        ({"rating": ["stars", "strs"]}, "'strs'"),
        ({"user": "customer"}, "there is no column 'user'"),
        ({"user_id": "customer.id"}, r"'customer\.id'"),
    ],
)
def test_a_wish_that_cannot_be_met_is_an_error(shop, wish, said):
    shop.put("orders.csv", "customer,sku,stars,ordered_at\nu,i,5,2020-01-01\n")
    with pytest.raises(ParameterError, match=said):
        shop.find(columns=wish)


@settings(deadline=None, max_examples=50)
@given(name=st.text("abcdefghijk_.", min_size=1, max_size=8).filter(lambda n: n.strip(".")))
def test_any_name_that_is_not_there_is_an_error(name, tmp_path_factory):
    folder = tmp_path_factory.mktemp("shop")
    (folder / "orders.csv").write_text("customer,sku,text\nu,i,5\n")
    (folder / "products.csv").write_text("sku,title\ni,Tea\n")
    dataset = Dataset.find(folder, folder.parent)
    for section in ("columns", "product_columns"):
        ours = "rating" if section == "columns" else "price"
        with pytest.raises(ParameterError, match=f"etl.{section}"):
            find_input_files(dataset, EtlParameters(**{section: {ours: name}}))


def test_a_product_column_that_is_not_there_is_an_error(shop):
    shop.put("reviews.csv", "user_id,item_id\nu,i\n")
    shop.put("products.csv", "item_id,titel\ni,Tee\n")
    with pytest.raises(ParameterError, match=r"product_columns: title is 'title', which"):
        shop.find(product_columns={"title": "title"})
    assert shop.find().product_fields[Products.TITLE] == ("titel",)
    with pytest.raises(ParameterError, match="'name'"):
        shop.find(product_columns={"title": ["name", "titel"]})


def test_alternatives_from_several_files(shop):
    shop.put("orders-1.csv", "customer,sku\nu,i\n")
    shop.put("orders-2.csv", "kunde,sku\nv,i\n")
    assert [row[0] for row in shop.rows()] == ["u", "v"]
    wished = shop.rows(columns={"user_id": ["kunde", "customer"]})
    assert [row[0] for row in wished] == ["u", "v"]


ORDERS = [
    {
        "id": 1,
        "customer": {"id": 7, "name": "Ann"},
        "ordered_at": "2024-12-31",
        "lines": [{"product": {"sku": "tea"}, "qty": 2}, {"product": {"sku": "mug"}, "qty": 1}],
    },
    {
        "id": 2,
        "customer": {"id": 8, "name": "Bob"},
        "ordered_at": "2024-12-30",
        "lines": [{"product": {"sku": "tea"}, "qty": 1}],
    },
    {"id": 3, "customer": {"id": 8, "name": "Bob"}, "ordered_at": "2024-12-30", "lines": []},
]


def test_each_line_item_of_an_order_is_an_interaction(shop):
    shop.put("orders.jsonl", "\n".join(map(json.dumps, ORDERS)))
    assert columns(shop.find()) == {
        "user_id": "customer.id",
        "parent_asin": "lines.product.sku",
        "timestamp": "ordered_at",
        "quantity": "lines.qty",
    }
    rows = shop.rows(max_bad_share=0.5)
    assert sorted(row[:2] for row in rows) == [("7", "mug"), ("7", "tea"), ("8", "tea")]
    assert shop.loaded.funnel() == [
        {"what": "lines read", "rows": 3},
        {"what": "further items in the lists of lines", "rows": 1},
        {"what": "the list of its items is empty", "rows": -1},
        {"what": "ratings kept", "rows": 3},
    ]


def test_a_name_may_lead_into_an_object(shop):
    shop.put("reviews.csv", "user_id,item_id\nu,i\n")
    shop.put("products.jsonl", json.dumps({"id": "i", "name": {"en": "Tea", "de": "Tee"}}))
    dataset = Dataset.find(shop.folder, shop.folder.parent)
    assert shop.find().product_meaning.open["title"] == ("name.en", "name.de")
    parameters = EtlParameters(product_columns={"title": "name.en"})
    catalogue = load_dataset(dataset, parameters).catalogue
    assert catalogue.frame["title"].to_list() == ["Tea"]
    with pytest.raises(ParameterError, match=r"'name\.fr'.*name\.en"):
        shop.find(product_columns={"title": "name.fr"})


def test_every_known_name_is_found_as_itself():
    for ranks in (REVIEW_RANKS, PRODUCT_RANKS):
        for ours, names in ranks.items():
            for name in names:
                assert best_named([name], names, [name]) == [name], ours
