"""The table that everybody reads: order lines of 16 columns, filled by each server itself.

Numbers come from a hash of the row's number, so that every server and every run has the same kind of rows.
"""

import sqlite3
from pathlib import Path

import servers

COLUMNS = [
    ("id", "bigint"),
    ("order_id", "integer"),
    ("line_no", "integer"),
    ("customer_id", "integer"),
    ("product_id", "integer"),
    ("supplier_id", "integer"),
    ("quantity", "integer"),
    ("ordered_on", "date"),
    ("shipped_on", "date"),
    ("price", "decimal(12,2)"),
    ("discount", "decimal(12,2)"),
    ("tax", "decimal(12,2)"),
    ("changed_at", "timestamp"),
    ("status", "text"),
    ("ship_mode", "text"),
    ("note", "text"),
]

STATUS = ["open", "paid", "packed", "shipped", "delivered", "returned", "cancelled"]
MODES = ["AIR", "MAIL", "RAIL", "SHIP", "TRUCK", "COURIER", "PICK UP"]


def postgres_name(rows: int) -> str:
    return f"lines_{rows}"


def fill_postgres(server: "servers.Postgres", rows: int) -> None:
    """Makes a table of so many rows, about 140 bytes each."""
    name = postgres_name(rows)
    pick = lambda words, salt: f"(array{words!r})[1 + abs(hashint8(i * 31 + {salt})) % {len(words)}]"
    spread = lambda salt, size: f"abs(hashint8(i * 31 + {salt})::bigint) % {size}"
    server.sql(f"""
        create unlogged table {name} (
            id bigint not null, order_id int not null, line_no int not null, customer_id int not null,
            product_id int not null, supplier_id int not null, quantity int not null,
            ordered_on date not null, shipped_on date, price numeric(12,2) not null, discount numeric(12,2) not null,
            tax numeric(12,2) not null, changed_at timestamptz not null, status text not null, ship_mode text not null,
            note text);
        insert into {name} select
            i, i / 4, 1 + i % 4, {spread(1, 300000)}, {spread(2, 20000)}, {spread(3, 1000)}, 1 + {spread(4, 50)},
            date '2018-01-01' + (i * 2500 / {rows})::int, date '2018-01-03' + (i * 2500 / {rows})::int + ({spread(5, 90)})::int,
            ({spread(6, 10000000)})::numeric / 100, ({spread(7, 10000)})::numeric / 100, ({spread(8, 100000)})::numeric / 100,
            timestamptz '2018-01-01 00:00+00' + ({spread(9, 220000000)}) * interval '1 s' + ({spread(10, 1000000)}) * interval '1 us',
            {pick(STATUS, 11)}, {pick(MODES, 12)},
            case when {spread(13, 10)} >= 6 then 'Größe ' || md5(i::text) || ' 备注' end
        from generate_series(1, {rows}::bigint) i;
        vacuum (analyze, freeze) {name}""")


def fill_mariadb(server: "servers.MariaDb", rows: int) -> None:
    """The same columns; decimals, dates and a datetime of microseconds."""
    word = lambda words, salt: "elt(1 + crc32(concat(seq, '-', %d)) %% %d, %s)" % (
        salt, len(words), ", ".join(f"'{word}'" for word in words))
    spread = lambda salt, size: f"crc32(concat(seq, '-', {salt})) % {size}"
    server.sql(f"""
        create table line_items (
            id bigint not null primary key, order_id int not null, line_no int not null, customer_id int not null,
            product_id int not null, supplier_id int not null, quantity int not null, ordered_on date not null,
            shipped_on date, price decimal(12,2) not null, discount decimal(12,2) not null, tax decimal(12,2) not null,
            changed_at datetime(6) not null, status varchar(20) not null, ship_mode varchar(20) not null, note text);
        insert into line_items select
            seq, seq div 4, 1 + seq % 4, {spread(1, 300000)}, {spread(2, 20000)}, {spread(3, 1000)}, 1 + {spread(4, 50)},
            date_add('2018-01-01', interval seq * 2500 div {rows} day), date_add('2018-01-03', interval {spread(5, 2590)} day),
            {spread(6, 10000000)} / 100, {spread(7, 10000)} / 100, {spread(8, 100000)} / 100,
            date_add(date_add('2018-01-01', interval {spread(9, 220000000)} second), interval {spread(10, 1000000)} microsecond),
            {word(STATUS, 11)}, {word(MODES, 12)}, if({spread(13, 10)} >= 6, concat('Größe ', md5(seq), ' 备注'), null)
        from seq_1_to_{rows};
        analyze table line_items""")


def fill_sqlite(path: Path, rows: int) -> Path:
    """The same columns as SQLite stores them: integers, reals for money, texts for dates."""
    word = lambda words, salt: "case abs((i * 2654435761 + %d) %% 1000003) %% %d %s end" % (
        salt, len(words), " ".join(f"when {at} then '{word}'" for at, word in enumerate(words)))
    spread = lambda salt, size: f"abs((i * 2654435761 + {salt} * 40503) % 4294967291) % {size}"
    connection = sqlite3.connect(path)
    connection.executescript(f"""
        pragma journal_mode = wal;
        create table line_items (
            id integer primary key, order_id integer, line_no integer, customer_id integer, product_id integer,
            supplier_id integer, quantity integer, ordered_on text, shipped_on text, price real, discount real, tax real,
            changed_at text, status text, ship_mode text, note text);
        with recursive n(i) as (select 1 union all select i + 1 from n where i < {rows})
        insert into line_items select
            i, i / 4, 1 + i % 4, {spread(1, 300000)}, {spread(2, 20000)}, {spread(3, 1000)}, 1 + {spread(4, 50)},
            date('2018-01-01', (i * 2500 / {rows}) || ' days'), date('2018-01-03', ({spread(5, 2590)}) || ' days'),
            ({spread(6, 10000000)}) / 100.0, ({spread(7, 10000)}) / 100.0, ({spread(8, 100000)}) / 100.0,
            datetime(1514764800 + {spread(9, 220000000)}, 'unixepoch') || printf('.%06d', {spread(10, 1000000)}),
            {word(STATUS, 11)}, {word(MODES, 12)},
            case when {spread(13, 10)} >= 6 then 'Größe ' || hex(i * 2654435761) || ' 备注' end
        from n;
        pragma wal_checkpoint(truncate)""")
    connection.close()
    return path
