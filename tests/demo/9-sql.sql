-- en: SQL: revenue of 2026 by month, from the star tables
-- zh: SQL：直接查询星型表，2026 年各月销售额
select cast(strftime('%Y', invoice_date) as integer), cast(strftime('%m', invoice_date) as integer), count(*),
       sum(revenue_e4) as revenue__e4
from sales where strftime('%Y', invoice_date) = '2026'
group by 1, 2
