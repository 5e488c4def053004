-- en: Slice: revenue of 2025 by product group
-- zh: 切片：2025 年各产品组销售额
select coalesce(no_product, product_group), sum(revenue_e4) as revenue__e4, count(*)
from sales where invoice_date between '2025-01-01' and '2025-12-31'
group by 1
