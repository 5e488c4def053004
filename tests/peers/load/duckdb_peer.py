"""Type 2 changes by SQL: the file is written anew with ended and new versions."""

import sys
import time

import duckdb

dimension, changes, target = sys.argv[1:]
began = time.monotonic()
duckdb.execute("set threads = 2; set timezone = 'UTC'; set preserve_insertion_order = true")
duckdb.execute(f"""
    create temp table changed as
    select c.*, d.customer_key, d.customer_durable_key
    from '{changes}/customers.parquet' c
    join '{dimension}' d on d.customer_id = c.customer_id and d.is_current
    where (c.account_type, c.industry, c.rating, c.account_manager, c.country, c.credit_limit)
        is distinct from (d.account_type, d.industry, d.rating, d.account_manager, d.country, d.credit_limit)
""")
duckdb.execute(f"""
    copy (
        select d.* replace (
                   coalesce(c.changed_at at time zone 'UTC', d.valid_to) as valid_to,
                   c.customer_id is null and d.is_current as is_current,
                   case when c.customer_id is null then d.audit_key else 2 end as audit_key
               )
        from '{dimension}' d
        left join changed c on c.customer_key = d.customer_key
        union all
        select (m.largest + row_number() over ())::integer, customer_durable_key, customer_id, name, account_type, industry, rating,
               account_manager, country, city, employees, credit_limit, changed_at at time zone 'UTC',
               timestamptz '9999-12-31 00:00:00+00', true, 2
        from changed, (select max(customer_key) as largest from '{dimension}') m
    ) to '{target}' (format parquet, compression zstd)
""")
print("seconds", time.monotonic() - began)
