"""Asks a Flight SQL server as a Python user would; prints what it found as one JSON document."""

import json
import sys

from adbc_driver_flightsql import dbapi

SELECT = """
    select c.name, p.category, f.quantity, f.revenue, d.date
    from fact_sale f
    join dim_customer c on c.customer_key = f.customer_key
    join dim_product p on p.product_key = f.product_key
    join dim_date d on d.date_key = f.order_date_key
    where not f.deleted_at_source and c.name is not null
    order by f.source_row_id
"""


def tables(objects):
    """The names of tables by schema."""
    found = {}
    for catalog in objects:
        for schema in catalog["catalog_db_schemas"]:
            names = sorted(table["table_name"] for table in schema["db_schema_tables"])
            found.setdefault(schema["db_schema_name"], []).extend(names)
    return found


def refusal(cursor, statement):
    """The class and the text of the error that a statement ends with."""
    try:
        cursor.execute(statement)
        cursor.fetchall()
    except dbapi.Error as error:
        return [type(error).__name__, str(error)]
    return None


def main(uri):
    found = {}
    with dbapi.connect(uri, autocommit=True) as connection, connection.cursor() as cursor:
        cursor.execute(SELECT)
        table = cursor.fetch_arrow_table()
        found["types"] = [str(field.type) for field in table.schema]
        found["rows"] = [[str(cell) for cell in row.values()] for row in table.to_pylist()]
        cursor.execute("select 1 where false")
        found["nothing"] = cursor.fetchall()
        objects = connection.adbc_get_objects(depth="tables").read_all().to_pylist()
        found["tables"] = tables(objects)
        found["columns"] = connection.adbc_get_table_schema("dim_product").names
        found["write"] = refusal(cursor, "delete from fact_sale")
        found["unknown"] = refusal(cursor, "select * from fact_sal")
        cursor.execute("select count(*) from fact_sale")
        found["after"] = cursor.fetchone()[0]
    print(json.dumps(found, ensure_ascii=False))


main(sys.argv[1])
