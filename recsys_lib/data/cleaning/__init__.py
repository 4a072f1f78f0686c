"""The rules that decide what becomes of each record.

``ratings`` and ``products`` give records their types and reject bad ones, ``times`` reads times,
``duplicates`` keeps the last rating of a pair, ``ordering`` puts rows in an order that the lines do
not decide. An edit of any module here or in ``formats`` makes append mode read everything
again.
"""
