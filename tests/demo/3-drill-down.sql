-- en: Drill-down: from the year 2025 to its months
-- zh: 下钻：从 2025 年到各月
select cast(strftime('%m', invoice_date) as integer), sum(revenue_e4) as revenue__e4, sum(quantity_e4) as quantity__e4
from sales where strftime('%Y', invoice_date) = '2025'
group by 1
