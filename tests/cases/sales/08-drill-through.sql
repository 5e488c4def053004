-- en: Drill-through: the lines behind what was billed to Canada in November 2025, services left out
-- zh: 钻透：2025 年 11 月账单地点在加拿大的明细，不含服务
select invoice_number, invoice_date, customer_name, product_name, currency,
       quantity_e4 as quantity__e4, amount_e4 as amount__e4, revenue_e4 as revenue__e4
from sales where country = 'Canada' and invoice_date between '2025-11-01' and '2025-11-30'
  and coalesce(no_product, product_group, '') <> 'Services'
