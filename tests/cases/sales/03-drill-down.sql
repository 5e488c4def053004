-- en: Drill-down: from the product group Machines to its categories, year by year
-- zh: 下钻：从机器组到其各类别，逐年
select category, cast(strftime('%Y', invoice_date) as integer), sum(revenue_e4) as revenue__e4, count(distinct customer_id)
from sales where product_group = 'Machines'
group by 1, 2
