-- en: As of a day: revenue of all time by the rating that customers had at the end of 30 September 2025
-- zh: 按指定日期：按客户在 2025 年 9 月 30 日日终的评级
with facts as (
  select coalesce(no_customer, nullif(coalesce((select coalesce(x.before_value_string, '') from known_accounts_audit x
                     where x.parent_id = customer_id and x.field_name = 'rating' and x.date_created >= '2025-09-30 16:00:00'
                     order by x.date_created limit 1), rating_now), '')) as rating,
         cast(strftime('%Y', invoice_date) as integer) as year, revenue_e4, customer_id from sales)
select rating, year, sum(revenue_e4) as revenue__e4, count(distinct customer_id) from facts group by 1, 2
