"""From the files of a shop to the tables that all later steps read.

Import the module that has what you need; this package imports nothing by itself:

``etl``           read and clean a dataset, then store it: ``load_dataset``, ``store_dataset``
``loaded``        what ``load_dataset`` returns: ratings, catalogue, funnel and counts
``input_files``   which files belong to a dataset, and what their fields are called
``inputs``        what is known of these files: ``InputFiles``, ``Meaning``
``file_sets``     files that belong together, and copies that are left out
``meaning``       what columns mean: as set, by name, or by values
``vocabulary``    the names by which columns are found
``queries``       SQL as a source: the results of queries as files
``layouts``       the known layouts of published files
``doctor``        look at unknown files before they are loaded: ``inspect``
``download``      fetch a published dataset
``objects``       datasets in object storage: ``fetch_dataset``, ``Store``
``additions``     what updates added to the files: ``Additions``
``added_files``   files of new events and products: ``read_events_file``
``forgotten``     who is forgotten: ``Forgotten``
``stored``        the stored data, which an update goes on from: ``StoredData``
``updating``      the stored data in step with updates: ``apply_updates``, ``remove_users``
``checks``        what stops a load, and what to watch for in its result
``plots``         tables and plots of 01_etl
``interactions``  the stored interactions: ``Interactions``
``signals``       ties in time and types of events: ``ties_of``, ``event_counts``
``units``         units of times
``database``      the SQLite database: ``read_products``, ``database_counts``
``counts``        how many users, items and products there are: ``Counts``
``summary``       the stored summary: ``read_summary``
``display``       title and image of each product: ``display_table``
``formats``       readers of JSON lines, CSV and its relatives, and Parquet
``cleaning``      the rules that turn records into ratings and products
``sample``        the built-in sample

Reason: a step's cache key covers every module that it imports, packages included. Re-exporting
``load_dataset`` here would run training and search again after each edit of a cleaning rule, and
importing ``Interactions`` (pandas, scipy) would slow down every start of ``recsys``.
"""

__all__ = [
    "added_files",
    "additions",
    "checks",
    "cleaning",
    "counts",
    "database",
    "display",
    "doctor",
    "download",
    "etl",
    "file_sets",
    "forgotten",
    "formats",
    "input_files",
    "inputs",
    "interactions",
    "layouts",
    "loaded",
    "meaning",
    "objects",
    "plots",
    "queries",
    "sample",
    "signals",
    "stored",
    "summary",
    "units",
    "updating",
    "vocabulary",
]
