-- en: As it was: revenue by the industry and rating that customers had when they were invoiced
-- zh: 按当时：按开票时客户的行业与评级
with facts as (
  select coalesce(no_customer, industry_then, '@not_given') as industry, coalesce(no_customer, rating_then, '@not_given') as rating,
         revenue_e4, customer_id from sales)
select industry, rating, sum(revenue_e4) as revenue__e4, count(distinct customer_id), count(*) from facts group by 1, 2
union all select industry, '*', sum(revenue_e4), count(distinct customer_id), count(*) from facts group by 1
union all select '*', '*', sum(revenue_e4), count(distinct customer_id), count(*) from facts
