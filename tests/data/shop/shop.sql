-- The operational database of the shop: four customers, three products, ten orders, some dirt.
create table customers (
    id text primary key, name text, city text, segment text, rating text,
    date_entered text, date_modified text, deleted integer default 0
);
create table customers_audit (
    id text primary key, parent_id text, date_created text, field_name text,
    before_value_string text, after_value_string text
);
create table products (id text primary key, name text, category text);
create table orders (
    id text primary key, customer_id text, product_id text, ordered_at text, status text,
    quantity integer, price, currency text, date_modified text, deleted integer default 0
);
create table rates (currency text primary key, rate real);

insert into customers values
    ('c1', 'Ada', 'London', 'small', 'warm', '2024-01-05 08:00:00', '2025-03-01 12:00:00', 0),
    ('c2', '王伟', '上海', 'large', 'hot', '2024-02-01 08:00:00', '2024-02-01 08:00:00', 0),
    ('c3', 'Chloé', 'Paris', 'small', null, '2024-03-01 08:00:00', '2024-03-01 08:00:00', 0),
    ('c4', 'Dan', 'London', 'large', 'cold', '2024-04-01 08:00:00', '2024-04-01 08:00:00', 0);
insert into customers_audit values
    ('a1', 'c1', '2025-03-01 12:00:00', 'rating', 'cold', 'warm');
insert into products values ('p1', 'Tea', 'Drinks'), ('p2', 'Coffee', 'Drinks'), ('p3', 'Bread', 'Food');
insert into rates values ('EUR', 1.5), ('USD', 1);
insert into orders values
    ('o01', 'c1', 'p1', '2025-01-10 09:00:00', 'paid', 2, 10, 'USD', '2025-01-10 09:00:00', 0),
    ('o02', 'c1', 'p2', '2025-04-02 09:00:00', 'paid', 1, 7.5, 'USD', '2025-04-02 09:00:00', 0),
    ('o03', 'c2', 'p2', '2025-02-11 09:00:00', 'paid', 3, 20, 'USD', '2025-02-11 09:00:00', 0),
    ('o04', 'c2', 'p3', '2025-02-12 09:00:00', 'open', 1, 4, 'EUR', '2025-02-12 09:00:00', 0),
    ('o05', 'c3', 'p3', '2025-03-13 09:00:00', 'paid', 5, 12, 'EUR', '2025-03-13 09:00:00', 0),
    ('o06', 'c4', 'p1', '2025-03-14 09:00:00', 'open', 1, 5, 'USD', '2025-03-14 09:00:00', 0),
    -- a customer that never existed
    ('o07', 'c9', 'p1', '2025-05-15 09:00:00', 'paid', 1, 6, 'USD', '2025-05-15 09:00:00', 0),
    -- a price that is no number: rejected while it is read
    ('o08', 'c3', 'p2', '2025-05-16 09:00:00', 'paid', 1, 'n/a', 'USD', '2025-05-16 09:00:00', 0),
    -- a draft: excluded by a named rule
    ('o09', 'c4', 'p2', '2025-05-17 09:00:00', 'draft', 1, 9, 'USD', '2025-05-17 09:00:00', 0),
    -- a currency without a rate: rejected by a named rule
    ('o10', 'c4', 'p3', '2025-05-18 09:00:00', 'paid', 1, 3, 'XXX', '2025-05-18 09:00:00', 0);
