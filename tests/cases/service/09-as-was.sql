-- en: As it was: cases by the industry and rating that customers had when they complained
-- zh: 按当时：按受理个案时客户的行业与评级
with facts as (
  select coalesce(no_customer, industry_then, '@not_given') as industry, coalesce(no_customer, rating_then, '@not_given') as rating,
         cast(strftime('%Y', opened_date) as integer) as year, customer_id, reopened from service_case)
select industry, rating, year, count(*), count(distinct customer_id), sum(reopened) from facts group by 1, 2, 3
union all select industry, '*', year, count(*), count(distinct customer_id), sum(reopened) from facts group by 1, 3
union all select '*', '*', year, count(*), count(distinct customer_id), sum(reopened) from facts group by 3
