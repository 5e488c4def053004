-- en: Pivot: revenue by the rating that customers had at the time, by year, with totals
-- zh: 透视：按客户当时评级与年份的销售额，含合计
with facts as (
  select coalesce(no_customer, rating_then, '@not_given') as rating, strftime('%Y', invoice_date) as year, revenue_e4 from sales)
select rating, year, sum(revenue_e4) as revenue__e4 from facts group by 1, 2
union all select rating, '*', sum(revenue_e4) from facts group by 1
union all select '*', year, sum(revenue_e4) from facts group by 2
union all select '*', '*', sum(revenue_e4) from facts
