-- en: A year before: revenue of each quarter beside that of the same quarter of the year before, and cases, also where only one of them is
-- zh: 同比：各季度销售额与上年同季度销售额及个案数
with quarters as (
  select cast(strftime('%Y', invoice_date) as integer) as year, (strftime('%m', invoice_date) + 2) / 3 as quarter, revenue_e4, null as complaint from sales
  union all select cast(strftime('%Y', opened_date) as integer), (strftime('%m', opened_date) + 2) / 3, null, 1 from service_case),
cells as (
  select year, quarter, sum(revenue_e4) as revenue, sum(complaint) as complaints from quarters group by 1, 2)
select c.year, cast(c.quarter as integer), c.revenue as revenue__e4, b.revenue as revenue_a_year_before__e4, c.complaints
from cells c left join cells b on b.year = c.year - 1 and b.quarter = c.quarter
