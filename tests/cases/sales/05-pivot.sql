-- en: Pivot: countries by quarters, with subtotals of sums, distinct customers, a ratio and a median
-- zh: 透视：国家与季度，小计含合计、去重客户数、比率与中位数
with dates as (
  select coalesce(country, '@not_given') as country, strftime('%Y', invoice_date) as year,
         cast((strftime('%m', invoice_date) + 2) / 3 as integer) as quarter,
         revenue_e4, cost_e4, customer_id from sales),
facts as (
  select country, year, quarter, revenue_e4, cost_e4, customer_id from dates
  union all select country, year, '*', revenue_e4, cost_e4, customer_id from dates
  union all select country, '*', '*', revenue_e4, cost_e4, customer_id from dates),
cells as (
  select country, year, quarter, revenue_e4, cost_e4, customer_id from facts
  union all select '*', year, quarter, revenue_e4, cost_e4, customer_id from facts),
places as (
  select country, year, quarter, revenue_e4,
         row_number() over (partition by country, year, quarter order by revenue_e4) as place,
         count(*) over (partition by country, year, quarter) as n
  from cells),
medians as (
  select country, year, quarter, sum(revenue_e4) || '/' || (count(*) * 10000) as median
  from places where place in ((n + 1) / 2, (n + 2) / 2) group by 1, 2, 3)
select country, year, quarter, sum(revenue_e4) as revenue__e4, count(distinct customer_id),
       (sum(revenue_e4) - sum(cost_e4)) || '/' || sum(revenue_e4) as margin_rate__fraction,
       median as median_line__fraction
from cells join medians using (country, year, quarter)
group by 1, 2, 3
